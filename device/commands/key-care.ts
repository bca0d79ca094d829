/* Keys and certificates of a claimed terminal, cared for beside it: what was begun is ended at the start, and each hour the host is asked what it wants changed. */

import { dirname, join, resolve } from "node:path";
import type { Identity } from "../../provisioning/claim/identity.ts";
import { CARE_FILES, type CareOutcome, careForKeys, finishKeyChange, type KeyCarePorts } from "../../provisioning/claim/key-care.ts";
import type { KeyRow } from "../../provisioning/claim/key-orders.ts";
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/ports.ts";
import { isObject } from "../codec/json.ts";
import { loadConfig } from "../config/load.ts";
import type { TerminalConfig } from "../config/schema.ts";
import { openConfigStore } from "../config/store.ts";
import { testKeyGuard } from "../config/test-key-guard.ts";
import type { CipherSuite } from "../crypto/face.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { openLog } from "../health/log.ts";
import { systemClock } from "../system/clock.ts";
import type { Command, OptionValues } from "../system/command-line.ts";
import { systemRandomness } from "../system/randomness.ts";
import { openFolderStorage } from "../system/storage.ts";
import { checkIdentity, identityFolderOf, openLine } from "./claim.ts";
import { actAs } from "./claim-machine.ts";
import type { KeyNotices } from "./key-notice.ts";
import { keyRowsNow } from "./key-watch.ts";
import { complain, say } from "./output.ts";

const FIRST_MS = 30_000;
const ROUND_MS = 3_600_000;

interface Place {
  readonly configFolder: string;
  readonly suite: CipherSuite;
}

async function storages({ configFolder }: Place) {
  const [identity, config] = await Promise.all([openFolderStorage(identityFolderOf(configFolder)), openFolderStorage(configFolder)]);
  return { identity, config };
}

async function saveKid({ configFolder, suite }: Place, kid: string): Promise<void> {
  const store = openConfigStore(await openFolderStorage(configFolder), suite);
  const stored = await store.read();
  if (stored.kind !== "stored" || !isObject(stored.data) || !isObject(stored.data["sync"])) return;
  await store.write({ ...stored.data, sync: { ...stored.data["sync"], kid } });
}

/** Ends a change of keys that a power cut has left in the middle; before any of them is loaded. Nothing is done where nobody was claimed. */
export async function endKeyChange(place: Place, identity: Identity | undefined): Promise<void> {
  if (identity === undefined) return;
  await finishKeyChange({ ...(await storages(place)), saveKid: (kid) => saveKid(place, kid) });
}

export interface KeyCareParts extends Place {
  readonly identity: Identity | undefined;
  readonly config: Pick<TerminalConfig, "link" | "profile">;
  readonly clock: Clock;
  readonly log: Log;
  /** What time it is as far as the terminal may rely on it. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  /** The host's calls to look at once; absent: it is looked once an hour. */
  readonly notices?: KeyNotices;
  /** Other keys are in the files: the service starts anew, and finds them. */
  readonly startAnew: () => void;
}

async function portsOf(parts: KeyCareParts): Promise<KeyCarePorts> {
  const { configFolder, config, suite, clock, log, nowMs } = parts;
  const { url, tls } = config.link;
  const folder = identityFolderOf(configFolder);
  const files = (which: "current" | "next") => {
    if (tls === undefined) return undefined;
    const file = which === "current" ? tls.certFile : join(folder, CARE_FILES.nextLink);
    return { caFile: tls.caFile, certificateFile: file, keyFile: which === "current" ? tls.keyFile : file };
  };
  return {
    ...(await storages(parts)),
    ...{ clock, randomness: systemRandomness(), suite, log, nowMs },
    // A name of its own: brokers end the older connection of a client identifier, and the terminal goes on selling on the other.
    connect: (which, tid) => openLine(url, `${tid}-keys`, { tls: files(which), log }),
    saveKid: (kid) => saveKid(parts, kid),
    ...(config.profile === "production" ? { guard: testKeyGuard(suite) } : {}),
  };
}

