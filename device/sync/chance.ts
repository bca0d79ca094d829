/* Waits drawn at random, so that a fleet that lost its broker together does not come back together. */
import { readUint } from "../base/bytes.ts";
import type { Randomness } from "../base/ports.ts";

/** A number in [0, 1). */
export function fraction(randomness: Randomness): number {
  return readUint(randomness.bytes(4), 0, 4) / 0x1_0000_0000;
}

export interface Backoff {
  /** Upper bound of the first wait. */
  readonly baseMs: number;
  /** Upper bound of any wait. */
  readonly capMs: number;
}

/** Full jitter: anything from zero to the bound, which doubles with each failure. */
export function fullJitterMs(backoff: Backoff, failures: number, randomness: Randomness): number {
  return Math.round(fraction(randomness) * boundMs(backoff, failures));
}

/** A wait near the doubled bound (three quarters to the whole), for what should not come too early either. */
export function steadyJitterMs(backoff: Backoff, failures: number, randomness: Randomness): number {
  return Math.round((0.75 + fraction(randomness) / 4) * boundMs(backoff, failures));
}

function boundMs({ baseMs, capMs }: Backoff, failures: number): number {
  return Math.min(capMs, baseMs * 2 ** Math.min(failures, 30));
}
