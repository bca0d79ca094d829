/* MACs of the 02h pad, and what the family's own code for X9.19 leaves open. */
import { describe, expect, it } from "vitest";
import { encryptBlocks } from "../../../simulators/crypto/blocks.ts";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { fromHex } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { type PadMacBench, padMacContract } from "../contract/pad-mac-contract.ts";
import type { PadKeyPlace } from "../peripherals.ts";
import { DEFAULT_PAD_PROFILE, type PadProfile } from "./pad.ts";
import { MASTER, padBench, SUITE } from "./testing.ts";

const wrap = (clearHex: string) => encryptBlocks(SUITE, "3des", MASTER, fromHex(clearHex));

async function pad02hBench(profile: PadProfile): Promise<PadMacBench> {
  const { device, run, close } = await padBench(inProcessStand(), { profile });
  const load = async (place: PadKeyPlace, clearHex: string) => {
    await run(device.loadWorkKey({ place, algorithm: "3des", wrapped: wrap(clearHex) }, limits(5_000)));
  };
  return { macs: device.macs, run, close, load };
}

padMacContract("02h pad, split", () => pad02hBench(DEFAULT_PAD_PROFILE));
padMacContract("02h pad, binary", () => pad02hBench({ ...DEFAULT_PAD_PROFILE, coding: "binary" }));

describe("X9.19 with a key of two halves", () => {
  const PLACE = { master: 0, work: 2 } as const;
  const request = { place: PLACE, method: "x9.19", data: fromHex("00112233445566778899") } as const;

  it("is not asked of a pad whose code for it may mean either", async () => {
    const { device, run } = await padBench(inProcessStand(), { profile: DEFAULT_PAD_PROFILE });
    await run(device.loadWorkKey({ place: PLACE, algorithm: "3des", wrapped: wrap("0123456789ABCDEFFEDCBA9876543210") }, limits(5_000)));
    await expect(run(device.mac(request, limits(5_000)))).rejects.toMatchObject({ code: "pad-refused", effectUnknown: false });
    await run(device.loadWorkKey({ place: PLACE, algorithm: "3des", wrapped: wrap("0123456789ABCDEF0123456789ABCDEF") }, limits(5_000)));
    expect(await run(device.mac(request, limits(5_000)))).toHaveLength(8);
  });
});
