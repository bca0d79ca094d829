/* The machine's clocks, with a calendar whose days can be let pass: nobody waits for them. */
import type { Clock } from "../../device/base/ports.ts";
import { systemClock } from "../../device/system/clock.ts";

export class CalendarClock implements Clock {
  readonly #clock = systemClock();
  #aheadMs = 0;

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#clock.wallMs() + this.#aheadMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(durationMs, signal);
  }

  /** The calendar alone moves on. */
  letPass(durationMs: number): void {
    this.#aheadMs += durationMs;
  }
}
