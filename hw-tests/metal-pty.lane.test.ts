/*
 * Goal: the way from a bench file to the suites is whole: on a desk that works every case passes or is left out, and a device that is broken fails.
 * Method: simulated devices on pseudo terminals stand for metal. The hand is a program of its own, as a robot's would be, and the command is the
 * one that people type.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromHex, toHex } from "../device/base/bytes.ts";
import { openCipherSuite } from "../device/crypto/suite.ts";
import { systemClock } from "../device/system/clock.ts";
import { encryptBlocks } from "../simulators/crypto/blocks.ts";
import { SimulatedLed8 } from "../simulators/display/led8.ts";
import { SimulatedFeBoard } from "../simulators/gate/fe-board.ts";
import type { Walk, Walker } from "../simulators/gate/walker.ts";
import { PtyDevice } from "../simulators/line/pty.ts";
import { type HolderAct, ScriptedHolder } from "../simulators/pinpad/holder.ts";
import { SimulatedPad02h } from "../simulators/pinpad/pad-02h.ts";
import { clearPinBlock } from "../simulators/pinpad/pin-pad.ts";
import { NO_PRINTER_FAULTS, type PrinterFaults, SimulatedPrinter } from "../simulators/printer/escpos-printer.ts";
import { SimulatedLineScanner } from "../simulators/scanner/line-scanner.ts";
import { type RobotWords, RUN_LIMIT_MS, runHwTest, runHwTestOnScreen, startRobot } from "./benches/metal-robot.ts";

/** Long enough for a robot to look at the gate and pull its plug, on a machine that has other things to do. */
const BOARD_MS = 1_000;
const BROKEN_BOARD_MS = 200;
/** The four suites of the desk that works have so many that it can do. */
const CASES_MIN = 30;
const DISPLAY_CASES_MIN = 10;
const SUITE = openCipherSuite();
/** TEST ONLY. */
const MASTER = fromHex("0123456789ABCDEFFEDCBA9876543210");
const WORK = fromHex("1111111111111111222222222222222A");
const RIGHT = "246813";
const clock = systemClock();

interface StoodDevice {
  readonly path: string;
  readonly words: RobotWords;
  unplug(): Promise<void>;
  plugIn(): Promise<void>;
}

let folder = "";
let undo: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ykt-metal-"));
  undo = [];
});

afterEach(async () => {
  for (const step of undo.toReversed()) await step();
  rmSync(folder, { recursive: true, force: true });
});

async function stand(name: string, attach: (line: PtyDevice) => void, words: RobotWords): Promise<StoodDevice> {
  const line = new PtyDevice(join(folder, name));
  const plugIn = async () => {
    await line.plugIn();
    attach(line);
  };
  await plugIn();
  undo.push(() => line.unplug());
  return { path: line.path, words, unplug: () => line.unplug(), plugIn };
}

/** A gate whose walkers do as the robot is told, or never come. */
function standGate({ deserted = false }: { readonly deserted?: boolean } = {}): Promise<StoodDevice> {
  const walker: Walker = { walk: "stays", afterMs: 30 };
  const board = new SimulatedFeBoard({ clock, walker, settings: { feStatusQuery: "off", boardPassageMs: deserted ? BROKEN_BOARD_MS : BOARD_MS } });
  const walks = (walk: Walk) => () => {
    walker.walk = deserted ? "stays" : walk;
  };
  return stand("gate", (line) => board.attach(line), {
    pass: walks("passes"),
    stay: walks("stays"),
    "turn-back": walks("turns-back"),
    "gate-open": () => board.isOpen,
  });
}

function standPrinter(): Promise<StoodDevice> {
  const printer = new SimulatedPrinter({ clock });
  let seen = 0;
  const befalls = (faults: Partial<PrinterFaults>) => () => printer.setFaults(faults);
  return stand("printer", (line) => printer.attach(line), {
    "paper-end": befalls({ paperLines: 0 }),
    "cover-open": befalls({ coverOpen: true }),
    repair: befalls(NO_PRINTER_FAULTS),
    paper: (detail) => {
      const fresh = printer.paper.lines.slice(seen);
      seen = printer.paper.lines.length;
      return detail.split("\n").every((line) => fresh.some((printed) => printed.includes(line)));
    },
  });
}

function standDisplay(): Promise<StoodDevice> {
  const display = new SimulatedLed8();
  return stand("display", (line) => display.attach(line), {
    display: (detail) => detail === `${display.shown.text === "" ? "nothing" : display.shown.text}, lamp: ${display.shown.lamp}`,
  });
}

function standScanner(): Promise<StoodDevice> {
  const scanner = new SimulatedLineScanner({ clock, settings: { end: "\r\n", identifier: "not-sent" } });
  return stand("scanner", (line) => scanner.attach(line), { scan: (detail) => scanner.scan(fromHex(detail), "]Q1") });
}

function standPad(): Promise<StoodDevice> {
  const holder = new ScriptedHolder([{ kind: "walks-away" }]);
  const pad = new SimulatedPad02h({ clock, suite: SUITE, holder, keyMs: 20 });
  const holds = (act: HolderAct) => () => holder.plan([act]);
  return stand("pad", (line) => pad.attach(line), {
    "press-right-pin": holds({ kind: "enters", digits: RIGHT }),
    "press-wrong-pin": holds({ kind: "enters", digits: "135790" }),
    "press-cancel": holds({ kind: "cancels" }),
    "press-nothing": holds({ kind: "walks-away" }),
  });
}

