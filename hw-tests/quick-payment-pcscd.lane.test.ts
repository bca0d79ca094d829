/*
 * The quick payment where it will live: the real PC/SC service and binding, the real journal, the real clock. First its own suite,
 * unchanged; then whole sales in whose middle the service is killed, a card hangs for ever or a reader is unplugged. One terminal lives
 * through all of that without being started again, and is measured from the moment when the hardware is back.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { assert } from "../device/base/assert.ts";
import { fen } from "../device/base/fen.ts";
import { limits } from "../device/drivers/contract/bench.ts";
import { systemClock } from "../device/system/clock.ts";
import type { JournalEntry } from "../device/txn/journal/types.ts";
import { quickPaymentSuite } from "../device/txn/quick-payment/contract/suite.ts";
import type { QuickPaymentOutcome } from "../device/txn/quick-payment/types.ts";
import { PLANTED_BUGS } from "../simulators/world/planted-bugs.ts";
import { PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";
import {
  type LostCommand,
  openPcscdCounter,
  openPcscdTerminal,
  type PcscdCounter,
  type PcscdTerminal,
  type PcscdTerminalOptions,
} from "./benches/pcscd-bench.ts";

const obstacle = pcscdLaneObstacle();
const clock = systemClock();
/** From the return of the hardware to the end of a paid sale. */
const SERVING_AGAIN_MS = 2_000;
const SALE = limits(15_000);
const AMOUNT_FEN = 450;
const BALANCE_FEN = 10_000;
/** How long the hardware is away. */
const AWAY_MS = 300;
/** Longest way of a command from the terminal to the far side of the service. */
const UNDER_WAY_LOOKS_MAX = 200;
const LOOK_MS = 5;
const LOOKS_MAX = 1_000;
const ATTEMPTS_MAX = 100;

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

/** Where in a sale the hardware fails: while this command has no answer. */
interface Moment {
  readonly name: string;
  readonly reader: "counter" | "modules";
  readonly command: string;
  readonly at: "before" | "after";
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
const SLOT = { counter: 0, modules: 1 } as const;

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

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    if (await look()) return;
    await clock.sleep(LOOK_MS);
  }
  throw new Error(`it did not happen: ${what}`);
}

function signalService({ stage }: Shop, signal: "SIGSTOP" | "SIGCONT"): void {
  const { pid } = stage.service;
  assert(pid !== undefined, "the service runs");
  process.kill(pid, signal);
}

/** What was measured, by kind of failure; printed once at the end. */
class Figures {
  readonly #values = new Map<string, number[]>();

  add(name: string, valueMs: number): void {
    this.#values.set(name, [...(this.#values.get(name) ?? []), valueMs]);
  }

  print(): void {
    for (const [name, values] of this.#values) {
      const sorted = values.toSorted((left, right) => left - right);
      const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
      process.stderr.write(`measured: ${name}: median ${at(0.5)} ms, worst ${at(1)} ms, ${sorted.length} times\n`);
    }
  }
}

/** A shop with one terminal, and the truth of every card that was ever presented. */
class Shop {
  readonly stage: PcscdStage;
  readonly place: PcscdTerminal;
  readonly #cards: string[] = [];
  #references = 0;

  constructor(stage: PcscdStage, place: PcscdTerminal) {
    this.stage = stage;
    this.place = place;
  }

  static async open(stage: PcscdStage, options: PcscdTerminalOptions): Promise<Shop> {
    return new Shop(stage, await openPcscdTerminal(stage, options));
  }

  async newCard(): Promise<string> {
    const card = await this.stage.makeCard({ balanceFen: BALANCE_FEN });
    this.#cards.push(card);
    return card;
  }

  newReference(): string {
    this.#references += 1;
    return `r${this.#references}`;
  }

  sell(reference: string): Promise<QuickPaymentOutcome> {
    return this.place.terminal.quickPayment({ reference, amount: fen(AMOUNT_FEN) }, SALE);
  }

  /** What a cashier does: the same sale again until it is paid. */
  async insist(reference: string, first: Promise<QuickPaymentOutcome> = this.sell(reference)): Promise<QuickPaymentOutcome> {
    let outcome = await first;
    for (let attempts = 0; outcome.kind !== "paid" && attempts < ATTEMPTS_MAX; attempts += 1) {
      await clock.sleep(LOOK_MS);
      outcome = await this.sell(reference);
    }
    return outcome;
  }

