/* What a caller asks of a flow. Shared by all flows; written before them, part of the contract. */
import type { Fen } from "../base/fen.ts";
import type { CompoundUpdate } from "../card/transit/compound.ts";

/** Where on the card the money is taken from, and by which kind of transaction. */
export type PurseKind = "e-purse" | "compound" | "medical-purse" | "electronic-cash";

/** Which purse pays, with what only that purse needs to be told. */
export type PurseChoice =
  | { readonly kind: "e-purse" }
  /** The record is written together with the debit, or neither. An amount of zero is an entry: the record is written, no money moves. */
  | { readonly kind: "compound"; readonly record: CompoundUpdate }
  /** The amount of the request is what the personal account on the card pays; the others are written down beside it. */
  | { readonly kind: "medical-purse"; readonly selfPay: Fen; readonly pooled: Fen }
  | { readonly kind: "electronic-cash" };

/**
 * Every request names the sale. The same reference is the same sale: when it was paid already (also before a power cut), the answer is
 * "paid" again and no card is touched; while an earlier attempt is unknown it is resolved first, and only a void or refused
 * attempt allows a new debit. Kept durable as the mark `sale/<reference>` = subject, in the same commit as "prepared".
 * Autonomous places (a gate) draw a fresh reference for each passage, but reuse it while a torn tap of the same card waits for its return.
 */
export interface SaleRequest {
  /** 1 to 64 characters of [A-Za-z0-9._-], unique per sale at this terminal. */
  readonly reference: string;
  readonly amount: Fen;
  /** Who took it, where somebody stands at the counter; stands in the record. */
  readonly operator?: string;
  /** Left out: the e-purse. */
  readonly purse?: PurseChoice;
}
