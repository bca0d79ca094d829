/*
 * Goal: the acquirer reads and writes messages by the paper alone, so that no mistake of a terminal's codec hides on both sides.
 * Method: a table of fields with their forms; a reader that walks it and a writer that walks it back. Nothing throws on what came.
 * Spec: ISO 8583; UnionPay terminal, frame and fields.
 */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, concat, fromHex, parseHex, toHex, utf8 } from "../../../device/base/bytes.ts";

/** Digits, characters, or bytes as upper-case hexadecimal digits: always text, so that two messages compare as they stand. */
export type Fields = ReadonlyMap<number, string>;

export interface BankMessage {
  /** Five bytes, ten hexadecimal digits. */
  readonly tpdu: string;
  /** Six bytes, twelve hexadecimal digits. */
  readonly header: string;
  /** Four digits. */
  readonly type: string;
  readonly fields: Fields;
}

export type Refusal = "too-short" | "not-a-digit" | "not-text" | "field-unknown" | "bytes-left-over";

export type BankMessageParse =
  | { readonly ok: true; readonly message: BankMessage /** The bytes that field 64 covers. */; readonly covered: Bytes }
  | { readonly ok: false; readonly reason: Refusal /** What could be read of it; undefined where not even a type was. */; readonly read?: BankMessage };

/** "digits-left": an odd digit leaves a zero behind it, where "digits" puts it in front. */
type Content = "digits" | "digits-left" | "track" | "text" | "bytes";
type Length = { readonly is: "fixed"; readonly units: number } | { readonly is: "counted"; readonly countBytes: 1 | 2 };

interface Form {
  readonly content: Content;
  readonly length: Length;
}

function fixed(content: Content, units: number): Form {
  return { content, length: { is: "fixed", units } };
}

function counted(content: Content, countBytes: 1 | 2): Form {
  return { content, length: { is: "counted", countBytes } };
}

const FORMS: ReadonlyMap<number, Form> = new Map([
  [2, counted("digits-left", 1)],
  [3, fixed("digits", 6)],
  [4, fixed("digits", 12)],
  [11, fixed("digits", 6)],
  [12, fixed("digits", 6)],
  [13, fixed("digits", 4)],
  [14, fixed("digits", 4)],
  [15, fixed("digits", 4)],
  [22, fixed("digits-left", 3)],
  [23, fixed("digits", 3)],
  [25, fixed("digits", 2)],
  [26, fixed("digits", 2)],
  [32, counted("digits-left", 1)],
  [35, counted("track", 1)],
  [36, counted("track", 2)],
  [37, fixed("text", 12)],
  [38, fixed("text", 6)],
  [39, fixed("text", 2)],
  [41, fixed("text", 8)],
  [42, fixed("text", 15)],
  [44, counted("text", 1)],
  [48, counted("digits-left", 2)],
  [49, fixed("text", 3)],
  [52, fixed("bytes", 8)],
  [53, fixed("digits", 16)],
  [54, counted("text", 2)],
  [55, counted("bytes", 2)],
  [58, counted("bytes", 2)],
  [60, counted("digits-left", 2)],
  [61, counted("digits-left", 2)],
  [62, counted("bytes", 2)],
  [63, counted("text", 2)],
  [64, fixed("bytes", 8)],
]);

const HEAD_BYTES = 11;
const TYPE_BYTES = 2;
const BITMAP_BYTES = 8;
const MAC_FIELD = 64;
const PIN_BLOCK_FIELD = 52;
const DIGITS = /^\d*$/;
const TRACK = /^[\dD]*$/;

/** How long a PIN block is: 16 bytes where it is made with SM4. */
export type PinBlockBytes = 8 | 16;

/** Reads a body: transport header, message header, type, bitmap and fields. Never throws. */
export function readMessage(body: Bytes, pinBlockBytes: PinBlockBytes = 8): BankMessageParse {
  const start = HEAD_BYTES + TYPE_BYTES + BITMAP_BYTES;
  if (body.length < start) return { ok: false, reason: "too-short" };
  const head = toHex(body.slice(0, HEAD_BYTES + TYPE_BYTES)).toUpperCase();
  const fields = new Map<number, string>();
  const message = { tpdu: head.slice(0, 10), header: head.slice(10, 22), type: head.slice(22), fields };
  if (!DIGITS.test(message.type)) return { ok: false, reason: "not-a-digit" };
  let at = start;
  for (const number of numbersOf(body.slice(start - BITMAP_BYTES, start))) {
    const read = readField(body, at, { number, pinBlockBytes });
    if (typeof read === "string") return { ok: false, reason: read, read: message };
    fields.set(number, read.value);
    at = read.end;
  }
  if (at !== body.length) return { ok: false, reason: "bytes-left-over", read: message };
  const macBytes = fields.has(MAC_FIELD) ? 8 : 0;
  return { ok: true, message, covered: body.slice(HEAD_BYTES, body.length - macBytes) };
}

