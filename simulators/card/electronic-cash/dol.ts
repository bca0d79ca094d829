/* Lists of data objects that the card wants, as it wrote them itself, and what a terminal filled them with. Spec: JR/T 0025, data object lists. */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, concat, fromHex, u8 } from "../../../device/base/bytes.ts";
import { bcdToDigits } from "../../../device/codec/bcd.ts";

/** One wanted object: its tag and the bytes that the card wants of it. */
export type Wanted = readonly [tag: number, length: number];

/** What a terminal sent, by tag. */
export type Sent = ReadonlyMap<number, Bytes>;

export const TAG = {
  amount: 0x9f02,
  otherAmount: 0x9f03,
  country: 0x9f1a,
  verificationResults: 0x95,
  currency: 0x5f2a,
  date: 0x9a,
  type: 0x9c,
  unpredictableNumber: 0x9f37,
  time: 0x9f21,
  merchantName: 0x9f4e,
  terminalQualifiers: 0x9f66,
  cashIndicator: 0x9f7a,
  industryIndicator: 0xdf60,
  chineseAlgorithms: 0xdf69,
  responseCode: 0x8a,
  counter: 0x9f36,
} as const;

/** The card's side of a terminal's data in a cryptogram, in this order in every list. */
const CRYPTOGRAM_LIST: readonly Wanted[] = [
  [TAG.amount, 6],
  [TAG.otherAmount, 6],
  [TAG.country, 2],
  [TAG.verificationResults, 5],
  [TAG.currency, 2],
  [TAG.date, 3],
  [TAG.type, 1],
  [TAG.unpredictableNumber, 4],
];

export const FIRST_LIST: readonly Wanted[] = [...CRYPTOGRAM_LIST, [TAG.time, 3], [TAG.merchantName, 20]];
export const SECOND_LIST: readonly Wanted[] = [[TAG.responseCode, 2], ...CRYPTOGRAM_LIST, [TAG.time, 3]];
export const DYNAMIC_LIST: readonly Wanted[] = [[TAG.unpredictableNumber, 4]];
export const LOG_LIST: readonly Wanted[] = [
  [TAG.date, 3],
  [TAG.time, 3],
  [TAG.amount, 6],
  [TAG.otherAmount, 6],
  [TAG.country, 2],
  [TAG.currency, 2],
  [TAG.merchantName, 20],
  [TAG.type, 1],
  [TAG.counter, 2],
];
/** Behind the tag, the value before and the value after of what was loaded. */
export const LOAD_LOG_LIST: readonly Wanted[] = [
  [TAG.date, 3],
  [TAG.time, 3],
  [TAG.country, 2],
  [TAG.merchantName, 20],
  [TAG.counter, 2],
];

/** The list of the quick path, with what this card wants besides. */
export function quickList(wants: { readonly time: boolean; readonly industry: boolean; readonly chinese: boolean }): readonly Wanted[] {
  const list: Wanted[] = [[TAG.terminalQualifiers, 4], ...CRYPTOGRAM_LIST];
  if (wants.time) list.push([TAG.time, 3]);
  if (wants.industry) list.push([TAG.industryIndicator, 1]);
  if (wants.chinese) list.push([TAG.chineseAlgorithms, 1]);
  return list;
}

/** The list over contacts: whether electronic cash is meant, and how much. */
export function contactList(wants: { readonly chinese: boolean }): readonly Wanted[] {
  const list: Wanted[] = [
    [TAG.cashIndicator, 1],
    [TAG.amount, 6],
    [TAG.currency, 2],
  ];
  if (wants.chinese) list.push([TAG.chineseAlgorithms, 1]);
  return list;
}

/** The list as the terminal reads it: tags and lengths. */
export function listBytes(list: readonly Wanted[]): Bytes {
  return concat(...list.map(([tag, length]) => concat(fromHex(tag.toString(16)), u8(length))));
}

export function listLength(list: readonly Wanted[]): number {
  return list.reduce((sum, [, length]) => sum + length, 0);
}

/** Takes the terminal's data apart; the caller has checked their whole length. */
export function takenApart(list: readonly Wanted[], data: Bytes): Sent {
  assert(data.length === listLength(list), "the data have the length of the list");
  const sent = new Map<number, Bytes>();
  let at = 0;
  for (const [tag, length] of list) {
    sent.set(tag, data.slice(at, at + length));
    at += length;
  }
  return sent;
}

/** What the terminal sent under a tag, or zeros where the card did not ask for it. */
export function sentOr0(sent: Sent, [tag, length]: Wanted): Bytes {
  return sent.get(tag) ?? new Uint8Array(length);
}

/** Values of a list in its order, one after the other. */
export function valuesOf(list: readonly Wanted[], sent: Sent): Bytes {
  return concat(...list.map((wanted) => sentOr0(sent, wanted)));
}

/** Amount of 9F02 in fen; undefined when a nibble is no digit. */
export function amountOf(sent: Sent): number | undefined {
  const parsed = bcdToDigits(sentOr0(sent, [TAG.amount, 6]));
  return parsed.ok && parsed.digits.length === 12 ? Number(parsed.digits) : undefined;
}
