/* What the entries of an upload say, written and read back. Spec: pos/v1, 3. */
import { isObject } from "../../codec/json.ts";
import { textMember } from "../journal/members.ts";
import type { EntryDraft, JournalEntry, JsonObject } from "../journal/types.ts";
import type { StockRows } from "./rows.ts";
import type { ParkedUpload, StockUploadRequest } from "./types.ts";

const KIND = "stock-upload";

/** Why an upload ends without a word: sale and return met before the insurer had taken either. */
export const RETURNED_UNTOLD = "returned-untold";

/** An upload as its durable entries tell it. */
export interface RecordedUpload {
  readonly last: JournalEntry;
  readonly reference: string;
  readonly order: string;
  readonly act: "sale" | "return";
  readonly insuranceArea: string;
  readonly rows: readonly JsonObject[];
  readonly personal: JsonObject;
  readonly taken: number;
  readonly parked: boolean;
}

/** The record holds all that will be told: nothing else is needed after a power cut. Goods are sealed: they tell of an illness. */
export function enqueuedDraft(request: StockUploadRequest, { rows, personal }: StockRows): EntryDraft {
  const { reference, order, act, operator, settlement, amount } = request;
  return {
    kind: KIND,
    state: "prepared",
    amount,
    detail: { reference, order, act, operator, insuranceArea: settlement?.insuranceArea ?? "", taken: 0 },
    personal: { ...personal, rows },
    subjectMark: `sale/${reference}`,
  };
}

export interface LaterStep {
  readonly state: "acting" | "resolving" | "done" | "refused" | "unknown" | "void";
  readonly taken?: number;
  readonly more?: JsonObject;
  /** The insurer's words may name a person: they are sealed. */
  readonly message?: string;
}

/** A later entry of the same upload; its rows stand in the first one. */
export function laterDraft(
  { last, reference, order, act, taken: before, rows, personal }: RecordedUpload,
  { state, taken = before, more = {}, message }: LaterStep,
): EntryDraft {
  return {
    subject: last.subject,
    kind: KIND,
    state,
    amount: last.amount,
    detail: { reference, order, act, taken, rowCount: rows.length, ...more },
    personal: message === undefined ? personal : { ...personal, message },
  };
}

/** The mark under which the other act of the same order stands. */
export function markOf(order: string, act: "sale" | "return"): string {
  return `sale/${order}.${act === "sale" ? "u1" : "u2"}`;
}

/** After progress an upload that was tried again by a person goes on as such. */
export function progressState({ last }: RecordedUpload): "acting" | "resolving" {
  return last.state === "resolving" ? "resolving" : "acting";
}

/** Reads an upload back from its entries, oldest first; undefined when its rows cannot be read. */
export function readUpload(entries: readonly JournalEntry[]): RecordedUpload | undefined {
  const [first, last] = [entries[0], entries.at(-1)];
  const rows = first?.personal?.["rows"];
  const personal = entries.findLast((entry) => entry.personal !== undefined)?.personal;
  if (first === undefined || last === undefined || personal === undefined || !Array.isArray(rows)) return undefined;
  const taken = last.detail["taken"];
  // What belongs to every row: neither the rows, nor what the insurer has said before.
  const { message: _, rows: __, ...told } = personal;
  return {
    last,
    reference: textMember(first.detail, "reference"),
    order: textMember(first.detail, "order"),
    act: textMember(first.detail, "act") === "return" ? "return" : "sale",
    insuranceArea: textMember(first.detail, "insuranceArea"),
    rows: rows.filter((row: JsonObject) => isObject(row)),
    personal: told,
    taken: typeof taken === "number" ? taken : 0,
    parked: last.state === "unknown",
  };
}

export function parkedView({ last, reference, order, act, taken, rows }: RecordedUpload): ParkedUpload {
  return {
    subject: last.subject,
    reference,
    order,
    act,
    rowsTaken: taken,
    rows: rows.length,
    message: textMember(last.personal ?? {}, "message"),
    parkedAtMs: last.wallMs,
  };
}
