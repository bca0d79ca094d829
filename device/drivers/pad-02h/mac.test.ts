/* MACs of the 02h pad, and what the family's own code for X9.19 leaves open. */
import { describe, expect, it } from "vitest";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { fromHex } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { padMacContract, padSm4MacContract } from "../contract/pad-mac-contract.ts";
import { DEFAULT_PAD_PROFILE } from "./pad.ts";
import { padBench, padMacBench, padSm4MacBench, wrapped } from "./testing.ts";

padMacContract("02h pad, split", () => padMacBench(inProcessStand(), DEFAULT_PAD_PROFILE));
padMacContract("02h pad, binary", () => padMacBench(inProcessStand(), { ...DEFAULT_PAD_PROFILE, coding: "binary" }));

padSm4MacContract("02h pad, split", () => padSm4MacBench(inProcessStand(), { ...DEFAULT_PAD_PROFILE, sm4: "sim" }));

describe("SM4", () => {
  const request = { place: { master: 0, work: 2 }, method: "sm4-unionpay", data: fromHex("00112233445566778899") } as const;

  it("is not asked of a pad of which nobody knows how, and such a pad has no cipher for an acquirer that wants it", async () => {
    const { device, run } = await padBench(inProcessStand(), { profile: DEFAULT_PAD_PROFILE });
    await expect(run(device.mac(request, limits(5_000)))).rejects.toMatchObject({ code: "pad-refused", effectUnknown: false });
    expect(device.keyCiphers).toEqual(["3des"]);
  });

  it("is the only cipher of a pad that is set to it", async () => {
    const { device } = await padBench(inProcessStand(), { profile: { ...DEFAULT_PAD_PROFILE, sm4: "sim" }, algorithm: "sm4" });
    expect(device.keyCiphers).toEqual(["sm4"]);
  });
});

describe("X9.19 with a key of two halves", () => {
  const PLACE = { master: 0, work: 2 } as const;
  const request = { place: PLACE, method: "x9.19", data: fromHex("00112233445566778899") } as const;

  it("is not asked of a pad whose code for it may mean either", async () => {
    const { device, run } = await padBench(inProcessStand(), { profile: DEFAULT_PAD_PROFILE });
    await run(device.loadWorkKey({ place: PLACE, algorithm: "3des", wrapped: wrapped("0123456789ABCDEFFEDCBA9876543210") }, limits(5_000)));
    await expect(run(device.mac(request, limits(5_000)))).rejects.toMatchObject({ code: "pad-refused", effectUnknown: false });
    await run(device.loadWorkKey({ place: PLACE, algorithm: "3des", wrapped: wrapped("0123456789ABCDEF0123456789ABCDEF") }, limits(5_000)));
    expect(await run(device.mac(request, limits(5_000)))).toHaveLength(8);
  });
});
