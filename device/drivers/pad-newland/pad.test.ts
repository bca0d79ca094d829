import { describe, expect, it } from "vitest";
import { encryptBlocks } from "../../../simulators/crypto/blocks.ts";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import type { NewlandPadSettings } from "../../../simulators/pinpad/newland.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { pinPadContract } from "../contract/pin-pad-contract.ts";
import { DEFAULT_NEWLAND_PROFILE, type NewlandProfile, openNewlandPad } from "./pad.ts";
import { MASTER, newlandBench, PIN_KEY, SUITE } from "./testing.ts";

/** Codes that only a simulated maker uses. */
const VENDOR: NewlandProfile = { nlpp60Extra: { random: 0xd2, cancel: 0xd3 }, nlpp60UseNo: 0xffff };
const PROFILES: readonly (readonly [string, NewlandProfile, Partial<NewlandPadSettings>])[] = [
  ["what the manual tells", DEFAULT_NEWLAND_PROFILE, {}],
  ["a maker's further commands", VENDOR, {}],
  ["an entry that is answered although it was ended", DEFAULT_NEWLAND_PROFILE, { answersEndedEntry: true }],
];

for (const [name, profile, settings] of PROFILES)
  pinPadContract(`Newland pad, in process, ${name}`, () => newlandBench(inProcessStand(), { profile, settings }));

const bench = (profile = DEFAULT_NEWLAND_PROFILE) => newlandBench(inProcessStand(), { profile });
const REQUEST = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };
const wrap = (key: Uint8Array) => encryptBlocks(SUITE, "3des", MASTER, key);

describe("keys", () => {
  it.each([
    ["a master key that is not there", { place: { master: 5, work: 1 } }, "key-missing"],
    ["a number that no master key has", { place: { master: 99, work: 1 } }, "pad-refused"],
    ["SM4", { algorithm: "sm4" }, "pad-refused"],
    ["a key of 8 bytes", { wrapped: new Uint8Array(8) }, "pad-refused"],
  ] as const)("%s", async (_name, change, code) => {
    const { device, run, wrapped } = await bench();
    const key = { place: PIN_KEY, algorithm: "3des", wrapped, ...change } as const;
    await expect(run(device.loadWorkKey(key, limits(5_000)))).rejects.toMatchObject({ code, effectUnknown: false });
  });

  it("without its check value no PIN block is given out", async () => {
    const { device, run, wrapped, pad } = await bench();
    for (const checkValue of [undefined, fromHex("0102")]) {
      await run(device.loadWorkKey({ place: PIN_KEY, algorithm: "3des", wrapped, ...(checkValue === undefined ? {} : { checkValue }) }, limits(5_000)));
      await expect(run(pad.requestPinBlock(REQUEST, limits(5_000)))).rejects.toMatchObject({ code: "key-missing" });
    }
  });

  it("before any was loaded there is none to make a PIN block with", async () => {
    const { run, pad, simulated } = await newlandBench(inProcessStand(), { profile: DEFAULT_NEWLAND_PROFILE, keyless: true });
    await expect(run(pad.requestPinBlock(REQUEST, limits(5_000)))).rejects.toMatchObject({ code: "key-missing" });
    expect(simulated.commands).toEqual([0xd5]);
  });

  it("one whose loading had no answer may have replaced the one before", async () => {
    const { device, run, wrapped, checkValue, pad, simulated } = await bench();
    simulated.setFaults({ lateMs: 600 });
    const key = { place: PIN_KEY, algorithm: "3des", wrapped, checkValue } as const;
    await expect(run(device.loadWorkKey(key, limits(1_000)))).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
    simulated.setFaults({ lateMs: 0 });
    await expect(run(pad.requestPinBlock(REQUEST, limits(5_000)))).rejects.toMatchObject({ code: "key-missing" });
    await run(device.loadWorkKey(key, limits(5_000)));
    expect(await run(pad.requestPinBlock(REQUEST, limits(5_000)))).toMatchObject({ kind: "entered" });
  });

  it("one whose loading was not begun leaves the one before", async () => {
    const { device, run, wrapped, pad, simulated } = await bench();
    simulated.setFaults({ locked: true });
    await expect(run(device.loadWorkKey({ place: PIN_KEY, algorithm: "3des", wrapped }, limits(1_000)))).rejects.toMatchObject({ code: "pad-refused" });
    simulated.setFaults({ locked: false });
    expect(await run(pad.requestPinBlock(REQUEST, limits(5_000)))).toMatchObject({ kind: "entered" });
  });

  it("another working key does not become the one for PIN blocks", async () => {
    const { device, run, pad, isRightBlock, checkValue } = await bench();
    await run(device.loadWorkKey({ place: { master: 0, work: 2 }, algorithm: "3des", wrapped: wrap(MASTER) }, limits(5_000)));
    const outcome = await run(pad.requestPinBlock(REQUEST, limits(5_000)));
    expect(outcome.kind === "entered" && isRightBlock(outcome.block) && toHex(outcome.keyCheckValue)).toBe(toHex(checkValue));
  });

  it("is told which key made the block", async () => {
    const { device, run, pad } = await bench();
    const checkValue = encryptBlocks(SUITE, "3des", MASTER, new Uint8Array(8)).slice(0, 3);
    await run(device.loadWorkKey({ place: PIN_KEY, algorithm: "3des", wrapped: wrap(MASTER), checkValue }, limits(5_000)));
    expect(await run(pad.requestPinBlock(REQUEST, limits(5_000)))).toMatchObject({ keyCheckValue: fromHex("08d7b4") });
  });

  it("a random number is drawn for each key where the profile knows how", async () => {
    const { device, run, simulated, wrapped } = await bench(VENDOR);
    await run(device.loadWorkKey({ place: PIN_KEY, algorithm: "3des", wrapped }, limits(5_000)));
    expect(simulated.commands).toEqual([0xd5, 0xd6, 0xd2, 0x81, 0xd6, 0xd2, 0x81]);
  });

  it("has no commands to type a master key or to forget all", async () => {
    const { device } = await bench();
    await expect(device.enterMasterKey()).rejects.toMatchObject({ code: "pad-refused", effectUnknown: false });
    await expect(device.wipeKeys()).rejects.toMatchObject({ code: "pad-refused", effectUnknown: false });
  });
});