/** The program that is the hand of these devices. */
async function hand(devices: Readonly<Record<string, StoodDevice>>): Promise<string> {
  const { program, close } = await startRobot(folder, {
    ...Object.fromEntries(Object.values(devices).flatMap(({ words }) => Object.entries(words))),
    unplug: (detail) => devices[detail]?.unplug(),
    "plug-in": (detail) => devices[detail]?.plugIn(),
  });
  undo.push(close);
  return program;
}

describe("hw-test", () => {
  it(
    "runs the suites of exactly what the bench file names, and all is well on a desk that works",
    async () => {
      const devices = {
        gate: await standGate(),
        printer: await standPrinter(),
        scanner: await standScanner(),
        pinPad: await standPad(),
      };
      const ended = await runHwTest(folder, {
        name: "robot desk",
        hand: await hand(devices),
        sees: ["gate", "paper"],
        unplugs: ["gate", "printer", "pinPad"],
        devices: {
          gate: { adapter: "gateFe", port: { path: devices.gate.path } },
          printer: { adapter: "printerEscPos", port: { path: devices.printer.path } },
          scanner: { adapter: "scannerLine", port: { path: devices.scanner.path } },
          pinPad: { adapter: "pad02h", port: { path: devices.pinPad.path }, entrySeconds: 1 },
        },
        gate: { passageTimeoutMs: 2_500 },
        printer: { mishaps: ["paper-end", "cover-open"] },
        scanner: { codes: [{ text: "69012345678901234567" }, { hex: "1d30310690123456789012" }] },
        pinPad: {
          wrappedKeyHex: toHex(encryptBlocks(SUITE, "3des", MASTER, WORK)),
          rightBlockHex: toHex(encryptBlocks(SUITE, "3des", WORK, clearPinBlock(RIGHT, fromHex("123456789012"), 8))),
        },
      });
      expect(ended.failures).toEqual([]);
      expect([ended.code, ended.error]).toEqual([0, ""]);
      expect(ended.lastLine).toMatch(/^\d+ passed, 0 failed$/);
      const passed = [
        "gate contract: robot desk > lost in the middle it says that nobody knows, and is shut when it is back without being asked",
        "printer contract: robot desk > prints what the slip says",
        "scanner contract: robot desk > gives codes of every kind, in order",
        "PIN pad contract: robot desk > gives an encrypted block and the check value of its key",
      ];
      for (const name of passed) expect(ended.out).toMatch(new RegExp(`✓ .*${name}`));
      for (const kind of ["display", "card reader", "PIN at the reader", "security module"]) expect(ended.out).toContain(`${kind}: not named in`);
      expect(ended.out).toMatch(/left out: .*printer contract: robot desk waits for a printer that is slow/);
      expect(Number(ended.lastLine.split(" ")[0])).toBeGreaterThanOrEqual(CASES_MIN);
    },
    RUN_LIMIT_MS,
  );

  it(
    "asks a person on the screen, and takes the answers",
    async () => {
      const display = await standDisplay();
      const file = {
        name: "person desk",
        hand: "person",
        unplugs: ["display"],
        devices: { display: { adapter: "displayLed8", port: { path: display.path } } },
      };
      const asked: string[] = [];
      const { code, lastLine } = await runHwTestOnScreen(folder, file, async (question) => {
        asked.push(question);
        if (question.startsWith("pull the plug of the display")) await display.unplug();
        if (question.startsWith("put the plug of the display back in")) await display.plugIn();
        const wanted = /does the display show (.*)\?/.exec(question)?.[1];
        if (wanted === undefined) return "";
        return display.words["display"]?.(wanted) === true ? "y" : "n";
      });
      expect([code, lastLine.replace(/^\d+/, "N")]).toEqual([0, "N passed, 0 failed"]);
      // Nobody is spared a question: every case of the suite that can be run by hand was run.
      expect(Number(lastLine.split(" ")[0])).toBeGreaterThanOrEqual(DISPLAY_CASES_MIN);
      expect(asked).toContain("pull the plug of the display; press Enter when you are done or ready ");
      expect(asked).toContain("does the display show 999999.99, lamp: total? (y or n) ");
    },
    RUN_LIMIT_MS,
  );

  it(
    "fails on a gate that nobody passes although the hand does",
    async () => {
      const gate = await standGate({ deserted: true });
      const devices = { gate: { adapter: "gateFe", port: { path: gate.path } } };
      const ended = await runHwTest(folder, { name: "broken desk", hand: await hand({ gate }), devices, gate: { passageTimeoutMs: 1_000 } });
      expect(ended.code).toBe(1);
      expect(ended.lastLine).toMatch(/^\d+ passed, [1-9]\d* failed$/);
      expect(ended.out).toContain("lets one pass: entry");
    },
    RUN_LIMIT_MS,
  );

  it.each([
    ["a key that nobody knows", { name: "desk", hand: "person", device: {} }, "Unrecognized key"],
    ["a hand that is not there", { name: "desk", hand: "./nobody", devices: { gate: { adapter: "gateFe", port: { path: "/dev/null" } } } }, "is no program"],
  ])(
    "starts nothing for %s",
    async (_what, file, why) => {
      const { code, out, error } = await runHwTest(folder, file);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(error).toContain(why);
    },
    RUN_LIMIT_MS,
  );

  it(
    "moves nothing without HW=1",
    async () => {
      expect(await runHwTest(folder, { name: "desk", hand: "person" }, {})).toMatchObject({
        code: 2,
        out: "",
        error: "hw-test moves real devices: start it with HW=1 on the machine that they are plugged into\n",
      });
    },
    RUN_LIMIT_MS,
  );
});
