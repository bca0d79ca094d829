/* Seeds spread over processes: each child takes every n-th and tells of it. */
import type { Processes } from "../../device/base/ports.ts";

/** Seeds by number; a job takes every `step`-th of them. */
export interface Seeds {
  readonly first: number;
  readonly seeds: number;
}

export interface SpreadPorts<Result> {
  readonly processes: Processes;
  readonly child: URL;
  /** How many processes share the seeds. */
  readonly jobs: number;
  readonly onSeed: (result: Result, done: number) => void;
}

export function seedNumbers({ first, seeds, step }: Seeds & { readonly step: number }): readonly number[] {
  return Array.from({ length: Math.ceil(seeds / step) }, (_, at) => first + at * step);
}

/** A process lives through so many seeds and is replaced: what a simulated power cut leaves waiting for ever stays in its memory. */
const SEEDS_PER_PROCESS = 40;

/** Runs all seeds; the results come back in the order of their numbers, whichever process was faster. */
export async function spreadSeeds<Result extends { readonly seed: string }>(
  ports: SpreadPorts<Result>,
  job: Seeds & { readonly scenario: string },
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const jobs = Math.min(ports.jobs, job.seeds);
  const { first, seeds } = job;
  const share = SEEDS_PER_PROCESS * jobs;
  const live = async (at: number): Promise<void> => {
    for (let from = at; from < seeds; from += share) {
      await runChild(ports, { ...job, first: first + from, seeds: Math.min(share, seeds - from), step: jobs }, (result) => {
        results.push(result);
        ports.onSeed(result, results.length);
      });
    }
  };
  await Promise.all(Array.from({ length: jobs }, (_, at) => live(at)));
  return results.toSorted((left, right) => seedNumber(left) - seedNumber(right));
}

function runChild<Result>(
  ports: SpreadPorts<Result>,
  job: Seeds & { readonly scenario: string; readonly step: number },
  onSeed: (result: Result) => void,
): Promise<void> {
  const child = ports.processes.fork(ports.child, {});
  return new Promise((resolve, reject) => {
    child.onMessage((message) => {
      if (message === "finished") resolve();
      else onSeed(message as Result);
    });
    child.onExit(({ code, signal }) => reject(new Error(`a world process ended before its seeds did (${code ?? signal})`)));
    child.send(job);
  });
}

function seedNumber({ seed }: { readonly seed: string }): number {
  return Number(seed.slice(seed.lastIndexOf("-") + 1));
}

/** Counts of many seeds, added name by name. */
export function addedCounts(counts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const total: Record<string, number> = {};
  for (const each of counts) for (const [name, count] of Object.entries(each)) total[name] = (total[name] ?? 0) + count;
  return total;
}
