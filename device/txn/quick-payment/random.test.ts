/*
 * Goal: whatever happens in whatever order, the cards' own truth and the journal agree in the end.
 * Method: a seed draws cards, tears, hangs, lost readers, swapped cards and power cuts; afterwards everything is calm and each card is
 * tapped once more. The larger sister of this test is the simulated world.
 */
import { expect, test } from "vitest";
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { fen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import { openCardLinks } from "../risk/card-links.ts";
import type { LocalRuling, RuledByPlace } from "../risk/guard.ts";
import type { PurseChoice } from "../sale-request.ts";
import type { QuickPaymentPorts } from "./ports.ts";
import { discountOf } from "./record.ts";
import { runQuickPayment } from "./run.ts";
import { type CommandFate, debitName, EVERY_PURSE, SimulatedPlace, TEST_LIMITS } from "./testing.ts";
import type { QuickPaymentOutcome } from "./types.ts";

const SUITE = opensslSuite();
const KEY = SUITE.secretKey(new Uint8Array(16).fill(7));
const SEEDS = 24;
const SALES = 25;
const AMOUNT = 450;
const POINTS = ["before", "during", "after"] as const;

/** A small generator of our own, so that a seed means the same day everywhere. */
function draws(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return (state >>> 8) % below;
  };
}

class Day {
  readonly place: SimulatedPlace;
  readonly cards: readonly SimulatedCard[];
  readonly outcomes: QuickPaymentOutcome[] = [];
  readonly paid = new Map<string, number>();
  readonly #draw: (below: number) => number;
  calm = false;
  #ports: QuickPaymentPorts | undefined;

  constructor(seed: number) {
    this.#draw = draws(seed);
    this.place = new SimulatedPlace({ profile: { logSeqMode: seed % 2 === 0 ? "pre" : "post" }, misreserve: seed % 3 === 0 });
    const electronicCash = { balanceFen: 1_000_000, algorithms: "sm", signatureVersion: seed % 2 === 0 ? "00" : "01" } as const;
    const purses = { balanceFen: 1_000_000, medicalPurse: { accountFen: 1_000_000 }, electronicCash };
    this.cards = Array.from({ length: 3 }, () => this.place.card({ ...purses, ...(seed % 4 === 0 ? { pin: "123456" } : {}) }));
  }

  #fate(): CommandFate {
    if (this.calm) return { kind: "ok" };
    const at = POINTS[this.#draw(3)] ?? "before";
    switch (this.#draw(50)) {
      case 0:
      case 1:
      case 2:
        return { kind: "tear", at };
      case 3:
        return { kind: "hang", at };
      case 4:
        return { kind: "reader-lost", at };
      case 5:
        return { kind: "power-cut", when: at === "before" ? "before" : "after" };
      default:
        return { kind: "ok" };
    }
  }

  async start(): Promise<void> {
    this.place.plan(({ to }) => {
      const fate = this.#fate();
      return to === "module" && (fate.kind === "tear" || fate.kind === "reader-lost") ? { kind: "ok" } : fate;
    });
    await this.#switchOn();
  }

