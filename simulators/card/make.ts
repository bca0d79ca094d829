/* Test cards with made-up identities. Region 99 does not exist, so no number here can belong to anybody. */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { KeyAlgorithm } from "../crypto/blocks.ts";
import { cityFactor, deriveSocialKey, provinceFactor, testRootKey } from "../crypto/test-keys.ts";
import { SimulatedCard } from "./card.ts";
import { KEY_TRIES, PIN_TRIES } from "./core.ts";
import { type ElectronicCashOptions, makeElectronicCash } from "./electronic-cash/make.ts";
import type { LengthRule } from "./iso.ts";
import { type MedicalPurseOptions, makeMedicalPurse } from "./medical-purse/make.ts";
import { makePurse, type PurseOptions, T_UNION_AID } from "./purse/make.ts";
import type { Generation } from "./social/state.ts";
import { type CardFaults, type CardPersonalization, type FileData, NO_FAULTS, type SocialData } from "./state.ts";

/** AID of the e-purse, transit style. */
export const DEFAULT_PURSE_AID = T_UNION_AID;
/** Region digits of test identities. */
export const TEST_REGION = "990100";

export interface HolderOptions {
  /** Name in GBK bytes, at most 30. */
  readonly nameGbk?: Bytes;
  /** YYYYMMDD. */
  readonly birthDate?: string;
  readonly sex?: "1" | "2";
}

export interface TestCardOptions {
  /** Number of the card, 0 to 99,999,999; different numbers give different cards, holders and keys. */
  readonly serial?: number;
  /** Six digits. */
  readonly regionCode?: string;
  readonly balanceFen: number;
  readonly algorithm: KeyAlgorithm;
  readonly profile?: Partial<CardProfile>;
  /** 4 to 16 digits; no PIN is set when absent. */
  readonly pin?: string;
  readonly holder?: HolderOptions;
  /**
   * "3": EF06 needs external authentication. "2": it may be read freely, and the card has contacts only. "1": no name extension, no photo,
   * no directory DF07, no file for offline settlement, triple DES without tag 86.
   */
  readonly generation?: Generation;
  /** Contacts unless said otherwise. */
  readonly interface?: "contact" | "contactless";
  /** Where the profile asks for a flag before radio is used: whether it is set. True when absent. */
  readonly contactlessActive?: boolean;
  readonly lengthRule?: LengthRule;
  readonly purseAidHex?: string;
  /** Both validity dates lie in the past. */
  readonly expired?: boolean;
  /** False: the FCI has no tag 86. */
  readonly showsAlgorithm?: boolean;
  readonly offlineSeq?: number;
  readonly onlineSeq?: number;
  readonly faults?: Partial<CardFaults>;
  /** What the purse application has beside the e-purse: e-passbook, transit account, grey lock, PIN and maintenance commands. */
  readonly purse?: PurseOptions;
  /** The card has a medical purse (CLA B0). */
  readonly medicalPurse?: MedicalPurseOptions;
  /** The card has a bank application with electronic cash. */
  readonly electronicCash?: ElectronicCashOptions;
}

/** Check character of a card number: weights 3 7 9 10 5 8 4 2 over eight characters, letters count from 10. Spec: LD/T 32.5, card number. */
export function cardNumberWithCheck(first8: string): string {
  const weights = [3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, at) => total + weight * Number.parseInt(first8[at] ?? "0", 36), 0);
  const check = 11 - (sum % 11);
  const character = check === 10 ? "X" : String(check % 11);
  return `${first8}${character}`;
}

/** A social security number whose region does not exist, with a correct check character. */
export function testSocialSecurityNumber(regionCode: string, birthDate: string, serial: number): string {
  const digits = `${regionCode}${birthDate}${String(serial % 1000).padStart(3, "0")}`;
  const sum = Array.from(digits).reduce((total, digit, at) => total + Number(digit) * (2 ** (17 - at) % 11), 0);
  return `${digits}${"10X98765432"[sum % 11] ?? ""}`;
}

function padded(bytes: Bytes, length: number): string {
  assert(bytes.length <= length, "the item fits its field");
  return toHex(bytes).padEnd(length * 2, "0");
}

function testName(serial: number): Bytes {
  const surnames = ["b2e2cad4bcd7", "b2e2cad4d2d2", "b2e2cad4b1fb", "b2e2cad4b6a1"];
  return fromHex(surnames[serial % surnames.length] ?? "b2e2cad4");
}

