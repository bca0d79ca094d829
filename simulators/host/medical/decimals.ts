/* Decimal numbers of the insurer as scaled big integers: no amount ever passes through binary floating point. Spec: FSI, amounts N(16,2). */
import { assert } from "../../../device/base/assert.ts";

const SHAPE = /^(-?)(\d{1,16})(?:\.(\d{1,16}))?$/;

/** Plain decimal text or a JSON number as an integer of 10^-scale units, or undefined when it is neither or has finer digits. */
export function parseDecimal(value: unknown, scale: number): bigint | undefined {
  // A JSON number of money size prints back with the digits that stood in the message.
  const text = typeof value === "number" ? String(value) : value;
  const shape = typeof text === "string" ? SHAPE.exec(text) : null;
  if (shape === null) return undefined;
  const [, sign = "", whole = "", fraction = ""] = shape;
  if (/[1-9]/.test(fraction.slice(scale))) return undefined;
  const scaled = BigInt(whole + fraction.slice(0, scale).padEnd(scale, "0"));
  return sign === "-" ? -scaled : scaled;
}

/** Half up, for values that are not negative. */
export function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  assert(dividend >= 0n && divisor > 0n, "the split divides amounts and ratios");
  return (2n * dividend + divisor) / (2n * divisor);
}

/** Fen as yuan with two decimals, negative ones too. */
export function yuanText(fen: bigint): string {
  const digits = (fen < 0n ? -fen : fen).toString().padStart(3, "0");
  return `${fen < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export function smaller(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

export function atLeastZero(value: bigint): bigint {
  return value < 0n ? 0n : value;
}

export function sumOf<Item>(items: readonly Item[], amount: (item: Item) => bigint): bigint {
  return items.reduce((total, item) => total + amount(item), 0n);
}
