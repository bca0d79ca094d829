/*
 * Promises 1 to 3 for every purse: a durable intent covers every debit, no sale is debited twice, nothing is called paid before it is.
 * The truth is what the cards themselves have committed.
 */
import type { CardDebit } from "../../card/state.ts";
import { type DurableEntry, saleName } from "./durable-entry.ts";
import { promised } from "./violation.ts";

interface Intent {
  readonly subject: string;
  readonly purse: string;
  readonly amountFen: number;
  readonly reference: string | undefined;
  readonly cardSerial: string | undefined;
}

interface Debit {
  readonly serial: string;
  readonly purse: string;
  readonly amountFen: number;
  readonly subject: string;
}

export class MoneyCheck {
  readonly #intents = new Map<string, Intent>();
  readonly #bySubject = new Map<string, Intent>();
  readonly #debits = new Set<string>();
  readonly #debitOf = new Map<string, Debit>();
  readonly #debitedReferences = new Map<string, string>();
  readonly #done = new Set<string>();

  /** Debits by the subject they belong to. */
  get debitsBySubject(): ReadonlyMap<string, Debit> {
    return this.#debitOf;
  }

  /** The purse that a subject is paid from. */
  purseOf(subject: string): string | undefined {
    return this.#intentOf(subject)?.purse;
  }

  /** Card that was presented last when the subject's intent became durable. */
  cardOf(subject: string): string | undefined {
    return this.#intentOf(subject)?.cardSerial;
  }

  #intentOf(subject: string): Intent | undefined {
    return this.#bySubject.get(subject);
  }

  durable(entry: DurableEntry, lastCard: string | undefined): void {
    if (entry.state === "done") this.#done.add(entry.subject);
    if (entry.kind !== "quick-payment" || entry.state !== "prepared" || entry.saleName === undefined) return;
    promised(2, !this.#intents.has(entry.saleName), () => `two sales are called ${entry.saleName}`);
    const { subject, purse, amountFen, reference } = entry;
    const intent: Intent = { subject, purse, amountFen, reference, cardSerial: lastCard };
    this.#intents.set(entry.saleName, intent);
    this.#bySubject.set(subject, intent);
  }

  /** The result is the sale that the debit belongs to. */
  debited(serial: string, debit: CardDebit): string {
    const name = saleName(debit);
    const intent = this.#intents.get(name);
    const { amountFen, purse = "e-purse" } = debit;
    promised(1, intent !== undefined && intent.amountFen === amountFen, () => `${amountFen} fen were debited for ${name} without a durable intent`);
    promised(1, intent.purse === purse, () => `${name} was meant for ${intent.purse}, the card debited its ${purse}`);
    promised(2, !this.#debits.has(name), () => `${name} was debited twice`);
    const { reference, subject } = intent;
    if (reference !== undefined) {
      promised(
        2,
        !this.#debitedReferences.has(reference),
        () => `sale ${reference} was debited as ${this.#debitedReferences.get(reference)} and again as ${name}`,
      );
      this.#debitedReferences.set(reference, name);
    }
    this.#debits.add(name);
    this.#debitOf.set(subject, { serial, purse, amountFen, subject });
    return subject;
  }

  /** A flow told its caller that goods may go. */
  paid(subject: string, amountFen: number): void {
    promised(3, this.#done.has(subject), () => `${subject} was called paid before its record was durable`);
    const debit = this.debitsBySubject.get(subject);
    promised(3, debit?.amountFen === amountFen, () => `${subject} was called paid, the card was debited ${debit?.amountFen ?? 0} fen`);
  }

  /** A flow told its caller that no money moved: true for good only if the card agrees. */
  notPaid(subject: string): void {
    promised(3, !this.debitsBySubject.has(subject), () => `${subject} was called unpaid although the card was debited`);
  }
}
