/*
 * Promises 1 to 3 for money that goes back: only what a card was debited for, never more than that, never twice for one request, and nothing out
 * of the drawer for a purse whose money goes back through its issuer. The truth is what the cards were debited.
 */
import type { DurableEntry } from "./durable-entry.ts";
import type { MoneyCheck } from "./money-check.ts";
import { promised } from "./violation.ts";

/** Purses whose money goes back in cash by the rules of the town. */
const IN_CASH: readonly string[] = ["e-purse", "compound"];

interface Refund {
  readonly subject: string;
  readonly amountFen: number;
}

export class RefundCheck {
  readonly #money: MoneyCheck;
  readonly #byRequest = new Map<string, Refund>();
  /** What went back of each sale. */
  readonly #returnedFen = new Map<string, number>();

  constructor(money: MoneyCheck) {
    this.#money = money;
  }

  get refunds(): ReadonlyMap<string, Refund> {
    return this.#byRequest;
  }

  durable({ kind, state, subject, reference = "", original, amountFen }: DurableEntry): void {
    // What goes back of an order names its order and no sale.
    if (kind !== "cash-refund" || state !== "done" || original === undefined) return;
    promised(2, !this.#byRequest.has(reference), () => `refund ${reference} was handed out twice`);
    const debit = this.#money.debitsBySubject.get(original);
    promised(
      2,
      debit !== undefined && IN_CASH.includes(debit.purse),
      () => `${amountFen} fen went back in cash for ${original}, paid from ${debit?.purse ?? "nothing"}`,
    );
    const totalFen = (this.#returnedFen.get(original) ?? 0) + amountFen;
    promised(2, amountFen > 0 && totalFen <= debit.amountFen, () => `${totalFen} fen went back of ${debit.amountFen} that ${original} took`);
    this.#byRequest.set(reference, { subject, amountFen });
    this.#returnedFen.set(original, totalFen);
  }

  /** Whether nothing is left of a sale. */
  isReturned(sale: string): boolean {
    const returnedFen = this.#returnedFen.get(sale);
    return returnedFen !== undefined && returnedFen === this.#money.debitsBySubject.get(sale)?.amountFen;
  }

  /** The till was told that money may be handed out. */
  told(request: string, told: Refund): void {
    const refund = this.#byRequest.get(request);
    promised(
      3,
      refund?.subject === told.subject && refund.amountFen === told.amountFen,
      () => `refund ${request} was told before it was durable, or as another one`,
    );
  }

  /** The till was told that nothing goes back. */
  notGiven(request: string): void {
    promised(3, !this.#byRequest.has(request), () => `refund ${request} was refused although it stands in the journal`);
  }

  /** The end: the host has booked each refund, and no other. */
  settled(booked: ReadonlyMap<string, number>): void {
    for (const { subject, amountFen } of this.#byRequest.values())
      promised(1, booked.get(subject) === amountFen, () => `${subject}: ${amountFen} fen went back, the host booked ${booked.get(subject) ?? 0}`);
    promised(2, booked.size === this.#byRequest.size, () => `the host booked ${booked.size} refunds, ${this.#byRequest.size} were handed out`);
  }
}
