/* An update from end to end: what is known of the machine, what speaks against a bundle, and what becomes of it. */
import { join } from "node:path";
import type { Clock } from "../../device/base/ports.ts";
import { parseJson } from "../../device/codec/json.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { type BundleOpening, type OpenedBundle, openBundle } from "./bundle-file.ts";
import type { ReleaseFiles } from "./files.ts";
import { type InstalledRelease, judge, judgeJournalPlace, judgeMoment, type MachineFacts, type Refusal } from "./judge.ts";
import { MANIFEST_FILE, parseManifest } from "./manifest.ts";
import { type DowngradePermit, parseReleaseKeys, type ReleaseKey, readPermit } from "./signed.ts";
import { cleanUp, stage } from "./stage.ts";
import { type SwitchParts, switchTo } from "./switch.ts";
import { parseTrial, type Trial } from "./trial.ts";

const SMALL_FILE_MAX = 64 * 1024;
const MANIFEST_MAX = 4 * 1024 * 1024;

export interface UpdateParts extends SwitchParts {
  readonly suite: CipherSuite;
  readonly clock: Clock;
  readonly arch: string;
  readonly profile: "test" | "production";
  readonly terminalId: string | undefined;
  /** Why the journal is not where this looks for it; left out where it is. */
  readonly journalElsewhere?: string | undefined;
  /** How long a service that was found stopped may take until it speaks. */
  readonly wakeWaitMs: number;
}

/** Stable words for programs: the refusals, and what is wrong with a bundle by itself. */
export interface UpdateReason {
  readonly code:
    | Refusal["code"]
    | Extract<BundleOpening, { readonly ok: false }>["code"]
    | "keys-unusable"
    | "permit-malformed"
    | "payload-differs"
    | "unpacking-failed"
    | "switch-failed";
  readonly when: "later" | "never" | "failed";
  readonly text: string;
}

export interface UpdateOutcome {
  readonly kind: "would-switch" | "switched" | "refused" | "failed";
  readonly version?: string;
  readonly signedBy?: string;
  readonly reasons: readonly UpdateReason[];
}

export interface UpdateRequest {
  readonly bundle: string;
  /** Its signature lies beside it, with `.sig` behind its name. */
  readonly permit?: string;
}

function refused(reasons: readonly UpdateReason[], bundle?: OpenedBundle): UpdateOutcome {
  const kind = reasons.some(({ when }) => when === "failed") ? "failed" : "refused";
  return { kind, reasons, ...(bundle === undefined ? {} : { version: bundle.manifest.version, signedBy: bundle.signedBy }) };
}

