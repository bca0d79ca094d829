/* Every key function against values put together by hand from single runs of the openssl program. */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { type Bytes, concat, fromHex, toHex } from "../../device/base/bytes.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { KeyAlgorithm } from "./blocks.ts";
import { medicalLoadSessionKey, medicalMac, medicalPurchaseMac1Input, medicalPurchaseSessionKey, medicalPurchaseTac } from "./medical.ts";
import { diversifyPurse, loadSessionKey, purchaseSessionKey, purseMac, purseTac } from "./purse.ts";
import { authenticationData, diversifySocial, socialMac, socialSessionKey, socialTac } from "./social.ts";

const suite = openCipherSuite();
const ITERATIONS = [0, 1, 2] as const;

/** Bytes that differ with the seed and have no pattern that a mistake could hide in. */
function sample(seed: number, label: string, length: number): Bytes {
  return concat(suite.sm3(fromHex(seed.toString(16).padStart(8, "0")), new TextEncoder().encode(label)), suite.sm3(new TextEncoder().encode(label))).slice(
    0,
    length,
  );
}

function openssl(cipher: string, keyHex: string, dataHex: string, ivHex?: string): string {
  const iv = ivHex === undefined ? [] : ["-iv", ivHex];
  const run = spawnSync("openssl", ["enc", "-e", `-${cipher}`, "-nopad", "-K", keyHex, ...iv], { input: fromHex(dataHex) });
  expect(run.status, String(run.stderr)).toBe(0);
  return run.stdout.toString("hex");
}

function ecb(algorithm: KeyAlgorithm, key: string, data: string): string {
  if (algorithm === "sm4") return openssl("sm4-ecb", key, data);
  return openssl("des-ede", key.length === 16 ? key + key : key, data);
}

function cbc(algorithm: KeyAlgorithm, key: string, data: string): string {
  if (algorithm === "sm4") return openssl("sm4-cbc", key, data, "00".repeat(16)).slice(-32);
  return openssl("des-ede-cbc", key.length === 16 ? key + key : key, data, "00".repeat(8)).slice(-16);
}

function pad80(data: string, block: number): string {
  let padded = `${data}80`;
  while (padded.length % (block * 2) !== 0) padded += "00";
  return padded;
}

function xor(left: string, right: string): string {
  return (BigInt(`0x${left}`) ^ BigInt(`0x${right}`)).toString(16).padStart(left.length, "0");
}

function inverted(hex: string): string {
  return xor(hex, "f".repeat(hex.length));
}

function folded(block: string): string {
  return [8, 16, 24].reduce((sum, at) => xor(sum, block.slice(at, at + 8)), block.slice(0, 8));
}

describe.each(["3des", "sm4"] as const)("social application, %s", (algorithm) => {
  const block = algorithm === "sm4" ? 16 : 8;

  it.each(ITERATIONS)("diversifies (sample %i)", (seed) => {
    const [key, factor] = [sample(seed, "key", 16), sample(seed, "factor", 8)];
    expect(toHex(diversifySocial(suite, algorithm, { key, factor }))).toBe(ecb(algorithm, toHex(key), toHex(factor) + inverted(toHex(factor))));
  });

  it.each([4, 8])("makes a session key of %i bytes", (length) => {
    const [key, factor] = [sample(9, "key", 16), sample(9, "factor", algorithm === "sm4" ? length : 8)];
    expect(toHex(socialSessionKey(suite, algorithm, { key, factor }))).toBe(ecb(algorithm, toHex(key), toHex(factor).padEnd(block * 2, "0")));
  });

  it.each([0, 1, 7, 8, 15, 16, 26, 32])("makes a MAC over %i bytes, padding always", (length) => {
    const [key, data] = [sample(length, "key", algorithm === "sm4" ? 16 : 8), sample(length, "data", length)];
    const last = cbc(algorithm, toHex(key), pad80(toHex(data), block));
    expect(toHex(socialMac(suite, algorithm, { key, data }))).toBe(algorithm === "sm4" ? folded(last) : last.slice(0, 8));
  });

  it.each(ITERATIONS)("makes authentication data (sample %i)", (seed) => {
    const [key, sessionFactor, raw] = [sample(seed, "key", 16), sample(seed, "session", 8), sample(seed, "raw", 8)];
    const session = ecb(algorithm, toHex(key), toHex(sessionFactor).padEnd(block * 2, "0"));
    const whole = ecb(algorithm, session, toHex(raw).padEnd(block * 2, "0"));
    expect(toHex(authenticationData(suite, algorithm, { key, sessionFactor, raw }))).toBe(
      algorithm === "sm4" ? xor(whole.slice(0, 16), whole.slice(16)) : whole,
    );
  });

  it("makes a TAC under the TAC key", () => {
    const [dtk, data] = [sample(1, "dtk", 16), sample(1, "tac", 26)];
    const key = algorithm === "sm4" ? toHex(dtk) : xor(toHex(dtk).slice(0, 16), toHex(dtk).slice(16));
    const last = cbc(algorithm, key, pad80(toHex(data), block));
    expect(toHex(socialTac(suite, algorithm, { dtk, data }))).toBe(algorithm === "sm4" ? folded(last) : last.slice(0, 8));
  });
});

