/*
 * What the entries of an upload say, written and read back. It moves no money, so that it is an operation; what it tells of is a record of its own.
 * Its message stands in the sealed part from the first try on: each further try is the same. Spec: pos/v1, 3.
 */
import { type Bytes, parseHex, toHex } from "../../base/bytes.ts";
import { type Fen, fen } from "../../base/fen.ts";
import { isObject } from "../../codec/json.ts";
import type { RequestValues } from "../acquirer-host/request.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { EntryDraft, JournalEntry, JsonObject, JsonValue, RecordState } from "../journal/types.ts";
import { mergedDetail, mergedPersonal } from "../recovery/recover.ts";
import type { FixedValues, RecordedUpload, UploadKind } from "./upload-types.ts";

const KIND = "operation";
const KINDS: readonly UploadKind[] = ["offline-upload", "script-result"];

/** The mark under which the upload of one record stands: there is one for each. */
export function uploadMark(kind: UploadKind, subject: string): string {
  return `bank/${kind}/${subject}`;
}

/** The record owes an upload. */
export function owedDraft(kind: UploadKind, of: JournalEntry): EntryDraft {
  return {
    kind: KIND,
    state: "prepared",
    amount: kind === "offline-upload" ? of.amount : fen(0),
    detail: { operation: kind, of: of.subject, tries: 0, mayHaveArrived: false },
    subjectMark: uploadMark(kind, of.subject),
  };
}

export interface LaterStep {
  readonly state: RecordState;
  readonly more: JsonObject;
  readonly personal?: JsonObject;
  readonly marks?: EntryDraft["marks"];
}

export function uploadDraft(upload: RecordedUpload, { state, more, personal, marks }: LaterStep): EntryDraft {
  const { last, amount } = upload;
  const sealed = { ...upload.personal, ...personal };
  return {
    subject: upload.subject,
    kind: KIND,
    state,
    amount,
    detail: { ...last.detail, ...more },
    ...(Object.keys(sealed).length === 0 ? {} : { personal: sealed }),
    ...(marks === undefined ? {} : { marks }),
  };
}

/** A try after an answer that decided nothing continues as such. */
export function tryState({ last }: RecordedUpload): "acting" | "resolving" {
  return last.state === "unknown" || last.state === "resolving" ? "resolving" : "acting";
}

/** Reads an upload back; undefined for every other operation. */
export function readUpload(entries: readonly JournalEntry[]): RecordedUpload | undefined {
  const last = entries.at(-1);
  if (last === undefined || last.kind !== KIND) return undefined;
  const detail = mergedDetail(entries);
  const kind = KINDS.find((each) => each === detail["operation"]);
  if (kind === undefined) return undefined;
  const [stan, batch, hash] = [textMember(detail, "stan"), textMember(detail, "batch"), textMember(detail, "hash")];
  return {
    subject: last.subject,
    last: { ...last, detail },
    kind,
    of: textMember(detail, "of"),
    amount: last.amount,
    tries: countMember(detail, "tries") ?? 0,
    sent: stan === "" ? undefined : { stan, batch, hash },
    mayHaveArrived: detail["mayHaveArrived"] === true,
    parked: detail["parked"] === true,
    reason: textMember(detail, "reason"),
    personal: mergedPersonal(entries),
  };
}

// ---- the message in the sealed part: digits as they are, bytes in hexadecimal

export function valuesMember(values: FixedValues): JsonObject {
  const { chipData, original, amount, entry, account, expiry, cardSequence, localTime, localDate, text, retrievalReference } = values;
  const texts: Readonly<Record<string, string | undefined>> = { entry, account, expiry, cardSequence, localTime, localDate, text, retrievalReference };
  const given = Object.entries(texts).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return {
    ...Object.fromEntries(given),
    ...(amount === undefined ? {} : { amountFen: amount }),
    ...(chipData === undefined ? {} : { chipData: toHex(chipData) }),
    ...(original === undefined ? {} : { original: { ...original } }),
  };
}

/** Undefined where the sealed part has no message, or none that is ours. */
export function readValues(value: JsonValue | undefined): FixedValues | undefined {
  if (!isObject(value)) return undefined;
  const original = value["original"];
  const text = <Name extends "expiry" | "account" | "cardSequence" | "localTime" | "localDate" | "text" | "retrievalReference">(name: Name) =>
    // The computed name is the one of the type.
    (textMember(value, name) === "" ? {} : { [name]: textMember(value, name) }) as { readonly [Each in Name]?: string };
  return {
    ...text("account"),
    ...text("expiry"),
    ...text("cardSequence"),
    ...text("localTime"),
    ...text("localDate"),
    ...text("text"),
    ...text("retrievalReference"),
    ...entryOf(textMember(value, "entry")),
    ...amountOf(countMember(value, "amountFen")),
    ...bytesOf(parseHex(textMember(value, "chipData"))),
    ...(isObject(original) ? { original: originalOf(original) } : {}),
  };
}

const ENTRIES = ["manual", "magnetic-stripe", "chip", "chip-by-radio", "electronic-cash-by-radio"] as const;

function entryOf(name: string): Pick<RequestValues, "entry"> {
  const entry = ENTRIES.find((each) => each === name);
  return entry === undefined ? {} : { entry };
}

function amountOf(count: number | undefined): { readonly amount?: Fen } {
  return count === undefined ? {} : { amount: fen(count) };
}

function bytesOf(bytes: Bytes | undefined): { readonly chipData?: Bytes } {
  return bytes === undefined || bytes.length === 0 ? {} : { chipData: bytes };
}

function originalOf(original: JsonObject): { readonly batch: string; readonly trace: string; readonly date?: string } {
  const date = textMember(original, "date");
  return { batch: textMember(original, "batch"), trace: textMember(original, "trace"), ...(date === "" ? {} : { date }) };
}
