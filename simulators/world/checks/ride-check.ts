/*
 * Promises 1 to 3 for rides that are charged later: each record of one is a ride of the card that lay at the lane, the first ride of a card stays
 * within its limit, the host charges that card's account once and for that amount, and nothing else.
 */
import type { DurableEntry } from "./durable-entry.ts";
import { promised } from "./violation.ts";

interface Ride {
  readonly account: string;
  readonly amountFen: number;
}

/** A ride as the host's books have it. */
export interface ChargedRide extends Ride {
  readonly subject: string;
  readonly state: string;
}

export class RideCheck {
  readonly #firstRideLimitFen: number;
  readonly #rides = new Map<string, Ride>();
  readonly #counts = new Map<string, number>();

  constructor(firstRideLimitFen: number) {
    this.#firstRideLimitFen = firstRideLimitFen;
  }

  /** Whether this subject is a ride that is owed. */
  isRide(subject: string): boolean {
    return this.#rides.has(subject);
  }

  ridesOf(account: string): number {
    return this.#counts.get(account) ?? 0;
  }

  /** A ride has become durable while the card of this account lay at the lane, or was the last one there. */
  rode({ subject, amountFen, firstUse }: DurableEntry, account: string): void {
    promised(2, !this.#rides.has(subject), () => `${subject} was written twice`);
    const before = this.ridesOf(account);
    promised(3, before > 0 || firstUse, () => `${subject} is the first ride of its card, and is not called so`);
    promised(
      3,
      before > 0 || amountFen <= this.#firstRideLimitFen,
      () => `the first ride of a card cost ${amountFen} fen, ${this.#firstRideLimitFen} are allowed`,
    );
    this.#rides.set(subject, { account, amountFen });
    this.#counts.set(account, before + 1);
  }

  /** The end: the host has booked each ride once and charged its account, and no other. */
  settled(booked: ReadonlyMap<string, number>, charged: readonly ChargedRide[]): void {
    const rows = new Map(charged.map((row) => [row.subject, row]));
    for (const [subject, { account, amountFen }] of this.#rides) {
      const row = rows.get(subject);
      promised(1, booked.get(subject) === amountFen, () => `${subject}: ${amountFen} fen are owed, the host booked ${booked.get(subject) ?? 0}`);
      promised(1, row?.account === account && row.amountFen === amountFen, () => `${subject} was charged to another account, or not as ${amountFen} fen`);
      promised(1, row.state === "charged" || row.state === "recovered", () => `${subject} is left ${row.state} although everybody has paid`);
    }
    promised(2, booked.size === this.#rides.size && rows.size === this.#rides.size, () => `${rows.size} rides were charged, ${this.#rides.size} were made`);
  }
}
