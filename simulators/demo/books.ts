/*
 * Books of the same money, function by function: the other side's own (cards, insurer, acquirer, agency), the journal's, the settlement host's.
 * Nothing is kept in between: each is asked for its own total.
 */
import { fen, formatYuan } from "../../device/base/fen.ts";
import type { TerminalJournal } from "../../device/txn/journal/journal.ts";
import type { JournalEntry } from "../../device/txn/journal/types.ts";
import type { ServiceCounts } from "./service-counter.ts";
import type { Shop } from "./shop.ts";

const BOOK_KINDS = ["quick-payment", "medical-purchase", "bank-card", "contribution", "purse-load"] as const;

type BookKind = (typeof BOOK_KINDS)[number];

export interface KindBooks {
  /** What the journal holds as done, without what was taken back. */
  readonly count: number;
  /** The other side's own total: what the cards lost, the ledgers of insurer, acquirer and agency. */
  readonly deviceFen: number;
  readonly journalFen: number;
  readonly hostFen: number;
}

export interface Books {
  readonly equal: boolean;
  readonly byKind: Readonly<Record<BookKind, KindBooks>>;
  readonly sales: number;
  readonly unknown: number;
  /** Services of the card, which move no money. */
  readonly services: ServiceCounts;
}

interface Done {
  count: number;
  fen: number;
}

const PAGE = 500;

/** Which book a kind of record stands in; what takes back counts against it. */
const BOOK_OF: Readonly<Record<string, readonly [kind: BookKind, sign: 1 | -1]>> = {
  "quick-payment": ["quick-payment", 1],
  "medical-purchase": ["medical-purchase", 1],
  "medical-void": ["medical-purchase", -1],
  "bank-payment": ["bank-card", 1],
  "bank-return": ["bank-card", -1],
  contribution: ["contribution", 1],
  "purse-load": ["purse-load", 1],
};

export async function readBooks(shop: Shop, services: ServiceCounts): Promise<Books> {
  const journal = await journalTotals(shop.terminal.journal);
  const host = hostTotals(shop);
  const others = othersTotals(shop);
  const row = (kind: BookKind): KindBooks => ({
    count: journal[kind].count,
    deviceFen: others[kind],
    journalFen: journal[kind].fen,
    hostFen: host[kind].fen,
  });
  const byKind = Object.fromEntries(BOOK_KINDS.map((kind) => [kind, row(kind)])) as Readonly<Record<BookKind, KindBooks>>;
  const equal = Object.values(byKind).every(({ deviceFen, journalFen, hostFen }) => deviceFen === journalFen && journalFen === hostFen);
  const sales = Object.values(byKind).reduce((sum, { count }) => sum + count, 0);
  return { equal, byKind, sales, unknown: shop.ledger.unknownSubjects().length, services };
}

function othersTotals({ cards, insurer, services }: Shop): Readonly<Record<BookKind, number>> {
  const debits = cards.flatMap(({ card }) => card.debits.map(({ amountFen }) => amountFen));
  const bank = services.acquirer.ledger.transactions().filter(({ status }) => status !== "reversed");
  const sumOf = (...wanted: readonly string[]) => bank.filter(({ business }) => wanted.includes(business)).reduce((sum, { amountFen }) => sum + amountFen, 0);
  return {
    "quick-payment": debits.reduce((sum, amountFen) => sum + amountFen, 0),
    "medical-purchase": Number(insurer.ledger.totals().totalFen),
    // What leaves the account for a purse is the account's money too.
    "bank-card": sumOf("sale", "withdrawal", "purse-load", "cash-load") - sumOf("void", "refund"),
    contribution: services.agency.ledger.totals().paidFen,
    "purse-load": cards.flatMap(({ card }) => card.loads).reduce((sum, { amountFen }) => sum + amountFen, 0),
  };
}

function noTotals(): Record<BookKind, Done> {
  return Object.fromEntries(BOOK_KINDS.map((kind) => [kind, { count: 0, fen: 0 }])) as Record<BookKind, Done>;
}

function hostTotals({ ledger }: Shop): Record<BookKind, Done> {
  const totals = noTotals();
  // What others clear is told to the host and booked nowhere there.
  const all = { ...ledger.toldByKind(), ...ledger.totalsByKind() };
  for (const [recordKind, { count, fen: sum }] of Object.entries(all)) add(totals, recordKind, { count, fen: sum });
  return totals;
}

async function journalTotals(journal: TerminalJournal): Promise<Record<BookKind, Done>> {
  const last = new Map<string, JournalEntry>();
  for (let from = 1; from <= journal.lastSeq; from += PAGE) {
    for (const entry of await journal.entries(from, PAGE)) last.set(entry.subject, entry);
  }
  const totals = noTotals();
  for (const { kind, state, amount } of last.values()) if (state === "done") add(totals, kind, { count: 1, fen: amount });
  return totals;
}

function add(totals: Record<BookKind, Done>, recordKind: string, { count, fen: sum }: Done): void {
  const [kind, sign] = BOOK_OF[recordKind] ?? [];
  if (kind === undefined || sign === undefined) return;
  totals[kind].count += sign * count;
  totals[kind].fen += sign * sum;
}

const OTHER_SIDE: Readonly<Record<BookKind, string>> = {
  "quick-payment": "cards",
  "medical-purchase": "insurer",
  "bank-card": "acquirer",
  contribution: "agency",
  "purse-load": "cards",
};

/** The books as a table for people. */
export function formatBooks(books: Books): string {
  const yuan = (amountFen: number) => formatYuan(fen(amountFen)).padStart(12);
  const line = (name: string, count: number, side: string, sums: string) => `${name.padEnd(18)} ${String(count).padStart(5)}  ${side.padEnd(9)}${sums}`;
  const rows = BOOK_KINDS.map((kind) => {
    const { count, deviceFen, journalFen, hostFen } = books.byKind[kind];
    return line(kind, count, OTHER_SIDE[kind], `${yuan(deviceFen)} ${yuan(journalFen)} ${yuan(hostFen)}`);
  });
  const { done, refused } = books.services;
  return [
    `${"function".padEnd(18)} ${"count".padStart(5)}  ${"other side".padEnd(9)} ${"its books".padStart(10)} ${"journal".padStart(12)} ${"host".padStart(12)}`,
    ...rows,
    line("services", done, "", `${" ".repeat(4)}and ${refused} refused with the office to go to`),
    `${books.equal ? "equal to the fen" : "NOT EQUAL"}; ${books.unknown} unknown`,
  ].join("\n");
}
