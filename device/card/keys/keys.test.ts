/*
 * Keys and codes: figures computed with the openssl program step by step, and the same functions as written a second time for the
 * simulators. Key 0123…3210 throughout, unless said.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as theirPurse from "../../../simulators/crypto/purse.ts";
import * as theirSocial from "../../../simulators/crypto/social.ts";
import { type Bytes, concat, fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { SUITE } from "../testing.ts";
import type { CardAlgorithm } from "./block-mac.ts";
import { padAlways, padWhenNeeded } from "./block-mac.ts";
import {
  diversifyPurse,
  loadMac1Input,
  loadMac2Input,
  loadSessionKey,
  loadTacInput,
  type PurseCrypto,
  purchaseMac1Input,
  purchaseMac2Input,
  purchaseSessionKey,
  purchaseTacInput,
  purseMac,
  purseTacKey,
  secureMessagingKey,
  secureMessagingMac,
} from "./purse.ts";
import { authenticationData, diversifySocial, encipherField, socialMac, socialSessionKey, socialTacKey } from "./social.ts";

const KEY = fromHex("0123456789abcdeffedcba9876543210");
const FACTOR = fromHex("1122334455667788");
const TERMS = { amount: fen(450), type: 0x06, terminalNumber: fromHex("990100000042"), date: fromHex("20261121"), time: fromHex("120000") };
const SESSION = { cardRandom: fromHex("01020304"), cardSequence: 7, terminalSequence: 0x1234_0009 };
const ALGORITHMS = ["3des", "sm4"] as const;

function purse(algorithm: CardAlgorithm, profile: Partial<PurseCrypto["profile"]> = {}): PurseCrypto {
  return { suite: SUITE, algorithm, profile: { ...DEFAULT_CARD_PROFILE, ...profile } };
}

/** What a key makes of zeros tells two keys apart without showing them. */
function checkOf(algorithm: CardAlgorithm, key: ReturnType<typeof SUITE.secretKey>): string {
  return toHex(algorithm === "sm4" ? SUITE.sm4Encrypt(key, new Uint8Array(16)) : SUITE.tdesEncrypt(key, new Uint8Array(8)));
}

function same(algorithm: CardAlgorithm, key: ReturnType<typeof SUITE.secretKey>, bytes: Bytes): void {
  expect(checkOf(algorithm, key)).toBe(checkOf(algorithm, SUITE.secretKey(bytes)));
}

describe("purse keys", () => {
  it.each([
    ["triple DES", purse("3des"), "3eb3b72576bbbe831355ab0ee3123ae8"],
    ["SM4", purse("sm4"), "7904dc533e8bca0c93d3c36dc8328866"],
    ["SM4 with zeros", purse("sm4", { sm4Diversify: "fZeros" }), "edc7ac8587c62318a01dcd93a63db384"],
  ])("child key, %s", (_name, crypto, expected) => {
    same(crypto.algorithm, diversifyPurse(crypto, SUITE.secretKey(KEY), FACTOR), fromHex(expected));
  });

  it.each([
    ["triple DES", purse("3des"), "caa682740a28d2c5caa682740a28d2c5"],
    ["SM4", purse("sm4"), "d56156053bdced02e419d8c5f5ec0409"],
    ["SM4 padded", purse("sm4", { sessionPad: "pad80" }), "5fa35eee606c71d619faecc179b6f53a"],
  ])("session key of a purchase takes the right half of the terminal's sequence, %s", (_name, crypto, expected) => {
    same(crypto.algorithm, purchaseSessionKey(crypto, SUITE.secretKey(KEY), SESSION), fromHex(expected));
  });
});