interface Identity {
  readonly serial: number;
  readonly regionCode: string;
  readonly endDate: string;
  readonly cityTemplate: CardProfile["cityFactorTemplate"];
}

const START_DATE = "20200101";

/** EF05 of the SSSE: the issuer's file. */
function issuerFile({ serial, regionCode, endDate }: Identity, generation: Generation, category: string): FileData {
  const serialDigits = String(serial).padStart(8, "0");
  return {
    id: 0xef05,
    read: "free",
    records: [
      { tag: 0x01, valueHex: `${regionCode}d156000005${serialDigits}${toHex(utf8("TEST"))}` },
      { tag: 0x02, valueHex: toHex(utf8(category)) },
      { tag: 0x03, valueHex: padded(utf8(`${generation}.0`), 4) },
      { tag: 0x04, valueHex: `${regionCode}${"0".repeat(17)}1` },
      { tag: 0x05, valueHex: START_DATE },
      { tag: 0x06, valueHex: endDate },
      { tag: 0x07, valueHex: toHex(utf8(cardNumberWithCheck(`T${serialDigits.slice(1)}`))) },
    ],
  };
}

/** EF06 of the SSSE: the holder's file. */
function holderFile({ serial, regionCode }: Identity, generation: Generation, holder: HolderOptions): FileData {
  const birthDate = holder.birthDate ?? "19900101";
  const name = holder.nameGbk ?? testName(serial);
  return {
    id: 0xef06,
    read: generation === "3" ? "rkssse" : "free",
    records: [
      { tag: 0x08, valueHex: toHex(utf8(testSocialSecurityNumber(regionCode, birthDate, serial))) },
      { tag: 0x09, valueHex: padded(name, 0x1e) },
      ...(generation === "1" ? [] : [{ tag: 0x4e, valueHex: padded(new Uint8Array(0), 0x14) }]),
      { tag: 0x0a, valueHex: toHex(utf8(holder.sex ?? "1")) },
      { tag: 0x0b, valueHex: "01" },
      { tag: 0x0c, valueHex: regionCode },
      { tag: 0x0d, valueHex: birthDate },
    ],
  };
}

/** Designated institutions: medical, work injury, maternity. */
const INSTITUTION_TAGS: readonly number[] = [0x83, 0x86, 0x89, 0x7d, 0x7e, 0x7f, 0x8d, 0x8e];

/** EF05 of DF04: basics of the medical insurance. */
function medicalFile({ regionCode }: Identity, cardUse: string): FileData {
  return {
    id: 0xef05,
    read: { needs: "pin-or-key", key: "rk1-df04" },
    records: [
      { tag: 0x81, valueHex: padded(utf8("310"), 8) },
      { tag: 0x84, valueHex: regionCode },
      { tag: 0x87, valueHex: padded(utf8("TEST0001"), 0x11) },
      { tag: 0x8c, valueHex: "11" },
      { tag: 0x80, valueHex: START_DATE },
      { tag: 0x8b, valueHex: padded(utf8("TEST0001"), 0x1d) },
      { tag: 0x8a, valueHex: padded(utf8("TEST0001"), 0x0f) },
      ...INSTITUTION_TAGS.map((tag) => ({ tag, valueHex: padded(utf8("TEST"), 9) })),
      { tag: 0x8f, valueHex: toHex(utf8(cardUse)) },
    ],
  };
}

/** EF06 of DF04 of a card that may not settle off the line, with amount and count since the last settlement on it. */
const OFFLINE_FORBIDDEN: FileData = {
  id: 0xef06,
  read: { needs: "pin-and-key", key: "rk1-df04" },
  records: [
    { tag: 0x90, valueHex: toHex(utf8("0")) },
    { tag: 0x92, valueHex: "00000000" },
    { tag: 0x93, valueHex: "0000" },
  ],
};

function historicalBytes({ serial, regionCode }: Identity): string {
  return `0081544c538660${regionCode.slice(0, 4)}${String(serial).padStart(8, "0")}`;
}

/** Factors of the social keys: card, city, province. */
function socialFactors(identity: Identity): readonly Bytes[] {
  return [fromHex(historicalBytes(identity)).slice(5, 13), cityFactor(identity.regionCode, identity.cityTemplate), provinceFactor(identity.regionCode)];
}

