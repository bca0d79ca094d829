/*
 * Goal: an event loop that is held up is seen, also when it comes back.
 * Method: a sleeper that should wake at a fixed pace; by how much it wakes too late is how long nobody else could run.
 */
import { isFault } from "../base/fault.ts";
import type { Clock } from "../base/ports.ts";

const PACE_MS = 100;

export class LoopLateness {
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #meters: { worstMs: number }[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#running = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** A reading for one reader of it: the longest that the loop was late since this reader asked last. */
  meter(): () => number {
    const meter = { worstMs: 0 };
    this.#meters.push(meter);
    return () => {
      const { worstMs } = meter;
      meter.worstMs = 0;
      return worstMs;
    };
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (;;) {
        const dueMs = this.#clock.monotonicMs() + PACE_MS;
        await this.#clock.sleep(PACE_MS, signal);
        const lateMs = this.#clock.monotonicMs() - dueMs;
        for (const meter of this.#meters) meter.worstMs = Math.max(meter.worstMs, lateMs);
      }
    } catch (error) {
      if (!isFault(error, "cancelled")) throw error;
    }
  }
}
