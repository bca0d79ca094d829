/*
 * The two tag-length-value forms of the card: BER-TLV (what SELECT answers, and PBOC data) and the simple records of the social
 * application with one byte each for tag and length.
 */
import { assert } from "../base/assert.ts";
import { type Bytes, concat, EMPTY } from "../base/bytes.ts";

/** Most bytes of a tag, of a length field, and of nesting that any card of ours uses. */
const TAG_BYTES_MAX = 4;
const LENGTH_BYTES_MAX = 3;
const DEPTH_MAX = 8;
const VALUE_BYTES_MAX = 0xff_ffff;

/** One BER-TLV object. */
export interface Tlv {
  /** All tag bytes as one number: 0x84, 0x9F46, 0xDFAE01. */
  readonly tag: number;
  readonly value: Bytes;
  /** The objects inside a constructed one; undefined for a primitive one. */
  readonly children?: readonly Tlv[];
}

/** Why bytes are no row of BER-TLV objects. Only the shortest form of a length is taken, so that one object has one encoding. */
export type TlvRefusal =
  | "tag-truncated"
  | "tag-too-long"
  | "tag-malformed"
  | "length-truncated"
  | "length-indefinite"
  | "length-too-long"
  | "length-not-minimal"
  | "value-truncated"
  | "too-deep";

/** All objects in their order, or the first reason met; there is no partial result that somebody could take for the whole. */
export type TlvParse = { readonly ok: true; readonly items: readonly Tlv[] } | { readonly ok: false; readonly reason: TlvRefusal };

type Step<Value> = { readonly ok: true; readonly value: Value; readonly next: number } | { readonly ok: false; readonly reason: TlvRefusal };

/** Reads a row of BER-TLV objects that fills `bytes` exactly. Never throws. Spec: ISO/IEC 8825-1, 8.1. */
export function parseTlv(bytes: Bytes): TlvParse {
  return parseLevel(bytes, 1);
}

function parseLevel(bytes: Bytes, depth: number): TlvParse {
  if (depth > DEPTH_MAX) return { ok: false, reason: "too-deep" };
  const items: Tlv[] = [];
  let at = 0;
  while (at < bytes.length) {
    const item = readItem(bytes, at, depth);
    if (!item.ok) return item;
    items.push(item.value);
    at = item.next;
  }
  return { ok: true, items };
}

function readItem(bytes: Bytes, at: number, depth: number): Step<Tlv> {
  const tag = readTag(bytes, at);
  if (!tag.ok) return tag;
  const length = readLength(bytes, tag.next);
  if (!length.ok) return length;
  const next = length.next + length.value;
  if (next > bytes.length) return { ok: false, reason: "value-truncated" };
  const value = bytes.slice(length.next, next);
  if (!isConstructed(bytes[at] ?? 0)) return { ok: true, value: { tag: tag.value, value }, next };
  const inside = parseLevel(value, depth + 1);
  if (!inside.ok) return inside;
  return { ok: true, value: { tag: tag.value, value, children: inside.items }, next };
}

function isConstructed(firstTagByte: number): boolean {
  return (firstTagByte & 0x20) !== 0;
}

/** A first byte 00 is padding and no tag; a second byte 80 would be a leading zero of the tag number. Spec: ISO/IEC 8825-1, 8.1.2. */
function readTag(bytes: Bytes, at: number): Step<number> {
  const first = bytes[at] ?? 0x00;
  if (first === 0x00) return { ok: false, reason: "tag-malformed" };
  if ((first & 0x1f) !== 0x1f) return { ok: true, value: first, next: at + 1 };
  let tag = first;
  for (let index = 1; index < TAG_BYTES_MAX; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return { ok: false, reason: "tag-truncated" };
    if (index === 1 && byte === 0x80) return { ok: false, reason: "tag-malformed" };
    tag = tag * 256 + byte;
    if ((byte & 0x80) === 0) return { ok: true, value: tag, next: at + index + 1 };
  }
  return { ok: false, reason: "tag-too-long" };
}

