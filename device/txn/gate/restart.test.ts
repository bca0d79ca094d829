import { describe, expect, test } from "vitest";
import { type Fen, fen } from "../../base/fen.ts";
import { DEFAULT_REFUND_RULES, openSaleRefunds } from "../shop/refunds.ts";
import { FakeCard } from "./testing/fake-sales.ts";
import { FARE, Station } from "./testing/station.ts";

const SINGLE = { lanes: [{ mode: "single" }] } as const;

/** Runs in steps of a millisecond until it is so. */
async function until(at: Station, isSo: () => boolean): Promise<void> {
  for (let ms = 0; ms < 20_000 && !isSo(); ms += 1) await at.pass(1);
  expect(isSo()).toBe(true);
}

async function restart(at: Station, darkMs = 2_000): Promise<void> {
  at.cutPower();
  for (const { reader } of at.lanes) if (reader.card !== undefined) reader.remove();
  await at.pass(darkMs);
  await at.switchOn();
}

describe("what a card did before a power cut is known behind it", () => {
  test("a passage that was used", async () => {
    const at = new Station(SINGLE);
    await at.switchOn();
    const card = new FakeCard("A");
    await at.tap(card);
    await restart(at);
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.lane().gate.passages).toHaveLength(1);
    await at.pass(60_000);
    await at.tap(card);
    expect(card.charges).toHaveLength(2);
  });

  test("a passage that was used, and the clock ran ahead meanwhile", async () => {
    const at = new Station(SINGLE);
    await at.switchOn();
    const card = new FakeCard("A");
    await at.tap(card);
    at.cutPower();
    at.clock.jumpWall(86_400_000);
    await at.switchOn();
    await at.tap(card);
    expect([card.charges.length, at.lane().gate.passages.length]).toEqual([1, 1]);
    await at.pass(60_000);
    await at.tap(card);
    expect(card.charges).toHaveLength(2);
  });

  test("and is forgotten where the host has proved that the window was over before the start, as after a night", async () => {
    for (const [darkMs, charges] of [
      [58_000, 1],
      [70_000, 2],
    ] as const) {
      const at = new Station({ ...SINGLE, proved: true });
      await at.switchOn();
      const card = new FakeCard("A");
      await at.tap(card);
      at.cutPower();
      await at.clock.resolve(at.clock.sleep(darkMs));
      await at.switchOn();
      await at.tap(card);
      expect(card.charges).toHaveLength(charges);
    }
  });

  test("a passage a moment ago for a sale that is older than the window", async () => {
    const at = new Station({ ...SINGLE, policy: { sameCardWindowMs: 12_000 } });
    at.lane().walker.afterMs = 7_000;
    await at.switchOn();
    const card = new FakeCard("A");
    await at.tap(card, { thenMs: 7_500 });
    expect((await at.entries("passage")).map(({ state }) => state)).toEqual(["prepared", "done"]);
    await at.pass(5_000);
    await restart(at, 100);
    await at.tap(card);
    expect([card.charges.length, at.lane().gate.passages.length]).toEqual([1, 1]);
  });

  test("a passage that was not used, and the clock was set back meanwhile", async () => {
    const at = new Station(SINGLE);
    at.lane().walker.walk = "stays";
    await at.switchOn();
    const card = new FakeCard("A");
    await at.tap(card, { thenMs: 9_000 });
    at.cutPower();
    at.clock.jumpWall(-86_400_000);
    await at.switchOn();
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.prompts().at(-1)).toBe("go-again");
  });

  test("a gate that stood open at the cut: nobody knows who passed, and nobody is charged again", async () => {
    const at = new Station(SINGLE);
    at.lane().walker.afterMs = 5_000;
    await at.switchOn();
    const card = new FakeCard("A");
    await at.tap(card, { thenMs: 100 });
    expect(at.lane().gate.isOpen).toBe(true);
    await restart(at, 10_000);
    expect((await at.entries("passage")).map(({ state }) => state)).toEqual(["prepared", "void"]);
    expect((await at.entries("passage")).at(-1)?.detail).toMatchObject({ passage: "unknown", reason: "restart" });
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.lane().gate.passages).toHaveLength(2);
  });

  test("a sale that was paid while the gate had not moved", async () => {
    const at = new Station(SINGLE);
    await at.switchOn();
    const card = new FakeCard("A");
    at.lane().reader.insert(card);
    await until(at, () => card.charges.length === 1);
    await until(at, () => at.gates.lanes[0]?.state === "passage");
    await restart(at);
    expect(at.lane().gate.passages).toEqual([]);
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.lane().gate.passages).toHaveLength(1);
  });

  test("a torn debit, whose card comes back to the new life", async () => {
    const at = new Station(SINGLE);
    await at.switchOn();
    const card = new FakeCard("A");
    at.sales.planDebit("torn-after");
    await at.tap(card, { thenMs: 1_000 });
    await restart(at);
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.lane().gate.passages).toHaveLength(1);
    expect(new Set((await at.entries("quick-payment")).map(({ detail }) => detail["reference"])).size).toBe(1);
  });

  test("a right that was left to people", async () => {
    const at = new Station({ ...SINGLE, policy: { unusedPassage: "staff" } });
    at.lane().walker.walk = "stays";
    await at.switchOn();
    const card = new FakeCard("A");
    await at.tap(card, { thenMs: 9_000 });
    await restart(at);
    await at.tap(card);
    expect(card.charges).toHaveLength(1);
    expect(at.lane().gate.passages).toHaveLength(1);
  });
});

