/*
 * Goal: every disk that a power cut could leave is opened by the real engine, and holds what had been said to be durable.
 * Method: play the recorded events into the model; around every flush and every change of a name build the extreme disks, between them
 * disks drawn at random with torn pages; write each into a folder, let the caller read it, and judge by what had been said until then.
 */
import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { type DiskImage, DiskModel, type DiskRules, type Survivors } from "./disk-model.ts";
import type { DiskEvent } from "./trace.ts";

export interface Judge<Found> {
  /** Opens the folder with the real engine. Must not throw for what a crash may leave; what it throws is a violation. */
  read(folder: string): Promise<Found>;
  /** What is missing or wrong, given all lines said before the cut; undefined when nothing is. */
  problem(found: Found, said: readonly string[]): string | undefined;
}

export interface ReplayOptions<Found> {
  readonly events: readonly DiskEvent[];
  readonly rules: DiskRules;
  readonly judge: Judge<Found>;
  /** A folder for the disks, emptied for each. Best on a memory file system. */
  readonly scratch: string;
  readonly seed: string;
  /** Distinct disks to draw at random between the boundaries. */
  readonly randomDisks: number;
}

export interface ReplayReport {
  readonly rules: DiskRules;
  readonly seed: string;
  readonly events: number;
  readonly flushes: number;
  /** Distinct pairs of a disk and what had been said, at boundaries and drawn. */
  readonly boundaryDisks: number;
  readonly randomDisks: number;
  readonly violations: readonly { readonly event: number; readonly survivors: string; readonly problem: string }[];
}

const EXTREMES: readonly Survivors[] = ["nothing", "everything", "names-without-data", "data-without-names"];
/** Draws after one event before the next is tried: where little waits, many come out alike. */
const DRAWS_MAX = 20;

export async function replay<Found>(options: ReplayOptions<Found>): Promise<ReplayReport> {
  const run = new ReplayRun(options);
  const chance = new SeededRandomness(options.seed);
  const model = new DiskModel(options.rules);
  for (const [at, event] of options.events.entries()) {
    const isBoundary = event.is === "flush" || event.is === "flush-folder" || event.is === "rename" || event.is === "link" || event.is === "remove";
    if (isBoundary) await run.look(model, at, EXTREMES);
    model.apply(event);
    if (event.is === "said") run.said.push(event.line);
    if (isBoundary || event.is === "said") await run.look(model, at, EXTREMES);
    // Spread over the whole recording: at no moment more disks than its share.
    const share = Math.ceil((options.randomDisks * (at + 1)) / options.events.length);
    for (let draw = 0; draw < DRAWS_MAX && model.isUnsettled && run.random < share; draw += 1) {
      await run.look(model, at, [{ drawnFrom: chance.stream(`${at}/${draw}`) }]);
    }
  }
  await run.look(model, options.events.length, EXTREMES);
  return run.report();
}

class ReplayRun<Found> {
  readonly said: string[] = [];
  random = 0;
  readonly #options: ReplayOptions<Found>;
  readonly #found = new Map<string, Found | Error>();
  readonly #judged = new Set<string>();
  readonly #violations: { readonly event: number; readonly survivors: string; readonly problem: string }[] = [];
  #boundary = 0;

  constructor(options: ReplayOptions<Found>) {
    this.#options = options;
  }

  async look(model: DiskModel, event: number, kinds: readonly Survivors[]): Promise<void> {
    for (const survivors of kinds) {
      const image = model.crash(survivors);
      const name = nameOf(image);
      const pair = `${name}/${this.said.length}`;
      if (this.#judged.has(pair)) continue;
      this.#judged.add(pair);
      if (typeof survivors === "string") this.#boundary += 1;
      else this.random += 1;
      const problem = await this.#problem(name, image);
      if (problem !== undefined) this.#violations.push({ event, survivors: typeof survivors === "string" ? survivors : "drawn", problem });
    }
  }

  report(): ReplayReport {
    const { rules, seed, events } = this.#options;
    const flushes = events.filter((event) => event.is === "flush" || event.is === "flush-folder").length;
    return { rules, seed, events: events.length, flushes, boundaryDisks: this.#boundary, randomDisks: this.random, violations: this.#violations };
  }

  async #problem(name: string, image: DiskImage): Promise<string | undefined> {
    const found = this.#found.get(name) ?? (await this.#read(image));
    this.#found.set(name, found);
    return found instanceof Error ? `cannot be opened: ${found.message}` : this.#options.judge.problem(found, this.said);
  }

  async #read(image: DiskImage): Promise<Found | Error> {
    const folder = join(this.#options.scratch, "disk");
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const [name, content] of image) await writeFile(join(folder, name), content);
    try {
      return await this.#options.judge.read(folder);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

function nameOf(image: DiskImage): string {
  const hash = createHash("sha1");
  for (const name of [...image.keys()].sort()) hash.update(`${name}\n${image.get(name)?.length}\n`).update(image.get(name) ?? new Uint8Array(0));
  return hash.digest("base64");
}

/** One line for people. */
export function describeReplay(what: string, report: ReplayReport): string {
  const disks = `${report.boundaryDisks} disks at boundaries + ${report.randomDisks} drawn (seed ${report.seed})`;
  return `${what}, ${report.rules}: ${report.events} events, ${report.flushes} flushes, ${disks}, ${report.violations.length} violations`;
}