describe("a new PIN", () => {
  it.each([
    [["right", "right"], "entered"],
    [["right", "wrong"], "entries-differ"],
    [["right", "cancel"], "cancelled"],
    [["right", "nothing"], "timed-out"],
    [["nothing"], "timed-out"],
  ] as const)("%s", async (acts, kind) => {
    const { device, run, plan } = await bench();
    plan(acts);
    expect(await run(device.requestNewPinBlock(REQUEST, limits(30_000)))).toMatchObject({ kind });
  });

  it("gives the block of what was entered twice", async () => {
    const { device, run, isRightBlock } = await bench();
    const outcome = await run(device.requestNewPinBlock(REQUEST, limits(30_000)));
    expect(outcome.kind === "entered" && isRightBlock(outcome.block)).toBe(true);
  });
});

describe("a caller who gives up", () => {
  it.each([
    ["a reset", DEFAULT_NEWLAND_PROFILE, 0xd5],
    ["the maker's command", VENDOR, 0xd3],
  ] as const)("is told at once, and the pad is brought back by %s", async (_name, profile, code) => {
    const place = inProcessStand();
    const under = await newlandBench(place, { profile });
    under.plan(["nothing", "right"]);
    const beganMs = place.clock.monotonicMs();
    await expect(under.run(under.pad.requestPinBlock(REQUEST, limits(500)))).rejects.toMatchObject({ code: "timeout" });
    expect(place.clock.monotonicMs() - beganMs).toBe(500);
    await under.run(place.clock.sleep(50));
    expect([under.simulated.asks, under.simulated.commands.at(-1)]).toEqual([false, code]);
    expect(await under.run(under.pad.requestPinBlock(REQUEST, limits(5_000)))).toMatchObject({ kind: "entered" });
  });

  it("and a next one who comes at once waits for the same reset", async () => {
    const place = inProcessStand();
    const under = await newlandBench(place, { profile: DEFAULT_NEWLAND_PROFILE });
    under.plan(["nothing", "right"]);
    const first = under.pad.requestPinBlock(REQUEST, limits(500)).catch((fault: unknown) => fault);
    await under.run(place.clock.sleep(100));
    under.simulated.setFaults({ lateMs: 300 });
    const before = under.simulated.commands.length;
    const second = under.pad.requestPinBlock(REQUEST, limits(5_000));
    expect(await under.run(first)).toMatchObject({ code: "timeout" });
    expect(await under.run(second)).toMatchObject({ kind: "entered" });
    expect(under.simulated.commands.slice(before)).toEqual([0xd5, 0xd6, 0x83]);
  });

  it("by cancelling, too", async () => {
    const place = inProcessStand();
    const under = await newlandBench(place, { profile: DEFAULT_NEWLAND_PROFILE });
    under.plan(["nothing"]);
    const caller = new AbortController();
    const entry = under.pad.requestPinBlock(REQUEST, { timeoutMs: 10_000, signal: caller.signal }).catch((fault: unknown) => fault);
    await under.run(place.clock.sleep(100));
    expect(under.simulated.asks).toBe(true);
    caller.abort();
    expect(await under.run(entry)).toMatchObject({ code: "cancelled" });
    await under.run(place.clock.sleep(50));
    expect(under.simulated.asks).toBe(false);
  });

  it("and whose process ended: the next one resets the pad before anything else", async () => {
    const place = inProcessStand();
    const under = await newlandBench(place, { profile: DEFAULT_NEWLAND_PROFILE });
    under.plan(["nothing"]);
    const entry = under.pad.requestPinBlock(REQUEST, limits(10_000)).catch((fault: unknown) => fault);
    await under.run(place.clock.sleep(100));
    const later = openNewlandPad(place.line, {
      clock: place.clock,
      profile: DEFAULT_NEWLAND_PROFILE,
      directory: 1,
      pinKey: PIN_KEY,
      authorize: () => new Uint8Array(8),
    });
    expect(await under.run(later.health(limits(1_000)))).toEqual({ kind: "well" });
    expect([under.simulated.asks, under.simulated.commands.slice(-2)]).toEqual([false, [0xd5, 0xd6]]);
    await under.device.close();
    expect(await under.run(entry)).toMatchObject({ code: "closed" });
  });

  it("keeps its limit over all commands of one call", async () => {
    const place = inProcessStand();
    const under = await newlandBench(place, { profile: VENDOR });
    under.simulated.setFaults({ lateMs: 400 });
    const beganMs = place.clock.monotonicMs();
    const loading = under.device.loadWorkKey({ place: PIN_KEY, algorithm: "3des", wrapped: under.wrapped }, limits(700));
    await expect(under.run(loading)).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
    expect(place.clock.monotonicMs() - beganMs).toBe(700);
  });

  it("leaves nothing for the next holder: no entry begins before the reset was answered", async () => {
    const place = inProcessStand();
    const under = await newlandBench(place, { profile: DEFAULT_NEWLAND_PROFILE });
    under.plan(["nothing", "right"]);
    const first = under.pad.requestPinBlock(REQUEST, limits(500)).catch((fault: unknown) => fault);
    await under.run(place.clock.sleep(100));
    under.simulated.setFaults({ deaf: true });
    expect(await under.run(first)).toMatchObject({ code: "timeout" });
    const told = under.simulated.commands.length;
    await expect(under.run(under.pad.requestPinBlock(REQUEST, limits(500)))).rejects.toMatchObject({ code: "timeout" });
    await under.run(place.clock.sleep(5_000));
    await expect(under.run(under.pad.requestPinBlock(REQUEST, limits(500)))).rejects.toMatchObject({ code: "timeout" });
    expect(new Set(under.simulated.commands.slice(told))).toEqual(new Set([0xd5]));
    under.simulated.setFaults({ deaf: false });
    const outcome = await under.run(under.pad.requestPinBlock(REQUEST, limits(5_000)));
    expect(outcome.kind === "entered" && under.isRightBlock(outcome.block)).toBe(true);
  });
});