function numbersOf(bitmap: Bytes): readonly number[] {
  return Array.from({ length: 64 }, (_, at) => at + 1).filter((number) => ((bitmap[(number - 1) >>> 3] ?? 0) & (0x80 >>> ((number - 1) & 7))) !== 0);
}

interface Place {
  readonly number: number;
  readonly pinBlockBytes: PinBlockBytes;
}

function readField(body: Bytes, start: number, { number, pinBlockBytes }: Place): { readonly value: string; readonly end: number } | Refusal {
  const form = number === PIN_BLOCK_FIELD ? fixed("bytes", pinBlockBytes) : FORMS.get(number);
  if (form === undefined) return "field-unknown";
  const { length, content } = form;
  const countBytes = length.is === "counted" ? length.countBytes : 0;
  const count = toHex(body.slice(start, start + countBytes));
  if (count.length !== countBytes * 2) return "too-short";
  if (!DIGITS.test(count)) return "not-a-digit";
  const units = length.is === "fixed" ? length.units : Number(count);
  const at = start + countBytes;
  const end = at + bytesOf(content, units);
  if (end > body.length) return "too-short";
  const value = decoded(content, units, body.slice(at, end));
  return typeof value === "string" ? { value, end } : value.wrong;
}

function bytesOf(content: Content, units: number): number {
  return content === "text" || content === "bytes" ? units : Math.ceil(units / 2);
}

function decoded(content: Content, units: number, bytes: Bytes): string | { readonly wrong: Refusal } {
  const hex = toHex(bytes).toUpperCase();
  switch (content) {
    case "bytes":
      return hex;
    case "text":
      return bytes.every((byte) => byte >= 0x20 && byte < 0x7f) ? String.fromCharCode(...bytes) : { wrong: "not-text" };
    case "digits": {
      const digits = hex.slice(hex.length - units);
      return DIGITS.test(hex) && /^0?$/.test(hex.slice(0, hex.length - units)) ? digits : { wrong: "not-a-digit" };
    }
    case "digits-left":
    case "track": {
      const shape = content === "track" ? TRACK : DIGITS;
      return shape.test(hex) && /^0?$/.test(hex.slice(units)) ? hex.slice(0, units) : { wrong: "not-a-digit" };
    }
  }
}

/** The bytes of a message and, behind them, field 64 where `mac` makes one. Its fields are our own: a wrong one is our mistake. */
export function writeMessage(message: BankMessage, mac?: (covered: Bytes) => Bytes): Bytes {
  const numbers = [...message.fields.keys()].filter((number) => number !== MAC_FIELD).toSorted((left, right) => left - right);
  const bitmap = new Uint8Array(BITMAP_BYTES);
  for (const number of mac === undefined ? numbers : [...numbers, MAC_FIELD]) {
    const at = (number - 1) >>> 3;
    bitmap[at] = (bitmap[at] ?? 0) | (0x80 >>> ((number - 1) & 7));
  }
  const written = numbers.map((number) => encoded(number, message.fields.get(number) ?? ""));
  const covered = concat(fromHex(message.type), bitmap, ...written);
  return concat(fromHex(message.tpdu), fromHex(message.header), covered, mac === undefined ? new Uint8Array(0) : mac(covered));
}

function encoded(number: number, value: string): Bytes {
  const form = FORMS.get(number);
  assert(form !== undefined, `field ${number} has a form`);
  const { length, content } = form;
  const units = content === "bytes" ? value.length / 2 : value.length;
  const right = length.is === "counted" || units === length.units || (number === PIN_BLOCK_FIELD && units === 2 * length.units);
  assert(right, `field ${number} has its length`);
  const count = length.is === "counted" ? fromHex(String(units).padStart(length.countBytes * 2, "0")) : new Uint8Array(0);
  return concat(count, contentBytes(content, value));
}

function contentBytes(content: Content, value: string): Bytes {
  if (content === "text") return utf8(value);
  const even = value.length % 2 === 0 ? value : content === "digits" ? `0${value}` : `${value}0`;
  const bytes = parseHex(even);
  assert(bytes !== undefined, "digits of a field are digits");
  return bytes;
}

/** The transport header of an answer: destination and source have changed places. */
export function answeredTpdu(tpdu: string): string {
  return `${tpdu.slice(0, 2)}${tpdu.slice(6, 10)}${tpdu.slice(2, 6)}`;
}
