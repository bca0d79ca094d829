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
}

export interface GateCheckParts {
  readonly sameCardWindowMs: number;
  readonly nowMs: () => number;
  /** Newest state of a subject by the durable journal. */
  readonly stateOf: (subject: string) => string | undefined;
  readonly possibleFares: (entry: string | undefined, exit: string) => readonly number[];
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

  /** A card has committed a debit, or the record of an entry, at a lane. */
  charged(serial: string, at: { readonly lane: string; readonly direction: "entry" | "exit"; readonly place: string }, amountFen: number): void {
    const { sameCardWindowMs, nowMs, possibleFares } = this.#parts;
    const key = `${serial}/${at.direction}`;
    const before = this.#charged.get(key);
    const again = before !== undefined && nowMs() - before.atMs < sameCardWindowMs;
    promised(
      2,
      !again,
      () =>
        `card ${serial.slice(-4)} was charged ${amountFen} fen at ${at.lane}, ${Math.round(nowMs() - (before?.atMs ?? 0))} ms after ${before?.amountFen ?? 0} fen`,
    );
    this.#charged.set(key, { atMs: nowMs(), amountFen });
    const entry = this.#inside.get(serial);
    if (at.direction === "entry") {
      promised(2, amountFen === 0, () => `an entry of card ${serial.slice(-4)} took ${amountFen} fen`);
      this.#inside.set(serial, at.place);
      return;
    }
    const fares = possibleFares(entry, at.place);
    promised(2, fares.includes(amountFen), () => `a ride from ${entry ?? "nowhere"} to ${at.place} cost ${amountFen} fen, not ${fares.join(" or ")}`);
    this.#inside.delete(serial);
  }
}
