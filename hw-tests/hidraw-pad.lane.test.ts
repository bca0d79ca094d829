/* The 02h pad behind USB, over the real binding and a hidraw node: the same suite as in process, and twenty losses. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromHex } from "../device/base/bytes.ts";
import { SILENT } from "../device/base/log.ts";
import { limits } from "../device/drivers/contract/bench.ts";
import { pinPadContract } from "../device/drivers/contract/pin-pad-contract.ts";
import { openHidLine } from "../device/drivers/hid/open.ts";
import { DEFAULT_PAD_PROFILE, type PadProfile } from "../device/drivers/pad-02h/pad.ts";
import { padBench } from "../device/drivers/pad-02h/testing.ts";
import { DEFAULT_PAD_REPORT_PROFILE, type PadReportProfile } from "../device/drivers/pad-02h-hid/framing.ts";
import { openPadReports } from "../device/drivers/pad-02h-hid/line.ts";
import { systemClock } from "../device/system/clock.ts";
import { systemProcesses } from "../device/system/processes.ts";
import { HidrawNode, hidrawObstacle, VENDOR_DESCRIPTOR } from "../simulators/hid/hidraw.ts";
import type { LineStand } from "../simulators/line/testing.ts";
import { HidPadEnd } from "../simulators/pinpad/hid-end.ts";

const obstacle = hidrawObstacle();
const clock = systemClock();
const BACK_MS = 2_000;

interface Way {
  readonly reports: PadReportProfile;
  /** As a bus that takes the report number away. */
  readonly strips: boolean;
}

const FILLED = DEFAULT_PAD_REPORT_PROFILE;
const WAYS: readonly (readonly [string, Way, PadProfile])[] = [
  ["zero-filled, the number arrives", { reports: FILLED, strips: false }, DEFAULT_PAD_PROFILE],
  ["zero-filled, the number does not arrive", { reports: FILLED, strips: true }, DEFAULT_PAD_PROFILE],
  ["counted, binary", { reports: { ...FILLED, padHidFraming: "counted" }, strips: true }, { ...DEFAULT_PAD_PROFILE, coding: "binary" }],
];

describe.skipIf(obstacle !== undefined)(`a pad behind USB${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  let node: HidrawNode;

  beforeAll(async () => {
    node = await HidrawNode.open({ vendorId: 0x1fc9, productId: 0x5353, serialNumber: "PAD0001", product: "HID pad", descriptor: VENDOR_DESCRIPTOR });
  }, 20_000);

  afterAll(async () => {
    await node.close();
  }, 20_000);

  async function nodeStand({ reports, strips }: Way, { coding }: PadProfile): Promise<LineStand & { readonly hid: HidPadEnd }> {
    await node.plugIn();
    const hid = new HidPadEnd(
      {
        onReport: (listener) =>
          node.onReport((kind, report) => {
            if (kind === "output") listener(strips ? report.slice(1) : report);
          }),
        input: (report) => node.input(report),
      },
      reports,
    );
    const line = openPadReports(openHidLine({ processes: systemProcesses(), clock, log: SILENT }, { path: node.path }), { clock, coding, reports });
    await line.untilOpen(limits(5_000));
    return {
      line,
      hid,
      end: hid,
      clock,
      run: (work) => work,
      unplug: async () => {
        await node.unplug();
        while (line.state === "open") await clock.sleep(2);
      },
      plugIn: async () => {
        await node.plugIn();
        await line.untilOpen(limits(BACK_MS));
      },
      close: async () => {
        await line.close();
        await node.unplug();
      },
    };
  }

  for (const [name, way, profile] of WAYS)
    pinPadContract(`02h pad on a hidraw node, ${name}`, async () => padBench(await nodeStand(way, profile), { profile }));

  it("takes a PIN again within two seconds of each of twenty returns", async () => {
    const stand = await nodeStand({ reports: FILLED, strips: false }, DEFAULT_PAD_PROFILE);
    const under = await padBench(stand, { profile: DEFAULT_PAD_PROFILE });
    const request = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };
    for (let round = 0; round < 20; round += 1) {
      under.plan(["right"]);
      await under.unplug?.();
      await under.plugIn?.();
      expect(await under.pad.requestPinBlock(request, limits(5_000))).toMatchObject({ kind: "entered" });
    }
    expect([stand.hid.heard.bare, stand.hid.heard.strange]).toEqual([0, 0]);
    await under.close();
  }, 60_000);
});
