import { assert } from "./assert.ts";

/** Bytes of any origin. Shared views are never written to; whoever keeps bytes copies them. */
export type Bytes = Uint8Array;

/** No bytes at all; shared, which is safe because it has nothing that could be written to. */
export const EMPTY: Bytes = new Uint8Array(0);

const HEX_SHAPE = /^(?:[0-9a-f]{2})*$/i;

/** Lower-case hexadecimal without separators. */
export function toHex(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** Bytes of hexadecimal text that we wrote ourselves; blanks are allowed. */
export function fromHex(text: string): Bytes {
  const bytes = parseHex(text.replaceAll(/\s/g, ""));
  assert(bytes !== undefined, "hexadecimal text of our own is well formed");
  return bytes;
}

/** Bytes of hexadecimal text from outside, or undefined when it is not whole bytes of hexadecimal digits. */
export function parseHex(text: string): Bytes | undefined {
  return HEX_SHAPE.test(text) ? new Uint8Array(Buffer.from(text, "hex")) : undefined;
}

/** One new array of all parts in order. The parts are copied, so later changes of them are not seen. */
export function concat(...parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Compares public bytes; not for secrets, where time would tell. */
export function equalBytes(left: Bytes, right: Bytes): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

/** Bitwise exclusive or of two byte strings of the same length, as chained ciphers and session keys need it; other lengths are asserted. */
export function xorBytes(left: Bytes, right: Bytes): Bytes {
  assert(left.length === right.length, "both sides have the same length");
  return left.map((byte, at) => byte ^ (right[at] ?? 0));
}

/** Bitwise complement, as used in key diversification. */
export function invertBytes(bytes: Bytes): Bytes {
  return bytes.map((byte) => byte ^ 0xff);
}

/** One byte of an integer 0 to 255; anything else is our own mistake and asserted, never cut off. */
export function u8(value: number): Bytes {
  assert(Number.isInteger(value) && value >= 0 && value <= 0xff, "fits one byte");
  return Uint8Array.of(value);
}

/** Two bytes, most significant first, of an integer 0 to 65,535; anything else is asserted, never cut off. */
export function u16be(value: number): Bytes {
  assert(Number.isInteger(value) && value >= 0 && value <= 0xffff, "fits two bytes");
  return Uint8Array.of(value >>> 8, value & 0xff);
}

/** Four bytes, most significant first, as amounts and sequences travel to cards, of an integer 0 to 4,294,967,295; anything else is asserted. */
export function u32be(value: number): Bytes {
  assert(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff, "fits four bytes");
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** Reads a big-endian unsigned integer of 1 to 6 bytes. */
export function readUint(bytes: Bytes, at: number, length: number): number {
  assert(length >= 1 && length <= 6 && at >= 0 && at + length <= bytes.length, "the field lies inside the bytes");
  let value = 0;
  for (let index = 0; index < length; index += 1) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}

/** UTF-8 bytes of text. */
export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}
