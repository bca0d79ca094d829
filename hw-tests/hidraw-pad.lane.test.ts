/* The 02h pad behind USB, over the real binding and a hidraw node: the same suite as in process. */
import { afterAll, beforeAll, describe } from "vitest";
import { pinPadContract } from "../device/drivers/contract/pin-pad-contract.ts";
import { DEFAULT_PAD_PROFILE, type PadProfile } from "../device/drivers/pad-02h/pad.ts";
import { padBench } from "../device/drivers/pad-02h/testing.ts";
import { DEFAULT_PAD_REPORT_PROFILE } from "../device/drivers/pad-02h-hid/framing.ts";
import { HidrawNode, hidrawObstacle, VENDOR_DESCRIPTOR } from "../simulators/hid/hidraw.ts";
import { type HidPadWay, hidPadStand } from "./benches/hid-pad.ts";

const obstacle = hidrawObstacle();

const FILLED = DEFAULT_PAD_REPORT_PROFILE;
const WAYS: readonly (readonly [string, Pick<HidPadWay, "reports" | "strips">, PadProfile])[] = [
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

  for (const [name, way, profile] of WAYS)
    pinPadContract(`02h pad on a hidraw node, ${name}`, async () => padBench(await hidPadStand(node, { ...way, coding: profile.coding }), { profile }));
});
