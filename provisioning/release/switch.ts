/*
 * Goal: at every moment, whatever ends this process or the power, the next start of the service finds a release and a journal that fit each other.
 * Method: before anything changes, `trial` says what is about to; `select-release` ends from there what was begun, forward or back, at the next
 * start. So this file only ever goes forward: what fails is left to that start.
 *
 * The order: hold, wait until nothing is under way, stop, note (migrating), migrate the journal, note (trying), link, start.
 */
import { join } from "node:path";
import type { Clock, Processes } from "../../device/base/ports.ts";
import type { ReleaseFiles } from "./files.ts";
import { type InstalledRelease, type JudgeLimits, judgeMoment, migratorOf, type Refusal, type ServiceWord } from "./judge.ts";
import { RELEASE_PROGRAM } from "./manifest.ts";
import { JOURNAL_FILE, type ReleasePlace } from "./place.ts";
import type { ServiceControl } from "./service.ts";
import { STARTS_MAX, type Trial, trialText } from "./trial.ts";

const LOOK_EVERY_MS = 200;
const SELF_TEST_LIMIT_MS = 180_000;
/** Ten thousand records take seconds; a full journal on an old memory card, minutes. */
const MIGRATE_LIMIT_MS = 900_000;
const WORLD_READABLE = 0o644;

export interface SwitchParts {
  readonly files: ReleaseFiles;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly service: ServiceControl;
  readonly word: () => Promise<ServiceWord>;
  readonly place: ReleasePlace;
  readonly limits: JudgeLimits;
  /** How long it may take until nothing is under way. */
  readonly quietWaitMs: number;
  /** Arguments before a release's program, so that the journal stays its user's. */
  readonly asService: readonly string[];
  readonly signal: AbortSignal;
}

export interface SwitchPlan {
  readonly next: InstalledRelease;
  /** None on a machine that has never run one. */
  readonly current: InstalledRelease | undefined;
  readonly emergency: boolean;
}

export type Switching =
  | { readonly kind: "switched" }
  | { readonly kind: "refused"; readonly refusals: readonly Refusal[] }
  /** The service was stopped, and starts again with the release that it had. */
  | { readonly kind: "failed"; readonly text: string };

/** Runs a program of a release as the service's user. */
function runRelease(version: string, args: readonly string[], parts: SwitchParts, timeoutMs: number) {
  const program = join(parts.place.releases, version, RELEASE_PROGRAM);
  const [first, ...before] = parts.asService;
  const limits = { timeoutMs, signal: parts.signal };
  return first === undefined ? parts.processes.run(program, args, limits) : parts.processes.run(first, [...before, program, ...args], limits);
}

/** Arguments that have a release write the journal's other schema. */
export function migrateArguments(schema: number, journal: string): readonly string[] {
  return ["journal", "migrate", "--to", String(schema), journal];
}

/** Switches to a staged release, on trial. Killed anywhere, it is simply called again, or the next start of the service ends it. */
export async function switchTo(plan: SwitchPlan, parts: SwitchParts): Promise<Switching> {
  const { place, files, service } = parts;
  const tested = await runRelease(plan.next.version, ["self-test"], parts, SELF_TEST_LIMIT_MS);
  if (tested.code !== 0) return { kind: "failed", text: `it does not pass its self-test: ${lastLine(tested.stderr)}` };
  await files.write(place.hold, "update\n");
  try {
    const quiet = await waitForQuiet(plan, parts);
    if (quiet.kind === "refused") return quiet;
    await service.stop();
    if (await service.isRunning()) return { kind: "failed", text: "the service does not stop" };
    return await exchange(plan, quiet.devices, parts);
  } finally {
    await files.remove(place.hold);
    await service.start();
  }
}

/** Between stop and start. */
async function exchange({ next, current }: SwitchPlan, devices: readonly string[], parts: SwitchParts): Promise<Switching> {
  const { files, place } = parts;
  // In this order: a note of an update that has ended well must not outlive the word that says so.
  await files.remove(place.trial);
  await files.remove(place.healthy);
  if (current !== undefined) {
    const trial = trialOf(next, current, devices);
    await files.write(place.trial, trialText(trial), WORLD_READABLE);
    // A terminal that was never started has no journal, and nothing to migrate.
    if (trial.schema !== trial.previousSchema && (await files.list(place.journal)).includes(JOURNAL_FILE)) {
      const migrated = await runRelease(trial.migrator, migrateArguments(trial.schema, place.journal), parts, MIGRATE_LIMIT_MS);
      // The note stays: the start has the journal's older schema written again, whatever this migration came to.
      if (migrated.code !== 0) return { kind: "failed", text: `the journal was not migrated: ${lastLine(migrated.stderr)}` };
    }
    await files.write(place.trial, trialText({ ...trial, step: "trying" }), WORLD_READABLE);
  }
  await files.pointTo(place.current, join("releases", next.version));
  return { kind: "switched" };
}

function trialOf(next: InstalledRelease, current: InstalledRelease, devices: readonly string[]): Trial {
  return {
    version: next.version,
    previous: current.version,
    starts: 0,
    startsMax: STARTS_MAX,
    step: "migrating",
    schema: next.journalSchema,
    previousSchema: current.journalSchema,
    migrator: migratorOf(next, current) === "current" ? current.version : next.version,
    devices,
  };
}

type Quiet = { readonly kind: "quiet"; readonly devices: readonly string[] } | { readonly kind: "refused"; readonly refusals: readonly Refusal[] };

/** Waits until the service begins nothing and nothing is under way. A card that stays, or an act that does not end, is a refusal. */
async function waitForQuiet({ emergency, current }: SwitchPlan, { word, clock, limits, quietWaitMs, signal }: SwitchParts): Promise<Quiet> {
  const endMs = clock.monotonicMs() + quietWaitMs;
  for (;;) {
    const service = await word();
    const refusals = judgeMoment(current === undefined ? { service } : { service, current }, limits, emergency);
    if (refusals.length === 0 && service.kind === "stopped") return { kind: "quiet", devices: [] };
    if (refusals.length === 0 && service.kind === "says" && service.status.held) return { kind: "quiet", devices: readyRoles(service) };
    if (clock.monotonicMs() >= endMs) return { kind: "refused", refusals: refusals.length > 0 ? refusals : [NOT_HELD] };
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

const NOT_HELD: Refusal = { code: "act-under-way", when: "later", text: "the service was asked to begin nothing new and does not say that it does so" };

function readyRoles(service: Extract<ServiceWord, { readonly kind: "says" }>): readonly string[] {
  return service.status.devices.filter(({ state }) => state === "ready").map(({ role }) => role);
}

function lastLine(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim().split("\n").at(-1) ?? "";
}
