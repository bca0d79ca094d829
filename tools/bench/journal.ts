/*
 * What a durable record costs: commits against the floor of the same disk, flushes and bytes on a disk that counts, groups against lone
 * commits, and a start with 100,000 records that wait for their upload. Rounds of what is compared take turns, so that a busy machine
 * slows both.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { openEngine, type SqliteEngine } from "../../device/txn/journal/sqlite/engine.ts";
import { openSqliteStore } from "../../device/txn/journal/sqlite/store.ts";
import { type Bench, type BenchContext, type BenchRow, median, percentile, rounded } from "./bench.ts";
import { openCountingDisk } from "./journal-device.ts";
import { compileFloor } from "./journal-floor.ts";
import type { StartReport } from "./journal-start-child.ts";
import { SaleWrites, writeBytes } from "./journal-writes.ts";

const LIMIT_BYTES = 4 * 1024 * 1024 * 1024;
const ROUNDS = 7;
const SALES_PER_ROUND = 150;
/** Sales after which the log has its full size. */
const WARM_SALES = 450;
const GROUP = 16;
const COUNTED_SALES = 500;
const APART_SALES = 60;
const APART_MS = 10;
const CALLER_SALES = 200;
const START_ROUNDS = 3;
const COMMIT_BUDGET = 0.45;
const GROUP_BUDGET = 8;
const FLUSHES_BUDGET = 1.2;
const BYTES_BUDGET = 12 * 1024;
const READY_BUDGET_MS = 1500;
const RSS_BUDGET_MB = 120;
const PENDING_ENTRIES = 100_000;
const START_LIMIT_MS = 60_000;

function lone(engine: SqliteEngine, writes: SaleWrites, sales: number): number {
  const prepared = Array.from({ length: sales }, () => writes.sale()).flat();
  const start = performance.now();
  for (const write of prepared) if (engine.commit([write]) !== undefined) throw new Error("a commit failed: the figure would mean nothing");
  return performance.now() - start;
}

/** The same sales, sixteen at a time, as the worker commits what has queued up. */
function grouped(engine: SqliteEngine, writes: SaleWrites, sales: number): number {
  const prepared = Array.from({ length: sales }, () => writes.sale()).flat();
  const start = performance.now();
  for (let at = 0; at < prepared.length; at += GROUP)
    if (engine.commit(prepared.slice(at, at + GROUP)) !== undefined) throw new Error("a commit failed: the figure would mean nothing");
  return performance.now() - start;
}

async function engineRows({ folder, scale, say }: BenchContext): Promise<readonly BenchRow[]> {
  const engine = openEngine({ folder: join(folder, "engine"), limitBytes: LIMIT_BYTES });
  const writes = new SaleWrites();
  const bytes = Math.round(writeBytes(new SaleWrites().sale()[0]));
  const compiled = await compileFloor(folder);
  const rates: { readonly lone: number[]; readonly floor: number[]; readonly group: number[] } = { lone: [], floor: [], group: [] };
  lone(engine, writes, WARM_SALES);
  for (let round = 0; round < Math.round(ROUNDS * scale); round += 1) {
    rates.lone.push((SALES_PER_ROUND * 2000) / lone(engine, writes, SALES_PER_ROUND));
    if (compiled.ok) rates.floor.push((SALES_PER_ROUND * 2000) / (await compiled.floor(SALES_PER_ROUND * 2, bytes)));
    rates.group.push((SALES_PER_ROUND * 8000) / grouped(engine, writes, SALES_PER_ROUND * 4));
  }
  engine.close();
  say(`journal: ${rates.lone.length} interleaved rounds of ${SALES_PER_ROUND * 2} commits of ${bytes} bytes`);
  return [
    commitRow(
      rates.lone,
      rates.floor,
      compiled.ok ? `floor: C append of ${bytes} bytes + fdatasync on the same file system, rounds interleaved` : compiled.reason,
    ),
    groupRow(rates.lone, rates.group),
  ];
}

