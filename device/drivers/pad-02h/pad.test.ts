import { describe, expect, it } from "vitest";
import { encryptBlocks } from "../../../simulators/crypto/blocks.ts";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { type HolderAct, ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { SimulatedPad02h } from "../../../simulators/pinpad/pad-02h.ts";
import { fromHex, toHex, utf8, xorBytes } from "../../base/bytes.ts";
import { limits } from "../contract/bench.ts";
import { pinPadContract } from "../contract/pin-pad-contract.ts";
import { DEFAULT_PAD_PROFILE, Pad02h, type PadProfile } from "./pad.ts";
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

describe("the check value that came with a working key", () => {
  const PIN_KEY = { master: 0, work: 1 } as const;
  const REQUEST = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };
  const wrapped = encryptBlocks(SUITE, "3des", MASTER, WORK);
  const checkValue = encryptBlocks(SUITE, "3des", WORK, new Uint8Array(8));

  it("is the pad's own where both have the same master key", async () => {
    const { device, run } = await bench();
    const key = { place: PIN_KEY, algorithm: "3des", wrapped, checkValue } as const;
    expect(toHex((await run(device.loadWorkKey(key, limits(5_000)))) ?? new Uint8Array())).toBe(toHex(checkValue.slice(0, 4)));
    expect(await run(device.requestPinBlock(REQUEST, limits(10_000)))).toMatchObject({ kind: "entered" });
  });

  it("is another where the pad's master key is another: such a key makes no PIN block", async () => {
    const { device, run } = await bench();
    const key = { place: PIN_KEY, algorithm: "3des", wrapped: encryptBlocks(SUITE, "3des", WORK, WORK), checkValue } as const;
    await expect(run(device.loadWorkKey(key, limits(5_000)))).rejects.toMatchObject({ code: "pad-refused", effectUnknown: false });
    await expect(run(device.requestPinBlock(REQUEST, limits(5_000)))).rejects.toMatchObject({ code: "key-missing" });
    await run(device.loadWorkKey({ ...key, wrapped }, limits(5_000)));
    expect(await run(device.requestPinBlock(REQUEST, limits(10_000)))).toMatchObject({ kind: "entered" });
  });

  it("that was told before is forgotten when a loading fails, and stays when it was not begun", async () => {
    const { device, run, simulated } = await bench();
    const sm4 = { place: PIN_KEY, algorithm: "sm4", wrapped: new Uint8Array(16) } as const;
    await expect(run(device.loadWorkKey(sm4, limits(5_000)))).rejects.toMatchObject({ code: "pad-refused" });
    expect(await run(device.requestPinBlock(REQUEST, limits(10_000)))).toMatchObject({ kind: "entered" });
    simulated.setFaults({ lateMs: 600 });
    const key = { place: PIN_KEY, algorithm: "3des", wrapped, checkValue } as const;
    await expect(run(device.loadWorkKey(key, limits(1_000)))).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
    simulated.setFaults({ lateMs: 0 });
    await expect(run(device.requestPinBlock(REQUEST, limits(5_000)))).rejects.toMatchObject({ code: "key-missing" });
  });
});

