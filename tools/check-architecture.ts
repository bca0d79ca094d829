/*
 * Goal: no forbidden import, and no false peace: a checker that read nothing must not report success.
 * Method: run dependency-cruiser with the rules of .dependency-cruiser.cjs, compare the modules that it saw with the files on disk
 * and with a floor, and print each violation by the name of its rule.
 */
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { runProgram } from "./processes.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDERS = ["device", "simulators", "tools", "hw-tests"];
const LIMIT_MS = 120_000;
/** Raised as the project grows, never lowered without a reason in the change log. */
const MODULES_FLOOR = 450;

const cruiseShape = z.object({
  modules: z.array(z.object({ source: z.string() })),
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string(), severity: z.string() }) })),
    totalCruised: z.number(),
    totalDependenciesCruised: z.number().optional(),
  }),
});

/** Source files that the checker ought to have seen and did not. */
export function overlooked(onDisk: readonly string[], seen: readonly string[]): readonly string[] {
  const known = new Set(seen);
  return onDisk.filter((path) => !known.has(path));
}

async function main(): Promise<number> {
  const script = join(ROOT, "node_modules", "dependency-cruiser", "bin", "dependency-cruiser.mjs");
  const args = [script, "--config", ".dependency-cruiser.cjs", "--output-type", "json", ...FOLDERS];
  const ended = await runProgram(process.execPath, args, { limitMs: LIMIT_MS });
  const cruise = cruiseShape.safeParse(ended.stdout.startsWith("{") ? JSON.parse(ended.stdout) : undefined);
  if (!cruise.success) {
    process.stdout.write(`dependency-cruiser gave no result:\n${ended.stdout.slice(0, 2000)}${ended.stderr.slice(0, 2000)}\n`);
    return 1;
  }
  const { modules, summary } = cruise.data;
  const lines = summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`);
  const onDisk = FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT }));
  const seen = modules.map((module) => module.source);
  lines.push(...overlooked(onDisk, seen).map((path) => `not seen by the checker: ${path}`));
  const own = seen.filter((path) => FOLDERS.some((folder) => path.startsWith(`${folder}/`))).length;
  if (own < MODULES_FLOOR) lines.push(`only ${own} modules seen, the floor is ${MODULES_FLOOR}`);
  for (const line of lines) process.stdout.write(`${line}\n`);
  process.stdout.write(`${own} modules, ${summary.totalDependenciesCruised ?? 0} dependencies, ${lines.length} violations\n`);
  return lines.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
