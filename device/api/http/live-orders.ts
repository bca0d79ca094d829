/*
 * Goal: whoever asks for an order, however often, from wherever, meets the same order.
 * Method: each order under way is one piece of work that callers join. Its questions stand open for a bounded time for anyone who may answer;
 * a caller that goes away takes nothing with it. What ended is remembered for a while, so that its events can be read again.
 */
import { toHex } from "../../base/bytes.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Randomness } from "../../base/ports.ts";
import type { ApiBounds } from "../../config/api.ts";
import type { OrderName } from "../../txn/medical-order/order.ts";
import { refusal, tellable } from "./errors.ts";
import { LiveOrder, type OrderWork } from "./live-order.ts";

export interface LiveOrdersParts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly bounds: ApiBounds;
  readonly log: Log;
  /** Ends when the API closes. */
  readonly signal: AbortSignal;
  /** An error that is no failure of the world. */
  readonly onDefect: (error: unknown) => void;
}

export class LiveOrders {
  readonly #parts: LiveOrdersParts;
  /** In the order of their last use, the longest unused first. */
  readonly #orders = new Map<string, LiveOrder>();

  constructor(parts: LiveOrdersParts) {
    this.#parts = parts;
  }

  get underWay(): number {
    let count = 0;
    for (const order of this.#orders.values()) if (order.underWay) count += 1;
    return count;
  }

  find(name: OrderName): LiveOrder | undefined {
    return this.#orders.get(keyOf(name));
  }

  /** Begins the work, or joins it. Refuses "order-conflict" for another basket under way, "order-open" for another act. */
  begin(name: OrderName, work: OrderWork): LiveOrder {
    const known = this.find(name);
    if (known?.underWay === true) {
      known.join(work.key);
      return known;
    }
    if (this.underWay >= this.#parts.bounds.orders) throw refusal("too-many-orders", { retryAfterMs: 1_000 });
    const order = known ?? this.#remember(name);
    this.#orders.delete(keyOf(name));
    this.#orders.set(keyOf(name), order);
    this.#forget();
    order.begin(work);
    return order;
  }

  #remember(name: OrderName): LiveOrder {
    const generation = toHex(this.#parts.randomness.bytes(4));
    return new LiveOrder(name, { ...this.#parts, generation, failed: (error) => this.#failed(error) });
  }

  #failed(error: unknown): ReturnType<typeof refusal> {
    const told = tellable(error);
    if (told !== undefined) return told;
    this.#parts.onDefect(error);
    return refusal("terminal-failed");
  }

  /** Ended orders are forgotten when there are too many, those that somebody listens to last of all. */
  #forget(): void {
    let surplus = this.#orders.size - this.#parts.bounds.ordersRemembered - this.underWay;
    for (const [key, order] of this.#orders) {
      if (surplus <= 0) return;
      if (order.underWay || order.events.listeners > 0) continue;
      this.#orders.delete(key);
      surplus -= 1;
    }
  }
}

function keyOf({ client, orderNumber }: OrderName): string {
  return `${client}.${orderNumber}`;
}
