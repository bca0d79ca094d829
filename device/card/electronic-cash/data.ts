/* Data objects of the card, gathered from its answers. Nothing here throws: a card that contradicts itself is told apart as such. */
import { type Bytes, concat, equalBytes, toHex } from "../../base/bytes.ts";
import { type Fen, fen, subtractFen, ZERO_FEN } from "../../base/fen.ts";
import { coversInsideOnly, type RecordName } from "../../codec/afl.ts";
import { parseTlv, type Tlv } from "../../codec/tlv.ts";
import { parseAccountNumber, parseTrack2 } from "../../codec/track2.ts";
import type { CardData, CardRecords, CashBaseline } from "./types.ts";

export const NO_DATA: CardData = new Map();
export const NO_RECORDS: CardRecords = { data: NO_DATA, signedBytes: new Uint8Array(0) };

/** Adds objects to data; undefined when one of them was there before with another value. */
export function addData(data: CardData, items: readonly Tlv[]): CardData | undefined {
  const all = new Map(data);
  for (const { tag, value } of items) {
    const before = all.get(tag);
    if (before !== undefined && !equalBytes(before, value)) return undefined;
    all.set(tag, value);
  }
  return all;
}

/** Joins two sets of data; undefined when they contradict each other. */
export function joinData(left: CardData, right: CardData): CardData | undefined {
  return addData(
    left,
    [...right].map(([tag, value]) => ({ tag, value })),
  );
}

/** Adds one record; undefined when it has not the form of one or contradicts what was read before. Spec: JR/T 0025, read application data. */
export function addRecord(before: CardRecords, record: RecordName, bytes: Bytes): CardRecords | undefined {
  const parsed = parseTlv(bytes);
  const [template, ...more] = parsed.ok ? parsed.items : [];
  // Files above 10 may hold anything; those of the application hold one template each.
  const isTemplate = template?.tag === 0x70 && more.length === 0;
  if (!isTemplate && coversInsideOnly(record)) return undefined;
  const inside = isTemplate ? (template.children ?? []) : [];
  const data = addData(before.data, inside);
  if (data === undefined) return undefined;
  const covered = coversInsideOnly(record) ? (template?.value ?? bytes) : bytes;
  const identity = before.identityRecord ?? (accountNumberOf(new Map(inside.map(({ tag, value }) => [tag, value]))) === undefined ? undefined : record);
  return {
    data,
    signedBytes: record.signed ? concat(before.signedBytes, covered) : before.signedBytes,
    ...(identity === undefined ? {} : { identityRecord: identity }),
  };
}

/** Digits of the account number, from 5A or from track 2. */
export function accountNumberOf(data: CardData): string | undefined {
  const number = data.get(0x5a);
  if (number !== undefined) return parseAccountNumber(number);
  const track = data.get(0x57);
  return track === undefined ? undefined : parseTrack2(track)?.accountNumber;
}

/** An amount of 12 decimal digits; undefined for anything else. */
export function amountOf(value: Bytes | undefined): Fen | undefined {
  const digits = value?.length === 6 ? toHex(value) : "";
  return /^\d{12}$/.test(digits) ? fen(Number(digits)) : undefined;
}

/** A day YYMMDD as YYYYMMDD; undefined for anything else. Years up to 49 belong to this century. Spec: JR/T 0025, dates. */
export function dayOf(value: Bytes | undefined): string | undefined {
  const digits = value?.length === 3 ? toHex(value) : "";
  if (!/^\d{6}$/.test(digits)) return undefined;
  return `${Number(digits.slice(0, 2)) < 50 ? "20" : "19"}${digits}`;
}

/** What may still be loaded: the card's limit 9F77 less its balance 9F79; undefined when the card does not tell both. Spec: JR/T 0025, electronic cash, balance limit. */
export function roomForLoad({ balance, balanceLimit }: CashBaseline): Fen | undefined {
  if (balance === undefined || balanceLimit === undefined) return undefined;
  return balance >= balanceLimit ? ZERO_FEN : subtractFen(balanceLimit, balance);
}
