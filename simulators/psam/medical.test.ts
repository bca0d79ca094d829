/* The module's side of the medical purse, its key table, and the maintenance of the e-purse; card and module together where that proves more. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex, u8, u32be } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { SimulatedCard } from "../card/card.ts";
import { makeTestCard, type TestCardOptions } from "../card/make.ts";
import { initializeHex, MEDICAL_SELECT, type MedicalSale } from "../card/medical-purse/testing.ts";
import { expectOk, PSAM_SELECT, send } from "../card/testing.ts";
import { cbcLastBlock, cbcLastBlockTriple, foldFourWords, type KeyAlgorithm, padAlways } from "../crypto/blocks.ts";
import { medicalMac, medicalPurchaseMac1Input, medicalPurchaseSessionKey } from "../crypto/medical.ts";
import { diversifyPurseByFactors, purchaseMac1Input, purchaseSessionKey, purseMac } from "../crypto/purse.ts";
import { defaultPurseRules, deriveSocialKey, provinceFactor, socialFactorsOf, testRootKey } from "../crypto/test-keys.ts";
import { MODULE_KEYS } from "./key-table.ts";
import { type KeyLevel, makeTestPsam, type TestPsamOptions } from "./make.ts";
import { type SimulatedPsam, SOCIAL_ADF_NAME, SOCIAL_NAME_DES, SOCIAL_NAME_SM4 } from "./psam.ts";

const suite = openCipherSuite();
const ENVIRONMENT = "BFEC00000199";
const HISTORICAL = fromHex("0081544C53866099010000000001".slice(0, 26));
const FACTORS = socialFactorsOf({ historical: HISTORICAL, regionDigits: "990100" });
const FACTORS_HEX = FACTORS.map(toHex).join("");
/** Card random, sequence, account 450, self-pay 100, pooled 1000, type 32, time. */
const FIELDS = "A1B2C3D40029000001C200000064000003E83220261121101500";

const withLength = (header: string, body: string) => `${header}${toHex(u8(body.length / 2))}${body}`;
const init = (version = "01", algorithm = "03", factors = FACTORS_HEX) => `${withLength("80700100", `${FIELDS}${version}${algorithm}${factors}`)}08`;

function social(algorithm: KeyAlgorithm, options: TestPsamOptions = {}): SimulatedPsam {
  const psam = makeTestPsam(suite, options);
  psam.powerUp();
  expectOk(psam, `00A404000F${algorithm === "sm4" ? SOCIAL_NAME_SM4 : SOCIAL_NAME_DES}00`);
  expectOk(psam, `00A4040006${SOCIAL_ADF_NAME}00`);
  expectOk(psam, ENVIRONMENT);
  return psam;
}

/** A purchase between a card and a module; gives what the module says to the card's MAC2, or what the card says to DEBIT. */
function sell(card: SimulatedCard, psam: SimulatedPsam, sale: MedicalSale & { readonly level: KeyLevel; readonly template?: "region4" }): string {
  const { historicalHex } = card.personalization;
  card.powerUp();
  expectOk(card, MEDICAL_SELECT);
  const opening = expectOk(card, initializeHex(sale));
  const regionDigits = "990123";
  const factors = socialFactorsOf({
    historical: fromHex(historicalHex),
    regionDigits,
    ...(sale.template === undefined ? {} : { cityTemplate: sale.template }),
  });
  const amounts = [sale.accountFen, sale.selfPayFen ?? 0, sale.pooledFen ?? 0].map(u32be);
  const time = fromHex("20261121101500");
  const type = card.personalization.profile.medicalTypeByte === "ascii" ? 0x32 : 0x02;
  const fields = concat(opening.slice(18, 22), opening.slice(14, 16), ...amounts, u8(type), time, opening.slice(16, 18), ...factors.slice(0, sale.level));
  const made = expectOk(psam, `${withLength("80700100", toHex(fields))}08`);
  const debit = send(card, toHex(concat(fromHex("B02C01000F"), made.slice(0, 4), time, made.slice(4, 8), fromHex("08"))));
  return debit.endsWith("9000") ? send(psam, `8072000004${debit.slice(8, 16)}`) : debit;
}

const REGION = "990123";
const cardOf = (options: Partial<TestCardOptions> = {}) =>
  makeTestCard(suite, { balanceFen: 0, algorithm: "sm4", regionCode: REGION, medicalPurse: { accountFen: 1_000 }, ...options });

