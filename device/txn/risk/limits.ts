/* Offline exposure: what may be sold before the settlement host has receipted what was sold before. */
import { CARD_AMOUNT_MAX, type Fen } from "../../base/fen.ts";
import type { Journal, RecordKind } from "../journal/types.ts";

/** Limits of the offline permission, for one terminal. */
export interface RiskLimits {
  /** Largest amount of one sale. */
  readonly amountPerSaleFen: Fen;
  /** Most sales without a receipt, this one included. */
  readonly unreceiptedCount: number;
  /** Largest sum of sales without a receipt, this one included. */
  readonly unreceiptedSumFen: Fen;
  /** Up to this amount a debit that only the card itself vouches for counts as paid; 0 = never. */
  readonly unverifiedAmountFen: Fen;
}

/** What is out without a receipt, before this sale. */
export interface Exposure {
  readonly count: number;
  readonly sumFen: number;
}

/** What a card pays, or promises to pay, without anybody being asked. The limits are the terminal's, whichever of them it was. */
export const PAYMENTS: readonly RecordKind[] = ["quick-payment", "delayed-charge"];

export function paymentsOut(journal: Pick<Journal, "unreceipted">): Exposure {
  const each = PAYMENTS.map((kind) => journal.unreceipted(kind));
  return each.reduce((all, { count, sumFen }) => ({ count: all.count + count, sumFen: all.sumFen + sumFen }), { count: 0, sumFen: 0 });
}

export type LimitReached = "amount-zero" | "amount-limit" | "unreceipted-count-limit" | "unreceipted-sum-limit";

/** What no card could ever be asked for, whatever the limits are. Zero is an amount where a sale may only write a record. */
export function impossibleAmount(amount: Fen, options: { readonly zeroAllowed?: boolean } = {}): LimitReached | undefined {
  if (amount === 0 && options.zeroAllowed !== true) return "amount-zero";
  return amount > CARD_AMOUNT_MAX ? "amount-limit" : undefined;
}

/** The limit that this sale would pass, or undefined when it may be made. */
export function limitReached(limits: RiskLimits, exposure: Exposure, sale: { readonly amount: Fen; readonly zeroAllowed?: boolean }): LimitReached | undefined {
  const { amount } = sale;
  const impossible = impossibleAmount(amount, sale);
  if (impossible !== undefined) return impossible;
  if (amount > limits.amountPerSaleFen) return "amount-limit";
  if (exposure.count + 1 > limits.unreceiptedCount) return "unreceipted-count-limit";
  if (exposure.sumFen + amount > limits.unreceiptedSumFen) return "unreceipted-sum-limit";
  return undefined;
}
