/*
 * Goal: between two releases there is always a note that says what is under way, and whoever starts next can end it.
 * Method: lines `name=value`, written whole or not at all. `select-release` reads and writes the same lines.
 */
import { parseVersion } from "./version.ts";

/** `migrating`: the journal may have either schema, and the older release starts. `trying`: the newer one has to prove itself. `returning`: the way back is under way. */
export type TrialStep = "migrating" | "trying" | "returning";

const STEPS: readonly TrialStep[] = ["migrating", "trying", "returning"];

export interface Trial {
  readonly version: string;
  readonly previous: string;
  readonly starts: number;
  readonly startsMax: number;
  readonly step: TrialStep;
  /** Schemas of the journal that the two releases want, and which of the two can write both. */
  readonly schema: number;
  readonly previousSchema: number;
  readonly migrator: string;
  /** Roles that were ready when the older release was stopped; without them the newer one is not well. */
  readonly devices: readonly string[];
}

export const STARTS_MAX = 3;

/** The text of `trial`. */
export function trialText(trial: Trial): string {
  const { version, previous, starts, startsMax, step, schema, previousSchema, migrator, devices } = trial;
  const lines = { version, previous, starts, startsMax, step, schema, previousSchema, migrator, devices: devices.join(" ") };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** Reads `trial`. Never throws; undefined when a line is missing or makes no sense. */
export function parseTrial(text: string): Trial | undefined {
  const lines = new Map(text.split("\n").map((line): [string, string] => [line.slice(0, Math.max(0, line.indexOf("="))), line.slice(line.indexOf("=") + 1)]));
  const version = versionOf(lines.get("version"));
  const previous = versionOf(lines.get("previous"));
  const migrator = versionOf(lines.get("migrator"));
  const step = STEPS.find((one) => one === lines.get("step"));
  const [starts, startsMax, schema, previousSchema] = ["starts", "startsMax", "schema", "previousSchema"].map((name) => countOf(lines.get(name)));
  if (version === undefined || previous === undefined || migrator === undefined || step === undefined) return undefined;
  if (starts === undefined || startsMax === undefined || schema === undefined || previousSchema === undefined) return undefined;
  const devices = (lines.get("devices") ?? "").split(" ").filter((role) => role !== "");
  return { version, previous, starts, startsMax, step, schema, previousSchema, migrator, devices };
}

function versionOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : parseVersion(text)?.text;
}

function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}
