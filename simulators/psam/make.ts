/* Test modules with published keys. */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, fromHex, toHex } from "../../device/base/bytes.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { testIndustryKey } from "../card/electronic-cash/make.ts";
import type { LengthRule } from "../card/iso.ts";
import { TEST_REGION } from "../card/make.ts";
import type { KeyAlgorithm } from "../crypto/blocks.ts";
import { diversifyPurseByFactors } from "../crypto/purse.ts";
import { cityFactor, deriveSocialKey, provinceFactor, testRootKey } from "../crypto/test-keys.ts";
import { KEY_TYPE, MODULE_KEYS, type ModuleKeyName } from "./key-table.ts";
import { SimulatedPsam } from "./psam.ts";
import { NO_PSAM_FAULTS, type PsamApplicationData, type PsamFaults, type PsamKey } from "./state.ts";

export type KeyLevel = 1 | 2 | 3;

export interface TestPsamOptions {
  /** 12 digits. */
  readonly terminalNumber?: string;
  /** Algorithms for which keys are installed; both by default. */
  readonly algorithms?: readonly KeyAlgorithm[];
  /** Factors that the e-purse key takes: 3 (card, issuer, province), 2 (card, issuer: usual) or 1 (card). */
  readonly purseLevel?: KeyLevel;
  /** Factors that the social keys take: 3 (card, city, province: usual), 2 or 1. */
  readonly socialLevel?: KeyLevel;
  /** Single social keys that the module holds at another level than the rest. */
  readonly levels?: Readonly<Partial<Record<ModuleKeyName, KeyLevel>>>;
  /** Keys that count as locked, by the names of their roots. */
  readonly lockedKeys?: readonly (ModuleKeyName | "purse-dpk" | "purse-application")[];
  /** Social keys that the module does not have. */
  readonly withoutKeys?: readonly ModuleKeyName[];
  readonly applicationData?: PsamApplicationData;
  /** Six digits: where keys of level 2 and 1 belong. */
  readonly regionCode?: string;
  readonly profile?: Partial<CardProfile>;
  readonly lengthRule?: LengthRule;
  /** Terminal transaction sequence of the first purchase. */
  readonly terminalSeq?: number;
  readonly faults?: Partial<PsamFaults>;
  /** Identifier of the industry record whose key the module holds, four hexadecimal digits; "none": it holds no such key. */
  readonly industryRecord?: string;
}

interface Recipe {
  readonly suite: CipherSuite;
  readonly algorithm: KeyAlgorithm;
  readonly profile: CardProfile;
  readonly regionCode: string;
  readonly options: TestPsamOptions;
}

/** The upper factors that are already spent in a key of this level; `upper` is ordered from the lowest. */
function spent(upper: readonly [Bytes, Bytes], level: KeyLevel): readonly Bytes[] {
  return upper.slice(level - 1);
}

/** Identifier of the maintenance key of each algorithm. */
const MAINTENANCE_KEY_IDS: Readonly<Record<KeyAlgorithm, number>> = { "3des": 0x02, sm4: 0x03 };

/** Identifier of the key of industry records, by algorithm. */
const RECORD_KEY_IDS: Readonly<Record<KeyAlgorithm, number>> = { "3des": 0x04, sm4: 0x05 };

/** The key that test cards have for one record, or from which they have it. */
function recordKeys({ suite, algorithm, profile, options }: Recipe): readonly PsamKey[] {
  const { industryRecord = "2701" } = options;
  if (industryRecord === "none") return [];
  const level = profile.cashRecordKey === "account" ? 1 : 0;
  const keyHex = toHex(testIndustryKey(suite, algorithm, industryRecord));
  return [{ application: "purse", algorithm, type: KEY_TYPE.mac, id: RECORD_KEY_IDS[algorithm], level, keyHex }];
}

function purseKey(
  recipe: Recipe,
  level: KeyLevel,
  named: { readonly name: "purse-dpk" | "purse-application"; readonly type: number; readonly id: number },
): PsamKey {
  const { algorithm, regionCode } = recipe;
  const upper = [fromHex(`${regionCode}0000000001`), provinceFactor(regionCode)] as const;
  const key = diversifyPurseByFactors(recipe, testRootKey(algorithm, named.name), spent(upper, level));
  return { application: "purse", algorithm, type: named.type, id: named.id, level, keyHex: toHex(key), ...lockOf(recipe, named.name) };
}

function purseKeys(recipe: Recipe): readonly PsamKey[] {
  const level = recipe.options.purseLevel ?? 2;
  return [
    purseKey(recipe, level, { name: "purse-dpk", type: KEY_TYPE.purchase, id: 0x01 }),
    purseKey(recipe, level, { name: "purse-application", type: KEY_TYPE.maintenance, id: MAINTENANCE_KEY_IDS[recipe.algorithm] }),
  ];
}

function socialKeys(recipe: Recipe): readonly PsamKey[] {
  const { suite, algorithm, regionCode, profile, options } = recipe;
  const upper = [cityFactor(regionCode, profile.cityFactorTemplate), provinceFactor(regionCode)] as const;
  return MODULE_KEYS.filter(({ name }) => options.withoutKeys?.includes(name) !== true).map(({ name, type, id }) => {
    const level = options.levels?.[name] ?? options.socialLevel ?? 3;
    const key = deriveSocialKey(suite, algorithm, { key: testRootKey(algorithm, name), factors: spent(upper, level) });
    return { application: "social", algorithm, type, id, level, keyHex: toHex(key), ...lockOf(recipe, name) };
  });
}

function lockOf({ options }: Recipe, name: ModuleKeyName | "purse-dpk" | "purse-application"): { readonly locked?: true } {
  return options.lockedKeys?.includes(name) === true ? { locked: true } : {};
}

/** Makes a personalised test module. The same options always give the same module. */
export function makeTestPsam(suite: CipherSuite, options: TestPsamOptions = {}): SimulatedPsam {
  const terminalNumber = options.terminalNumber ?? `${TEST_REGION}000001`;
  assert(/^\d{12}$/.test(terminalNumber), "a terminal number has 12 digits");
  const regionCode = options.regionCode ?? TEST_REGION;
  const profile = { ...DEFAULT_CARD_PROFILE, ...options.profile };
  const keys = (options.algorithms ?? ["3des", "sm4"]).flatMap((algorithm) => {
    const recipe = { suite, algorithm, profile, regionCode, options };
    return [...purseKeys(recipe), ...recordKeys(recipe), ...socialKeys(recipe)];
  });
  const personalization = {
    historicalHex: `5053414d54455354${terminalNumber.slice(2)}`,
    terminalNumber,
    publicDataHex: `01${terminalNumber.padStart(20, "0")}01015566`,
    lengthRule: options.lengthRule ?? "direct",
    profile,
    keys,
    ...(options.applicationData === undefined ? {} : { applicationData: options.applicationData }),
  };
  return new SimulatedPsam(suite, { version: 1, personalization, terminalSeq: options.terminalSeq ?? 1, faults: { ...NO_PSAM_FAULTS, ...options.faults } });
}