describe("health", () => {
  it.each([
    [{}, { kind: "well" }],
    [{ locked: true }, { kind: "degraded", why: "locked, or asked too often" }],
    [{ deaf: true }, { kind: "broken", why: "timeout" }],
    [{ garbled: true }, { kind: "broken", why: "timeout" }],
    [{ lateMs: 200 }, { kind: "well" }],
    [{ pieceBytes: 1 }, { kind: "well" }],
    [{ noiseHex: "55aad6d6" }, { kind: "well" }],
  ])("%s", async (faults, expected) => {
    const { device, simulated, run } = await bench();
    simulated.setFaults(faults);
    expect(await run(device.health(limits(5_000)))).toEqual(expected);
  });

  it("broken hardware is remembered as a warning until a PIN has been taken again", async () => {
    const { device, simulated, run, pad } = await bench();
    simulated.setFaults({ desBroken: true });
    await expect(run(pad.requestPinBlock(REQUEST, limits(5_000)))).rejects.toMatchObject({ code: "pad-refused" });
    expect(await run(device.health(limits(5_000)))).toEqual({ kind: "degraded", why: "DES hardware" });
    simulated.setFaults({ desBroken: false });
    expect(await run(pad.requestPinBlock(REQUEST, limits(5_000)))).toMatchObject({ kind: "entered" });
    expect(await run(device.health(limits(5_000)))).toEqual({ kind: "well" });
  });

  it("away", async () => {
    const { device, run, unplug } = await bench();
    await unplug?.();
    expect(await run(device.health(limits(5_000)))).toEqual({ kind: "away" });
  });
});

describe("a loss in the middle", () => {
  it("of an entry is told, and the pad is reset before the next", async () => {
    const place = inProcessStand();
    const under = await newlandBench(place, { profile: DEFAULT_NEWLAND_PROFILE });
    under.plan(["nothing"]);
    const outcome = under.pad.requestPinBlock(REQUEST, limits(10_000)).catch((fault: unknown) => fault);
    await place.run(place.clock.sleep(1_000));
    await under.unplug?.();
    expect(await under.run(outcome)).toMatchObject({ code: "pad-gone" });
    await under.plugIn?.();
    under.plan(["right"]);
    const before = under.simulated.commands.length;
    expect(await under.run(under.pad.requestPinBlock(REQUEST, limits(10_000)))).toMatchObject({ kind: "entered" });
    expect(under.simulated.commands.slice(before)).toEqual([0xd5, 0xd6, 0x83]);
  });

  it("two requests at once are served one after the other", async () => {
    const under = await bench();
    under.plan(["right", "wrong"]);
    const both = Promise.all([under.pad.requestPinBlock(REQUEST, limits(20_000)), under.pad.requestPinBlock(REQUEST, limits(20_000))]);
    const [first, second] = await under.run(both);
    expect(first.kind === "entered" && under.isRightBlock(first.block)).toBe(true);
    expect(second.kind === "entered" && !under.isRightBlock(second.block)).toBe(true);
  });
});
