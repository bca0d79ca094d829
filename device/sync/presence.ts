/*
 * Goal: know whether the settlement host, not only a broker, is there. Spec: pos/v1, 6.
 * Method: any message whose signature is the host's counts; each keeps the host present for a while.
 */
import { isFault } from "../base/fault.ts";
import type { Clock } from "../base/ports.ts";

/** The host counts as present this long after it was last heard. */
export const PRESENCE_MS = 30_000;

export class HostPresence {
  readonly #clock: Clock;
  readonly #onSilent: () => void;
  #heardMs: number | undefined;
  #timer: AbortController | undefined;

  /** `onSilent` is called when nothing was heard for {@link PRESENCE_MS}. */
  constructor(clock: Clock, onSilent: () => void) {
    this.#clock = clock;
    this.#onSilent = onSilent;
  }

  get present(): boolean {
    return this.#heardMs !== undefined && this.#clock.monotonicMs() - this.#heardMs < PRESENCE_MS;
  }

  heard(): void {
    this.#heardMs = this.#clock.monotonicMs();
    if (this.#timer === undefined) void this.#watch();
  }

  stop(): void {
    this.#timer?.abort();
  }

  /** One watcher at a time; it sleeps until the present word runs out and looks again. */
  async #watch(): Promise<void> {
    const timer = new AbortController();
    this.#timer = timer;
    try {
      while (this.#heardMs !== undefined && !timer.signal.aborted) {
        const leftMs = Math.ceil(this.#heardMs + PRESENCE_MS - this.#clock.monotonicMs());
        if (leftMs <= 0) break;
        await this.#clock.sleep(leftMs, timer.signal);
      }
    } catch (error) {
      if (!isFault(error, "cancelled")) throw error;
    }
    this.#timer = undefined;
    if (!timer.signal.aborted) this.#onSilent();
  }
}