async function textFile(files: ReleaseFiles, path: string): Promise<string | undefined> {
  const bytes = await files.read(path, SMALL_FILE_MAX);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** The release that starts, by its own manifest; undefined where there is none. */
export async function currentRelease({ files, place }: Pick<UpdateParts, "files" | "place">): Promise<InstalledRelease | undefined> {
  const target = await files.linkOf(place.current);
  if (target === undefined) return undefined;
  const bytes = await files.read(join(place.current, "..", target, MANIFEST_FILE), MANIFEST_MAX);
  const parsed = bytes === undefined ? undefined : parseManifest(bytes);
  return parsed?.ok === true ? parsed.manifest : undefined;
}

export async function readTrial({ files, place }: Pick<UpdateParts, "files" | "place">): Promise<Trial | undefined> {
  const text = await textFile(files, place.trial);
  return text === undefined ? undefined : parseTrial(text);
}

/** The version that the service has called well; undefined when it has called none so. */
export async function healthyVersion({ files, place }: Pick<UpdateParts, "files" | "place">): Promise<string | undefined> {
  return (await textFile(files, place.healthy))?.split("\n")[0];
}

async function journalBytes({ files, place }: UpdateParts): Promise<number> {
  const folder = await files.list(place.journal);
  if (folder.length === 0) return 0;
  return (await files.tree(place.journal)).reduce((sum, { size }) => sum + size, 0);
}

/** The way back was tried and is barred: nothing will end this trial but another release. */
async function isStuck(trial: Trial, { files, place }: UpdateParts): Promise<boolean> {
  const returned = linesOf(await textFile(files, place.returned));
  return returned["version"] === trial.version && returned["result"] === "stayed";
}

async function factsOf(parts: UpdateParts): Promise<MachineFacts> {
  const { files, place } = parts;
  const [current, trial] = [await currentRelease(parts), await readTrial(parts)];
  const over = trial === undefined || trial.version === (await healthyVersion(parts)) || (await isStuck(trial, parts));
  return {
    arch: parts.arch,
    ...(current === undefined ? {} : { current }),
    ...(over ? {} : { onTrial: trial.version }),
    service: await parts.word(),
    wallMs: parts.clock.wallMs(),
    ...{ terminalId: parts.terminalId, journalElsewhere: parts.journalElsewhere },
    freeBytes: { releases: await files.freeBytes(place.releases), journal: await files.freeBytes(place.journal) },
    journalBytes: await journalBytes(parts),
  };
}

async function keysOf({ files, place, suite, profile }: UpdateParts): Promise<readonly ReleaseKey[] | UpdateReason> {
  const text = await textFile(files, place.keys);
  const parsed = text === undefined ? { ok: false as const, problem: `there is no ${place.keys}` } : parseReleaseKeys(text, { suite, profile });
  return parsed.ok ? parsed.keys : { code: "keys-unusable", when: "never", text: parsed.problem };
}

async function permitOf(
  request: UpdateRequest,
  keys: readonly ReleaseKey[],
  { files, suite }: UpdateParts,
): Promise<DowngradePermit | undefined | UpdateReason> {
  if (request.permit === undefined) return undefined;
  const bytes = await files.read(request.permit, SMALL_FILE_MAX);
  const signature = await textFile(files, `${request.permit}.sig`);
  const permit = bytes === undefined || signature === undefined ? undefined : readPermit({ bytes, signature }, { keys, suite });
  return permit ?? { code: "permit-malformed", when: "never", text: "the leave to go back is no leave, or nobody known has signed it" };
}

interface Judged {
  readonly bundle: OpenedBundle;
  readonly facts: MachineFacts;
  readonly refusals: readonly Refusal[];
}

async function judged(request: UpdateRequest, parts: UpdateParts): Promise<Judged | UpdateOutcome> {
  const keys = await keysOf(parts);
  if (!Array.isArray(keys)) return refused([keys as UpdateReason]);
  const opened = await openBundle(request.bundle, { files: parts.files, keys, suite: parts.suite });
  if (!opened.ok) return refused([{ code: opened.code, when: "never", text: opened.text }]);
  const permit = await permitOf(request, keys, parts);
  if (permit !== undefined && "when" in permit) return refused([permit], opened.bundle);
  const facts = await factsOf(parts);
  return { bundle: opened.bundle, facts, refusals: judge({ manifest: opened.bundle.manifest, permit }, facts, parts.limits) };
}

/** What would become of a bundle now. Changes nothing. */
export async function checkBundle(request: UpdateRequest, parts: UpdateParts): Promise<UpdateOutcome> {
  const found = await judged(request, parts);
  if ("kind" in found) return found;
  const { bundle, refusals } = found;
  if (refusals.length > 0) return refused(refusals, bundle);
  return { kind: "would-switch", version: bundle.manifest.version, signedBy: bundle.signedBy, reasons: [] };
}

/** Whether this is a moment to stop the service, for whoever replaces the whole system. */
export async function checkMoment(parts: UpdateParts, emergency: boolean): Promise<UpdateOutcome> {
  const current = await currentRelease(parts);
  const facts = { service: await parts.word(), ...(current === undefined ? {} : { current }) };
  const reasons = [...judgeJournalPlace(parts.journalElsewhere), ...judgeMoment(facts, parts.limits, emergency)];
  return reasons.length === 0 ? { kind: "would-switch", reasons } : refused(reasons);
}

/** Reasons that pass by themselves while the release is staged; whether they hold is asked again before the service is stopped. */
const PASSING: ReadonlySet<string> = new Set(["card-present", "act-under-way"]);

/** The release that runs, and the one before it as long as the way back to it is open. */
async function neededReleases(parts: UpdateParts): Promise<readonly string[]> {
  const [current, trial] = [await currentRelease(parts), await readTrial(parts)];
  const unproved = trial !== undefined && trial.version !== (await healthyVersion(parts)) ? [trial.version, trial.previous] : [];
  return [...(current === undefined ? [] : [current.version]), ...unproved];
}

const WAKE_LOOK_MS = 500;

/**
 * An update that was killed may have left the service stopped or held. Its start ends what was begun; how much money is at risk only it can say.
 * One that does not come up is judged as it is.
 */
async function wake({ files, place, service, word, clock, wakeWaitMs, signal }: UpdateParts): Promise<void> {
  await files.remove(place.hold);
  if ((await files.linkOf(place.current)) === undefined || (await service.isRunning())) return;
  await service.start();
  const endMs = clock.monotonicMs() + wakeWaitMs;
  while (clock.monotonicMs() < endMs && (await word()).kind !== "says") await clock.sleep(WAKE_LOOK_MS, signal);
}

/** Judges, stages and switches. Killed anywhere, it is called again with the same bundle. */
export async function applyBundle(request: UpdateRequest, parts: UpdateParts): Promise<UpdateOutcome> {
  await wake(parts);
  const found = await judged(request, parts);
  if ("kind" in found) return found;
  const { bundle, facts, refusals } = found;
  const { version } = bundle.manifest;
  // It was switched to before this process was begun, and nobody was told.
  if (facts.onTrial === version && facts.current?.version === version) return { kind: "switched", version, signedBy: bundle.signedBy, reasons: [] };
  const standing = refusals.filter(({ code }) => !PASSING.has(code));
  if (standing.length > 0) return refused(standing, bundle);
  const { files, processes, place, signal } = parts;
  await cleanUp({ files, releases: place.releases }, new Set([version, ...(await neededReleases(parts))]));
  const staged = await stage(bundle, { files, processes, releases: place.releases, signal });
  if (!staged.ok) return refused([{ code: staged.code, when: staged.code === "payload-differs" ? "never" : "failed", text: staged.text }], bundle);
  const switched = await switchTo({ next: bundle.manifest, current: facts.current, emergency: bundle.manifest.emergency }, parts);
  if (switched.kind === "refused") return refused(switched.refusals, bundle);
  if (switched.kind === "failed") return refused([{ code: "switch-failed", when: "failed", text: switched.text }], bundle);
  return { kind: "switched", version, signedBy: bundle.signedBy, reasons: [] };
}

export interface UpdateStatus {
  readonly current: string | null;
  readonly trial: { readonly version: string; readonly previous: string; readonly starts: number; readonly startsMax: number; readonly step: string } | null;
  readonly healthy: string | null;
  readonly releases: readonly string[];
  readonly incoming: readonly string[];
  /** Lines of `returned`, where there was a way back. */
  readonly returned: Readonly<Record<string, string>> | null;
  /** What was refused last of the bundles that came by themselves. */
  readonly refused: unknown;
}

export async function updateStatus(parts: Pick<UpdateParts, "files" | "place">): Promise<UpdateStatus> {
  const { files, place } = parts;
  const trial = await readTrial(parts);
  const returned = await textFile(files, place.returned);
  const refusal = await files.read(place.refused, SMALL_FILE_MAX);
  const refusalRead = refusal === undefined ? undefined : parseJson(refusal);
  return {
    current: (await currentRelease(parts))?.version ?? null,
    trial:
      trial === undefined ? null : { version: trial.version, previous: trial.previous, starts: trial.starts, startsMax: trial.startsMax, step: trial.step },
    healthy: (await healthyVersion(parts)) ?? null,
    releases: (await files.list(place.releases)).filter((name) => !name.includes(".part") && !name.endsWith(".payload")),
    incoming: await files.list(place.incoming),
    returned: returned === undefined ? null : linesOf(returned),
    refused: refusalRead?.ok === true ? refusalRead.value : null,
  };
}

function linesOf(text = ""): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split("\n").flatMap((line) => pairOf(line)));
}

function pairOf(line: string): readonly (readonly [string, string])[] {
  const at = line.indexOf("=");
  return at <= 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
}
