/* Test modules with published keys. */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, fromHex, toHex } from "../../device/base/bytes.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { LengthRule } from "../card/iso.ts";
import { TEST_REGION } from "../card/make.ts";
import type { KeyAlgorithm } from "../crypto/blocks.ts";
import { diversifyPurseByFactors } from "../crypto/purse.ts";
import { cityFactor, deriveSocialKey, provinceFactor, testRootKey } from "../crypto/test-keys.ts";
import { SimulatedPsam } from "./psam.ts";
import { NO_PSAM_FAULTS, type PsamFaults, type PsamKey } from "./state.ts";

/** Social keys of the test module. The identifier of RKSSSE is this module's own choice; the key list of the specification has none. */
export const PSAM_KEY_IRK = { usage: 0x67, id: 0x08 } as const;
export const PSAM_KEY_RKSSSE = { usage: 0x67, id: 0x0a } as const;

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
  /** Six digits: where keys of level 2 and 1 belong. */
  readonly regionCode?: string;
  readonly profile?: Partial<CardProfile>;
  readonly lengthRule?: LengthRule;
  /** Terminal transaction sequence of the first purchase. */
  readonly terminalSeq?: number;
  readonly faults?: Partial<PsamFaults>;
}

interface Recipe {
  readonly suite: CipherSuite;
  readonly algorithm: KeyAlgorithm;
  readonly profile: CardProfile;
  readonly regionCode: string;
}

/** The upper factors that are already spent in a key of this level; `upper` is ordered from the lowest. */
function spent(upper: readonly [Bytes, Bytes], level: KeyLevel): readonly Bytes[] {
  return upper.slice(level - 1);
}

function purseKey(recipe: Recipe, level: KeyLevel): PsamKey {
  const { algorithm, regionCode } = recipe;
  const upper = [fromHex(`${regionCode}0000000001`), provinceFactor(regionCode)] as const;
  const key = diversifyPurseByFactors(recipe, testRootKey(algorithm, "purse-dpk"), spent(upper, level));
  return { application: "purse", algorithm, type: 0x02, id: 0x01, level, keyHex: toHex(key) };
}

function socialKey(recipe: Recipe, level: KeyLevel, named: { readonly name: "irk" | "rkssse"; readonly id: number }): PsamKey {
  const { suite, algorithm, regionCode } = recipe;
  const upper = [cityFactor(regionCode), provinceFactor(regionCode)] as const;
  const key = deriveSocialKey(suite, algorithm, { key: testRootKey(algorithm, named.name), factors: spent(upper, level) });
  return { application: "social", algorithm, type: 0x07, id: named.id, level, keyHex: toHex(key) };
}

/** Makes a personalised test module. The same options always give the same module. */
export function makeTestPsam(suite: CipherSuite, options: TestPsamOptions = {}): SimulatedPsam {
  const terminalNumber = options.terminalNumber ?? `${TEST_REGION}000001`;
  assert(/^\d{12}$/.test(terminalNumber), "a terminal number has 12 digits");
  const regionCode = options.regionCode ?? TEST_REGION;
  const profile = { ...DEFAULT_CARD_PROFILE, ...options.profile };
  const keys = (options.algorithms ?? ["3des", "sm4"]).flatMap((algorithm) => {
    const recipe = { suite, algorithm, profile, regionCode };
    const socialLevel = options.socialLevel ?? 3;
    return [
      purseKey(recipe, options.purseLevel ?? 2),
      socialKey(recipe, socialLevel, { name: "irk", id: PSAM_KEY_IRK.id }),
      socialKey(recipe, socialLevel, { name: "rkssse", id: PSAM_KEY_RKSSSE.id }),
    ];
  });
  const personalization = {
    historicalHex: `5053414d54455354${terminalNumber.slice(2)}`,
    terminalNumber,
    publicDataHex: `01${terminalNumber.padStart(20, "0")}01015566`,
    lengthRule: options.lengthRule ?? "direct",
    profile,
    keys,
  };
  return new SimulatedPsam(suite, { version: 1, personalization, terminalSeq: options.terminalSeq ?? 1, faults: { ...NO_PSAM_FAULTS, ...options.faults } });
}
