/* What a configuration could say of the devices that were found, role by role; and how it is joined with what a person wrote before. */

import type { Role } from "../adapter.ts";
import type { Found } from "../found.ts";
import { ROLES } from "../roles.ts";
import { type ConfiguredDevice, findConfigured, whereOf } from "./configured.ts";
import type { Families } from "./families.ts";
import { agrees, beyond, overlay } from "./overlay.ts";
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
  /** Roles whose device answered; of the others a name or a link tells. */
  readonly answered: readonly Role[];
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

/** What a device says of itself is no reason where its family has a question that nobody could ask it. */
function isNameAlone({ taken }: Judged, families: Families): boolean {
  return taken.as?.by === "sign" && families.get(taken.as.family)?.probe !== undefined;
}

/** Why nothing is proposed for a role although something was found for it. */
function whyOpen(role: Role, fitting: readonly Judged[], unasked: readonly Judged[]): readonly string[] {
  const places = fitting.map(({ found }) => placeOf(found)).join(" and ");
  const names = unasked.map(
    ({ found, taken }) => `${role}: ${placeOf(found)} was not asked, and a name alone is not enough (${taken.why}); a link by family says so`,
  );
  if (fitting.length > 1) return [`${role}: ${places} fit; a link by role says which one is meant`, ...names];
  return fitting.length === 1 ? [`${role}: ${places} needs settings that no probe can know`, ...names] : names;
}

export function propose(all: readonly Judged[], families: Families): Proposal {
  const devices: { [Filled in Role]?: DeviceSettings } = {};
  const open: string[] = [];
  const answered: Role[] = [];
  for (const role of ROLES) {
    const candidates = onlyOnce(all.filter(({ taken }) => taken.as?.role === role));
    const fitting = candidates.filter((each) => !isNameAlone(each, families));
    const choice = chosen(role, fitting);
    const settings = choice === undefined ? undefined : settingsFor(choice);
    if (settings === undefined || families.get(settings.adapter)?.settings.safeParse(settings).success !== true) {
      const unasked = candidates.filter((each) => isNameAlone(each, families));
      open.push(...whyOpen(role, fitting, unasked));
      continue;
    }
    devices[role] = settings;
    if (choice?.taken.as?.by === "answer") answered.push(role);
  }
  return { devices, answered, open };
}

export interface Merge {
  readonly devices: DeviceSection;
  readonly added: readonly string[];
  readonly kept: readonly string[];
  /** Differences that were not followed, or with `replace`, those that were. */
  readonly conflicts: readonly string[];
  readonly losses: readonly Loss[];
}

/** What a person wrote for one family, and another family that answered has no place for. */
export interface Loss {
  readonly role: Role;
  readonly family: string;
  /** Without what is the family's default. */
  readonly settings: Readonly<Record<string, unknown>>;
}

interface Step {
  readonly settings: DeviceSettings | undefined;
  readonly added?: string;
  readonly kept?: string;
  readonly conflict?: string;
  readonly loss?: Loss;
}

interface RoleMerge {
  readonly role: Role;
  readonly before: DeviceSettings | undefined;
  readonly proposed: DeviceSettings | undefined;
  /** The device of the proposal answered. */
  readonly isAnswered: boolean;
  readonly options: MergeOptions;
}

/** The same family: where it is and what was answered changes, and nothing else. */
function laidOver(before: DeviceSettings, { adapter: _adapter, port, device, ...said }: DeviceSettings): DeviceSettings {
  return { ...overlay(before, said), ...(port === undefined ? {} : { port }), ...(device === undefined ? {} : { device }) };
}

function lossOf(role: Role, { adapter, port, device, ...written }: DeviceSettings, families: Families): Loss | undefined {
  const usual = families.get(adapter)?.settings.safeParse({
    adapter,
    ...(port === undefined ? {} : { port: { path: port.path } }),
    ...(device === undefined ? {} : { device }),
  });
  const settings = beyond({ ...written, ...(port === undefined ? {} : { port }) }, usual?.success === true ? usual.data : { port: { path: port?.path } });
  return Object.keys(settings).length === 0 ? undefined : { role, family: adapter, settings };
}

