/*
 * Goal: a region changes limits and rules of its terminals from afar, for a time of its choosing, and no change can leave a terminal that does not start.
 * Method: a taker of the stream "parameters". A set is laid over the configuration and the whole is checked like every configuration, before it is taken.
 * It comes into force with the start that follows its day, by trusted time alone; when its time is over, or the host takes it back, the one before it
 * counts again. A set under which the service did not come up is left out at the next start and named to the host. Spec: pos/v1, 8.
 */
import { type Bytes, utf8 } from "../base/bytes.ts";
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Storage } from "../base/ports.ts";
import { canonicalJson, isObject, type JsonValue, parseJson } from "../codec/json.ts";
import type { DocumentAnswer, DocumentTaker, HostDocument } from "../txn/hosts.ts";

/** Parts of the configuration that may be changed from afar: none by which a terminal could lose its name, its journal, its line or its devices. */
export const CHANGEABLE = ["initialPinPolicy", "limits", "medical", "services", "shop", "sync"] as const;

export interface ParameterSet {
  readonly id: string;
  /** Trusted time from which on it counts, milliseconds. */
  readonly validFromMs: number;
  /** Trusted time from which on it counts no more; absent: until another one does. */
  readonly validToMs?: number;
  /** Members of the configuration, laid over it member by member. */
  readonly set: Readonly<Record<string, JsonValue>>;
}

interface Kept {
  readonly sequence: number;
  readonly current?: ParameterSet;
  readonly previous?: ParameterSet;
  /** Set that the running or next start is under; "" none. */
  readonly inForce: string;
  /** Starts with it that were not called good yet. */
  readonly starts: number;
  /** Sets under which the service did not come up. */
  readonly failed: readonly string[];
}

export interface RemoteParameterParts {
  readonly storage: Storage;
  readonly log: Log;
  /** The configuration as it is stored. */
  readonly stored: JsonValue;
  /** Why a configuration is refused; undefined: it is valid. */
  readonly problemOf: (config: JsonValue) => string | undefined;
}

export interface RemoteParameters {
  readonly taker: DocumentTaker;
  /** The configuration that this start is under. */
  readonly effective: JsonValue;
  /** Id of the set in force, for status and heartbeat. */
  inForce(): string | undefined;
  /** The service has come up under it. */
  confirm(): Promise<void>;
  /** True when the set that should be in force at this trusted time is another one: the service starts anew when it can, and it is. */
  due(trustedMs: number): Promise<boolean>;
}

const STREAM = "parameters";
const FILE = "parameters";
const FILE_LIMITS = { maxBytes: 262_144, maxDepth: 16 };
const ID_SHAPE = /^[A-Za-z0-9._-]{1,64}$/;
const STARTS_MAX = 3;
const FAILED_MAX = 16;
const NOTHING: Kept = { sequence: 0, inForce: "", starts: 0, failed: [] };

/** Never throws. */
export function parseParameterSet(value: JsonValue | undefined): ParameterSet | undefined {
  if (value === undefined || !isObject(value)) return undefined;
  const { id, validFromMs, validToMs, set, ...rest } = value;
  if (Object.keys(rest).length > 0 || typeof id !== "string" || !ID_SHAPE.test(id) || !isTime(validFromMs) || set === undefined || !isObject(set))
    return undefined;
  if (Object.keys(set).some((member) => !(CHANGEABLE as readonly string[]).includes(member)) || namesKey(set)) return undefined;
  if (validToMs === undefined) return { id, validFromMs, set };
  return isTime(validToMs) && validToMs > validFromMs ? { id, validFromMs, validToMs, set } : undefined;
}

/** The name of the data key changes with the key alone: laid over by hand, records would go out under a key that they are not sealed with. */
function namesKey({ sync }: Readonly<Record<string, JsonValue>>): boolean {
  return sync !== undefined && isObject(sync) && "kid" in sync;
}