/** `yikatong keys care`: one round now, for people and for scripts. */
async function careOnce(values: OptionValues): Promise<number> {
  const configFolder = String(values["config"]);
  // Whoever gives this command, the files stay those of the service's user, who has to read them at the next start.
  actAs(dirname(resolve(configFolder)));
  const suite = openCipherSuite();
  const clock = systemClock();
  const log = openLog({ destination: process.stderr, clock, terminalId: "-", level: "info" });
  const identity = await checkIdentity(configFolder, suite);
  const loaded = await loadConfig({ storage: await openFolderStorage(configFolder), suite, log });
  if (identity === undefined || loaded.kind !== "ready") {
    complain("this machine was never claimed; its keys are looked after by hand");
    return 1;
  }
  const over = new AbortController();
  const place = { configFolder, suite };
  await endKeyChange(place, identity);
  const parts = { ...place, identity, config: loaded.config, clock, log, nowMs: () => clock.wallMs(), signal: over.signal, startAnew: () => undefined };
  const outcome = await careForKeys(await portsOf(parts), { signal: over.signal });
  // What was ordered in this round counts already.
  const now = (await checkIdentity(configFolder, suite)) ?? identity;
  const keys = await keyRowsNow({ ...parts, identity: now, log, nowMs: () => clock.wallMs() });
  say(values["json"] === true ? JSON.stringify({ ...outcome, ...(keys.length === 0 ? {} : { keys }) }) : [careText(outcome), ...keys.map(rowText)].join("\n"));
  return outcome.certificate === "unfinished" ? 3 : 0;
}

function careText({ certificate, keysChanged }: CareOutcome): string {
  const words = {
    kept: "the certificate stays",
    renewed: "the certificate was renewed",
    unfinished: "the new certificate is not in use yet; the next round goes on",
  };
  return `${words[certificate]}; ${keysChanged ? "other keys are in the files: start the service anew" : "the keys stay"}`;
}

/** One order, for people. */
function rowText({ place, name, state, detail }: KeyRow): string {
  return `${place} ${name}: ${state}${detail === undefined ? "" : ` (${detail})`}`;
}

export const KEY_COMMANDS: readonly Command[] = [
  {
    name: "keys care",
    summary: "asks the host now what is to change of certificate and keys, carries it out, and says what became of key-loading orders; the service does so too",
    options: {
      config: { type: "string", summary: "folder of the terminal's configuration; its identity stands beside it", default: "/var/lib/yikatong/config" },
      json: { type: "boolean", summary: "one JSON object instead of a summary" },
    },
    run: careOnce,
  },
];

/** One round between two rests; true: other keys are in the files. Faults: "cancelled", those of the storages. */
async function oneRound(ports: KeyCarePorts, { log, signal }: Pick<KeyCareParts, "log" | "signal">): Promise<boolean> {
  const { certificate, keysChanged } = await careForKeys(ports, { signal });
  if (certificate !== "kept") log.info("certificate-cared-for", { outcome: certificate });
  if (keysChanged) log.info("keys-changed");
  return keysChanged;
}

/** Cares until it is told to stop. Never rejects for what the world does. */
export async function careForever(parts: KeyCareParts): Promise<void> {
  if (parts.identity === undefined) return;
  const { clock, log, signal, notices } = parts;
  const randomness = systemRandomness();
  const ports = await portsOf(parts);
  const rest = (ms: number) => (notices === undefined ? clock.sleep(ms, signal) : notices.rest(ms, signal));
  for (let waitMs = FIRST_MS; !signal.aborted; waitMs = ROUND_MS) {
    try {
      // Between half and all of it: a fleet does not ask at once.
      await rest(Math.ceil(waitMs * (0.5 + (randomness.bytes(1)[0] ?? 0) / 0x200)));
      if (!(await oneRound(ports, parts))) continue;
      parts.startAnew();
      return;
    } catch (error) {
      if (!isFault(error)) throw error;
      if (!signal.aborted) log.warn("keys-not-cared-for", { code: error.code });
    }
  }
}
