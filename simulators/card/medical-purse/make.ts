/* Personalisation of a test card's medical purse. */
import { type Bytes, toHex } from "../../../device/base/bytes.ts";
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { KeyAlgorithm } from "../../crypto/blocks.ts";
import { deriveSocialKey, type TestKeyName, testRootKey } from "../../crypto/test-keys.ts";
import type { MedicalPurseData, MedicalPurseMemory } from "./state.ts";

export interface MedicalPurseOptions {
  readonly accountFen: number;
}

/** What a medical purse is made for: the social application of this card. */
export interface MedicalPurseRecipe {
  readonly suite: CipherSuite;
  readonly algorithm: KeyAlgorithm;
  readonly profile: CardProfile;
  /** Factors of the social keys: card, city, province. */
  readonly factors: readonly Bytes[];
}

export function makeMedicalPurse(
  recipe: MedicalPurseRecipe,
  options: MedicalPurseOptions,
): { readonly data: MedicalPurseData; readonly memory: MedicalPurseMemory } {
  const { suite, algorithm, factors } = recipe;
  const keyHex = (name: TestKeyName) => toHex(deriveSocialKey(suite, algorithm, { key: testRootKey(algorithm, name), factors }));
  const data = { dpkHex: keyHex("medical-dpk"), dtkHex: keyHex("medical-dtk"), dlkHex: keyHex("medical-dlk"), dskHex: keyHex("medical-dsk") };
  return { data, memory: { accountFen: options.accountFen } };
}
