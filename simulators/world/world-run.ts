/* Many seeds, spread over processes; one report. */
import { toHex, utf8 } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { FAULT_KINDS, type FaultCounts, noFaults } from "./fault-plan.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted-bugs.ts";
import { noPurseCounts, type PurseCount, type PurseCounts, WORLD_PURSES } from "./purses.ts";
import { type SeedReport, SeedRun, TEAR_PERCENT } from "./seed-run.ts";
import { type SpreadPorts, seedNumbers, spreadSeeds } from "./spread.ts";

export interface WorldOptions {
  /** First seed's number; seeds are called "<name>-<number>". */
  readonly name: string;
  readonly first: number;
  readonly seeds: number;
  readonly taps: number;
  /** Of all taps, how many are torn; 10 when absent. */
  readonly tearPercent?: number;
  readonly bug?: PlantedBug;
}

/** Names are fixed; see docs/json.md. */
export interface WorldReport {
  readonly seeds: number;
  readonly taps: number;
  readonly events: number;
  readonly violations: number;
  readonly faults: FaultCounts;
  readonly unknown: number;
  /** What the scenario was set to. */
  readonly tearPercent: number;
  /** Open sales of cards that the scenario took away for good: the same number as `unknown`. */
  readonly scriptedGone: number;
  readonly purses: PurseCounts;
  readonly virtualMs: number;
  readonly realMs: number;
  readonly stateHash: string;
  readonly failures: readonly { readonly seed: string; readonly violation: string }[];
}

export type SeedResult = Omit<SeedReport, "trace">;

/** What a child process is asked, and what it answers. */
export interface WorldJob extends WorldOptions {
  readonly scenario: "town";
  readonly step: number;
}

export function runSeed(suite: CipherSuite, options: WorldOptions, number: number): Promise<SeedReport> {
  const rules = options.bug === undefined ? {} : { rules: PLANTED_BUGS[options.bug] };
  const tears = options.tearPercent === undefined ? {} : { tearPercent: options.tearPercent };
  return new SeedRun({ seed: `${options.name}-${number}`, taps: options.taps, suite, ...tears, ...rules }).run();
}

/** Every `step`-th seed of the job, one after the other. */
export async function runJob(suite: CipherSuite, job: WorldJob, onSeed: (result: SeedResult) => void): Promise<void> {
  for (const number of seedNumbers(job)) {
    const { trace: _, ...result } = await runSeed(suite, job, number);
    onSeed(result);
  }
}

export interface WorldPorts<Result> extends SpreadPorts<Result> {
  readonly clock: Clock;
  readonly suite: CipherSuite;
}

export async function runWorld(ports: WorldPorts<SeedResult>, options: WorldOptions): Promise<WorldReport> {
  const startMs = ports.clock.monotonicMs();
  const results = await spreadSeeds(ports, { ...options, scenario: "town" });
  return summarize(ports.suite, results, { options, realMs: Math.round(ports.clock.monotonicMs() - startMs) });
}

function addCounts(to: PurseCount, from: PurseCount): void {
  to.taps += from.taps;
  to.tears += from.tears;
  to.debits += from.debits;
  to.unknown += from.unknown;
  to.scriptedGone += from.scriptedGone;
}

function summarize(suite: CipherSuite, results: readonly SeedResult[], run: { readonly options: WorldOptions; readonly realMs: number }): WorldReport {
  const faults = noFaults();
  for (const result of results) for (const kind of FAULT_KINDS) faults[kind] += result.faults[kind];
  const purses = noPurseCounts();
  for (const result of results) for (const purse of WORLD_PURSES) addCounts(purses[purse], result.purses[purse]);
  const sum = (of: (result: SeedResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const failures = results.flatMap(({ seed, violation }) => (violation === undefined ? [] : [{ seed, violation }]));
  return {
    seeds: results.length,
    taps: run.options.taps,
    events: sum(({ events }) => events),
    violations: failures.length,
    faults,
    unknown: sum(({ unknown }) => unknown),
    tearPercent: run.options.tearPercent ?? TEAR_PERCENT,
    scriptedGone: WORLD_PURSES.reduce((total, purse) => total + purses[purse].scriptedGone, 0),
    purses,
    virtualMs: Math.round(sum(({ virtualMs }) => virtualMs)),
    realMs: run.realMs,
    stateHash: toHex(suite.sm3(utf8(results.map(({ stateHash }) => stateHash).join("\n")))),
    failures,
  };
}
