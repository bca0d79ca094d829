/* What many seeds of any scenario come to: sums, the seeds that broke a promise, one hash over all. */
import { toHex, utf8 } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { DayReport } from "./day.ts";
import type { FaultCounts } from "./fault-plan.ts";
import { addedCounts, type Seeds, type SpreadPorts, seedNumbers, spreadSeeds } from "./spread.ts";

export type SeedResult = Omit<DayReport, "trace">;

/** Names are fixed; see docs/json.md. */
export interface JoinedReport {
  readonly seeds: number;
  readonly events: number;
  readonly violations: number;
  readonly faults: FaultCounts;
  readonly virtualMs: number;
  readonly realMs: number;
  readonly stateHash: string;
  readonly failures: readonly { readonly seed: string; readonly violation: string }[];
}

export type WorldPorts<Result> = SpreadPorts<Result> & { readonly clock: Clock; readonly suite: CipherSuite };

/** Every `step`-th seed of a job, one after the other; traces stay with those who replay one seed. */
export async function runSeeds<Report extends { readonly trace: readonly string[] }>(
  job: Seeds & { readonly step: number },
  runSeed: (number: number) => Promise<Report>,
  onSeed: (result: Omit<Report, "trace">) => void,
): Promise<void> {
  for (const number of seedNumbers(job)) {
    const { trace: _, ...result } = await runSeed(number);
    onSeed(result);
  }
}

/** Spreads the seeds over processes and joins what comes back. */
export async function runWorldOf<Result extends SeedResult>(
  ports: WorldPorts<Result>,
  job: Seeds & { readonly scenario: string },
): Promise<{ readonly results: readonly Result[]; readonly joined: JoinedReport }> {
  const startMs = ports.clock.monotonicMs();
  const results = await spreadSeeds(ports, job);
  const failures = results.flatMap(({ seed, violation }) => (violation === undefined ? [] : [{ seed, violation }]));
  return {
    results,
    joined: {
      seeds: results.length,
      events: summed(results, ({ events }) => events),
      violations: failures.length,
      faults: addedCounts(results.map(({ faults }) => faults)) as FaultCounts,
      virtualMs: Math.round(summed(results, ({ virtualMs }) => virtualMs)),
      realMs: Math.round(ports.clock.monotonicMs() - startMs),
      stateHash: toHex(ports.suite.sm3(utf8(results.map(({ stateHash }) => stateHash).join("\n")))),
      failures,
    },
  };
}

export function summed<Result>(results: readonly Result[], of: (result: Result) => number): number {
  return results.reduce((total, result) => total + of(result), 0);
}