describe.each(["3des", "sm4"] as const)("medical purse, %s", (algorithm) => {
  const block = algorithm === "sm4" ? 16 : 8;
  const rules = { suite, algorithm, profile: DEFAULT_CARD_PROFILE };
  const mac = (key: string, data: string): string => {
    const last = cbc(algorithm, key, pad80(data, block));
    return algorithm === "sm4" ? folded(last) : last.slice(0, 8);
  };

  it.each(ITERATIONS)("makes session keys, MACs and TACs (sample %i)", (seed) => {
    const [key, random] = [sample(seed, "key", 16), sample(seed, "random", 4)];
    const purchase = ecb(algorithm, toHex(key), `${toHex(random)}00290384`.padEnd(block * 2, "0"));
    expect(toHex(medicalPurchaseSessionKey(rules, key, { cardRandom: random, cardSequence: 0x29, terminalSequence: 0x00ab_0384 }))).toBe(purchase);
    const load = ecb(algorithm, toHex(key), `${toHex(random)}00078000`.padEnd(block * 2, "0"));
    expect(toHex(medicalLoadSessionKey(rules, key, { cardRandom: random, loadSequence: 7 }))).toBe(load);
    const amounts = "000001c200000064000003e8";
    const occasion = { terminalNumber: fromHex("990100000001"), date: fromHex("20261121"), time: fromHex("101500") };
    const terms = { accountFen: 450, selfPayFen: 100, pooledFen: 1000, type: 0x32, ...occasion };
    expect(toHex(medicalMac(rules, fromHex(purchase), medicalPurchaseMac1Input(terms)))).toBe(mac(purchase, `${amounts}3299010000000120261121101500`));
    const joined = algorithm === "sm4" ? toHex(key) : xor(toHex(key).slice(0, 16), toHex(key).slice(16));
    const tac = mac(joined, `${amounts}3299010000000100ab038420261121101500`);
    expect(toHex(medicalPurchaseTac(rules, key, { ...terms, terminalSequence: 0x00ab_0384 }))).toBe(tac);
  });
});

describe("e-purse, 3DES", () => {
  const rules = { suite, algorithm: "3des", profile: DEFAULT_CARD_PROFILE } as const;

  it.each(ITERATIONS)("derives keys and makes MAC and TAC (sample %i)", (seed) => {
    const [key, factor, random, data] = [sample(seed, "key", 16), sample(seed, "factor", 8), sample(seed, "random", 4), sample(seed, "data", 18)];
    expect(toHex(diversifyPurse(rules, key, factor))).toBe(ecb("3des", toHex(key), toHex(factor) + inverted(toHex(factor))));
    const session = ecb("3des", toHex(key), `${toHex(random)}00290384`);
    expect(toHex(purchaseSessionKey(rules, key, { cardRandom: random, cardSequence: 0x29, terminalSequence: 0x00ab_0384 }))).toBe(session);
    expect(toHex(loadSessionKey(rules, key, { cardRandom: random, onlineSequence: 7 }))).toBe(ecb("3des", toHex(key), `${toHex(random)}00078000`));
    expect(toHex(purseMac(rules, fromHex(session), data))).toBe(cbc("3des", session, pad80(toHex(data), 8)).slice(0, 8));
    const joined = xor(toHex(key).slice(0, 16), toHex(key).slice(16));
    expect(toHex(purseTac(rules, key, data))).toBe(cbc("3des", joined, pad80(toHex(data), 8)).slice(0, 8));
  });
});

describe("e-purse, SM4, by profile switch", () => {
  const [key, factor, random, data] = [sample(5, "key", 16), sample(5, "factor", 8), sample(5, "random", 4), sample(5, "data", 18)];
  const rules = (profile: Partial<typeof DEFAULT_CARD_PROFILE>) => ({ suite, algorithm: "sm4", profile: { ...DEFAULT_CARD_PROFILE, ...profile } }) as const;

  it.each([
    ["fNotF", inverted(toHex(factor))],
    ["fZeros", "00".repeat(8)],
  ] as const)("sm4Diversify %s", (sm4Diversify, rest) => {
    expect(toHex(diversifyPurse(rules({ sm4Diversify }), key, factor))).toBe(ecb("sm4", toHex(key), toHex(factor) + rest));
  });

  it.each([
    ["zeros", "00".repeat(8)],
    ["pad80", `80${"00".repeat(7)}`],
  ] as const)("sessionPad %s", (sessionPad, rest) => {
    const session = purchaseSessionKey(rules({ sessionPad }), key, { cardRandom: random, cardSequence: 0x29, terminalSequence: 0x384 });
    expect(toHex(session)).toBe(ecb("sm4", toHex(key), `${toHex(random)}00290384${rest}`));
  });

  it.each(["left4", "fold4"] as const)("macReduce %s", (macReduce) => {
    const last = cbc("sm4", toHex(key), pad80(toHex(data), 16));
    const expected = macReduce === "fold4" ? folded(last) : last.slice(0, 8);
    expect(toHex(purseMac(rules({ macReduce }), key, data))).toBe(expected);
    expect(toHex(purseTac(rules({ macReduce }), key, data))).toBe(expected);
  });
});
