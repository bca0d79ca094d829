/* Three books of the same money: the devices' (cards, insurer), the journal's, the settlement host's. */
import { fen, formatYuan } from "../../device/base/fen.ts";
import type { TerminalJournal } from "../../device/txn/journal/journal.ts";
import type { Shop } from "./shop.ts";

export interface KindBooks {
  /** Sales that the journal holds as done. */
  readonly count: number;
  /** The cards' own total for purses, the insurer's ledger for medical purchases. */
  readonly deviceFen: number;
  readonly journalFen: number;
  readonly hostFen: number;
}

export interface Books {
  readonly equal: boolean;
  readonly byKind: Readonly<Record<"quick-payment" | "medical-purchase", KindBooks>>;
  readonly sales: number;
  readonly unknown: number;
}

const PAGE = 500;

interface Done {
  count: number;
  fen: number;
}

/** Reads all books. Nothing is kept in between: each is asked for its own total. */
export async function readBooks(shop: Shop): Promise<Books> {
  const journal = await journalTotals(shop.terminal.journal);
  const host = shop.ledger.totalsByKind();
  const cardsFen = shop.cards.reduce((total, { card }) => total + card.debits.reduce((sum, { amountFen }) => sum + amountFen, 0), 0);
  const insurerFen = Number(shop.insurer.ledger.totals().totalFen);
  const byKind = {
    "quick-payment": {
      count: journal["quick-payment"].count,
      deviceFen: cardsFen,
      journalFen: journal["quick-payment"].fen,
      hostFen: host["quick-payment"]?.fen ?? 0,
    },
    "medical-purchase": {
      count: journal["medical-purchase"].count,
      deviceFen: insurerFen,
      journalFen: journal["medical-purchase"].fen,
      hostFen: (host["medical-purchase"]?.fen ?? 0) - (host["medical-void"]?.fen ?? 0),
    },
  };
  const equal = Object.values(byKind).every(({ deviceFen, journalFen, hostFen }) => deviceFen === journalFen && journalFen === hostFen);
  const sales = byKind["quick-payment"].count + byKind["medical-purchase"].count;
  return { equal, byKind, sales, unknown: shop.ledger.unknownSubjects().length };
}

async function journalTotals(journal: TerminalJournal): Promise<Record<"quick-payment" | "medical-purchase", Done>> {
  const totals = { "quick-payment": { count: 0, fen: 0 }, "medical-purchase": { count: 0, fen: 0 } };
  for (let from = 1; from <= journal.lastSeq; from += PAGE) {
    for (const { kind, state, amount } of await journal.entries(from, PAGE)) {
      if (state !== "done") continue;
      if (kind === "quick-payment" || kind === "medical-purchase") count(totals[kind], amount, 1);
      // What was taken back stands nowhere any more.
      if (kind === "medical-void") count(totals["medical-purchase"], amount, -1);
    }
  }
  return totals;
}

function count(done: Done, amountFen: number, by: 1 | -1): void {
  done.count += by;
  done.fen += by * amountFen;
}

/** The books as a table for people. */
export function formatBooks(books: Books): string {
  const yuan = (amountFen: number) => formatYuan(fen(amountFen)).padStart(12);
  const rows = Object.entries(books.byKind).map(
    ([kind, row]) => `${kind.padEnd(18)} ${String(row.count).padStart(5)} ${yuan(row.deviceFen)} ${yuan(row.journalFen)} ${yuan(row.hostFen)}`,
  );
  const verdict = books.equal ? "equal to the fen" : "NOT EQUAL";
  return [
    `${"kind".padEnd(18)} ${"sales".padStart(5)} ${"cards/insurer".padStart(12)} ${"journal".padStart(11)} ${"host".padStart(12)}`,
    ...rows,
    `${verdict}; ${books.unknown} unknown`,
  ].join("\n");
}
