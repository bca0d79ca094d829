/*
 * Goal: this terminal's side of a reconciliation, read from its own journal: settlements, their voids, the days that they stand on.
 * Method: entries are folded per subject, page by page. A day is that of the booking as the host has told it, else of the entry that is
 * final; the clock may have been set in between, so order in the journal says nothing about days.
 */

import type { FaultCode } from "../../base/fault.ts";
import { Fault } from "../../base/fault.ts";
import { civilTime, parseCivilTime } from "../../codec/civil-time.ts";
import { textMember } from "../journal/members.ts";
import type { Journal, JournalEntry, JsonObject, JsonValue, UploadJournal } from "../journal/types.ts";
import type { StatementSums } from "./acts.ts";

/** What a reconciliation needs of the journal beside what flows need. */
export type ReadableJournal = Pick<UploadJournal, "entries" | "lastSeq">;

/** A settlement of this terminal, whatever became of it. */
export interface Booking {
  readonly subject: string;
  readonly firstSeq: number;
  readonly reference: string;
  readonly msgid: string;
  /** Code of the message that books. */
  readonly infno: string;
  /** "open": its outcome is not known, or it is under way. */
  readonly state: "booked" | "not-booked" | "open";
  readonly insuranceType: string;
  readonly insuranceArea: string;
  readonly receiver: string | undefined;
  readonly personNumber: string;
  readonly settlementId: string;
  readonly visitId: string;
  readonly agency: string;
  readonly clearingType: string;
  readonly sums: StatementSums;
  /** China time, yyyy-MM-dd HH:mm:ss. */
  readonly time: string;
}

/** A void of a settlement, made here or taken over from the insurer. */
export interface VoidRecord {
  readonly subject: string;
  readonly firstSeq: number;
  readonly reference: string;
  readonly msgid: string;
  readonly state: "voided" | "not-voided" | "open";
  readonly original: string;
  readonly settlementId: string;
  readonly amountFen: number;
  /** yyyy-MM-dd HH:mm:ss; of a void that was taken over: the day of the statement that showed it. */
  readonly time: string;
}

export interface Books {
  readonly bookings: readonly Booking[];
  readonly voids: readonly VoidRecord[];
}

const PAGE = 200;

interface Folded {
  readonly firstSeq: number;
  readonly kind: JournalEntry["kind"];
  readonly first: JsonObject;
  detail: { [name: string]: JsonValue };
  personal: JsonObject | undefined;
  last: JournalEntry;
}

export interface ReadOptions {
  readonly fromSeq: number;
  readonly throughSeq: number;
  readonly signal: AbortSignal;
}

/** Reads settlements and voids whose first entry stands in the range. Faults: those of the journal, "cancelled". */
export async function readBooks(journal: ReadableJournal, options: ReadOptions): Promise<Books> {
  const folded = new Map<string, Folded>();
  await eachEntry(journal, options, (entry) => fold(folded, entry));
  return booksOf(folded);
}

/** Which settlements and messages are looked for. */
export interface Wanted {
  readonly settlements: ReadonlySet<string>;
  readonly messages: ReadonlySet<string>;
}

/** Finds single settlements and voids in a part of the journal that nobody keeps in memory. Faults: those of the journal, "cancelled". */
export async function findInBooks(journal: ReadableJournal & Pick<Journal, "entriesOf">, wanted: Wanted, options: ReadOptions): Promise<Books> {
  const subjects = new Set<string>();
  await eachEntry(journal, options, ({ kind, detail, subject }) => {
    if (kind !== "medical-purchase" && kind !== "medical-void") return;
    if (wanted.messages.has(textMember(detail, "msgid")) || wanted.settlements.has(textMember(detail, "setlId"))) subjects.add(subject);
  });
  const folded = new Map<string, Folded>();
  for (const subject of subjects) for (const entry of await journal.entriesOf(subject)) fold(folded, entry);
  return booksOf(folded);
}

async function eachEntry(journal: ReadableJournal, { fromSeq, throughSeq, signal }: ReadOptions, look: (entry: JournalEntry) => void): Promise<void> {
  let next = Math.max(1, fromSeq);
  // Each page starts behind the one before it, so the loop ends with the range.
  while (next <= throughSeq) {
    if (signal.aborted) throw cancelled("cancelled");
    const page = await journal.entries(next, Math.min(PAGE, throughSeq - next + 1));
    // Where entries were taken away by rule, the store goes on behind them.
    for (const entry of page) if (entry.seq <= throughSeq) look(entry);
    const last = page.at(-1);
    if (last === undefined) return;
    next = last.seq + 1;
  }
}

function cancelled(code: FaultCode): Fault {
  return new Fault(code, "the reconciliation was given up", { effectUnknown: false });
}

