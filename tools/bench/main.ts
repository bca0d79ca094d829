/*
 * Goal: the budgets of the design as figures that can be compared over time.
 * Method: each benchmark measures its rows in a folder of its own; the runner prints a table for people or one JSON line for machines.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench, BenchRow } from "./bench.ts";
import { BENCHES } from "./registry.ts";
import { tableOf } from "./table.ts";

const SCALE_MAX = 1000;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function measure(bench: Bench, scale: number): Promise<readonly BenchRow[]> {
  // The folder lies beside the project and not in a memory file system, because flushes are what some rows measure.
  const folder = mkdtempSync(join(process.cwd(), ".cache", `bench-${bench.name}-`));
  const began = performance.now();
  say(`${bench.name} …`);
  try {
    return await bench.run({ folder, scale, say: (line) => say(`  ${line}`) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
    say(`${bench.name}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      only: { type: "string" },
      scale: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`usage: bench [--json] [--only NAME] [--scale N]\nbenchmarks: ${BENCHES.map((bench) => bench.name).join(", ")}\n`);
    return 0;
  }
  const scale = Number.parseInt(values.scale, 10);
  const chosen = BENCHES.filter((bench) => values.only === undefined || bench.name === values.only);
  if (!(scale >= 1 && scale <= SCALE_MAX) || (values.only !== undefined && chosen.length === 0)) {
    say(`--scale takes 1..${SCALE_MAX}; --only takes one of: ${BENCHES.map((bench) => bench.name).join(", ")}`);
    return 2;
  }
  const rows: BenchRow[] = [];
  for (const bench of chosen) rows.push(...(await measure(bench, scale)));
  process.stdout.write(values.json ? `${JSON.stringify({ rows })}\n` : tableOf(rows));
  return 0;
}

process.exitCode = await main();
