/* Records of the card's transaction log, whose fields the card names itself (9F4F). Spec: JR/T 0025, transaction log. */
import { type Bytes, readUint, toHex } from "../base/bytes.ts";
import { type Fen, fen } from "../base/fen.ts";
import type { DolEntry } from "./dol.ts";

/** What of a log record says which transaction it is. Fields that the card does not keep are undefined. */
export interface CashLogEntry {
  /** 9F36. */
  readonly atc?: number;
  /** 9F02. */
  readonly amount?: Fen;
  /** YYMMDD, 9A. */
  readonly date?: string;
  /** HHMMSS, 9F21. */
  readonly time?: string;
  /** Two digits, 9C. */
  readonly type?: string;
}

/** Reads one record by the card's own format; undefined when the lengths do not fit, "unwritten" for one that holds only its filling. Never throws. */
export function parseCashLogEntry(format: readonly DolEntry[], record: Bytes): CashLogEntry | "unwritten" | undefined {
  const length = format.reduce((sum, entry) => sum + entry.length, 0);
  if (record.length !== length || length === 0) return undefined;
  if (record.every((byte) => byte === 0x00) || record.every((byte) => byte === 0xff)) return "unwritten";
  const fields = new Map<number, Bytes>();
  let at = 0;
  for (const { tag, length: size } of format) {
    fields.set(tag, record.subarray(at, at + size));
    at += size;
  }
  const atc = fields.get(0x9f36);
  const amount = digitsOf(fields.get(0x9f02), 6);
  const date = digitsOf(fields.get(0x9a), 3);
  const time = digitsOf(fields.get(0x9f21), 3);
  const type = digitsOf(fields.get(0x9c), 1);
  return {
    ...(atc?.length === 2 ? { atc: readUint(atc, 0, 2) } : {}),
    ...(amount === undefined ? {} : { amount: fen(Number(amount)) }),
    ...(date === undefined ? {} : { date }),
    ...(time === undefined ? {} : { time }),
    ...(type === undefined ? {} : { type }),
  };
}

function digitsOf(bytes: Bytes | undefined, length: number): string | undefined {
  if (bytes?.length !== length) return undefined;
  const digits = toHex(bytes);
  return /^\d+$/.test(digits) ? digits : undefined;
}
