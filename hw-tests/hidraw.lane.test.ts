/* A HID line over the real binding and a hidraw node: found by what it is for, lost and found again without a hand. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fromHex, toHex } from "../device/base/bytes.ts";
import { SILENT } from "../device/base/log.ts";
import { limits } from "../device/drivers/contract/bench.ts";
import type { LineState, ReportLine } from "../device/drivers/framing/lines.ts";
import { openHidLine } from "../device/drivers/hid/open.ts";
import { systemClock } from "../device/system/clock.ts";
import { systemProcesses } from "../device/system/processes.ts";
import { HidrawNode, hidrawObstacle, VENDOR_DESCRIPTOR } from "../simulators/hid/hidraw.ts";
import { processesWithSys } from "./benches/private-sys.ts";

const obstacle = hidrawObstacle();
const clock = systemClock();
const BACK_MS = 2_000;
const REPORT = fromHex(`55${"00".repeat(63)}`);

async function until(what: () => boolean, withinMs = 5_000): Promise<number> {
  const began = clock.monotonicMs();
  while (!what()) {
    if (clock.monotonicMs() - began > withinMs) throw new Error("it did not happen in time");
    await clock.sleep(2);
  }
  return clock.monotonicMs() - began;
}

describe.skipIf(obstacle !== undefined)(`a HID line${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  let node: HidrawNode;
  let line: ReportLine;
  let heard: string[];

  beforeAll(async () => {
    node = await HidrawNode.open({ vendorId: 0x1fc9, productId: 0x5353, serialNumber: "SN0001", product: "HID pad", descriptor: VENDOR_DESCRIPTOR });
  }, 20_000);

  afterAll(async () => {
    await node.close();
  }, 20_000);

  beforeEach(async () => {
    await node.plugIn();
    // What the host writes comes back without its report number.
    node.onReport((kind, report) => {
      if (kind === "output") node.input(report.slice(1));
    });
    heard = [];
    line = openHidLine({ processes: systemProcesses(), clock, log: SILENT }, { path: node.path });
    line.onReport((report) => heard.push(toHex(report)));
    await line.untilOpen(limits(5_000));
  });

  afterEach(async () => {
    await line.close();
    await node.unplug();
  });

  async function echo(): Promise<void> {
    heard = [];
    await line.write(Uint8Array.of(0, ...REPORT), limits(1_000));
    await until(() => heard[0] === toHex(REPORT));
  }

  it("carries reports in both directions, and feature reports out", async () => {
    await echo();
    const features: string[] = [];
    node.onReport((kind, report) => {
      if (kind === "feature") features.push(toHex(report));
    });
    await line.sendFeature(fromHex(`00fe01${"00".repeat(62)}`), limits(1_000));
    await until(() => features.length === 1);
    expect(features[0]?.startsWith("00fe01")).toBe(true);
  });

  it("notices the loss of a device that was idle", async () => {
    await node.unplug();
    const states: LineState[] = [];
    line.onState((state) => states.push(state));
    await until(() => line.state === "away", BACK_MS);
    await expect(line.write(REPORT, limits(500))).rejects.toMatchObject({ code: "device-gone", effectUnknown: false });
  });

  it("is found by number or by what it is for, with its description, and not by another's", async () => {
    const processes = processesWithSys(() => node.sysScript());
    for (const options of [{ vendorId: 0x1fc9, productId: 0x5353 }, { usagePage: 0xff00, usage: 1 }, { serialNumber: "SN0001" }]) {
      const found = openHidLine({ processes, clock, log: SILENT }, options);
      await found.untilOpen(limits(5_000));
      expect(toHex(found.descriptor ?? new Uint8Array())).toBe(toHex(VENDOR_DESCRIPTOR));
      await found.close();
    }
    const other = openHidLine({ processes, clock, log: SILENT }, { usagePage: 0x8c, usage: 2 });
    await expect(other.untilOpen(limits(1_000))).rejects.toMatchObject({ code: "timeout" });
    await other.close();
  }, 30_000);
});
