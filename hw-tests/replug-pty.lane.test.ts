/* Every device on a serial line, and the gate on GPIO lines, whose tools are programs: unplugged and plugged in again and again. */
import { expect } from "vitest";
import { fromHex, utf8 } from "../device/base/bytes.ts";
import { fen } from "../device/base/fen.ts";
import { type GateBench, limits, type PinPadBench } from "../device/drivers/contract/bench.ts";
import { displayBench } from "../device/drivers/display-led8/testing.ts";
import { DEFAULT_DIGICON_PROFILE, DIGICON_BAUD } from "../device/drivers/gate-digicon/gate.ts";
import { digiconBench } from "../device/drivers/gate-digicon/testing.ts";
import { DEFAULT_FE_PROFILE } from "../device/drivers/gate-fe/gate.ts";
import { feBench } from "../device/drivers/gate-fe/testing.ts";
import { gpioProgramBench } from "../device/drivers/gate-gpio/testing.ts";
import { DEFAULT_RELAY_PROFILE, RELAY_BAUD } from "../device/drivers/gate-relay/gate.ts";
import { relayBench } from "../device/drivers/gate-relay/testing.ts";
import { DEFAULT_PAD_PROFILE } from "../device/drivers/pad-02h/pad.ts";
import { padBench } from "../device/drivers/pad-02h/testing.ts";
import { DEFAULT_NEWLAND_PROFILE } from "../device/drivers/pad-newland/pad.ts";
import { newlandBench } from "../device/drivers/pad-newland/testing.ts";
import { printerBench } from "../device/drivers/printer-escpos/testing.ts";
import { lineScannerBench } from "../device/drivers/scanner-line/testing.ts";
import { ttyStand } from "../simulators/line/testing.ts";
import { type ReplugBench, type ReplugKind, replugSuite } from "./benches/replug.ts";

const BAUD_RATE = 9_600;
const EXCHANGE = limits(2_000);
const SHOWN_LOOK_MS = 2;

/** What every bench has for its plug. */
interface Plug {
  unplug?(): Promise<void>;
  plugIn?(): Promise<void>;
  close(): Promise<void>;
}

function withPlug(bench: Plug, serve: ReplugBench["serve"]): ReplugBench {
  return {
    unplug: async () => bench.unplug?.(),
    plugIn: async () => bench.plugIn?.(),
    serve,
    close: () => bench.close(),
  };
}

function padKind(under: PinPadBench): ReplugBench {
  return withPlug(under, async () => {
    under.plan(["right"]);
    const answer = await under.pad.requestPinBlock({ accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 }, EXCHANGE);
    expect(answer.kind === "entered" && under.isRightBlock(answer.block)).toBe(true);
  });
}

/** A gate lets somebody through, or its pulse is over; the board has been opened once more. */
function gateKind(under: GateBench): ReplugBench {
  under.plan("passes");
  let opened = 0;
  return withPlug(under, async () => {
    expect(await under.gate.health(EXCHANGE)).toEqual({ kind: "well" });
    const [passageTimeoutMs, expected] = under.gate.reportsPassage ? [500, "passed"] : [50, "timeout"];
    expect(await under.gate.open("entry", { passageTimeoutMs }, under.answerLimits)).toBe(expected);
    opened += 1;
    expect(under.opened()).toHaveLength(opened);
  });
}

/** By turns the chip is gone, or the tools themselves. */
function gpioKind(): ReplugBench {
  const under = gpioProgramBench({ gpioTool: "v2" }, "v2");
  const gate = gateKind(under);
  let losses = 0;
  const losesTools = () => losses % 2 === 0;
  return {
    ...gate,
    // Each look at the chips is a program that is started: the opening has one of its own.
    serve: async () => expect(await under.gate.open("entry", { passageTimeoutMs: 50 }, EXCHANGE)).toBe("timeout"),
    unplug: async () => {
      losses += 1;
      if (losesTools()) under.setInstalled(false);
      else await gate.unplug();
      expect(await under.gate.health(EXCHANGE)).toEqual({ kind: "away" });
    },
    plugIn: async () => {
      if (losesTools()) under.setInstalled(true);
      else await gate.plugIn();
    },
  };
}

async function printerKind(): Promise<ReplugBench> {
  const under = printerBench(await ttyStand(BAUD_RATE));
  return withPlug(under, async (round) => {
    expect(await under.printer.print([{ kind: "text", text: `第${round}张` }], EXCHANGE)).toEqual({ kind: "printed" });
    expect([under.lines().at(-1), under.mistakes()]).toEqual([`第${round}张`, []]);
  });
}

/** The display answers nothing: what a customer reads is its answer. */
async function displayKind(): Promise<ReplugBench> {
  const under = displayBench(await ttyStand(2_400));
  return withPlug(under, async (round) => {
    await under.display.show("total", fen(round), EXCHANGE);
    const text = (round / 100).toFixed(2);
    for (let waitedMs = 0; under.shown().text !== text && waitedMs < EXCHANGE.timeoutMs; waitedMs += SHOWN_LOOK_MS) await under.clock.sleep(SHOWN_LOOK_MS);
    expect([under.shown(), under.mistakes()]).toEqual([{ text, lamp: "total" }, []]);
  });
}

async function scannerKind(): Promise<ReplugBench> {
  const under = lineScannerBench(await ttyStand(115_200), { end: "\r\n", identifier: "sent" });
  const session = under.scanner.openSession();
  return withPlug(under, async (round) => {
    under.scan(utf8(`round ${round}`));
    expect((await session.next(EXCHANGE)).data).toEqual(utf8(`round ${round}`));
  });
}

const KINDS: readonly ReplugKind[] = [
  { name: "02h pad", process: "serial", open: async () => padKind(await padBench(await ttyStand(BAUD_RATE), { profile: DEFAULT_PAD_PROFILE })) },
  { name: "Newland pad", process: "serial", open: async () => padKind(await newlandBench(await ttyStand(BAUD_RATE), { profile: DEFAULT_NEWLAND_PROFILE })) },
  { name: "scanner on a line", process: "serial", open: scannerKind },
  { name: "printer", process: "serial", open: printerKind },
  { name: "display", process: "serial", open: displayKind },
  { name: "FE gate", process: "serial", open: async () => gateKind(feBench(await ttyStand(DEFAULT_FE_PROFILE.feBaud), { profile: DEFAULT_FE_PROFILE })) },
  {
    name: "Digicon gate",
    process: "serial",
    open: async () => gateKind(digiconBench(await ttyStand(DIGICON_BAUD), { profile: DEFAULT_DIGICON_PROFILE })),
  },
  { name: "relay gate", process: "serial", open: async () => gateKind(relayBench(await ttyStand(RELAY_BAUD), { profile: DEFAULT_RELAY_PROFILE })) },
  { name: "GPIO gate (simulated)", open: async () => gpioKind() },
];

replugSuite(KINDS);
