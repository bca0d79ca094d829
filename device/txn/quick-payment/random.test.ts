/*
 * Goal: whatever happens in whatever order, the cards' own truth and the journal agree in the end.
 * Method: a seed draws cards, tears, hangs, lost readers, swapped cards and power cuts; afterwards everything is calm and each card is
 * tapped once more. The larger sister of this test is the simulated world.
 */
import { expect, test } from "vitest";
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { fen } from "../../base/fen.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import { runQuickPayment } from "./run.ts";
import { type CommandFate, SimulatedPlace, TEST_LIMITS } from "./testing.ts";
import type { QuickPaymentOutcome } from "./types.ts";

const SEEDS = 40;
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

  constructor(seed: number) {
    this.#draw = draws(seed);
    this.place = new SimulatedPlace({ profile: { logSeqMode: seed % 2 === 0 ? "pre" : "post" }, misreserve: seed % 3 === 0 });
    this.cards = Array.from({ length: 3 }, () => this.place.card({ balanceFen: 1_000_000 }));
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
    this.calm = was;
  }

  /** Sells once; the holder puts a card back whenever none is there, mostly the same. */
  async sell(reference: string, card: SimulatedCard): Promise<string> {
    const { place } = this;
    if (place.reader.card !== undefined) place.reader.remove();
    place.reader.restoreReader();
    place.reader.insert(card);
    let outcome: QuickPaymentOutcome | undefined;
    void runQuickPayment(place.ports, { reference, amount: fen(AMOUNT) }, TEST_LIMITS).then((value) => {
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
      if (card === undefined) continue;
      for (let tries = 0; tries <= this.#draw(3); tries += 1) {
        const answer = await this.sell(`r${sale}`, card);
        expect(answer).not.toBe("stuck");
        if (answer === "paid") break;
      }
    }
  }
}

/** What names a debit, on the card and in the record. */
function nameOf(debit: { readonly date: unknown; readonly time: unknown; readonly terminalSeq: unknown }): string {
  return `${String(debit.date)}${String(debit.time)}#${String(debit.terminalSeq)}`;
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))("seed %i", async (seed) => {
  const day = new Day(seed);
  await day.start();
  await day.live();
  day.calm = true;
  for (const [index, card] of day.cards.entries()) expect(await day.sell(`last${index}`, card)).toBe("paid");
  const entries = await day.place.clock.resolve(day.place.entries());
  const done = entries.filter(({ state }) => state === "done");
  const debits = day.cards.flatMap((card) => card.debits);
  expect(done.map(({ detail }) => nameOf({ date: detail["date"], time: detail["time"], terminalSeq: detail["terminalSeq"] })).sort()).toEqual(
    debits.map(nameOf).sort(),
  );
  expect(await day.place.clock.resolve(day.place.journal.openSubjects({ limit: 10 }))).toEqual([]);
  const references = done.map(({ detail }) => detail["reference"]);
  expect(new Set(references).size).toBe(references.length);
  for (const reference of day.paid.keys()) expect(references).toContain(reference);
  for (const { detail } of done) expect(detail["algorithm"]).toBe(0);
  for (const { detail } of done) if (detail["proof"] !== "log-only") expect(debits.map(({ tac }) => tac)).toContain(detail["tac"]);
});
