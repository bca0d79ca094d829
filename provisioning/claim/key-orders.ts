/*
 * Goal: what the host ordered for module and pad, beside what is there. Method: pure. Modules tell their number, their applications, and of each key that
 * ciphers its level and, where a profile says so, a sample; a purchase key tells nothing without a purchase, so the module's number stands for it.
 * Spec: claim/v1, 9. Spec: LD/T 32.9, annex B.
 */
import type { Bytes } from "../../device/base/bytes.ts";
import { toHex } from "../../device/base/bytes.ts";
import type { ModuleApplication, ModuleKeyPlace, ToldKey } from "../../device/drivers/ports.ts";
import type { KeyLoad } from "./messages.ts";
import type { TestKeyGuard } from "./ports.ts";

export const KEY_STATES = [
  "as-ordered",
  "module-absent",
  "other-module",
  "wrong-level",
  "wrong-check",
  "not-loaded",
  "expired",
  "test-key",
  "not-told",
] as const;

/** What became of an order. "not-loaded": not carried out yet; "not-told": nothing here can tell. */
export type KeyState = (typeof KEY_STATES)[number];

export interface KeyRow {
  readonly place: KeyLoad["place"];
  readonly name: string;
  readonly state: KeyState;
  /** What is there instead: a number, a level, the first bytes of a check value. Never a key. */
  readonly detail?: string;
}

/** What a module has told of itself. */
export interface ToldModule {
  /** 12 digits. */
  readonly number: string;
  readonly applications: readonly ModuleApplication[];
  /** By {@link keyName}; absent where the module has no such key. */
  readonly keys: ReadonlyMap<string, ToldKey>;
}

export interface Seen {
  readonly modules: readonly ToldModule[];
  /** Somebody has looked for a module, and none answered. */
  readonly absent: boolean;
  /** Check value of the pad's master key as people were shown it, hexadecimal; undefined: nobody said. */
  readonly padMasterCheck: string | undefined;
}

export interface Judging {
  /** Undefined: nobody knows what time it is, and no order runs out. */
  readonly nowMs: number | undefined;
  /** Of a production terminal. */
  readonly guard: TestKeyGuard | undefined;
}

const APPLICATIONS: readonly ModuleApplication[] = ["purse", "social-sm4", "social-3des"];
/** An order for a module as a whole. */
const MODULE = "module";
const MAC = 0x06;
const ENCIPHER = 0x07;
/** Keys that can be asked for, by type and identifier. */
const KEYS: Readonly<Record<string, readonly [type: number, keyId: number]>> = {
  irk: [ENCIPHER, 0x08],
  stk: [MAC, 0x09],
  "stk-df01": [MAC, 0x20],
  "stk-df02": [MAC, 0x21],
  "stk-df03": [MAC, 0x22],
  "stk-df04": [MAC, 0x23],
  "uk3-df01": [ENCIPHER, 0x24],
  "uk4-df01": [ENCIPHER, 0x25],
  "uk1-df02": [ENCIPHER, 0x26],
  "uk4-df02": [ENCIPHER, 0x27],
  "uk5-df02": [ENCIPHER, 0x28],
  "uk2-df03": [ENCIPHER, 0x29],
  "uk2-df04": [ENCIPHER, 0x2a],
  "rk1-df03": [ENCIPHER, 0x2b],
  "rk2-df03": [ENCIPHER, 0x2c],
  "rk1-df04": [ENCIPHER, 0x2d],
};
const KEY_NAME = /^([a-z0-9-]+)-(sm4|3des)$/;
const CHECK_DIGITS_MIN = 6;
/** A terminal with many lanes names as many of their modules as a person would read. */
const DETAIL_MAX = 129;

/** Which application an order names; undefined: none. */
export function applicationOf({ place, name }: KeyLoad): ModuleApplication | undefined {
  return place === "psam" ? APPLICATIONS.find((known) => known === name) : undefined;
}

/** Which key of a module an order names; undefined: none that a module tells of. */
export function keyPlaceOf({ place, name, index }: KeyLoad): ModuleKeyPlace | undefined {
  const [, key = "", algorithm] = KEY_NAME.exec(name) ?? [];
  const known = KEYS[key];
  if (place !== "psam" || known === undefined || (algorithm !== "sm4" && algorithm !== "3des")) return undefined;
  const [type, keyId] = known;
  return { algorithm, type, keyId: index ?? keyId };
}

export function keyName({ algorithm, type, keyId }: ModuleKeyPlace): string {
  return `${algorithm}/${type}/${keyId}`;
}

function hasRunOut({ notAfterMs }: KeyLoad, nowMs: number | undefined): boolean {
  return notAfterMs !== undefined && nowMs !== undefined && notAfterMs < nowMs;
}

/** Whether two check values are of one key as far as both go, three bytes at least. */
function isSameCheck(ordered: string, found: string): boolean {
  const digits = Math.min(ordered.length, found.length);
  return digits >= CHECK_DIGITS_MIN && ordered.slice(0, digits).toLowerCase() === found.slice(0, digits).toLowerCase();
}

type Verdict = Pick<KeyRow, "state" | "detail">;

const AS_ORDERED: Verdict = { state: "as-ordered" };

