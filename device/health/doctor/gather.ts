/*
 * Goal: as much as can be known of a terminal in a few seconds, also when half of it is broken.
 * Method: every question is asked at once and bounded; one that fails or is late leaves its fact unknown, is named, and spoils no other.
 */
import { type Bytes, EMPTY, readUint } from "../../base/bytes.ts";
import { withDeadline } from "../../base/deadline.ts";
import { isFault } from "../../base/fault.ts";
import type { Clock, Storage } from "../../base/ports.ts";
import { isObject, parseJson } from "../../codec/json.ts";
import { loadKeys } from "../../config/keys.ts";
import { parseTerminalConfig, type TerminalConfig } from "../../config/schema.ts";
import { openConfigStore } from "../../config/store.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { parseRuntimeStatus } from "../runtime-status.ts";
import type { ConfigFact, Facts, JournalFact, KeyFileFact, ReleaseFact, StatusFact } from "./facts.ts";
import { askPorts, askService, askSystem, askTimeService, askUnit, type System } from "./gather-system.ts";
import type { Ask, DoctorMachine, DoctorPlaces, Missing } from "./machine.ts";

export interface GatherParts {
  readonly machine: DoctorMachine;
  readonly places: DoctorPlaces;
  readonly clock: Clock;
  readonly suite: CipherSuite;
  /** Schemas of the journal that this release can open. */
  readonly journalSchemas: readonly number[];
  /** Name of the database in the journal's folder. */
  readonly journalFile: string;
}

/** Three questions may follow one another. */
const QUESTION_MS = 1_500;
const SMALL_FILE_BYTES = 256 * 1024;
/** It names every file of the release. */
const MANIFEST_BYTES = 4 * 1024 * 1024;
const FOREIGN_RIGHTS = 0o077;
const KEY_FILE = "/terminal.keys";
const SQLITE_NAME = "SQLite format 3\0";
const SQLITE_VERSION_AT = 60;
const SQLITE_HEAD_BYTES = 100;
const OWNER_WRITES = 0o200;
/** Named in a folder at most; more say no more. */
const FOREIGN_FILES_MAX = 20;
const RELEASE_KEY_LINE = /^[A-Za-z0-9_.-]{1,64} = [0-9a-f]{128}$/;

function asker(clock: Clock, unanswered: string[]): Ask {
  const { signal } = new AbortController();
  return async (what, question, otherwise) => {
    try {
      return await withDeadline(question, { clock, timeoutMs: QUESTION_MS, signal, what, effectUnknown: false });
    } catch {
      // Whatever went wrong with one question, the doctor goes on with the others, and names this one.
      unanswered.push(what);
      return otherwise;
    }
  };
}

export async function gather(parts: GatherParts): Promise<Facts> {
  const { machine, places, clock } = parts;
  const unanswered: string[] = [];
  const ask = asker(clock, unanswered);
  const system: System = { machine, ask, places };
  const asked = Promise.all([
    ask("claim", machine.look(`${places.settings}/claim.json`), "absent"),
    ask("certificate change", machine.look(`${places.data}/identity/link-next.json`), "absent"),
    ask<StatusFact>("status", readStatus(parts), { is: "denied" }),
    ask("hold", machine.look(`${places.run}/hold`), "absent"),
    ask<ReleaseFact>("release", readRelease(parts), NO_RELEASE),
    askService(system),
    askTimeService(system),
    askUnit(system, "ModemManager"),
    askUnit(system, "unattended-upgrades"),
  ]);
  const [config, user] = await Promise.all([
    ask<ConfigFact>("configuration", readConfig(parts), { is: "denied" }),
    ask("service user", machine.run("id", ["-u", "yikatong"]), undefined),
  ]);
  const known = config.is === "ready" ? config.config : undefined;
  const userId = user?.code === 0 ? Number(user.text.trim()) : undefined;
  const [keyFile, foreignFiles, certificate, ports, journal, rest, broker] = await Promise.all([
    ask<KeyFileFact>("key file", readKeys(parts, known, userId), "denied"),
    ask("owners of files", findForeignFiles(parts, known, userId), []),
    ask("certificate", readCertificate(parts, known), undefined),
    askPorts(system, known, userId),
    ask<JournalFact | undefined>("journal", readJournal(parts, known, userId), { is: "denied", schema: 0, writable: false }),
    askSystem(system, known?.journal.folder ?? places.data),
    ask("broker", reachBroker(parts, known), undefined),
  ]);
  const [claim, change, status, hold, release, service, timeService, modemManager, automaticUpgrades] = await asked;
  return {
    nowMs: machine.nowMs,
    config,
    keyFile,
    foreignFiles,
    certificate,
    claimWaiting: claim !== "absent",
    certificateChangeMs: typeof change === "string" ? undefined : machine.nowMs - change.changedMs,
    service,
    status,
    holdAgeMs: typeof hold === "string" ? undefined : machine.nowMs - hold.changedMs,
    ports,
    journal,
    journalSchemas: parts.journalSchemas,
    release,
    ...rest,
    timeService,
    modemManager,
    automaticUpgrades,
    broker,
    unanswered,
  };
}

