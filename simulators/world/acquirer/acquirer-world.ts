/* Many days of a counter with a bank, spread over processes; one report. */
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { addedCounts } from "../spread.ts";
import { type JoinedReport, runSeeds, runWorldOf, summed, type WorldPorts } from "../world-report.ts";
import { type AcquirerReport, AcquirerRun } from "./acquirer-run.ts";
import { BANK_BUGS, type BankBugName } from "./bank-bugs.ts";

export interface AcquirerWorldOptions {
  /** Seeds are called "<name>-<number>". */
  readonly name: string;
  readonly first: number;
  readonly seeds: number;
  readonly payments: number;
  readonly bug?: BankBugName;
}

export interface AcquirerJob extends AcquirerWorldOptions {
  readonly scenario: "acquirer";
  readonly step: number;
}

export type AcquirerResult = Omit<AcquirerReport, "trace">;

/** Names are fixed; see docs/json.md. */
export interface AcquirerWorldReport extends JoinedReport {
  readonly scenario: "acquirer";
  readonly payments: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly acquirerFaults: Readonly<Record<string, number>>;
  readonly batches: Readonly<Record<string, number>>;
  readonly booked: Readonly<Record<string, number>>;
  readonly reversals: number;
  readonly undone: number;
  readonly parked: number;
  readonly powerCuts: number;
  readonly agencyFaults: Readonly<Record<string, number>>;
  readonly staff: Readonly<Record<string, number>>;
}

export function runAcquirerSeed(suite: CipherSuite, options: AcquirerWorldOptions, number: number): Promise<AcquirerReport> {
  const { name, payments, bug } = options;
  return new AcquirerRun({ seed: `${name}-${number}`, payments, suite, ...(bug === undefined ? {} : { bug: BANK_BUGS[bug] }) }).run();
}

export function runAcquirerJob(suite: CipherSuite, job: AcquirerJob, onSeed: (result: AcquirerResult) => void): Promise<void> {
  return runSeeds<AcquirerReport>(job, (number) => runAcquirerSeed(suite, job, number), onSeed);
}

export async function runAcquirerWorld(ports: WorldPorts<AcquirerResult>, options: AcquirerWorldOptions): Promise<AcquirerWorldReport> {
  const { results, joined } = await runWorldOf(ports, { ...options, scenario: "acquirer" });
  return {
    scenario: "acquirer",
    ...joined,
    payments: summed(results, ({ payments }) => payments),
    ends: addedCounts(results.map(({ ends }) => ends)),
    acquirerFaults: addedCounts(results.map(({ acquirerFaults }) => acquirerFaults)),
    batches: addedCounts(results.map(({ batches }) => batches)),
    booked: addedCounts(results.map(({ booked }) => booked)),
    reversals: summed(results, ({ reversals }) => reversals),
    undone: summed(results, ({ undone }) => undone),
    parked: summed(results, ({ parked }) => parked),
    powerCuts: summed(results, ({ powerCuts }) => powerCuts),
    agencyFaults: addedCounts(results.map(({ agencyFaults }) => agencyFaults)),
    staff: addedCounts(results.map(({ staff }) => staff)),
  };
}
