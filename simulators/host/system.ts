/* Real time and real chance for a host that runs by itself. An adapter: nothing of the host's logic is here. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "../../device/base/fault.ts";
import type { Clock, Randomness } from "../../device/base/ports.ts";

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep: async (durationMs, signal) => {
    try {
      await delay(durationMs, undefined, signal === undefined ? {} : { signal });
    } catch (cause) {
      throw new Fault("cancelled", "sleep cancelled", { effectUnknown: false, cause });
    }
  },
};

export const systemRandomness: Randomness = { bytes: (length) => new Uint8Array(randomBytes(length)) };
