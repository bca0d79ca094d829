import { assert } from "./assert.ts";

declare const fenBrand: unique symbol;

/** An amount of money in fen (分, 1/100 yuan): a non-negative safe integer. A bare number is never money. */
export type Fen = number & { readonly [fenBrand]: true };

/** Makes an amount from an integer that is already known to be fen. */
export function fen(amount: number): Fen {
  assert(Number.isSafeInteger(amount) && amount >= 0, "fen is a non-negative safe integer");
  return amount as Fen;
}

/** No money: the start of a sum. */
export const ZERO_FEN: Fen = fen(0);

/** Largest amount that fits the 4-byte big-endian field of card and PSAM commands. */
export const CARD_AMOUNT_MAX: Fen = fen(0xffff_ffff);

/** The sum of two amounts; one beyond the safe integers is asserted, because such a sum would lose fen. */
export function addFen(left: Fen, right: Fen): Fen {
  return fen(left + right);
}

/** What is left of `from`. Money never goes below zero: the caller checks first, and less than nothing is asserted. */
export function subtractFen(from: Fen, amount: Fen): Fen {
  assert(amount <= from, "the caller checked that enough is there");
  return fen(from - amount);
}

/** The sum of any number of amounts, zero for none; one beyond the safe integers is asserted. */
export function sumFen(amounts: Iterable<Fen>): Fen {
  let total = 0;
  for (const amount of amounts) total += amount;
  return fen(total);
}

/** Writes an amount as yuan with two decimals, for people and for interfaces that take decimal text. */
export function formatYuan(amount: Fen): string {
  const text = String(amount).padStart(3, "0");
  return `${text.slice(0, -2)}.${text.slice(-2)}`;
}

/**
 * Decimal yuan from outside, as fen or with the reason why it is none. "too-many-decimals" means that it names parts of a fen,
 * which are refused rather than rounded; "too-large" is beyond the safe integers.
 */
export type YuanParse =
  | { readonly ok: true; readonly amount: Fen }
  | { readonly ok: false; readonly reason: "not-a-decimal" | "too-many-decimals" | "too-large" | "negative" };

const YUAN_SHAPE = /^(-?)(\d{1,16})(?:\.(\d{1,16}))?$/;

/**
 * Reads decimal yuan ("12", "12.3", "12.30", also "12.3000": digits beyond fen must be zero) without floating point.
 * Never throws.
 */
export function parseYuan(text: unknown): YuanParse {
  if (typeof text !== "string") return { ok: false, reason: "not-a-decimal" };
  const shape = YUAN_SHAPE.exec(text.trim());
  if (shape === null) return { ok: false, reason: "not-a-decimal" };
  const [, sign = "", whole = "", fraction = ""] = shape;
  if (/[1-9]/.test(fraction.slice(2))) return { ok: false, reason: "too-many-decimals" };
  const amount = BigInt(whole) * 100n + BigInt(fraction.slice(0, 2).padEnd(2, "0"));
  if (sign === "-" && amount !== 0n) return { ok: false, reason: "negative" };
  if (amount > BigInt(Number.MAX_SAFE_INTEGER)) return { ok: false, reason: "too-large" };
  return { ok: true, amount: fen(Number(amount)) };
}