function isTestOrder({ place, check, module }: KeyLoad, guard: TestKeyGuard | undefined): boolean {
  if (guard === undefined) return false;
  return (check !== undefined && guard.isTestCheck(place, check)) || (module !== undefined && guard.isTestModule(module));
}

function checked(order: KeyLoad, sample: Bytes | undefined, guard: TestKeyGuard | undefined): Verdict {
  if (sample !== undefined && guard?.isTestCheck(order.place, toHex(sample)) === true) return { state: "test-key" };
  if (order.check === undefined) return AS_ORDERED;
  if (sample === undefined) return { state: "not-told" };
  const found = toHex(sample);
  return isSameCheck(order.check, found) ? AS_ORDERED : { state: "wrong-check", detail: found.slice(0, CHECK_DIGITS_MIN) };
}

/** One order at one module that it is for. */
function atModule(order: KeyLoad, module: ToldModule, { guard }: Judging): Verdict {
  if (order.name === MODULE) return AS_ORDERED;
  const application = applicationOf(order);
  if (application !== undefined && !module.applications.includes(application)) return { state: "not-loaded" };
  // An application has no check value that anybody could ask for.
  if (application !== undefined) return order.check === undefined ? AS_ORDERED : { state: "not-told" };
  const place = keyPlaceOf(order);
  if (place === undefined) return { state: "not-told" };
  const key = module.keys.get(keyName(place));
  if (key === undefined) return { state: "not-loaded" };
  if (order.level !== undefined && order.level !== key.level) return { state: "wrong-level", detail: String(key.level) };
  return checked(order, key.sample, guard);
}

function atModules(order: KeyLoad, { modules, absent }: Seen, judging: Judging): Verdict {
  const meant = order.module === undefined ? modules : modules.filter(({ number }) => number === order.module);
  const verdicts = meant.map((module) => atModule(order, module, judging));
  const [first] = verdicts;
  if (first !== undefined) return verdicts.find(({ state }) => state === "as-ordered") ?? first;
  if (modules.length > 0)
    return {
      state: "other-module",
      detail: modules
        .map(({ number }) => number)
        .join(" ")
        .slice(0, DETAIL_MAX),
    };
  return { state: absent ? "module-absent" : "not-told" };
}

/** Of a pad nobody learns but what people were shown when they typed its master key; its working keys prove themselves at each sign-in. */
function atPad({ name, check }: KeyLoad, { padMasterCheck }: Seen): Verdict {
  if (name !== "master" || check === undefined || padMasterCheck === undefined) return { state: "not-told" };
  return isSameCheck(check, padMasterCheck) ? AS_ORDERED : { state: "wrong-check", detail: padMasterCheck.slice(0, CHECK_DIGITS_MIN) };
}

/** Each order, and what became of it; then modules that nobody ordered. */
export function compareKeyLoads(orders: readonly KeyLoad[], seen: Seen, judging: Judging): readonly KeyRow[] {
  const rows = orders.map((order): KeyRow => {
    const { place, name } = order;
    if (isTestOrder(order, judging.guard)) return { place, name, state: "test-key" };
    const verdict = place === "psam" ? atModules(order, seen, judging) : atPad(order, seen);
    const isOpen = verdict.state === "not-loaded" || verdict.state === "module-absent";
    return { place, name, ...(isOpen && hasRunOut(order, judging.nowMs) ? { state: "expired" } : verdict) };
  });
  return [...rows, ...strangers(orders, seen.modules, judging.guard)];
}

/** Numbers of modules that are ordered; empty: any module will do. */
export function orderedModules(orders: readonly KeyLoad[]): ReadonlySet<string> {
  return new Set(orders.flatMap(({ place, module }) => (place === "psam" && module !== undefined ? [module] : [])));
}

/** Modules that are there and should not: published ones in a production terminal, and others beside those that were ordered. */
function strangers(orders: readonly KeyLoad[], modules: readonly ToldModule[], guard: TestKeyGuard | undefined): readonly KeyRow[] {
  const ordered = orderedModules(orders);
  // Where none of the ordered modules is there, the orders themselves say so.
  const isSaid = ordered.size === 0 || modules.every(({ number }) => !ordered.has(number));
  return modules.flatMap(({ number }): readonly KeyRow[] => {
    const row = { place: "psam", name: MODULE, detail: number } as const;
    if (guard?.isTestModule(number) === true) return [{ ...row, state: "test-key" }];
    return isSaid || ordered.has(number) ? [] : [{ ...row, state: "other-module" }];
  });
}

const REFUSED: ReadonlySet<KeyState> = new Set(["other-module", "wrong-level", "wrong-check", "test-key"]);

/** Why a production terminal must not sell with this module; undefined: it may. A key that is not there yet cannot be used, and refuses nothing. */
export function whyRefused(orders: readonly KeyLoad[], module: ToldModule, judging: Judging): KeyRow | undefined {
  const { number } = module;
  const ordered = orderedModules(orders);
  if (ordered.size > 0 && !ordered.has(number)) return { place: "psam", name: MODULE, state: "other-module", detail: number };
  // What is ordered for another module is no order for this one.
  const own = orders.filter((order) => order.place === "psam" && (order.module === undefined || order.module === number));
  return compareKeyLoads(own, { modules: [module], absent: false, padMasterCheck: undefined }, judging).find(({ state }) => REFUSED.has(state));
}
