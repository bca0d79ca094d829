/*
 * A bench of devices that repeats: a file with control lines, each some time after the one before. Its form is that of the other modes'
 * scenarios; time is the only moment that devices know.
 */
import { readFileSync, statSync } from "node:fs";
import * as z from "zod";
import type { Clock } from "../../device/base/ports.ts";
import type { DeviceKind } from "./sim-device-kinds.ts";
import type { Parsed } from "./sim-faults.ts";
import type { LineReply } from "./sim-lines.ts";
import type { ScenarioReport } from "./sim-scenario.ts";

const FILE_BYTES_MAX = 1024 * 1024;
const STEPS_MAX = 1_000;
const LINES_MAX = 20;
const LINE_LENGTH_MAX = 200;
const WAIT_MS_MAX = 86_400_000;

const line = z.string().min(1).max(LINE_LENGTH_MAX);
const file = z.strictObject({
  version: z.literal(1),
  about: z.string().max(2_000).optional(),
  steps: z
    .array(
      z.strictObject({
        when: z.strictObject({ afterMs: z.int().min(0).max(WAIT_MS_MAX) }),
        do: z.union([line, z.array(line).min(1).max(LINES_MAX)]),
      }),
    )
    .min(1)
    .max(STEPS_MAX),
});

export interface DeviceStep {
  readonly afterMs: number;
  readonly lines: readonly string[];
}

function readJson(path: string): Parsed<unknown> {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) return { ok: false, reason: "it is too large for a scenario" };
    return { ok: true, value: JSON.parse(readFileSync(path, "utf8")) };
  } catch (error) {
    return {
      ok: false,
      reason: error instanceof SyntaxError ? "it is no JSON" : `it cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/** Reads a scenario for these devices. Never throws; says where the first thing stands that does not fit. */
export function readDeviceScenario(path: string, kinds: readonly DeviceKind[]): Parsed<readonly DeviceStep[]> {
  const json = readJson(path);
  if (!json.ok) return { ok: false, reason: `${path}: ${json.reason}` };
  const parsed = file.safeParse(json.value);
  if (!parsed.success) return { ok: false, reason: `${path}: ${parsed.error.issues[0]?.path.map(String).join(".") || "the whole of it"} does not fit` };
  const steps = parsed.data.steps.map((step) => ({ afterMs: step.when.afterMs, lines: typeof step.do === "string" ? [step.do] : step.do }));
  for (const [at, { lines }] of steps.entries()) {
    const strange = lines.map((text) => text.trim().split(/\s+/)[0] ?? "").find((name) => !kinds.some((kind) => kind === name));
    if (strange !== undefined) return { ok: false, reason: `${path}: step ${at + 1}: there is no device "${strange.slice(0, 40)}" on this table` };
  }
  return { ok: true, value: steps };
}

export interface DevicePlay {
  readonly clock: Clock;
  readonly steps: readonly DeviceStep[];
  readonly signal: AbortSignal;
  readonly run: (line: string) => Promise<LineReply>;
  readonly report: (report: ScenarioReport) => void;
}

/** Plays the steps one after the other, until they or the signal end them. */
export async function playDeviceScenario({ clock, steps, signal, run, report }: DevicePlay): Promise<void> {
  for (const [at, { afterMs, lines }] of steps.entries()) {
    // Ended while it waits: what is left of the scenario is not played.
    await clock.sleep(afterMs, signal).catch(() => undefined);
    for (const text of lines) {
      if (signal.aborted) return;
      report({ step: at + 1, line: text, reply: await run(text) });
    }
  }
}
