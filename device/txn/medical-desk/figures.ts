/* Money of one settlement, as the insurer has booked it. */
import type { Fen } from "../../base/fen.ts";

/** What the holder and the counter are told about money; all of it the host's own figures. */
export interface SettledFigures {
  readonly settlementId: string;
  readonly total: Fen;
  readonly fund: Fen;
  readonly account: Fen;
  readonly mutualAid: Fen;
  /** What the counter still has to take. */
  readonly cash: Fen;
  readonly flags: readonly string[];
}
