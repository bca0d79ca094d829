/* What a terminal says of itself in a heartbeat, as the host believes it: every member of the page, in its place, or nothing at all. Spec: pos/v1, 6. */
import { countField, isFields, type JsonFields, textField } from "./canonical.ts";

export interface ToldDevice {
  readonly role: string;
  readonly state: string;
  readonly code: string | undefined;
}

/** A key-loading order that is not as ordered. Spec: claim/v1, 9. */
export interface ToldKeyLoad {
  readonly place: string;
  readonly name: string;
  readonly state: string;
}

export interface ToldState {
  readonly version: string;
  readonly parameters: string | undefined;
  readonly clock: string;
  readonly exposure: { readonly count: number; readonly sumFen: number; readonly unknown: number; readonly oldestAgeMs: number | undefined };
  readonly journal: { readonly usedBytes: number; readonly limitBytes: number };
  readonly devices: readonly ToldDevice[];
  readonly wear: { readonly lifeTenths: number; readonly reserve: number } | undefined;
  readonly keys: readonly ToldKeyLoad[] | undefined;
}

const CLOCKS = new Set(["trusted", "held", "untrusted"]);
const DEVICE_STATES = new Set(["ready", "absent", "failed"]);
const DEVICES_MAX = 64;
const MEMBERS = new Set(["version", "parameters", "clock", "exposure", "journal", "devices", "wear", "keys"]);
const KEY_PLACES = new Set(["psam", "pin-pad"]);
const KEY_STATES = new Set(["module-absent", "other-module", "wrong-level", "wrong-check", "not-loaded", "expired", "test-key", "not-told"]);
const KEYS_MAX = 16;

/** The counts of these names, where all of them are there. */
function counts<Name extends string>(value: unknown, names: readonly Name[]): Readonly<Record<Name, number>> | undefined {
  if (!isFields(value)) return undefined;
  const found = names.map((name) => [name, countField(value, name)] as const);
  // Every name has its count now, which is what the type says.
  return found.some(([, count]) => count === undefined) ? undefined : (Object.fromEntries(found) as Record<Name, number>);
}

function devicesOf(value: unknown): readonly ToldDevice[] | undefined {
  if (!Array.isArray(value) || value.length > DEVICES_MAX) return undefined;
  const devices = value.map((one) => (isFields(one) ? deviceOf(one) : undefined));
  return devices.some((device) => device === undefined) ? undefined : devices.filter((device) => device !== undefined);
}

function deviceOf(fields: JsonFields): ToldDevice | undefined {
  const [role, state] = [textField(fields, "role"), textField(fields, "state")];
  if (role === undefined || state === undefined || !DEVICE_STATES.has(state)) return undefined;
  return { role, state, code: textField(fields, "code") };
}

function keysOf(value: unknown): readonly ToldKeyLoad[] | undefined {
  if (!Array.isArray(value) || value.length > KEYS_MAX) return undefined;
  const rows = value.map((one) => (isFields(one) ? keyLoadOf(one) : undefined));
  return rows.some((row) => row === undefined) ? undefined : rows.filter((row) => row !== undefined);
}

function keyLoadOf(fields: JsonFields): ToldKeyLoad | undefined {
  const [place, name, state] = [textField(fields, "place"), textField(fields, "name"), textField(fields, "state")];
  if (place === undefined || name === undefined || state === undefined || !KEY_PLACES.has(place) || !KEY_STATES.has(state)) return undefined;
  return { place, name, state };
}

/** Never throws; undefined where a member is missing, wrong or unknown. */
export function readToldState(value: unknown): ToldState | undefined {
  if (!isFields(value) || Object.keys(value).some((member) => !MEMBERS.has(member))) return undefined;
  const [version, clock] = [textField(value, "version"), textField(value, "clock")];
  const exposure = counts(value["exposure"], ["count", "sumFen", "unknown"]);
  const journal = counts(value["journal"], ["usedBytes", "limitBytes"]);
  const devices = devicesOf(value["devices"]);
  const wear = value["wear"] === undefined ? undefined : counts(value["wear"], ["lifeTenths", "reserve"]);
  if (version === undefined || clock === undefined || !CLOCKS.has(clock) || exposure === undefined || journal === undefined || devices === undefined)
    return undefined;
  if (value["wear"] !== undefined && wear === undefined) return undefined;
  const keys = value["keys"] === undefined ? undefined : keysOf(value["keys"]);
  if (value["keys"] !== undefined && keys === undefined) return undefined;
  const oldestAgeMs = isFields(value["exposure"]) ? countField(value["exposure"], "oldestAgeMs") : undefined;
  return { version, parameters: textField(value, "parameters"), clock, exposure: { ...exposure, oldestAgeMs }, journal, devices, wear, keys };
}
