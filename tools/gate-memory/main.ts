/*
 * Goal: a terminal at a gate runs for months; its memory, its descriptors and its pace after many taps are those after a few.
 * Method: one process, two lanes, taps as fast as they are taken. After the first tenth, and at the end, everything is receipted, garbage is
 * collected, and what the process holds is read. Everything around the terminal lives in the same process and must be as flat.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { openMemoryPlace } from "./place.ts";
import { Riders } from "./riders.ts";

const TAPS = 5_000;
/** Before the first tap that counts: until then the collector is still finding out how much room this work wants. */
const WARM_UP_TAPS = 3_000;
const DRAIN_MS = 600_000;
const MEBIBYTE = 1024 ** 2;
/** What the second reading may be over the first. */
const GROWTH_MAX = 1.1;
const COLLECTIONS = 4;
const BETWEEN_COLLECTIONS_MS = 100;

interface Reading {
  readonly taps: number;
  readonly heapMb: number;
  readonly rssMb: number;
  readonly buffersMb: number;
  readonly descriptors: number;
  readonly journalMb: number;
  readonly tapsPerSecond: number;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((total, { parentPath, name }) => total + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

async function collected(): Promise<NodeJS.MemoryUsage> {
  for (let round = 0; round < COLLECTIONS; round += 1) {
    globalThis.gc?.();
    await sleep(BETWEEN_COLLECTIONS_MS);
  }
  return process.memoryUsage();
}

async function measure(folder: string, taps: number) {
  const suite = openCipherSuite();
  const riders = new Riders(suite);
  const place = await openMemoryPlace(suite, folder, (lane, event) => riders.hear(lane, event));
  const readings: Reading[] = [];
  try {
    await riders.travel(place, WARM_UP_TAPS);
    for (const size of [Math.ceil(taps / 10), taps]) {
      const [before, beganMs] = [riders.taps, performance.now()];
      await riders.travel(place, WARM_UP_TAPS + size);
      const tapsPerSecond = tenths((1_000 * (riders.taps - before)) / (performance.now() - beganMs));
      await place.terminal.idle({ timeoutMs: DRAIN_MS, signal: new AbortController().signal });
      const { heapUsed, rss, arrayBuffers } = await collected();
      const descriptors = readdirSync("/proc/self/fd").length;
      const journalMb = tenths(folderBytes(place.journalFolder) / MEBIBYTE);
      readings.push({
        taps: riders.taps,
        heapMb: tenths(heapUsed / MEBIBYTE),
        rssMb: tenths(rss / MEBIBYTE),
        buffersMb: tenths(arrayBuffers / MEBIBYTE),
        descriptors,
        journalMb,
        tapsPerSecond,
      });
      process.stderr.write(`${JSON.stringify(readings.at(-1))}\n`);
    }
  } finally {
    await place.close();
  }
  return { ends: riders.ends, readings };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { taps: { type: "string", default: String(TAPS) } } });
  const taps = Number(values.taps);
  if (!Number.isSafeInteger(taps) || taps < 10 || globalThis.gc === undefined) {
    process.stderr.write("usage: node --expose-gc gate-memory/main.js --taps NUMBER\n");
    return 2;
  }
  // Beside the project and not in a memory file system: the journal flushes to a disk, as it does at a gate.
  const base = join(process.cwd(), ".cache");
  mkdirSync(base, { recursive: true });
  const folder = mkdtempSync(join(base, "gate-memory-"));
  try {
    const { ends, readings } = await measure(folder, taps);
    const [first, last] = readings;
    if (first === undefined || last === undefined) return 1;
    const growth = { heap: last.heapMb / first.heapMb, rss: last.rssMb / first.rssMb };
    const flat = growth.heap <= GROWTH_MAX && growth.rss <= GROWTH_MAX && last.descriptors <= first.descriptors;
    const journalBytesPerTap = Math.round(((last.journalMb - first.journalMb) * MEBIBYTE) / (last.taps - first.taps));
    process.stdout.write(`${JSON.stringify({ taps: last.taps, flat, growth, journalBytesPerTap, ends, first, last })}\n`);
    return flat ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
