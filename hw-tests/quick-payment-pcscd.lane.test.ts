/*
 * The quick payment where it will live: the real PC/SC service and binding, the real journal, the real clock. First its own suite,
 * unchanged; then whole sales in whose middle the service is killed, a card hangs for ever or a reader is unplugged. One terminal lives
 * through all of that without being started again, and is measured from the moment when the hardware is back.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { assert } from "../device/base/assert.ts";
import { systemClock } from "../device/system/clock.ts";
import { quickPaymentSuite } from "../device/txn/quick-payment/contract/suite.ts";
import type { QuickPaymentOutcome } from "../device/txn/quick-payment/types.ts";
import { PLANTED_BUGS } from "../simulators/world/planted-bugs.ts";
import { PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";
import { type LostCommand, openPcscdCounter, type PcscdCounter, type PcscdTerminalOptions } from "./benches/pcscd-bench.ts";
import { AMOUNT_FEN, Figures, Shop, SLOT, type Standstill, until } from "./benches/pcscd-shop.ts";

const obstacle = pcscdLaneObstacle();
const clock = systemClock();
/** From the return of the hardware to the end of a paid sale. */
const SERVING_AGAIN_MS = 2_000;
/** How long the hardware is away. */
const AWAY_MS = 300;
const SLOW_DEBIT_MS = 600;

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

interface Moment extends Standstill {
  readonly name: string;
  /** States of the sale's records until it is paid. The module skips a sequence that it drew in vain, which is corrected by "acting". */
  readonly states: readonly string[];
  /** Paid by the proof of this very debit, or by another debit after it was proved that this one did not happen. */
  readonly paidBy: "proof" | "another debit";
}

const MOMENTS: readonly Moment[] = [
  { name: "before INITIALIZE", reader: "counter", command: "00a4", at: "before", states: ["prepared", "done"], paidBy: "another debit" },
  { name: "in INITIALIZE", reader: "counter", command: "8050", at: "after", states: ["prepared", "void", "prepared", "done"], paidBy: "another debit" },
  {
    name: "between INITIALIZE and DEBIT",
    reader: "modules",
    command: "8070",
    at: "after",
    states: ["prepared", "void", "prepared", "acting", "done"],
    paidBy: "another debit",
  },
  {
    name: "in DEBIT, before the card commits",
    reader: "counter",
    command: "8054",
    at: "before",
    states: ["prepared", "unknown", "void", "prepared", "done"],
    paidBy: "another debit",
  },
  { name: "right after DEBIT reached the card", reader: "counter", command: "8054", at: "after", states: ["prepared", "unknown", "done"], paidBy: "proof" },
  {
    name: "between DEBIT and its check by the module",
    reader: "modules",
    command: "8072",
    at: "before",
    states: ["prepared", "unknown", "done"],
    paidBy: "proof",
  },
];
const IN_DEBIT = MOMENTS.filter(({ command }) => command === "8054");

interface Failure {
  readonly name: string;
  readonly moments: readonly Moment[];
  readonly awayMs: number;
  /** Whether the service lives on and so has to see the empty slot before a card is presented again. */
  readonly seesRemoval: boolean;
  /** Whether a purchase that the module held is lost with it. */
  readonly losesModule: boolean;
  readonly goAway: (shop: Shop, moment: Moment) => Promise<unknown>;
  readonly comeBack: (shop: Shop, moment: Moment) => Promise<unknown>;
}