describe("purse codes", () => {
  it.each([
    ["triple DES", purse("3des"), "eb3bca1f"],
    ["SM4, left word", purse("sm4"), "c6883e8b"],
    ["SM4, folded", purse("sm4", { macReduce: "fold4" }), "a1778f54"],
  ])("MAC1 of a purchase, %s", (_name, crypto, expected) => {
    const key = purchaseSessionKey(crypto, SUITE.secretKey(KEY), SESSION);
    expect(toHex(purseMac(crypto, key, purchaseMac1Input(TERMS)))).toBe(expected);
  });

  it.each([
    ["3des", "d0e4e154"],
    ["sm4", "32271e86"],
  ] as const)("TAC under 0001…0e0f, %s", (algorithm, expected) => {
    const crypto = purse(algorithm);
    const key = purseTacKey(crypto, fromHex("000102030405060708090a0b0c0d0e0f"));
    expect(toHex(purseMac(crypto, key, purchaseTacInput(TERMS, 9)))).toBe(expected);
  });

  it.each([
    ["one block", "841e000004", "0c48cc81"],
    ["two blocks", "04d6820010aabbccddeeff01", "5be6c80e"],
  ])("secure messaging takes triple DES for the last block only: %s", (_name, data, expected) => {
    const crypto = purse("3des");
    expect(toHex(secureMessagingMac(crypto, secureMessagingKey(crypto, KEY), { challenge: fromHex("01020304"), data: fromHex(data) }))).toBe(expected);
  });

  it("secure messaging with SM4 starts its chain with the challenge", () => {
    const crypto = purse("sm4");
    const mac = secureMessagingMac(crypto, secureMessagingKey(crypto, KEY), { challenge: fromHex("01020304"), data: fromHex("841e000004") });
    const chained = SUITE.sm4CbcEncrypt(SUITE.secretKey(KEY), fromHex("01020304000000000000000000000000"), fromHex("841e0000048000000000000000000000"));
    expect(mac).toEqual(chained.slice(0, 4));
  });
});

describe("social application", () => {
  it.each([
    ["3des", "6f571e3ce5a49068"],
    ["sm4", "82ad57cd9d0f3652"],
  ] as const)("authentication data, %s", (algorithm, expected) => {
    const crypto = { suite: SUITE, algorithm };
    const session = socialSessionKey(crypto, SUITE.secretKey(KEY), fromHex("2122232425262728"));
    expect(toHex(authenticationData(crypto, session, fromHex("1112131415161718")))).toBe(expected);
  });

  it("an SM4 code is folded, which the left word is not", () => {
    const crypto = { suite: SUITE, algorithm: "sm4" } as const;
    const key = SUITE.secretKey(fromHex("d56156053bdced02e419d8c5f5ec0409"));
    expect(toHex(socialMac(crypto, key, purchaseMac1Input(TERMS)))).toBe("a1778f54");
  });

  it.each([
    ["3des", "0102", "0201028000000000"],
    ["3des", "01020304050607", "0701020304050607"],
    ["sm4", "0102", "02010280000000000000000000000000"],
  ] as const)("a field is enciphered behind its length, padded only where needed: %s %s", (algorithm, field, clear) => {
    const key = SUITE.secretKey(KEY);
    const enciphered = encipherField({ suite: SUITE, algorithm }, key, fromHex(field));
    expect(toHex(algorithm === "sm4" ? SUITE.sm4Decrypt(key, enciphered) : SUITE.tdesDecrypt(key, enciphered))).toBe(clear);
  });
});

describe("padding", () => {
  it.each([
    ["", "8000000000000000"],
    ["01", "0180000000000000"],
    ["0102030405060708", "01020304050607088000000000000000"],
  ])("always: %s", (data, padded) => {
    expect(toHex(padAlways(fromHex(data), 8))).toBe(padded);
  });
  it.each([
    ["01", "0180000000000000"],
    ["0102030405060708", "0102030405060708"],
  ])("when needed: %s", (data, padded) => {
    expect(toHex(padWhenNeeded(fromHex(data), 8))).toBe(padded);
  });
});