function commitRow(loneRates: readonly number[], floorRates: readonly number[], note: string): BenchRow {
  const value = median(loneRates);
  const baseline = floorRates.length === 0 ? null : median(floorRates);
  const ratio = baseline === null ? null : value / baseline;
  return {
    name: "journal-commit-vs-c-floor",
    value: rounded(value),
    unit: "1/s",
    baseline: baseline === null ? null : rounded(baseline),
    ratio: ratio === null ? null : rounded(ratio),
    budget: `ratio >= ${COMMIT_BUDGET}`,
    met: ratio === null ? null : ratio >= COMMIT_BUDGET,
    note,
  };
}

function groupRow(loneRates: readonly number[], groupRates: readonly number[]): BenchRow {
  const [value, baseline] = [median(groupRates), median(loneRates)];
  return {
    name: "journal-group-16",
    value: rounded(value),
    unit: "1/s",
    baseline: rounded(baseline),
    ratio: rounded(value / baseline),
    budget: `ratio >= ${GROUP_BUDGET}`,
    met: value / baseline >= GROUP_BUDGET,
    note: "records a second with 16 waiting, against lone commits of the same store",
  };
}

/** Counts what reaches the disk, for commits back to back and for commits some milliseconds apart. */
function deviceRows({ folder, scale, say }: BenchContext): readonly BenchRow[] {
  const place = join(folder, "device");
  mkdirSync(place);
  const disk = openCountingDisk(place);
  if ("reason" in disk) return deviceRowsOf(undefined, disk.reason);
  try {
    const engine = openEngine({ folder: join(disk.folder, "journal"), limitBytes: LIMIT_BYTES });
    const writes = new SaleWrites();
    lone(engine, writes, WARM_SALES);
    const tight = perCommit(disk, COUNTED_SALES * scale, (sales) => lone(engine, writes, sales));
    const apart = perCommit(disk, APART_SALES * scale, (sales) => {
      for (let count = 0; count < sales; count += 1) {
        lone(engine, writes, 1);
        pause(APART_MS);
      }
    });
    engine.close();
    say(`journal: counted ${COUNTED_SALES * scale} sales back to back, ${APART_SALES * scale} apart`);
    return deviceRowsOf(
      tight,
      `ext4 on a loop device, commits back to back; pairs ${APART_MS} ms apart: ${rounded(apart.flushes)} flushes and ${rounded(apart.bytes)} B, because the engine's build flushes with fsync, which writes the file's times as well`,
    );
  } finally {
    disk.remove();
  }
}

interface PerCommit {
  readonly flushes: number;
  readonly bytes: number;
}

function perCommit(disk: { written(): { readonly bytes: number; readonly flushes: number } }, sales: number, work: (sales: number) => void): PerCommit {
  const before = disk.written();
  work(sales);
  const after = disk.written();
  return { flushes: (after.flushes - before.flushes) / (2 * sales), bytes: (after.bytes - before.bytes) / (2 * sales) };
}

