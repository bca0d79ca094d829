/*
 * PUBLISHED TEST KEYS. They protect nothing: every byte is in this file. A production profile refuses to start when a key
 * with one of these check values is loaded. The roots stand for the ministry's; provinces, cities, issuers and cards are
 * derived from them as the specification says, so a module with keys of level 1, 2 or 3 can be made from one table.
 */
import { type Bytes, concat, fromHex, utf8 } from "../../device/base/bytes.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { KeyAlgorithm } from "./blocks.ts";
import { diversifyPurseByFactors, type PurseRules } from "./purse.ts";
import { diversifySocial } from "./social.ts";

/** Names of the root keys: social application first, then the e-purse. */
type NamedKey = "irk" | "rkssse" | "purse-dpk" | "purse-dtk" | "purse-dlk";

/** Further roots, in the order that gives them their numbers: append only, never reorder. */
const NUMBERED_KEYS = [
  "stk",
  "uk-ssse",
  "bk",
  "puk",
  "lk",
  "stk-df01",
  "stk-df02",
  "stk-df03",
  "stk-df04",
  "rk1-df01",
  "rk1-df02",
  "rk1-df03",
  "rk2-df03",
  "rk1-df04",
  "rk-df07",
  "uk-df01",
  "uk-df02",
  "uk-df03",
  "uk1-df04",
  "uk2-df04",
  "uk-df07",
  "medical-dpk",
  "medical-dtk",
  "medical-dlk",
  "medical-dsk",
  "purse-unlock",
  "purse-reload",
  "purse-application",
  "purse-grey",
  "purse-grey-unlock",
  "purse-industry",
  "bank-ac",
  "bank-mac",
  "bank-encrypt",
  "bank-industry",
  "bank-put",
  "medical-dpk-2",
  "medical-dpk-3",
] as const;

export type TestKeyName = NamedKey | (typeof NUMBERED_KEYS)[number];

/** 16 bytes each, level 0 (root). TEST ONLY. */
export const TEST_ROOT_KEYS: { readonly [Algorithm in KeyAlgorithm]: { readonly [Name in NamedKey]: string } } = {
  "3des": {
    irk: "11223344556677888877665544332211",
    rkssse: "A1A2A3A4A5A6A7A8B1B2B3B4B5B6B7B8",
    "purse-dpk": "0123456789ABCDEFFEDCBA9876543210",
    "purse-dtk": "34343434343434343535353535353535",
    "purse-dlk": "3F013F013F013F013F023F023F023F02",
  },
  sm4: {
    irk: "404142434445464748494A4B4C4D4E4F",
    rkssse: "505152535455565758595A5B5C5D5E5F",
    "purse-dpk": "606162636465666768696A6B6C6D6E6F",
    "purse-dtk": "707172737475767778797A7B7C7D7E7F",
    "purse-dlk": "808182838485868788898A8B8C8D8E8F",
  },
};

/** Key under which the simulated PIN pad encrypts PIN blocks. TEST ONLY. */
export const TEST_PIN_KEY_HEX = "0123456789ABCDEFFEDCBA9876543210";

export function testRootKey(algorithm: KeyAlgorithm, name: TestKeyName): Bytes {
  const numbered: readonly string[] = NUMBERED_KEYS;
  const number = numbered.indexOf(name);
  if (number < 0) return fromHex(TEST_ROOT_KEYS[algorithm][name as NamedKey]);
  // Two different halves, and no two keys alike, also where the lowest bit of each byte is ignored (DES).
  const second = algorithm === "sm4" ? 0x08 : 0x00;
  return Uint8Array.from({ length: 16 }, (_, at) => (at % 2 === 0 ? 0x20 + number * 2 : (at << 4) ^ second ^ (at < 8 ? 0x00 : 0x06)));
}

/** Factor of the province: ASCII of the first two region digits, then 30303030 7368. Spec: LD/T 32.9, annex B. */
export function provinceFactor(regionDigits: string): Bytes {
  return concat(utf8(regionDigits.slice(0, 2)), fromHex("30 30 30 30 73 68"));
}

