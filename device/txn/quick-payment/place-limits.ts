/*
 * The limits of the place, asked in the turn in which the intent is appended. What is only held on a card is judged as if it were taken, because its
 * completion is owed: what was had before is judged at its beginning and never again.
 */
import { type Fen, ZERO_FEN } from "../../base/fen.ts";
import type { Journal } from "../journal/types.ts";
import type { ReviewedCard, RiskGuard, RiskReason, TakenSale } from "../risk/guard.ts";
import { impossibleAmount, type LimitReached, limitReached, paymentsOut, type RiskLimits } from "../risk/limits.ts";
import { allowsZero, holdsOnly, type PurseChoice } from "../sale-request.ts";
import type { Charge } from "./tariff.ts";

export interface LimitParts {
  readonly guard: RiskGuard | undefined;
  readonly journal: Pick<Journal, "unreceipted">;
  readonly risk: RiskLimits;
}

export interface AskedOfPlace {
  readonly card: ReviewedCard;
  readonly purse: PurseChoice;
  readonly amount: Fen;
  readonly charge: Charge | undefined;
}

export type PlaceAnswer =
  | { readonly kind: "allowed"; readonly taken: TakenSale | undefined }
  | { readonly kind: "refused"; readonly reason: LimitReached | RiskReason };

export function placeLimits({ guard, journal, risk }: LimitParts, { card, purse, amount: taken, charge }: AskedOfPlace): PlaceAnswer {
  const zeroAllowed = allowsZero(purse);
  if (charge?.isOwed === true) {
    const impossible = impossibleAmount(taken, { zeroAllowed });
    return impossible === undefined ? { kind: "allowed", taken: undefined } : { kind: "refused", reason: impossible };
  }
  const amount = holdsOnly(purse) ? (charge?.amount ?? ZERO_FEN) : taken;
  const limit = limitReached(risk, paymentsOut(journal), { amount, zeroAllowed });
  if (limit !== undefined) return { kind: "refused", reason: limit };
  const sale = guard?.take(card, amount);
  return sale?.kind === "refused" ? sale : { kind: "allowed", taken: sale };
}
