/*
 * Goal: one command proves what can be proved here, says what it left out and why, and ends with counts of test cases.
 * Method: lanes run one after the other; a lane whose needs are not met is one skipped case. With CI=true a skip is a failure.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runArm64 } from "./arm64/run.ts";
import { BENCH_ROWS } from "./bench/rows.ts";
import { runChecks } from "./checks.ts";
import { runAcquirerWorld, runBench, runConformance, runCounterWorld, runGateWorld, runServices, runStart, runWorld } from "./command-lanes.ts";
import { addCounts, type Counts, LANES, type Lane, laneOf, lastLine, type Needs, NOTHING, type Outcome } from "./lanes.ts";
import { runProgram } from "./processes.ts";
import { ensurePackages } from "./setup/debian.mjs";
import { readReport } from "./vitest-report.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const REPORTS = join(ROOT, ".cache", "lanes");
const PROBE_LIMIT_MS = 20_000;
const READER_HANDLER = join(ROOT, "build", "libyikatong-ifd.so");

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function works(program: string, args: readonly string[]): Promise<boolean> {
  return (await runProgram(program, args, { limitMs: PROBE_LIMIT_MS })).code === 0;
}

async function canMakeNamespaces(): Promise<boolean> {
  return (await works("unshare", ["-m", "-n", "true"])) || works("unshare", ["-Urmn", "true"]);
}

/** Why the lane cannot run here, in one line, or undefined. Missing packages are installed first where rights allow. */
async function obstacleOf(needs: Needs): Promise<string | undefined> {
  const packages = ensurePackages(needs.packages ?? [], (line) => process.stderr.write(`  ${line}\n`));
  if (packages !== undefined) return packages;
  if (needs.namespaces === true && !(await canMakeNamespaces())) return "private namespaces are not allowed here";
  if (needs.tracing === true && !(await works("strace", ["-f", "-o", "/dev/null", "true"]))) return "tracing of system calls is not allowed here";
  if (needs.pcsc !== true) return undefined;
  if (!existsSync(READER_HANDLER)) return "the virtual PC/SC reader is not built (see the set-up message)";
  const loads = await works(process.execPath, ["-e", `require(${JSON.stringify(join(ROOT, "node_modules", "pcsclite"))})`]);
  return loads ? undefined : "the PC/SC binding is not built (see the set-up message)";
}

function skipped(why: string): Outcome {
  return { counts: { passed: 0, failed: 0, skipped: 1 }, failures: [], skips: [why] };
}

function failed(what: string): Outcome {
  return { counts: { passed: 0, failed: 1, skipped: 0 }, failures: [what], skips: [] };
}

async function runVitest(lane: Lane, args: readonly string[]): Promise<Outcome> {
  const report = join(REPORTS, `${lane.name}.json`);
  const log = join(REPORTS, `${lane.name}.log`);
  rmSync(report, { force: true });
  const script = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const all = [script, "run", "--root", ROOT, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...args];
  const ended = await runProgram(process.execPath, all, { limitMs: lane.limitMs, environment: { NO_COLOR: "1" } });
  writeFileSync(log, `${ended.stdout}\n${ended.stderr}`);
  const tail = `${ended.stdout}\n${ended.stderr}`.slice(-6000);
  if (ended.timedOut) return failed(`took longer than ${lane.limitMs / 1000} s\n${tail}`);
  const outcome = existsSync(report) ? readReport(readFileSync(report, "utf8"), ROOT) : undefined;
  if (outcome === undefined) return failed(`vitest left no report\n${tail}`);
  if (outcome.counts.passed + outcome.counts.failed + outcome.counts.skipped === 0) return failed("vitest found no test");
  // Errors outside of any case (an unhandled rejection) end vitest with a code and leave every case green.
  const silent = ended.code !== 0 && outcome.counts.failed === 0;
  return silent
    ? { ...outcome, counts: addCounts(outcome.counts, { ...NOTHING, failed: 1 }), failures: [`vitest ended with ${ended.code}\n${tail}`] }
    : outcome;
}