function fold(folded: Map<string, Folded>, entry: JournalEntry): void {
  if (entry.kind !== "medical-purchase" && entry.kind !== "medical-void") return;
  const known = folded.get(entry.subject);
  if (known === undefined) {
    const { seq, kind, detail, personal } = entry;
    folded.set(entry.subject, { firstSeq: seq, kind, first: detail, detail: { ...detail }, personal, last: entry });
    return;
  }
  Object.assign(known.detail, entry.detail);
  known.personal = entry.personal ?? known.personal;
  known.last = entry;
}

function booksOf(folded: ReadonlyMap<string, Folded>): Books {
  const bookings: Booking[] = [];
  const voids: VoidRecord[] = [];
  for (const [subject, each] of folded) {
    if (each.kind === "medical-void") voids.push(voidOf(subject, each));
    else if (textMember(each.first, "msgid") !== "") bookings.push(bookingOf(subject, each));
  }
  return { bookings, voids };
}

function bookingOf(subject: string, { firstSeq, first, detail, personal, last }: Folded): Booking {
  return {
    subject,
    firstSeq,
    reference: textMember(detail, "reference"),
    // The end of a reversed settlement names the reversal; the first entry names the settlement.
    msgid: textMember(first, "msgid"),
    infno: textMember(first, "infno"),
    state: bookingState(last),
    insuranceType: textMember(detail, "insuranceType"),
    insuranceArea: textMember(detail, "insuranceArea"),
    receiver: textMember(detail, "receiver") || undefined,
    personNumber: textMember(personal ?? {}, "psnNo"),
    settlementId: textMember(detail, "setlId"),
    visitId: textMember(detail, "mdtrtId"),
    agency: textMember(detail, "clrOptins"),
    clearingType: textMember(detail, "clrType"),
    sums: { totalFen: last.amount, fundFen: count(detail, "fundFen"), accountFen: count(detail, "accountFen") },
    time: timeOf(textMember(detail, "setlTime"), last),
  };
}

function bookingState({ state }: JournalEntry): Booking["state"] {
  if (state === "done") return "booked";
  return state === "refused" || state === "void" ? "not-booked" : "open";
}

function voidOf(subject: string, { firstSeq, first, detail, last }: Folded): VoidRecord {
  const state = last.state === "done" ? "voided" : last.state === "refused" || last.state === "void" ? "not-voided" : "open";
  return {
    subject,
    firstSeq,
    reference: textMember(detail, "reference"),
    msgid: textMember(first, "msgid"),
    state,
    original: textMember(detail, "original"),
    settlementId: textMember(detail, "setlId"),
    amountFen: last.amount,
    time: timeOf(textMember(detail, "voidTime"), last),
  };
}

/** The host's own word counts, where it is one. */
function timeOf(told: string, { wallMs }: JournalEntry): string {
  const toldMs = parseCivilTime(told);
  return civilTime(toldMs ?? wallMs).iso;
}

function count(object: JsonObject, name: string): number {
  const value = object[name];
  return typeof value === "number" ? value : 0;
}

/** Settlements and voids as a comparison looks for them. */
export class BookIndex {
  readonly #bySettlement = new Map<string, Booking>();
  readonly #byMessage = new Map<string, Booking>();
  readonly #bySubject = new Map<string, Booking>();
  readonly #voids = new Map<string, VoidRecord>();

  constructor(...parts: readonly Books[]) {
    for (const { bookings, voids } of parts) {
      for (const booking of bookings) {
        if (booking.settlementId !== "") this.#bySettlement.set(booking.settlementId, booking);
        this.#byMessage.set(booking.msgid, booking);
        this.#bySubject.set(booking.subject, booking);
      }
      for (const each of voids) this.#addVoid(each);
    }
  }

  /** A void that was refused says less than one that is done or may be. */
  #addVoid(each: VoidRecord): void {
    const known = this.#voids.get(each.settlementId);
    const rank = { "not-voided": 0, open: 1, voided: 2 } as const;
    if (known === undefined || rank[each.state] >= rank[known.state]) this.#voids.set(each.settlementId, each);
  }

  bySettlement(settlementId: string): Booking | undefined {
    return settlementId === "" ? undefined : this.#bySettlement.get(settlementId);
  }

  byMessage(msgid: string): Booking | undefined {
    return msgid === "" ? undefined : this.#byMessage.get(msgid);
  }

  bySubject(subject: string): Booking | undefined {
    return this.#bySubject.get(subject);
  }

  /** The void that says most about a settlement. */
  voidOf(settlementId: string): VoidRecord | undefined {
    return this.#voids.get(settlementId);
  }
}