/** The configuration's folder, for looking only. */
function readOnly(machine: DoctorMachine, folder: string, denied: () => void): Storage {
  return {
    read: async (name) => {
      const bytes = await machine.read(`${folder}/${name}`, SMALL_FILE_BYTES);
      if (bytes === "denied") denied();
      return typeof bytes === "string" ? undefined : bytes;
    },
    write: () => Promise.reject(new Error("the doctor writes nothing")),
    remove: () => Promise.reject(new Error("the doctor removes nothing")),
    list: () => Promise.resolve([]),
  };
}

async function readConfig({ machine, places, suite }: GatherParts): Promise<ConfigFact> {
  let denied = false;
  const storage = readOnly(machine, places.config, () => {
    denied = true;
  });
  try {
    const stored = await openConfigStore(storage, suite).read();
    if (denied) return { is: "denied" };
    if (stored.kind === "unprovisioned") return { is: "absent" };
    const parsed = parseTerminalConfig(stored.data);
    if (!parsed.ok) return { is: "invalid", problem: parsed.problems[0] ?? "" };
    return { is: "ready", config: parsed.config, damagedSlots: stored.damagedSlots };
  } catch (fault) {
    if (isFault(fault, "config-corrupt")) return { is: denied ? "denied" : "corrupt" };
    throw fault;
  }
}

async function readKeys({ machine, places, suite }: GatherParts, config: TerminalConfig | undefined, userId: number | undefined): Promise<KeyFileFact> {
  const path = `${places.config}${KEY_FILE}`;
  const look = await machine.look(path);
  if (typeof look === "string") return look;
  if ((look.mode & FOREIGN_RIGHTS) !== 0) return "open-to-others";
  if (userId !== undefined && look.user !== userId) return "foreign-owner";
  const bytes = await machine.read(path, SMALL_FILE_BYTES);
  if (typeof bytes === "string") return bytes;
  try {
    const taken = (profile: "test" | "production") => {
      try {
        // It wipes what it is given.
        loadKeys(bytes.slice(), { suite, profile });
        return true;
      } catch {
        // Any fault of a key file means the same here; the profile tells which of the two it is.
        return false;
      }
    };
    if (!taken("test")) return "malformed";
    return config?.profile === "production" && !taken("production") ? "test-keys" : "good";
  } finally {
    bytes.fill(0);
  }
}

/** Files of the service that are not its own; the key file has a check for itself. */
async function findForeignFiles({ machine, places }: GatherParts, config: TerminalConfig | undefined, userId: number | undefined): Promise<readonly string[]> {
  if (userId === undefined) return [];
  const folders = [places.config, `${places.data}/identity`, config?.journal.folder ?? `${places.data}/journal`];
  const foreign = await Promise.all(folders.map((folder) => foreignIn(machine, folder, userId)));
  return foreign.flat();
}

async function foreignIn(machine: DoctorMachine, folder: string, userId: number): Promise<readonly string[]> {
  const names = await machine.list(folder);
  if (typeof names === "string") return [];
  const looks = await Promise.all(names.map(async (name) => ({ path: `${folder}/${name}`, look: await machine.look(`${folder}/${name}`) })));
  return looks
    .filter(({ path, look }) => typeof look !== "string" && look.user !== userId && !path.endsWith(KEY_FILE))
    .slice(0, FOREIGN_FILES_MAX)
    .map(({ path }) => path);
}

async function readCertificate({ machine }: GatherParts, config: TerminalConfig | undefined): Promise<Facts["certificate"]> {
  const tls = config?.link.tls;
  if (tls === undefined) return undefined;
  const [certificate, key] = await Promise.all([machine.read(tls.certFile, SMALL_FILE_BYTES), machine.read(tls.keyFile, SMALL_FILE_BYTES)]);
  if (typeof certificate === "string") return certificate;
  if (typeof key === "string") return key;
  try {
    return machine.certificate(certificate, key) ?? "malformed";
  } finally {
    key.fill(0);
  }
}