async function laneFiles(lane: Lane): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const path of glob("{device,simulators,tools,provisioning,hw-tests}/**/*.lane.test.ts", { cwd: ROOT })) {
    if (laneOf(path)?.name === lane.name) found.push(path);
  }
  return found.sort();
}

async function runWork(lane: Lane, steps: readonly string[]): Promise<Outcome> {
  switch (lane.work.kind) {
    case "checks":
      return runChecks(ROOT, steps);
    case "unit":
      return runVitest(lane, []);
    case "files": {
      const files = await laneFiles(lane);
      if (files.length === 0) return lane.work.mayBeEmpty === true ? NO_FILES : failed("no test file belongs to this lane: it would prove nothing");
      return runVitest(lane, ["--config", "vitest.lane.config.ts", ...(lane.retries === undefined ? [] : [`--retry=${lane.retries}`]), ...files]);
    }
    case "arm64":
      return runArm64(ROOT, () => runVitest(lane, ["--config", "vitest.arm64.config.ts"]));
    case "start":
      return runStart(ROOT, lane.limitMs);
    case "world":
      return runWorld(ROOT, lane.limitMs);
    case "counter-world":
      return runCounterWorld(ROOT, lane.limitMs);
    case "gate-world":
      return runGateWorld(ROOT, lane.limitMs);
    case "acquirer-world":
      return runAcquirerWorld(ROOT, lane.limitMs);
    case "conformance":
      return runConformance(ROOT, lane.limitMs);
    case "services":
      return runServices(ROOT, lane.limitMs);
    case "bench":
      return runBench(ROOT, lane.limitMs, BENCH_ROWS);
  }
}

const NO_FILES: Outcome = { counts: NOTHING, failures: [], skips: [] };

async function runLane(lane: Lane, steps: readonly string[]): Promise<Counts> {
  const began = performance.now();
  say(`${lane.name} …`);
  const empty = lane.work.kind === "files" && (await laneFiles(lane)).length === 0;
  const obstacle = empty ? undefined : await obstacleOf(lane.needs);
  const outcome = obstacle === undefined ? await runWork(lane, steps) : skipped(obstacle);
  for (const failure of outcome.failures) say(`  FAILED ${failure.replaceAll("\n", "\n    ")}`);
  for (const skip of outcome.skips) say(`  skipped: ${skip}`);
  const { counts } = outcome;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const note = empty ? " (no file belongs to it)" : "";
  say(`${lane.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped, ${seconds} s${note}`);
  return counts;
}

function chosenLanes(level: string | undefined, only: readonly string[]): readonly Lane[] {
  const unknown = only.filter((name) => !LANES.some((lane) => lane.name === name));
  if (unknown.length > 0) throw new Error(`no such lane: ${unknown.join(", ")} (lanes: ${LANES.map((lane) => lane.name).join(", ")})`);
  if (only.length > 0) return LANES.filter((lane) => only.includes(lane.name));
  return LANES.filter((lane) => level === undefined || lane.level === level);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { level: { type: "string" }, only: { type: "string" }, steps: { type: "string" } },
    allowPositionals: false,
  });
  const list = (text: string | undefined) => (text ?? "").split(",").filter((word) => word !== "");
  mkdirSync(REPORTS, { recursive: true });
  let total = NOTHING;
  for (const lane of chosenLanes(values.level, list(values.only))) total = addCounts(total, await runLane(lane, list(values.steps)));
  const skipsFail = process.env["CI"] === "true";
  if (total.skipped > 0) say(`${total.skipped} skipped${skipsFail ? " (with CI=true a skip is a failure)" : ""}, reasons above`);
  const line = lastLine(total, skipsFail);
  say(line);
  return line.endsWith(" 0 failed") ? 0 : 1;
}

process.exitCode = await main();
