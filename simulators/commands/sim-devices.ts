/*
 * Goal: every device of the terminal runs by itself, on the line that the terminal opens, and does what a person at the table tells it.
 * Method: each serial device hangs on a pseudo terminal in one folder, HID devices on nodes of their own, GPIO tools are programs in the
 * folder. Pulling a plug ends the pseudo terminal, hanging stops whoever serves it.
 */
import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { isFault } from "../../device/base/fault.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { OptionValues } from "../../device/system/command-line.ts";
import { hidrawObstacle } from "../hid/hidraw.ts";
import { PtyDevice } from "../line/pty.ts";
import type { DeviceLine, SimDevice, Table } from "./sim-device.ts";
import { makeDisplay, makePrinter, makeScannerHid, makeScannerLine } from "./sim-device-counter.ts";
import { makeGateDigicon, makeGateFe, makeGateGpio, makeGateRelay } from "./sim-device-gates.ts";
import { gpioFolderObstacle } from "./sim-device-gpio.ts";
import { makeKeypadHid } from "./sim-device-keypad.ts";
import { type DeviceKind, HID_KINDS } from "./sim-device-kinds.ts";
import { type DeviceTable, runDeviceLine, tableFacts, tableText } from "./sim-device-lines.ts";
import { type DeviceOptions, readDeviceOptions } from "./sim-device-options.ts";
import { makePad02h, makePad02hHid, makePadNewland } from "./sim-device-pads.ts";
import { type DeviceStep, playDeviceScenario, readDeviceScenario } from "./sim-device-scenario.ts";
import type { Parsed } from "./sim-faults.ts";
import { scenarioLine } from "./sim-scenario.ts";
import type { SimIo } from "./sim-stand.ts";

/** TEST ONLY. */
const TEST_PIN = "246813";
const EXIT_USAGE = 2;
const EXIT_FAILED = 1;
const NEEDS = "--devices needs socat (Debian: apt-get install socat)";

const MAKERS: Readonly<Record<DeviceKind, (table: Table) => SimDevice | Promise<SimDevice>>> = {
  "pad-02h": makePad02h,
  "pad-newland": makePadNewland,
  "scanner-line": makeScannerLine,
  "printer-escpos": makePrinter,
  "display-led8": makeDisplay,
  "gate-fe": makeGateFe,
  "gate-digicon": makeGateDigicon,
  "gate-relay": makeGateRelay,
  "gate-gpio": makeGateGpio,
  "pad-02h-hid": makePad02hHid,
  "scanner-hid": makeScannerHid,
  "keypad-hid": makeKeypadHid,
};

export interface DeviceRunParts {
  readonly suite: CipherSuite;
  readonly clock: Clock;
  /** Pseudo terminals, unless a test puts something else in their place. */
  readonly openLine?: (path: string) => DeviceLine;
  /** Why there are no HID nodes here. */
  readonly hidObstacle?: () => string | undefined;
}

/** One run of the command. */
interface Run {
  readonly options: DeviceOptions;
  readonly io: SimIo;
  readonly kinds: readonly DeviceKind[];
  readonly steps: readonly DeviceStep[];
  readonly parts: DeviceRunParts;
}

function isHid(kind: DeviceKind): boolean {
  return HID_KINDS.some((each) => each === kind);
}

/** The kinds that run here, or why one that was named does not. */
function runnable({ kinds, all }: DeviceOptions, io: SimIo, obstacle: () => string | undefined): readonly DeviceKind[] | string {
  const why = kinds.some(isHid) ? obstacle() : undefined;
  if (why === undefined) return kinds;
  const left = kinds.filter(isHid);
  if (!all) return left.map((kind) => `${kind} cannot run here: ${why}`).join("\n");
  io.complain(`left out: ${left.join(", ")}: ${why}`);
  return kinds.filter((kind) => !isHid(kind));
}

/** What lies where a device would appear and is not touched; a link that leads nowhere was left by another run. */
function inTheWay(folder: string, kind: DeviceKind): string | undefined {
  const path = join(folder, kind);
  if (kind === "gate-gpio") return gpioFolderObstacle(path);
  if (existsSync(path)) return `${path} is there already: another simulator, or something that is not a device's`;
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === false ? `${path} is there already` : undefined;
}

