/* The application file locator: which records of which files belong to this transaction, and which of them certificates cover. */
import type { Bytes } from "../base/bytes.ts";
import { concat } from "../base/bytes.ts";

/** One record of one file. */
export interface RecordName {
  /** 1 to 30. */
  readonly sfi: number;
  /** 1 to 255. */
  readonly number: number;
  /** Whether the card's certificates cover it. */
  readonly signed: boolean;
}

/** "empty" has no record at all; "too-many" is more than any card of ours has. */
export type AflParse =
  | { readonly ok: true; readonly records: readonly RecordName[] }
  | { readonly ok: false; readonly reason: "not-whole-entries" | "file-invalid" | "records-invalid" | "signed-invalid" | "too-many" };

/** Records of one transaction: eight times what cards in the field use. */
export const AFL_RECORDS_MAX = 64;
const SFI_MAX = 30;

/** Reads a locator as the records to read, in order. Never throws. Spec: JR/T 0025, application file locator (as EMV book 3, 10.2). */
export function parseAfl(bytes: Bytes): AflParse {
  if (bytes.length % 4 !== 0) return { ok: false, reason: "not-whole-entries" };
  const records: RecordName[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const [file = 0, first = 0, last = 0, signed = 0] = bytes.subarray(at, at + 4);
    const sfi = file >>> 3;
    if ((file & 0x07) !== 0 || sfi === 0 || sfi > SFI_MAX) return { ok: false, reason: "file-invalid" };
    if (first === 0 || last < first) return { ok: false, reason: "records-invalid" };
    if (signed > last - first + 1) return { ok: false, reason: "signed-invalid" };
    if (records.length + last - first + 1 > AFL_RECORDS_MAX) return { ok: false, reason: "too-many" };
    for (let number = first; number <= last; number += 1) records.push({ sfi, number, signed: number - first < signed });
  }
  return { ok: true, records };
}

/** One entry of a locator, for those who make cards and for tests. */
export interface AflEntry {
  readonly sfi: number;
  readonly first: number;
  readonly last: number;
  readonly signed: number;
}

export function encodeAfl(entries: readonly AflEntry[]): Bytes {
  return concat(...entries.map(({ sfi, first, last, signed }) => Uint8Array.of(sfi << 3, first, last, signed)));
}

/** Files 1 to 10 are the application's own: of their records the certificates cover what stands inside the template 70. */
export function coversInsideOnly(record: RecordName): boolean {
  return record.sfi <= 10;
}
