/* What a caller asks of a flow. Shared by all flows; written before them, part of the contract. */
import type { Fen } from "../base/fen.ts";

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
}