describe("a medical purchase between card and module", () => {
  const cases = (["3des", "sm4"] as const).flatMap((algorithm) =>
    ([1, 2, 3] as const).flatMap((level) => [1, 2, 3].map((keyIndex) => [algorithm, level, keyIndex] as const)),
  );
  it.each(cases)("%s, level %i, key %i", (algorithm, level, keyIndex) => {
    const psam = social(algorithm, { socialLevel: level, regionCode: REGION });
    const card = cardOf({ algorithm });
    expect(sell(card, psam, { accountFen: 450, selfPayFen: 100, pooledFen: 1000, level, keyIndex })).toBe("9000");
  });

  it("agrees on the other coding of the type, the other algorithm byte and the other city factor", () => {
    const profile = { medicalTypeByte: "binary", psamAlgByteSm4: 0x04, cityFactorTemplate: "region4" } as const;
    const options = { regionCode: REGION, profile };
    const card = cardOf(options);
    expect(sell(card, social("sm4", { ...options, socialLevel: 1 }), { accountFen: 450, level: 1 })).toBe("9000");
    expect(sell(card, social("sm4", options), { accountFen: 450, level: 3, template: "region4" })).toBe("9000");
  });

  it("a module of another city factor makes a MAC1 that the card refuses", () => {
    const psam = social("sm4", { regionCode: REGION, socialLevel: 1, profile: { cityFactorTemplate: "region4" } });
    expect(sell(cardOf(), psam, { accountFen: 450, level: 1 })).toBe("9302");
  });

  it.each(["9302", "63CF"] as const)("a wrong MAC2 is %s, once", (psamCreditError) => {
    const psam = social("sm4", { profile: { psamCreditError } });
    expectOk(psam, init());
    expect(send(psam, "807200000400000000")).toBe(psamCreditError.toLowerCase());
    expect(send(psam, "807200000400000000")).toBe("6901");
  });

  it("makes MAC1 over the fields as they are given", () => {
    const psam = social("sm4", { terminalSeq: 0x384 });
    const dpk = deriveSocialKey(suite, "sm4", { key: testRootKey("sm4", "medical-dpk"), factors: FACTORS });
    const rules = { suite, algorithm: "sm4", profile: { medicalTypeByte: "ascii", medicalLoadTacBalance: "after" } } as const;
    const key = medicalPurchaseSessionKey(rules, dpk, { cardRandom: fromHex("A1B2C3D4"), cardSequence: 0x29, terminalSequence: 0x384 });
    const place = { terminalNumber: fromHex("990100000001"), date: fromHex("20261121"), time: fromHex("101500") };
    const mac1 = medicalMac(rules, key, medicalPurchaseMac1Input({ accountFen: 450, selfPayFen: 100, pooledFen: 1000, type: 0x32, ...place }));
    expect(send(psam, init())).toBe(`00000384${toHex(mac1)}9000`);
    expect(psam.terminalSeq).toBe(0x385);
  });
});

describe("status words of INIT SAM FOR PURCHASE (80 70 01 00)", () => {
  it.each([
    ["a version that is not there", init("04"), "6a88"],
    ["the algorithm of another environment", init("01", "00"), "6a81"],
    ["an unknown algorithm", init("01", "02"), "6a81"],
    ["one factor too few", init("01", "03", FACTORS_HEX.slice(16)), "6a80"],
    ["no factor", init("01", "03", ""), "6a80"],
    ["half a factor", init("01", "03", `${FACTORS_HEX}00000000`), "6700"],
    ["too short", "80700100030102030400", "6700"],
    ["the e-purse's P1", init().replace("80700100", "80700000"), "6a86"],
    ["another P2", init().replace("80700100", "80700101"), "6a86"],
    ["a credit without it", "807200000400000000", "6901"],
  ])("%s", (_, command, word) => {
    expect(send(social("sm4"), command)).toBe(word);
  });

  it("wants the environment", () => {
    const psam = social("sm4");
    expectOk(psam, `00A4040006${SOCIAL_ADF_NAME}00`);
    expect(send(psam, init())).toBe("6985");
  });

  it.each([
    ["one version", { lockedKeys: ["medical-dpk"] }, "01", "6983"],
    ["another version", { lockedKeys: ["medical-dpk"] }, "02", "9000"],
    ["all", { faults: { locked: true } }, "02", "6983"],
  ] as const)("locked: %s", (_, options, version, word) => {
    expect(send(social("sm4", options), init(version)).slice(-4)).toBe(word);
  });
});