  async #switchOn(): Promise<void> {
    const was = this.calm;
    this.calm = true;
    const ports = await this.place.clock.resolve(this.place.switchOn());
    await this.place.clock.resolve(recoverAtStart(ports));
    const links = await this.place.clock.resolve(openCardLinks({ journal: this.place.journal, suite: SUITE, storageKey: KEY, log: SILENT }));
    this.#ports = { ...ports, socialCard: { links, asks: true, profile: DEFAULT_CARD_PROFILE }, localRules: async (sale) => this.#ruling(sale) };
    this.calm = was;
  }

  /** A rule that says something else each time it is asked: what counts is the intent's word. */
  #ruling({ amount, pays }: RuledByPlace): LocalRuling {
    const discount = fen(this.#draw(AMOUNT));
    return pays !== "goods" || discount === 0 ? { kind: "sale" } : { kind: "sale", discount: { fullAmount: amount, discount, rule: "drawn" } };
  }

  /** Sells once; the holder puts a card back whenever none is there, mostly the same. */
  async sell(reference: string, card: SimulatedCard, purse: PurseChoice): Promise<string> {
    const { place } = this;
    if (place.reader.card !== undefined) place.reader.remove();
    place.reader.restoreReader();
    place.reader.insert(card);
    let outcome: QuickPaymentOutcome | undefined;
    if (this.#ports === undefined) throw new Error("the day was started");
    void runQuickPayment(this.#ports, { reference, amount: fen(AMOUNT), purse, pays: "goods" }, TEST_LIMITS).then((value) => {
      outcome = value;
    });
    for (let waits = 0; waits < 400 && outcome === undefined && place.on; waits += 1) {
      await place.clock.runUntil(place.clock.monotonicMs() + 300, () => outcome !== undefined || !place.on);
      if (!place.reader.present) place.reader.restoreReader();
      if (place.reader.card === undefined) place.reader.insert(!this.calm && this.#draw(4) === 0 ? (this.cards[this.#draw(3)] ?? card) : card);
    }
    if (!place.on) {
      await place.clock.runUntil(place.clock.monotonicMs() + 500);
      place.cutPower();
      place.reader.restoreReader();
      await this.#switchOn();
      return "cut";
    }
    if (outcome?.kind === "paid") this.paid.set(reference, (this.paid.get(reference) ?? 0) + 1);
    return outcome?.kind ?? "stuck";
  }

  async live(): Promise<void> {
    for (let sale = 0; sale < SALES; sale += 1) {
      const card = this.cards[this.#draw(3)];
      const purse = EVERY_PURSE[this.#draw(EVERY_PURSE.length)];
      if (card === undefined || purse === undefined) continue;
      for (let tries = 0; tries <= this.#draw(3); tries += 1) {
        const answer = await this.sell(`r${sale}`, card, purse);
        expect(answer).not.toBe("stuck");
        if (answer === "paid") break;
      }
    }
  }
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))("seed %i", async (seed) => {
  const day = new Day(seed);
  await day.start();
  await day.live();
  day.calm = true;
  for (const [index, card] of day.cards.entries())
    for (const purse of EVERY_PURSE) expect(await day.sell(`last-${index}-${purse.kind}`, card, purse)).toBe("paid");
  const entries = await day.place.clock.resolve(day.place.entries());
  const done = entries.filter(({ state }) => state === "done");
  const debits = day.cards.flatMap((card) => card.debits);
  expect(done.map(({ detail }) => debitName(detail)).sort()).toEqual(debits.map(debitName).sort());
  expect(await day.place.clock.resolve(day.place.journal.openSubjects({ limit: 10 }))).toEqual([]);
  const taken = new Map(debits.map((debit) => [debitName(debit), "accountFen" in debit ? debit.accountFen : debit.amountFen]));
  for (const { detail, amount } of done) {
    expect(taken.get(debitName(detail))).toBe(amount);
    expect(amount + (discountOf(detail)?.discount ?? 0)).toBe(AMOUNT);
  }
  // Whatever became of a sale, every entry of it says the discount of its intent.
  const rulings = new Map<string, Set<unknown>>();
  for (const { subject, amount, detail } of entries)
    rulings.set(subject, (rulings.get(subject) ?? new Set()).add(`${amount} ${JSON.stringify(discountOf(detail))}`));
  expect([...rulings.values()].filter(({ size }) => size > 1)).toEqual([]);
  const references = done.map(({ detail }) => detail["reference"]);
  expect(new Set(references).size).toBe(references.length);
  for (const reference of day.paid.keys()) expect(references).toContain(reference);
  const proofs = debits.map(({ tac }) => tac);
  for (const { detail } of done) {
    const isCash = detail["purse"] === "electronic-cash";
    expect(detail["algorithm"]).toBe(isCash ? undefined : 0);
    if (detail["proof"] !== "log-only") expect(proofs).toContain(isCash ? String(detail["tc"]).slice(0, 8) : detail["tac"]);
  }
});
