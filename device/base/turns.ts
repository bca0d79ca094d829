/*
 * Goal: a bounded number of things under way, a bounded number waiting for their turn, and each of them waits no longer than its own time.
 * Method: first come, first served; who goes away while waiting takes nobody else's place, and whoever is gone when the turn comes never gets it.
 */
import { isFault } from "./fault.ts";
import type { Clock, Limits } from "./ports.ts";

/** Gives the place back; the first of those who wait gets it. Calling it twice is calling it once. */
export type GiveBack = () => void;

export type Turn =
  | { readonly kind: "taken"; readonly giveBack: GiveBack }
  /** "queue-full": too many wait already. "timeout" and "cancelled": while waiting. */
  | { readonly kind: "none"; readonly reason: "queue-full" | "timeout" | "cancelled" | "closed" };

export interface TurnBounds {
  readonly atOnce: number;
  readonly waiting: number;
}

type Settle = (turn: Turn) => void;

export class Turns {
  readonly #clock: Clock;
  readonly #bounds: TurnBounds;
  /** In the order in which they came. */
  readonly #waiting = new Set<Settle>();
  #taken = 0;
  #closed = false;

  constructor(clock: Clock, bounds: TurnBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** A turn at once, or undefined when there is none to be had without waiting. */
  takeNow(): GiveBack | undefined {
    if (this.#closed || this.#taken >= this.#bounds.atOnce) return undefined;
    this.#taken += 1;
    return this.#giveBack();
  }

  /** A turn within the limits. Never rejects. */
  async take(limits: Limits): Promise<Turn> {
    if (limits.signal.aborted) return { kind: "none", reason: "cancelled" };
    const giveBack = this.takeNow();
    if (giveBack !== undefined) return { kind: "taken", giveBack };
    if (this.#closed) return { kind: "none", reason: "closed" };
    if (this.#waiting.size >= this.#bounds.waiting) return { kind: "none", reason: "queue-full" };
    const turn = await this.#wait(limits);
    // Both may happen in the same moment: then the turn goes on to the next.
    if (turn.kind === "none" || !limits.signal.aborted) return turn;
    turn.giveBack();
    return { kind: "none", reason: "cancelled" };
  }

  /** Sends everybody away who waits, and whoever comes later. Turns that are taken go on. */
  close(): void {
    this.#closed = true;
    for (const settle of [...this.#waiting]) settle({ kind: "none", reason: "closed" });
  }

  #wait(limits: Limits): Promise<Turn> {
    const over = new AbortController();
    const abort = () => over.abort();
    limits.signal.addEventListener("abort", abort, { once: true });
    return new Promise((resolve) => {
      const settle: Settle = (turn) => {
        // Whoever settles first has decided it.
        if (!this.#waiting.delete(settle)) return;
        limits.signal.removeEventListener("abort", abort);
        over.abort();
        resolve(turn);
      };
      this.#waiting.add(settle);
      this.#clock.sleep(Math.max(0, limits.timeoutMs), over.signal).then(
        () => settle({ kind: "none", reason: "timeout" }),
        (error: unknown) => {
          if (!isFault(error, "cancelled")) throw error;
          settle({ kind: "none", reason: "cancelled" });
        },
      );
    });
  }

  #giveBack(): GiveBack {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const [next] = this.#waiting;
      if (next === undefined) this.#taken -= 1;
      else next({ kind: "taken", giveBack: this.#giveBack() });
    };
  }
}