describe("a master key that is typed", () => {
  const FIRST = "00112233445566778899aabbccddeeff";
  const SECOND = "0f1e2d3c4b5a69788796a5b4c3d2e1";
  // What was left out at the end of the second one is 00.
  const TYPED = xorBytes(fromHex(FIRST), fromHex(`${SECOND}00`));
  const PLACE = { master: 3, work: 0 } as const;
  const enters = (digits: string) => ({ kind: "enters", digits }) as const;

  function keypad(acts: readonly HolderAct[]) {
    const stand = inProcessStand();
    const holder = new ScriptedHolder(acts);
    const simulated = new SimulatedPad02h({ clock: stand.clock, suite: SUITE, holder, keyMs: 20 });
    simulated.attach(stand.end);
    const options = { clock: stand.clock, profile: DEFAULT_PAD_PROFILE, pinKey: PLACE, algorithm: "3des", entrySeconds: 3 } as const;
    const pad = new Pad02h(stand.line, options);
    const load = () => {
      const checkValue = encryptBlocks(SUITE, "3des", WORK, new Uint8Array(8));
      return stand.run(pad.loadWorkKey({ place: PLACE, algorithm: "3des", wrapped: encryptBlocks(SUITE, "3des", TYPED, WORK), checkValue }, limits(5_000)));
    };
    return { stand, simulated, holder, load, enter: (timeoutMs = 60_000) => stand.run(pad.enterMasterKey({ master: PLACE.master }, limits(timeoutMs))), pad };
  }

  it("is what its components make together", async () => {
    const { enter, load, simulated } = keypad([enters(FIRST), enters(SECOND)]);
    await expect(load()).rejects.toMatchObject({ code: "key-missing" });
    await enter();
    expect(simulated.keypad).toBe("off");
    await load();
  });

  it("is another where one component is another, which the check value tells", async () => {
    const { enter, load, holder } = keypad([enters(FIRST), enters(FIRST)]);
    await enter();
    await expect(load()).rejects.toMatchObject({ code: "pad-refused" });
    holder.plan([enters(SECOND), enters(FIRST)]);
    await enter();
    await load();
  });

  it.each([
    ["a component that is too long", [enters(FIRST), enters(`${FIRST}00`)], { code: "pad-refused", effectUnknown: false }],
    ["a component of nothing", [enters(FIRST), enters("")], { code: "pad-refused", effectUnknown: false }],
    ["somebody who cancels", [enters(FIRST), { kind: "cancels" }], { code: "pad-refused", effectUnknown: false }],
    ["somebody who walks away", [enters(FIRST), { kind: "walks-away" }], { code: "timeout", effectUnknown: false }],
  ] as const)("is none after %s", async (_name, acts, fault) => {
    const { enter, load } = keypad(acts);
    await expect(enter()).rejects.toMatchObject(fault);
    await expect(load()).rejects.toMatchObject({ code: "key-missing" });
  });

  it("is none when the caller gives up, and the keypad is off", async () => {
    const { enter, load, simulated } = keypad([enters(FIRST), { kind: "walks-away" }]);
    await expect(enter(5_000)).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
    expect(simulated.keypad).toBe("off");
    await expect(load()).rejects.toMatchObject({ code: "key-missing" });
  });

  it("is refused as soon as the pad sends a digit of it in the clear", async () => {
    const { enter, load, simulated, stand, pad } = keypad([enters(FIRST), enters(SECOND)]);
    simulated.setFaults({ clearDigits: true });
    const beganMs = stand.clock.monotonicMs();
    await expect(enter()).rejects.toMatchObject({ code: "pad-refused", effectUnknown: true });
    expect(stand.clock.monotonicMs() - beganMs).toBeLessThan(100);
    expect(simulated.keypad).toBe("off");
    expect(await stand.run(pad.health(limits(1_000)))).toMatchObject({ kind: "degraded" });
    await expect(load()).rejects.toMatchObject({ code: "key-missing" });
  });

  it("of a number that no master key has is refused", async () => {
    const { pad, stand } = keypad([enters(FIRST)]);
    await expect(stand.run(pad.enterMasterKey({ master: 16 }, limits(5_000)))).rejects.toMatchObject({ code: "pad-refused" });
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

describe("digits in the clear", () => {
  const REQUEST = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };
  const WARNED = { kind: "degraded", why: "sends digits in the clear" };

  it("end the entry and are told, until a PIN has been taken as it should be", async () => {
    const { device, run, plan, simulated } = await bench();
    plan(["right"]);
    simulated.setFaults({ clearDigits: true });
    await expect(run(device.requestPinBlock(REQUEST, limits(10_000)))).rejects.toMatchObject({ code: "pad-refused", effectUnknown: false });
    expect(simulated.keypad).toBe("off");
    await expect(run(device.requestNewPinBlock(REQUEST, limits(10_000)))).rejects.toMatchObject({ code: "pad-refused" });
    expect(await run(device.health(limits(5_000)))).toEqual(WARNED);
    simulated.setFaults({ clearDigits: false });
    plan(["cancel", "right"]);
    expect(await run(device.requestPinBlock(REQUEST, limits(10_000)))).toEqual({ kind: "cancelled" });
    expect(await run(device.health(limits(5_000)))).toEqual(WARNED);
    expect(await run(device.requestPinBlock(REQUEST, limits(10_000)))).toMatchObject({ kind: "entered" });
    expect(await run(device.health(limits(5_000)))).toEqual({ kind: "well" });
  });

  it("a key that is pressed before the pad asks ends the entry, whatever the holder does then", async () => {
    const stand = inProcessStand();
    const { device, run, plan, simulated } = await padBench(stand, { profile: DEFAULT_PAD_PROFILE });
    plan(["right"]);
    simulated.setFaults({ lateMs: 200 });
    const refused = device.requestPinBlock(REQUEST, limits(10_000)).catch((fault: unknown) => fault);
    while (simulated.keypad === "off") await stand.run(stand.clock.sleep(1));
    stand.end.write(utf8("7"));
    expect(await run(refused)).toMatchObject({ code: "pad-refused" });
    expect(simulated.keypad).toBe("off");
    expect(await run(device.health(limits(5_000)))).toEqual(WARNED);
  });
});

describe("a keypad on which somebody does not stop", () => {
  const REQUEST = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };

  it.each([
    [20_000, { kind: "timed-out" }, 5_500],
    [4_000, { code: "timeout" }, 4_500],
  ])("within %d ms gives %j: no key begins a limit anew", async (timeoutMs, expected, endsMs) => {
    const stand = inProcessStand();
    const { device, run, plan } = await padBench(stand, { profile: { ...DEFAULT_PAD_PROFILE, endKey: "ignore" } });
    plan(["nothing"]);
    const beganMs = stand.clock.monotonicMs();
    const chatter = async () => {
      for (let keys = 0; keys < 100; keys += 1) {
        await stand.clock.sleep(500);
        stand.end.write(fromHex("2a"));
      }
    };
    void chatter();
    const asked = device.requestPinBlock(REQUEST, limits(timeoutMs));
    expect(await run(asked.catch((fault: unknown) => fault))).toMatchObject(expected);
    expect(stand.clock.monotonicMs() - beganMs).toBeLessThan(endsMs);
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
