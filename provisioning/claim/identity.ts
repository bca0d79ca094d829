/*
 * Who this terminal is, as it stands in its identity folder, and whether it may start as that. Spec: claim/v1, 5 and 6.
 */
import { utf8 } from "../../device/base/bytes.ts";
import { Fault } from "../../device/base/fault.ts";
import type { Storage } from "../../device/base/ports.ts";
import { canonicalJson, isObject, type JsonValue, parseJson } from "../../device/codec/json.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { changedFacts, FACT_NAMES, type FactHashes, type FactName, hashFacts, type MachineFacts } from "./facts.ts";
import { type KeyLoad, keyLoadsOf } from "./messages.ts";
import type { JsonObject, State } from "./types.ts";

/** Names in the identity folder. */
export const IDENTITY_FILES = {
  /** How far the claim has come. */
  state: "claim-state.json",
  /** Keys that were made and are not yet in their places; secret. */
  keys: "claim-keys",
  /** Who this terminal is. */
  identity: "identity.json",
  /** Certificate and key of the line to the broker in one file, so that they are exchanged as one. */
  link: "link.pem",
  authority: "ca.pem",
  /** The end of this terminal, begun or over. */
  decommission: "decommission.json",
} as const;

export interface Identity {
  readonly tid: string;
  /** The claim that made it. */
  readonly session: string;
  readonly claim: string;
  readonly serial: string;
  readonly merchant: string;
  readonly site: string;
  readonly factsKey: string;
  readonly facts: FactHashes;
  /** Who signs answers to claims. */
  readonly authority: string;
  readonly keyLoads: readonly KeyLoad[];
}

const FILE_LIMITS = { maxBytes: 131_072, maxDepth: 16 } as const;

export async function readObject(storage: Storage, name: string): Promise<JsonObject | undefined> {
  const bytes = await storage.read(name);
  if (bytes === undefined) return undefined;
  const parsed = parseJson(bytes, FILE_LIMITS);
  if (parsed.ok && isObject(parsed.value)) return parsed.value;
  throw new Fault("store-corrupt", `${name} of the identity is damaged`, { effectUnknown: false });
}

export function writeObject(storage: Storage, name: string, value: object): Promise<void> {
  return storage.write(name, utf8(canonicalJson(value)));
}

function factsIn(value: JsonValue | undefined): FactHashes {
  const hashes: Partial<Record<FactName, string>> = {};
  if (!isObject(value)) return hashes;
  for (const name of FACT_NAMES) {
    const hash = value[name];
    if (typeof hash === "string") hashes[name] = hash;
  }
  return hashes;
}

/** Who this terminal is; undefined where nobody was claimed. Faults: "store-corrupt". */
export async function readIdentity(storage: Storage): Promise<Identity | undefined> {
  const fields = await readObject(storage, IDENTITY_FILES.identity);
  if (fields === undefined) return undefined;
  const texts = ["tid", "session", "claim", "serial", "merchant", "site", "factsKey", "authority"].map((name) => fields[name]);
  const keyLoads = keyLoadsOf(fields["keyLoads"]);
  if (!texts.every((text) => typeof text === "string") || keyLoads === undefined)
    throw new Fault("store-corrupt", "the identity lacks a member", { effectUnknown: false });
  const [tid = "", session = "", claim = "", serial = "", merchant = "", site = "", factsKey = "", authority = ""] = texts;
  return { tid, session, claim, serial, merchant, site, factsKey, facts: factsIn(fields["facts"]), authority, keyLoads };
}

/** How far a claim has come; undefined before the first. Faults: "store-corrupt". */
export async function readState(storage: Storage): Promise<State | undefined> {
  const fields = await readObject(storage, IDENTITY_FILES.state);
  // Written by this module alone, and whole or not at all.
  return fields === undefined ? undefined : (fields["state"] as unknown as State);
}

export function writeState(storage: Storage, state: State): Promise<void> {
  return writeObject(storage, IDENTITY_FILES.state, { v: 1, state });
}

const READY: readonly State["at"][] = ["confirming", "claimed"];

/**
 * Whether a terminal may start as what its folder says; undefined where it was never claimed, as on a developer's desk.
 * Faults: "cloned-disk", "decommissioned", "not-claimed" (a claim is under way), "store-corrupt".
 */
export async function checkStart(
  storage: Storage,
  { suite, facts }: { readonly suite: CipherSuite; readonly facts: () => Promise<MachineFacts> },
): Promise<Identity | undefined> {
  if ((await storage.read(IDENTITY_FILES.decommission)) !== undefined)
    throw new Fault("decommissioned", "this terminal was decommissioned, or that was begun; it is claimed anew or not at all", { effectUnknown: false });
  const state = await readState(storage);
  if (state === undefined) return undefined;
  if (!READY.includes(state.at))
    throw new Fault("not-claimed", `the claim of this terminal is not over: ${state.at}; run yikatong claim`, { effectUnknown: false });
  const identity = await readIdentity(storage);
  if (identity === undefined) throw new Fault("store-corrupt", "the identity is missing", { effectUnknown: false });
  const now = hashFacts(suite, identity.factsKey, { facts: await facts(), names: FACT_NAMES });
  const changed = changedFacts(identity.facts, now);
  if (changed.length === 0) return identity;
  throw new Fault(
    "cloned-disk",
    `this is another machine than the one that was claimed as ${identity.tid} (${changed.join(", ")}); yikatong claim --moved, with a new ticket`,
    {
      effectUnknown: false,
    },
  );
}
