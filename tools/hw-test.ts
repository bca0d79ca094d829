/*
 * Goal: one command runs the suites of the ports on the real devices of a desk, and says of each device whether it was run.
 * Method: the bench file is checked before anything starts; then vitest runs the suites of exactly the devices that it names. A device that it
 * does not name counts as nothing.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { kindsOf, METAL_SUITES, type MetalBenchFile, type MetalKind, readBenchFile } from "../hw-tests/benches/metal-file.ts";
import { handObstacle } from "../hw-tests/benches/metal-hand.ts";
import { addCounts, lastLine, NOTHING, type Outcome } from "./lanes.ts";
import { readReport } from "./vitest-report.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const USAGE = "usage: HW=1 npm run hw-test -- --bench FILE (hw-tests/README.md says how to write one)";
const LIMIT_MS = 8 * 3_600_000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function refuse(line: string): number {
  process.stderr.write(`${line}\n`);
  return 2;
}

function benchArgument(): string | undefined {
  try {
    return parseArgs({ options: { bench: { type: "string" } } }).values.bench;
  } catch {
    return undefined;
  }
}

/**
 * Runs vitest and gives its exit code. It stays in the session of the screen, so that a person can be asked; its output comes in lines, because
 * a runner that redraws the screen would wipe questions away.
 */
function runVitest(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<number | undefined> {
  return new Promise((done) => {
    const all = [join(ROOT, "node_modules", "vitest", "vitest.mjs"), "run", "--root", ROOT, "--config", "vitest.hw.config.ts", ...args];
    const child = spawn(process.execPath, all, { stdio: ["inherit", "pipe", "inherit"], env: { ...process.env, ...environment }, timeout: LIMIT_MS });
    child.stdout.pipe(process.stdout, { end: false });
    child.on("error", () => done(undefined));
    child.on("close", (code) => done(code ?? undefined));
  });
}

async function runSuites(kinds: readonly MetalKind[], path: string): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "ykt-hw-"));
  const report = join(folder, "report.json");
  const files = kinds.map((kind) => `hw-tests/${METAL_SUITES[kind]}.hw.ts`);
  try {
    const code = await runVitest(["--reporter=verbose", "--reporter=json", `--outputFile.json=${report}`, ...files], { YIKATONG_BENCH: path, NO_COLOR: "1" });
    const outcome = readReport(readFileSync(report, "utf8"), ROOT);
    if (outcome === undefined) return broken("the runner left no report");
    const silent = code !== 0 && outcome.counts.failed === 0;
    return silent ? { ...outcome, counts: addCounts(outcome.counts, { ...NOTHING, failed: 1 }), failures: [`the runner ended with ${code}`] } : outcome;
  } catch {
    return broken("the runner left no report");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function broken(why: string): Outcome {
  return { counts: { ...NOTHING, failed: 1 }, failures: [why], skips: [] };
}

async function test(file: MetalBenchFile, path: string): Promise<number> {
  const kinds = kindsOf(file);
  const all = Object.keys(METAL_SUITES) as MetalKind[];
  for (const kind of all) if (!kinds.includes(kind)) say(`${kind}: not named in ${path}, not run`);
  say(`${file.name}: ${kinds.join(", ")} …`);
  const { counts, failures, skips } = await runSuites(kinds, path);
  for (const skip of skips) say(`  left out: ${skip}`);
  for (const failure of failures) say(`  FAILED ${failure.replaceAll("\n", "\n    ")}`);
  if (skips.length > 0) say(`${skips.length} cases that this bench cannot do are left out`);
  // A run in which nothing was tried has shown nothing.
  const total = counts.passed === 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  say(lastLine(total, false));
  return total.failed === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const bench = benchArgument();
  if (bench === undefined) return refuse(USAGE);
  if (process.env["HW"] !== "1") return refuse("hw-test moves real devices: start it with HW=1 on the machine that they are plugged into");
  // The entry works in the folder of the project; whoever typed the path may stand elsewhere.
  const path = resolve(process.env["INIT_CWD"] ?? process.cwd(), bench);
  const read = readBenchFile(path);
  if (!read.ok) return refuse(`${bench}: ${read.problems.join("\n  ")}`);
  const obstacle = handObstacle(read.file.hand);
  return obstacle === undefined ? test(read.file, path) : refuse(`${bench}: hand: ${obstacle}`);
}

process.exitCode = await main();