describe("the key table", () => {
  const block = (algorithm: KeyAlgorithm) => (algorithm === "sm4" ? 16 : 8);
  const deliver = (algorithm: KeyAlgorithm, key: { readonly type: number; readonly id: number }, level: KeyLevel) => {
    const usage = toHex(u8((level << 5) | key.type));
    return withLength(`BFDE${usage}${toHex(u8(key.id))}`, `${FACTORS_HEX.slice(0, 16 * level)}1122334455667788${"00".repeat(block(algorithm) - 8)}`);
  };
  const ciphering = MODULE_KEYS.filter(({ type }) => type !== 2);

  it.each(ciphering.map((key) => [key.name, key.id, key] as const))("%s (id %i) does what its type allows", (_, __, key) => {
    for (const algorithm of ["3des", "sm4"] as const) {
      const psam = social(algorithm);
      const data = "00".repeat(block(algorithm));
      expect(send(psam, deliver(algorithm, key, 3))).toBe("9000");
      expect(send(psam, withLength("80FA0000", data)).slice(-4)).toBe(key.type === 6 ? "6985" : "9000");
      expect(send(psam, deliver(algorithm, key, 3))).toBe("9000");
      expect(send(psam, withLength("80FA0500", data + data)).slice(-4)).toBe(key.type === 6 ? "9000" : "6985");
    }
  });

  it.each([
    ["a key that is not there", { type: 7, id: 0x2e }, 3, "6a88"],
    ["a purchase key", { type: 2, id: 1 }, 3, "6a88"],
    ["another type", { type: 6, id: 0x08 }, 3, "6a88"],
    ["a level too few", { type: 7, id: 0x08 }, 2, "6a80"],
    ["a locked key", { type: 7, id: 0x0a }, 3, "6983"],
    ["a key at a level of its own", { type: 7, id: 0x2d }, 1, "9000"],
    ["a key that was left out", { type: 7, id: 0x2c }, 3, "6a88"],
  ] as const)("%s", (_, key, level, word) => {
    const psam = social("sm4", { lockedKeys: ["rkssse"], levels: { "rk1-df04": 1 }, withoutKeys: ["rk2-df03"] });
    expect(send(psam, deliver("sm4", key, level))).toBe(word);
  });

  it("has a usage byte that states another level refused", () => {
    expect(send(social("sm4"), deliver("sm4", { type: 7, id: 8 }, 3).replace("BFDE67", "BFDE47"))).toBe("6a80");
  });

  it.each([4, 12])("takes a session factor of whole blocks only, not of %i bytes", (length) => {
    expect(send(social("sm4"), withLength("BFDE6708", `${FACTORS_HEX}${"11".repeat(length)}`))).toBe("6700");
  });

  it("has files for nation, province and city", () => {
    const applicationData = { national: "aa01", province: "bb02", city: "cc03" };
    expect(["9a", "9b", "9c"].map((sfi) => send(social("sm4", { applicationData }), `00B0${sfi}0000`))).toEqual(["aa019000", "bb029000", "cc039000"]);
    expect(send(social("sm4"), "00B09A0000")).toBe(`${"00".repeat(16)}9000`);
  });
});