const FAILURES: readonly Failure[] = [
  {
    name: "pcscd is killed",
    moments: MOMENTS,
    awayMs: AWAY_MS,
    seesRemoval: false,
    losesModule: true,
    goAway: ({ stage }) => stage.service.kill(),
    comeBack: ({ stage }) => stage.service.start(),
  },
  {
    name: "the reader is unplugged",
    moments: MOMENTS,
    awayMs: AWAY_MS,
    seesRemoval: false,
    losesModule: false,
    goAway: ({ stage }, { reader }) => stage.simulator.request({ do: "unplug", reader }),
    comeBack: ({ stage }, { reader }) => stage.simulator.request({ do: "plug", reader }),
  },
  {
    name: "the terminal's reader processes are killed",
    moments: IN_DEBIT,
    awayMs: AWAY_MS,
    seesRemoval: true,
    losesModule: true,
    goAway: async ({ place }) => {
      for (const { pid } of place.processes.filter(({ alive }) => alive)) process.kill(pid, "SIGKILL");
    },
    comeBack: ({ stage }, { reader }) => stage.simulator.request({ do: "release", reader, slot: SLOT[reader] }),
  },
  {
    name: "pcscd stands still",
    moments: IN_DEBIT,
    awayMs: 1_500,
    seesRemoval: true,
    losesModule: false,
    goAway: async (shop) => signalService(shop, "SIGSTOP"),
    comeBack: async (shop, { reader }) => {
      signalService(shop, "SIGCONT");
      await shop.stage.simulator.request({ do: "release", reader, slot: SLOT[reader] });
    },
  },
];
const WAYS = ["lies in the reader all the time", "is presented again afterwards"] as const;

function signalService({ stage }: Shop, signal: "SIGSTOP" | "SIGCONT"): void {
  const { pid } = stage.service;
  assert(pid !== undefined, "the service runs");
  process.kill(pid, signal);
}

