/*
 * Rules of a region or a city as data (地方规则): each has a name, days from which and until which it holds, and figures that a validator has
 * looked at. They come from configuration, never from code. Spec: card-services/v1, 6.
 */
import type { Fen } from "../../base/fen.ts";

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
  /** Fares have tables of their own; this names the one that holders of the card ride by. */
  | (Dated & { readonly kind: "fare-concession"; readonly fareTable: string })
  | (Dated & { readonly kind: "library-deposit"; readonly depositFen: number });

export type LocalRuleOf<Kind extends LocalRule["kind"]> = Extract<LocalRule, { readonly kind: Kind }>;

/** A sale as the rules look at it. */
export interface RuledSale {
  readonly amount: Fen;
  /** Code of the institution that sells. */
  readonly merchant: string;
  /** YYYYMMDD. */
  readonly today: string;
  /** What this terminal knows of the card; left out where a sale has none. */
  readonly card?: CardTally;
}

export interface CardTally {
  /** Sales since the issuer last had its statement printed. */
  readonly sinceStatement: number;
  readonly todayCount: number;
  readonly todayFen: number;
}
