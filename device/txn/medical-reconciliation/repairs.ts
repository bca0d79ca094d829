/*
 * Goal: the two things that a reconciliation does, each durable before it is done and found again after a power cut.
 * Method: a reversal is an operation of its own, named by the message that it takes back; a void that the insurer shows becomes a record of
 * kind "medical-void", from which the order and the next comparison read that the settlement is gone. Spec: FSI, 2601; FSI, 5203.
 */

import { fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { operationOf, textMember } from "../journal/members.ts";
import { eachOpenSubject } from "../journal/open-subjects.ts";
import { type EntryDraft, type JournalEntry, OPEN_STATES } from "../journal/types.ts";
import { ask } from "../medical-host/ask.ts";
import type { HostPorts } from "../medical-host/ports.ts";
import type { Booking } from "./books.ts";
import { askSettlement } from "./statement.ts";
import type { ResultRow } from "./statement-file.ts";

export interface Repairs {
  readonly ports: HostPorts;
  readonly operator: string;
}

export interface OneSided {
  readonly row: ResultRow;
  readonly day: string;
  /** Limits of the next message; undefined when the time is over. */
  readonly next: () => Limits | undefined;
}

const REFERENCE_MAX = 64;

/** Deviation: which message took a settlement back at the insurer is not told; the one that this terminal would send is written. Spec: FSI, 2103. */
const VOID_CODES: Readonly<Record<string, string>> = { "2102": "2103", "2207": "2208" };

/**
 * Takes a booking back that ended here without one. "gone": the insurer no longer holds it, so nothing was sent. "open": it is done again with
 * the next comparison. Faults: those of the journal.
 */
export async function reverseOneSided(repairs: Repairs, booking: Booking, about: OneSided): Promise<"reversed" | "gone" | "open"> {
  const before = await standing(repairs, booking, about);
  if (before === "voided") return "gone";
  // The statement has just shown it: a refusal says nothing against that.
  if (before !== "standing") return laterOf(repairs, before);
  const begun = await begin(repairs, booking, about);
  const limits = about.next();
  if (limits === undefined) return "open";
  const { personNumber, msgid, infno, insuranceArea, receiver } = booking;
  const input = { data: { psn_no: personNumber, omsgid: msgid, oinfno: infno } };
  const way = { ...(insuranceArea === "" ? {} : { insuranceArea }), ...(receiver === undefined ? {} : { receiver }) };
  const answer = await ask(repairs.ports, { infno: "2601", input, ...way }, limits);
  // The host's word about a reversal is no end; how the settlement stands afterwards is.
  const after = await standing(repairs, booking, about);
  repairs.ports.log.info("one-sided-reversed", { subject: begun.subject, answer: answer.kind, after });
  // What was reversed was never there, so its query is refused; a refusal alone proves nothing.
  const isGone = after === "voided" || (after === "refused" && answer.kind === "done");
  if (!isGone) return laterOf(repairs, after);
  await end(repairs, begun);
  return "reversed";
}

/** A refusal may be about the day's sign-in: the next comparison begins with a new one. */
function laterOf({ ports }: Repairs, is: "standing" | "refused" | "silent"): "open" {
  if (is === "refused") ports.signIns.forget();
  return "open";
}

async function standing({ ports }: Repairs, booking: Booking, { row, next }: OneSided): Promise<"standing" | "voided" | "refused" | "silent"> {
  const limits = next();
  if (limits === undefined) return "silent";
  const { personNumber, insuranceArea, receiver } = booking;
  const { settlementId, visitId } = row;
  return (await askSettlement(ports, { personNumber, settlementId, visitId, insuranceArea, receiver }, limits)).kind;
}

const REVERSAL_ACT = "medical-reversal";

function reversalMark({ msgid }: Booking): string {
  return `reversal/${msgid}`;
}

/** The operation of this reversal: the one that an earlier run has begun and not ended, or a new one. */
async function begin({ ports, operator }: Repairs, booking: Booking, { row, day }: OneSided): Promise<JournalEntry> {
  const { journal } = ports;
  const known = await journal.mark(reversalMark(booking));
  const last = known === undefined ? undefined : (await journal.entriesOf(known)).at(-1);
  if (last !== undefined && OPEN_STATES.includes(last.state)) return last;
  const { subject, msgid, infno, insuranceArea, receiver, personNumber } = booking;
  return journal.append({
    kind: "operation",
    state: "prepared",
    amount: fen(Math.max(0, row.sums?.totalFen ?? 0)),
    personal: { psnNo: personNumber },
    detail: {
      operation: REVERSAL_ACT,
      omsgid: msgid,
      oinfno: infno,
      original: subject,
      setlId: row.settlementId,
      mdtrtId: row.visitId,
      insuranceArea,
      ...(receiver === undefined ? {} : { receiver }),
      day,
      operator,
    },
    subjectMark: reversalMark(booking),
  });
}

async function end({ ports }: Repairs, { subject, kind, amount, detail, personal }: JournalEntry): Promise<void> {
  await ports.journal.append({ subject, kind, amount, detail, state: "done", ...(personal === undefined ? {} : { personal }) });
}

/** A reversal that was sent before the power was cut, and has worked. */
export interface EndedReversal {
  readonly msgid: string;
  readonly settlementId: string;
  readonly original: string;
}

/**
 * Ends the operations of a day's earlier runs whose settlements the insurer no longer holds: its statement does not show them any more.
 * One that it still holds is met again as a row. Faults: those of the journal.
 */
export async function endEarlierReversals(repairs: Repairs, about: Pick<OneSided, "day" | "next">): Promise<readonly EndedReversal[]> {
  const { journal } = repairs.ports;
  const ended: EndedReversal[] = [];
  for await (const { subject } of eachOpenSubject(journal, "operation")) {
    const each = await endEarlier(repairs, (await journal.entriesOf(subject)).at(-1), about);
    if (each !== undefined) ended.push(each);
  }
  return ended;
}

async function endEarlier(
  repairs: Repairs,
  entry: JournalEntry | undefined,
  { day, next }: Pick<OneSided, "day" | "next">,
): Promise<EndedReversal | undefined> {
  if (entry === undefined || operationOf(entry.detail) !== REVERSAL_ACT || entry.detail["day"] !== day) return undefined;
  const limits = next();
  if (limits === undefined) return undefined;
  const name = {
    personNumber: textMember(entry.personal, "psnNo"),
    settlementId: textMember(entry.detail, "setlId"),
    visitId: textMember(entry.detail, "mdtrtId"),
    insuranceArea: textMember(entry.detail, "insuranceArea"),
    receiver: textMember(entry.detail, "receiver") || undefined,
  };
  const answer = await askSettlement(repairs.ports, name, limits);
  if (answer.kind === "standing" || answer.kind === "silent") return undefined;
  await end(repairs, entry);
  return { msgid: textMember(entry.detail, "omsgid"), settlementId: name.settlementId, original: textMember(entry.detail, "original") };
}

/** Takes over a void that the insurer shows: from now on journal and insurer agree. Faults: those of the journal. */
export async function importVoid({ ports, operator }: Repairs, booking: Booking, found: { readonly day: string; readonly time?: string }): Promise<void> {
  const { subject: original, settlementId, visitId, insuranceArea, receiver, infno, personNumber, sums, reference } = booking;
  // No client may be called so: a name of a client has no low line.
  const name = `_import.${settlementId.replaceAll(/[^A-Za-z0-9._-]/g, "_")}`.slice(0, REFERENCE_MAX);
  const draft: Omit<EntryDraft, "state"> = {
    kind: "medical-void",
    amount: fen(sums.totalFen),
    personal: { psnNo: personNumber },
    detail: {
      reference: name,
      order: reference,
      // No message of this terminal made it.
      msgid: "",
      infno: VOID_CODES[infno] ?? "2103",
      setlId: settlementId,
      mdtrtId: visitId,
      insuranceArea,
      ...(receiver === undefined ? {} : { receiver }),
      settleTimeoutMs: 0,
      original,
      imported: true,
      foundOn: found.day,
      ...(found.time === undefined ? {} : { voidTime: found.time }),
      operator,
      reason: "voided",
    },
  };
  const { journal, log } = ports;
  // The names by which an order finds the void of its settlement.
  const marks = [{ name: `void/${original}`, value: name }];
  const { subject } = await journal.append({ ...draft, state: "prepared", marks, subjectMark: `sale/${name}` });
  await journal.append({ ...draft, subject, state: "done" });
  log.info("void-imported", { subject, original });
}
