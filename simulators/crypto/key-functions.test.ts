/* Fixed values of the key functions, put together by hand with the openssl program, and the shapes that must differ. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { foldFourWords, padAlways, xorHalves } from "./blocks.ts";
import { purchaseMac1Input, purchaseTacInput, purseMac } from "./purse.ts";
import { authenticationData, diversifySocial, socialMac } from "./social.ts";
import { cityFactor, defaultPurseRules, deriveSocialKey, provinceFactor, purseFactors, testPurseCardKey, testRootKey } from "./test-keys.ts";

const suite = openCipherSuite();
const KEY = fromHex("0123456789ABCDEFFEDCBA9876543210");
const FACTOR = fromHex("1122334455667788");

describe("blocks", () => {
  it.each([
    ["", "8000000000000000"],
    ["11", "1180000000000000"],
    ["1122334455667788", "11223344556677888000000000000000"],
  ])("pads %s to %s", (data, padded) => {
    expect(toHex(padAlways(fromHex(data), 8))).toBe(padded);
  });

  it("folds four words and two halves", () => {
    expect(toHex(foldFourWords(fromHex("000000010000000200000004 10000008")))).toBe("1000000f");
    expect(toHex(xorHalves(fromHex("FF00FF00 0F0F0F0F")))).toBe("f00ff00f");
  });
});

describe("fixed values", () => {
  it.each([
    ["3des", "3eb3b72576bbbe831355ab0ee3123ae8"],
    ["sm4", "7904dc533e8bca0c93d3c36dc8328866"],
  ] as const)("diversifies with %s", (algorithm, expected) => {
    expect(toHex(diversifySocial(suite, algorithm, { key: KEY, factor: FACTOR }))).toBe(expected);
  });

  it.each([
    ["3des", "cdea4cc9a59f7169"],
    ["sm4", "2a73a50994d225d6"],
  ] as const)("makes authentication data with %s", (algorithm, expected) => {
    expect(toHex(authenticationData(suite, algorithm, { key: KEY, sessionFactor: FACTOR, raw: fromHex("A1A2A3A4A5A6A7A8") }))).toBe(expected);
  });

  it.each([
    ["3des", "54256b7b"],
    ["sm4", "760342a3"],
  ] as const)("makes a purse MAC with %s", (algorithm, expected) => {
    const key = algorithm === "sm4" ? KEY : KEY.slice(0, 8);
    expect(toHex(purseMac(defaultPurseRules(suite, algorithm), key, fromHex("000001c206990100000001 20260102030405")))).toBe(expected);
  });
});

describe("rules that a card of another kind would break", () => {
  it("a social SM4 MAC is folded, a purse MAC keeps its left bytes", () => {
    const data = fromHex("0102030405");
    expect(toHex(socialMac(suite, "sm4", { key: KEY, data }))).not.toBe(toHex(purseMac(defaultPurseRules(suite, "sm4"), KEY, data)));
  });

  it("orders the inputs of MAC1 and TAC as the commands carry them", () => {
    const terms = { amountFen: 450, type: 6, terminalNumber: fromHex("990100000001"), date: fromHex("20260102"), time: fromHex("030405") };
    expect(toHex(purchaseMac1Input(terms))).toBe("000001c2069901000000012026010203 0405".replace(" ", ""));
    expect(toHex(purchaseTacInput(terms, 900))).toBe("000001c206990100000001000003842026010203 0405".replace(" ", ""));
  });
});

describe("key hierarchy", () => {
  it("makes factors of region digits", () => {
    expect(toHex(provinceFactor("990100"))).toBe("3939303030307368");
    expect(toHex(cityFactor("990100"))).toBe("3939303130307378");
  });

  it("names a purse by serial, issuer and province, the card first", () => {
    const factors = purseFactors({ issuer: fromHex("9901000000000001"), serial: fromHex("00009900000000000007") });
    expect(factors.map(toHex)).toEqual(["9900000000000007", "9901000000000001", "3939303030307368"]);
  });

  it.each(["3des", "sm4"] as const)("derives %s keys level by level from the root", (algorithm) => {
    const root = testRootKey(algorithm, "irk");
    const step = (key: Uint8Array, factor: Uint8Array) => diversifySocial(suite, algorithm, { key, factor });
    const [card, city, province] = [FACTOR, cityFactor("990100"), provinceFactor("990100")];
    expect(toHex(deriveSocialKey(suite, algorithm, { key: root, factors: [card, city, province] }))).toBe(toHex(step(step(step(root, province), city), card)));
  });

  it("gives every card its own purse keys", () => {
    const rules = defaultPurseRules(suite, "sm4");
    const place = (serial: string) => ({ issuer: fromHex("9901000000000001"), serial: concat(fromHex("0000990000000000"), fromHex(serial)) });
    expect(toHex(testPurseCardKey(rules, "purse-dtk", place("0001")))).not.toBe(toHex(testPurseCardKey(rules, "purse-dtk", place("0002"))));
  });
});
