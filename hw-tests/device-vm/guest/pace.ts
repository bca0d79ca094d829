/*
 * Goal: limits of the product hold in a machine that is many times slower than any it will run on.
 * Method: Node runs 14 to 18 times slower in an emulated machine, so that the device's clock is given to run slower too: its second lasts
 * several. Drivers take the clock as a port and do not notice. What is measured is told in both.
 */
import type { Clock } from "../../../device/base/ports.ts";
import { systemClock } from "../../../device/system/clock.ts";

/** So many seconds of the guest are one second of the device. */
export const PACE = 4;
/** A device must serve again so soon after its return, on the device's clock. */
export const BACK_MS = 2_000;

const REAL = systemClock();

export const DEVICE_CLOCK: Clock = {
  monotonicMs: () => REAL.monotonicMs() / PACE,
  wallMs: () => REAL.wallMs(),
  sleep: (durationMs, signal) => (signal === undefined ? REAL.sleep(durationMs * PACE) : REAL.sleep(durationMs * PACE, signal)),
};

export function nowMs(): number {
  return REAL.monotonicMs();
}

/** Times of returns, in the guest's milliseconds. */
export class Returns {
  readonly #took: number[] = [];

  add(tookMs: number): void {
    this.#took.push(tookMs);
  }

  /** Throws where one was too late; else one line for people. */
  judge(expected: number): string {
    const sorted = this.#took.toSorted((left, right) => left - right);
    const worst = sorted.at(-1) ?? Number.POSITIVE_INFINITY;
    const median = sorted[Math.floor(sorted.length / 2)] ?? Number.POSITIVE_INFINITY;
    const both = (ms: number) => `${Math.round(ms)} ms (${Math.round(ms / PACE)} ms on the device's clock)`;
    const line = `${sorted.length} returns, back in service: median ${both(median)}, worst ${both(worst)}; limit ${BACK_MS} ms x ${PACE}`;
    if (sorted.length !== expected || worst > BACK_MS * PACE) throw new Error(line);
    return line;
  }
}
