/*
 * Data object lists: the card names data objects and lengths, the terminal answers with the values alone, one after the other.
 * Spec: JR/T 0025, data object lists (rules as in EMV book 3, 5.4).
 */
import { assert } from "../base/assert.ts";
import { type Bytes, concat } from "../base/bytes.ts";

/** One data object that the card wants, with the length in which it wants it. */
export interface DolEntry {
  readonly tag: number;
  /** 0 to 252 bytes. */
  readonly length: number;
}

/** "too-long": more values than one command can carry. */
export type DolParse =
  | { readonly ok: true; readonly entries: readonly DolEntry[] }
  | { readonly ok: false; readonly reason: "tag-malformed" | "tag-truncated" | "length-missing" | "length-too-long" | "too-long" };

/** Values of one list, which must fit one command with its template around them. */
export const DOL_VALUES_MAX = 252;
const TAG_BYTES_MAX = 3;

/** Reads a list. Never throws. */
export function parseDol(bytes: Bytes): DolParse {
  const entries: DolEntry[] = [];
  let values = 0;
  let at = 0;
  while (at < bytes.length) {
    const tagLength = tagLengthAt(bytes, at);
    if (typeof tagLength === "string") return { ok: false, reason: tagLength };
    let tag = 0;
    for (let index = 0; index < tagLength; index += 1) tag = tag * 256 + (bytes[at + index] ?? 0);
    const length = bytes[at + tagLength];
    if (length === undefined) return { ok: false, reason: "length-missing" };
    if (length > DOL_VALUES_MAX) return { ok: false, reason: "length-too-long" };
    values += length;
    if (values > DOL_VALUES_MAX) return { ok: false, reason: "too-long" };
    entries.push({ tag, length });
    at += tagLength + 1;
  }
  return { ok: true, entries };
}

function tagLengthAt(bytes: Bytes, at: number): number | "tag-malformed" | "tag-truncated" {
  const first = bytes[at] ?? 0;
  if (first === 0x00) return "tag-malformed";
  if ((first & 0x1f) !== 0x1f) return 1;
  for (let length = 2; length <= TAG_BYTES_MAX; length += 1) {
    const byte = bytes[at + length - 1];
    if (byte === undefined) return "tag-truncated";
    if (length === 2 && byte === 0x80) return "tag-malformed";
    if ((byte & 0x80) === 0) return length;
  }
  return "tag-malformed";
}

/** Bytes of a list that was read or put together by hand. */
export function encodeDol(entries: readonly DolEntry[]): Bytes {
  return concat(...entries.map(({ tag, length }) => concat(tagBytes(tag), Uint8Array.of(length))));
}

function tagBytes(tag: number): Bytes {
  const bytes: number[] = [];
  for (let rest = tag; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}

/** "n": decimal digits, right-aligned. "cn": digits, left-aligned, filled with F. "b": everything else, left-aligned. */
export type DataFormat = "n" | "cn" | "b";

/** Formats that differ from "b". Spec: JR/T 0025, data element dictionary. */
const FORMATS: ReadonlyMap<number, DataFormat> = new Map<number, DataFormat>([
  [0x42, "n"],
  [0x5a, "cn"],
  [0x5f24, "n"],
  [0x5f25, "n"],
  [0x5f28, "n"],
  [0x5f2a, "n"],
  [0x5f30, "n"],
  [0x5f34, "n"],
  [0x5f36, "n"],
  [0x9a, "n"],
  [0x9c, "n"],
  [0x9f01, "n"],
  [0x9f02, "n"],
  [0x9f03, "n"],
  [0x9f11, "n"],
  [0x9f15, "n"],
  [0x9f1a, "n"],
  [0x9f20, "cn"],
  [0x9f21, "n"],
  [0x9f35, "n"],
  [0x9f39, "n"],
  [0x9f3c, "n"],
  [0x9f3d, "n"],
  [0x9f41, "n"],
  [0x9f42, "n"],
  [0x9f51, "n"],
  [0x9f57, "n"],
  [0x9f5d, "n"],
  [0x9f6d, "n"],
  [0x9f77, "n"],
  [0x9f78, "n"],
  [0x9f79, "n"],
  [0x9f7b, "n"],
]);

export function formatOf(tag: number): DataFormat {
  return FORMATS.get(tag) ?? "b";
}

/**
 * The value of a data object in the length that the card asks for: numbers lose and gain their left end, everything else its right end.
 * Spec: JR/T 0025, data object lists.
 */
export function fitValue(value: Bytes, length: number, format: DataFormat): Bytes {
  assert(Number.isInteger(length) && length >= 0 && length <= DOL_VALUES_MAX, "the wanted length was read from a list");
  if (value.length >= length) return format === "n" ? value.slice(value.length - length) : value.slice(0, length);
  const fitted = new Uint8Array(length).fill(format === "cn" ? 0xff : 0x00);
  fitted.set(value, format === "n" ? length - value.length : 0);
  return fitted;
}

/** The values that a list asks for, each with its tag. What the terminal does not know, and every template, is filled with zeros. */
export function fillDol(entries: readonly DolEntry[], known: ReadonlyMap<number, Bytes>): readonly { readonly tag: number; readonly value: Bytes }[] {
  return entries.map(({ tag, length }) => {
    const value = isTemplate(tag) ? undefined : known.get(tag);
    return { tag, value: value === undefined ? new Uint8Array(length) : fitValue(value, length, formatOf(tag)) };
  });
}

function isTemplate(tag: number): boolean {
  return ((tagBytes(tag)[0] ?? 0) & 0x20) !== 0;
}