async function readStatus({ machine, places }: GatherParts): Promise<StatusFact> {
  const bytes = await machine.read(`${places.run}/status.json`, SMALL_FILE_BYTES);
  if (typeof bytes === "string") return { is: bytes };
  const status = parseRuntimeStatus(bytes);
  return status === undefined ? { is: "malformed" } : { is: "told", status, ageMs: Math.max(0, machine.uptimeMs - status.uptimeMs) };
}

async function readJournal(
  { machine, journalFile }: GatherParts,
  config: TerminalConfig | undefined,
  userId: number | undefined,
): Promise<JournalFact | undefined> {
  const nothing = { schema: 0, writable: false };
  if (config === undefined) return undefined;
  const path = `${config.journal.folder}/${journalFile}`;
  const [look, head] = await Promise.all([machine.look(path), machine.read(path, SQLITE_HEAD_BYTES)]);
  if (typeof look === "string") return { is: look, ...nothing };
  if (typeof head === "string") return { is: head, ...nothing };
  const name = new TextDecoder("latin1").decode(head.subarray(0, SQLITE_NAME.length));
  if (head.length < SQLITE_HEAD_BYTES || name !== SQLITE_NAME) return { is: "no-database", ...nothing };
  const own = userId === undefined || look.user === userId;
  return { is: "ready", schema: readUint(head, SQLITE_VERSION_AT, 4), writable: own && (look.mode & OWNER_WRITES) !== 0 };
}

const NO_RELEASE: ReleaseFact = { current: "absent", keys: "absent", returned: undefined, trialAgeMs: undefined, builtMs: undefined };

async function readRelease({ machine, places }: GatherParts): Promise<ReleaseFact> {
  const [link, manifest, keys, returned, trial, trialLook] = await Promise.all([
    machine.look(`${places.programs}/current`),
    machine.read(`${places.programs}/current/manifest.json`, MANIFEST_BYTES),
    machine.read(`${places.settings}/release-keys`, SMALL_FILE_BYTES),
    machine.read(`${places.data}/update/returned`, SMALL_FILE_BYTES),
    machine.read(`${places.data}/update/trial`, SMALL_FILE_BYTES),
    machine.look(`${places.data}/update/trial`),
  ]);
  const version = lineOf(text(trial), "version");
  const healthy = version === undefined ? undefined : text(await machine.read(`${places.data}/update/healthy`, SMALL_FILE_BYTES)).trim();
  const onTrial = version !== undefined && healthy !== version && typeof trialLook !== "string";
  return {
    current: currentOf(link, manifest),
    keys: keysOf(keys),
    returned: typeof returned === "string" ? undefined : (lineOf(text(returned), "version") ?? ""),
    trialAgeMs: onTrial ? machine.nowMs - trialLook.changedMs : undefined,
    builtMs: typeof manifest === "string" ? undefined : builtMsOf(manifest),
  };
}

function builtMsOf(manifest: Bytes): number | undefined {
  const parsed = parseJson(manifest, { maxBytes: MANIFEST_BYTES, maxDepth: 8 });
  const builtMs = parsed.ok && isObject(parsed.value) ? parsed.value["builtMs"] : undefined;
  return typeof builtMs === "number" ? builtMs : undefined;
}

function currentOf(link: Awaited<ReturnType<DoctorMachine["look"]>>, manifest: Bytes | Missing): ReleaseFact["current"] {
  if (typeof link === "string") return "absent";
  return link.resolves === false || typeof manifest === "string" ? "broken" : "good";
}

function keysOf(bytes: Bytes | string): ReleaseFact["keys"] {
  if (typeof bytes === "string") return "absent";
  const lines = text(bytes)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0) return "absent";
  return lines.every((line) => RELEASE_KEY_LINE.test(line)) ? "good" : "malformed";
}

function text(bytes: Bytes | string): string {
  return new TextDecoder("latin1").decode(typeof bytes === "string" ? EMPTY : bytes);
}

/** Value of a line `name=value`. */
function lineOf(lines: string, name: string): string | undefined {
  const line = lines.split("\n").find((one) => one.startsWith(`${name}=`));
  return line?.slice(name.length + 1).trim();
}

async function reachBroker({ machine }: GatherParts, config: TerminalConfig | undefined): Promise<Facts["broker"]> {
  if (config === undefined || !URL.canParse(config.link.url)) return undefined;
  const { hostname, port, protocol } = new URL(config.link.url);
  const secure = protocol === "mqtts:" || protocol === "tls:";
  return machine.reach({ host: hostname, port: port === "" ? (secure ? 8883 : 1883) : Number(port) });
}
