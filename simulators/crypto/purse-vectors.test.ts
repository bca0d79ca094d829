/* Fixed values of the purse's further key functions: block by block with the openssl program, apart from this code. */
import { describe, expect, it } from "vitest";
import { type Bytes, fromHex, toHex } from "../../device/base/bytes.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { KeyAlgorithm } from "./blocks.ts";
import {
  accountTac,
  compoundMac1Input,
  doubleLengthMac,
  loadSessionKey,
  type PurseRules,
  purchaseMac1Input,
  purchaseSessionKey,
  purchaseTacInput,
  purseMac,
  purseTac,
} from "./purse.ts";
import {
  greyDebitMacInput,
  greyDebitTacInput,
  greyLockMac1Input,
  greyLockMac2Input,
  greyLockTacInput,
  greySessionKey,
  greyUnlockMac1Input,
  greyUnlockMac2Input,
  greyUnlockTacInput,
} from "./purse-grey.ts";
import { commandMac, decipherValue, encipherValue, reloadPinMac } from "./purse-messages.ts";

const suite = openCipherSuite();
const KEY = fromHex("0123456789ABCDEFFEDCBA9876543210");
const TDES_DTK = fromHex("34343434343434343535353535353535");
const SM4_DTK = fromHex("707172737475767778797A7B7C7D7E7F");
const CHALLENGE = fromHex("A1B2C3D4");
const AT = { terminalNumber: fromHex("990100000001"), date: fromHex("20260102"), time: fromHex("030405") };

function rules(algorithm: KeyAlgorithm, profile: Partial<CardProfile> = {}): PurseRules {
  return { suite, algorithm, profile: { ...DEFAULT_CARD_PROFILE, ...profile } };
}

const hex = (bytes: Bytes): string => toHex(bytes);

describe("secure messaging", () => {
  it.each([
    ["two blocks", "0102030405060708090A", "12b246d2"],
    ["one block", "0102", "6e94112c"],
  ])("makes a MAC with a double-length key over %s", (_, data, mac) => {
    expect(hex(doubleLengthMac(rules("3des"), { key: KEY, iv: fromHex("A1B2C3D400000000"), data: fromHex(data) }))).toBe(mac);
  });

  it.each([
    ["3des", "left4", "e9afc4b9"],
    ["sm4", "left4", "7384d671"],
    ["sm4", "fold4", "32fa92eb"],
  ] as const)("begins the MAC of a block command with the challenge (%s, %s)", (algorithm, macReduce, mac) => {
    const message = { challenge: CHALLENGE, header: fromHex("841E000104"), data: new Uint8Array(0) };
    expect(hex(commandMac(rules(algorithm, { macReduce }), KEY, message))).toBe(mac);
  });

  it.each([
    ["3des", "00e8797a"],
    ["sm4", "070cdc44"],
  ] as const)("makes the MAC of RELOAD PIN over the PIN alone (%s)", (algorithm, mac) => {
    expect(hex(reloadPinMac(rules(algorithm), KEY, fromHex("123456")))).toBe(mac);
  });

  it.each([
    ["3des", "123456", "443fbfe8b3103299"],
    ["3des", "11223344556677", "1f20366ccb0a91ea"],
    ["sm4", "123456", "cedca789b2b73b700553bc096e592033"],
  ] as const)("enciphers a value with its length (%s, %s) and takes it back", (algorithm, value, sealed) => {
    expect(hex(encipherValue(rules(algorithm), KEY, fromHex(value)))).toBe(sealed);
    expect(hex(decipherValue(rules(algorithm), KEY, fromHex(sealed)) ?? new Uint8Array(0))).toBe(value);
  });

  it("takes back nothing that was not enciphered so", () => {
    expect(decipherValue(rules("3des"), KEY, fromHex("443fbfe8b310329a"))).toBeUndefined();
  });
});

