/* Many days of a counter, spread over processes; one report. */
import { toHex, utf8 } from "../../../device/base/bytes.ts";
import type { Clock } from "../../../device/base/ports.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { FaultCounts } from "../fault-plan.ts";
import { addedCounts, type SpreadPorts, seedNumbers, spreadSeeds } from "../spread.ts";
import { COUNTER_BUGS, type CounterBug } from "./counter-bugs.ts";
import { type CounterReport, CounterRun } from "./counter-run.ts";

export interface CounterWorldOptions {
  /** Seeds are called "<name>-<number>". */
  readonly name: string;
  readonly first: number;
  readonly seeds: number;
  readonly orders: number;
  readonly bug?: CounterBug;
}

export interface CounterJob extends CounterWorldOptions {
  readonly scenario: "counter";
  readonly step: number;
}

export type CounterResult = Omit<CounterReport, "trace">;

/** Names are fixed; see docs/json.md. */
export interface CounterWorldReport {
  readonly scenario: "counter";
  readonly seeds: number;
  readonly orders: number;
  readonly events: number;
  readonly violations: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly faults: FaultCounts;
  readonly insurerFaults: Readonly<Record<string, number>>;
  readonly powerCuts: number;
  readonly virtualMs: number;
  readonly realMs: number;
  readonly stateHash: string;
  readonly failures: readonly { readonly seed: string; readonly violation: string }[];
}

export function runCounterSeed(suite: CipherSuite, options: CounterWorldOptions, number: number): Promise<CounterReport> {
  const rules = options.bug === undefined ? {} : { rules: COUNTER_BUGS[options.bug] };
  return new CounterRun({ seed: `${options.name}-${number}`, orders: options.orders, suite, ...rules }).run();
}

/** Every `step`-th seed of the job, one after the other. */
export async function runCounterJob(suite: CipherSuite, job: CounterJob, onSeed: (result: CounterResult) => void): Promise<void> {
  for (const number of seedNumbers(job)) {
    const { trace: _, ...result } = await runCounterSeed(suite, job, number);
    onSeed(result);
  }
}

export async function runCounterWorld(
  ports: SpreadPorts<CounterResult> & { readonly clock: Clock; readonly suite: CipherSuite },
  options: CounterWorldOptions,
): Promise<CounterWorldReport> {
  const startMs = ports.clock.monotonicMs();
  const results = await spreadSeeds(ports, { ...options, scenario: "counter" });
  const sum = (of: (result: CounterResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const failures = results.flatMap(({ seed, violation }) => (violation === undefined ? [] : [{ seed, violation }]));
  return {
    scenario: "counter",
    seeds: results.length,
    orders: sum(({ orders }) => orders),
    events: sum(({ events }) => events),
    violations: failures.length,
    ends: addedCounts(results.map(({ ends }) => ends)),
    faults: addedCounts(results.map(({ faults }) => faults)) as FaultCounts,
    insurerFaults: addedCounts(results.map(({ insurerFaults }) => insurerFaults)),
    powerCuts: sum(({ powerCuts }) => powerCuts),
    virtualMs: Math.round(sum(({ virtualMs }) => virtualMs)),
    realMs: Math.round(ports.clock.monotonicMs() - startMs),
    stateHash: toHex(ports.suite.sm3(utf8(results.map(({ stateHash }) => stateHash).join("\n")))),
    failures,
  };
}
