/*
 * Goal: a request of one business, with the fields of its row and no other.
 * Method: fields are made from values by one rule each; the row says which must be there. A value that its row has no place for is our own mistake,
 * because it would be lost without a word. Spec: UnionPay terminal, message table.
 */
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";
import { buildField60, buildField61, type OriginalMessage, parseField60 } from "../../codec/iso8583/private-fields.ts";
import type { IsoMessage, IsoValue } from "../../codec/iso8583/types.ts";
import type { AcquirerProfile } from "../acquiring/profile.ts";
import { type Business, MESSAGES, type MessageRow, rowFor } from "./messages.ts";

/** How the account came to the terminal. Spec: ISO 8583, entry mode. */
export type EntryMode = "manual" | "magnetic-stripe" | "chip" | "chip-by-radio" | "electronic-cash-by-radio";

export interface RequestValues {
  /** Field 11 and 60.2, six digits each. */
  readonly trace: string;
  readonly batch: string;
  readonly amount?: Fen;
  /** Digits of the account. */
  readonly account?: string;
  readonly entry?: EntryMode;
  /** YYMM. */
  readonly expiry?: string;
  /** One to three digits. */
  readonly cardSequence?: string;
  /** Digits with D between their parts; sent only where the profile says how. */
  readonly track2?: string;
  readonly pinBlock?: Bytes;
  readonly chipData?: Bytes;
  readonly original?: OriginalMessage;
  readonly retrievalReference?: string;
  readonly authorization?: string;
  /** HHMMSS and MMDD of what happened offline. */
  readonly localTime?: string;
  readonly localDate?: string;
  /** Field 48: totals, rows, their number. */
  readonly rows?: string;
  /** Field 62: what a download asks for. */
  readonly parameters?: Bytes;
  /** Field 63. */
  readonly text?: string;
}

const CURRENCY = "156";
const ENTRY_DIGITS: Readonly<Record<EntryMode, string>> = {
  manual: "01",
  "magnetic-stripe": "02",
  chip: "05",
  "chip-by-radio": "07",
  "electronic-cash-by-radio": "98",
};

/** A message without its field 64. The business must be offered: see `notOffered`. */
export function buildRequest(profile: AcquirerProfile, business: Exclude<Business, "reversal">, values: RequestValues): IsoMessage {
  const row = rowFor(profile, business);
  assert(row !== undefined, `${business} is offered by this acquirer`);
  const fields = fieldsOf(profile, row, values);
  demandRow(business, row, fields);
  return { type: row.type, fields };
}

function demandRow(business: Business, row: MessageRow, fields: ReadonlyMap<number, IsoValue>): void {
  for (const field of row.must) assert(fields.has(field), `${business} has field ${field}`);
  for (const field of fields.keys()) assert(row.must.includes(field) || row.may.includes(field), `${business} has no field ${field}`);
}

function fieldsOf(profile: AcquirerProfile, row: MessageRow, values: RequestValues): ReadonlyMap<number, IsoValue> {
  const fields = new Map<number, IsoValue>();
  const set = (field: number, value: IsoValue | undefined) => {
    if (value !== undefined) fields.set(field, value);
  };
  set(2, values.account);
  set(3, row.processing);
  set(4, values.amount === undefined ? undefined : amountDigits(values.amount));
  set(11, values.trace);
  set(12, values.localTime);
  set(13, values.localDate);
  set(14, values.expiry);
  set(22, values.entry === undefined ? undefined : `${ENTRY_DIGITS[values.entry]}${values.pinBlock === undefined ? "2" : "1"}`);
  set(23, values.cardSequence?.padStart(3, "0"));
  set(25, row.condition);
  set(35, profile.trackData === undefined ? undefined : values.track2);
  set(37, values.retrievalReference);
  set(38, values.authorization);
  set(41, profile.terminalNumber);
  set(42, profile.merchantNumber);
  set(48, values.rows);
  set(49, row.must.includes(49) ? CURRENCY : undefined);
  set(55, values.chipData);
  set(60, buildField60({ code: row.code, batch: values.batch, ...(row.network === undefined ? {} : { network: row.network }) }));
  set(61, values.original === undefined ? undefined : originalDigits(profile, values.original));
  set(62, values.parameters);
  set(63, values.text);
  if (values.pinBlock !== undefined) {
    set(26, String(profile.pinDigits.max).padStart(2, "0"));
    set(52, values.pinBlock);
    set(53, profile.securityControl);
  }
  return fields;
}

/** Twelve digits of fen. */
export function amountDigits(amount: Fen): string {
  return String(amount).padStart(12, "0");
}

function originalDigits(profile: AcquirerProfile, original: OriginalMessage): string {
  const { date, ...rest } = original;
  assert(!profile.originalDate || date !== undefined, "this acquirer wants the date of the original");
  return buildField61(profile.originalDate && date !== undefined ? { ...rest, date } : rest);
}

/** 98: no answer came; A0: its MAC was wrong; 06: anything else. Spec: UnionPay terminal, reversal. */
export type ReversalCause = "98" | "A0" | "06";

/** What a reversal has of its original: never a track, a PIN or a retrieval reference. Spec: UnionPay terminal, reversal. */
const KEPT = [2, 3, 4, 11, 14, 22, 23, 25, 41, 42, 49, 60] as const;

/**
 * Takes back a request whose answer is unknown. It keeps the trace number of its original, and names it in field 61 too.
 * `date`: MMDD on which the original was sent, where the profile wants it.
 */
export function buildReversal(
  profile: AcquirerProfile,
  original: IsoMessage,
  about: { readonly reason: ReversalCause; readonly date?: string; readonly chipData?: Bytes },
): IsoMessage {
  const fields = new Map<number, IsoValue>();
  for (const field of KEPT) {
    const value = original.fields.get(field);
    if (value !== undefined) fields.set(field, value);
  }
  const [trace, code] = [original.fields.get(11), original.fields.get(60)];
  const batch = typeof code === "string" ? parseField60(code)?.batch : undefined;
  assert(typeof trace === "string" && batch !== undefined, "an original has a trace number and a batch");
  fields.set(39, about.reason);
  fields.set(61, originalDigits(profile, { batch, trace, ...(about.date === undefined ? {} : { date: about.date }) }));
  if (about.chipData !== undefined) fields.set(55, about.chipData);
  demandRow("reversal", MESSAGES.reversal, fields);
  return { type: MESSAGES.reversal.type, fields };
}