/**
 * Factor of the city: ASCII of the six region digits, then 7378. Provinces whose keys belong to cities as a whole ("region4") put zeros in the
 * place of the last two digits. Spec: LD/T 32.9, annex B.
 */
export function cityFactor(regionDigits: string, template: CardProfile["cityFactorTemplate"] = "region6+7378"): Bytes {
  const digits = template === "region4" ? `${regionDigits.slice(0, 4)}00` : regionDigits.slice(0, 6);
  return concat(utf8(digits), fromHex("73 78"));
}

/** Derives a social key downwards; `factors` are ordered card, city, province, as commands carry them. */
export function deriveSocialKey(suite: CipherSuite, algorithm: KeyAlgorithm, input: { readonly key: Bytes; readonly factors: readonly Bytes[] }): Bytes {
  return input.factors.reduceRight((parent, factor) => diversifySocial(suite, algorithm, { key: parent, factor }), input.key);
}

/** What names one card in the social key hierarchy. */
export interface SocialKeyPlace {
  /** The 13 historical bytes of ATR or ATS; the card's factor is their last eight. */
  readonly historical: Bytes;
  /** Six digits: the first three bytes of the card identifier. */
  readonly regionDigits: string;
  readonly cityTemplate?: CardProfile["cityFactorTemplate"];
}

/** Factors of a card's social keys as commands carry them: card, city, province. */
export function socialFactorsOf(place: SocialKeyPlace): readonly [Bytes, Bytes, Bytes] {
  return [place.historical.slice(5, 13), cityFactor(place.regionDigits, place.cityTemplate), provinceFactor(place.regionDigits)];
}

/** Root keys of the medical purse's purchase key by its version, 1 to 3. */
const MEDICAL_PURCHASE_KEYS: readonly TestKeyName[] = ["medical-dpk", "medical-dpk-2", "medical-dpk-3"];

/** Name of the root of the medical purchase key of this version; undefined for a version that no card and no module has. */
export function medicalPurchaseKeyName(version: number): TestKeyName | undefined {
  return MEDICAL_PURCHASE_KEYS[version - 1];
}

/** A card's own social or medical key, derived over all three levels. Settlement-host simulators check TACs with it ("medical-dtk"). */
export function testSocialCardKey(suite: CipherSuite, algorithm: KeyAlgorithm, named: { readonly name: TestKeyName; readonly place: SocialKeyPlace }): Bytes {
  return deriveSocialKey(suite, algorithm, { key: testRootKey(algorithm, named.name), factors: socialFactorsOf(named.place) });
}

/** What names one e-purse in the key hierarchy: both values stand in its EF15. */
export interface PurseKeyPlace {
  /** Issuer of EF15, 8 bytes. Its first two digits are those of the province. */
  readonly issuer: Bytes;
  /** Application serial number of EF15, 10 bytes; the factor is its right 8. */
  readonly serial: Bytes;
}

/** Factors of an e-purse as commands carry them: card, issuer, province. */
export function purseFactors(place: PurseKeyPlace): readonly [Bytes, Bytes, Bytes] {
  const digits = Buffer.from(place.issuer.slice(0, 1)).toString("hex");
  return [place.serial.slice(-8), place.issuer, provinceFactor(digits)];
}

/** A card's own e-purse key, derived over all three levels. Settlement-host simulators check TACs with it. */
export function testPurseCardKey(rules: PurseRules, name: "purse-dpk" | "purse-dtk" | "purse-dlk", place: PurseKeyPlace): Bytes {
  return diversifyPurseByFactors(rules, testRootKey(rules.algorithm, name), purseFactors(place));
}

/** Rules with the default profile, for callers that have no profile of their own. */
export function defaultPurseRules(suite: CipherSuite, algorithm: KeyAlgorithm): PurseRules {
  return { suite, algorithm, profile: DEFAULT_CARD_PROFILE };
}
