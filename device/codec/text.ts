/*
 * Chinese text of cards and hosts in GBK and its superset GB18030. The converter replaces what it does not know; a name with a
 * replaced character is another name, so text counts as understood only if it gives the same bytes back.
 */
import iconv from "iconv-lite";
import { assert } from "../base/assert.ts";
import { type Bytes, equalBytes } from "../base/bytes.ts";

const ENCODING = "gb18030";
const REPLACEMENT = "\uFFFD";

/** Text of a card field. "not-gb18030" means that the bytes cannot be given back from the text; "zero-inside" that 00 stands before text. */
export type TextParse = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: "not-gb18030" | "zero-inside" };
/** Bytes for a field. "not-encodable" means that the text holds a character that the encoding lacks; nothing is ever cut off ("too-long"). */
export type TextBuild = { readonly ok: true; readonly bytes: Bytes } | { readonly ok: false; readonly reason: "not-encodable" | "too-long" };

/** Text of a card field, without the 00 bytes and blanks that fill it on the right. Never throws. Spec: LD/T 32.7, type an. */
export function decodeGbText(bytes: Bytes): TextParse {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x00 || bytes[end - 1] === 0x20)) end -= 1;
  const content = bytes.subarray(0, end);
  if (content.includes(0x00)) return { ok: false, reason: "zero-inside" };
  const text = iconv.decode(Buffer.from(content), ENCODING);
  const faithful = !text.includes(REPLACEMENT) && equalBytes(iconv.encode(text, ENCODING), content);
  return faithful ? { ok: true, text } : { ok: false, reason: "not-gb18030" };
}

/** Bytes of text, filled with 00 on the right to `length` bytes where a length is given. Never throws for any text. */
export function encodeGbText(text: string, length?: number): TextBuild {
  assert(length === undefined || (Number.isInteger(length) && length >= 0), "a field length is a number of bytes");
  const content = new Uint8Array(iconv.encode(text, ENCODING));
  if (text.includes(REPLACEMENT) || iconv.decode(Buffer.from(content), ENCODING) !== text) return { ok: false, reason: "not-encodable" };
  if (length === undefined) return { ok: true, bytes: content };
  if (content.length > length) return { ok: false, reason: "too-long" };
  const field = new Uint8Array(length);
  field.set(content);
  return { ok: true, bytes: field };
}
