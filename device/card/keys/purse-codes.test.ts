/*
 * Codes of the grey lock, the transit account and the compound purchase: figures computed with the openssl program step by step, and the
 * same functions as written a second time for the simulators.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as theirPurse from "../../../simulators/crypto/purse.ts";
import * as theirGrey from "../../../simulators/crypto/purse-grey.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { SUITE } from "../testing.ts";
import type { CardAlgorithm } from "./block-mac.ts";
import {
  compoundMac1Input,
  greyDebitMacInput,
  greyLockMac1Input,
  greyLockSessionKey,
  type PurseCrypto,
  purchaseMac1Input,
  purchaseSessionKey,
  purchaseTacInput,
  purseMac,
  transitTac,
} from "./purse.ts";

const KEY = fromHex("0123456789abcdeffedcba9876543210");
const TAC_KEY = fromHex("11223344556677888877665544332211");
const TERMS = { amount: fen(450), type: 0x09, terminalNumber: fromHex("990100000042"), date: fromHex("20261121"), time: fromHex("120000") };
const LOCK_TERMS = { ...TERMS, type: 0x92 };
const SESSION = { cardRandom: fromHex("01020304"), cardSequence: 7, terminalSequence: 9, terminalRandom: fromHex("a1a2a3a4") };
const ALGORITHMS = ["3des", "sm4"] as const;
const FORMS = ["byAlgorithm", "xorHalves", "direct"] as const;

function purse(algorithm: CardAlgorithm, profile: Partial<PurseCrypto["profile"]> = {}): PurseCrypto {
  return { suite: SUITE, algorithm, profile: { ...DEFAULT_CARD_PROFILE, ...profile } };
}

describe("the grey lock", () => {
  it.each([
    ["triple DES", purse("3des"), "b8ff4575"],
    ["SM4", purse("sm4"), "b45c34c7"],
    ["SM4 padded", purse("sm4", { sessionPad: "pad80" }), "4aafdaa9"],
  ])("MAC1 under the lock's session key, %s", (_name, crypto, expected) => {
    const key = greyLockSessionKey(crypto, SUITE.secretKey(KEY), SESSION);
    expect(toHex(purseMac(crypto, key, greyLockMac1Input(LOCK_TERMS)))).toBe(expected);
  });

  it("GMAC is over the amount alone", () => {
    const key = greyLockSessionKey(purse("3des"), SUITE.secretKey(KEY), SESSION);
    expect(toHex(purseMac(purse("3des"), key, greyDebitMacInput(fen(450))))).toBe("78b992dd");
  });

  it("a terminal's random number of another length is our own mistake", () => {
    expect(() => greyLockSessionKey(purse("sm4"), SUITE.secretKey(KEY), { ...SESSION, terminalRandom: fromHex("00") })).toThrow("4 bytes");
  });
});

describe("the compound purchase", () => {
  it("MAC1 with the housing ministry's code", () => {
    const crypto = purse("3des");
    const key = purchaseSessionKey(crypto, SUITE.secretKey(KEY), SESSION);
    expect(toHex(purseMac(crypto, key, compoundMac1Input(TERMS, fromHex("112233445566778899"))))).toBe("89395efe");
  });

  it("MAC1 without it is a purchase's", () => {
    expect(compoundMac1Input(TERMS)).toEqual(purchaseMac1Input(TERMS));
    expect(() => compoundMac1Input(TERMS, fromHex("1122"))).toThrow("9 bytes");
  });
});

describe("the transit account's TAC", () => {
  it.each([
    ["3des", "byAlgorithm", "7fa23952"],
    ["3des", "xorHalves", "7fa23952"],
    ["3des", "direct", "0a86a75f"],
    ["sm4", "byAlgorithm", "36bdbed2"],
    ["sm4", "xorHalves", "f33fc7f5"],
    ["sm4", "direct", "36bdbed2"],
  ] as const)("%s, key %s", (algorithm, form, expected) => {
    expect(toHex(transitTac(purse(algorithm), form, { tacKey: TAC_KEY, data: purchaseTacInput(TERMS, 9) }))).toBe(expected);
  });
});

describe("written twice", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const profile = fc.record({
    macReduce: fc.constantFrom("left4" as const, "fold4" as const),
    sessionPad: fc.constantFrom("zeros" as const, "pad80" as const),
    sm4Diversify: fc.constantFrom("fNotF" as const, "fZeros" as const),
  });

  it("TACs agree for every form", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ALGORITHMS),
        fc.constantFrom(...FORMS),
        profile,
        bytes(16),
        fc.uint8Array({ maxLength: 40 }),
        (algorithm, form, open, tacKey, data) => {
          const crypto = purse(algorithm, open);
          const rules = { suite: SUITE, algorithm, profile: { ...DEFAULT_CARD_PROFILE, ...open, transitTacKey: form } };
          expect(toHex(transitTac(crypto, form, { tacKey, data }))).toBe(toHex(theirPurse.accountTac(rules, "transit", { dtk: tacKey, data })));
        },
      ),
    );
  });

  it("codes of a lock agree", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ALGORITHMS),
        profile,
        bytes(16),
        bytes(4),
        fc.nat({ max: 0xffff }),
        (algorithm, open, keyBytes, terminalRandom, sequence) => {
          const crypto = purse(algorithm, open);
          const rules = { suite: SUITE, algorithm, profile: { ...DEFAULT_CARD_PROFILE, ...open } };
          const session = { ...SESSION, terminalRandom, cardSequence: sequence, terminalSequence: sequence };
          const ours = greyLockSessionKey(crypto, SUITE.secretKey(keyBytes), session);
          const theirs = theirGrey.greySessionKey(rules, keyBytes, session);
          expect(toHex(purseMac(crypto, ours, greyLockMac1Input(LOCK_TERMS)))).toBe(
            toHex(theirPurse.purseMac(rules, theirs, theirGrey.greyLockMac1Input(LOCK_TERMS))),
          );
          expect(toHex(purseMac(crypto, ours, greyDebitMacInput(fen(sequence))))).toBe(
            toHex(theirPurse.purseMac(rules, theirs, theirGrey.greyDebitMacInput(sequence))),
          );
        },
      ),
    );
  });
});