describe("an opening of which the gate cannot tell who went through", () => {
  async function faulty(): Promise<{ readonly at: Station; readonly card: FakeCard }> {
    const at = new Station(SINGLE);
    await at.switchOn();
    const card = new FakeCard("A");
    at.lane().gate.failNext("fault");
    await at.tap(card, { thenMs: 5_000 });
    expect(await at.passages()).toEqual(["prepared sale", "unknown sale fault"]);
    return { at, card };
  }

  async function openPassages(at: Station): Promise<number> {
    return (await at.clock.resolve(at.journal.openSubjects({ kind: "passage", limit: 9 }))).length;
  }

  test("ends with the next passage of its lane", async () => {
    const { at } = await faulty();
    expect(await openPassages(at)).toBe(1);
    await at.tap(new FakeCard("B"));
    expect((await at.passages()).slice(2)).toEqual(["prepared sale", "done sale passed", "void sale unknown"]);
    expect(await openPassages(at)).toBe(0);
  });

  test("ends at the next start, which gives nobody a right that was used since", async () => {
    const { at, card } = await faulty();
    await restart(at);
    expect((await at.passages()).slice(2)).toEqual(["void sale unknown"]);
    expect(await openPassages(at)).toBe(0);
    await at.tap(card);
    expect((await at.passages()).slice(3)).toEqual(["prepared again", "done again passed"]);
    await restart(at);
    await at.tap(card);
    expect([card.charges.length, at.prompts().at(-1)]).toEqual([1, "refused"]);
  });
});

test("a cut at any moment of a tap charges once and opens at most once more than it charged", async () => {
  for (let cutMs = 0; cutMs < 1_400; cutMs += 13) {
    const at = new Station(SINGLE);
    await at.switchOn();
    const card = new FakeCard("A");
    at.lane().reader.insert(card);
    await at.pass(cutMs);
    await restart(at);
    await at.tap(card);
    expect(card.charges, `cut after ${cutMs} ms`).toHaveLength(1);
    expect(at.lane().gate.passages.length, `cut after ${cutMs} ms`).toBeGreaterThanOrEqual(1);
    expect(at.lane().gate.passages.length, `cut after ${cutMs} ms`).toBeLessThanOrEqual(2);
    // What was told as passed is told as used.
    const passed = (await at.entries("passage")).some(({ state, subject }, _, [first]) => state === "done" && subject === first?.subject);
    if (passed) expect(at.lane().gate.passages).toHaveLength(1);
  }
});

