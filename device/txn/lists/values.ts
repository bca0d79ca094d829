/*
 * The numbers of cards as lists compare them: a kind and 1 to 32 characters 0-9 A-Z, small letters read as large ones. A number of any other
 * form can be in no list.
 */
import type { ListedNumber } from "./lists.ts";

/** As they stand in documents and files; never renumbered. */
export const NUMBER_CODES: Readonly<Record<ListedNumber, number>> = { "purse-serial": 1, "card-identifier": 2, "card-number": 3, "account-number": 4 };

export const NUMBER_CODE_MAX = 4;
export const VALUE_LENGTH_MAX = 32;

const ZERO = 0x30;
const NINE = 0x39;
const LARGE_A = 0x41;
const LARGE_Z = 0x5a;
const TO_LARGE = 0x20;

export function isValueCode(code: number): boolean {
  return (code >= ZERO && code <= NINE) || (code >= LARGE_A && code <= LARGE_Z);
}

/** Writes the characters of a number into `into` from `at` on, and says how many they are; 0 where it is no number that a list could hold. */
export function writeValue(text: string, into: Uint8Array, at: number): number {
  const { length } = text;
  if (length > VALUE_LENGTH_MAX) return 0;
  for (let index = 0; index < length; index += 1) {
    const read = text.charCodeAt(index);
    const code = read > LARGE_Z ? read - TO_LARGE : read;
    if (!isValueCode(code) || (read !== code && code < LARGE_A)) return 0;
    into[at + index] = code;
  }
  return length;
}
