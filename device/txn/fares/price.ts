/*
 * An amount on its way from the base fare to what is paid. It is kept as a whole number of hundred-millionths of a fen, so that four
 * percentages in a row are exact, and is rounded once, at the end.
 */
import { assert } from "../../base/assert.ts";
import { type Fen, fen } from "../../base/fen.ts";
import type { FareTable } from "./types.ts";

/** Four percentages divide by a hundred four times. */
const PARTS_PER_FEN = 100_000_000;

export interface Price {
  readonly parts: number;
  /** Rows that made it. */
  readonly rows: readonly string[];
}

export function priceOf(amountFen: number, row: string): Price {
  return { parts: amountFen * PARTS_PER_FEN, rows: [row] };
}

/** What is left of it in percent. */
export function percentOf({ parts, rows }: Price, percent: number, row: string): Price {
  assert(parts % 100 === 0, "at most four percentages are applied to one price");
  return { parts: (parts / 100) * percent, rows: [...rows, row] };
}

/** More or less by whole fen, never below zero. */
export function changedBy({ parts, rows }: Price, differenceFen: number, row: string): Price {
  return { parts: Math.max(0, parts + differenceFen * PARTS_PER_FEN), rows: [...rows, row] };
}

/** At most so much; the row is named only where it made a difference. */
export function atMost(price: Price, amountFen: number, row: string): Price {
  return price.parts <= amountFen * PARTS_PER_FEN ? price : { parts: amountFen * PARTS_PER_FEN, rows: [...price.rows, row] };
}

export function roundedFen({ parts }: Price, { mode, toFen }: FareTable["rounding"]): Fen {
  const unit = toFen * PARTS_PER_FEN;
  const rest = parts % unit;
  const up = rest > 0 && (mode === "up" || (mode === "half-up" && rest * 2 >= unit));
  return fen(((parts - rest) / unit + (up ? 1 : 0)) * toFen);
}
