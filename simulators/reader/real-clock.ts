/* The clock of a simulator that runs in a process of its own, beside the real pcscd. */
import { Fault } from "../../device/base/fault.ts";
import type { Clock } from "../../device/base/ports.ts";

export function realClock(): Clock {
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    sleep: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        const cancelled = () => {
          clearTimeout(timer);
          reject(new Fault("cancelled", "sleep cancelled", { effectUnknown: false }));
        };
        const timer = setTimeout(() => {
          signal?.removeEventListener("abort", cancelled);
          resolve();
        }, durationMs);
        if (signal?.aborted === true) cancelled();
        else signal?.addEventListener("abort", cancelled, { once: true });
      }),
  };
}
