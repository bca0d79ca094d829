/* The bank's keys in a pad: over the simulated pad with keys, and over the 02h family's own driver and pad. */
import { describe, expect, it } from "vitest";
import { encryptBlocks } from "../../../simulators/crypto/blocks.ts";
import { inProcessStand } from "../../../simulators/line/testing.ts";
import { ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { SimulatedKeyPad } from "../../../simulators/pinpad/key-pad.ts";
import { SimulatedPad02h } from "../../../simulators/pinpad/pad-02h.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Bytes, concat, fromHex, toHex, utf8, xorBytes } from "../../base/bytes.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { DEFAULT_PAD_PROFILE, Pad02h } from "../../drivers/pad-02h/pad.ts";
import type { BankKeys, WorkingKeys, WrappedKey } from "../acquiring/bank-keys.ts";
import { accountTail, type BankPad, openPadBankKeys } from "./pad-keys.ts";

const SUITE = openCipherSuite();
const MASTER = "0123456789ABCDEFFEDCBA9876543210";
const LONG = "0123456789ABCDEFFEDCBA9876543210";
const SHORT = "0123456789ABCDEF";
const PIN_KEY = "1111111111111111222222222222222A";
const TEXT = utf8("1234567890ABCDEF");
const OPTIONS = { pinKey: { master: 0, work: 1 }, pinDigits: { min: 6, max: 6 } } as const;
const LIMITS = { timeoutMs: 20_000, signal: new AbortController().signal };

const encipher = (keyHex: string, blocks: Bytes) => encryptBlocks(SUITE, "3des", fromHex(keyHex), blocks);
const wrapped = (clearHex: string): WrappedKey => ({
  wrapped: encipher(MASTER, fromHex(clearHex)),
  checkValue: encipher(clearHex, new Uint8Array(8)).slice(0, 4),
});
const keysOf = (macHex: string, pinHex = PIN_KEY): WorkingKeys => ({ pin: wrapped(pinHex), mac: wrapped(macHex) });

interface PadBench {
  readonly keys: BankKeys;
  run<Value>(work: Promise<Value>): Promise<Value>;
}

const holder = () => new ScriptedHolder([{ kind: "enters", digits: "123456" }]);
const opened = (pad: BankPad, algorithm: "3des" | "sm4" = "3des"): BankKeys => {
  const opening = openPadBankKeys(pad, { ...OPTIONS, algorithm });
  if (!opening.ok) throw new Error(opening.reason);
  return opening.keys;
};

function keyPad(algorithm: "3des" | "sm4" = "3des"): PadBench & { readonly pad: SimulatedKeyPad } {
  const clock = new VirtualClock(0);
  const pad = new SimulatedKeyPad({ clock, suite: SUITE, holder: holder(), masterKeyHex: MASTER, pinKey: OPTIONS.pinKey, algorithm });
  return { pad, keys: opened(pad, algorithm), run: (work) => clock.resolve(work) };
}

const sm4KeyPad = () => keyPad("sm4");

function pad02h(algorithm: "3des" | "sm4" = "3des"): PadBench {
  const stand = inProcessStand();
  const profile = { ...DEFAULT_PAD_PROFILE, sm4: algorithm === "sm4" ? "sim" : "none" } as const;
  const parts = { clock: stand.clock, suite: SUITE, holder: holder(), masterKeyHex: MASTER, masterAlgorithm: algorithm, keyMs: 20 };
  const simulated = new SimulatedPad02h({ ...parts, settings: profile });
  simulated.attach(stand.end);
  const pad = new Pad02h(stand.line, { clock: stand.clock, profile, pinKey: OPTIONS.pinKey, algorithm, entrySeconds: 10 });
  return { keys: opened(pad, algorithm), run: (work) => stand.run(work) };
}

const sm4Pad02h = () => pad02h("sm4");
const sm4Wrapped = (clearHex: string): WrappedKey => ({
  wrapped: encryptBlocks(SUITE, "sm4", fromHex(MASTER), fromHex(clearHex)),
  checkValue: encryptBlocks(SUITE, "sm4", fromHex(clearHex), new Uint8Array(16)).slice(0, 8),
});
const sm4Keys = (pinHex = PIN_KEY): WorkingKeys => ({ pin: sm4Wrapped(pinHex), mac: sm4Wrapped(LONG) });

/** Step by step, apart from any pad. */
function retailMac(keyHex: string, data: Bytes): Bytes {
  const blocks = new Uint8Array(Math.ceil(data.length / 8) * 8);
  blocks.set(data);
  let link: Bytes = new Uint8Array(8);
  for (let at = 0; at < blocks.length; at += 8) {
    const last = at === blocks.length - 8;
    link = encipher(last ? keyHex : keyHex.slice(0, 16), xorBytes(link, blocks.subarray(at, at + 8)));
  }
  return link;
}

describe.each([
  ["the simulated pad with keys", () => keyPad()],
  ["a pad of the 02h family", () => pad02h()],
] as const)("the bank's keys in %s", (_, makeBench) => {
  it("make the dialect's MAC", async () => {
    const { keys, run } = makeBench();
    expect(await run(keys.load(keysOf(LONG), LIMITS))).toEqual({ kind: "loaded" });
    expect(await run(keys.mac(TEXT, "ecb", LIMITS))).toEqual(utf8("1CE73BC8"));
  });

  it("make X9.19 of a key of two halves", async () => {
    const { keys, run } = makeBench();
    await run(keys.load(keysOf(LONG), LIMITS));
    expect(toHex(await run(keys.mac(TEXT, "x9.19", LIMITS)))).toBe("205fcec8bade9527");
    for (const length of [1, 8, 9, 250, 700]) {
      const data = Uint8Array.from({ length }, (__, at) => (at * 5 + 3) & 0xff);
      expect(toHex(await run(keys.mac(data, "x9.19", LIMITS)))).toBe(toHex(retailMac(LONG, data)));
    }
  });

  it.each(["ecb", "x9.19"] as const)("make with a short MAC key what DES makes, beside a long PIN key or a short one: %s", async (method) => {
    const { keys, run } = makeBench();
    await run(keys.load(keysOf(SHORT), LIMITS));
    const beside = toHex(await run(keys.mac(TEXT, method, LIMITS)));
    await run(keys.load(keysOf(SHORT, SHORT), LIMITS));
    expect([beside, toHex(await run(keys.mac(TEXT, method, LIMITS)))]).toEqual(Array(2).fill(method === "ecb" ? "4239384630323035" : "9a037a9bd24817bb"));
  });

  it("forget the long MAC key of an earlier sign-in", async () => {
    const { keys, run } = makeBench();
    await run(keys.load(keysOf(LONG), LIMITS));
    await run(keys.load(keysOf(SHORT), LIMITS));
    expect(toHex(await run(keys.mac(TEXT, "x9.19", LIMITS)))).toBe("9a037a9bd24817bb");
  });

  it("make a PIN block for the account", async () => {
    const { keys, run } = makeBench();
    await run(keys.load(keysOf(LONG), LIMITS));
    const outcome = await run(keys.pinBlock("123456789012345678", LIMITS));
    // Spec: ANSI X9.8, format 0; the clear block of these test digits is published.
    expect(outcome).toMatchObject({ kind: "entered", block: encipher(PIN_KEY, fromHex("061253DFFEDCBA98")) });
  });

  it.each(["pin", "mac", "track"] as const)("refuse a %s key whose check value is another's", async (which) => {
    const { keys, run } = makeBench();
    const right: WorkingKeys = { ...keysOf(LONG), track: wrapped(PIN_KEY) };
    expect(await run(keys.load(right, LIMITS))).toEqual({ kind: "loaded" });
    const wrong = { ...right, [which]: { ...right.pin, checkValue: fromHex("00000000") } };
    expect(await run(keys.load(wrong, LIMITS))).toEqual({ kind: "refused", which });
  });

  it("take check values of three bytes", async () => {
    const { keys, run } = makeBench();
    const short = (key: WrappedKey): WrappedKey => ({ ...key, checkValue: key.checkValue.slice(0, 3) });
    const { pin, mac } = keysOf(LONG);
    expect(await run(keys.load({ pin: short(pin), mac: short(mac) }, LIMITS))).toEqual({ kind: "loaded" });
    expect(await run(keys.load({ pin: short(pin), mac: { ...mac, checkValue: fromHex("000000") } }, LIMITS))).toEqual({ kind: "refused", which: "mac" });
  });

  it("are not there before a sign-in", async () => {
    const { keys, run } = makeBench();
    await expect(run(keys.mac(TEXT, "ecb", LIMITS))).rejects.toMatchObject({ code: "key-missing" });
  });
});

describe.each([
  ["the simulated pad with keys", sm4KeyPad],
  ["a pad of the 02h family whose SM4 codes are known", sm4Pad02h],
] as const)("SM4 keys in %s", (_, makeBench) => {
  it("make the dialect's MAC with blocks of sixteen bytes", async () => {
    const { keys, run } = makeBench();
    expect(await run(keys.load(sm4Keys(), LIMITS))).toEqual({ kind: "loaded" });
    expect(await run(keys.mac(TEXT, "sm4", LIMITS))).toEqual(utf8("11ACBE3F"));
  });

  it("make a PIN block of sixteen bytes for the account", async () => {
    const { keys, run } = makeBench();
    await run(keys.load(sm4Keys(LONG), LIMITS));
    const outcome = await run(keys.pinBlock("123456789012345678", LIMITS));
    // Worked out apart from any pad: 06 123456 and F, joined with the account's twelve digits on the right.
    expect(outcome).toMatchObject({ kind: "entered", block: fromHex("52df1bc94510411790b4008ae8a1e797") });
  });

  it.each(["pin", "mac"] as const)("refuse a %s key whose check value is another's, as that of 3DES is", async (which) => {
    const { keys, run } = makeBench();
    const right = sm4Keys();
    const wrong = { ...right, [which]: { ...right[which], checkValue: wrapped(LONG).checkValue } };
    expect(await run(keys.load(wrong, LIMITS))).toEqual({ kind: "refused", which });
  });

  it.each(["ecb", "x9.19"] as const)("make no MAC of another cipher: %s", async (method) => {
    const { keys, run } = makeBench();
    await run(keys.load(sm4Keys(), LIMITS));
    await expect(run(keys.mac(TEXT, method, LIMITS))).rejects.toMatchObject({ code: "pad-refused", effectUnknown: false });
  });
});

describe("a pad", () => {
  it("that makes no MACs serves no bank", () => {
    const { pad } = keyPad();
    const { requestPinBlock, loadWorkKey, enterMasterKey, wipeKeys, close } = pad;
    expect(openPadBankKeys({ requestPinBlock, loadWorkKey, enterMasterKey, wipeKeys, close }, OPTIONS)).toEqual({ ok: false, reason: "pad-makes-no-mac" });
  });

  it.each([
    ["3des", "sm4"],
    ["sm4", "3des"],
  ] as const)("whose keys are %s serves no bank whose keys are %s", (algorithm, wanted) => {
    const { pad } = keyPad(algorithm);
    expect(openPadBankKeys(pad, { ...OPTIONS, algorithm: wanted })).toEqual({ ok: false, reason: "pad-has-another-cipher" });
  });

  it("that does not say its ciphers has 3DES alone", () => {
    const { requestPinBlock, loadWorkKey, enterMasterKey, wipeKeys, close, macs } = keyPad().pad;
    const silent = { requestPinBlock, loadWorkKey, enterMasterKey, wipeKeys, close, macs };
    expect([openPadBankKeys(silent, OPTIONS).ok, openPadBankKeys(silent, { ...OPTIONS, algorithm: "sm4" }).ok]).toEqual([true, false]);
  });

  it("makes no SM4 MAC with 3DES keys", async () => {
    const { keys, run } = keyPad();
    await run(keys.load(keysOf(LONG), LIMITS));
    await expect(run(keys.mac(TEXT, "sm4", LIMITS))).rejects.toMatchObject({ code: "pad-refused" });
  });

  it("of another terminal, with another master key, makes other keys of what came", async () => {
    const { pad, keys, run } = keyPad();
    pad.replaceMaster("FEDCBA98765432100123456789ABCDEF");
    expect(await run(keys.load(keysOf(LONG), LIMITS))).toEqual({ kind: "refused", which: "pin" });
  });

  it("that tells no check values is not believed", async () => {
    const { pad, keys, run } = keyPad();
    pad.setCheckValues(false);
    expect(await run(keys.load(keysOf(LONG), LIMITS))).toEqual({ kind: "refused", which: "pin" });
  });

  it("that gives blocks of another cipher serves no bank", async () => {
    const { pad } = keyPad();
    pad.requestPinBlock = async () => ({ kind: "entered", block: new Uint8Array(16), keyCheckValue: new Uint8Array(4) });
    await expect(opened(pad).pinBlock("123456789012345678", LIMITS)).rejects.toMatchObject({ code: "pad-refused", effectUnknown: false });
  });

  it("that is gone says so", async () => {
    const { pad, keys, run } = keyPad();
    pad.setPresent(false);
    await expect(run(keys.load(keysOf(LONG), LIMITS))).rejects.toMatchObject({ code: "pad-gone" });
  });

  it("keeps its keys in four places under one master key", async () => {
    const { pad } = keyPad();
    const places: number[] = [];
    const load = pad.loadWorkKey.bind(pad);
    pad.loadWorkKey = (key) => {
      places.push(key.place.work);
      return load(key);
    };
    await opened(pad).load({ ...keysOf(LONG), track: wrapped(PIN_KEY) }, LIMITS);
    expect(places).toEqual([1, 2, 0, 3]);
  });
});

describe("the account's part of a PIN block", () => {
  it.each([
    ["123456789012345678", "678901234567"],
    ["5555555551234567", "555555123456"],
    ["12345678", "000001234567"],
  ])("%s: %s", (account, digits) => expect(toHex(accountTail(account))).toBe(digits));

  it.each(["1234567", "12345678901234567890", "12345678x"])("is not made of %s", (account) => expect(() => accountTail(account)).toThrow());

  it("gives the published block with its PIN", () =>
    expect(toHex(xorBytes(fromHex("06123456FFFFFFFF"), concat(new Uint8Array(2), accountTail("123456789012345678"))))).toBe("061253dffedcba98"));
});
