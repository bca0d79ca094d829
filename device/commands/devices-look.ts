/* What is plugged in, on every way at once; and with a configuration, how the devices of each role are. */
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock, Limits, Processes } from "../base/ports.ts";
import type { TerminalConfig } from "../config/schema.ts";
import type { AdapterParts, Role } from "../drivers/adapter.ts";
import type { Found } from "../drivers/found.ts";
import { listGpioChips } from "../drivers/gate-gpio/chips.ts";
import { listHidDevices } from "../drivers/hid/list.ts";
import { findConfigured, whereOf } from "../drivers/inventory/configured.ts";
import { FAMILIES } from "../drivers/inventory/families.ts";
import { listHidNodes } from "../drivers/inventory/hid-nodes.ts";
import { holdersOf } from "../drivers/inventory/holders.ts";
import type { Places } from "../drivers/inventory/places.ts";
import type { DeviceSettings, Judged } from "../drivers/inventory/propose.ts";
import { listSerialPorts } from "../drivers/inventory/serial-ports.ts";
import { takeFor } from "../drivers/inventory/take.ts";
import { openLines } from "../drivers/lines.ts";
import { type ListedReader, listReaders } from "../drivers/pcsc/list.ts";
import { matchesRule, type ReaderRule } from "../drivers/pcsc/reader.ts";
import type { DeviceHealth } from "../drivers/peripherals.ts";
import { openRole, ROLES } from "../drivers/roles.ts";

export interface Machine {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  readonly places: Places;
  readonly self: number;
  readonly signal: AbortSignal;
}

export interface Look {
  readonly found: readonly Found[];
  readonly readers: readonly ListedReader[];
  /** What could not be looked at, in a sentence without its full stop. */
  readonly problems: readonly string[];
}

const LIST_MS = 5_000;
const READERS_MS = 3_000;
const HEALTH_MS = 3_000;
const LOOK_AGAIN_MS = 100;

/** What a look brings, or nothing and a sentence. */
async function orProblem<Value>(
  looking: Promise<readonly Value[]>,
  problem: string,
): Promise<{ readonly values: readonly Value[]; readonly problems: readonly string[] }> {
  try {
    return { values: await looking, problems: [] };
  } catch (fault) {
    if (isFault(fault) && fault.code !== "cancelled") return { values: [], problems: [`${problem} (${fault.code})`] };
    throw fault;
  }
}

/** Looks at everything without asking any device. Faults: "cancelled". */
export async function look(machine: Machine): Promise<Look> {
  const { processes, places, signal } = machine;
  const limits = { timeoutMs: LIST_MS, signal };
  const [serial, hid, chips, readers] = await Promise.all([
    listSerialPorts(places),
    orProblem(listHidDevices(machine, limits), "HID devices could not be enumerated"),
    listGpioChips(processes, limits),
    orProblem(listReaders(machine, { ...limits, timeoutMs: READERS_MS }), "the PC/SC service does not answer: no reader can be seen"),
  ]);
  const nodes = [...serial, ...(await listHidNodes(hid.values, places.links))];
  const holders = await holdersOf(new Set(nodes.map(({ node }) => node)), { proc: places.proc, self: machine.self });
  const held = nodes.map((found): Found => {
    const heldBy = holders.get(found.node);
    return heldBy === undefined ? found : { ...found, heldBy };
  });
  return { found: [...held, ...chips], readers: readers.values, problems: [...hid.problems, ...readers.problems] };
}

/** Everything that was found, taken for something without asking. */
export function judge(found: readonly Found[]): readonly Judged[] {
  return found.map((each) => ({ found: each, taken: takeFor(each, FAMILIES) }));
}

export type RoleState = DeviceHealth["kind"] | "in-use";
export type AnyRole = Role | "user" | "sam";

export interface RoleReport {
  readonly role: AnyRole;
  /** The family, or how the reader speaks to its card. */
  readonly adapter: string;
  readonly where: string;
  readonly state: RoleState;
  readonly why?: string;
}

/** Waits as long as the device's line needs to open, and asks. */
async function healthOf(role: Role, settings: DeviceSettings, parts: AdapterParts, limits: Limits): Promise<DeviceHealth> {
  const device = openRole(role, settings, parts);
  const endsMs = parts.clock.monotonicMs() + limits.timeoutMs;
  try {
    for (;;) {
      const health = await device.health(limits);
      if (health.kind !== "away" || parts.clock.monotonicMs() >= endsMs) return health;
      await parts.clock.sleep(LOOK_AGAIN_MS, limits.signal);
    }
  } finally {
    await device.close();
  }
}

async function reportDevice(role: Role, settings: DeviceSettings, machine: Machine, found: readonly Found[]): Promise<RoleReport> {
  const head = { role, adapter: settings.adapter, where: whereOf(settings) };
  const there = await findConfigured(settings, found);
  if (there === undefined) return { ...head, state: "away", why: "configured, but not there" };
  if (there.kind !== "gpio" && there.heldBy !== undefined) return { ...head, state: "in-use", why: `${there.heldBy} has it open, so it was not asked` };
  const parts = { ...machine, lines: openLines(machine) };
  const { kind, ...health } = await healthOf(role, settings, parts, { timeoutMs: HEALTH_MS, signal: machine.signal });
  if (kind === "away" && there.kind !== "gpio")
    return { ...head, state: "broken", why: "it is there, but does not open: another program may hold it, or the right to use it is missing" };
  return { ...head, state: kind, ...health };
}

export function ruleText({ interface: by, nameIncludes, slot }: ReaderRule): string {
  return [by, ...nameIncludes.map((part) => `"${part}"`), ...(slot === undefined ? [] : [`slot ${slot}`])].join(" ");
}

function reportReader(role: "user" | "sam", rule: ReaderRule, readers: readonly ListedReader[]): RoleReport {
  const head = { role, adapter: rule.interface, where: ruleText(rule) };
  const [reader, ...others] = readers.filter(({ name }) => matchesRule(name, rule));
  if (reader === undefined) return { ...head, state: "away", why: "no reader fits the rule" };
  if (reader.holds === "unavailable") return { ...head, state: "broken", why: "the service cannot use the reader" };
  if (role === "sam" && reader.holds !== "card") return { ...head, state: "broken", why: "no module answers in the slot" };
  return { ...head, state: "well", why: others.length === 0 ? reader.name : `${reader.name}; ${others.length} more fit the rule` };
}

/** How each role of the configuration is. One device after the other is asked, those that somebody has open are not. */
export async function reportRoles({ devices, readers }: TerminalConfig, machine: Machine, seen: Look): Promise<readonly RoleReport[]> {
  const reports: RoleReport[] = [reportReader("user", readers.user, seen.readers), reportReader("sam", readers.sam, seen.readers)];
  for (const role of ROLES) {
    const settings: DeviceSettings | undefined = devices[role];
    if (settings !== undefined) reports.push(await reportDevice(role, settings, machine, seen.found));
  }
  return reports;
}

/** Whether a terminal with these devices can work. */
export function allWell(reports: readonly RoleReport[]): boolean {
  return reports.every(({ state }) => state !== "away" && state !== "broken");
}