function socialData(suite: CipherSuite, identity: Identity, options: TestCardOptions): SocialData {
  const generation = options.generation ?? "3";
  const { algorithm } = options;
  // The flag stands in the second character of the category, only where the profile knows it.
  const category = options.profile?.contactlessActivation === "fileFlag" ? `1${options.contactlessActive === false ? "0" : "1"}` : "1";
  const factors = socialFactors(identity);
  const keyHex = (name: "irk" | "rkssse") => toHex(deriveSocialKey(suite, algorithm, { key: testRootKey(algorithm, name), factors }));
  return {
    algorithm,
    showsAlgorithm: options.showsAlgorithm ?? generation !== "1",
    generation,
    factorsHex: factors.map(toHex),
    environment: [issuerFile(identity, generation, category), holderFile(identity, generation, options.holder ?? {})],
    medical: [
      medicalFile(identity, options.medicalPurse === undefined ? "1" : (options.medicalPurse.cardUse ?? "2")),
      ...(options.medicalPurse?.offlineAllowed === false ? [OFFLINE_FORBIDDEN] : []),
    ],
    irkHex: keyHex("irk"),
    rkssseHex: keyHex("rkssse"),
    pin: options.pin,
  };
}

/** The further applications of a card: what their makers put in, and their memories as they begin. */
function furtherApplications(suite: CipherSuite, identity: Identity, options: TestCardOptions & { readonly fullProfile: CardProfile }) {
  const { algorithm, medicalPurse, electronicCash, fullProfile: profile } = options;
  const medical = medicalPurse === undefined ? undefined : makeMedicalPurse({ suite, algorithm, profile, factors: socialFactors(identity) }, medicalPurse);
  const bank = electronicCash === undefined ? undefined : makeElectronicCash({ suite, profile, serial: identity.serial }, electronicCash);
  return {
    data: { ...(medical === undefined ? {} : { medicalPurse: medical.data }), ...(bank === undefined ? {} : { electronicCash: bank.data }) },
    memory: { ...(medical === undefined ? {} : { medicalPurse: medical.memory }), ...(bank === undefined ? {} : { electronicCash: bank.memory }) },
  };
}

/** Makes a personalised test card. The same options always give the same card. */
export function makeTestCard(suite: CipherSuite, options: TestCardOptions): SimulatedCard {
  const serial = options.serial ?? 1;
  const regionCode = options.regionCode ?? TEST_REGION;
  assert(Number.isInteger(serial) && serial >= 0 && serial <= 99_999_999, "a test card's serial has at most eight digits");
  assert(/^\d{6}$/.test(regionCode), "a region has six digits");
  assert(options.pin === undefined || /^\d{4,16}$/.test(options.pin), "a PIN has 4 to 16 digits");
  const fullProfile = { ...DEFAULT_CARD_PROFILE, ...options.profile };
  const endDate = options.expired === true ? "20211231" : "20401231";
  const identity = { serial, regionCode, endDate, cityTemplate: fullProfile.cityFactorTemplate };
  const further = furtherApplications(suite, identity, { ...options, fullProfile });
  const purseRecipe = { suite, algorithm: options.algorithm, profile: fullProfile, aidHex: options.purseAidHex, startDate: START_DATE, ...identity };
  const purse = makePurse(purseRecipe, options.purse);
  const personalization: CardPersonalization = {
    historicalHex: historicalBytes(identity),
    interface: options.interface ?? "contact",
    lengthRule: options.lengthRule ?? "direct",
    initialBalanceFen: options.balanceFen,
    profile: fullProfile,
    social: socialData(suite, identity, options),
    purse: purse.data,
    ...further.data,
  };
  const memory = {
    balanceFen: options.balanceFen,
    onlineSeq: options.onlineSeq ?? 0,
    offlineSeq: options.offlineSeq ?? 0,
    log: [],
    proof: undefined,
    pinTriesLeft: PIN_TRIES,
    rkssseTriesLeft: KEY_TRIES,
    debits: [],
    loads: [],
    ...(purse.memory === undefined ? {} : { purse: purse.memory }),
    ...further.memory,
  };
  return new SimulatedCard(suite, { version: 1, personalization, memory, faults: { ...NO_FAULTS, ...options.faults }, drawn: 0 });
}
