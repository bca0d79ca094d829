/* Decimal digits two to a byte, as cards keep numbers, dates and terminal numbers. Fields of variable length are filled with F on the right. */
import { assert } from "../base/assert.ts";
import { type Bytes, fromHex, toHex } from "../base/bytes.ts";
import { isCivilDate, isCivilTimeOfDay } from "./civil-time.ts";

/** Digits without their padding. A nibble A to E is "not-a-digit"; an F that stands before a digit makes "digit-after-padding". */
export type DigitsParse = { readonly ok: true; readonly digits: string } | { readonly ok: false; readonly reason: "not-a-digit" | "digit-after-padding" };

/** Digits as BCD, filled with F on the right to `length` bytes (by default to whole bytes). Spec: LD/T 32.7, type cn. */
export function digitsToBcd(digits: string, length: number = Math.ceil(digits.length / 2)): Bytes {
  assert(/^\d*$/.test(digits), "BCD is made of decimal digits");
  assert(Number.isInteger(length) && digits.length <= length * 2, "the digits fit the field");
  return fromHex(digits.padEnd(length * 2, "f"));
}

/** A number as BCD, filled with 0 on the left to `length` bytes. */
export function numberToBcd(value: number, length: number): Bytes {
  assert(Number.isSafeInteger(value) && value >= 0, "a BCD number is a non-negative safe integer");
  return digitsToBcd(String(value).padStart(length * 2, "0"), length);
}

/** Digits of a BCD field without its padding. Never throws. */
export function bcdToDigits(bytes: Bytes): DigitsParse {
  const nibbles = toHex(bytes);
  let end = nibbles.length;
  while (end > 0 && nibbles[end - 1] === "f") end -= 1;
  const digits = nibbles.slice(0, end);
  if (/^\d*$/.test(digits)) return { ok: true, digits };
  return { ok: false, reason: /[a-e]/.test(digits) ? "not-a-digit" : "digit-after-padding" };
}

/** A day as YYYYMMDD. "not-a-date" covers unwritten fields and days that the calendar does not have. */
export type DateParse = { readonly ok: true; readonly date: string } | { readonly ok: false; readonly reason: "wrong-length" | "not-a-date" };
/** A second of the day as HHMMSS. "not-a-time" covers unwritten fields and hours, minutes or seconds that do not exist. */
export type TimeParse = { readonly ok: true; readonly time: string } | { readonly ok: false; readonly reason: "wrong-length" | "not-a-time" };

/** A calendar day YYYYMMDD as 4 bytes. */
export function dateToBcd(date: string): Bytes {
  assert(isCivilDate(date), "the date is a day of the calendar");
  return digitsToBcd(date);
}

/** A second of the day HHMMSS as 3 bytes. */
export function timeToBcd(time: string): Bytes {
  assert(isCivilTimeOfDay(time), "the time is a second of the day");
  return digitsToBcd(time);
}

/** YYYYMMDD of 4 bytes when they name a day of the calendar; an unwritten field (all 0 or all F) does not. Never throws. */
export function bcdToDate(bytes: Bytes): DateParse {
  if (bytes.length !== 4) return { ok: false, reason: "wrong-length" };
  const date = toHex(bytes);
  return isCivilDate(date) ? { ok: true, date } : { ok: false, reason: "not-a-date" };
}

/** HHMMSS of 3 bytes when they name a second of the day. Never throws. */
export function bcdToTime(bytes: Bytes): TimeParse {
  if (bytes.length !== 3) return { ok: false, reason: "wrong-length" };
  const time = toHex(bytes);
  return isCivilTimeOfDay(time) ? { ok: true, time } : { ok: false, reason: "not-a-time" };
}