function readLength(bytes: Bytes, at: number): Step<number> {
  const first = bytes[at];
  if (first === undefined) return { ok: false, reason: "length-truncated" };
  if (first < 0x80) return { ok: true, value: first, next: at + 1 };
  const count = first & 0x7f;
  if (count === 0) return { ok: false, reason: "length-indefinite" };
  if (count > LENGTH_BYTES_MAX) return { ok: false, reason: "length-too-long" };
  if (at + count >= bytes.length) return { ok: false, reason: "length-truncated" };
  let length = 0;
  for (let index = 1; index <= count; index += 1) length = length * 256 + (bytes[at + index] ?? 0);
  if (lengthBytes(length).length !== count + 1) return { ok: false, reason: "length-not-minimal" };
  return { ok: true, value: length, next: at + 1 + count };
}

function lengthBytes(length: number): Bytes {
  if (length < 0x80) return Uint8Array.of(length);
  if (length <= 0xff) return Uint8Array.of(0x81, length);
  if (length <= 0xffff) return Uint8Array.of(0x82, length >>> 8, length & 0xff);
  return Uint8Array.of(0x83, length >>> 16, (length >>> 8) & 0xff, length & 0xff);
}

function tagBytes(tag: number): Bytes {
  const bytes: number[] = [];
  for (let rest = tag; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}

/** One object from its tag and its value, or the objects inside it. Asserts that the tag is well formed and fits what is inside. */
export function buildTlv(tag: number, content: Bytes | readonly Bytes[]): Bytes {
  assert(Number.isSafeInteger(tag) && tag > 0, "a tag is a positive integer");
  const head = tagBytes(tag);
  const check = readTag(head, 0);
  assert(check.ok && check.next === head.length, "a tag of our own is well formed");
  const constructed = !(content instanceof Uint8Array);
  assert(constructed === isConstructed(head[0] ?? 0), "objects stand in constructed tags, bytes in primitive ones");
  const value = constructed ? concat(...content) : content;
  assert(value.length <= VALUE_BYTES_MAX, "a value fits three length bytes");
  return concat(head, lengthBytes(value.length), value);
}

/** Bytes of objects that {@link parseTlv} read or that were put together by hand. */
export function encodeTlv(items: readonly Tlv[]): Bytes {
  return concat(...items.map(({ tag, value, children }) => buildTlv(tag, children === undefined ? value : [encodeTlv(children)])));
}

/** The first object on a path of tags from the outside in: `findTlv(items, 0x6F, 0xA5, 0x50)`. */
export function findTlv(items: readonly Tlv[], ...path: readonly number[]): Tlv | undefined {
  const [tag, ...inner] = path;
  const found = items.find((item) => item.tag === tag);
  return found === undefined || inner.length === 0 ? found : findTlv(found.children ?? [], ...inner);
}

/** One data item of a record of the social application. */
export interface CardItem {
  /** 01 to FE. */
  readonly tag: number;
  /** 0 to 255 bytes. */
  readonly value: Bytes;
}

/** All data items in their order, or the first reason met; "tag-invalid" is what an unwritten record gives. */
export type CardItemsParse =
  | { readonly ok: true; readonly items: readonly CardItem[] }
  | { readonly ok: false; readonly reason: "tag-invalid" | "length-truncated" | "value-truncated" };

/** Reads a row of data items (tag 1 ‖ length 1 ‖ value) that fills `bytes` exactly. Never throws. Spec: LD/T 32.7, records. */
export function parseCardItems(bytes: Bytes): CardItemsParse {
  const items: CardItem[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    const length = bytes[at + 1];
    // 00 and FF are what an unwritten record holds; neither names an item.
    if (tag === 0x00 || tag === 0xff) return { ok: false, reason: "tag-invalid" };
    if (length === undefined) return { ok: false, reason: "length-truncated" };
    const next = at + 2 + length;
    if (next > bytes.length) return { ok: false, reason: "value-truncated" };
    items.push({ tag, value: bytes.slice(at + 2, next) });
    at = next;
  }
  return { ok: true, items };
}

/** Bytes of one data item. */
export function buildCardItem(tag: number, value: Bytes = EMPTY): Bytes {
  assert(Number.isInteger(tag) && tag >= 0x01 && tag <= 0xfe, "an item tag is one byte and neither 00 nor FF");
  assert(value.length <= 0xff, "an item has at most 255 bytes");
  return concat(Uint8Array.of(tag, value.length), value);
}
