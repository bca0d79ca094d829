/* The 02h pad on a real tty: the same suite as in process, and twenty losses. */
import { describe, expect, it } from "vitest";
import { ttyStand } from "../../../simulators/line/testing.ts";
import { fromHex } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { pinPadContract } from "../contract/pin-pad-contract.ts";
import { DEFAULT_PAD_PROFILE, type PadProfile } from "./pad.ts";
import { padBench } from "./testing.ts";

const BAUD_RATE = 9_600;

const PROFILES: readonly (readonly [string, PadProfile])[] = [
  ["split", DEFAULT_PAD_PROFILE],
  ["binary", { ...DEFAULT_PAD_PROFILE, coding: "binary" }],
];

for (const [name, profile] of PROFILES) pinPadContract(`02h pad on a tty, ${name}`, async () => padBench(await ttyStand(BAUD_RATE), { profile }));

describe("02h pad on a tty", () => {
  it("takes a PIN again within two seconds of each of twenty returns", async () => {
    const stand = await ttyStand(BAUD_RATE);
    const under = await padBench(stand, { profile: DEFAULT_PAD_PROFILE });
    const request = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };
    for (let round = 0; round < 20; round += 1) {
      under.plan(["right"]);
      await under.unplug?.();
      await under.plugIn?.();
      expect(await under.pad.requestPinBlock(request, limits(5_000))).toMatchObject({ kind: "entered" });
    }
    await under.close();
  }, 60_000);
});
