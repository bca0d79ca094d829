import { describe, expect, test } from "vitest";
import type { Journal } from "../journal/types.ts";
import { openMessageIds } from "./message-id.ts";

const INSTITUTION = "P00000000001";
const NOON_MS = Date.UTC(2026, 0, 5, 4);

/** Marks that survive, as the journal keeps them. */
function marks(): Pick<Journal, "mark"> & { keep(mark: { readonly name: string; readonly value: string }): void } {
  const kept = new Map<string, string>();
  return {
    mark: (name) => Promise.resolve(kept.get(name)),
    keep: ({ name, value }) => {
      kept.set(name, value);
    },
  };
}

describe("msgid", () => {
  test("is institution, time and serial", async () => {
    const ids = await openMessageIds(marks(), { institution: INSTITUTION, serialLane: "7" });
    expect(ids.next(NOON_MS)).toEqual({
      text: "P00000000001202601051200007000",
      sentAt: "2026-01-05 12:00:00",
      mark: { name: "fsi-message-id", value: `${NOON_MS / 1000}:0` },
    });
    expect(ids.next(NOON_MS).text).toBe("P00000000001202601051200007001");
  });

  test("two terminals in one second share none", async () => {
    const [left, right] = await Promise.all(["3", "41"].map((serialLane) => openMessageIds(marks(), { institution: INSTITUTION, serialLane })));
    const texts = Array.from({ length: 50 }, () => [left?.next(NOON_MS).text, right?.next(NOON_MS).text]).flat();
    expect(new Set(texts).size).toBe(100);
  });

  test("the serial wraps inside one second and the time moves on", async () => {
    const ids = await openMessageIds(marks(), { institution: INSTITUTION, serialLane: "123" });
    const texts = Array.from({ length: 35 }, () => ids.next(NOON_MS).text);
    expect(new Set(texts).size).toBe(35);
    expect(texts).toEqual([...texts].sort());
    expect(texts.at(-1)).toBe("P00000000001202601051200031234");
  });

  test("a clock set back repeats nothing and nothing runs back", async () => {
    const ids = await openMessageIds(marks(), { institution: INSTITUTION, serialLane: "12" });
    const texts = Array.from({ length: 500 }, (_, at) => ids.next(NOON_MS + ((at * 7919) % 11) * 1000 - (at > 250 ? 86_400_000 : 0)).text);
    expect(new Set(texts).size).toBe(500);
    const times = texts.map((text) => text.slice(12, 26));
    expect(times).toEqual([...times].sort());
  });

  test("a restart goes on after what was durable, also with the clock set back and other leading digits", async () => {
    const journal = marks();
    const texts: string[] = [];
    for (const serialLane of ["1", "1", "12", "1"]) {
      const ids = await openMessageIds(journal, { institution: INSTITUTION, serialLane });
      for (let index = 0; index < 300; index += 1) {
        const id = ids.next(NOON_MS - texts.length * 10);
        journal.keep(id.mark);
        texts.push(id.text);
      }
    }
    expect(new Set(texts).size).toBe(1200);
  });

  test.each([[{ institution: "short", serialLane: "1" }], [{ institution: INSTITUTION, serialLane: "" }], [{ institution: INSTITUTION, serialLane: "1234" }]])(
    "%o was not checked with the configuration",
    (scope) => expect(openMessageIds(marks(), scope)).rejects.toThrow("was checked"),
  );
});
