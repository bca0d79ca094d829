/*
 * Goal: a message from outside is understood as a whole, or refused with the field and the reason.
 * Method: strict, so that one message has one encoding: whatever is understood builds to the same bytes again. Spec: ISO 8583; UnionPay terminal, coding.
 */
import { type Bytes, toHex } from "../../base/bytes.ts";
import { type FieldFormat, type FieldRule, fieldRule, type IsoLayout } from "./fields.ts";
import type { IsoMessage, IsoValue } from "./types.ts";

export type IsoRefusal =
  | "too-short"
  | "type-malformed"
  /** Bit 1: a second bitmap, for fields that this dialect has not. */
  | "second-bitmap"
  | "field-unknown"
  | "length-truncated"
  | "length-malformed"
  | "value-truncated"
  | "not-a-digit"
  | "padding-wrong"
  | "not-a-track"
  | "not-ascii"
  | "trailing-bytes";

/** `field`: where it went wrong; absent where it is no field's fault. */
export type IsoParse = { readonly ok: true; readonly message: IsoMessage } | { readonly ok: false; readonly reason: IsoRefusal; readonly field?: number };

type Step<Value> = { readonly ok: true; readonly value: Value; readonly next: number } | { readonly ok: false; readonly reason: IsoRefusal };

const TYPE_BYTES = 2;
const BITMAP_BYTES = 8;
const HEAD_BYTES = TYPE_BYTES + BITMAP_BYTES;
const FIELDS_MAX = 64;

/** Reads a message from its type to its last field; `bytes` hold nothing else. Never throws. */
export function parseIso(bytes: Bytes, layout: IsoLayout): IsoParse {
  if (bytes.length < HEAD_BYTES) return { ok: false, reason: "too-short" };
  const type = toHex(bytes.subarray(0, TYPE_BYTES));
  if (!/^\d{4}$/.test(type)) return { ok: false, reason: "type-malformed" };
  const bitmap = bytes.subarray(TYPE_BYTES, HEAD_BYTES);
  if (hasBit(bitmap, 1)) return { ok: false, reason: "second-bitmap" };
  const fields = new Map<number, IsoValue>();
  let at = HEAD_BYTES;
  for (let field = 2; field <= FIELDS_MAX; field += 1) {
    if (!hasBit(bitmap, field)) continue;
    const rule = fieldRule(field, layout);
    if (rule === undefined) return { ok: false, reason: "field-unknown", field };
    const step = readField(bytes, at, { rule, layout });
    if (!step.ok) return { ok: false, reason: step.reason, field };
    fields.set(field, step.value);
    at = step.next;
  }
  return at === bytes.length ? { ok: true, message: { type, fields } } : { ok: false, reason: "trailing-bytes" };
}

function hasBit(bitmap: Bytes, field: number): boolean {
  const byte = bitmap[(field - 1) >>> 3] ?? 0;
  return (byte & (0x80 >>> ((field - 1) & 7))) !== 0;
}

function readField(bytes: Bytes, at: number, how: { readonly rule: FieldRule; readonly layout: IsoLayout }): Step<IsoValue> {
  const { rule, layout } = how;
  const length = readLength(bytes, at, rule);
  if (!length.ok) return length;
  const next = length.next + bytesOf(rule.format, length.value);
  if (next > bytes.length) return { ok: false, reason: "value-truncated" };
  const value = readValue(bytes.subarray(length.next, next), { rule, length: length.value, layout });
  return typeof value === "string" || value instanceof Uint8Array ? { ok: true, value, next } : value;
}

function readLength(bytes: Bytes, at: number, { length }: FieldRule): Step<number> {
  if (length.kind === "fixed") return { ok: true, value: length.length, next: at };
  const next = at + (length.kind === "LL" ? 1 : 2);
  if (next > bytes.length) return { ok: false, reason: "length-truncated" };
  const digits = toHex(bytes.subarray(at, next));
  // Three digits in two bytes: the fourth half is no part of the length.
  if (!/^(?:\d\d|0\d{3})$/.test(digits)) return { ok: false, reason: "length-malformed" };
  return { ok: true, value: Number(digits), next };
}

/** Bytes of a value with so many digits, characters or bytes. */
export function bytesOf(format: FieldFormat, length: number): number {
  return format === "n" || format === "z" ? Math.ceil(length / 2) : length;
}

/** Where the spare half of an odd number of digits stands. Spec: UnionPay terminal, coding. */
export function spareSide({ length, padding }: FieldRule, layout: IsoLayout): "left" | "right" {
  if (length.kind !== "fixed") return "right";
  return padding === "field22" && layout.field22 === "left" ? "right" : "left";
}

interface ValueShape {
  readonly rule: FieldRule;
  readonly length: number;
  readonly layout: IsoLayout;
}

function readValue(bytes: Bytes, shape: ValueShape): IsoValue | { readonly ok: false; readonly reason: IsoRefusal } {
  const { format } = shape.rule;
  if (format === "b") return bytes.slice();
  if (format === "n" || format === "z") return readDigits(toHex(bytes).toUpperCase(), shape);
  if (format === "ans") return Buffer.from(bytes).toString("latin1");
  return bytes.every((byte) => byte >= 0x20 && byte <= 0x7e) ? Buffer.from(bytes).toString("latin1") : { ok: false, reason: "not-ascii" };
}

function readDigits(halves: string, { rule, length, layout }: ValueShape): string | { readonly ok: false; readonly reason: IsoRefusal } {
  const odd = halves.length > length;
  const left = odd && spareSide(rule, layout) === "left";
  const spare = left ? halves.slice(0, 1) : halves.slice(length);
  const digits = left ? halves.slice(1) : halves.slice(0, length);
  if (odd && spare !== "0") return { ok: false, reason: "padding-wrong" };
  if (rule.format === "z") return /^[\dD]*$/.test(digits) ? digits : { ok: false, reason: "not-a-track" };
  return /^\d*$/.test(digits) ? digits : { ok: false, reason: "not-a-digit" };
}
