import { describe, expect, it } from "vitest";
import { isExposed, isFinal, mayFollow, type StateBefore } from "./transitions.ts";
import type { RecordState } from "./types.ts";

const STATES: readonly RecordState[] = ["prepared", "acting", "done", "refused", "unknown", "resolving", "void"];

/** The whole table, one row for each state before, one column for each state after, in the order of STATES. */
const SALE_TABLE: Readonly<Record<StateBefore, string>> = {
  //          p a d r u s v
  new: "x..x...",
  prepared: ".xxxxxx",
  acting: ".xxxxxx",
  unknown: "..xxxxx",
  resolving: "..xxxxx",
  done: ".......",
  refused: ".......",
  void: ".......",
};

describe("transitions of a sale", () => {
  for (const [before, row] of Object.entries(SALE_TABLE)) {
    it.each(STATES.map((after, at) => ({ after, allowed: row[at] === "x" })))(`${before} -> $after: $allowed`, ({ after, allowed }) => {
      expect(mayFollow("quick-payment", before as StateBefore, after)).toBe(allowed);
      expect(mayFollow("medical-purchase", before as StateBefore, after)).toBe(allowed);
    });
  }
});

describe("transitions of an operation", () => {
  it.each(STATES.map((after) => ({ after, allowed: ["prepared", "done", "refused", "void", "unknown"].includes(after) })))(
    "new -> $after: $allowed",
    ({ after, allowed }) => {
      expect(mayFollow("operation", "new", after)).toBe(allowed);
    },
  );

  it("ends like a sale", () => {
    expect(mayFollow("operation", "done", "unknown")).toBe(false);
  });
});

describe("kinds of states", () => {
  it.each([
    ["prepared", false, true],
    ["acting", false, true],
    ["done", true, true],
    ["refused", true, false],
    ["unknown", false, true],
    ["resolving", false, true],
    ["void", true, false],
  ] as const)("%s: final %s, exposed %s", (state, final, exposed) => {
    expect([isFinal(state), isExposed(state)]).toEqual([final, exposed]);
  });
});
