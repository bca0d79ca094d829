/*
 * Goal: prove on real processes that the settlement ledger equals the card debits, however often broker and terminal are killed.
 * Method: rounds. Each sells until the journal holds so many records, kills with SIGKILL at points drawn from its seed, waits until the terminal
 * is idle, ends everything and compares what cards, journal and host have on record.
 */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withDeadline } from "../../device/base/deadline.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { PlantedBug } from "../world/planted-bugs.ts";
import { SeededRandomness } from "../world/seeded-randomness.ts";
import { readBooks } from "./books.ts";
import { differences, type RoundBooks } from "./compare.ts";
import { Counter, type KillMoment, type Kills } from "./counter.ts";
import type { LineProcess } from "./line-process.ts";
import { Stand } from "./stand.ts";

export interface RoundsOptions {
  readonly suite: CipherSuite;
  readonly clock: Clock;
  readonly seed: string;
  readonly rounds: number;
  /** Journal entries of each round, at least. */
  readonly records: number;
  /** Of each round; some kills of a starting terminal come on top. */
  readonly brokerKills: number;
  readonly terminalKills: number;
  /** Moments of a sale at which the terminal is killed; left out: all of them. */
  readonly killMoments?: readonly KillMoment[];
  /** For negative controls: a bug in the terminal's rules. */
  readonly plant?: PlantedBug;
  /** Rounds at once. */
  readonly jobs: number;
  readonly onRound?: (report: RoundReport) => void;
  /** For controls: called with the host's process when half of the records are there. */
  readonly halfway?: (host: LineProcess) => Promise<void>;
  /** For negative controls: may damage the host's ledger before it is compared; host and terminal have ended. */
  readonly beforeCompare?: (ledgerFile: string) => void;
}

export interface RoundReport {
  readonly round: number;
  readonly seed: string;
  readonly records: number;
  readonly sales: number;
  readonly amountFen: number;
  readonly kills: Readonly<Kills>;
  /** Sales that a kill left unknown: those that their card had debited, and those that it had not. */
  readonly resolved: RoundBooks["resolved"];
  readonly equal: boolean;
  /** Sales that are open at the host in the end. */
  readonly unknown: number;
  /** What does not fit; empty when equal. */
  readonly differences: readonly string[];
  /** What the processes complained about, where something does not fit. */
  readonly complaints: string;
  readonly realMs: number;
}

export interface RoundsReport {
  readonly seed: string;
  readonly rounds: number;
  readonly records: number;
  readonly kills: Readonly<Kills>;
  readonly sales: number;
  readonly resolved: RoundBooks["resolved"];
  readonly equal: boolean;
  readonly unknown: number;
  readonly realMs: number;
  readonly byRound: readonly RoundReport[];
}

const KILL_MOMENTS: readonly KillMoment[] = ["any-moment", "card-command", "module-command", "after-debit"];
/** A round takes some 20 s; a machine that many share may need ten times as long. */
const ROUND_TIMEOUT_MS = 420_000;

/** Starts the rounds, `jobs` at once; each promise settles with its round. */
export function startRounds(options: RoundsOptions): readonly Promise<RoundReport>[] {
  const compiledFolder = mkdtempSync(join(tmpdir(), "yikatong-rounds-compiled-"));
  const lanes: Promise<unknown>[] = [];
  let left = options.rounds;
  const run = async (before: Promise<unknown> | undefined, number: number): Promise<RoundReport> => {
    await before;
    try {
      return await runRound(options, number, compiledFolder);
    } finally {
      left -= 1;
      if (left === 0) await rm(compiledFolder, { recursive: true, force: true });
    }
  };
  return Array.from({ length: options.rounds }, (_, at) => {
    const lane = at % options.jobs;
    const round = run(lanes[lane], at + 1);
    lanes[lane] = round.catch(() => undefined);
    return round;
  });
}

/** Runs all rounds to their end. Faults of a round that could not be run pass through. */
export async function runRounds(options: RoundsOptions): Promise<RoundsReport> {
  const beganMs = options.clock.monotonicMs();
  const byRound = await Promise.all(startRounds(options));
  const sum = (count: (report: RoundReport) => number) => byRound.reduce((total, report) => total + count(report), 0);
  return {
    seed: options.seed,
    rounds: byRound.length,
    records: sum(({ records }) => records),
    kills: { broker: sum(({ kills }) => kills.broker), terminal: sum(({ kills }) => kills.terminal) },
    sales: sum(({ sales }) => sales),
    resolved: { done: sum(({ resolved }) => resolved.done), void: sum(({ resolved }) => resolved.void) },
    equal: byRound.every(({ equal }) => equal),
    unknown: sum(({ unknown }) => unknown),
    realMs: Math.round(options.clock.monotonicMs() - beganMs),
    byRound,
  };
}

async function runRound(options: RoundsOptions, round: number, compiledFolder: string): Promise<RoundReport> {
  const { suite, clock, records, brokerKills, terminalKills } = options;
  const seed = `${options.seed}/${round}`;
  const random = new SeededRandomness(seed);
  const beganMs = clock.monotonicMs();
  const stand = await Stand.open({ suite, clock, random, compiledFolder, plant: options.plant });
  try {
    const halfway = () => options.halfway?.(stand.host) ?? Promise.resolve();
    const counter = new Counter({ stand, clock, random, records, brokerKills, terminalKills, killMoments: options.killMoments ?? KILL_MOMENTS, halfway });
    const { signal } = new AbortController();
    await withDeadline(counter.run(), { clock, what: `round ${seed}`, effectUnknown: true, timeoutMs: ROUND_TIMEOUT_MS, signal });
    await stand.host.finish();
    options.beforeCompare?.(stand.ledgerFile);
    const books = await readBooks(suite, stand, counter.told);
    const found = [...counter.oddities, ...differences(books)];
    const report: RoundReport = {
      round,
      seed,
      records: books.journalEntries,
      sales: books.told.length,
      amountFen: books.debits.reduce((total, { amountFen }) => total + amountFen, 0),
      kills: counter.kills,
      resolved: books.resolved,
      equal: found.length === 0,
      unknown: books.unknown,
      differences: found,
      complaints: found.length === 0 ? "" : await stand.complaints(),
      realMs: Math.round(clock.monotonicMs() - beganMs),
    };
    options.onRound?.(report);
    return report;
  } catch (error) {
    throw new Error(`round ${seed} could not be run to its end\n${await stand.complaints()}`, { cause: error });
  } finally {
    await stand.close();
  }
}