/** Waits without a turn of the event loop; nothing else runs in this process. */
function pause(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

function deviceRowsOf(counted: PerCommit | undefined, note: string): readonly BenchRow[] {
  const row = (name: string, unit: string, value: number | undefined, limit: number): BenchRow => ({
    name,
    value: value === undefined ? null : rounded(value),
    unit,
    baseline: null,
    ratio: null,
    budget: `value <= ${limit}`,
    met: value === undefined ? null : value <= limit,
    note,
  });
  return [
    row("journal-flushes-per-commit", "x", counted?.flushes, FLUSHES_BUDGET),
    row("journal-bytes-per-commit", "B", counted?.bytes, BYTES_BUDGET),
    // An intent and its end; what wears the medium.
    row("journal-bytes-per-1000-taps", "B", counted === undefined ? undefined : counted.bytes * 2_000, BYTES_BUDGET * 2_000),
  ];
}

/** What a caller on the main thread waits for one lone commit: the same commit and two hops between threads. */
async function callerRow({ folder, scale }: BenchContext): Promise<BenchRow> {
  const store = await openSqliteStore({ folder: join(folder, "caller"), limitBytes: LIMIT_BYTES });
  const writes = new SaleWrites();
  const samples: number[] = [];
  for (let sale = 0; sale < Math.round(CALLER_SALES * scale); sale += 1) {
    for (const write of writes.sale()) {
      const start = performance.now();
      await store.commit(write);
      samples.push((performance.now() - start) * 1000);
    }
  }
  await store.close();
  return {
    name: "journal-caller-commit",
    value: rounded(median(samples)),
    unit: "us",
    baseline: null,
    ratio: null,
    budget: null,
    met: null,
    note: `median of ${samples.length} lone commits from the main thread; p99 ${rounded(percentile(samples, 0.99))} us`,
  };
}

/** A journal with many records that wait for their upload, made in large commits. */
function fillPending(folder: string): void {
  const engine = openEngine({ folder, limitBytes: LIMIT_BYTES });
  const writes = new SaleWrites();
  engine.commit([writes.identity()]);
  for (let entries = 0; entries < PENDING_ENTRIES; entries += 2000) {
    if (engine.commit(Array.from({ length: 1000 }, () => writes.sale()).flat()) !== undefined) throw new Error("the journal could not be filled");
  }
  engine.close();
}

async function startRows({ folder, say }: BenchContext): Promise<readonly BenchRow[]> {
  const place = join(folder, "pending");
  fillPending(place);
  say(`journal: ${PENDING_ENTRIES} pending entries made`);
  const here = fileURLToPath(new URL(".", import.meta.url));
  const compiledChild = join(here, "..", "..", here.includes(`${sep}dist${sep}`) ? "." : "dist", "tools", "bench", "journal-start-child.js");
  const isCompiled = existsSync(compiledChild);
  const child = isCompiled ? compiledChild : join(here, "journal-start-child.ts");
  const readyMs: number[] = [];
  const rss: number[] = [];
  for (let round = 0; round < START_ROUNDS; round += 1) {
    const { report, elapsedMs } = await startOnce(child, place);
    if (report.lastSeq !== PENDING_ENTRIES || report.unreceipted !== PENDING_ENTRIES / 2)
      throw new Error("the started journal does not hold what was put into it");
    readyMs.push(elapsedMs);
    rss.push(report.rssBytes / 1e6);
  }
  const note = `${isCompiled ? "compiled output" : "sources (no compiled output here)"}, median of ${START_ROUNDS} starts of a process of its own: journal opened, tail checked, exposure counted, open sales looked up`;
  const row = (name: string, unit: string, value: number, limit: number): BenchRow => ({
    name,
    value: rounded(value),
    unit,
    baseline: null,
    ratio: null,
    budget: `value <= ${limit}`,
    met: value <= limit,
    note,
  });
  return [row("start-100k-ready", "ms", median(readyMs), READY_BUDGET_MS), row("start-100k-rss", "MB", Math.max(...rss), RSS_BUDGET_MB)];
}

/** Time from starting the process to its word that the journal is ready. */
function startOnce(child: string, folder: string): Promise<{ readonly report: StartReport; readonly elapsedMs: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const started = spawn(process.execPath, [child, folder], { stdio: ["ignore", "pipe", "inherit"], timeout: START_LIMIT_MS, killSignal: "SIGKILL" });
    let text = "";
    let elapsedMs = 0;
    started.stdout.on("data", (chunk: Buffer) => {
      if (text === "") elapsedMs = performance.now() - start;
      text += chunk.toString("utf8");
    });
    started.on("error", reject);
    started.on("close", (code) => {
      // The child is ours and prints one line of its own shape.
      if (code === 0) resolve({ report: JSON.parse(text) as StartReport, elapsedMs });
      else reject(new Error(`the started journal ended with ${String(code)}`));
    });
  });
}

async function run(context: BenchContext): Promise<readonly BenchRow[]> {
  return [...(await engineRows(context)), ...deviceRows(context), await callerRow(context), ...(await startRows(context))];
}

export const bench: Bench = { name: "journal", run };