describe("grey lock", () => {
  const moment = { cardRandom: fromHex("A1A2A3A4"), cardSequence: 0x0102, terminalSequence: 0x0003_0384, terminalRandom: fromHex("01020304") };
  const session = greySessionKey(rules("3des"), KEY, moment);

  it.each([
    ["3des", "zeros", "ca71164b1fcd9501"],
    ["sm4", "zeros", "4dc3dac1412f96273253b18d499d5782"],
    ["sm4", "pad80", "9b4b16fd5e5a3cf08a966bac307de9d0"],
  ] as const)("has a session key of two steps (%s, %s)", (algorithm, sessionPad, key) => {
    expect(hex(greySessionKey(rules(algorithm, { sessionPad }), KEY, moment))).toBe(key);
  });

  it.each([
    ["MAC1", greyLockMac1Input({ ...AT, type: 0x92 }), "8edb6b0b"],
    ["MAC2", greyLockMac2Input(10_000), "3c329a94"],
    ["GMAC", greyDebitMacInput(450), "ae89a41d"],
  ])("has its %s under that key", (_, input, mac) => {
    expect(hex(purseMac(rules("3des"), session, input))).toBe(mac);
  });

  it.each([
    ["of the lock", greyLockTacInput(10_000, { ...AT, type: 0x92 }, 0x0003_0384), "0f3af351"],
    ["of the debit", greyDebitTacInput({ ...AT, amountFen: 450, type: 0x94 }, 0x0003_0385), "3656dbe2"],
    ["of the unlock", greyUnlockTacInput(0x254e, 7, { ...AT, amountFen: 450, type: 0x96 }), "188afcec"],
  ])("has the TAC %s", (_, input, tac) => {
    expect(hex(purseTac(rules("3des"), TDES_DTK, input))).toBe(tac);
  });

  it("is unlocked under a session key made as for a load", () => {
    const key = loadSessionKey(rules("3des"), KEY, { cardRandom: fromHex("A1A2A3A4"), onlineSequence: 7 });
    const terms = { ...AT, amountFen: 450, type: 0x96 };
    expect(hex(purseMac(rules("3des"), key, greyUnlockMac1Input(10_000, 0x0103, terms)))).toBe("fb9a4ef8");
    expect(hex(purseMac(rules("3des"), key, greyUnlockMac2Input(terms)))).toBe("af2b7169");
  });
});

describe("compound purchase", () => {
  const terms = { ...AT, amountFen: 450, type: 0x09 };

  it.each([
    ["3des", "byAlgorithm", "f05da15c"],
    ["3des", "xorHalves", "f05da15c"],
    ["3des", "direct", "4d535acc"],
    ["sm4", "byAlgorithm", "8e58f0f0"],
    ["sm4", "xorHalves", "650da69e"],
    ["sm4", "direct", "8e58f0f0"],
  ] as const)("has the TAC of a transit account in each form of its key (%s, %s)", (algorithm, transitTacKey, tac) => {
    const dtk = algorithm === "sm4" ? SM4_DTK : TDES_DTK;
    expect(hex(accountTac(rules(algorithm, { transitTacKey }), "transit", { dtk, data: purchaseTacInput(terms, 900) }))).toBe(tac);
  });

  it("leaves the TAC of other purses as it is", () => {
    const given = rules("3des", { transitTacKey: "direct" });
    expect(hex(accountTac(given, "purse", { dtk: TDES_DTK, data: purchaseTacInput(terms, 900) }))).toBe("f05da15c");
    const folded = rules("sm4", { macReduce: "fold4" });
    expect(hex(accountTac(folded, "transit", { dtk: SM4_DTK, data: purchaseTacInput(terms, 900) }))).toBe("daebdea1");
  });

  it.each([
    ["with the housing ministry's code", "0102030405060708FF", "5143a505"],
    ["without a code", undefined, "29244801"],
  ])("has MAC1 %s", (_, code, mac1) => {
    const key = purchaseSessionKey(rules("3des"), KEY, { cardRandom: fromHex("A1A2A3A4"), cardSequence: 0x0102, terminalSequence: 900 });
    const input = compoundMac1Input(terms, code === undefined ? undefined : fromHex(code));
    expect(hex(purseMac(rules("3des"), key, input))).toBe(mac1);
    expect(hex(input).startsWith(hex(purchaseMac1Input(terms)))).toBe(true);
  });
});
