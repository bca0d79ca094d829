/*
 * Goal: one record of a batch is either understood whole or named by what is wrong with it.
 * Method: pure functions without the ledger: shape, sums, and the proof of a card debit by its TAC.
 */
import { type Bytes, concat, equalBytes, parseHex, readUint, u8, u32be } from "../../device/base/bytes.ts";
import { CARD_AMOUNT_MAX } from "../../device/base/fen.ts";
import { canonicalize, countField, isFields, type JsonFields, textField } from "./canonical.ts";
import type { SumRow } from "./messages.ts";

export const RECORD_KINDS: readonly string[] = ["quick-payment", "medical-purchase", "operation"];
export const RECORD_STATES: readonly string[] = ["prepared", "acting", "done", "refused", "unknown", "resolving", "void"];

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
  return countField(value, "boot") !== undefined && countField(value, "monotonicMs") !== undefined && Number.isSafeInteger(value["wallMs"]);
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

/** What names one debit of one card: the whole TAC input and the card. */
export interface DebitFacts {
  readonly serial: Bytes;
  readonly issuer: Bytes;
  /** Algorithm byte of the INITIALIZE answer; unknown where power failed before it was durable. */
  readonly algorithm: number | undefined;
  /** amount ‖ type ‖ terminal ‖ terminal sequence ‖ date ‖ time. */
  readonly tacInput: Bytes;
}

function hexOf(fields: JsonFields, name: string, length: number): Bytes | undefined {
  const text = textField(fields, name);
  const bytes = text === undefined ? undefined : parseHex(text);
  return bytes?.length === length ? bytes : undefined;
}

/** The debit that a quick-payment record speaks of, or undefined when a field of the TAC input is missing. Spec: pos/v1, 3; PBOC purse, purchase. */
export function debitFacts(record: TerminalRecord): DebitFacts | undefined {
  const { detail, personal, amountFen } = record;
  const serial = hexOf(personal, "cardSerial", 10);
  const issuer = hexOf(personal, "issuer", 8);
  const terminal = hexOf(detail, "terminalNumber", 6);
  const type = hexOf(detail, "type", 1);
  const date = hexOf(detail, "date", 4);
  const time = hexOf(detail, "time", 3);
  const terminalSeq = countField(detail, "terminalSeq");
  const algorithm = countField(detail, "algorithm");
  if (serial === undefined || issuer === undefined || terminal === undefined || type === undefined || date === undefined || time === undefined)
    return undefined;
  if (terminalSeq === undefined || terminalSeq > 0xffff_ffff || amountFen > CARD_AMOUNT_MAX) return undefined;
  const tacInput = concat(u32be(amountFen), u8(readUint(type, 0, 1)), terminal, u32be(terminalSeq), date, time);
  return { serial, issuer, algorithm, tacInput };
}

/**
 * How the card's TAC is computed again. One value where the record names the algorithm, one for each that the card may have used where it
 * does not, none where the algorithm has no key here.
 */
export type TacOracle = (facts: DebitFacts) => readonly Bytes[];

export type DebitVerdict = "proved" | "unproved" | "tac-wrong" | "tac-missing" | "tac-input-malformed" | "tac-key-unknown";

/** Judges the proof of a done quick payment. */
export function judgeDebit(record: TerminalRecord, facts: DebitFacts | undefined, oracle: TacOracle): DebitVerdict {
  if (facts === undefined) return "tac-input-malformed";
  if (record.detail["tac"] === undefined) return record.detail["proof"] === "log-only" ? "unproved" : "tac-missing";
  const tac = hexOf(record.detail, "tac", 4);
  if (tac === undefined) return "tac-wrong";
  const expected = oracle(facts);
  if (expected.length === 0) return "tac-key-unknown";
  return expected.some((candidate) => equalBytes(tac, candidate)) ? "proved" : "tac-wrong";
}
