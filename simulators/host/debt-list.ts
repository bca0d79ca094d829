/*
 * Goal: whoever owes a ride is refused at every gate of the city until it is paid, and not a day longer.
 * Method: the list of the city is held against the desk's debts; what has come and what has gone leaves as one document, the first one whole and
 * each later one as changes. Spec: pos/v1, 8.
 */
import type { ChargeDesk } from "./debts.ts";
import type { Publication } from "./downlink.ts";
import type { Addressee } from "./downlink-document.ts";
import type { BookEntry, ListBook } from "./lists.ts";

export interface DebtListParts {
  readonly charges: Pick<ChargeDesk, "listEntries">;
  /** May hold other entries besides. */
  readonly book: ListBook;
  readonly to: Addressee;
  readonly publish: (publication: Publication) => void;
}

export class DebtList {
  readonly #parts: DebtListParts;

  constructor(parts: DebtListParts) {
    this.#parts = parts;
  }

  /** Publishes what has changed since the last time; false: nothing has. */
  publish(): boolean {
    const { charges, book, to, publish } = this.#parts;
    const owing = new Set(charges.listEntries().map(({ value }) => value));
    const listed = new Set([...book.entries].flatMap((entry) => (isDebt(entry) ? entry.value : [])));
    const come = [...owing].filter((account) => !listed.has(account));
    const gone = [...listed].filter((account) => !owing.has(account));
    if (come.length + gone.length === 0) return false;
    for (const account of come) book.list(debtOf(account));
    for (const account of gone) book.takeBack(debtOf(account));
    const { stream, sequence, base, body } = book.sequence === 0 ? book.whole() : book.changes();
    publish({ to, stream, sequence, base, body });
    return true;
  }
}

function isDebt({ entry, number }: BookEntry): boolean {
  return entry === "debt" && number === "account-number";
}

function debtOf(account: string): BookEntry {
  return { entry: "debt", number: "account-number", value: account };
}
