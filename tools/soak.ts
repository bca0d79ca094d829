/*
 * Goal: whatever takes minutes has a full size, and its result is kept with seed, date and commit.
 * Method: run the command in its full size and write what it said to docs/reports/. Lane tests read YIKATONG_SIZE=full.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "./processes.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LIMIT_MS = 24 * 3_600_000;
const OUTPUT_CHARACTERS_KEPT = 20_000;

interface Soak {
  readonly about: string;
  readonly args: readonly string[];
}

const VITEST_LANES = ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.lane.config.ts", "--testTimeout=0", "--reporter=verbose"];

const VITEST_UNIT = ["node_modules/vitest/vitest.mjs", "run", "--testTimeout=0", "--reporter=verbose"];

const SOAKS: Readonly<Record<string, Soak>> = {
  world: { about: "a million taps under virtual time", args: ["dist/simulators/cli.js", "world", "--seeds", "10000", "--taps", "100", "--json"] },
  "counter-world": {
    about: "200 days of a pharmacy counter under virtual time",
    args: ["dist/simulators/cli.js", "world", "--scenario", "counter", "--seeds", "200", "--orders", "100", "--json"],
  },
  "gate-world": {
    about: "a million taps at a gate of two lanes and a till, under virtual time",
    args: ["dist/simulators/cli.js", "world", "--scenario", "gate", "--seeds", "2000", "--taps", "500", "--json"],
  },
  "acquirer-world": {
    about: "200 days of a counter with a bank under virtual time",
    args: ["dist/simulators/cli.js", "world", "--scenario", "acquirer", "--seeds", "200", "--payments", "100", "--json"],
  },
  "gate-memory": {
    about: "a million taps at two lanes of one running terminal: memory, descriptors and pace stay what they were",
    args: ["--expose-gc", "dist/tools/gate-memory/main.js", "--taps", "1000000"],
  },
  rounds: { about: "200 rounds of killing broker and terminal", args: [...VITEST_LANES, "rounds"] },
  "bad-input": { about: "ten million mutated inputs", args: [...VITEST_LANES, "bad-input"] },
  breaches: { about: "breaches of the specifications against every conformance case", args: [...VITEST_LANES, "breaches"] },
  "power-cut": { about: "every flush boundary and thousands of torn states", args: [...VITEST_LANES, "power-cut"] },
  replug: { about: "1,000 losses of each kind of device", args: [...VITEST_LANES, "--fileParallelism", "--maxWorkers=3", "replug"] },
  "pcscd-kills": { about: "100 deaths of the PC/SC service in the middle of sales", args: [...VITEST_LANES, "pcscd-kills"] },
  "bundle-twice": { about: "a bundle built from two clones of one commit, byte for byte", args: [...VITEST_LANES, "release-twice"] },
  "fee-split": { about: "a million baskets against exact fractions", args: [...VITEST_UNIT, "device/txn/medical-split/oracle.test.ts"] },
  bench: { about: "benchmark rows with large samples", args: ["dist/tools/bench/main.js", "--json", "--scale", "10"] },
};

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "no commit";
  }
}

async function main(name: string | undefined, extra: readonly string[]): Promise<number> {
  const soak = name === undefined ? undefined : SOAKS[name];
  if (name === undefined || soak === undefined) {
    const lines = Object.entries(SOAKS).map(([key, { about }]) => `  ${key.padEnd(11)} ${about}\n`);
    process.stderr.write(`usage: npm run soak -- NAME [further arguments]\n${lines.join("")}`);
    return 2;
  }
  const began = new Date();
  process.stderr.write(`${name}: ${soak.about} …\n`);
  const args = [...soak.args, ...extra];
  const ended = await runProgram(process.execPath, args, { limitMs: LIMIT_MS, environment: { YIKATONG_SIZE: "full", NO_COLOR: "1" } });
  const result = {
    name,
    args,
    commit: commit(),
    began: began.toISOString(),
    tookMs: Math.round(ended.tookMs),
    node: process.version,
    exitCode: ended.code ?? null,
    // Where the checkout lay says nothing about the result.
    output: ended.stdout.replaceAll(` ${ROOT}`, "").slice(-OUTPUT_CHARACTERS_KEPT).trimEnd().split("\n"),
  };
  const folder = join(ROOT, "docs", "reports");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}-${began.toISOString().slice(0, 10)}.json`);
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`${name}: exit code ${result.exitCode ?? "none"}, kept in ${path.slice(ROOT.length + 1)}\n`);
  return ended.code ?? 1;
}

process.exitCode = await main(process.argv[2], process.argv.slice(3));
