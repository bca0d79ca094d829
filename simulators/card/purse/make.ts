/* Personalisation of a test card's purse application. */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, fromHex, toHex, u8, u16be } from "../../../device/base/bytes.ts";
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { KeyAlgorithm } from "../../crypto/blocks.ts";
import { diversifyPurseByFactors, type PurseRules } from "../../crypto/purse.ts";
import { type PurseKeyPlace, purseFactors, type TestKeyName, testRootKey } from "../../crypto/test-keys.ts";
import { FRESH_PURSE_MEMORY } from "./books.ts";
import type { PurseData, PurseFileData, PurseMemory, TransitData } from "./state.ts";

/** AID of the e-purse, transit style; the transport ministry's cards carry this one or the second. */
export const T_UNION_AID = "a000000632010105";
export const T_UNION_SECOND_AID = "a000000632010106";
/** AID of the housing ministry's transit cards. Spec: CJ/T 166, selection. */
export const HOUSING_AID = "a00000000386980701";
/** Identifier of the unlock key and the reload key of test cards. */
export const MAINTENANCE_KEY_ID = 0x01;

/** What a test card's purse has beside the e-purse. */
export interface PurseOptions {
  readonly passbook?: { readonly balanceFen: number; readonly overdraftLimitFen?: number; readonly onlineSeq?: number; readonly offlineSeq?: number };
  /** How far the e-purse may go below zero. */
  readonly overdraftLimitFen?: number;
  /** A transit account, whose algorithm is the profile's `transitAlg`. */
  readonly transit?: TransitData["scheme"];
  /** False: a transit account that is not in use yet. */
  readonly enabled?: boolean;
  /** False: a transit account that travels in its own city only. */
  readonly interoperable?: boolean;
  /** Type of the account, by which concessions are given; 01 when absent. */
  readonly transitCardType?: number;
  /** Compound purchases of nothing (entries) leave no line in the log: the industry record alone tells of them. */
  readonly entriesUnlogged?: boolean;
  /** Balances of a transit account come with bit 32 set. */
  readonly balanceFlag?: boolean;
  readonly aliasAidsHex?: readonly string[];
  /** 4 to 12 digits; no PIN is set when absent. */
  readonly pin?: string;
  readonly greyLock?: boolean;
}

/** What a purse is made for. */
export interface PurseRecipe {
  readonly suite: CipherSuite;
  readonly algorithm: KeyAlgorithm;
  readonly profile: CardProfile;
  readonly serial: number;
  /** Six digits. */
  readonly regionCode: string;
  readonly startDate: string;
  readonly endDate: string;
  /** Undefined: the name that fits the scheme. */
  readonly aidHex: string | undefined;
}

function zeros(bytes: number): string {
  return "00".repeat(bytes);
}

/** EF16: the holder, 55 bytes, of whom this card says nothing. */
const HOLDER: PurseFileData = { kind: "transparent", id: 0x0016, read: "free", update: "mac", contentHex: zeros(55) };

/** A compound record of the industry: identifier 2 bytes, then 126 bytes. */
const INDUSTRY_RECORD = `2702${zeros(126)}`;

/** Files of a T-Union account. Spec: JT/T 978, files. */
function unionFiles(regionCode: string, { interoperable = true, transitCardType = 1 }: PurseOptions): readonly PurseFileData[] {
  const cityDigits = regionCode.slice(0, 4);
  const flags = `${interoperable ? "0001" : "0000"}${toHex(u8(transitCardType))}`;
  return [
    HOLDER,
    // Country 156, province, city, interoperable, type of account.
    { kind: "transparent", id: 0x0017, read: "free", update: "mac", contentHex: `00000156${regionCode.slice(0, 2)}00${cityDigits}${flags}${zeros(49)}` },
    { kind: "records", id: 0x001a, read: "free", update: "compound", recordBytes: 128, recordsMax: 1, recordsHex: [INDUSTRY_RECORD] },
    { kind: "cyclic", id: 0x001e, read: "free", update: "compound", recordBytes: 48, recordsMax: 30, recordsHex: [] },
  ];
}

/** Files of the housing ministry's card. Spec: CJ/T 166, files. */
function housingFiles(): readonly PurseFileData[] {
  return [
    HOLDER,
    { kind: "records", id: 0x0017, read: "free", update: "compound", recordBytes: 48, recordsMax: 2, recordsHex: [`01${zeros(47)}`, `02${zeros(47)}`] },
    { kind: "cyclic", id: 0x0010, read: "free", update: "compound", recordBytes: 48, recordsMax: 10, recordsHex: [] },
    { kind: "cyclic", id: 0x001a, read: "free", update: "never", recordBytes: 23, recordsMax: 10, recordsHex: [] },
  ];
}