function isTime(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function parseKept(contents: Bytes | undefined): Kept {
  const parsed = contents === undefined ? undefined : parseJson(contents, FILE_LIMITS);
  if (parsed?.ok !== true || !isObject(parsed.value)) return NOTHING;
  const { sequence, inForce, starts, failed } = parsed.value;
  if (!isTime(sequence) || typeof inForce !== "string" || !isTime(starts) || !Array.isArray(failed)) return NOTHING;
  const [current, previous] = [parseParameterSet(parsed.value["current"]), parseParameterSet(parsed.value["previous"])];
  const names = failed.filter((one): one is string => typeof one === "string");
  return { sequence, inForce, starts, failed: names, ...(current === undefined ? {} : { current }), ...(previous === undefined ? {} : { previous }) };
}

/** Objects member by member, everything else as a whole. */
export function laidOver(below: JsonValue, above: JsonValue): JsonValue {
  if (!isObject(below) || !isObject(above)) return above;
  const members = new Map(Object.entries(below));
  for (const [member, value] of Object.entries(above)) {
    const old = members.get(member);
    members.set(member, old === undefined ? value : laidOver(old, value));
  }
  return Object.fromEntries(members);
}

function isSame(left: ParameterSet, right: ParameterSet): boolean {
  return canonicalJson(left as unknown as JsonValue) === canonicalJson(right as unknown as JsonValue);
}

/** What a document makes of what is kept, or why it is refused. */
function nextKept(kept: Kept, { sequence, base, body }: HostDocument, problemOf: (set: ParameterSet) => string | undefined): Kept | string {
  if (base !== 0) return "parameters-continue-nothing";
  if (sequence <= kept.sequence) return "parameters-older";
  const parsed = parseJson(body, FILE_LIMITS);
  if (!parsed.ok || !isObject(parsed.value)) return "parameters-malformed";
  const { inForce, starts, failed, current, previous } = kept;
  if (parsed.value["rollback"] === true && Object.keys(parsed.value).length === 1) {
    if (current === undefined) return "parameters-nothing-to-take-back";
    return { sequence, inForce, starts, failed, ...(previous === undefined ? {} : { current: previous }) };
  }
  const set = parseParameterSet(parsed.value);
  if (set === undefined) return "parameters-malformed";
  return problemOf(set) === undefined ? withSet(kept, sequence, set) : "parameters-invalid";
}

function withSet({ inForce, starts, failed, current, previous }: Kept, sequence: number, set: ParameterSet): Kept | string {
  // By its name a set is known to be in force: another one of that name would never come into force, or before its day.
  const counting = [current, previous].find((one) => one?.id === inForce && one.id === set.id);
  if (counting !== undefined && !isSame(counting, set)) return "parameters-id-in-force";
  // A set whose day has not come may be replaced; the one that counts meanwhile stays beside the newest.
  const before = [previous?.id === inForce ? previous : current, previous].find((one) => one !== undefined && one.id !== set.id);
  return { sequence, inForce, starts, current: set, ...(before === undefined ? {} : { previous: before }), failed: failed.filter((id) => id !== set.id) };
}

/** The set that counts at this time: the current one where it is its day, else the one before it, else none. */
function setAt({ current, previous, failed }: Kept, trustedMs: number): ParameterSet | undefined {
  const counts = (set: ParameterSet | undefined) =>
    set !== undefined && !failed.includes(set.id) && set.validFromMs <= trustedMs && (set.validToMs === undefined || trustedMs < set.validToMs);
  if (counts(current)) return current;
  return counts(previous) ? previous : undefined;
}

/** Opens what is kept and decides under which set this start is. Faults: those of the storage. */
export async function openRemoteParameters({ storage, log, stored, problemOf }: RemoteParameterParts): Promise<RemoteParameters> {
  let kept = parseKept(await storage.read(FILE));
  const keep = async (next: Kept) => {
    await storage.write(FILE, utf8(canonicalJson(next as unknown as JsonValue)));
    kept = next;
  };
  /** A start that cannot be counted is still a start: a full disk keeps nobody from uploading what fills it. */
  const keepOrGoOn = (next: Kept) =>
    keep(next).catch((error: unknown) => {
      if (!isFault(error)) throw error;
      log.warn("parameters-start-not-counted", { code: error.code });
      kept = next;
    });
  const problemUnder = ({ set }: ParameterSet) => problemOf(laidOver(stored, set));
  const named = () => [kept.current, kept.previous].find((set) => set?.id === kept.inForce);
  const chosen = kept.inForce === "" ? undefined : named();
  const bad = chosen !== undefined && (kept.starts >= STARTS_MAX || problemUnder(chosen) !== undefined);
  if (bad) {
    log.error("parameters-failed", { id: kept.inForce });
    await keepOrGoOn({ ...kept, inForce: "", starts: 0, failed: [...kept.failed, kept.inForce].slice(-FAILED_MAX) });
  } else if (chosen !== undefined) await keepOrGoOn({ ...kept, starts: kept.starts + 1 });
  const running = bad ? undefined : chosen;
  return {
    effective: running === undefined ? stored : laidOver(stored, running.set),
    inForce: () => running?.id,
    confirm: async () => {
      if (running !== undefined && kept.inForce === running.id && kept.starts > 0) await keep({ ...kept, starts: 0 });
    },
    due: async (trustedMs) => {
      const wanted = setAt(kept, trustedMs)?.id ?? "";
      if (wanted !== kept.inForce) await keep({ ...kept, inForce: wanted, starts: 0 });
      return wanted !== (running?.id ?? "");
    },
    taker: {
      stream: STREAM,
      have: () => kept.sequence,
      take: async (document): Promise<DocumentAnswer> => {
        const next = nextKept(kept, document, problemUnder);
        if (typeof next === "string") return { kind: "refused", reason: next };
        await keep(next);
        return { kind: "taken" };
      },
    },
  };
}
