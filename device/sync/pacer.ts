/*
 * Goal: never more messages in a second than the broker's operator allows, and live requests never behind the drain.
 * Method: the times of the last messages are kept; the drain leaves a reserve that only live messages may use. Spec: pos/v1, 1.
 */
import { assert } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import type { Clock, Limits } from "../base/ports.ts";

const SECOND_MS = 1_000;

export type Lane = "live" | "drain";

export class Pacer {
  readonly #clock: Clock;
  readonly #most: Readonly<Record<Lane, number>>;
  #times: number[] = [];
  readonly #tails: Record<Lane, Promise<unknown>> = { live: Promise.resolve(), drain: Promise.resolve() };

  /** `reserve` of the `perSecond` messages are kept free for the live lane. */
  constructor(clock: Clock, perSecond: number, reserve: number) {
    assert(Number.isInteger(perSecond) && reserve >= 0 && reserve < perSecond, "the drain keeps a share of its own");
    this.#clock = clock;
    this.#most = { live: perSecond, drain: perSecond - reserve };
  }

  /** Milliseconds until one more message of this lane may go; 0 means now. */
  delayMs(lane: Lane): number {
    const nowMs = this.#clock.monotonicMs();
    this.#times = this.#times.filter((timeMs) => nowMs - timeMs < SECOND_MS);
    const blocking = this.#times.at(-this.#most[lane]);
    // Whole milliseconds: a fraction that is lost in the sum of a clock must not be slept again and again.
    return blocking === undefined ? 0 : Math.ceil(blocking + SECOND_MS - nowMs);
  }

  /** Waits for a place and takes it; first come, first served within a lane. Faults: "timeout", "cancelled" (nothing was sent). */
  take(lane: Lane, limits: Limits): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + limits.timeoutMs;
    const turn = this.#tails[lane].then(() => this.#wait(lane, untilMs, limits.signal));
    this.#tails[lane] = turn.catch(() => undefined);
    return turn;
  }

  async #wait(lane: Lane, untilMs: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      if (signal.aborted) throw new Fault("cancelled", "message not sent: cancelled", { effectUnknown: false });
      const delayMs = this.delayMs(lane);
      if (delayMs <= 0) break;
      if (this.#clock.monotonicMs() + delayMs > untilMs) throw new Fault("timeout", "message not sent: no place in time", { effectUnknown: false });
      await this.#clock.sleep(delayMs, signal);
    }
    this.#times.push(this.#clock.monotonicMs());
  }
}
