/*
 * Goal: whatever cards do at whatever lane, none is charged twice within the window, and nobody passes without having paid.
 * Method: a thousand random days of taps at two lanes: short ones, torn ones, several cards, walkers who stay, gates that fail, power cuts. What
 * was taken stands on the cards themselves; what opened, at the gates.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Walk } from "../../../simulators/gate/walker.ts";
import { type DebitFate, FakeCard } from "./testing/fake-sales.ts";
import { Station } from "./testing/station.ts";

type Act =
  | { readonly do: "tap"; readonly card: number; readonly lane: "a" | "b"; readonly forMs: number; readonly thenMs: number }
  | { readonly do: "fate"; readonly fate: DebitFate }
  | { readonly do: "walk"; readonly lane: "a" | "b"; readonly walk: Walk }
  | { readonly do: "fail"; readonly lane: "a" | "b"; readonly how: "fault" | "lost" | "refused" }
  | { readonly do: "power-cut" }
  | { readonly do: "fire"; readonly forMs: number };

const lane = fc.constantFrom("a" as const, "b" as const);
const tap = fc.record({
  do: fc.constant("tap" as const),
  card: fc.nat(2),
  lane,
  forMs: fc.constantFrom(20, 90, 160, 250, 400, 3_000),
  thenMs: fc.constantFrom(10, 300, 1_500, 9_000, 12_000),
});
const other: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constant("fate" as const), fate: fc.constantFrom<DebitFate>("torn-before", "torn-after", "unverified") }),
  fc.record({ do: fc.constant("walk" as const), lane, walk: fc.constantFrom<Walk>("passes", "stays", "turns-back") }),
  fc.record({ do: fc.constant("fail" as const), lane, how: fc.constantFrom("fault" as const, "lost" as const, "refused" as const) }),
  fc.constant({ do: "power-cut" as const }),
  fc.record({ do: fc.constant("fire" as const), forMs: fc.constantFrom(100, 2_000) }),
);
const day = fc.array(fc.oneof({ weight: 4, arbitrary: tap as fc.Arbitrary<Act> }, { weight: 1, arbitrary: other }), { minLength: 2, maxLength: 12 });

async function act(at: Station, cards: readonly FakeCard[], what: Act): Promise<void> {
  switch (what.do) {
    case "tap": {
      const card = cards[what.card];
      if (card !== undefined) await at.tap(card, what);
      return;
    }
    case "fate":
      return at.sales.planDebit(what.fate);
    case "walk":
      at.lane(what.lane).walker.walk = what.walk;
      return;
    case "fail":
      return at.lane(what.lane).gate.failNext(what.how);
    case "power-cut":
      at.cutPower();
      await at.pass(500);
      await at.switchOn();
      return;
    case "fire":
      await at.clock.resolve(at.gates.release("fire"));
      await at.pass(what.forMs);
      await at.clock.resolve(at.gates.serve());
  }
}

async function live(acts: readonly Act[]): Promise<{ readonly at: Station; readonly cards: readonly FakeCard[] }> {
  const at = new Station({
    lanes: [
      { name: "a", mode: "single" },
      { name: "b", mode: "single", direction: "exit" },
    ],
  });
  await at.switchOn();
  const cards = ["A", "B", "C"].map((name) => new FakeCard(name));
  for (const each of acts) await act(at, cards, each);
  return { at, cards };
}

test("a thousand random days of double taps never charge twice within the window, and open for the paid alone", async () => {
  await fc.assert(
    fc.asyncProperty(day, async (acts) => {
      const { at, cards } = await live(acts);
      for (const { charges } of cards) {
        for (const [index, { wallMs }] of charges.entries()) {
          const next = charges[index + 1];
          if (next !== undefined) expect(next.wallMs - wallMs).toBeGreaterThanOrEqual(at.policy.sameCardWindowMs);
        }
      }
      const entries = await at.entries();
      const paid = new Set(entries.flatMap(({ kind, state, subject }) => (kind === "quick-payment" && state === "done" ? subject : [])));
      const openings = entries.filter(({ kind, state }) => kind === "passage" && state === "prepared");
      for (const { detail } of openings) expect(paid).toContain(detail["sale"]);
      // One sale is used by one passage: behind "passed" there is no other opening for it.
      const used = new Set<unknown>();
      for (const { kind, state, detail } of entries) {
        if (kind !== "passage") continue;
        if (state === "prepared") expect(used).not.toContain(detail["sale"]);
        if (state === "done") used.add(detail["sale"]);
      }
    }),
    { numRuns: 1_000 },
  );
}, 120_000);
