/* A call of the HID binding that never returns: it ends at its deadline, its line heals, and the shop beside it goes on selling. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromHex } from "../device/base/bytes.ts";
import { limits } from "../device/drivers/contract/bench.ts";
import { DEFAULT_PAD_PROFILE } from "../device/drivers/pad-02h/pad.ts";
import { type PadUnderTest, padBench } from "../device/drivers/pad-02h/testing.ts";
import { systemClock } from "../device/system/clock.ts";
import { HidrawNode, hidrawObstacle, VENDOR_DESCRIPTOR } from "../simulators/hid/hidraw.ts";
import { hidPadStand } from "./benches/hid-pad.ts";
import { Hangs, hangObstacle, ShopBeside } from "./benches/preload.ts";

const obstacle = hidrawObstacle() ?? hangObstacle();
const clock = systemClock();
const DEADLINE_MS = 1_000;
const SLACK_MS = 500;
const BACK_MS = 2_000;
/** A process that takes longer to open its device is replaced. */
const OPEN_MAX_MS = 5_000;
const REQUEST = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 } as const;

describe.skipIf(obstacle !== undefined)(`a call of a HID line that never returns${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  let beside: ShopBeside;
  let node: HidrawNode;
  let hangs: Hangs;
  let under: PadUnderTest;

  beforeAll(async () => {
    beside = await ShopBeside.open();
    node = await HidrawNode.open({ vendorId: 0x1fc9, productId: 0x5353, serialNumber: "SN0003", product: "HID pad", descriptor: VENDOR_DESCRIPTOR });
    hangs = new Hangs();
    under = await padBench(await hidPadStand(node, { coding: DEFAULT_PAD_PROFILE.coding, processes: hangs.processes() }), { profile: DEFAULT_PAD_PROFILE });
  });
  afterAll(async () => {
    await under.close();
    await node.close();
    hangs.close();
    await beside.close();
  });

  async function takePin(timeoutMs: number): Promise<unknown> {
    under.plan(["right"]);
    return under.pad.requestPinBlock(REQUEST, limits(timeoutMs));
  }

  /** Asks again, as a cashier would, until the pad serves. */
  async function expectServing(withinMs: number): Promise<void> {
    const beganMs = clock.monotonicMs();
    let answer = await takePin(DEADLINE_MS).catch((error: unknown) => error);
    while (answer instanceof Error && clock.monotonicMs() - beganMs < withinMs) {
      await clock.sleep(10);
      answer = await takePin(DEADLINE_MS).catch((error: unknown) => error);
    }
    expect(answer).toMatchObject({ kind: "entered" });
    expect(clock.monotonicMs() - beganMs).toBeLessThan(withinMs);
  }

  it.each([
    ["hidraw-write", BACK_MS],
    // Nothing tells a reading end that hangs from a pad that says nothing but a second question without an answer.
    ["hidraw-poll", DEADLINE_MS + BACK_MS],
  ] as const)("%s", async (call, servesWithinMs) => {
    await expectServing(BACK_MS);
    hangs.arm(call);
    const beganMs = clock.monotonicMs();
    const asked = takePin(DEADLINE_MS).catch((error: unknown) => error);
    await hangs.untilHung(call);
    expect(await beside.sellDuring(call, asked)).toMatchObject({ code: "timeout", effectUnknown: true });
    expect(clock.monotonicMs() - beganMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
    hangs.disarm(call);
    await expectServing(servesWithinMs);
  });

  it("open, when the device comes back", async () => {
    await expectServing(BACK_MS);
    await node.unplug();
    hangs.arm("open-hidraw0");
    await node.plugIn();
    await hangs.untilHung("open-hidraw0");
    const asked = takePin(DEADLINE_MS).catch((error: unknown) => error);
    expect(await beside.sellDuring("open", Promise.all([asked, clock.sleep(DEADLINE_MS)]))).toMatchObject([{ effectUnknown: false }, undefined]);
    hangs.disarm("open-hidraw0");
    await expectServing(OPEN_MAX_MS + BACK_MS);
  });
});
