/* Wakes the one who waits, or lets him sleep his time. A ring while nobody waits is kept for the next wait. */
import { isFault } from "../../base/fault.ts";
import type { Clock } from "../../base/ports.ts";

export class Bell {
  readonly #clock: Clock;
  #rung = false;
  #sleeping: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#rung = true;
    this.#sleeping?.abort();
  }

  /** Resolves after `durationMs`, at the next ring, or when `signal` aborts. */
  async wait(durationMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      const sleeping = new AbortController();
      this.#sleeping = sleeping;
      try {
        await this.#clock.sleep(Math.max(0, Math.ceil(durationMs)), AbortSignal.any([sleeping.signal, signal]));
      } catch (error) {
        if (!isFault(error, "cancelled")) throw error;
      }
      this.#sleeping = undefined;
    }
    this.#rung = false;
  }
}
