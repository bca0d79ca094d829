/* Keys and certificates of a claimed terminal, cared for beside it: what was begun is ended at the start, and each hour the host is asked what it wants changed. */

import { join } from "node:path";
import type { Identity } from "../../provisioning/claim/identity.ts";
import { CARE_FILES, careForKeys, finishKeyChange, type KeyCarePorts } from "../../provisioning/claim/key-care.ts";
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/ports.ts";
import { isObject } from "../codec/json.ts";
import type { TerminalConfig } from "../config/schema.ts";
import { openConfigStore } from "../config/store.ts";
import type { CipherSuite } from "../crypto/face.ts";
import { systemRandomness } from "../system/randomness.ts";
import { openFolderStorage } from "../system/storage.ts";
import { identityFolderOf, openLine } from "./claim.ts";

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
  readonly config: Pick<TerminalConfig, "link">;
  readonly clock: Clock;
  readonly log: Log;
  /** What time it is as far as the terminal may rely on it. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
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
  };
}

/** Cares until it is told to stop. Never rejects for what the world does. */
export async function careForever(parts: KeyCareParts): Promise<void> {
  if (parts.identity === undefined) return;
  const { clock, log, signal } = parts;
  const randomness = systemRandomness();
  const ports = await portsOf(parts);
  for (let waitMs = FIRST_MS; !signal.aborted; waitMs = ROUND_MS) {
    try {
      // Between half and all of it: a fleet does not ask at once.
      await clock.sleep(Math.ceil(waitMs * (0.5 + (randomness.bytes(1)[0] ?? 0) / 0x200)), signal);
      const { certificate, keysChanged } = await careForKeys(ports, { signal });
      if (certificate !== "kept") log.info("certificate-cared-for", { outcome: certificate });
      if (keysChanged) {
        log.info("keys-changed");
        parts.startAnew();
        return;
      }
    } catch (error) {
      if (!isFault(error)) throw error;
      if (!signal.aborted) log.warn("keys-not-cared-for", { code: error.code });
    }
  }
}
