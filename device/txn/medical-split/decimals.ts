/* Decimal texts as whole numbers of their smallest unit, and the one rounding of money: half up. No amount passes through floating point. */
import { assert } from "../../base/assert.ts";
import { type Fen, fen } from "../../base/fen.ts";

const SHAPE = /^(\d{1,16})(?:\.(\d{1,16}))?$/;
/** A quantity counts in 1e-4, a unit price in 1e-6 yuan, so that their product counts in 1e-8 fen. */
const PRODUCT_PER_FEN = 100_000_000n;
const AMOUNT_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** A decimal without sign, in units of 10^-places; undefined where it is none or has digits beyond them that are not zero. Never throws. */
export function parseScaled(text: string, places: number): bigint | undefined {
  const shape = SHAPE.exec(text);
  if (shape === null) return undefined;
  const [, whole = "", fraction = ""] = shape;
  if (/[1-9]/.test(fraction.slice(places))) return undefined;
  return BigInt(`${whole}${fraction.slice(0, places).padEnd(places, "0")}`);
}

/** Turns an exact quotient into whole units. */
export type Round = (dividend: bigint, divisor: bigint) => bigint;

/** The quotient to the nearest whole number, a half upwards. */
export function halfUp(dividend: bigint, divisor: bigint): bigint {
  assert(dividend >= 0n && divisor > 0n, "money is divided by ratios that are not negative");
  return (2n * dividend + divisor) / (2n * divisor);
}

/** Quantity times unit price. Spec: FSI, drugdetail: cnt has four places, pric six. */
export function lineAmount(quantityE4: bigint, unitPriceE6: bigint, round: Round): bigint {
  return round(quantityE4 * unitPriceE6, PRODUCT_PER_FEN);
}

export function smaller(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

/** What is left of `from`; nothing where less than nothing would be. */
export function less(from: bigint, taken: bigint): bigint {
  return from > taken ? from - taken : 0n;
}

export function fitsFen(amount: bigint): boolean {
  return amount >= 0n && amount <= AMOUNT_MAX;
}

export function toFen(amount: bigint): Fen {
  assert(fitsFen(amount), "the total of the basket was bounded");
  return fen(Number(amount));
}
