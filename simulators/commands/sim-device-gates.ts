/* Gates of `sim --devices`, with whoever stands in front of them. */
import { join } from "node:path";
import { SimulatedDigiconBoard } from "../gate/digicon-board.ts";
import { SimulatedFeBoard } from "../gate/fe-board.ts";
import { FireLoop } from "../gate/fire-loop.ts";
import { type RelayFaults, SimulatedRelayBoard } from "../gate/relay-board.ts";
import type { Walk, Walker } from "../gate/walker.ts";
import { type LineFaults, NO_LINE_FAULTS } from "../line/far-end.ts";
import { type DeviceAct, done, refused, type SimDevice, type Table } from "./sim-device.ts";
import { faultSwitches, lineSwitches, lineWords, numbered, switched } from "./sim-device-faults.ts";
import { GPIO_LABEL, type GpioFaults, NO_GPIO_FAULTS, SimulatedGpioPrograms } from "./sim-device-gpio.ts";
import { linePlace } from "./sim-device-places.ts";

const FE_BAUD = 9_600;
const DIGICON_BAUD = 115_200;
const RELAY_BAUD = 9_600;
/** From the opening to the walk. */
const WALK_AFTER_MS = 800;
/** How long a board that keeps the time itself waits for somebody. */
const BOARD_PASSAGE_MS = 5_000;
const WALKS: readonly Walk[] = ["passes", "stays", "turns-back"];
const LATE_MS_MAX = 600_000;
const COILS = 8;
/** The input of the relay board that sees the fire loop. */
const FIRE_INPUT = 7;
const GPIO_LINES = { entry: 17, exit: 27 } as const;
/** Passages that are shown, the newest last. */
const SHOWN_MAX = 20;

/** A fault of a gate that says once that it cannot. */
interface Refusing {
  readonly refuseNext: boolean;
}

const REFUSAL = ["refusal", switched<Refusing>("refusal", "the next command to open is refused, once", { refuseNext: true })] as const;

function walkerAct(walker: Walker): DeviceAct {
  const usage = `walker ${WALKS.join("|")}`;
  return {
    usage,
    meaning: "what somebody does in front of the open gate from now on",
    needsDevice: false,
    run: ([word, ...more]) => {
      const walk = WALKS.find((each) => each === word);
      if (walk === undefined || more.length > 0) return refused(`written: ${usage}`);
      walker.walk = walk;
      return done(`the walker ${walk}`);
    },
  };
}

/** The fire loop through which the lock has its current. */
function fireAct(loop: FireLoop): DeviceAct {
  const usage = "fire on|off";
  return {
    usage,
    meaning: "the fire loop opens, and the lock with it whatever the line says; or it closes again",
    needsDevice: false,
    run: ([word = "", ...more]) => {
      if (!["on", "off"].includes(word) || more.length > 0) return refused(`written: ${usage}`);
      loop.set(word === "on");
      return done(loop.isOpen ? "the fire loop is open: so is the gate" : "the fire loop is closed");
    },
  };
}

/** Somebody passes a way that nobody opened. */
function freeAct<Way extends string>(ways: readonly Way[], pass: (way: Way) => void): DeviceAct {
  const usage = `free ${ways.join("|")}`;
  return {
    usage,
    meaning: "somebody passes that way although nobody opened it",
    needsDevice: true,
    run: ([word, ...more]) => {
      const way = ways.find((each) => each === word);
      if (way === undefined || more.length > 0) return refused(`written: ${usage}`);
      pass(way);
      return done(`somebody passes ${way}`);
    },
  };
}

export function makeGateFe({ clock, folder, openLine }: Table): SimDevice {
  const walker: Walker = { walk: "passes", afterMs: WALK_AFTER_MS };
  const board = new SimulatedFeBoard({ clock, walker, settings: { feStatusQuery: "off", boardPassageMs: BOARD_PASSAGE_MS } });
  const path = join(folder, "gate-fe");
  return {
    kind: "gate-fe",
    place: linePlace(openLine(path), (end) => board.attach(end)),
    baudRate: FE_BAUD,
    configuration: { gate: { adapter: "gateFe", port: { path, baudRate: FE_BAUD }, boardPassageMs: BOARD_PASSAGE_MS } },
    faults: lineSwitches((faults) => board.setFaults(faults)),
    acts: new Map([
      ["walker", walkerAct(walker)],
      ["free", freeAct(["A", "B"], (side) => board.passFreely(side))],
      ["fire", fireAct(board.fireLoop)],
    ]),
    facts: () => ({ isOpen: board.isOpen, openedCount: board.opened.length, opened: board.opened.slice(-SHOWN_MAX), walker: walker.walk }),
  };
}

