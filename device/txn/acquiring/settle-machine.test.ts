/* The settlement as a table: what follows from each event in each state, and where a count decides. */
import { describe, expect, test } from "vitest";
import { decideSettlement, FIRST_SETTLEMENT_STEP, resumedSettlement, SETTLEMENT_RULES, SETTLEMENT_TRIES } from "./settle-machine.ts";
import type { SettlementEvent, SettlementState, SettlementStep } from "./settle-types.ts";

const STATES: { readonly [At in SettlementState["at"]]: Extract<SettlementState, { readonly at: At }> } = {
  beginning: { at: "beginning" },
  comparing: { at: "comparing", errors: 0, silences: 0 },
  "noting-comparison": { at: "noting-comparison", result: "equal", errors: 0, silences: 0 },
  uploading: { at: "uploading", answered: 1, plan: 3, silences: 0 },
  "noting-upload": { at: "noting-upload", answered: 2, plan: 3 },
  "opening-next-batch": { at: "opening-next-batch" },
  closing: { at: "closing" },
  rested: { at: "rested", outcome: "settled" },
};

const EVENTS: { readonly [Is in SettlementEvent["is"]]: Extract<SettlementEvent, { readonly is: Is }> } = {
  "entry-durable": { is: "entry-durable" },
  planned: { is: "planned", plan: 3 },
  compared: { is: "compared", result: "equal" },
  uploaded: { is: "uploaded" },
  silent: { is: "silent", reason: "timeout" },
  "batch-opened": { is: "batch-opened" },
  "journal-failed": { is: "journal-failed", code: "store-broken" },
};

function told({ state, commands }: SettlementStep): string {
  const outcome = state.at === "rested" ? `:${state.outcome}${state.outcome === "half-done" ? `(${state.reason})` : ""}` : "";
  const progress = "answered" in state ? `:${state.answered}/${state.plan}` : "";
  return `${state.at}${outcome}${progress}${commands.map((command) => ` +${command.do}`).join("")}`;
}

/** "X": by our own reasoning it cannot happen. */
function cell(state: SettlementState, event: SettlementEvent): string {
  if (SETTLEMENT_RULES[state.at][event.is] === "impossible") {
    expect(() => decideSettlement(SETTLEMENT_RULES, state, event)).toThrow(`${event.is} cannot happen while ${state.at}`);
    return "X";
  }
  return told(decideSettlement(SETTLEMENT_RULES, state, event));
}

const FAILED = "rested:half-done(store-broken)";

/** Columns as in EVENTS. */
const TABLE: { readonly [At in SettlementState["at"]]: readonly string[] } = {
  beginning: ["comparing +compare", "X", "X", "X", "X", "X", FAILED],
  comparing: ["X", "X", "noting-comparison +note-comparison", "X", "comparing +compare", "X", FAILED],
  "noting-comparison": ["rested:half-done(acquirer-error)", "uploading:0/3 +upload", "X", "X", "X", "X", FAILED],
  uploading: ["X", "X", "X", "noting-upload:2/3 +note-upload", "uploading:1/3 +upload", "X", FAILED],
  "noting-upload": ["uploading:2/3 +upload", "X", "X", "X", "X", "X", FAILED],
  "opening-next-batch": ["X", "X", "X", "X", "X", "closing +close", FAILED],
  closing: ["rested:settled", "X", "X", "X", "X", "X", FAILED],
  rested: Array.from({ length: 7 }, () => "rested:settled"),
};

describe("each event in each state", () => {
  test.each(Object.entries(TABLE))("%s", (at, row) => {
    const state = Object.values(STATES).find((each) => each.at === at);
    expect(state === undefined ? [] : Object.values(EVENTS).map((event) => cell(state, event))).toEqual(row);
  });
});

describe("where a count decides", () => {
  const decide = (state: SettlementState, event: SettlementEvent) => decideSettlement(SETTLEMENT_RULES, state, event);

  test("begins with its entry, and nothing is counted yet", () => {
    expect(told(FIRST_SETTLEMENT_STEP)).toBe("beginning +note-beginning");
    expect(decide(STATES.beginning, EVENTS["entry-durable"]).state).toEqual({ at: "comparing", errors: 0, silences: 0 });
    expect(resumedSettlement({ step: "begun", errors: 2 }).state).toEqual({ at: "comparing", errors: 2, silences: 0 });
  });

  test("an answered message is noted by its number", () => {
    expect(decide(STATES.uploading, EVENTS.uploaded).commands).toEqual([{ do: "note-upload", answered: 2 }]);
  });

  test.each([
    [{ step: "begun", errors: 2 }, "comparing +compare"],
    [{ step: "compared", answered: 1, plan: 3 }, "uploading:1/3 +upload"],
    [{ step: "compared", answered: 3, plan: 3 }, "opening-next-batch +open-next-batch"],
  ] as const)("resumed from %j", (progress, expected) => {
    expect(told(resumedSettlement(progress))).toBe(expected);
  });

  test("silence is tried again a few times and then rests", () => {
    const last = SETTLEMENT_TRIES - 1;
    expect(told(decide({ at: "comparing", errors: 0, silences: last }, EVENTS.silent))).toBe("rested:half-done(timeout)");
    expect(told(decide({ at: "uploading", answered: 0, plan: 1, silences: last }, EVENTS.silent))).toBe("rested:half-done(timeout)");
    expect(decide({ at: "comparing", errors: 1, silences: 0 }, EVENTS.silent).state).toEqual({ at: "comparing", errors: 1, silences: 1 });
    expect(decide({ at: "uploading", answered: 0, plan: 1, silences: 0 }, EVENTS.silent).state).toEqual({ at: "uploading", answered: 0, plan: 1, silences: 1 });
  });

  test("the last answer opens the next batch", () => {
    expect(told(decide({ at: "noting-upload", answered: 3, plan: 3 }, EVENTS["entry-durable"]))).toBe("opening-next-batch +open-next-batch");
  });

  test.each([
    [0, "error", { result: "error", errors: 1 }],
    [1, "error", { result: "error", errors: 2 }],
    [2, "error", { result: "unequal", errors: 3 }],
    [2, "equal", { result: "equal", errors: 2 }],
    [0, "unequal", { result: "unequal", errors: 0 }],
  ] as const)("after %d errors the answer %s", (errors, result, noted) => {
    const step = decide({ at: "comparing", errors, silences: 1 }, { is: "compared", result });
    expect(step).toEqual({ state: { at: "noting-comparison", silences: 1, ...noted }, commands: [{ do: "note-comparison", ...noted }] });
  });
});
