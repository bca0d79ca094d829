/* What the API benchmark and its counters, in a process of their own, say to each other. */
import type { Basket } from "../../device/api/client/index.ts";

export interface LoadPlan {
  readonly url: string;
  readonly counters: readonly {
    readonly token: string;
    readonly operator: string;
    readonly password: string;
    /** One for each order, those of the warm-up first. */
    readonly baskets: readonly Basket[];
  }[];
  /** Orders of each counter before the time counts. */
  readonly warmUp: number;
}

export interface LoadResult {
  /** One figure for each order: from sending the basket to holding its result. */
  readonly latenciesMs: readonly number[];
  readonly tookMs: number;
  /** How many orders ended in each state. */
  readonly states: Readonly<Record<string, number>>;
  /** What a counter was told that was not its own, or not as it had asked. */
  readonly strange: readonly string[];
  /** Of every order, those of the warm-up among them. */
  readonly settlementIds: readonly string[];
}
