import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Fault } from "../../base/fault.ts";
import { SILENT } from "../../base/log.ts";
import { type KnownCards, openKnownCards } from "./known-cards.ts";

class Marks {
  readonly values = new Map<string, string>();
  broken = false;
  written = 0;

  readonly journal = {
    mark: async (name: string) => this.values.get(name),
    setMarks: async (marks: readonly { readonly name: string; readonly value: string }[]) => {
      if (this.broken) throw new Fault("store-full", "no room", { effectUnknown: false });
      this.written += 1;
      for (const { name, value } of marks) this.values.set(name, value);
    },
  };

  open(): Promise<KnownCards> {
    return openKnownCards({ journal: this.journal, log: SILENT }, { pages: 3, cardsPerPage: 4 });
  }
}

function key(card: number): string {
  return card.toString(16).padStart(32, "0").split("").reverse().join("");
}

describe("cards that the host has accepted", () => {
  test("are known at once and after a restart; others are not", async () => {
    const marks = new Marks();
    const cards = await marks.open();
    const learning = cards.learn([key(1), key(2)]);
    expect([cards.has(key(1)), cards.has(key(3))]).toEqual([true, false]);
    await learning;
    const again = await marks.open();
    expect([again.has(key(1)), again.has(key(2)), again.has(key(3))]).toEqual([true, true, false]);
  });

  test("are written once: what is known is not learnt again", async () => {
    const marks = new Marks();
    const cards = await marks.open();
    await cards.learn([key(1)]);
    await cards.learn([key(1)]);
    expect(marks.written).toBe(1);
  });

  test("a disk that fails costs a restart's memory, nothing else", async () => {
    const marks = new Marks();
    const cards = await marks.open();
    marks.broken = true;
    await cards.learn([key(1)]);
    expect(cards.has(key(1))).toBe(true);
    marks.broken = false;
    await cards.learn([key(2)]);
    expect((await marks.open()).has(key(1))).toBe(true);
  });

  test("a page that is none of ours is nothing", async () => {
    const marks = new Marks();
    marks.values.set("known-cards/0", "who knows");
    expect((await marks.open()).has("")).toBe(false);
  });

  test("whatever comes and however often the power goes: the newest stay, memory is bounded, and none appears from nowhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant("restart" as const)), { maxLength: 80 }), async (acts) => {
        const marks = new Marks();
        let cards = await marks.open();
        const learnt: number[] = [];
        for (const act of acts) {
          if (act === "restart") cards = await marks.open();
          else {
            if (!cards.has(key(act))) learnt.push(act);
            await cards.learn([key(act)]);
          }
        }
        // Two full pages and the one that grows: at least the last nine are there, at most twelve in all.
        for (const card of learnt.slice(-9)) expect(cards.has(key(card))).toBe(true);
        const known = Array.from({ length: 60 }, (_, card) => card).filter((card) => cards.has(key(card)));
        expect(known.length).toBeLessThanOrEqual(12);
        expect(known.every((card) => learnt.includes(card))).toBe(true);
      }),
    );
  });
});
