/*
 * Rules of a region or a city as data (地方规则): each has a name, days from which and until which it holds, and figures that a validator has
 * looked at. They come from configuration, never from code. Spec: card-services/v1, 6.
 */
import type { Fen } from "../../base/fen.ts";
import type { SalePurpose } from "../sale-request.ts";

interface Dated {
  /** Told with everything that follows from the rule. */
  readonly name: string;
  /** YYYYMMDD; both days are included, and without the second it holds on. */
  readonly validFrom: string;
  readonly validTo?: string;
}

export type LocalRule =
  /** A card trades so often without its statement being printed; the issuer alone begins the count anew. */
  | (Dated & { readonly kind: "statement"; readonly limit: number; readonly warnFrom: number })
  /** What one card may pay here in a day. */
  | (Dated & { readonly kind: "daily-cap"; readonly amountFen?: number; readonly count?: number })
  /** Holders pay this part of the price at these merchants. */
  | (Dated & {
      readonly kind: "merchant-discount";
      readonly merchants: readonly string[];
      /** 9 of 10: nine tenths are paid. */
      readonly numerator: number;
      readonly denominator: number;
      readonly discountMaxFen?: number;
    })
  /** Fares have tables of their own; holders of these issuers' cards ride by the concession that the table in force has for this card type. */
  | (Dated & { readonly kind: "fare-concession"; readonly issuers: readonly string[]; readonly asCardType: number })
  /** What a library takes once for its reader, and gives back once, as a whole. */
  | (Dated & { readonly kind: "library-deposit"; readonly depositFen: number });

export type LocalRuleOf<Kind extends LocalRule["kind"]> = Extract<LocalRule, { readonly kind: Kind }>;

/** A sale as the rules look at it. */
export interface RuledSale {
  readonly amount: Fen;
  /** What is paid; left out: a part of a larger bill, which is paid as it is. */
  readonly pays?: SalePurpose | undefined;
  /** Code of the institution that sells. */
  readonly merchant: string;
  /** YYYYMMDD. */
  readonly today: string;
  /** What this terminal knows of the card; left out where a sale has none. */
  readonly card?: CardTally;
}

export interface CardTally {
  /** Sales since the issuer last had its statement printed; left out where nobody knows whose card it is, so that no statement could lift a stop. */
  readonly sinceStatement?: number;
  readonly todayCount: number;
  readonly todayFen: number;
}
