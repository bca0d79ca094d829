/*
 * Goal: one record of a batch is either understood whole or named by what is wrong with it.
 * Method: pure functions without the ledger: shape and sums. The proof of a card debit stands in debits.ts.
 */
import { canonicalize, countField, isFields, type JsonFields, textField } from "./canonical.ts";
import type { SumRow } from "./messages.ts";

export const RECORD_KINDS: readonly string[] = [
  "quick-payment",
  "medical-purchase",
  "medical-order",
  "medical-void",
  "cash-tender",
  "cash-refund",
  "offline-medical",
  "stock-upload",
  "passage",
  "delayed-charge",
  "bank-payment",
  "bank-return",
  "purse-load",
  "bank-settlement",
  "contribution",
  "operation",
];
export const RECORD_STATES: readonly string[] = ["prepared", "acting", "done", "refused", "unknown", "resolving", "void"];
const CLOCK_QUALITIES: readonly unknown[] = ["trusted", "held", "untrusted"];

export interface TerminalRecord {
  readonly seq: number;
  readonly subject: string;
  /** Sequence of the subject's first record, out of its name. */
  readonly firstSeq: number;
  readonly kind: string;
  readonly state: string;
  readonly amountFen: number;
  readonly resolves: number | undefined;
  readonly detail: JsonFields;
  readonly personal: JsonFields;
}

export type RecordParse = { readonly ok: true; readonly record: TerminalRecord } | { readonly ok: false; readonly reason: string };

function wrong(reason: string): RecordParse {
  return { ok: false, reason };
}

/** First sequence in a subject's name, or undefined when the name is not of this journal. */
function firstSeqOf(subject: string, journalId: string): number | undefined {
  const tail = subject.startsWith(`${journalId}-`) ? subject.slice(journalId.length + 1) : "";
  return /^[1-9]\d{0,14}$/.test(tail) ? Number(tail) : undefined;
}

/** Reads one record; `seq` is what its place in the batch says. Spec: pos/v1, 3. */
export function parseRecord(value: unknown, place: { readonly journalId: string; readonly seq: number }): RecordParse {
  if (!isFields(value)) return wrong("record-malformed");
  const subject = textField(value, "subject");
  const kind = textField(value, "kind");
  const state = textField(value, "state");
  const amountFen = countField(value, "amountFen");
  const { detail, personal = {}, resolves } = value;
  if (subject === undefined || kind === undefined || state === undefined || amountFen === undefined) return wrong("record-malformed");
  if (!isFields(detail) || !isFields(personal) || !hasClockReadings(value)) return wrong("record-malformed");
  if (countField(value, "seq") !== place.seq) return wrong("seq-wrong");
  if (!RECORD_KINDS.includes(kind)) return wrong("kind-unknown");
  if (!RECORD_STATES.includes(state)) return wrong("state-unknown");
  const firstSeq = firstSeqOf(subject, place.journalId);
  if (firstSeq === undefined || firstSeq > place.seq) return wrong("subject-foreign");
  if (resolves !== undefined && !earlier(resolves, place.seq)) return wrong("resolves-wrong");
  return { ok: true, record: { seq: place.seq, subject, firstSeq, kind, state, amountFen, resolves: resolves as number | undefined, detail, personal } };
}

function hasClockReadings(value: JsonFields): boolean {
  // A terminal's wall clock may stand before 1970 after a lost battery, so only "a whole number" is asked of it.
  const read = countField(value, "boot") !== undefined && countField(value, "monotonicMs") !== undefined && Number.isSafeInteger(value["wallMs"]);
  return read && isClockWord(value["clock"]);
}

/** How far the wall clock may be relied on; older terminals do not say. */
function isClockWord(clock: unknown): boolean {
  if (clock === undefined) return true;
  if (!isFields(clock) || !CLOCK_QUALITIES.includes(clock["quality"])) return false;
  return clock["errorMs"] === undefined || countField(clock, "errorMs") !== undefined;
}

function earlier(resolves: unknown, seq: number): boolean {
  return typeof resolves === "number" && Number.isSafeInteger(resolves) && resolves >= 1 && resolves < seq;
}

/** Canonical text of a record for the ledger: personal fields stay in the sealed body. */
export function ledgerText(value: unknown): string {
  if (!isFields(value)) return "null";
  return canonicalize({ ...value, personal: undefined }) ?? "null";
}

/** Sums by (kind, state) as the envelope must state them, or undefined where a record is too broken to be summed. */
export function sumRecords(values: readonly unknown[]): readonly SumRow[] | undefined {
  const sums = new Map<string, SumRow>();
  for (const value of values) {
    if (!isFields(value)) return undefined;
    const kind = textField(value, "kind");
    const state = textField(value, "state");
    const amountFen = countField(value, "amountFen");
    if (kind === undefined || state === undefined || amountFen === undefined) return undefined;
    const key = JSON.stringify([kind, state]);
    const known = sums.get(key) ?? { kind, state, count: 0, fen: 0 };
    sums.set(key, { kind, state, count: known.count + 1, fen: known.fen + amountFen });
  }
  return [...sums.values()].sort((left, right) => compareText(left.kind, right.kind) || compareText(left.state, right.state));
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

export function equalSums(left: readonly SumRow[], right: readonly SumRow[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((row, at) => {
    const other = right[at];
    return other !== undefined && row.kind === other.kind && row.state === other.state && row.count === other.count && row.fen === other.fen;
  });
}