describe.skipIf(obstacle !== undefined)(`quick payment on real parts${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`, () => {
  let stage: PcscdStage;
  beforeAll(async () => {
    stage = await PcscdStage.start();
  });
  afterAll(() => stage.stop());

  describe("the flow's own suite", () => {
    let counter: PcscdCounter;
    beforeAll(async () => {
      counter = await openPcscdCounter(stage);
    });
    afterAll(() => counter.close());
    quickPaymentSuite("real service, binding and journal", (options) => counter.bench(options));
  });

  const figures = new Figures();
  afterAll(() => figures.print());

  afterEach(async () => {
    await stage.clear();
    await stage.takeOut();
    await stage.simulator.request({ do: "plug", reader: "modules" });
    await stage.simulator.request({ do: "clear-plans", reader: "modules", slot: SLOT.modules });
  });

  /** The sale and one more are paid in time; with this sale the card has been debited so often. */
  async function expectServed(
    shop: Shop,
    card: string,
    sold: {
      readonly reference: string;
      readonly sale: Promise<QuickPaymentOutcome>;
      readonly backMs: number;
      readonly figure: string;
      readonly debits: number;
    },
  ): Promise<QuickPaymentOutcome> {
    const outcome = await shop.insist(sold.reference, sold.sale);
    const next = await shop.insist(shop.newReference());
    const tookMs = clock.monotonicMs() - sold.backMs;
    expect(outcome).toMatchObject({ kind: "paid", amount: AMOUNT_FEN });
    expect(next).toMatchObject({ kind: "paid", verified: true, proof: "psam" });
    expect(await shop.debitsOf(card)).toBe(sold.debits + 1);
    await shop.expectEqualLedgers();
    figures.add(`${sold.figure}: from the return of the hardware until this sale and one more are paid`, tookMs);
    expect(tookMs).toBeLessThan(SERVING_AGAIN_MS);
    return outcome;
  }

  describe("one terminal, never started again", () => {
    let shop: Shop;
    beforeAll(async () => {
      shop = await Shop.open(stage, { commandTimeoutMs: 1_000, returnTimeoutMs: 15_000 });
    });
    afterAll(() => shop.place.close());

    describe.each(FAILURES)("$name", (failure) => {
      describe.each(failure.moments)("$name", (moment) => {
        it.each(WAYS)("and the card %s", async (way) => {
          const [card, reference] = [await shop.newCard(), shop.newReference()];
          const { sale } = await shop.standAt(moment, card, reference);
          await failure.goAway(shop, moment);
          await clock.sleep(failure.awayMs);
          await shop.clearPlans();
          const again = way === "is presented again afterwards";
          if (again) await stage.takeOut();
          await failure.comeBack(shop, moment);
          if (again && failure.seesRemoval) await shop.slotSeenEmpty();
          const backMs = clock.monotonicMs();
          if (again) await stage.insert(card);
          const outcome = await expectServed(shop, card, { reference, sale, backMs, figure: `${failure.name}, the card ${way}`, debits: 1 });
          const moduleVouches = moment.paidBy === "another debit" || !(failure.losesModule || moment.reader === "modules");
          expect(outcome).toMatchObject(moduleVouches ? { verified: true, proof: "psam" } : { verified: false, proof: "log" });
          expect(await shop.statesOf(reference)).toEqual(moment.states);
        });
      });
    });

    it("pcscd is killed while the card takes its time over DEBIT, and the card is presented again", async () => {
      const [card, reference] = [await shop.newCard(), shop.newReference()];
      await stage.simulator.request({ do: "plan", plan: { fate: "slow", extraMs: SLOW_DEBIT_MS, commandPrefix: "8054" }, reader: "counter" });
      const sent = shop.place.watch.whenSent("8054");
      await stage.insert(card);
      const sale = shop.sell(reference);
      await sent;
      await clock.sleep(SLOW_DEBIT_MS / 2);
      await stage.service.kill();
      // By now the card would have committed, had it kept its power.
      await clock.sleep(SLOW_DEBIT_MS);
      await stage.takeOut();
      await stage.service.start();
      const backMs = clock.monotonicMs();
      await stage.insert(card);
      const outcome = await expectServed(shop, card, { reference, sale, backMs, figure: "pcscd is killed under a slow debit", debits: 1 });
      expect(outcome).toMatchObject({ verified: true, proof: "psam" });
    });

    describe.each(IN_DEBIT)("the card hangs for ever $name", (moment) => {
      async function hang(card: string, reference: string): Promise<{ readonly sale: Promise<QuickPaymentOutcome> }> {
        const before = shop.place.processes.filter(({ alive }) => alive);
        const standing = await shop.standAt(moment, card, reference);
        const lost: LostCommand[] = [];
        await until("the terminal gives the command up", async () => lost.push(...shop.place.watch.takeLost()) > 0);
        expect(lost).toMatchObject([{ command: "8054", code: "reader-hung", effectUnknown: true }]);
        figures.add("a card hangs for ever: from DEBIT to the fault, with a deadline of 1000 ms", lost[0]?.afterMs ?? 0);
        expect(lost[0]?.afterMs).toBeLessThan(1_500);
        await until("the reader process is killed", async () => before.filter(({ alive }) => !alive).length === 1);
        expect(shop.place.processes.filter(({ alive }) => alive).length).toBe(before.length);
        await clock.sleep(AWAY_MS);
        return standing;
      }

      it("and is presented again", async () => {
        const [card, reference] = [await shop.newCard(), shop.newReference()];
        const { sale } = await hang(card, reference);
        await stage.takeOut();
        await shop.slotSeenEmpty();
        const backMs = clock.monotonicMs();
        await stage.insert(card);
        const outcome = await expectServed(shop, card, { reference, sale, backMs, figure: "a card hangs for ever and is presented again", debits: 1 });
        expect(outcome).toMatchObject({ verified: true, proof: "psam" });
        expect(await shop.statesOf(reference)).toEqual(moment.states);
      });

      it("until the reader gives it up", async () => {
        const [card, reference] = [await shop.newCard(), shop.newReference()];
        const { sale } = await hang(card, reference);
        const backMs = clock.monotonicMs();
        await stage.simulator.request({ do: "release", reader: "counter" });
        await expectServed(shop, card, { reference, sale, backMs, figure: "a card hangs for ever and stays in the reader", debits: 1 });
        expect(await shop.statesOf(reference)).toEqual(moment.states);
      });

      it("and another card is presented first", async () => {
        const [card, other, reference, next] = [await shop.newCard(), await shop.newCard(), shop.newReference(), shop.newReference()];
        const { sale } = await hang(card, reference);
        await stage.takeOut();
        await shop.slotSeenEmpty();
        const backMs = clock.monotonicMs();
        await stage.insert(other);
        expect(await sale).toMatchObject({ kind: "unknown", reason: "another-card" });
        expect(await shop.sell(next)).toMatchObject({ kind: "paid", verified: true });
        const tookMs = clock.monotonicMs() - backMs;
        figures.add("a card hangs for ever and another is presented: from then to its paid sale", tookMs);
        expect(tookMs).toBeLessThan(SERVING_AGAIN_MS);
        await stage.takeOut();
        await stage.insert(card);
        expect(await shop.sell(reference)).toMatchObject({ kind: "paid" });
        expect([await shop.debitsOf(card), await shop.debitsOf(other)]).toEqual([1, 1]);
        expect(await shop.statesOf(reference)).toEqual(moment.states);
        await shop.expectEqualLedgers();
      });
    });

    it("has kept a whole journal through all of this", async () => {
      expect(shop.cards).toBeGreaterThan(0);
      await shop.expectEqualLedgers();
      await shop.expectWholeJournal();
    });
  });

  describe("another terminal", () => {
    const opened: Shop[] = [];
    afterEach(async () => {
      for (const shop of opened.splice(0)) await shop.place.close();
    });
    async function open(options: PcscdTerminalOptions): Promise<Shop> {
      const shop = await Shop.open(stage, options);
      opened.push(shop);
      return shop;
    }

    it.each(IN_DEBIT)("gives up waiting when pcscd is killed $name and stays away: the sale stays open until its card pays again", async (moment) => {
      const shop = await open({ commandTimeoutMs: 1_000, returnTimeoutMs: 200 });
      const [card, reference, next] = [await shop.newCard(), shop.newReference(), shop.newReference()];
      const { sale } = await shop.standAt(moment, card, reference);
      await stage.service.kill();
      expect(await sale).toMatchObject({ kind: "unknown", reason: "card-never-returned" });
      await shop.clearPlans();
      const debits = moment.at === "after" ? 2 : 1;
      await stage.service.start();
      const backMs = clock.monotonicMs();
      await expectServed(shop, card, {
        reference: next,
        sale: shop.sell(next),
        backMs,
        figure: "pcscd is killed, its sale given up: the next sale of the card",
        debits,
      });
      expect(await shop.statesOf(reference)).toEqual(moment.states.slice(0, 3));
      await shop.expectWholeJournal();
    });

    it("is found when it takes a lost debit for no debit", async () => {
      const shop = await open({ commandTimeoutMs: 1_000, returnTimeoutMs: 15_000, rules: PLANTED_BUGS["timeout-means-unpaid"] });
      const [card, reference, moment] = [await shop.newCard(), shop.newReference(), MOMENTS.find(({ command, at }) => command === "8054" && at === "after")];
      assert(moment !== undefined, "the list of moments has a committed debit");
      const { sale } = await shop.standAt(moment, card, reference);
      await stage.service.kill();
      await shop.clearPlans();
      await stage.service.start();
      expect(await shop.insist(reference, sale)).toMatchObject({ kind: "paid" });
      expect(await shop.debitsOf(card)).toBe(2);
      await expect(shop.expectEqualLedgers()).rejects.toThrow();
    });

    it("starts before pcscd does", async () => {
      await stage.service.kill();
      const shop = await open({ commandTimeoutMs: 500, returnTimeoutMs: 200 });
      const [card, reference] = [await shop.newCard(), shop.newReference()];
      await stage.insert(card);
      expect(await shop.sell(reference)).toMatchObject({ kind: "refused", reason: "reader-service-gone" });
      const sale = shop.sell(reference);
      await stage.service.start();
      await expectServed(shop, card, { reference, sale, backMs: clock.monotonicMs(), figure: "pcscd starts after the terminal", debits: 1 });
    });
  });
});