/** How a difference is told, and followed where a person says so. */
function differing(why: string, before: DeviceSettings, after: DeviceSettings | undefined, { role, options }: RoleMerge): Step {
  const conflict = `${role}: ${before.adapter} at ${whereOf(before)}: ${why}`;
  if (after === undefined) return { settings: before, conflict };
  const isOther = after.adapter !== before.adapter;
  const loss = isOther ? lossOf(role, before, options.families) : undefined;
  const told = loss === undefined ? {} : { loss };
  if (!options.replace) return { settings: before, conflict, ...told };
  const followed = isOther ? `replaced by ${after.adapter} at ${whereOf(after)}` : `followed, now at ${whereOf(after)}; all else stays`;
  return { settings: after, conflict: `${conflict}; ${followed}`, ...told };
}

/** The configured device is not among what was found. */
function mergeAway(before: DeviceSettings, merge: RoleMerge): Step {
  const { role, proposed, isAnswered } = merge;
  const kept = `${role}: ${before.adapter} at ${whereOf(before)}, which is not there`;
  if (proposed === undefined) return { settings: before, kept };
  const elsewhere = `${proposed.adapter} at ${whereOf(proposed)}`;
  if (!isAnswered) return { settings: before, kept: `${kept}; it may be ${elsewhere} now, which no answer says` };
  const after = proposed.adapter === before.adapter ? laidOver(before, proposed) : proposed;
  return differing(`it is not there, but ${proposed.adapter} is, at ${whereOf(proposed)}`, before, after, merge);
}

async function mergeRole(merge: RoleMerge): Promise<Step> {
  const { role, before, proposed, options } = merge;
  if (before === undefined)
    return proposed === undefined ? { settings: undefined } : { settings: proposed, added: `${role}: ${proposed.adapter} at ${whereOf(proposed)}` };
  const there = await findConfigured(
    before,
    options.all.map(({ found }) => found),
  );
  if (there === undefined) return mergeAway(before, merge);
  const kept: Step = { settings: before, kept: `${role}: ${before.adapter} at ${whereOf(before)}` };
  const taken = options.all.find(({ found }) => found === there)?.taken;
  // A name or a link may say what it likes: what a person configured yields to answers alone.
  if (taken?.as?.by !== "answer") return kept;
  if (taken.as.family !== before.adapter) return differing(`what is there was taken for ${taken.as.family}: ${taken.why}`, before, proposed, merge);
  const { settings } = taken;
  if (settings === undefined || agrees(before, settings)) return kept;
  return differing(`${taken.why}, which the configuration does not say`, before, overlay(before, settings), merge);
}

export interface MergeOptions {
  readonly all: readonly Judged[];
  readonly replace: boolean;
  readonly families: Families;
}

/** What a person configured stays as long as nothing that answered speaks against it. */
export async function mergeDevices(before: DeviceSection, { devices, answered }: Proposal, options: MergeOptions): Promise<Merge> {
  const steps = await Promise.all(
    ROLES.map(async (role) => {
      const merge = { role, before: before[role], proposed: devices[role], isAnswered: answered.includes(role), options };
      return { role, ...(await mergeRole(merge)) };
    }),
  );
  const present = <Member extends "added" | "kept" | "conflict">(member: Member) => steps.flatMap((step) => step[member] ?? []);
  const filled = steps.flatMap(({ role, settings }) => (settings === undefined ? [] : [[role, settings] as const]));
  return {
    devices: Object.fromEntries(filled),
    added: present("added"),
    kept: present("kept"),
    conflicts: present("conflict"),
    losses: steps.flatMap(({ loss }) => loss ?? []),
  };
}
