/*
 * Goal: a card that was reported lost at this terminal is refused here from that moment on, also after a restart and while no host is reached.
 * Method: a short list of keyed fingerprints beside the three lists of the hosts, sealed in one small file; each entry carries its report time,
 * its rule and its end. An end counts only by a time that is trusted, and where the place wants it, only while the host is heard.
 */

import { type Bytes, toHex, utf8 } from "../../base/bytes.ts";
import type { Log } from "../../base/log.ts";
import type { Storage } from "../../base/ports.ts";
import { WorkRow } from "../../base/work-row.ts";
import { canonicalJson } from "../../codec/json.ts";
import { parseMessage } from "../../codec/upload-fields.ts";
import type { CipherSuite, SecretKey } from "../../crypto/face.ts";
import type { InvalidLists, ListHit, ListKey } from "./lists.ts";
import { type ExactSealing, openExact, sealExact } from "./sealing.ts";

/** Cards on the list; beyond them the one that was reported first goes, which is said. */
const ENTRIES_MAX = 4_096;
const FILE_NAME = "local-list";
const FINGERPRINT_BYTES = 16;
const KEY_BYTES = 16;
const FILE_BYTES_MAX = 2_097_152;
/** One to four numbers of one card. */
const FINGERPRINTS_SHAPE = /^(?:[0-9a-f]{32}){1,4}$/;

export interface LocalListEntry {
  /** Every number of the card that is known. */
  readonly keys: readonly ListKey[];
  readonly loss: "temporary" | "formal";
  readonly reportedMs: number;
  /** It counts from then on; left out: from the report. */
  readonly countsFromMs?: number;
  /** A temporary loss counts until then; left out: until it is withdrawn. */
  readonly lapsesMs?: number;
}

export interface LocalInvalidList {
  /** Durable when it resolves. A later entry for the same card replaces the earlier one. Faults: those of the disk. */
  put(entry: LocalListEntry): Promise<void>;
  /** Durable when it resolves; a card that is not listed is no fault. */
  remove(keys: readonly ListKey[]): Promise<void>;
  find(keys: readonly ListKey[]): ListHit | undefined;
  /** How many cards stand on it. */
  readonly size: number;
}

export interface LocalListParts {
  /** A folder of its own. */
  readonly storage: Storage;
  readonly suite: CipherSuite;
  readonly storageKey: SecretKey;
  readonly log: Log;
  /** What time it is, where that is trusted. */
  readonly trustedMsOrUndefined: () => number | undefined;
  /** Whether the settlement host has been heard of lately. */
  readonly hostPresent: () => boolean;
  /** Whether an entry may also lapse while no host is heard, which perhaps only could not say that the loss was confirmed. */
  readonly lapseWhileOffline: boolean;
}

/** The hosts' lists with the local one beside them: one question. An order to block outweighs a report, which outweighs the rest. */
export function withLocalList(lists: InvalidLists, local: Pick<LocalInvalidList, "find">): InvalidLists {
  return {
    find: (keys) => {
      const hit = lists.find(keys);
      return hit?.blockOrdered === true ? hit : (local.find(keys) ?? hit);
    },
    states: () => lists.states(),
  };
}

/** Loads what the disk holds. A file that is damaged counts as empty, which is said. Faults: those of the disk. */
export async function openLocalList(parts: LocalListParts): Promise<LocalInvalidList> {
  const book = new LocalBook(parts);
  await book.load();
  return book;
}

interface Kept extends Omit<LocalListEntry, "keys"> {
  readonly fingerprints: readonly string[];
}

class LocalBook implements LocalInvalidList {
  readonly #parts: LocalListParts;
  readonly #sealing: ExactSealing;
  readonly #key: SecretKey;
  /** The last reported last. */
  #kept: readonly Kept[] = [];
  #byFingerprint: ReadonlyMap<string, Kept> = new Map();
  readonly #row = new WorkRow("the local list");

  constructor(parts: LocalListParts) {
    const { suite, storageKey } = parts;
    const derived = (purpose: string) => suite.secretKey(suite.hmacSm3(storageKey, utf8(`yikatong local list ${purpose}`)).slice(0, KEY_BYTES));
    this.#parts = parts;
    this.#key = derived("fingerprints");
    this.#sealing = { suite, encryption: derived("encrypt"), authentication: derived("authenticate") };
  }

