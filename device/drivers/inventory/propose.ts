/* What a configuration could say of the devices that were found, role by role; and how it is joined with what a person wrote before. */

import type { Role } from "../adapter.ts";
import type { Found } from "../found.ts";
import { ROLES } from "../roles.ts";
import { type ConfiguredDevice, findConfigured, whereOf } from "./configured.ts";
import type { Families } from "./families.ts";
import { linkedRole, type Taken } from "./take.ts";

/** A found device and what it is taken for. */
export interface Judged {
  readonly found: Found;
  readonly taken: Taken;
}

export type DeviceSettings = ConfiguredDevice & Readonly<Record<string, unknown>>;
export type DeviceSection = { readonly [Filled in Role]?: DeviceSettings };

export interface Proposal {
  readonly devices: DeviceSection;
  /** Why a role was left out although something was found for it. */
  readonly open: readonly string[];
}

function placeOf(found: Found): string {
  return found.kind === "gpio" ? found.label : found.path;
}

/** What the configuration would say of one device; undefined where a person has to say more. */
function settingsFor({ found, taken }: Judged): DeviceSettings | undefined {
  if (taken.as === undefined || found.kind === "gpio") return undefined;
  const head = { adapter: taken.as.family };
  if (found.kind === "serial") return { ...head, port: { path: found.path }, ...taken.settings };
  const { usb, usagePage, usage } = found;
  // A link by role was made by a person, who meant this device; else what it says of itself, because nodes are numbered anew.
  const byLink = usb === undefined || linkedRole(found, ROLES) !== undefined;
  const said = {
    ...(usb === undefined ? {} : { vendorId: usb.vendorId, productId: usb.productId }),
    ...(usb?.serialNumber === undefined ? {} : { serialNumber: usb.serialNumber }),
    ...(usagePage === undefined ? {} : { usagePage }),
    ...(usage === undefined ? {} : { usage }),
  };
  return { ...head, device: byLink ? { path: found.path } : said, ...taken.settings };
}

/** Of several devices for one role, the one that a person's link names; else nobody can say. */
function chosen(role: Role, judged: readonly Judged[]): Judged | undefined {
  const [only, ...others] = judged;
  if (others.length === 0) return only;
  const named = judged.filter(({ found }) => linkedRole(found, [role]) === role);
  return named.length === 1 ? named[0] : undefined;
}

/** A HID device with several collections was found once for each. */
function onlyOnce(judged: readonly Judged[]): readonly Judged[] {
  const nodes = new Map(judged.toReversed().map((each) => [each.found.kind === "gpio" ? each.found.chip : each.found.node, each]));
  return judged.filter((each) => [...nodes.values()].includes(each));
}

export function propose(all: readonly Judged[], families: Families): Proposal {
  const devices: { [Filled in Role]?: DeviceSettings } = {};
  const open: string[] = [];
  for (const role of ROLES) {
    const fitting = onlyOnce(all.filter(({ taken }) => taken.as?.role === role));
    const choice = chosen(role, fitting);
    const settings = choice === undefined ? undefined : settingsFor(choice);
    if (settings !== undefined && families.get(settings.adapter)?.settings.safeParse(settings).success === true) devices[role] = settings;
    else if (fitting.length > 1) open.push(`${role}: ${fitting.map(({ found }) => placeOf(found)).join(" and ")} fit; a link by role says which one is meant`);
    else if (fitting.length === 1) open.push(`${role}: ${fitting.map(({ found }) => placeOf(found)).join(" and ")} needs settings that no probe can know`);
  }
  return { devices, open };
}

export interface Merge {
  readonly devices: DeviceSection;
  readonly added: readonly string[];
  readonly kept: readonly string[];
  /** Differences that were not followed, or with `replace`, those that were. */
  readonly conflicts: readonly string[];
}

interface Step {
  readonly settings: DeviceSettings | undefined;
  readonly added?: string;
  readonly kept?: string;
  readonly conflict?: string;
}

/** Whether every member that the proposal names stands there with the same value. */
function agrees(before: unknown, proposed: unknown): boolean {
  if (typeof proposed !== "object" || proposed === null || typeof before !== "object" || before === null) return before === proposed;
  const held: Readonly<Record<string, unknown>> = { ...before };
  return Object.entries(proposed).every(([member, value]) => agrees(held[member], value));
}

interface RoleMerge {
  readonly role: Role;
  readonly before: DeviceSettings | undefined;
  readonly proposed: DeviceSettings | undefined;
  readonly all: readonly Judged[];
  readonly replace: boolean;
}

async function mergeRole({ role, before, proposed, all, replace }: RoleMerge): Promise<Step> {
  if (before === undefined)
    return proposed === undefined ? { settings: undefined } : { settings: proposed, added: `${role}: ${proposed.adapter} at ${whereOf(proposed)}` };
  const name = `${role}: ${before.adapter} at ${whereOf(before)}`;
  const differs = (why: string): Step => {
    const conflict = `${name}: ${why}`;
    if (!replace || proposed === undefined) return { settings: before, conflict };
    return { settings: proposed, conflict: `${conflict}; replaced by ${proposed.adapter} at ${whereOf(proposed)}` };
  };
  const there = await findConfigured(
    before,
    all.map(({ found }) => found),
  );
  if (there === undefined) {
    return proposed === undefined
      ? { settings: before, kept: `${name}, which is not there` }
      : differs(`it is not there, but ${proposed.adapter} is, at ${whereOf(proposed)}`);
  }
  const taken = all.find(({ found }) => found === there)?.taken;
  if (taken?.as !== undefined && taken.as.family !== before.adapter) return differs(`what is there was taken for ${taken.as.family}: ${taken.why}`);
  if (taken?.settings !== undefined && !agrees(before, taken.settings)) return differs(`${taken.why}, which the configuration does not say`);
  return { settings: before, kept: name };
}

/** What a person configured stays as long as nothing that answered speaks against it. */
export async function mergeDevices(
  before: DeviceSection,
  { devices }: Proposal,
  options: { readonly all: readonly Judged[]; readonly replace: boolean },
): Promise<Merge> {
  const steps = await Promise.all(
    ROLES.map(async (role) => ({ role, ...(await mergeRole({ role, before: before[role], proposed: devices[role], ...options })) })),
  );
  const present = <Member extends "added" | "kept" | "conflict">(member: Member) => steps.flatMap((step) => step[member] ?? []);
  const filled = steps.flatMap(({ role, settings }) => (settings === undefined ? [] : [[role, settings] as const]));
  return { devices: Object.fromEntries(filled), added: present("added"), kept: present("kept"), conflicts: present("conflict") };
}
