/* What a line of the basket costs: quantity times price, exactly, rounded half up to the fen once. Spec: FSI, amounts N(16,2). */
import { type Fen, fen } from "../../base/fen.ts";

/** Places after the point that the interface takes. Spec: FSI, drugdetail. */
const QUANTITY_PLACES = 4;
const PRICE_PLACES = 6;
const DECIMAL = /^(\d{1,10})(?:\.(\d{1,6}))?$/;
/** Yuan to fen is two places. */
const FEN_PLACES = 2;

/** Decimal text as an integer of 10^-places; undefined when it is none, or names smaller parts. */
function scaled(text: string, places: number): bigint | undefined {
  const shape = DECIMAL.exec(text);
  const fraction = shape?.[2] ?? "";
  if (shape === null || fraction.length > places) return undefined;
  return BigInt(`${shape[1]}${fraction.padEnd(places, "0")}`);
}

/** A quantity in 1e-4; undefined when it is malformed or zero. */
export function quantityOf(text: string): bigint | undefined {
  const quantity = scaled(text, QUANTITY_PLACES);
  return quantity === 0n ? undefined : quantity;
}

/** How many whole packs a quantity holds, and whether a part is left over. */
export function packsOf(quantity: bigint): { readonly whole: bigint; readonly part: boolean } {
  const one = 10n ** BigInt(QUANTITY_PLACES);
  return { whole: quantity / one, part: quantity % one !== 0n };
}

/** The amount of a line; undefined when quantity or price is malformed, or the amount too large for money. */
export function lineAmount(line: { readonly quantity: string; readonly unitPrice: string }): Fen | undefined {
  const [quantity, price] = [quantityOf(line.quantity), scaled(line.unitPrice, PRICE_PLACES)];
  if (quantity === undefined || price === undefined) return undefined;
  const unit = 10n ** BigInt(QUANTITY_PLACES + PRICE_PLACES - FEN_PLACES);
  const amount = (quantity * price * 2n + unit) / (unit * 2n);
  return amount > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : fen(Number(amount));
}
