/*
 * Goal: say what the host's clock shows, never later than it does, so that a request cannot outlive its caller.
 * Method: a message from the host shows its time at sending; it arrives later, so each estimate is at most behind. The one that is
 * least behind is kept; a fall beyond the tolerance means that the host's clock was set back, and the new word holds.
 */
import type { Clock } from "../base/ports.ts";

/** By this much an estimate may be ahead after the host's clock was set back. */
export const HOST_TIME_TOLERANCE_MS = 500;

export class HostTime {
  readonly #clock: Clock;
  #offsetMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the time that a verified message of the host carries. */
  heard(hostTimeMs: number): void {
    const offsetMs = hostTimeMs - this.#clock.monotonicMs();
    if (this.#offsetMs === undefined || offsetMs > this.#offsetMs || this.#offsetMs - offsetMs > HOST_TIME_TOLERANCE_MS) this.#offsetMs = offsetMs;
  }

  /** Host time now, or undefined as long as the host was never heard. */
  nowMs(): number | undefined {
    return this.#offsetMs === undefined ? undefined : Math.round(this.#offsetMs + this.#clock.monotonicMs());
  }
}