/** The folder of the devices, absolute because terminals open whole paths; or why there is none. */
function openFolder({ folder }: DeviceOptions, kinds: readonly DeviceKind[]): Parsed<string> {
  try {
    if (folder === undefined) return { ok: true, value: mkdtempSync(join(tmpdir(), "ykt-sim-")) };
    const path = resolve(folder);
    mkdirSync(path, { recursive: true });
    const obstacles = kinds.flatMap((kind) => inTheWay(path, kind) ?? []);
    return obstacles.length === 0 ? { ok: true, value: path } : { ok: false, reason: obstacles.join("\n") };
  } catch (error) {
    return { ok: false, reason: `the folder cannot be made: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function announce({ devices }: DeviceTable, { json }: DeviceOptions, io: SimIo): void {
  if (json) {
    const told = devices.map(({ kind, place, baudRate, configuration }) => ({
      kind,
      path: place.path,
      ...(baudRate === undefined ? {} : { baudRate }),
      configuration,
    }));
    io.print(JSON.stringify({ event: "ready", devices: told }));
    return;
  }
  const rows = devices.flatMap(({ kind, place, baudRate, configuration }) => [
    `  ${kind.padEnd(16)} ${place.path}${baudRate === undefined ? "" : `   ${baudRate} baud`}`,
    `  ${"".padEnd(16)} "devices": ${JSON.stringify(configuration)}`,
  ]);
  io.print(
    [
      `${devices.length} simulated devices; below each what a terminal's configuration says of it:`,
      ...rows,
      "help lists the control lines; Ctrl-C, quit or the end of the input ends it.",
    ].join("\n"),
  );
}

async function serve(table: DeviceTable, { json }: DeviceOptions, io: SimIo): Promise<void> {
  for await (const line of io.lines) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const reply = await runDeviceLine(table, line);
    if (reply.kind === "end") return;
    if (json) io.print(JSON.stringify(reply.kind === "done" ? { ok: true, ...reply.facts } : { ok: false, reason: reply.reason }));
    else io.print(reply.kind === "done" ? reply.text : `refused: ${reply.reason}`);
  }
}

async function putUp(kinds: readonly DeviceKind[], table: Table, devices: SimDevice[]): Promise<void> {
  for (const kind of kinds) {
    const device = await MAKERS[kind](table);
    devices.push(device);
    await device.place.plugIn();
  }
}

/** Serves control lines until they end, and plays the scenario meanwhile. */
async function play(table: DeviceTable, { options, io, steps, parts }: Run): Promise<void> {
  const over = new AbortController();
  const played = playDeviceScenario({
    clock: parts.clock,
    steps,
    signal: over.signal,
    run: (line) => runDeviceLine(table, line),
    report: (report) => io.print(scenarioLine(report, options.json)),
  });
  try {
    await serve(table, options, io);
  } finally {
    over.abort();
    await played;
  }
}

/** Puts the devices up and serves control lines until they end. Resolves with the exit code. */
async function runTable(folder: string, run: Run): Promise<number> {
  const { options, io, kinds, parts } = run;
  const { suite, clock, openLine = (path) => new PtyDevice(path) } = parts;
  const devices: SimDevice[] = [];
  const table: DeviceTable = { devices, hanging: new Set() };
  try {
    await putUp(kinds, { suite, clock, folder, pin: options.pin ?? TEST_PIN, openLine }, devices);
    announce(table, options, io);
    await play(table, run);
    if (options.json) io.print(JSON.stringify({ event: "end", ...tableFacts(table) }));
    else io.print(tableText(table));
    return 0;
  } catch (error) {
    if (!isFault(error)) throw error;
    io.complain(`cannot put the devices up: ${error.message}. ${NEEDS}`);
    return EXIT_FAILED;
  } finally {
    for (const { place } of devices) await place.close();
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** `sim --devices` with its doors passed in. Resolves with the exit code. */
export async function runDevicesMode(values: OptionValues, io: SimIo, parts: DeviceRunParts): Promise<number> {
  const options = readDeviceOptions(values);
  if (typeof options === "string") {
    io.complain(options);
    return EXIT_USAGE;
  }
  const kinds = runnable(options, io, parts.hidObstacle ?? hidrawObstacle);
  if (typeof kinds === "string") {
    io.complain(kinds);
    return EXIT_FAILED;
  }
  const { scenarioFile } = options;
  const scenario: Parsed<readonly DeviceStep[]> = scenarioFile === undefined ? { ok: true, value: [] } : readDeviceScenario(scenarioFile, kinds);
  if (!scenario.ok) {
    io.complain(scenario.reason);
    return EXIT_USAGE;
  }
  const folder = openFolder(options, kinds);
  if (!folder.ok) {
    io.complain(folder.reason);
    return EXIT_USAGE;
  }
  return runTable(folder.value, { options, io, kinds, steps: scenario.value, parts });
}
