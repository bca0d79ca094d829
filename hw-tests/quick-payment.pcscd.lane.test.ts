/*
 * The quick payment where it will live: the real PC/SC service and binding, the real journal, the real clock. First its own suite,
 * unchanged; then whole sales in whose middle the service is killed, a card hangs for ever or a reader is unplugged. One terminal lives
 * through all of that without being started again, and is measured from the moment when the hardware is back.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { fen } from "../device/base/fen.ts";
import { limits } from "../device/drivers/contract/bench.ts";
import { systemClock } from "../device/system/clock.ts";
import type { JournalEntry } from "../device/txn/journal/types.ts";
import { quickPaymentSuite } from "../device/txn/quick-payment/suite.ts";
import type { QuickPaymentOutcome } from "../device/txn/quick-payment/types.ts";
import { PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";
import { openPcscdBench, openPcscdTerminal, type PcscdTerminal, type PcscdTerminalOptions } from "./benches/pcscd-bench.ts";

const obstacle = pcscdLaneObstacle();
const clock = systemClock();
/** From the return of the hardware to the end of a paid sale. */
const SERVING_AGAIN_MS = 2_000;
const SALE = limits(15_000);
const AMOUNT_FEN = 450;
const BALANCE_FEN = 10_000;
/** How long the hardware is away. */
const AWAY_MS = 300;
/** From the terminal's sending to the far side of the service. */
const UNDER_WAY_MS = 60;
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
}

const MOMENTS: readonly Moment[] = [
  { name: "before INITIALIZE", reader: "counter", command: "00a4", at: "before" },
  { name: "in INITIALIZE", reader: "counter", command: "8050", at: "after" },
  { name: "between INITIALIZE and DEBIT", reader: "modules", command: "8070", at: "after" },
  { name: "in DEBIT, before the card commits", reader: "counter", command: "8054", at: "before" },
  { name: "right after DEBIT reached the card", reader: "counter", command: "8054", at: "after" },
  { name: "between DEBIT and its confirmation by the module", reader: "modules", command: "8072", at: "before" },
];
const OF_CARD_READER = MOMENTS.filter(({ reader }) => reader === "counter");
const OF_DEBIT = MOMENTS.filter(({ command }) => command === "8054");

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    if (await look()) return;
    await clock.sleep(LOOK_MS);
  }
  throw new Error(`it did not happen: ${what}`);
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
    const slot = moment.reader === "modules" ? 1 : 0;
    await simulator.request({ do: "plan", reader: moment.reader, slot, plan: { fate: "hang", at: moment.at, commandPrefix: moment.command } });
    this.place.watch.takeLost();
    const sent = this.place.watch.whenSent(moment.command);
    await this.stage.insert(card);
    const sale = this.sell(reference);
    await sent;
    await clock.sleep(UNDER_WAY_MS);
    if (moment.command === "8054" && moment.at === "after") await until("the card commits", async () => (await this.debitsOf(card)) === 1);
    return { sale };
  }

  async debitsOf(card: string): Promise<number> {
    return (await this.stage.simulator.truth(card)).debits.length;
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
  beforeAll(async () => { stage = await PcscdStage.start(); });
  afterAll(() => stage.stop());

  quickPaymentSuite("PC/SC service, binding and journal of the real terminal", (options) => openPcscdBench(stage, options));

  describe("one terminal, never started again", () => {
    const figures = new Figures();
    let shop: Shop;
    beforeAll(async () => { shop = await Shop.open(stage, { commandTimeoutMs: 1_000, returnTimeoutMs: 15_000 }); });
    afterEach(async () => {
      await stage.clear();
      await stage.simulator.request({ do: "plug", reader: "modules" });
      await stage.simulator.request({ do: "clear-plans", reader: "modules", slot: 1 });
    });
    afterAll(async () => {
      await shop.place.close();
      figures.print();
    });

    /** The interrupted sale is paid in time and once; the next sale of the same card goes as any other. */
    async function expectHealed(card: string, reference: string, healing: { readonly sale: Promise<QuickPaymentOutcome>; readonly backMs: number; readonly figure: string }): Promise<void> {
      const outcome = await shop.insist(reference, healing.sale);
      const tookMs = clock.monotonicMs() - healing.backMs;
      expect(outcome).toMatchObject({ kind: "paid", amount: AMOUNT_FEN });
      expect(await shop.debitsOf(card)).toBe(1);
      figures.add(healing.figure, tookMs);
      expect(tookMs).toBeLessThan(SERVING_AGAIN_MS);
      expect(await shop.sell(shop.newReference())).toMatchObject({ kind: "paid", verified: true, proof: "psam" });
      expect(await shop.debitsOf(card)).toBe(2);
      await shop.expectEqualLedgers();
    }

    describe.each(MOMENTS)("the service is killed $name", (moment) => {
      it.each(["lies in the reader all the time", "is presented again afterwards"] as const)("and the card %s", async (way) => {
        const [card, reference] = [await shop.newCard(), shop.newReference()];
        const { sale } = await shop.standAt(moment, card, reference);
        await stage.service.kill();
        await clock.sleep(AWAY_MS);
        const again = way === "is presented again afterwards";
        if (again) await stage.takeOut();
        await stage.service.start();
        if (again) await clock.sleep(AWAY_MS);
        const backMs = clock.monotonicMs();
        if (again) await stage.insert(card);
        await expectHealed(card, reference, { sale, backMs, figure: `pcscd killed, the card ${way}: from its return to the paid sale` });
      });
    });
  });
});