function transitData(recipe: PurseRecipe, options: PurseOptions): Pick<PurseData, "transit" | "files"> {
  const { transit: scheme } = options;
  if (scheme === undefined) return {};
  // Made of the serial, so that no two cards have the same code.
  const code = recipe.suite.sm3(fromHex("484f5553494e47"), u16be(recipe.serial % 0x1_0000)).slice(0, 9);
  const flag = options.balanceFlag === undefined ? {} : { balanceFlag: options.balanceFlag };
  const unlogged = options.entriesUnlogged === true ? { entriesUnlogged: true as const } : {};
  return {
    transit: { scheme, authenticationCodeHex: toHex(code), ...flag, ...unlogged },
    files: scheme === "housing" ? housingFiles() : unionFiles(recipe.regionCode, options),
  };
}

/** A PIN as VERIFY carries it: two digits a byte, an odd last nibble F. */
export function codedPursePin(digits: string): string {
  assert(/^\d{4,12}$/.test(digits), "a purse PIN has 4 to 12 digits");
  return digits.length % 2 === 0 ? digits : `${digits}f`;
}

function cardKeys(rules: PurseRules, place: PurseKeyPlace): (name: TestKeyName) => string {
  const factors: readonly Bytes[] = purseFactors(place);
  return (name) => toHex(diversifyPurseByFactors(rules, testRootKey(rules.algorithm, name), factors));
}

/** The purse application of a test card; without options it has the e-purse and nothing else. */
export function makePurse(recipe: PurseRecipe, options: PurseOptions | undefined): { readonly data: PurseData; readonly memory: PurseMemory | undefined } {
  const { profile, regionCode, suite } = recipe;
  const algorithm = options?.transit === undefined ? recipe.algorithm : profile.transitAlg;
  const issuerHex = `${regionCode}0000000001`;
  const serialHex = `0000${regionCode.slice(0, 2)}${String(recipe.serial).padStart(14, "0")}`;
  const keyHex = cardKeys({ suite, algorithm, profile }, { issuer: fromHex(issuerHex), serial: fromHex(serialHex) });
  const data: PurseData = {
    aidHex: (recipe.aidHex ?? (options?.transit === "housing" ? HOUSING_AID : T_UNION_AID)).toLowerCase(),
    algorithm,
    issuerHex,
    applicationType: 0x02,
    applicationVersion: options?.enabled === false ? 0x00 : 0x01,
    serialHex,
    startDate: recipe.startDate,
    endDate: recipe.endDate,
    keyIndex: 0x01,
    keyVersion: 0x01,
    dpkHex: keyHex("purse-dpk"),
    dtkHex: keyHex("purse-dtk"),
    dlkHex: keyHex("purse-dlk"),
    ...(options === undefined ? {} : furtherData(recipe, options, keyHex)),
  };
  return { data, memory: options === undefined ? undefined : furtherMemory(options) };
}

function furtherData(recipe: PurseRecipe, options: PurseOptions, keyHex: (name: TestKeyName) => string): Partial<PurseData> {
  const { passbook, overdraftLimitFen, aliasAidsHex } = options;
  return {
    maintenance: {
      keyId: MAINTENANCE_KEY_ID,
      unlockHex: keyHex("purse-unlock"),
      reloadHex: keyHex("purse-reload"),
      applicationHex: keyHex("purse-application"),
    },
    ...(overdraftLimitFen === undefined ? {} : { overdraftLimitFen }),
    ...(aliasAidsHex === undefined ? {} : { aliasAidsHex }),
    ...(passbook === undefined ? {} : { passbook: { initialBalanceFen: passbook.balanceFen, overdraftLimitFen: passbook.overdraftLimitFen ?? 0 } }),
    ...(options.greyLock === true ? { greyLock: { lockHex: keyHex("purse-grey"), unlockHex: keyHex("purse-grey-unlock") } } : {}),
    ...transitData(recipe, options),
  };
}

function furtherMemory({ passbook, pin }: PurseOptions): PurseMemory {
  return {
    ...FRESH_PURSE_MEMORY,
    ...(passbook === undefined
      ? {}
      : { passbook: { balanceFen: passbook.balanceFen, onlineSeq: passbook.onlineSeq ?? 0, offlineSeq: passbook.offlineSeq ?? 0 } }),
    ...(pin === undefined ? {} : { pinHex: codedPursePin(pin) }),
  };
}
