/* A terminal at a gate after some thousand taps holds what it held after some hundred. YIKATONG_SIZE=full takes a million. */
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { runProgram } from "../processes.ts";

const FULL = process.env["YIKATONG_SIZE"] === "full";
const TAPS = FULL ? 1_000_000 : 5_000;
const LIMIT_MS = FULL ? 24 * 3_600_000 : 540_000;

const shape = z.object({
  taps: z.number(),
  flat: z.boolean(),
  ends: z.record(z.string(), z.number()),
});

test(
  "memory and descriptors of a terminal at a gate do not grow with its taps",
  async () => {
    const program = join(process.cwd(), "dist", "tools", "gate-memory", "main.js");
    const ended = await runProgram(process.execPath, ["--expose-gc", program, "--taps", String(TAPS)], { limitMs: LIMIT_MS });
    process.stdout.write(ended.stdout);
    const report = shape.parse(JSON.parse(ended.stdout));
    expect(report.flat, ended.stdout).toBe(true);
    expect(report.taps).toBeGreaterThanOrEqual(TAPS);
    expect(Object.keys(report.ends).toSorted(), "every rider got through").toEqual(["let-in", "paid"]);
  },
  LIMIT_MS + 10_000,
);
