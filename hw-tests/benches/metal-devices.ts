/* Benches of metal devices: opened as a terminal opens them, and served by a hand. What only a simulator could do or tell is left out. */
import { assert } from "../../device/base/assert.ts";
import { equalBytes, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { SILENT } from "../../device/base/log.ts";
import type { Role, Roles } from "../../device/drivers/adapter.ts";
import { type HolderPlan, limits, type PinPadBench, type WalkerPlan } from "../../device/drivers/contract/bench.ts";
import type { DisplayDesk, GateDesk, KeypadDesk, PrinterDesk, ScannerDesk } from "../../device/drivers/contract/desk.ts";
import type { ByteLine, ReportLine } from "../../device/drivers/framing/lines.ts";
import { openLines } from "../../device/drivers/lines.ts";
import type { Gate, PassageDirection } from "../../device/drivers/peripherals.ts";
import type { PinPad } from "../../device/drivers/ports.ts";
import { openRole } from "../../device/drivers/roles.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import type { Desk } from "./metal.ts";
import type { HandAct, HandSight } from "./metal-hand.ts";
import { PRESSES } from "./metal-readers.ts";

const THERE_MS = 10_000;
const LOOK_MS = 10;
const ANSWER_MS = 5_000;
const KEY_LOAD_MS = 10_000;
/** Longer than any pad waits for its holder. */
const ENTRY_MS = 300_000;
const PASSAGE_MS = 30_000;
const clock = systemClock();

interface Opened<Served extends Role> {
  readonly device: Roles[Served];
  /** Plug and unplug, where the hand can. */
  readonly plug: { unplug?(): Promise<void>; plugIn?(): Promise<void> };
  readonly close: () => Promise<void>;
}

async function openOnDesk<Served extends Role>({ file, hand }: Desk, role: Served): Promise<Opened<Served>> {
  const settings = file.devices[role];
  assert(settings !== undefined, "the bench file names the device");
  const machine = { clock, processes: systemProcesses(), log: SILENT };
  const real = openLines(machine);
  const lines: (ByteLine | ReportLine)[] = [];
  const keep = <Line extends ByteLine | ReportLine>(line: Line): Line => {
    lines.push(line);
    return line;
  };
  const device = openRole(role, settings, { ...machine, lines: { serial: (port) => keep(real.serial(port)), hid: (found) => keep(real.hid(found)) } });
  const untilThere = () => Promise.all(lines.map((line) => line.untilOpen(limits(THERE_MS))));
  try {
    await untilThere();
  } catch (fault) {
    await device.close();
    throw fault;
  }
  const unplug = async () => {
    await hand.does("unplug", role);
    for (let waitedMs = 0; lines.some(({ state }) => state === "open"); waitedMs += LOOK_MS) {
      assert(waitedMs < THERE_MS, "the system notices that the plug was pulled");
      await clock.sleep(LOOK_MS);
    }
  };
  const plugIn = async () => {
    await hand.does("plug-in", role);
    await untilThere();
  };
  return { device, plug: file.unplugs.includes(role) ? { unplug, plugIn } : {}, close: () => device.close() };
}

function look({ file, hand }: Desk, what: "gate" | "paper" | "display"): ((sight: HandSight, detail?: string) => Promise<boolean>) | undefined {
  const sees = file.sees ?? (file.hand === "person" ? ["gate", "paper", "display"] : []);
  return sees.includes(what) ? (sight, detail) => hand.sees(sight, detail) : undefined;
}

const WALKS: Readonly<Record<WalkerPlan, HandAct>> = { passes: "pass", stays: "stay", "turns-back": "turn-back" };

export async function metalGateBench(desk: Desk): Promise<GateDesk> {
  const { device, plug, close } = await openOnDesk(desk, "gate");
  const { passageTimeoutMs = PASSAGE_MS, tellsReversal = false } = desk.file.gate ?? {};
  const sees = look(desk, "gate");
  let planned: { readonly walk: WalkerPlan; readonly direction?: PassageDirection } | undefined;
  let ready: Promise<void> = Promise.resolve();
  const open: Gate["open"] = async (...words) => {
    // The hand gets ready once for each plan; a second caller waits for it too, and comes second.
    if (planned !== undefined) ready = desk.hand.does(WALKS[planned.walk], planned.direction ?? words[0]);
    planned = undefined;
    await ready;
    return device.open(...words);
  };
  return {
    gate: { name: device.name, reportsPassage: device.reportsPassage, open, health: (bounds) => device.health(bounds), close: () => device.close() },
    clock,
    passageTimeoutMs,
    answerLimits: limits(ANSWER_MS + passageTimeoutMs),
    tellsReversal,
    run: (work) => work,
    plan: (walk, direction) => {
      planned = direction === undefined ? { walk } : { walk, direction };
    },
    ...(sees === undefined ? {} : { seesOpen: () => sees("gate-open") }),
    ...plug,
    close,
  };
}

export async function metalPrinterBench(desk: Desk): Promise<PrinterDesk> {
  const { device, plug, close } = await openOnDesk(desk, "printer");
  const { mishaps = [] } = desk.file.printer ?? {};
  const sees = look(desk, "paper");
  let isRight = true;
  const repair = async () => {
    if (!isRight) await desk.hand.does("repair");
    isRight = true;
  };
  const befall = async (mishap: HandAct) => {
    isRight = false;
    await desk.hand.does(mishap);
  };
  return {
    printer: device,
    clock,
    run: (work) => work,
    befalls: mishaps,
    ...(mishaps.length === 0 ? {} : { befall: (mishap) => befall(mishap as HandAct), repair }),
    ...(sees === undefined ? {} : { seesPaper: (lines) => sees("paper", lines.join("\n")) }),
    ...plug,
    close: async () => {
      await close();
      await repair();
    },
  };
}

export async function metalDisplayBench(desk: Desk): Promise<DisplayDesk> {
  const { device, plug, close } = await openOnDesk(desk, "display");
  const sees = look(desk, "display");
  return {
    display: device,
    clock,
    run: (work) => work,
    ...(sees === undefined ? {} : { seesShown: ({ text, lamp }) => sees("display", `${text === "" ? "nothing" : text}, lamp: ${lamp}`) }),
    ...plug,
    close,
  };
}

export async function metalScannerBench(desk: Desk): Promise<ScannerDesk> {
  const { device, plug, close } = await openOnDesk(desk, "scanner");
  const { codes, symbology } = desk.file.scanner ?? {};
  return {
    scanner: device,
    clock,
    symbology,
    handMs: desk.hand.handMs,
    run: (work) => work,
    scan: (code) => desk.hand.does("scan", toHex(code)),
    ...(codes === undefined ? {} : { codes: codes.map((code) => ("hex" in code ? fromHex(code.hex) : utf8(code.text))) }),
    ...plug,
    close,
  };
}

export async function metalKeypadBench(desk: Desk): Promise<KeypadDesk> {
  const { device, plug, close } = await openOnDesk(desk, "keypad");
  return { keypad: device, clock, handMs: desk.hand.handMs, run: (work) => work, press: (keys) => desk.hand.does("press-keys", keys), ...plug, close };
}

export async function metalPinPadBench(desk: Desk): Promise<PinPadBench> {
  const { hand, file } = desk;
  const keys = file.pinPad;
  const settings = file.devices.pinPad;
  assert(keys !== undefined && settings !== undefined, "the bench file names the pad and its test key");
  const { device, plug, close } = await openOnDesk(desk, "pinPad");
  const algorithm = settings.adapter === "padNewland" ? "3des" : settings.algorithm;
  const checkValue = keys.checkValueHex === undefined ? {} : { checkValue: fromHex(keys.checkValueHex) };
  try {
    await device.loadWorkKey({ place: settings.pinKey, algorithm, wrapped: fromHex(keys.wrappedKeyHex), ...checkValue }, limits(KEY_LOAD_MS));
  } catch (fault) {
    await close();
    throw fault;
  }
  let acts: readonly HolderPlan[] = [];
  const requestPinBlock: PinPad["requestPinBlock"] = async (request, bounds) => {
    const [act, ...rest] = acts;
    if (rest.length > 0) acts = rest;
    if (act !== undefined) await hand.does(PRESSES[act]);
    return device.requestPinBlock(request, bounds);
  };
  return {
    pad: { requestPinBlock, close: () => device.close() },
    entryLimits: limits(ENTRY_MS),
    run: (work) => work,
    plan: (planned) => {
      acts = planned;
    },
    isRightBlock: (block) => equalBytes(block, fromHex(keys.rightBlockHex)),
    ...plug,
    close,
  };
}
