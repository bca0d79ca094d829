/* HID devices on real hidraw nodes, unplugged and plugged in again and again: the 02h pad behind USB by its path, scanners by what they are for. */
import { describe, expect } from "vitest";
import { type Bytes, fromHex, utf8 } from "../device/base/bytes.ts";
import { SILENT } from "../device/base/log.ts";
import { limits } from "../device/drivers/contract/bench.ts";
import { openHidLine } from "../device/drivers/hid/open.ts";
import { DEFAULT_PAD_PROFILE } from "../device/drivers/pad-02h/pad.ts";
import { padBench } from "../device/drivers/pad-02h/testing.ts";
import { SCANNER_USAGE } from "../device/drivers/scanner-hid/scanner.ts";
import { hidScannerBench } from "../device/drivers/scanner-hid/testing.ts";
import { systemClock } from "../device/system/clock.ts";
import { HidrawNode, hidrawObstacle, VENDOR_DESCRIPTOR } from "../simulators/hid/hidraw.ts";
import { SCANNER_DESCRIPTORS, type ScannerShape } from "../simulators/scanner/hid-scanner.ts";
import { hidPadStand } from "./benches/hid-pad.ts";
import { processesWithSys } from "./benches/private-sys.ts";
import { type ReplugBench, type ReplugKind, replugSuite } from "./benches/replug.ts";

const obstacle = hidrawObstacle();
const clock = systemClock();
const EXCHANGE = limits(2_000);
const LOOK_MS = 2;

async function openNode(name: string, descriptor: Bytes): Promise<HidrawNode> {
  const node = await HidrawNode.open({ vendorId: 0x1fc9, productId: 0x5353, serialNumber: "SN0001", product: name, descriptor });
  await node.plugIn();
  return node;
}

async function pad(): Promise<ReplugBench> {
  const node = await openNode("HID pad", VENDOR_DESCRIPTOR);
  const stand = await hidPadStand(node, DEFAULT_PAD_PROFILE);
  const under = await padBench(stand, { profile: DEFAULT_PAD_PROFILE });
  return {
    unplug: async () => under.unplug?.(),
    plugIn: async () => under.plugIn?.(),
    serve: async () => {
      under.plan(["right"]);
      const answer = await under.pad.requestPinBlock({ accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 }, EXCHANGE);
      expect(answer.kind === "entered" && under.isRightBlock(answer.block)).toBe(true);
      expect([stand.hid.heard.bare, stand.hid.heard.strange]).toEqual([0, 0]);
    },
    close: async () => {
      await under.close();
      await node.close();
    },
  };
}

async function scanner(shape: ScannerShape): Promise<ReplugBench> {
  const node = await openNode("HID scanner", SCANNER_DESCRIPTORS[shape]);
  const line = openHidLine({ processes: processesWithSys(() => node.sysScript()), clock, log: SILENT }, SCANNER_USAGE);
  await line.untilOpen(limits(10_000));
  const plug = {
    unplug: async () => {
      await node.unplug();
      while (line.state === "open") await clock.sleep(LOOK_MS);
    },
    plugIn: async () => {
      await node.plugIn();
      await line.untilOpen(EXCHANGE);
    },
  };
  const under = hidScannerBench({ line, clock, input: (report) => node.input(report), run: (work) => work, ...plug, close: () => node.close() }, shape);
  const session = under.scanner.openSession();
  return {
    ...plug,
    serve: async (round) => {
      under.scan(utf8(`round ${round}`));
      expect(await session.next(EXCHANGE)).toEqual({ data: utf8(`round ${round}`), symbology: under.symbology });
    },
    close: () => under.close(),
  };
}

const KINDS: readonly ReplugKind[] = [
  { name: "02h pad behind USB", process: "hid", open: pad },
  { name: "HID scanner, counted", process: "hid", open: () => scanner("counted") },
  { name: "HID scanner, uncounted", process: "hid", open: () => scanner("uncounted") },
];

describe.skipIf(obstacle !== undefined)(`on hidraw nodes${obstacle === undefined ? "" : ` (${obstacle})`}`, () => replugSuite(KINDS));
