/* Distinguished encoding as far as certificates, requests and revocation lists need it. Spec: ISO/IEC 8825-1, 8 and 10. */
import { type Bytes, concat, u8, u16be, utf8 } from "../../../device/base/bytes.ts";

export interface DerObject {
  readonly tag: number;
  readonly content: Bytes;
  /** Head and content. */
  readonly whole: Bytes;
}

/** The objects that stand one after another in `bytes`; undefined when they do not fill it exactly. Never throws. */
export function readDer(bytes: Bytes): readonly DerObject[] | undefined {
  const found: DerObject[] = [];
  for (let at = 0; at < bytes.length; ) {
    const head = readHead(bytes, at);
    if (head === undefined || head.end > bytes.length) return undefined;
    found.push({ tag: bytes[at] ?? 0, content: bytes.subarray(head.start, head.end), whole: bytes.subarray(at, head.end) });
    at = head.end;
  }
  return found;
}

function readHead(bytes: Bytes, at: number): { readonly start: number; readonly end: number } | undefined {
  const first = bytes[at + 1];
  if (first === undefined) return undefined;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const count = first & 0x7f;
  if (count < 1 || count > 2 || at + 2 + count > bytes.length) return undefined;
  let size = 0;
  for (let index = 0; index < count; index += 1) size = size * 256 + (bytes[at + 2 + index] ?? 0);
  return { start: at + 2 + count, end: at + 2 + count + size };
}

export function der(tag: number, ...contents: readonly Bytes[]): Bytes {
  const body = concat(...contents);
  const size = body.length;
  const length = size < 0x80 ? u8(size) : size <= 0xff ? concat(u8(0x81), u8(size)) : concat(u8(0x82), u16be(size));
  return concat(u8(tag), length, body);
}

export function sequence(...contents: readonly Bytes[]): Bytes {
  return der(0x30, ...contents);
}

/** A positive number of these bytes. */
export function integer(bytes: Bytes): Bytes {
  return ((bytes[0] ?? 0) & 0x80) === 0 ? der(0x02, bytes) : der(0x02, u8(0), bytes);
}

export function bitString(bytes: Bytes): Bytes {
  return der(0x03, u8(0), bytes);
}

export function octets(bytes: Bytes): Bytes {
  return der(0x04, bytes);
}

/** Each byte is written, as short identifiers are given here. */
export function oid(...bytes: readonly number[]): Bytes {
  return der(0x06, Uint8Array.from(bytes));
}

export function nameOf(commonName: string): Bytes {
  return sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, utf8(commonName)))));
}

/** UTCTime until 2049, GeneralizedTime from then on. Spec: RFC 5280, 4.1.2.5. */
export function time(ms: number): Bytes {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]/g, "").slice(0, 14);
  return digits < "2050" ? der(0x17, utf8(`${digits.slice(2)}Z`)) : der(0x18, utf8(`${digits}Z`));
}

export function pemOf(label: string, bytes: Bytes): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