export function makeGateDigicon({ clock, folder, openLine }: Table): SimDevice {
  const walker: Walker = { walk: "passes", afterMs: WALK_AFTER_MS };
  const board = new SimulatedDigiconBoard({ clock, walker, settings: { digiconDirection: "right-to-left" } });
  const path = join(folder, "gate-digicon");
  return {
    kind: "gate-digicon",
    place: linePlace(openLine(path), (end) => board.attach(end)),
    baudRate: DIGICON_BAUD,
    configuration: { gate: { adapter: "gateDigicon", port: { path, baudRate: DIGICON_BAUD } } },
    faults: faultSwitches<LineFaults & Refusing>({
      words: lineWords<LineFaults & Refusing>([REFUSAL]),
      none: { ...NO_LINE_FAULTS, refuseNext: false },
      once: ["refusal"],
      apply: ({ refuseNext = false, ...faults }) => {
        board.setFaults(faults);
        if (refuseNext) board.refuseNext();
      },
    }),
    acts: new Map([
      ["walker", walkerAct(walker)],
      ["free", freeAct(["right-to-left", "left-to-right"], (way) => board.passFreely(way))],
      ["fire", fireAct(board.fireLoop)],
    ]),
    facts: () => ({ isOpen: board.isOpen, openedCount: board.opened.length, opened: board.opened.slice(-SHOWN_MAX), walker: walker.walk }),
  };
}

function leaveOnAct(board: SimulatedRelayBoard): DeviceAct {
  const usage = `leave-on <coil, 0 to ${COILS - 1}>`;
  return {
    usage,
    meaning: "that coil is on, as after a process that died",
    needsDevice: false,
    run: ([word = "", ...more]) => {
      if (!/^[0-7]$/.test(word) || more.length > 0) return refused(`written: ${usage}`);
      board.leaveOn(Number(word));
      return done(`coil ${word} is on`);
    },
  };
}

export function makeGateRelay({ clock, folder, openLine }: Table): SimDevice {
  const board = new SimulatedRelayBoard({ clock, settings: { unit: 1, relayFlash: "waveshare0200", fireInput: FIRE_INPUT } });
  const path = join(folder, "gate-relay");
  return {
    kind: "gate-relay",
    place: linePlace(openLine(path), (end) => board.attach(end)),
    baudRate: RELAY_BAUD,
    configuration: { gate: { adapter: "gateRelay", port: { path, baudRate: RELAY_BAUD }, fireInput: FIRE_INPUT } },
    faults: faultSwitches<RelayFaults & Refusing>({
      words: lineWords<RelayFaults & Refusing>([
        ["pulse-sticks", switched<RelayFaults & Refusing>("pulse-sticks", "a timed pulse never ends", { pulseSticks: true })],
        REFUSAL,
      ]),
      none: { ...NO_LINE_FAULTS, pulseSticks: false, refuseNext: false },
      once: ["refusal"],
      apply: ({ refuseNext = false, ...faults }) => {
        board.setFaults(faults);
        if (refuseNext) board.refuseNext();
      },
    }),
    acts: new Map([
      ["leave-on", leaveOnAct(board)],
      ["fire", fireAct(board.fireLoop)],
    ]),
    facts: () => ({ isOpen: board.isOpen, switchedOnCount: board.switchedOn.length, switchedOn: board.switchedOn.slice(-SHOWN_MAX) }),
  };
}

export function makeGateGpio({ folder }: Table): SimDevice {
  const path = join(folder, "gate-gpio");
  const tools = new SimulatedGpioPrograms(path, "v2");
  const fireLoop = new FireLoop();
  let pluggedIn = false;
  const set = (present: boolean) => {
    pluggedIn = present;
    tools.setPresent(present);
    if (!present) tools.setHanging(false);
    return Promise.resolve();
  };
  return {
    kind: "gate-gpio",
    place: {
      path,
      get pluggedIn() {
        return pluggedIn;
      },
      plugIn: () => set(true),
      unplug: () => set(false),
      hold: () => tools.setHanging(true),
      release: () => tools.setHanging(false),
      close: async () => {
        await set(false);
        tools.remove();
      },
    },
    baudRate: undefined,
    configuration: { gate: { adapter: "gateGpio", chipLabels: [GPIO_LABEL], lines: GPIO_LINES, programs: tools.programs } },
    faults: faultSwitches<GpioFaults & Refusing>({
      words: new Map([
        [
          "late",
          numbered<GpioFaults & Refusing>({ usage: "late=<ms>", meaning: "each tool takes so much longer", max: LATE_MS_MAX }, (lateMs) => ({ lateMs })),
        ],
        ["garbled", switched<GpioFaults & Refusing>("garbled", "the list of chips is spoiled", { garbled: true })],
        REFUSAL,
      ]),
      none: { ...NO_GPIO_FAULTS, refuseNext: false },
      once: ["refusal"],
      apply: ({ refuseNext = false, ...faults }) => {
        tools.setFaults(faults);
        if (refuseNext) tools.refuseNext();
      },
    }),
    acts: new Map([["fire", fireAct(fireLoop)]]),
    facts: () => ({
      isOpen: fireLoop.isOpen || tools.holder !== undefined,
      levels: tools.levels.slice(-SHOWN_MAX).map(({ line, level }) => ({ line, level })),
    }),
  };
}
