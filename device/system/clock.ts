import { assert } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
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
  for (let leftMs = durationMs; leftMs > TIMER_MAX_MS; leftMs = endMs - performance.now()) await timer(TIMER_MAX_MS, signal);
  await timer(Math.max(0, endMs - performance.now()), signal);
}

function timer(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = () => {
      clearTimeout(handle);
      reject(new Fault("cancelled", "sleep cancelled", { effectUnknown: false }));
    };
    // Rounded up, because a timer may fire early by a fraction of a millisecond and nobody may wake before the time.
    const handle = setTimeout(() => {
      signal?.removeEventListener("abort", cancel);
      resolve();
    }, Math.ceil(durationMs));
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener("abort", cancel, { once: true });
  });
}
