/*
 * Invalid lists at size: how long they take to be taken and loaded, what they cost in memory, how long a question and a change take, and whether taps
 * notice. A terminal of its own in a child process, on a real disk, with documents that the simulated host has made.
 */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { moduleBeside } from "../../device/system/modules.ts";
import { type Bench, type BenchContext, type BenchRow, median, percentile, rounded } from "./bench.ts";
import type { BuildReport, ServeReport, TapFigures } from "./lists-child.ts";
import { LEVELS, wholeList } from "./lists-content.ts";

const CI_ENTRIES = 1_000_000;
const FULL_ENTRIES = 10_000_000;
const MEGABYTE = 1_000_000;
const MEMORY_BUDGET_MB = 120;
const FIND_BUDGET_US = 20;
const DELTA_BUDGET_MS = 100;
const SLOWER_BUDGET = 1.05;
const OUTPUT_MAX = 64 * 1024 * 1024;

async function child<Report>(life: "build" | "serve", folder: string): Promise<Report> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", fileURLToPath(moduleBeside(import.meta.url, "./lists-child")), life, folder], {
    maxBuffer: OUTPUT_MAX,
  });
  // The other side is lists-child.ts.
  return JSON.parse(stdout) as Report;
}

function row(name: string, value: number, unit: string, rest: Partial<BenchRow> = {}): BenchRow {
  return { name, value: rounded(value), unit, baseline: null, ratio: null, budget: null, met: null, ...rest };
}

function slowdownRow(name: string, { quiet, busy, more = "" }: { readonly quiet: TapFigures; readonly busy: TapFigures; readonly more?: string }): BenchRow {
  const [without, during] = [median(quiet.tapMs), median(busy.tapMs)];
  const ratio = during / without;
  return row(name, during, "ms", {
    baseline: rounded(without),
    ratio: rounded(ratio),
    budget: `ratio <= ${SLOWER_BUDGET}, none missed`,
    met: ratio <= SLOWER_BUDGET && busy.missed === 0,
    note: `p50 of ${busy.tapMs.length} taps of two questions and six exchanges of 2 ms; ${busy.missed} missed; p99 ${rounded(percentile(busy.tapMs, 0.99))} ms against ${rounded(percentile(quiet.tapMs, 0.99))} ms; longest stall of the thread ${rounded(busy.stallMs)} ms against ${rounded(quiet.stallMs)} ms${more}`,
  });
}

async function run({ folder, scale, say }: BenchContext): Promise<readonly BenchRow[]> {
  const wanted = process.env["YIKATONG_SIZE"] === "full" ? FULL_ENTRIES : Math.min(FULL_ENTRIES, CI_ENTRIES * scale);
  for (const level of LEVELS) writeFileSync(join(folder, `${level}.document`), wholeList(level, wanted));
  say(`lists: documents of ${wanted} entries`);
  const built = await child<BuildReport>("build", folder);
  say(`lists: taken in ${rounded(built.buildMs / 1000)} s`);
  const served = await child<ServeReport>("serve", folder);
  const size = `${served.entries} entries on three levels`;
  const memoryMb = served.rssBytes / MEGABYTE;
  const findUs = percentile(served.findUs, 0.99);
  const deltaMs = median(served.deltaMs);
  return [
    row("lists-build", built.buildMs / 1000, "s", { note: `${size}: documents in memory to durable, checked columns on disk` }),
    row("lists-load", served.loadMs / 1000, "s", { note: `${size}, every file hashed` }),
    row("lists-memory", memoryMb, "MB", {
      baseline: MEMORY_BUDGET_MB,
      ratio: rounded(memoryMb / MEMORY_BUDGET_MB),
      budget: `<= ${MEMORY_BUDGET_MB} MB at 10 million`,
      met: memoryMb <= MEMORY_BUDGET_MB,
      note: `${size}: what the process grew by when it had loaded them; it never held more than ${rounded(served.peakBytes / MEGABYTE)} MB in all, with the document and the columns of a whole list of six tenths beside them`,
    }),
    row("lists-find-p99", findUs, "us", {
      baseline: FIND_BUDGET_US,
      ratio: rounded(findUs / FIND_BUDGET_US),
      budget: `p99 <= ${FIND_BUDGET_US} us`,
      met: findUs <= FIND_BUDGET_US,
      note: `${served.findUs.length} questions of one or two numbers, ${served.listed} of them listed; p50 ${rounded(median(served.findUs))} us, p99.9 ${rounded(percentile(served.findUs, 0.999))} us`,
    }),
    row("lists-delta-10k", deltaMs, "ms", {
      baseline: DELTA_BUDGET_MS,
      ratio: rounded(deltaMs / DELTA_BUDGET_MS),
      budget: `p50 <= ${DELTA_BUDGET_MS} ms`,
      met: deltaMs <= DELTA_BUDGET_MS,
      note: `p50 of ${served.deltaMs.length} changes of 10,000 entries, from bytes to durable and in force, while taps run; longest ${rounded(percentile(served.deltaMs, 1))} ms`,
    }),
    slowdownRow("lists-taps-while-changes", { quiet: served.quiet, busy: served.whileChanges }),
    slowdownRow("lists-taps-while-whole", { quiet: served.quiet, busy: served.whileWhole, more: `; the list took ${rounded(served.wholeMs / 1000)} s` }),
  ];
}

export const bench: Bench = { name: "lists", run };
