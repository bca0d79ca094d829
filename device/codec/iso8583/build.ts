/* Our own messages as bytes: the other direction of parse.ts. Whatever does not fit the table is our own mistake. Spec: ISO 8583; UnionPay terminal, coding. */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, fromHex } from "../../base/bytes.ts";
import { type FieldFormat, type FieldRule, fieldRule, type IsoLayout } from "./fields.ts";
import { spareSide } from "./parse.ts";
import type { IsoMessage, IsoValue } from "./types.ts";

const BITMAP_BYTES = 8;
/** What two and three digits can announce. */
const ANNOUNCED_MAX = { LL: 99, LLL: 999 } as const;

/** A message of ours; asserts that it keeps the longest lengths of the table too. */
export function buildIso(message: IsoMessage, layout: IsoLayout): Bytes {
  for (const [field, value] of message.fields) {
    const length = fieldRule(field, layout)?.length;
    assert(length !== undefined && (length.kind === "fixed" || value.length <= length.max), `field ${field} is as long as our own messages may have it`);
  }
  return encodeIso(message, layout);
}

/** Bytes of any message that {@link IsoMessage} can say, such as one that was read and has longer fields than our own have. */
export function encodeIso({ type, fields }: IsoMessage, layout: IsoLayout): Bytes {
  assert(/^\d{4}$/.test(type), "a message type has four digits");
  const bitmap = new Uint8Array(BITMAP_BYTES);
  const parts: Bytes[] = [];
  for (const [field, value] of [...fields].sort(([left], [right]) => left - right)) {
    const rule = fieldRule(field, layout);
    assert(rule !== undefined, `field ${field} is in the table`);
    bitmap[(field - 1) >>> 3] = (bitmap[(field - 1) >>> 3] ?? 0) | (0x80 >>> ((field - 1) & 7));
    parts.push(lengthBytes(rule, value.length), valueBytes(value, rule, layout));
  }
  return concat(fromHex(type), bitmap, ...parts);
}

function lengthBytes({ length }: FieldRule, count: number): Bytes {
  if (length.kind === "fixed") {
    assert(count === length.length, "a fixed field has its length");
    return new Uint8Array(0);
  }
  assert(count <= ANNOUNCED_MAX[length.kind], "a length that its digits can announce");
  return fromHex(String(count).padStart(length.kind === "LL" ? 2 : 4, "0"));
}

const TEXT_SHAPES: Readonly<Record<Exclude<FieldFormat, "b">, RegExp>> = {
  n: /^\d*$/,
  z: /^[\dD]*$/,
  a: /^[\x20-\x7e]*$/,
  an: /^[\x20-\x7e]*$/,
  ans: /^[\0-\xff]*$/,
};

function valueBytes(value: IsoValue, rule: FieldRule, layout: IsoLayout): Bytes {
  const { format } = rule;
  if (format === "b") {
    assert(value instanceof Uint8Array, "bytes for a field of bytes");
    return value;
  }
  assert(typeof value === "string" && TEXT_SHAPES[format].test(value), "digits or characters as the field has them");
  if (format !== "n" && format !== "z") return new Uint8Array(Buffer.from(value, "latin1"));
  if (value.length % 2 === 0) return fromHex(value);
  return fromHex(spareSide(rule, layout) === "left" ? `0${value}` : `${value}0`);
}
