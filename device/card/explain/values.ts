/* Values and rows of objects, told by their tags. Nothing here throws; what cannot be read is shown as it is, or called unreadable. */
import { type Bytes, readUint, toHex } from "../../base/bytes.ts";
import { bcdToDigits } from "../../codec/bcd.ts";
import { decodeGbText } from "../../codec/text.ts";
import { parseTlv, type Tlv } from "../../codec/tlv.ts";
import { BIT_FIELDS, type BitFieldName, explainBits } from "./bit-fields.ts";
import { explainLayout } from "./layouts.ts";
import { CARD_ITEMS, type Reading, TAGS, type TagMeaning } from "./tags.ts";
import { masked, type Note, note, words, yuan } from "./words.ts";

const UNKNOWN_TAG: TagMeaning = { en: "unknown object", zh: "未知数据对象", reading: "bytes" };
const DOL_ENTRIES_MAX = 64;
const NUMBER_BYTES_MAX = 6;

export function tagText(tag: number): string {
  const hex = tag.toString(16).toUpperCase();
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

/** Digits of a value, any padding left out. */
function digitsOf(value: Bytes): string | undefined {
  const parsed = bcdToDigits(value);
  return parsed.ok ? parsed.digits : undefined;
}

function dateOf(digits: string): string {
  const full = digits.length === 6 ? `20${digits}` : digits;
  return full.length === 8 ? `${full.slice(0, 4)}-${full.slice(4, 6)}-${full.slice(6)}` : digits;
}

function timeOf(digits: string): string {
  return digits.length === 6 ? `${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}` : digits;
}

function amountOf(digits: string): string {
  return yuan(Number(digits));
}

const BY_DIGITS: Readonly<Partial<Record<Reading, (digits: string) => string>>> = { date: dateOf, time: timeOf, amount: amountOf, digits: (digits) => digits };

/** Control characters would move the cursor of whoever reads this. */
function shownCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code < 0xa0) ? "·" : character;
}

function textOf(value: Bytes): string | undefined {
  const parsed = decodeGbText(value);
  return parsed.ok ? Array.from(parsed.text, shownCharacter).join("").trim() : undefined;
}

/** What a value says in words; undefined where its bytes do not have the form, or say nothing more than themselves. */
export function readValue(reading: Reading, value: Bytes): string | undefined {
  if (reading === "text" || reading === "gb-text") return textOf(value);
  if (reading === "number") return value.length > 0 && value.length <= NUMBER_BYTES_MAX ? String(readUint(value, 0, value.length)) : undefined;
  const digits = digitsOf(value);
  if (reading === "personal") return digits === undefined ? masked(toHex(value)) : masked(digits);
  return digits === undefined ? undefined : BY_DIGITS[reading]?.(digits);
}

function isBitField(reading: Reading): reading is BitFieldName {
  return Object.hasOwn(BIT_FIELDS, reading);
}

/** Lines for one value with its name. Personal values are masked and hidden ones left out: also in a trace somebody else wrote down. */
export function explainNamed(label: string, found: TagMeaning, value: Bytes, depth: number): readonly Note[] {
  if (found.reading === "hidden") return [note(depth, found, { label, value: `(${value.length})` })];
  const shown = readValue(found.reading, value);
  const more = shown === undefined ? { label } : { label, value: shown };
  if (found.reading === "personal") return [note(depth, found, more)];
  if (found.reading === "directory-data") return [note(depth, found, { label }), ...explainDirectoryData(value, depth + 1)];
  const head = note(depth, found, { hex: toHex(value), ...more });
  if (isBitField(found.reading)) return [head, ...explainBits(found.reading, value, depth + 1).slice(1)];
  if (found.reading === "dol") return [head, ...explainDol(value, depth + 1)];
  if (found.reading === "issuer-data") return [head, ...explainIssuerData(value, depth + 1)];
  return [head];
}

/** A row of BER-TLV objects; undefined when the bytes are none. Spec: ISO/IEC 8825-1, 8.1. */
export function explainObjects(bytes: Bytes, depth: number): readonly Note[] | undefined {
  const parsed = parseTlv(bytes);
  return parsed.ok && parsed.items.length > 0 ? parsed.items.flatMap((item) => explainObject(item, depth)) : undefined;
}

function explainObject({ tag, value, children }: Tlv, depth: number): readonly Note[] {
  const found = TAGS.get(tag) ?? UNKNOWN_TAG;
  const label = tagText(tag);
  if (children === undefined) return explainNamed(label, found, value, depth);
  return [note(depth, found, { label }), ...children.flatMap((child) => explainObject(child, depth + 1))];
}

/** One item of the social application: tag 1 ‖ length 1 ‖ value. */
export function explainCardItem(tag: number, value: Bytes, depth: number): readonly Note[] {
  return explainNamed(tagText(tag), CARD_ITEMS.get(tag) ?? { en: "item of the social application", zh: "社保应用数据项", reading: "hidden" }, value, depth);
}

/** 9F0C: the public data of a purse, or objects of which tag 86 names the algorithm. Spec: PBOC purse, FCI; LD/T 32.7, FCI. */
function explainDirectoryData(value: Bytes, depth: number): readonly Note[] {
  return (
    explainLayout("pursePublic", value, depth) ??
    explainObjects(value, depth) ?? [note(depth, words("issuer's own data", "发卡方自定义数据"), { hex: toHex(value) })]
  );
}

/** A list of tags and lengths: what the card wants to be told. Spec: JR/T 0025, data object lists. */
function explainDol(value: Bytes, depth: number): readonly Note[] {
  const notes: Note[] = [];
  let at = 0;
  while (at < value.length && notes.length < DOL_ENTRIES_MAX) {
    const first = value[at] ?? 0;
    let tag = first;
    at += 1;
    if ((first & 0x1f) === 0x1f) {
      tag = first * 256 + (value[at] ?? 0);
      at += 1;
    }
    const length = value[at];
    if (length === undefined) return [...notes, note(depth, words("the list ends in the middle of an entry", "列表不完整"))];
    at += 1;
    const found = TAGS.get(tag) ?? UNKNOWN_TAG;
    notes.push(note(depth, words(`${found.en}, ${length} bytes`, `${found.zh}，${length} 字节`), { label: tagText(tag) }));
  }
  return notes;
}

/** 9F10: length, key index, cryptogram version, CVR, algorithm, and what the issuer adds. Spec: JR/T 0025, issuer application data. */
function explainIssuerData(value: Bytes, depth: number): readonly Note[] {
  if (value.length < 7 || value[3] !== 0x03) return [note(depth, words("not in the usual form", "格式不符"))];
  const head = [
    note(depth, words("key index", "分散密钥索引"), { hex: toHex(value.slice(1, 2)) }),
    note(depth, words("cryptogram version", "密文版本号"), { hex: toHex(value.slice(2, 3)) }),
    ...explainBits("cvr", value.slice(3, 7), depth),
  ];
  const algorithm = value[7];
  const rest = value.slice(8);
  return [
    ...head,
    ...(algorithm === undefined ? [] : [note(depth, words("algorithm", "算法标识"), { hex: toHex(value.slice(7, 8)) })]),
    ...(rest.length === 0 ? [] : [note(depth, words("issuer's own data", "发卡行自定义数据"), { hex: toHex(rest) })]),
  ];
}
