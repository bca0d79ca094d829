/* What the API benchmark and its counters, in a process of their own, say to each other. */
import type { Basket } from "../../device/api/client/index.ts";

export interface LoadPlan {
  readonly url: string;
  readonly counters: readonly { readonly token: string; readonly operator: string; readonly password: string; readonly credential: Basket["credential"] }[];
  readonly ordersPerCounter: number;
  /** Orders of each counter before the time counts. */
  readonly warmUp: number;
  /** Everything but the credential and the invoice's number. */
  readonly basket: Omit<Basket, "credential" | "invoiceNumber">;
}

export interface LoadResult {
  /** One figure for each order: from sending the basket to holding its result. */
  readonly latenciesMs: readonly number[];
  readonly tookMs: number;
  /** How many orders ended in each state. */
  readonly states: Readonly<Record<string, number>>;
}
