/*
 * A shop on the virtual PC/SC stage: one whole terminal, a cashier who insists, and the truth of every card that was ever presented. For tests
 * in which the hardware fails in the middle of sales.
 */
import { expect } from "vitest";
import { fen } from "../../device/base/fen.ts";
import { limits } from "../../device/drivers/contract/bench.ts";
import { systemClock } from "../../device/system/clock.ts";
import type { JournalEntry } from "../../device/txn/journal/types.ts";
import type { QuickPaymentOutcome } from "../../device/txn/quick-payment/types.ts";
import type { CardTruth } from "../../simulators/reader/desk.ts";
import type { PcscdStage } from "./pcscd.ts";
import { openPcscdTerminal, type PcscdTerminal, type PcscdTerminalOptions } from "./pcscd-bench.ts";

const clock = systemClock();
const SALE = limits(15_000);
export const AMOUNT_FEN = 450;
const BALANCE_FEN = 10_000;
/** Longest way of a command from the terminal to the far side of the service. */
const UNDER_WAY_LOOKS_MAX = 200;
const LOOK_MS = 5;
const LOOKS_MAX = 1_000;
const ATTEMPTS_MAX = 100;
const ENTRIES_AT_ONCE = 1_000;
/** How long a service needs to be done with a client that has died. */
const DEAD_CLIENT_MS = 300;

export const SLOT = { counter: 0, modules: 1 } as const;

/** Where in a sale the hardware fails: while this command has no answer. */
export interface Standstill {
  readonly reader: "counter" | "modules";
  readonly command: string;
  readonly at: "before" | "after";
}

export async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    if (await look()) return;
    await clock.sleep(LOOK_MS);
  }
  throw new Error(`it did not happen: ${what}`);
}

/** A debit by what both card and terminal write of it. */
export function debitName(terminalSeq: unknown, amountFen: number, tac?: unknown): string {
  return JSON.stringify([terminalSeq, amountFen, tac]);
}

/** What was measured, by kind of failure; printed once at the end. */
export class Figures {
  readonly #values = new Map<string, number[]>();

  add(name: string, valueMs: number): void {
    this.#values.set(name, [...(this.#values.get(name) ?? []), valueMs]);
  }

  print(): void {
    for (const [name, values] of this.#values) {
      const sorted = values.toSorted((left, right) => left - right);
      const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
      process.stdout.write(`measured: ${name}: median ${at(0.5)} ms, worst ${at(1)} ms, ${sorted.length} times\n`);
    }
  }
}

/** A shop with one terminal, and the truth of every card that was ever presented. */
export class Shop {
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

  async newCard(balanceFen = BALANCE_FEN): Promise<string> {
    const card = await this.stage.makeCard({ balanceFen });
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
  async standAt(moment: Standstill, card: string, reference: string): Promise<{ readonly sale: Promise<QuickPaymentOutcome> }> {
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
  async #arrivalOf({ reader }: Standstill): Promise<() => Promise<void>> {
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

  async #counts(reader: Standstill["reader"]): Promise<{ readonly transmit: number; readonly presence: number }> {
    return (await this.stage.simulator.request({ do: "counts", reader, slot: SLOT[reader] })) as { readonly transmit: number; readonly presence: number };
  }

  /**
   * Waits until the service has looked at the empty slot and is done with its dead client. No hand is so quick that a card comes between a
   * failed reset of the service and its next look; the service would go on to call that slot empty.
   */
  async slotSeenEmpty(): Promise<void> {
    const { presence } = await this.#counts("counter");
    await until("the service looks at the slot", async () => (await this.#counts("counter")).presence > presence);
    await clock.sleep(DEAD_CLIENT_MS);
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

  async entries(): Promise<readonly JournalEntry[]> {
    const entries: JournalEntry[] = [];
    for (;;) {
      const more = await this.place.terminal.journal.entries(entries.length + 1, ENTRIES_AT_ONCE);
      if (more.length === 0) return entries;
      entries.push(...more);
    }
  }

  /** What every card itself knows. */
  truths(): Promise<readonly CardTruth[]> {
    return Promise.all(this.#cards.map((card) => this.stage.simulator.truth(card)));
  }

  /** Every debit of every card, and every sale that the journal calls done: the same sales, each once. */
  async expectEqualLedgers(): Promise<void> {
    const truths = await this.truths();
    const debits = truths.flatMap((truth) => truth.debits).map(({ amountFen, terminalSeq, tac }) => debitName(terminalSeq, amountFen, tac));
    const done = (await this.entries()).filter(({ state }) => state === "done");
    expect(done.map(({ amount, detail }) => debitName(detail["terminalSeq"], amount, detail["tac"])).sort()).toEqual(debits.sort());
    expect(new Set(done.map(({ detail }) => detail["reference"])).size).toBe(done.length);
    for (const { balanceFen, initialBalanceFen, debits: own } of truths) expect(balanceFen).toBe(initialBalanceFen - own.length * AMOUNT_FEN);
  }

  /** The journal on the disk is whole, nothing is open, and this terminal was switched on once. */
  async expectWholeJournal(): Promise<void> {
    expect(await this.place.verify()).toMatchObject({ openSubjects: 0 });
    expect((await this.place.verify()).firstBreak).toBeUndefined();
    expect(this.place.terminal.status().boot).toBe(1);
  }
}