describe("the same, written twice", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
  const u16 = fc.integer({ min: 0, max: 0xffff });
  const profiles = fc.record({
    macReduce: fc.constantFrom("left4", "fold4"),
    sessionPad: fc.constantFrom("zeros", "pad80"),
    sm4Diversify: fc.constantFrom("fNotF", "fZeros"),
  });
  const terms = fc.record({ amount: u32, type: fc.integer({ min: 0, max: 255 }), terminalNumber: bytes(6), date: bytes(4), time: bytes(3) });

  it.each(ALGORITHMS)("purse, %s", (algorithm) => {
    fc.assert(
      fc.property(profiles, terms, fc.record({ key: bytes(16), factor: bytes(8), random: bytes(4), sequence: u16, terminal: u32 }), (profile, sale, input) => {
        const ours = purse(algorithm, profile);
        const theirs = { suite: SUITE, algorithm, profile: { ...DEFAULT_CARD_PROFILE, ...profile } };
        const key = SUITE.secretKey(input.key);
        same(algorithm, diversifyPurse(ours, key, input.factor), theirPurse.diversifyPurse(theirs, input.key, input.factor));
        const session = { cardRandom: input.random, cardSequence: input.sequence, terminalSequence: input.terminal };
        const ourTerms = { ...sale, amount: fen(sale.amount) };
        const theirTerms = { ...sale, amountFen: sale.amount };
        const pairs: readonly (readonly [Bytes, Bytes])[] = [
          [purchaseMac1Input(ourTerms), theirPurse.purchaseMac1Input(theirTerms)],
          [purchaseMac2Input(ourTerms.amount), theirPurse.purchaseMac2Input(sale.amount)],
          [purchaseTacInput(ourTerms, input.terminal), theirPurse.purchaseTacInput(theirTerms, input.terminal)],
          [loadMac1Input(ourTerms.amount, ourTerms), theirPurse.loadMac1Input(sale.amount, theirTerms)],
          [loadMac2Input(ourTerms), theirPurse.loadMac2Input(theirTerms)],
          [loadTacInput(ourTerms.amount, input.sequence, ourTerms), theirPurse.loadTacInput(sale.amount, input.sequence, theirTerms)],
        ];
        for (const [mine, other] of pairs) expect(toHex(mine)).toBe(toHex(other));
        const data = purchaseMac1Input(ourTerms);
        expect(purseMac(ours, purchaseSessionKey(ours, key, session), data)).toEqual(
          theirPurse.purseMac(theirs, theirPurse.purchaseSessionKey(theirs, input.key, session), data),
        );
        const load = { cardRandom: input.random, onlineSequence: input.sequence };
        expect(purseMac(ours, loadSessionKey(ours, key, load), data)).toEqual(
          theirPurse.purseMac(theirs, theirPurse.loadSessionKey(theirs, input.key, load), data),
        );
        expect(purseMac(ours, purseTacKey(ours, input.key), data)).toEqual(theirPurse.purseTac(theirs, input.key, data));
      }),
      { numRuns: 100 },
    );
  });

  it.each(ALGORITHMS)("social application, %s", (algorithm) => {
    const crypto = { suite: SUITE, algorithm };
    fc.assert(
      fc.property(bytes(16), bytes(8), bytes(8), fc.uint8Array({ maxLength: 60 }), (key, factor, raw, data) => {
        same(algorithm, diversifySocial(crypto, SUITE.secretKey(key), factor), theirSocial.diversifySocial(SUITE, algorithm, { key, factor }));
        const session = socialSessionKey(crypto, SUITE.secretKey(key), factor);
        expect(authenticationData(crypto, session, raw)).toEqual(theirSocial.authenticationData(SUITE, algorithm, { key, sessionFactor: factor, raw }));
        expect(socialMac(crypto, socialTacKey(crypto, key), data)).toEqual(theirSocial.socialTac(SUITE, algorithm, { dtk: key, data }));
      }),
      { numRuns: 100 },
    );
  });

  it("keys of single DES have two equal halves", () => {
    const session = socialSessionKey({ suite: SUITE, algorithm: "3des" }, SUITE.secretKey(KEY), FACTOR);
    const half = SUITE.tdesEncrypt(SUITE.secretKey(KEY), FACTOR);
    same("3des", session, concat(half, half));
  });
});
