import { assert } from "../base/assert.ts";
import { Fault, isFault } from "../base/fault.ts";
import type { Clock } from "../base/ports.ts";

/** Longest wait that one timer of the runtime can hold. */
const TIMER_MAX_MS = 0x7fff_ffff;

/** The clocks of this machine. */
export function systemClock(): Clock {
  return { monotonicMs: () => performance.now(), wallMs: () => Date.now(), sleep };
}

async function sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
  assert(Number.isFinite(durationMs) && durationMs >= 0, "a sleep has a finite length");
  const endMs = performance.now() + durationMs;
  // The runtime counts from the beginning of its loop's round and may fire up to a millisecond early: nobody wakes before the time.
  let leftMs = durationMs;
  do {
    await timer(Math.min(Math.ceil(leftMs), TIMER_MAX_MS), signal);
    leftMs = endMs - performance.now();
  } while (leftMs > 0);
}

function timer(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = () => {
      clearTimeout(handle);
      const reason: unknown = signal?.reason;
      reject(isFault(reason, "cancelled") ? reason : new Fault("cancelled", "sleep cancelled", { effectUnknown: false }));
    };
    const handle = setTimeout(() => {
      signal?.removeEventListener("abort", cancel);
      resolve();
    }, durationMs);
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener("abort", cancel, { once: true });
  });
}