describe("e-purse maintenance (80 1A)", () => {
  const factors = [fromHex("9900000000000007"), fromHex("9901000000000001")];
  const ready = (options: TestPsamOptions = {}) => {
    const psam = makeTestPsam(suite, options);
    psam.powerUp();
    expectOk(psam, PSAM_SELECT);
    return psam;
  };
  const prepare = (id = "02", p1 = "45", count = 2) => withLength(`801A${p1}${id}`, factors.slice(0, count).map(toHex).join(""));
  const message = fromHex("841E000104");

  it("makes the MAC of APPLICATION BLOCK with 3DES, in one part and in two", () => {
    const key = diversifyPurseByFactors(defaultPurseRules(suite, "3des"), testRootKey("3des", "purse-application"), [...factors, provinceFactor("99")]);
    const iv = "a1b2c3d400000000";
    const data = padAlways(concat(message, new Uint8Array(9)), 8);
    const expected = `${toHex(cbcLastBlockTriple(suite, { key, iv: fromHex(iv), data }).slice(0, 4))}9000`;
    const psam = ready();
    expect(send(psam, prepare())).toBe("9000");
    expect(send(psam, `${withLength("80FA0500", iv + toHex(data))}04`)).toBe(expected);
    expect(send(psam, `${withLength("80FA0500", iv + toHex(data))}04`)).toBe("6901");
    expectOk(psam, prepare());
    expectOk(psam, withLength("80FA0700", iv + toHex(data.slice(0, 8))));
    expect(send(psam, `${withLength("80FA0100", toHex(data.slice(8)))}04`)).toBe(expected);
  });

  it.each(["left4", "fold4"] as const)("with SM4 reduces by %s", (macReduce) => {
    const key = diversifyPurseByFactors(defaultPurseRules(suite, "sm4"), testRootKey("sm4", "purse-application"), [...factors, provinceFactor("99")]);
    const iv = `a1b2c3d4${"00".repeat(12)}`;
    const data = padAlways(message, 16);
    const last = cbcLastBlock(suite, "sm4", { key, iv: fromHex(iv), data });
    const psam = ready({ profile: { macReduce } });
    expectOk(psam, prepare("03"));
    expect(send(psam, `${withLength("80FA0500", iv + toHex(data))}04`)).toBe(`${toHex(macReduce === "left4" ? last.slice(0, 4) : foldFourWords(last))}9000`);
  });

  it.each([
    ["one factor too few", prepare("02", "45", 1), "6a80"],
    ["another level in P1", prepare("02", "65"), "6a80"],
    ["another type", prepare("02", "47"), "6a86"],
    ["a key of records without a factor too many", prepare("04", "46"), "6a80"],
    ["an unknown key", prepare("04"), "6a88"],
    ["half a factor", "801A45020400000000", "6700"],
  ])("%s", (_, command, word) => {
    expect(send(ready(), command)).toBe(word);
  });

  it("is locked, encrypts nothing, and is there in the e-purse's directory only", () => {
    expect(send(ready({ lockedKeys: ["purse-application"] }), prepare())).toBe("6983");
    const psam = ready();
    expectOk(psam, prepare());
    expect(send(psam, "80FA0000080000000000000000")).toBe("6985");
    expect(send(social("sm4"), prepare())).toBe("6985");
  });
});

describe("the authentication code of a compound purchase", () => {
  const purseFactors = [fromHex("9900000000000001"), fromHex("9901000000000001")];
  const CODE = "0102030405060708AA";
  const compound = (type: string, code: string) =>
    `${withLength("80700000", `A1A2A3A40029000001C2${type}202611211015000100${purseFactors.map(toHex).join("")}${code}`)}08`;
  const purse = (cappAuthSuffix: "byApplication" | "none" | "mohurd9") => {
    const psam = makeTestPsam(suite, { profile: { cappAuthSuffix }, terminalSeq: 0x384 });
    psam.powerUp();
    expectOk(psam, PSAM_SELECT);
    return psam;
  };
  const mac1 = (code: string) => {
    const rules = defaultPurseRules(suite, "3des");
    const dpk = diversifyPurseByFactors(rules, testRootKey("3des", "purse-dpk"), [...purseFactors, provinceFactor("99")]);
    const key = purchaseSessionKey(rules, dpk, { cardRandom: fromHex("A1A2A3A4"), cardSequence: 0x29, terminalSequence: 0x384 });
    const terms = { amountFen: 450, type: 9, terminalNumber: fromHex("990100000001"), date: fromHex("20261121"), time: fromHex("101500") };
    return `00000384${toHex(purseMac(rules, key, concat(purchaseMac1Input(terms), fromHex(code))))}9000`;
  };

  it.each([
    ["byApplication", "09", "", mac1("")],
    ["byApplication", "09", CODE, mac1(CODE)],
    ["byApplication", "06", CODE, "6700"],
    ["byApplication", "09", CODE.slice(2), "6a80"],
    ["none", "09", "", mac1("")],
    ["none", "09", CODE, "6700"],
    ["mohurd9", "09", CODE, mac1(CODE)],
    ["mohurd9", "09", "", "6700"],
  ] as const)("%s, type %s, code %s", (rule, type, code, answer) => {
    expect(send(purse(rule), compound(type, code))).toBe(answer);
  });
});
