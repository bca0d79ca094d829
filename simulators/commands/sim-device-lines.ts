/* Control lines of `sim --devices`: `<kind> <what>`, and a few for all. Strict: what is refused has changed nothing. */
import { isFault } from "../../device/base/fault.ts";
import { done, refused, type SimDevice } from "./sim-device.ts";
import { faultUsage } from "./sim-device-faults.ts";
import { LINE_LENGTH_MAX, type LineReply } from "./sim-lines.ts";

/** The devices on the table, and which of them hang. */
export interface DeviceTable {
  readonly devices: readonly SimDevice[];
  readonly hanging: Set<SimDevice>;
}

interface DeviceCommand {
  readonly meaning: string;
  readonly run: (table: DeviceTable, device: SimDevice) => LineReply | Promise<LineReply>;
}

async function unplug({ hanging }: DeviceTable, device: SimDevice): Promise<LineReply> {
  const { kind, place } = device;
  if (!place.pluggedIn) return refused(`${kind} is unplugged already`);
  await place.unplug();
  // It has lost its power: whatever it hung in is over.
  hanging.delete(device);
  return done(`${kind} is unplugged`);
}

async function plug(_: DeviceTable, { kind, place }: SimDevice): Promise<LineReply> {
  if (place.pluggedIn) return refused(`${kind} is plugged in already`);
  await place.plugIn();
  return done(`${kind} is plugged in`, { path: place.path });
}

function hang({ hanging }: DeviceTable, device: SimDevice): LineReply {
  const { kind, place } = device;
  if (!place.pluggedIn) return refused(`${kind} is unplugged: ${kind} plug`);
  if (hanging.has(device)) return refused(`${kind} hangs already`);
  place.hold();
  hanging.add(device);
  return done(`${kind} hangs: it takes and gives nothing until ${kind} release or unplug`);
}

function release({ hanging }: DeviceTable, device: SimDevice): LineReply {
  if (!hanging.delete(device)) return refused(`${device.kind} does not hang`);
  device.place.release();
  return done(`${device.kind} goes on`);
}

function show(table: DeviceTable, device: SimDevice): LineReply {
  return done(deviceText(table, device), deviceFacts(table, device));
}

const COMMANDS: ReadonlyMap<string, DeviceCommand> = new Map<string, DeviceCommand>([
  ["unplug", { meaning: "pulls its plug: the path is gone, whoever has it open sees a hang-up", run: unplug }],
  ["plug", { meaning: "plugs it in again, at the same path", run: plug }],
  ["hang", { meaning: "it takes and gives nothing, with its line in place", run: hang }],
  ["release", { meaning: "ends a hang; what was said meanwhile is taken then", run: release }],
  ["show", { meaning: "its state", run: show }],
]);

/** What a device is like just now, for programs. */
function deviceFacts({ hanging }: DeviceTable, device: SimDevice): Readonly<Record<string, unknown>> {
  const { kind, place, faults } = device;
  return { kind, path: place.path, pluggedIn: place.pluggedIn, hangs: hanging.has(device), faults: faults.shown, ...device.facts() };
}

function factText(value: unknown): string {
  return typeof value === "string" ? value || "(nothing)" : JSON.stringify(value);
}

/** The same for people. */
function deviceText({ hanging }: DeviceTable, device: SimDevice): string {
  const { kind, place, faults } = device;
  const state = !place.pluggedIn ? "unplugged" : hanging.has(device) ? "hangs" : "plugged in";
  const own = Object.entries(device.facts()).map(([name, value]) => `, ${name} ${factText(value)}`);
  return `${kind}: ${state}, faults: ${faults.shown}${own.join("")}`;
}

export function tableFacts(table: DeviceTable): Readonly<Record<string, unknown>> {
  return { devices: table.devices.map((device) => deviceFacts(table, device)) };
}

export function tableText(table: DeviceTable): string {
  return table.devices.map((device) => deviceText(table, device)).join("\n");
}

const USAGE_WIDTH = 52;

function row(usage: string, meaning: string): string {
  return `  ${usage.padEnd(USAGE_WIDTH)} ${meaning}`;
}

function helpOf({ kind, faults, acts }: SimDevice): readonly string[] {
  return [
    ...[...acts.values()].map(({ usage, meaning }) => row(`${kind} ${usage}`, meaning)),
    row(`${kind} fault`, faults.words.map(({ usage }) => usage).join(", ")),
  ];
}

/** All control lines of these devices, for people. */
function deviceHelp({ devices }: DeviceTable): string {
  return [
    ...[...COMMANDS].map(([name, { meaning }]) => row(`<kind> ${name}`, meaning)),
    row("<kind> fault [comma list|none]", "switches faults on beside those that are on, none clears all, alone shows them"),
    ...devices.flatMap(helpOf),
    row("show", "the state of all devices"),
    row("help, quit", "this list; the end"),
  ].join("\n");
}

function fault({ kind, faults }: SimDevice, words: readonly string[]): LineReply {
  const [text, ...more] = words;
  if (more.length > 0) return refused(`written: ${kind} fault ${faultUsage(faults)}|none, with commas and without blanks`);
  const problem = text === undefined ? undefined : faults.set(text);
  return problem === undefined ? done(`faults of ${kind}: ${faults.shown}`, { faults: faults.shown }) : refused(problem);
}

function act({ hanging }: DeviceTable, device: SimDevice, words: readonly string[]): LineReply {
  const { kind, acts, place } = device;
  const [name = "", ...rest] = words;
  const found = acts.get(name);
  if (found === undefined) {
    const known = [...COMMANDS.keys(), "fault", ...acts.keys()];
    return refused(`${kind} knows no "${name.slice(0, 40)}"; it knows ${known.join(", ")}`);
  }
  if (found.needsDevice && !place.pluggedIn) return refused(`${kind} is unplugged: ${kind} plug`);
  if (found.needsDevice && hanging.has(device)) return refused(`${kind} hangs: ${kind} release`);
  const reply = found.run(rest);
  return reply.kind === "refused" ? refused(`${kind}: ${reply.reason}`) : reply;
}

async function deviceLine(table: DeviceTable, device: SimDevice, words: readonly string[]): Promise<LineReply> {
  const [name = "", ...rest] = words;
  const command = COMMANDS.get(name);
  if (command === undefined) return name === "fault" ? fault(device, rest) : act(table, device, words);
  if (rest.length > 0) return refused(`written: ${device.kind} ${name}`);
  try {
    return await command.run(table, device);
  } catch (error) {
    // A line that does not come back is news for the person at the table, and no reason to lose the others.
    if (isFault(error)) return refused(error.message);
    throw error;
  }
}

/** Carries out one control line. */
export async function runDeviceLine(table: DeviceTable, line: string): Promise<LineReply> {
  if (line.length > LINE_LENGTH_MAX) return refused(`a line has at most ${LINE_LENGTH_MAX} characters`);
  const [name = "", ...words] = line.trim().split(/\s+/);
  const device = table.devices.find(({ kind }) => kind === name);
  if (device !== undefined) return deviceLine(table, device, words);
  if (words.length === 0 && name === "quit") return { kind: "end" };
  if (words.length === 0 && name === "show") return done(tableText(table), tableFacts(table));
  if (words.length === 0 && name === "help") return done(deviceHelp(table), { commands: deviceHelp(table).split("\n") });
  return refused(`there is no line "${name.slice(0, 40)}"; help lists what there is`);
}
