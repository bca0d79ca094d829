/*
 * Goal: a device that comes back serves again by itself, within two seconds, as often as one likes, and nothing grows meanwhile.
 * Method: one kind after the other is unplugged and plugged in, 20 times or, in full size, 1,000 times. A round is over with a real exchange.
 * Memory and descriptors of the terminal's side and of the device's processes are read behind the first tenth of the rounds and at the end.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../device/system/clock.ts";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";

/** From the return of the device, the time that its plug needs included, to the end of the first exchange. */
const BACK_MS = 2_000;
const LOSSES = process.env["YIKATONG_SIZE"] === "full" ? 1_000 : 20;
const WARM_UP = 0.1;
/** Descriptors that come and go with helpers of the bench. */
const DESCRIPTORS_SLACK = 3;
/** What a process may grow by between warm-up and end: a runtime takes room for its garbage as it sees fit, but not for ever. */
const GROWTH_MAX_KB = 48 * 1024;
/** What lives in the terminal's own heap behind a collection may grow by so much: less than 5 KB for each of a thousand rounds. */
const HEAP_GROWTH_MAX_KB = 4 * 1024;
const ROUND_LIMIT_MS = 20_000;
/** A driver looks for its device now and then: it must not matter when, between two looks, the device comes back. */
const AWAY_MAX_MS = 160;

/** A device under test with its driver, plugged in at first. */
export interface ReplugBench {
  /** Pulls the plug; resolves when the terminal knows of the loss. */
  unplug(): Promise<void>;
  plugIn(): Promise<void>;
  /** One real exchange with the device; throws where it does not serve. */
  serve(round: number): Promise<void>;
  close(): Promise<void>;
}

export interface ReplugKind {
  readonly name: string;
  /** Folder of the driver whose process serves the device; left out where it has none. */
  readonly process?: "serial" | "hid" | "pcsc";
  /** How many devices of this kind one bench has; a round takes and returns all of them. Left out: one. */
  readonly atOnce?: number;
  open(): Promise<ReplugBench>;
}

interface ProcessFigures {
  readonly pid: number;
  readonly descriptors: number;
  readonly residentKb: number;
}

interface Figures {
  /** The terminal's side, then each process of the device. */
  readonly processes: readonly ProcessFigures[];
  /** What lives in the terminal's heap. */
  readonly heapKb: number;
}

function figuresOf(pid: number): ProcessFigures {
  const resident = /^VmRSS:\s+([0-9]+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return { pid, descriptors: readdirSync(`/proc/${pid}/fd`).length, residentKb: Number(resident) };
}

/** Processes of ours that hold the binding of this family. */
function bindingProcesses(family: string): readonly number[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    try {
      const parent = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1];
      return Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`drivers/${family}/child`);
    } catch {
      // It has ended between two looks.
      return false;
    }
  });
}

/** What is held just now. */
function figures(kind: ReplugKind): Figures {
  // Garbage is no leak.
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const devices = kind.process === undefined ? [] : bindingProcesses(kind.process);
  const heapKb = Math.round(process.memoryUsage().heapUsed / 1_024);
  return { processes: [process.pid, ...devices].map(figuresOf), heapKb };
}

function change(beforeKb: number, afterKb: number): string {
  return `${beforeKb} ${afterKb < beforeKb ? "-" : "+"} ${Math.abs(afterKb - beforeKb)} KB`;
}

function line(kind: ReplugKind, tookMs: readonly number[], [before, after]: readonly [Figures, Figures]): string {
  const sorted = tookMs.toSorted((left, right) => left - right);
  const at = (share: number) => Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
  const processes = before.processes.map((was, place) => {
    const { descriptors = 0, residentKb = 0 } = after.processes[place] ?? {};
    const name = place === 0 ? `terminal (heap ${change(before.heapKb, after.heapKb)})` : "device process";
    return `${name} ${was.descriptors} -> ${descriptors} descriptors, ${change(was.residentKb, residentKb)}`;
  });
  return `replug: ${kind.name}: ${sorted.length * (kind.atOnce ?? 1)} returns, median ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms; ${processes.join("; ")}\n`;
}

async function replug(kind: ReplugKind, under: ReplugBench): Promise<void> {
  const clock = systemClock();
  const randomness = new SeededRandomness(kind.name);
  const tookMs: number[] = [];
  await under.serve(0);
  let warm = figures(kind);
  const rounds = LOSSES / (kind.atOnce ?? 1);
  for (let round = 1; round <= rounds; round += 1) {
    await under.unplug();
    await clock.sleep(randomness.between(0, AWAY_MAX_MS));
    const beganMs = clock.monotonicMs();
    await under.plugIn();
    await under.serve(round);
    tookMs.push(clock.monotonicMs() - beganMs);
    if (round === Math.ceil(rounds * WARM_UP)) warm = figures(kind);
  }
  const end = figures(kind);
  process.stdout.write(line(kind, tookMs, [warm, end]));
  expect(end.processes.length > 1).toBe(kind.process !== undefined);
  // The processes of the device have lived through all of it: a loss is no reason to start one anew.
  expect(end.processes.map(({ pid }) => pid)).toEqual(warm.processes.map(({ pid }) => pid));
  expect(Math.max(...tookMs)).toBeLessThan(BACK_MS);
  expect(end.heapKb - warm.heapKb).toBeLessThan(HEAP_GROWTH_MAX_KB);
  for (const [place, { descriptors, residentKb }] of end.processes.entries()) {
    const was = warm.processes[place];
    expect(Math.abs(descriptors - (was?.descriptors ?? 0))).toBeLessThanOrEqual(DESCRIPTORS_SLACK);
    expect(residentKb - (was?.residentKb ?? 0)).toBeLessThan(GROWTH_MAX_KB);
  }
}

/** The whole suite for these kinds, one after the other. */
export function replugSuite(kinds: readonly ReplugKind[]): void {
  describe(`${LOSSES} losses of each device`, () => {
    it.each(kinds)(
      "$name serves again within two seconds of each return, and nothing grows",
      async (kind) => {
        const under = await kind.open();
        try {
          await replug(kind, under);
        } finally {
          await under.close();
        }
      },
      LOSSES * ROUND_LIMIT_MS,
    );
  });
}
