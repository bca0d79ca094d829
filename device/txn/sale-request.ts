/* What a caller asks of a flow. Shared by all flows; written before them, part of the contract. */
import type { Fen } from "../base/fen.ts";
import type { IndustryPlace } from "../card/electronic-cash/industry.ts";
import type { CompoundUpdate } from "../card/transit/compound.ts";
import type { Tariff } from "./quick-payment/tariff.ts";

/** Where on the card the money is taken from, and by which kind of transaction. */
export type PurseKind = "e-purse" | "compound" | "medical-purse" | "electronic-cash";

/** Which purse pays, with what only that purse needs to be told. */
export type PurseChoice =
  | { readonly kind: "e-purse" }
  /** The record is written together with the debit, or neither. An amount of zero is an entry: the record is written, no money moves. */
  | { readonly kind: "compound"; readonly record: CompoundUpdate }
  /** The card says where its holder got in, and the tariff what that costs and what is written. */
  | { readonly kind: "compound"; readonly tariff: Tariff }
  /** The amount of the request is what the personal account on the card pays; the others are written down beside it. */
  | {
      readonly kind: "medical-purse";
      readonly selfPay: Fen;
      readonly pooled: Fen;
      /** The one card that may pay, 32 hexadecimal digits; left out: any. */
      readonly cardIdentifier?: string;
    }
  /** `tariff` prices a purchase: nothing but the balance changes, and the card tells of no journey. A sale with a record has its own. */
  | { readonly kind: "electronic-cash"; readonly industry?: CashIndustry; readonly tariff?: Tariff };

/** A sale of electronic cash that changes an industry record of the card with its balance. Spec: JR/T 0025, extension for small payments. */
export interface CashIndustry {
  readonly use: "segment-fare" | "pre-authorization" | "completion";
  readonly place: IndustryPlace;
  readonly tariff: Tariff;
  /** What is held or completed, where the caller says it: with another amount, the same reference is another sale. */
  readonly amount?: Fen;
}

/** The tariff that says the amount of a sale, or undefined where its caller does. */
export function tariffOf(purse: PurseChoice): Tariff | undefined {
  if (purse.kind === "compound" && "tariff" in purse) return purse.tariff;
  return purse.kind === "electronic-cash" ? (purse.industry?.tariff ?? purse.tariff) : undefined;
}

/** Whether a sale only sets an amount aside on the card: it moves nothing, whatever its tariff says. */
export function holdsOnly(purse: PurseChoice): boolean {
  return purse.kind === "electronic-cash" && purse.industry?.use === "pre-authorization";
}

/** Whether a sale of nothing is one: it only writes a record. */
export function allowsZero(purse: PurseChoice): boolean {
  return purse.kind === "compound" || tariffOf(purse) !== undefined;
}

/**
 * What a sale pays, where its rules ask: "goods" at the price of a shop, which a discount of the merchant may lower; "library-deposit", which goes back
 * once and as a whole.
 */
export type SalePurpose = "goods" | "library-deposit";

/**
 * Every request names the sale. The same reference is the same sale: when it was paid already (also before a power cut), the answer is
 * "paid" again and no card is touched; while an earlier attempt is unknown it is resolved first, and only a void or refused
 * attempt allows a new debit. Kept durable as the mark `sale/<reference>` = subject, in the same commit as "prepared".
 * Autonomous places (a gate) draw a fresh reference for each passage, but reuse it while a torn tap of the same card waits for its return.
 */
export interface SaleRequest {
  /** 1 to 64 characters of [A-Za-z0-9._-], unique per sale at this terminal. */
  readonly reference: string;
  /** Zero where a tariff says it. */
  readonly amount: Fen;
  /** Who took it, where somebody stands at the counter; stands in the record. */
  readonly operator?: string;
  /** Left out: the e-purse. */
  readonly purse?: PurseChoice;
  /** Left out: a part of a larger bill, or a fare: paid as it is. */
  readonly pays?: SalePurpose;
}
