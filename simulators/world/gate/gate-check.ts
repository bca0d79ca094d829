/*
 * Promises 2 and 3 at gates: each opening has a paid sale of its own that was durable before, no sale lets two people pass, no card is charged
 * twice for one passage, and each ride costs what the network's own rule says. The truth is what cards and gates did.
 */
import type { DurableEntry } from "../checks/durable-entry.ts";
import { promised } from "../checks/violation.ts";

interface Opening {
  readonly subject: string;
  readonly sale: string | undefined;
}

interface Charged {
  readonly atMs: number;
  readonly amountFen: number;
  readonly sale: string;
}

export interface GateCheckParts {
  readonly sameCardWindowMs: number;
  readonly nowMs: () => number;
  /** Newest state of a subject by the durable journal. */
  readonly stateOf: (subject: string) => string | undefined;
  readonly possibleFares: (entry: string | undefined, exit: string) => readonly number[];
  /** Whether a card was debited for this sale, or signed for it as a ride that is owed: not the journal's word. */
  readonly isTrue: (sale: string) => boolean;
  /** Whether nothing is left of its money. */
  readonly isReturned: (sale: string) => boolean;
}

/** Where and for what a card was charged. */
export interface ChargedAt {
  readonly lane: string;
  readonly use: "entry" | "exit" | "ride";
  readonly place: string;
}

export class GateCheck {
  readonly #parts: GateCheckParts;
  /** The newest durable opening of each lane that no gate has moved for yet. */
  readonly #announced = new Map<string, Opening>();
  readonly #openings = new Map<string, Opening>();
  readonly #passed = new Set<string>();
  readonly #charged = new Map<string, Charged>();
  /** Where each card's holder got in, by what was written on the card. */
  readonly #inside = new Map<string, string>();
  #opened = 0;

  constructor(parts: GateCheckParts) {
    this.#parts = parts;
  }

  /** Openings by command so far. */
  get opened(): number {
    return this.#opened;
  }

  isInside(serial: string): boolean {
    return this.#inside.has(serial);
  }

  durable(entry: DurableEntry): void {
    if (entry.kind !== "passage") return;
    if (entry.state === "prepared") this.#announce(entry);
    else if (entry.state === "done") this.#passage(entry.subject);
  }

  #announce({ subject, sale, lane }: DurableEntry): void {
    if (sale !== undefined) {
      promised(3, this.#parts.stateOf(sale) === "done", () => `a gate was to open for ${sale}, which is ${this.#parts.stateOf(sale) ?? "unknown here"}`);
      promised(3, this.#parts.isTrue(sale), () => `a gate was to open for ${sale}, for which no card has given anything`);
      promised(3, !this.#parts.isReturned(sale), () => `a gate was to open for ${sale}, whose money went back`);
      promised(3, !this.#passed.has(sale), () => `a gate was to open again for ${sale}, for which somebody has passed`);
    }
    const opening = { subject, sale };
    this.#announced.set(lane ?? "", opening);
    this.#openings.set(subject, opening);
  }

  #passage(subject: string): void {
    const sale = this.#openings.get(subject)?.sale;
    if (sale !== undefined) this.#passed.add(sale);
  }

  /** A gate moves. */
  moved(lane: string): void {
    promised(3, this.#announced.has(lane), () => `the gate of lane ${lane} opened without a durable record of why`);
    this.#announced.delete(lane);
    this.#opened += 1;
  }

  /** A card has committed a debit, or the record of an entry, or signed for a ride at a lane. */
  charged(serial: string, at: ChargedAt, { amountFen, sale }: { readonly amountFen: number; readonly sale: string }): void {
    this.#once(serial, at, { atMs: this.#parts.nowMs(), amountFen, sale });
    if (at.use === "entry") {
      promised(2, amountFen === 0, () => `an entry of card ${serial.slice(-4)} took ${amountFen} fen`);
      this.#inside.set(serial, at.place);
      return;
    }
    const entry = at.use === "exit" ? this.#inside.get(serial) : undefined;
    const fares = this.#parts.possibleFares(entry, at.place);
    promised(2, fares.includes(amountFen), () => `a ride from ${entry ?? "nowhere"} to ${at.place} cost ${amountFen} fen, not ${fares.join(" or ")}`);
    if (at.use === "exit") this.#inside.delete(serial);
  }

  /** Whoever has the money back may pay anew. */
  #once(serial: string, { lane, use }: ChargedAt, charged: Charged): void {
    const { sameCardWindowMs, isReturned } = this.#parts;
    const key = `${serial}/${use}`;
    const before = this.#charged.get(key);
    const sinceMs = charged.atMs - (before?.atMs ?? 0);
    promised(
      2,
      before === undefined || sinceMs >= sameCardWindowMs || isReturned(before.sale),
      () => `card ${serial.slice(-4)} was charged ${charged.amountFen} fen at ${lane}, ${Math.round(sinceMs)} ms after ${before?.amountFen ?? 0} fen`,
    );
    this.#charged.set(key, charged);
  }
}
