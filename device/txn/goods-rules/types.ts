/* Words of the rules for goods: why a basket may not be sold, and what a person should look at although it may. */

import type { RegionSwitches } from "../medical-host/profile.ts";
import type { OrderReason } from "../medical-order/order.ts";

/** Reasons of an order that come from its goods. */
export type GoodsReason = Extract<
  OrderReason,
  | "line-malformed"
  | "line-amount-wrong"
  | "total-wrong"
  | "prescription-missing"
  | "pharmacist-missing"
  | "trace-code-missing"
  | "trace-code-sold"
  | "trace-code-malformed"
  | "trace-code-twice"
  | "trace-code-surplus"
>;

export interface GoodsRefusal {
  readonly kind: "refused";
  readonly reason: GoodsReason;
  /** Place of the line in the basket, from 1; left out where the basket as a whole is meant. */
  readonly line?: number;
}

/** Nothing stops the sale for it. */
export interface GoodsWarning {
  readonly warning: "trace-code-unusual";
  readonly line: number;
}

export type GoodsVerdict = { readonly kind: "accepted"; readonly warnings: readonly GoodsWarning[] } | GoodsRefusal;

export interface GoodsRules {
  readonly trace: RegionSwitches["trace"];
  /** Day of the sale, yyyy-MM-dd. */
  readonly today: string;
}
