/* What the tap benchmarks and their simulated side say to each other. */
import type { BenchCard } from "./tap-flows.ts";

export type TapSimulatorRequest =
  | { readonly do: "open"; readonly cardSocket: string; readonly moduleSocket?: string }
  | { readonly do: "insert"; readonly card: BenchCard }
  /** Nothing but the message itself, there and back. */
  | { readonly do: "nothing" }
  /** Takes the card out and tells the time spent on answers since it went in. */
  | { readonly do: "remove" };

export interface TapSimulatorAnswer {
  /** When it happened, on the clock of {@link nowMs}. */
  readonly atMs: number;
  readonly busyMs: number;
}

/** The machine's monotonic clock, the same in every process. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
