/* Many days of a gate, spread over processes; one report. */
import { toHex, utf8 } from "../../../device/base/bytes.ts";
import type { Clock } from "../../../device/base/ports.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { FaultCounts } from "../fault-plan.ts";
import { addedCounts, type SpreadPorts, seedNumbers, spreadSeeds } from "../spread.ts";
import { addedFlows, type FlowCounts } from "./flows.ts";
import { ALL_GATE_BUGS, type GateBug } from "./gate-bugs.ts";
import { type GateReport, GateRun } from "./gate-run.ts";

export interface GateWorldOptions {
  /** Seeds are called "<name>-<number>". */
  readonly name: string;
  readonly first: number;
  readonly seeds: number;
  readonly taps: number;
  readonly tearPercent: number;
  readonly doublePercent: number;
  readonly bug?: GateBug;
}

export interface GateJob extends GateWorldOptions {
  readonly scenario: "gate";
  readonly step: number;
}

export type GateResult = Omit<GateReport, "trace">;

/** Names are fixed; see docs/json.md. */
export interface GateWorldReport {
  readonly scenario: "gate";
  readonly seeds: number;
  readonly taps: number;
  readonly events: number;
  readonly violations: number;
  readonly tearPercent: number;
  readonly doublePercent: number;
  readonly torn: number;
  readonly doubles: number;
  readonly openings: number;
  readonly offlineDays: number;
  /** Versions of the city's list that were published, and taps of cards that the list named by then. */
  readonly listVersions: number;
  readonly listedTaps: number;
  readonly unknown: number;
  /** Accounts that were listed because they owed a ride. */
  readonly debts: number;
  /** Taps, tears and what came of them, flow by flow, in all seeds. */
  readonly flows: FlowCounts;
  readonly ends: Readonly<Record<string, number>>;
  readonly faults: FaultCounts;
  readonly virtualMs: number;
  readonly realMs: number;
  readonly stateHash: string;
  readonly failures: readonly { readonly seed: string; readonly violation: string }[];
}

export function runGateSeed(suite: CipherSuite, options: GateWorldOptions, number: number): Promise<GateReport> {
  const { name, taps, tearPercent, doublePercent, bug } = options;
  const rules = bug === undefined ? {} : { rules: ALL_GATE_BUGS[bug] };
  return new GateRun({ seed: `${name}-${number}`, taps, suite, tearPercent, doublePercent, ...rules }).run();
}

/** Every `step`-th seed of the job, one after the other. */
export async function runGateJob(suite: CipherSuite, job: GateJob, onSeed: (result: GateResult) => void): Promise<void> {
  for (const number of seedNumbers(job)) {
    const { trace: _, ...result } = await runGateSeed(suite, job, number);
    onSeed(result);
  }
}

export async function runGateWorld(
  ports: SpreadPorts<GateResult> & { readonly clock: Clock; readonly suite: CipherSuite },
  options: GateWorldOptions,
): Promise<GateWorldReport> {
  const startMs = ports.clock.monotonicMs();
  const results = await spreadSeeds(ports, { ...options, scenario: "gate" });
  const sum = (of: (result: GateResult) => number) => results.reduce((total, result) => total + of(result), 0);
  return {
    scenario: "gate",
    seeds: results.length,
    taps: sum(({ taps }) => taps),
    events: sum(({ events }) => events),
    violations: results.filter(({ violation }) => violation !== undefined).length,
    tearPercent: options.tearPercent,
    doublePercent: options.doublePercent,
    torn: sum(({ flows }) => Object.values(flows).reduce((total, { torn }) => total + torn, 0)),
    doubles: sum(({ doubles }) => doubles),
    openings: sum(({ openings }) => openings),
    offlineDays: Math.round(sum(({ offlineDays }) => offlineDays)),
    listVersions: sum(({ listVersions }) => listVersions),
    listedTaps: sum(({ listedTaps }) => listedTaps),
    unknown: sum(({ unknown }) => unknown),
    debts: sum(({ debts }) => debts),
    flows: addedFlows(results.map(({ flows }) => flows)),
    ends: addedCounts(results.map(({ ends }) => ends)),
    faults: addedCounts(results.map(({ faults }) => faults)) as FaultCounts,
    virtualMs: Math.round(sum(({ virtualMs }) => virtualMs)),
    realMs: Math.round(ports.clock.monotonicMs() - startMs),
    stateHash: toHex(ports.suite.sm3(utf8(results.map(({ stateHash }) => stateHash).join("\n")))),
    failures: results.flatMap(({ seed, violation }) => (violation === undefined ? [] : [{ seed, violation }])),
  };
}
