/*
 * Goal: the rules of the house are checked by tools, cheap ones first, each step one case.
 */
import { join } from "node:path";
import type { Outcome } from "./lanes.ts";
import { runProgram } from "./processes.ts";

interface Step {
  readonly name: string;
  readonly args: readonly string[];
}

const FOLDERS = ["device", "simulators", "tools", "hw-tests"];
const STEP_LIMIT_MS = 180_000;
const OUTPUT_LINES_MAX = 400;

const STEPS: readonly Step[] = [
  { name: "biome", args: ["node_modules/@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "--max-diagnostics=200", "--colors=off"] },
  { name: "tsc", args: ["node_modules/typescript/bin/tsc", "-p", ".", "--pretty", "false"] },
  { name: "oxlint", args: ["node_modules/oxlint/bin/oxlint", "--type-aware", "--deny-warnings", ...FOLDERS] },
  { name: "architecture", args: ["tools/check-architecture.ts"] },
  { name: "knip", args: ["node_modules/knip/bin/knip.js", "--no-progress"] },
];

/** Runs the named steps, or all. */
export async function runChecks(root: string, only: readonly string[]): Promise<Outcome> {
  const failures: string[] = [];
  let passed = 0;
  for (const step of STEPS) {
    if (only.length > 0 && !only.includes(step.name)) continue;
    const [script = "", ...rest] = step.args;
    const ended = await runProgram(process.execPath, [join(root, script), ...rest], { limitMs: STEP_LIMIT_MS });
    process.stderr.write(`  ${step.name}: ${ended.code === 0 ? "ok" : "FAILED"} (${(ended.tookMs / 1000).toFixed(1)} s)\n`);
    if (ended.code === 0) passed += 1;
    else failures.push(`${step.name}${ended.timedOut ? " (took too long)" : ""}\n${lastOf(`${ended.stdout}${ended.stderr}`)}`);
  }
  return { counts: { passed, failed: failures.length, skipped: 0 }, failures, skips: [] };
}

function lastOf(text: string): string {
  return text.trimEnd().split("\n").slice(-OUTPUT_LINES_MAX).join("\n");
}
