/* The PIN pad that hides its protocol in reports, as a real USB gadget with the simulated pad behind it. */
import { fromHex } from "../../../device/base/bytes.ts";
import { openHidLine } from "../../../device/drivers/hid/open.ts";
import { DEFAULT_PAD_PROFILE } from "../../../device/drivers/pad-02h/pad.ts";
import { padBench } from "../../../device/drivers/pad-02h/testing.ts";
import { DEFAULT_PAD_REPORT_PROFILE } from "../../../device/drivers/pad-02h-hid/framing.ts";
import { openPadReports } from "../../../device/drivers/pad-02h-hid/line.ts";
import { type HidIdentity, VENDOR_DESCRIPTOR } from "../../../simulators/hid/hidraw.ts";
import { HidPadEnd } from "../../../simulators/pinpad/hid-end.ts";
import { RETURNS } from "../cases.ts";
import type { GadgetDevice } from "./gadget.ts";
import { DEVICE_CLOCK, nowMs, Returns } from "./pace.ts";
import { CountedProcesses, expectEqual, parts, untilAway, within } from "./stand.ts";
import type { Talk } from "./talk.ts";

export const PAD: HidIdentity = { vendorId: 0x1fc9, productId: 0x5353, serialNumber: "PAD0001", product: "HID PIN pad", descriptor: VENDOR_DESCRIPTOR };
const REQUEST = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };

export async function padCases(talk: Talk, gadget: GadgetDevice): Promise<void> {
  const processes = new CountedProcesses();
  const reports = openHidLine(parts(processes), { vendorId: PAD.vendorId, productId: PAD.productId });
  const line = openPadReports(reports, { clock: DEVICE_CLOCK, coding: DEFAULT_PAD_PROFILE.coding, reports: DEFAULT_PAD_REPORT_PROFILE });
  const hid = new HidPadEnd(gadget, DEFAULT_PAD_REPORT_PROFILE);
  await line.untilOpen(within(10_000)).catch(() => undefined);
  const under = await padBench(
    {
      line,
      end: hid,
      clock: DEVICE_CLOCK,
      run: (work) => work,
      unplug: async () => {
        gadget.unplug();
        await untilAway(line);
      },
      plugIn: async () => {
        await gadget.plugIn();
        await line.untilOpen(within(10_000));
      },
      close: async () => undefined,
    },
    { profile: DEFAULT_PAD_PROFILE },
  ).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));

  async function takePin(): Promise<void> {
    if (under instanceof Error) throw under;
    under.plan(["right"]);
    const outcome = await under.pad.requestPinBlock(REQUEST, within(10_000));
    expectEqual(outcome.kind === "entered" && under.isRightBlock(outcome.block), true, "the block for the right PIN");
  }

  await talk.case("HID pad: takes a PIN behind a real USB gadget, whose reports come without their number", async () => {
    await takePin();
    const { bare, numbered, strange } = hid.heard;
    expectEqual([bare > 0, numbered, strange], [true, 0, 0], "reports without number, with it, others");
    return `${bare} reports, all without their number`;
  });

  await talk.case("HID pad: takes a PIN after each of its returns", async () => {
    const returns = new Returns();
    for (let round = 0; round < RETURNS.pad; round += 1) {
      if (under instanceof Error) throw under;
      await under.unplug?.();
      const beganMs = nowMs();
      await under.plugIn?.();
      await takePin();
      returns.add(nowMs() - beganMs);
    }
    expectEqual(processes.forks, 1, "processes of the binding");
    return returns.judge(RETURNS.pad);
  });
  if (!(under instanceof Error)) await under.close();
}