  /** Begins a sale and resolves when it stands at this moment, which lasts until the hardware fails. */
  async standAt(moment: Moment, card: string, reference: string): Promise<{ readonly sale: Promise<QuickPaymentOutcome> }> {
    const { simulator } = this.stage;
    await simulator.request({
      do: "plan",
      reader: moment.reader,
      slot: SLOT[moment.reader],
      plan: { fate: "hang", at: moment.at, commandPrefix: moment.command },
    });
    this.place.watch.takeLost();
    const arrived = await this.#arrivalOf(moment);
    const sent = this.place.watch.whenSent(moment.command);
    await this.stage.insert(card);
    const sale = this.sell(reference);
    await sent;
    await arrived();
    if (moment.command === "8054" && moment.at === "after") await until("the card commits", async () => (await this.debitsOf(card)) === 1);
    return { sale };
  }

  /** From this moment of rest on: waits until the far side has got as many commands as the terminal has sent. */
  async #arrivalOf({ reader }: Moment): Promise<() => Promise<void>> {
    const { watch } = this.place;
    const place = reader === "modules" ? "sam" : "contactless";
    const received = async () => (await this.#counts(reader)).transmit;
    const [sentBefore, receivedBefore] = [watch.sentTo(place), await received()];
    return async () => {
      for (let looks = 0; looks < UNDER_WAY_LOOKS_MAX; looks += 1) {
        if ((await received()) - receivedBefore >= watch.sentTo(place) - sentBefore) return;
        await clock.sleep(LOOK_MS);
      }
    };
  }

  async #counts(reader: Moment["reader"]): Promise<{ readonly transmit: number; readonly presence: number }> {
    return (await this.stage.simulator.request({ do: "counts", reader, slot: SLOT[reader] })) as { readonly transmit: number; readonly presence: number };
  }

  /**
   * Waits until the service has looked at the empty slot and is done with its dead client. No hand is so quick that a card comes between a failed reset of the service and
   * its next look; the service would go on to call that slot empty.
   */
  async slotSeenEmpty(): Promise<void> {
    const { presence } = await this.#counts("counter");
    await until("the service looks at the slot", async () => (await this.#counts("counter")).presence > presence);
    await clock.sleep(AWAY_MS);
  }

  async debitsOf(card: string): Promise<number> {
    return (await this.stage.simulator.truth(card)).debits.length;
  }

  get cards(): number {
    return this.#cards.length;
  }

  async clearPlans(): Promise<void> {
    for (const reader of ["counter", "modules"] as const) await this.stage.simulator.request({ do: "clear-plans", reader, slot: SLOT[reader] });
  }

  /** States of all records of a sale, in order. */
  async statesOf(reference: string): Promise<readonly string[]> {
    return (await this.entries()).filter(({ detail }) => detail["reference"] === reference).map(({ state }) => state);
  }

  entries(): Promise<readonly JournalEntry[]> {
    return this.place.terminal.journal.entries(1, 1_000);
  }

  /** Every debit of every card, and every sale that the journal calls done: the same sales, each once. */
  async expectEqualLedgers(): Promise<void> {
    const truths = await Promise.all(this.#cards.map((card) => this.stage.simulator.truth(card)));
    const debits = truths.flatMap((truth) => truth.debits).map(({ amountFen, terminalSeq, tac }) => `${terminalSeq} ${amountFen} ${tac}`);
    const done = (await this.entries()).filter(({ state }) => state === "done");
    expect(done.map(({ amount, detail }) => `${detail["terminalSeq"]} ${amount} ${detail["tac"]}`).sort()).toEqual(debits.sort());
    expect(new Set(done.map(({ detail }) => detail["reference"])).size).toBe(done.length);
    for (const truth of truths) expect(truth.balanceFen).toBe(BALANCE_FEN - truth.debits.length * AMOUNT_FEN);
  }

  /** The journal on the disk is whole, nothing is open, and this terminal was switched on once. */
  async expectWholeJournal(): Promise<void> {
    expect(await this.place.verify()).toMatchObject({ openSubjects: 0 });
    expect((await this.place.verify()).firstBreak).toBeUndefined();
    expect(this.place.terminal.status().boot).toBe(1);
  }
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
