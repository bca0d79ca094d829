/* What the tap benchmark and its simulated side say to each other. */

export type TapSimulatorRequest =
  /** Without a module socket the card is one with electronic cash, which needs no module. */
  | { readonly do: "open"; readonly cardSocket: string; readonly moduleSocket?: string }
  | { readonly do: "insert" }
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
