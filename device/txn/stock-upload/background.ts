/* Keeps telling the insurer of goods until nothing is left to tell, and sleeps in between. */
import type { HostPorts } from "../medical-host/ports.ts";
import { Rounds } from "../rounds.ts";
import { createStockMemory, type StockRunOptions, uploadStock } from "./runner.ts";

/** Woken when something is there to be told. */
export function openStockBackground(ports: HostPorts, options: Omit<StockRunOptions, "signal">): Rounds {
  const { pauseMinMs, pauseMaxMs } = options;
  const memory = createStockMemory();
  return new Rounds({
    clock: ports.clock,
    log: ports.log,
    failedAs: "stock-not-told",
    restAfterFaultMs: pauseMaxMs,
    round: async (signal) => {
      const { nextInMs = pauseMaxMs } = await uploadStock(ports, { ...options, signal }, memory);
      return Math.max(pauseMinMs, nextInMs);
    },
  });
}
