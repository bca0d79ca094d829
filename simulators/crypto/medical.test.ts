/* Values of the medical purse, put together by hand with single runs of the openssl program, and the shapes that must differ. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { cbcLastBlockTriple, type KeyAlgorithm } from "./blocks.ts";
import {
  type MedicalRules,
  medicalLoadMac1Input,
  medicalLoadMac2Input,
  medicalLoadSessionKey,
  medicalLoadTacInput,
  medicalMac,
  medicalPurchaseMac1Input,
  medicalPurchaseMac2Input,
  medicalPurchaseSessionKey,
  medicalPurchaseTac,
  medicalPurchaseTacInput,
  medicalTac,
  medicalTypeByte,
} from "./medical.ts";
import { cityFactor, deriveSocialKey, medicalPurchaseKeyName, provinceFactor, testRootKey, testSocialCardKey } from "./test-keys.ts";

const suite = openCipherSuite();
const KEY = fromHex("0123456789ABCDEFFEDCBA9876543210");
const CARD_RANDOM = fromHex("A1B2C3D4");
const TERMINAL_SEQUENCE = 0x00ab_0384;
const OCCASION = { terminalNumber: fromHex("990100000001"), date: fromHex("20261121"), time: fromHex("101500") };
const AMOUNTS = { accountFen: 450, selfPayFen: 100, pooledFen: 1000 };
const LOAD = { amountFen: 500, ...OCCASION };
const STATE = { balanceBeforeFen: 10_000, sequenceBefore: 7 };

function rules(algorithm: KeyAlgorithm, profile: Partial<MedicalRules["profile"]> = {}): MedicalRules {
  return { suite, algorithm, profile: { medicalTypeByte: "ascii", medicalLoadTacBalance: "after", ...profile } };
}

const purchaseKey = (algorithm: KeyAlgorithm) =>
  medicalPurchaseSessionKey(rules(algorithm), KEY, { cardRandom: CARD_RANDOM, cardSequence: 0x29, terminalSequence: TERMINAL_SEQUENCE });
const loadKey = (algorithm: KeyAlgorithm) => medicalLoadSessionKey(rules(algorithm), KEY, { cardRandom: CARD_RANDOM, loadSequence: 7 });

describe("session keys", () => {
  it.each([
    ["3des", "3a4b6c3d45beb89c", "f1667d94be1be3f5"],
    ["sm4", "3f51cacb849d67f8cc7545db45d5e9b5", "b902338c6790968c9d7437a57aeaad48"],
  ] as const)("%s: of a purchase and of a load", (algorithm, purchase, load) => {
    expect(toHex(purchaseKey(algorithm))).toBe(purchase);
    expect(toHex(loadKey(algorithm))).toBe(load);
  });

  it("take the right two bytes of the terminal's sequence", () => {
    const other = medicalPurchaseSessionKey(rules("sm4"), KEY, { cardRandom: CARD_RANDOM, cardSequence: 0x29, terminalSequence: 0xffff_0384 });
    expect(toHex(other)).toBe(toHex(purchaseKey("sm4")));
  });
});

describe("purchase", () => {
  it.each([
    ["3des", "ascii", "55fea8fe", "c942e155"],
    ["3des", "binary", "64a03f3a", "f641984d"],
    ["sm4", "ascii", "e52477f4", "a3b9522f"],
    ["sm4", "binary", "72bf1054", "5397fd90"],
  ] as const)("%s with the type as %s: MAC1 and TAC", (algorithm, coding, mac1, tac) => {
    const own = rules(algorithm, { medicalTypeByte: coding });
    const terms = { ...AMOUNTS, ...OCCASION, type: medicalTypeByte(own.profile, "purchase") };
    expect(toHex(medicalMac(own, purchaseKey(algorithm), medicalPurchaseMac1Input(terms)))).toBe(mac1);
    expect(toHex(medicalTac(own, KEY, medicalPurchaseTacInput(terms, TERMINAL_SEQUENCE)))).toBe(tac);
    expect(toHex(medicalPurchaseTac(own, KEY, { ...AMOUNTS, ...OCCASION, terminalSequence: TERMINAL_SEQUENCE }))).toBe(tac);
  });

  it.each([
    ["3des", "a7e83e51"],
    ["sm4", "0956ab31"],
  ] as const)("%s: MAC2 over the three amounts alone", (algorithm, mac2) => {
    expect(toHex(medicalMac(rules(algorithm), purchaseKey(algorithm), medicalPurchaseMac2Input(AMOUNTS)))).toBe(mac2);
  });

  it("has inputs of 26, 12 and 30 bytes", () => {
    const terms = { ...AMOUNTS, ...OCCASION, type: 0x32 };
    const lengths = [medicalPurchaseMac1Input(terms), medicalPurchaseMac2Input(terms), medicalPurchaseTacInput(terms, 1)].map((input) => input.length);
    expect(lengths).toEqual([26, 12, 30]);
  });
});

describe("load", () => {
  it.each([
    ["3des", "ascii", "81dc489d", "ec8ef8cf"],
    ["3des", "binary", "ebf1c320", "2a737c0d"],
    ["sm4", "ascii", "55435d66", "0649a6fb"],
    ["sm4", "binary", "4b9a46d9", "8b5d757b"],
  ] as const)("%s with the type as %s: MAC1 and MAC2", (algorithm, coding, mac1, mac2) => {
    const own = rules(algorithm, { medicalTypeByte: coding });
    const terms = { ...LOAD, type: medicalTypeByte(own.profile, "load") };
    expect(toHex(medicalMac(own, loadKey(algorithm), medicalLoadMac1Input(STATE.balanceBeforeFen, terms)))).toBe(mac1);
    expect(toHex(medicalMac(own, loadKey(algorithm), medicalLoadMac2Input(terms)))).toBe(mac2);
  });

  it.each([
    ["3des", "after", "68e8b561"],
    ["3des", "before", "b15965a4"],
    ["sm4", "after", "44917814"],
    ["sm4", "before", "3dd76bf8"],
  ] as const)("%s with the balance %s the load in the TAC", (algorithm, medicalLoadTacBalance, tac) => {
    const own = rules(algorithm, { medicalLoadTacBalance });
    expect(toHex(medicalTac(own, KEY, medicalLoadTacInput(own.profile, STATE, { ...LOAD, type: 0x31 })))).toBe(tac);
  });
});

describe("keys of the social hierarchy", () => {
  const place = { historical: fromHex("0081544C53866099010000000001".slice(0, 26)), regionDigits: "990123" };

  it("has another city factor where a province deviates", () => {
    expect(toHex(cityFactor("990123"))).toBe("3939303132337378");
    expect(toHex(cityFactor("990123", "region4"))).toBe("3939303130307378");
  });

  it.each(["3des", "sm4"] as const)("derives a card's key over province, city and card (%s)", (algorithm) => {
    const factors = [place.historical.slice(5), cityFactor("990123", "region4"), provinceFactor("990123")];
    const expected = deriveSocialKey(suite, algorithm, { key: testRootKey(algorithm, "medical-dtk"), factors });
    const own = testSocialCardKey(suite, algorithm, { name: "medical-dtk", place: { ...place, cityTemplate: "region4" } });
    expect(toHex(own)).toBe(toHex(expected));
    expect(toHex(own)).not.toBe(toHex(testSocialCardKey(suite, algorithm, { name: "medical-dtk", place })));
  });

  it("has three versions of the purchase key, all different, and no fourth", () => {
    const roots = [1, 2, 3].map((version) => medicalPurchaseKeyName(version)).map((name) => (name === undefined ? "" : toHex(testRootKey("sm4", name))));
    expect(new Set(roots).size).toBe(3);
    expect([medicalPurchaseKeyName(0), medicalPurchaseKeyName(4)]).toEqual([undefined, undefined]);
  });
});

describe("a double-length MAC", () => {
  it("is single DES but for its last step", () => {
    const data = concat(fromHex("841E000004800000"), fromHex("1122334455667788"));
    expect(toHex(cbcLastBlockTriple(suite, { key: KEY, iv: fromHex("A1B2C3D400000000"), data }))).toBe("2572e6334c85a37b");
  });
});
