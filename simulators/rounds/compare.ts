/*
 * Goal: say whether cards, journal and settlement host tell the same story, sale by sale and to the fen.
 * Method: pure. Every debit that a card committed is looked for among the bookings by what the card itself knows of it, and the other way round.
 */
import type { CardDebit } from "../card/state.ts";
import type { Line } from "./line-process.ts";

export interface BookedSale {
  readonly subject: string;
  readonly amountFen: number;
  /** Detail of the record that was booked, as the host received it. */
  readonly detail: Line;
}

export interface ToldSale {
  readonly reference: string;
  readonly subject: string;
  readonly amountFen: number;
}

/** What everybody says after a round. */
export interface RoundBooks {
  readonly debits: readonly CardDebit[];
  /** What the cards' balances have lost. */
  readonly cardsLostFen: number;
  readonly bookings: readonly BookedSale[];
  /** Sales that the journal holds as done. */
  readonly journalDone: readonly { readonly subject: string; readonly amountFen: number }[];
  readonly journalEntries: number;
  /** Sales that were unknown and then proved by their card, and those that their card had not debited. */
  readonly resolved: { readonly done: number; readonly void: number };
  /** What a walk over the journal found wrong. */
  readonly journalBreak: string | undefined;
  readonly hostRecords: number;
  readonly hostRejects: number;
  readonly hostQuarantined: number;
  /** Subjects that the host still lists as open. */
  readonly unknown: number;
  /** Sales that the counter was told are paid. */
  readonly told: readonly ToldSale[];
}

/** What a card's debit and the record of it have in common; a proof by the log alone may lack the TAC, so it is compared apart. */
function debitName(facts: Line): string {
  const { terminalNumber, date, time } = facts;
  return `${String(terminalNumber)} ${String(date)} ${String(time)}`;
}

function sumFen(rows: readonly { readonly amountFen: number }[]): number {
  return rows.reduce((sum, { amountFen }) => sum + amountFen, 0);
}

/** Names that stand more than once. */
function doubled(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return names.filter((name) => {
    const again = seen.has(name);
    seen.add(name);
    return again;
  });
}

function debitProblems({ debits, bookings }: RoundBooks): readonly string[] {
  const booked = new Map(bookings.map((booking) => [debitName(booking.detail), booking]));
  const problems = doubled([
    ...bookings.map(({ detail }) => `booking of ${debitName(detail)}`),
    ...debits.map((debit) => `debit ${debitName({ ...debit })}`),
  ]).map((name) => `${name} stands twice`);
  const names = new Set(debits.map((debit) => debitName({ ...debit })));
  for (const debit of debits) {
    const name = debitName({ ...debit });
    const booking = booked.get(name);
    if (booking === undefined) problems.push(`debit ${name} of ${debit.amountFen} fen is not booked`);
    else if (booking.amountFen !== debit.amountFen) problems.push(`debit ${name} of ${debit.amountFen} fen is booked as ${booking.amountFen}`);
    else if (booking.detail["tac"] !== undefined && booking.detail["tac"] !== debit.tac) problems.push(`booking ${booking.subject} has another TAC`);
  }
  for (const { subject, detail } of bookings) if (!names.has(debitName(detail))) problems.push(`booking ${subject} has no debit`);
  return problems;
}

/** Compares two lists of subjects with their amounts. */
function listProblems(what: string, listed: readonly { readonly subject: string; readonly amountFen: number }[], { bookings }: RoundBooks): readonly string[] {
  const row = ({ subject, amountFen }: { readonly subject: string; readonly amountFen: number }) => `${subject} ${amountFen}`;
  const left = new Set(listed.map(row));
  const right = new Set(bookings.map(row));
  return [
    ...doubled(listed.map(row)).map((name) => `${what} ${name} stands twice`),
    ...[...left].filter((name) => !right.has(name)).map((name) => `${what} ${name} is not booked so`),
    ...[...right].filter((name) => !left.has(name)).map((name) => `booking ${name} is not ${what}`),
  ];
}

/** Everything that does not fit; empty when the ledger equals the card debits and nothing is odd. */
export function differences(books: RoundBooks): readonly string[] {
  const { debits, cardsLostFen, bookings, journalEntries, hostRecords, hostRejects, hostQuarantined, journalBreak, unknown } = books;
  const problems: string[] = [];
  const bookedFen = sumFen(bookings);
  if (bookedFen !== sumFen(debits)) problems.push(`${bookedFen} fen are booked, the cards debited ${sumFen(debits)}`);
  if (cardsLostFen !== sumFen(debits)) problems.push(`the cards' balances lost ${cardsLostFen} fen, their debits say ${sumFen(debits)}`);
  if (hostRecords !== journalEntries) problems.push(`the host has ${hostRecords} records, the journal ${journalEntries} entries`);
  if (hostRejects !== 0) problems.push(`${hostRejects} records were parked`);
  if (hostQuarantined !== 0) problems.push("the terminal is in quarantine");
  if (unknown !== 0) problems.push(`${unknown} sales are open at the host`);
  if (journalBreak !== undefined) problems.push(`the journal is broken: ${journalBreak}`);
  return [
    ...problems,
    ...debitProblems(books),
    ...listProblems("done in the journal:", books.journalDone, books),
    ...listProblems("told as paid:", books.told, books),
  ];
}