describe("a fare that a supervisor gave back", () => {
  async function unused() {
    const at = new Station(SINGLE);
    at.lane().walker.walk = "stays";
    await at.switchOn();
    const card = new FakeCard("A");
    await at.tap(card, { thenMs: 9_000 });
    at.lane().walker.walk = "passes";
    const told = at.events.flatMap(({ event }) => (event.is === "tap" && event.reference !== undefined ? event.reference : []));
    const giveBack = (amount: Fen | "void") => {
      const refunds = openSaleRefunds({
        journal: at.journal,
        rules: DEFAULT_REFUND_RULES,
        unverifiedAmountFen: FARE,
        onReturned: (sale) => at.gates.giveBack(sale),
      });
      return at.clock.resolve(refunds.refund({ sale: told[0] ?? "", request: `office.${String(amount)}`, amount, operator: "sup-1" }));
    };
    return { at, card, giveBack };
  }

  test.each([false, true])("opens no gate: the next tap is paid anew (restart between: %s)", async (restarts) => {
    const { at, card, giveBack } = await unused();
    expect(await giveBack("void")).toMatchObject({ kind: "refunded", amount: FARE, left: 0 });
    if (restarts) await restart(at);
    await at.tap(card);
    expect([card.charges.length, at.prompts().at(-1)]).toEqual([2, "go"]);
  });

  test.each([false, true])("opens no gate either where the power failed before the gate was told to open (second restart: %s)", async (restarts) => {
    const at = new Station(SINGLE);
    await at.switchOn();
    const card = new FakeCard("A");
    at.lane().reader.insert(card);
    await until(at, () => at.gates.lanes[0]?.state === "passage");
    await restart(at);
    const [sale] = await at.entries("quick-payment");
    const refunds = openSaleRefunds({
      journal: at.journal,
      rules: DEFAULT_REFUND_RULES,
      unverifiedAmountFen: FARE,
      onReturned: (subject) => at.gates.giveBack(subject),
    });
    const request = { sale: String(sale?.detail["reference"]), request: "office.1", amount: "void", operator: "sup-1" } as const;
    expect(await at.clock.resolve(refunds.refund(request))).toMatchObject({ kind: "refunded", amount: FARE });
    if (restarts) await restart(at);
    await at.tap(card);
    await at.tap(card);
    expect([card.charges.length, at.lane().gate.passages.length]).toEqual([2, 1]);
  });

  test("in parts is one that nothing is left of only behind the last part, also where the power fails between them", async () => {
    const { at, card, giveBack } = await unused();
    expect(await giveBack(fen(100))).toMatchObject({ kind: "refunded" });
    await at.tap(card, { thenMs: 100 });
    expect([card.charges.length, at.prompts().at(-1)]).toEqual([1, "go-again"]);
    const other = await unused();
    await other.giveBack(fen(100));
    await restart(other.at);
    expect(await other.giveBack(fen(200))).toMatchObject({ kind: "refunded", left: 0 });
    await restart(other.at);
    await other.at.tap(other.card);
    expect(other.card.charges).toHaveLength(2);
  });

  test("whose refund could not be written is still good for its passage, and pays no second time", async () => {
    const { at, card, giveBack } = await unused();
    let full = true;
    at.disk.onCommit((write) => (full && write.subjects?.some(({ kind }) => kind === "cash-refund") ? { kind: "full" } : { kind: "go" }));
    expect(await giveBack("void")).toMatchObject({ kind: "refused", reason: "store-full" });
    await at.tap(card);
    expect([card.charges.length, at.prompts().at(-1)]).toEqual([1, "go-again"]);
    full = false;
    const other = await unused();
    let breaks = true;
    other.at.disk.onCommit((write) =>
      breaks && write.subjects?.some(({ kind }) => kind === "cash-refund") ? { kind: "broken", written: true } : { kind: "go" },
    );
    // Nobody knows what is on the books; a start reads them, and the fare is there as gone back: the card pays anew.
    expect(await other.giveBack("void")).toMatchObject({ kind: "unknown" });
    breaks = false;
    await restart(other.at);
    await other.at.tap(other.card);
    expect([other.card.charges.length, other.at.prompts().at(-1)]).toEqual([2, "go"]);
  });

  test("never goes back twice, and never above what was paid", async () => {
    const { giveBack } = await unused();
    expect(await giveBack(fen(301))).toMatchObject({ kind: "refused", reason: "refund-too-large" });
    await giveBack("void");
    expect(await giveBack(fen(1))).toMatchObject({ kind: "refused", reason: "nothing-left" });
  });
});
