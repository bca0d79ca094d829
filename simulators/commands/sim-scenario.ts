/*
 * Goal: a bench that repeats: what a person would do with cards and readers, done at the same moment in every run.
 * Method: an ordered list of steps. Each waits for its moment (a command, an insertion, a time after the step before) and carries out
 * control lines, the same that a person types; the next step waits from then on.
 */
import { readFileSync, statSync } from "node:fs";
import * as z from "zod";
import { toHex } from "../../device/base/bytes.ts";
import type { SlotEvent } from "../reader/slot.ts";
import type { Parsed } from "./sim-faults.ts";
import { type LineReply, lineProblem, runLine } from "./sim-lines.ts";
import type { Place, Stand } from "./sim-stand.ts";

const FILE_BYTES_MAX = 1024 * 1024;
const STEPS_MAX = 1_000;
const LINES_MAX = 20;
const LINE_LENGTH_MAX = 200;
const WAIT_MS_MAX = 86_400_000;
const COUNT_MAX = 100_000;

const count = z.int().min(1).max(COUNT_MAX);
const of = z.enum(["card", "module"]).optional();
const when = z.union([
  /** The n-th command (the first when left out) that begins so, counted from where the step begins to wait. */
  z.strictObject({ commandPrefix: z.string().regex(/^(?:[0-9a-f]{2}){1,16}$/i), nth: count.optional(), of }),
  /** The n-th command of an insertion. */
  z.strictObject({ command: count, of }),
  /** The n-th insertion since the start. */
  z.strictObject({ insertion: count, of }),
  /** Time since the step before, or since the start. */
  z.strictObject({ afterMs: z.int().min(0).max(WAIT_MS_MAX) }),
]);
const line = z.string().min(1).max(LINE_LENGTH_MAX);
const scenarioFile = z.strictObject({
  version: z.literal(1),
  about: z.string().max(2_000).optional(),
  steps: z
    .array(z.strictObject({ when, do: z.union([line, z.array(line).min(1).max(LINES_MAX)]) }))
    .min(1)
    .max(STEPS_MAX),
});

type When = z.infer<typeof when>;

export interface ScenarioStep {
  readonly when: When;
  readonly lines: readonly string[];
}

/** Reads the text of a scenario. Never throws; says where the first thing stands that does not fit. */
export function parseScenario(text: string): Parsed<readonly ScenarioStep[]> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: "it is no JSON" };
  }
  const parsed = scenarioFile.safeParse(json);
  if (!parsed.success) return { ok: false, reason: `${parsed.error.issues[0]?.path.map(String).join(".") || "the whole of it"} does not fit` };
  const steps = parsed.data.steps.map((step) => ({ when: step.when, lines: typeof step.do === "string" ? [step.do] : step.do }));
  for (const [at, { lines }] of steps.entries()) {
    const problem = lines.map(lineProblem).find((each) => each !== undefined);
    if (problem !== undefined) return { ok: false, reason: `step ${at + 1}: ${problem}` };
  }
  return { ok: true, value: steps };
}

/** Reads a scenario file. Never throws. */
export function readScenarioFile(path: string): Parsed<readonly ScenarioStep[]> {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) return { ok: false, reason: `${path} is too large for a scenario` };
    const parsed = parseScenario(readFileSync(path, "utf8"));
    return parsed.ok ? parsed : { ok: false, reason: `${path}: ${parsed.reason}` };
  } catch (error) {
    return { ok: false, reason: `the scenario cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** A table on which a scenario is played. */
export interface SimRun extends Pick<Stand, "suite" | "clock" | "modules"> {
  readonly steps: readonly ScenarioStep[];
}

/** What a step has done, for people and programs. */
export interface ScenarioReport {
  /** From 1. */
  readonly step: number;
  readonly line: string;
  readonly reply: LineReply;
}

/** A report as one line: JSON, or a remark for people. */
export function scenarioLine({ step, line: text, reply }: ScenarioReport, json: boolean): string {
  const ok = reply.kind === "done";
  const said = reply.kind === "refused" ? reply.reason : reply.kind === "done" ? reply.text : "the end";
  if (json) return JSON.stringify({ event: "scenario", step, line: text, ok, ...(ok ? {} : { reason: said }) });
  return `# scenario, step ${step}: ${ok ? "" : "refused: "}${said}`.replaceAll("\n", "\n# ");
}

export class ScenarioPlayer {
  readonly #stand: Stand;
  readonly #steps: readonly ScenarioStep[];
  readonly #report: (report: ScenarioReport) => void;
  readonly #ended = new AbortController();
  #next = 0;
  /** Commands that fitted the step that waits. */
  #seen = 0;
  #waiting: Promise<void> = Promise.resolve();

  constructor(stand: Stand, steps: readonly ScenarioStep[], report: (report: ScenarioReport) => void) {
    this.#stand = stand;
    this.#steps = steps;
    this.#report = report;
  }

  /** Steps that have been carried out. */
  get done(): number {
    return this.#next;
  }

  get steps(): number {
    return this.#steps.length;
  }

  /** Begins to watch; to be called before the first card goes in. */
  start(): void {
    for (const place of this.#stand.places) place.slot.setWatch((event) => this.#hear(place, event));
    this.#awaitTime();
  }

  /** No further step is carried out. */
  async end(): Promise<void> {
    this.#next = this.#steps.length;
    this.#ended.abort();
    await this.#waiting;
  }

  #hear(place: Place, event: SlotEvent): void {
    const step = this.#steps[this.#next];
    if (step !== undefined && this.#isMoment(step.when, place, event)) this.#play(step, place);
  }

  #isMoment(moment: When, { name }: Place, event: SlotEvent): boolean {
    if ("afterMs" in moment || (moment.of ?? "card") !== name) return false;
    if ("insertion" in moment) return event.kind === "insertion" && event.number === moment.insertion;
    if (event.kind !== "command") return false;
    if ("command" in moment) return event.number === moment.command;
    if (!toHex(event.command).startsWith(moment.commandPrefix.toLowerCase())) return false;
    this.#seen += 1;
    return this.#seen === (moment.nth ?? 1);
  }

  /** Lines that act at once act on the very command that is the moment. */
  #play(step: ScenarioStep, place: Place | undefined): void {
    const number = this.#next + 1;
    this.#next = number;
    this.#seen = 0;
    const replies = step.lines.map(async (text) => {
      const named = place?.name === "module" && !/^(?:card|module)\s/.test(text) ? `module ${text}` : text;
      this.#report({ step: number, line: text, reply: await runLine(this.#stand, named) });
    });
    this.#waiting = Promise.all([this.#waiting, ...replies]).then(() => undefined);
    this.#awaitTime();
  }

  #awaitTime(): void {
    const step = this.#steps[this.#next];
    if (step === undefined || !("afterMs" in step.when)) return;
    const slept = this.#stand.clock.sleep(step.when.afterMs, this.#ended.signal).then(
      () => this.#play(step, undefined),
      // Only the end of the simulators wakes it early.
      () => undefined,
    );
    this.#waiting = Promise.all([this.#waiting, slept]).then(() => undefined);
  }
}
