/* Keeps looking after settlements of unknown outcome until none is left, and sleeps in between. */
import type { HostPorts } from "../medical-host/ports.ts";
import { Rounds } from "../rounds.ts";
import { createResolverMemory, type ResolverOptions, resolveMedical } from "./resolver.ts";

/** Woken when something has become unknown. */
export function openMedicalBackground(ports: HostPorts, options: Omit<ResolverOptions, "signal">): Rounds {
  const { pauseMinMs, pauseMaxMs } = options;
  const memory = createResolverMemory(ports);
  return new Rounds({
    clock: ports.clock,
    log: ports.log,
    failedAs: "settlements-not-resolved",
    restAfterFaultMs: pauseMaxMs,
    round: async (signal) => {
      const { nextInMs = pauseMaxMs } = await resolveMedical(ports, { ...options, signal }, memory);
      return Math.max(pauseMinMs, nextInMs);
    },
  });
}
