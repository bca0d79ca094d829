/*
 * Who may pay here without anybody being asked, and how much of it. Flows ask at two moments: when the card has named itself, and in the
 * same turn in which the intent is appended, so that no other lane can come between. Both answers are immediate.
 */
import type { Fen } from "../../base/fen.ts";
import type { RecordState } from "../journal/types.ts";
import type { PurseKind, SalePurpose } from "../sale-request.ts";

/** Why a rule of the region or city stands against a sale. */
export type LocalRuleReason = "statement-due" | "daily-amount-reached" | "daily-count-reached" | "deposit-not-taken" | "deposit-amount-differs";

/** What a merchant leaves to holders of the card, decided before the sale's intent is durable and never again. */
export interface MerchantDiscount {
  /** The price; what is paid is less by the discount. */
  readonly fullAmount: Fen;
  readonly discount: Fen;
  /** Name of the rule. */
  readonly rule: string;
}

/** What rules of the region or city make of a sale. */
export type LocalRuling =
  | { readonly kind: "refused"; readonly reason: LocalRuleReason }
  /** `salesLeft`: so many more before the statement must be printed, where that will be soon. */
  | { readonly kind: "sale"; readonly discount?: MerchantDiscount; readonly salesLeft?: number };

/** A sale as these rules are asked about it. */
export interface RuledByPlace {
  readonly card: ReviewedCard;
  readonly amount: Fen;
  readonly pays?: SalePurpose | undefined;
}

/** Why a card, or a sale, is refused offline. Stable words: they stand in answers and records. */
export type RiskReason =
  | LocalRuleReason
  | "card-listed"
  | "card-range-listed"
  | "card-reported-lost"
  | "debt-open"
  | "first-use-online"
  | "list-missing"
  | "list-too-old"
  | "lease-expired"
  | "clock-not-trusted"
  | "amount-limit"
  | "card-count-limit"
  | "card-sum-limit"
  | "card-age-limit"
  | "card-velocity-limit"
  | "unreceipted-count-limit"
  | "unreceipted-sum-limit"
  | "unreceipted-age-limit";

/** A card as lists and books know it. Its name is personal and is never kept in the clear. */
export interface ReviewedCard {
  readonly purse: PurseKind;
  /** The card's own name for the purse: application serial number, card identifier, account number. */
  readonly name: string;
  /** Number of the social card that it is on, where that is known: lists hold ranges of these. */
  readonly cardNumber?: string;
  /** Identifier of the social card that it is on, where that is known. */
  readonly cardIdentifier?: string;
  /** Issuer in hexadecimal, where the card says it. */
  readonly issuer?: string;
}

export type Review =
  | { readonly kind: "clear" }
  /** `block`: an exact entry with a signed order asks for the card to be blocked too; the flow does it where the place may. */
  | { readonly kind: "refused"; readonly reason: RiskReason; readonly block?: true };

/** A sale that counts against the limits from now on. */
export interface TakenSale {
  readonly kind: "taken";
  /** Its newest durable state: "refused" and "void" give back what it counted for; every other state keeps it. */
  became(state: RecordState): void;
}

export interface RiskGuard {
  review(card: ReviewedCard): Review;
  /** Counts the sale where every limit allows it. */
  take(card: ReviewedCard, amount: Fen): TakenSale | { readonly kind: "refused"; readonly reason: RiskReason };
}
