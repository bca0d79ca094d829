/* Reads what cards, journal and host have on record after a round: the host's ledger and the journal from their files, when their owners have ended. */
import { utf8 } from "../../device/base/bytes.ts";
import type { JournalStore } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { openSqliteStore } from "../../device/txn/journal/sqlite/store.ts";
import { verifyJournal } from "../../device/txn/journal/verify.ts";
import { isFields, parseFields } from "../host/canonical.ts";
import { type Booking, Ledger } from "../host/ledger.ts";
import type { BookedSale, RoundBooks, ToldSale } from "./compare.ts";
import { type Stand, TERMINAL_ID } from "./stand.ts";

const PAGE_ENTRIES = 500;

/** Reads all books of a round whose terminal and host have ended. */
export async function readBooks(suite: CipherSuite, stand: Stand, told: readonly ToldSale[]): Promise<RoundBooks> {
  const cards = await Promise.all(stand.cards.map((name) => stand.desk.truth(name)));
  return {
    debits: cards.flatMap(({ debits }) => debits),
    cardsLostFen: cards.reduce((sum, { initialBalanceFen, balanceFen }) => sum + initialBalanceFen - balanceFen, 0),
    told,
    ...(await readJournal(suite, stand.journalFolder)),
    ...readLedger(stand.ledgerFile),
  };
}

type JournalBooks = Pick<RoundBooks, "journalDone" | "journalEntries" | "journalBreak" | "resolved">;

async function readJournal(suite: CipherSuite, folder: string): Promise<JournalBooks> {
  const store = await openSqliteStore({ folder, limitBytes: Number.MAX_SAFE_INTEGER });
  try {
    const { entries, firstBreak, openSubjects, openBatches } = await verifyJournal(store, { suite });
    const troubles = [
      ...(await store.integrity()),
      ...(firstBreak === undefined ? [] : [`entry ${firstBreak.seq}: ${firstBreak.why}`]),
      ...(openSubjects === 0 ? [] : [`${openSubjects} sales are open`]),
      ...(openBatches === 0 ? [] : [`${openBatches} batches are not receipted`]),
    ];
    return { ...(await readEntries(store, entries)), journalEntries: entries, journalBreak: troubles.length === 0 ? undefined : troubles.join("; ") };
  } finally {
    await store.close();
  }
}

async function readEntries(store: JournalStore, last: number): Promise<Pick<JournalBooks, "journalDone" | "resolved">> {
  const journalDone: { subject: string; amountFen: number }[] = [];
  const resolved = { done: 0, void: 0 };
  for (let from = 1; from <= last; from += PAGE_ENTRIES) {
    for (const { subject, kind, state, body } of await store.entries(from, PAGE_ENTRIES)) {
      const fields = parseFields(utf8(body)) ?? {};
      if (state === "done" && kind === "quick-payment") journalDone.push({ subject, amountFen: Number(fields["amountFen"]) });
      if ((state === "done" || state === "void") && fields["resolves"] !== undefined) resolved[state] += 1;
    }
  }
  return { journalDone, resolved };
}

function readLedger(file: string): Pick<RoundBooks, "bookings" | "hostRecords" | "hostRejects" | "hostQuarantined" | "unknown"> {
  const ledger = Ledger.open(file);
  try {
    return {
      bookings: ledger.bookings().map((booking) => bookedSale(ledger, booking)),
      hostRecords: ledger.recordCount(),
      hostRejects: ledger.rejects().length,
      hostQuarantined: ledger.quarantines().length,
      unknown: ledger.unknownSubjects().length,
    };
  } finally {
    ledger.close();
  }
}

function bookedSale(ledger: Ledger, { subject, amountFen, journalId, bookedSeq }: Booking): BookedSale {
  const record = parseFields(utf8(ledger.recordText(TERMINAL_ID, journalId, bookedSeq) ?? ""));
  const detail = record?.["detail"];
  return { subject, amountFen, detail: isFields(detail) ? detail : {} };
}
