/* Personalisation of a test card's medical purse. */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, toHex } from "../../../device/base/bytes.ts";
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import type { KeyAlgorithm } from "../../crypto/blocks.ts";
import { deriveSocialKey, medicalPurchaseKeyName, type TestKeyName, testRootKey } from "../../crypto/test-keys.ts";
import type { MedicalPurchaseKey, MedicalPurseData, MedicalPurseMemory } from "./state.ts";

export interface MedicalPurseOptions {
  readonly accountFen: number;
  readonly selfPayTotalFen?: number;
  readonly pooledTotalFen?: number;
  /** YYYY; "0000" (never used) when absent. */
  readonly payYear?: string;
  /** MMDD; January 1st when absent. */
  readonly startDay?: string;
  readonly loadSeq?: number;
  readonly purchaseSeq?: number;
  /** Form of the log, and with it the mode of the purse. Absent: the profile's, and full where the profile asks the record. */
  readonly logMode?: "full28" | "accountOnly20";
  /** How the card says that it is used (DF04/05, 8F): "2" offline when absent, as a card without a medical purse says "1". */
  readonly cardUse?: "1" | "2";
  /** Whether it may settle off the line (DF04/06, 90): it may when absent. */
  readonly offlineAllowed?: boolean;
}

/** What a medical purse is made for: the social application of this card. */
export interface MedicalPurseRecipe {
  readonly suite: CipherSuite;
  readonly algorithm: KeyAlgorithm;
  readonly profile: CardProfile;
  /** Factors of the social keys: card, city, province. */
  readonly factors: readonly Bytes[];
}

/** Indexes of the purchase keys; each has the version of the same number. */
const PURCHASE_KEY_INDEXES: readonly number[] = [1, 2, 3];

/** What an account-only purse has in the place of a year: it means nothing there. */
const NO_YEAR = { selfPayTotalFen: 0, pooledTotalFen: 0, payYear: "0000", startDay: "0000" } as const;

function yearOf(options: MedicalPurseOptions): Pick<MedicalPurseMemory, keyof typeof NO_YEAR> {
  return {
    selfPayTotalFen: options.selfPayTotalFen ?? 0,
    pooledTotalFen: options.pooledTotalFen ?? 0,
    payYear: options.payYear ?? "0000",
    startDay: options.startDay ?? "0101",
  };
}

export function makeMedicalPurse(
  recipe: MedicalPurseRecipe,
  options: MedicalPurseOptions,
): { readonly data: MedicalPurseData; readonly memory: MedicalPurseMemory } {
  const { suite, algorithm, factors, profile } = recipe;
  const keyHex = (name: TestKeyName) => toHex(deriveSocialKey(suite, algorithm, { key: testRootKey(algorithm, name), factors }));
  const purchaseKeys = PURCHASE_KEY_INDEXES.flatMap((index): readonly MedicalPurchaseKey[] => {
    const name = medicalPurchaseKeyName(index);
    return name === undefined ? [] : [{ index, version: index, keyHex: keyHex(name) }];
  });
  const accountOnly = (options.logMode ?? profile.medicalLogMode) === "accountOnly20";
  assert(/^\d{4}$/.test(options.payYear ?? "0000") && /^\d{4}$/.test(options.startDay ?? "0101"), "pay year and start day have four digits each");
  return {
    data: {
      purchaseKeys,
      dlkHex: keyHex("medical-dlk"),
      dtkHex: keyHex("medical-dtk"),
      dskHex: keyHex("medical-dsk"),
      accountOnly,
    },
    memory: {
      accountFen: options.accountFen,
      ...(accountOnly ? NO_YEAR : yearOf(options)),
      loadSeq: options.loadSeq ?? 0,
      purchaseSeq: options.purchaseSeq ?? 0,
      log: [],
    },
  };
}