  get size(): number {
    return this.#kept.length;
  }

  async load(): Promise<void> {
    const { storage, log } = this.#parts;
    const sealed = await storage.read(FILE_NAME);
    if (sealed === undefined) return;
    const text = openExact(this.#sealing, sealed);
    const kept = text === undefined ? undefined : parseKept(text);
    if (kept === undefined) log.error("local-list-damaged", { bytes: sealed.length });
    else this.#show(kept);
  }

  put({ keys, ...rest }: LocalListEntry): Promise<void> {
    const fingerprints = keys.map((key) => this.#fingerprint(key));
    return this.#change((kept) => [...without(kept, fingerprints), { ...rest, fingerprints }]);
  }

  remove(keys: readonly ListKey[]): Promise<void> {
    const fingerprints = keys.map((key) => this.#fingerprint(key));
    return this.#change((kept) => without(kept, fingerprints));
  }

  find(keys: readonly ListKey[]): ListHit | undefined {
    if (this.#kept.length === 0) return undefined;
    const found = keys.map((key) => this.#byFingerprint.get(this.#fingerprint(key))).filter((kept) => kept !== undefined && this.#counts(kept));
    const gravest = found.find((kept) => kept?.loss === "formal") ?? found[0];
    if (gravest === undefined) return undefined;
    return { level: "local", how: gravest.loss === "formal" ? "exact" : "temporary-loss", blockOrdered: false };
  }

  #counts({ countsFromMs, lapsesMs }: Kept): boolean {
    const { trustedMsOrUndefined, hostPresent, lapseWhileOffline } = this.#parts;
    const nowMs = trustedMsOrUndefined();
    if (countsFromMs !== undefined && nowMs !== undefined && nowMs < countsFromMs) return false;
    if (lapsesMs === undefined || nowMs === undefined || !(lapseWhileOffline || hostPresent())) return true;
    return nowMs < lapsesMs;
  }

  #fingerprint({ number, value }: ListKey): string {
    return toHex(this.#parts.suite.hmacSm3(this.#key, utf8(`${number} ${value.toLowerCase()}`)).slice(0, FINGERPRINT_BYTES));
  }

  #change(next: (kept: readonly Kept[]) => readonly Kept[]): Promise<void> {
    return this.#row.run(async () => {
      const wanted = next(this.#kept);
      const kept = wanted.slice(-ENTRIES_MAX);
      if (kept.length < wanted.length) this.#parts.log.warn("local-list-full", { entries: kept.length });
      await this.#parts.storage.write(FILE_NAME, sealExact(this.#sealing, encodeKept(kept)));
      this.#show(kept);
    });
  }

  #show(kept: readonly Kept[]): void {
    this.#kept = kept;
    this.#byFingerprint = new Map(kept.flatMap((each) => each.fingerprints.map((fingerprint) => [fingerprint, each] as const)));
  }
}

function without(kept: readonly Kept[], fingerprints: readonly string[]): readonly Kept[] {
  return kept.filter((each) => !each.fingerprints.some((fingerprint) => fingerprints.includes(fingerprint)));
}

/** Canonical JSON; the fingerprints of an entry stand behind each other. */
function encodeKept(kept: readonly Kept[]): Bytes {
  return utf8(canonicalJson({ v: 1, entries: kept.map(({ fingerprints, ...rest }) => ({ ...rest, fingerprints: fingerprints.join("") })) }));
}

/** Undefined where the text is not what {@link encodeKept} writes. */
function parseKept(text: Bytes): readonly Kept[] | undefined {
  const parsed = parseMessage(text, FILE_BYTES_MAX, (members) => {
    members.version();
    return members.list("entries", ENTRIES_MAX, (entry): Kept => {
      const fingerprints = entry.text("fingerprints", FINGERPRINTS_SHAPE).match(/.{32}/g) ?? [];
      return {
        loss: entry.text("loss", /^(?:temporary|formal)$/) === "formal" ? "formal" : "temporary",
        reportedMs: entry.integer("reportedMs", 0),
        ...(entry.has("countsFromMs") ? { countsFromMs: entry.integer("countsFromMs", 0) } : {}),
        ...(entry.has("lapsesMs") ? { lapsesMs: entry.integer("lapsesMs", 0) } : {}),
        fingerprints,
      };
    });
  });
  return parsed.ok ? parsed.message : undefined;
}
