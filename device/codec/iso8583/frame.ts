/*
 * What stands before a message on its way: TPDU (where it goes, where it comes from) and header. The length of two bytes before both belongs
 * to a line and is counted there. Spec: UnionPay terminal, frame.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, fromHex, toHex } from "../../base/bytes.ts";

/** First byte of every TPDU. */
const TPDU_MARK = "60";
const TPDU_BYTES = 5;
const HEADER_BYTES = 6;

export interface IsoEnvelope {
  /** Four hexadecimal digits each. */
  readonly tpdu: { readonly destination: string; readonly source: string };
  /** Twelve hexadecimal digits. */
  readonly headerHex: string;
}

export type EnvelopeParse =
  | { readonly ok: true; readonly envelope: IsoEnvelope; readonly message: Bytes }
  | { readonly ok: false; readonly reason: "too-short" | "tpdu-malformed" };

/** TPDU, header and message: the body of an exchange with an acquirer. */
export function wrapIso({ tpdu, headerHex }: IsoEnvelope, message: Bytes): Bytes {
  const head = fromHex(`${TPDU_MARK}${tpdu.destination}${tpdu.source}${headerHex}`);
  assert(head.length === TPDU_BYTES + HEADER_BYTES, "a TPDU of five bytes and a header of six");
  return concat(head, message);
}

/** What came: never throws. Whether TPDU and header are those that were expected is for others to judge; on replies hosts change both. */
export function unwrapIso(body: Bytes): EnvelopeParse {
  if (body.length < TPDU_BYTES + HEADER_BYTES) return { ok: false, reason: "too-short" };
  const digits = toHex(body.subarray(0, TPDU_BYTES + HEADER_BYTES));
  if (!digits.startsWith(TPDU_MARK)) return { ok: false, reason: "tpdu-malformed" };
  const envelope = { tpdu: { destination: digits.slice(2, 6), source: digits.slice(6, 10) }, headerHex: digits.slice(10) };
  return { ok: true, envelope, message: body.slice(TPDU_BYTES + HEADER_BYTES) };
}
