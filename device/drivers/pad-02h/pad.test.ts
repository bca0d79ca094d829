import { describe, expect, it } from "vitest";
import { encryptBlocks } from "../../../simulators/crypto/blocks.ts";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { pinPadContract } from "../contract/pin-pad-contract.ts";
import { DEFAULT_PAD_PROFILE, type PadProfile } from "./pad.ts";
import { MASTER, padBench, SUITE, WORK } from "./testing.ts";

const PROFILES: readonly (readonly [string, PadProfile, "3des" | "sm4"])[] = [
  ["split, upper case, closed", DEFAULT_PAD_PROFILE, "3des"],
  ["split, lower case, open", { ...DEFAULT_PAD_PROFILE, hexCase: "lower", closes: false }, "3des"],
  ["binary", { ...DEFAULT_PAD_PROFILE, coding: "binary" }, "3des"],
  ["a sum as check byte", { ...DEFAULT_PAD_PROFILE, check: "sum" }, "3des"],
  ["no end key", { ...DEFAULT_PAD_PROFILE, endKey: "ignore" }, "3des"],
  ["further bits of parameter 05", { ...DEFAULT_PAD_PROFILE, parameter05: 0x04 }, "3des"],
  ["SM4", { ...DEFAULT_PAD_PROFILE, sm4: "sim" }, "sm4"],
];

for (const [name, profile, algorithm] of PROFILES) pinPadContract(`02h pad, in process, ${name}`, () => padBench(inProcessStand(), { profile, algorithm }));

const bench = () => padBench(inProcessStand(), { profile: DEFAULT_PAD_PROFILE });

describe("keys", () => {
  it("gives the check value of a working key", async () => {
    const { device, run } = await bench();
    const wrapped = encryptBlocks(SUITE, "3des", MASTER, WORK);
    const value = await run(device.loadWorkKey({ place: { master: 0, work: 2 }, algorithm: "3des", wrapped }, limits(5_000)));
    expect(toHex(value ?? new Uint8Array())).toBe(toHex(encryptBlocks(SUITE, "3des", WORK, new Uint8Array(8)).slice(0, 4)));
  });

  it("a working key under a master key that is not there is told as such", async () => {
    const { device, run } = await bench();
    const key = { place: { master: 5, work: 0 }, algorithm: "3des", wrapped: new Uint8Array(16) } as const;
    await expect(run(device.loadWorkKey(key, limits(5_000)))).rejects.toMatchObject({ code: "key-missing" });
  });

  it("wiping leaves nothing to make a PIN block with", async () => {
    const { device, run, pad } = await bench();
    await run(device.wipeKeys(limits(5_000)));
    const request = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };
    await expect(run(pad.requestPinBlock(request, limits(5_000)))).rejects.toMatchObject({ code: "key-missing" });
  });

  it("SM4 is refused where its commands are not known", async () => {
    const { device, run } = await bench();
    const key = { place: { master: 0, work: 0 }, algorithm: "sm4", wrapped: new Uint8Array(16) } as const;
    await expect(run(device.loadWorkKey(key, limits(5_000)))).rejects.toMatchObject({ code: "pad-refused" });
  });
});

describe("MAC", () => {
  // Published for this test key and text by users of such pads.
  const DATA = utf8("1234567890ABCDEF");

  it("of the terminal dialect", async () => {
    const { device, run } = await bench();
    const wrapped = encryptBlocks(SUITE, "3des", MASTER, MASTER);
    const place = { master: 0, work: 3 };
    await run(device.loadWorkKey({ place, algorithm: "3des", wrapped }, limits(5_000)));
    expect(await run(device.mac({ place, method: "unionpay", data: DATA }, limits(5_000)))).toEqual(utf8("1CE73BC8"));
  });
});

describe("a new PIN", () => {
  const REQUEST = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };

  it.each([
    [["right", "right"], "entered"],
    [["right", "wrong"], "entries-differ"],
    [["right", "cancel"], "cancelled"],
    [["nothing"], "timed-out"],
  ] as const)("%s", async (acts, kind) => {
    const { device, run, plan } = await bench();
    plan(acts);
    expect(await run(device.requestNewPinBlock(REQUEST, limits(30_000)))).toMatchObject({ kind });
  });
});

describe("health", () => {
  it.each([
    [{}, { kind: "well" }],
    [{ batteryBad: true }, { kind: "degraded", why: "battery" }],
    [{ deaf: true }, { kind: "broken", why: "timeout" }],
    [{ garbled: true }, { kind: "broken", why: "timeout" }],
    [{ lateMs: 200 }, { kind: "well" }],
    [{ pieceBytes: 1 }, { kind: "well" }],
    [{ noiseHex: "55aa3031" }, { kind: "well" }],
  ])("%s", async (faults, expected) => {
    const { device, simulated, run } = await bench();
    simulated.setFaults(faults);
    expect(await run(device.health(limits(5_000)))).toEqual(expected);
  });

  it("away", async () => {
    const { device, run, unplug } = await bench();
    await unplug?.();
    expect(await run(device.health(limits(5_000)))).toEqual({ kind: "away" });
  });
});

describe("a loss in the middle", () => {
  it("of an entry is told, and the next entry works", async () => {
    const place = inProcessStand();
    const under = await padBench(place, { profile: DEFAULT_PAD_PROFILE });
    under.plan(["nothing", "right"]);
    const request = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };
    const entry = under.pad.requestPinBlock(request, limits(10_000));
    const outcome = entry.catch((fault: unknown) => fault);
    await place.run(place.clock.sleep(1_000));
    await under.unplug?.();
    expect(await under.run(outcome)).toMatchObject({ code: "pad-gone" });
    await under.plugIn?.();
    under.plan(["right"]);
    expect(await under.run(under.pad.requestPinBlock(request, limits(10_000)))).toMatchObject({ kind: "entered" });
  });

  it("two requests at once are served one after the other", async () => {
    const under = await bench();
    under.plan(["right", "wrong"]);
    const request = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };
    const both = Promise.all([under.pad.requestPinBlock(request, limits(20_000)), under.pad.requestPinBlock(request, limits(20_000))]);
    const [first, second] = await under.run(both);
    expect([first.kind, second.kind]).toEqual(["entered", "entered"]);
    expect(first.kind === "entered" && under.isRightBlock(first.block)).toBe(true);
    expect(second.kind === "entered" && under.isRightBlock(second.block)).toBe(false);
  });
});
