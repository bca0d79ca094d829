/*
 * How a region's insurer is spoken to, as data: what regions differ in is a switch here and never a branch on a region's name.
 * Spec: FSI, regional differences.
 */
import type { FsiSender } from "../../codec/fsi.ts";

export type CredentialKind = "card" | "resident-id" | "e-code";

/** How far from home a holder may be insured. */
export type Distance = "local" | "same-province" | "cross-province";

export interface RegionSwitches {
  readonly credentials: readonly CredentialKind[];
  /** Who verifies the holder before a settlement; never asked of anybody insured in another province. */
  readonly password: "card-pin" | "none";
  /** Further members of druginfo. */
  readonly druginfoExtras: readonly ("card_sn" | "psn_cert_type" | "certno" | "psn_name")[];
  /** recer_sys_code of an insurance type or a med_type that has a receiver of its own; "" means that it is not connected here. */
  readonly receivers: Readonly<Record<string, string>>;
  /** First two digits of areas that are one city altogether. */
  readonly municipalities: readonly string[];
  /** med_type values that this institution may settle. */
  readonly medicalTypes: readonly string[];
  /** Farthest holders that are served here. */
  readonly farthest: Distance;
  /** Whether holders from elsewhere need a filing, asked for with 2501's query. */
  readonly filingRequired: boolean;
  /** dise_codg prefixes that are not settled for holders from elsewhere. */
  readonly diseasesExcludedElsewhere: readonly string[];
  /** Whether 2001 is asked before the split. */
  readonly checksEligibility: boolean;
  /** med_type values for which 5301 must show a filing. */
  readonly chronicTypes: readonly string[];
  readonly trace: {
    /** yyyy-MM-dd from which every pack is scanned; undefined: never. */
    readonly requiredFrom?: string;
    readonly lengthMax: number;
    /** Whether 2102 carries drug_trac_info beside 3505. */
    readonly inSettlement: boolean;
  };
  /** Whether sales and returns are told with 3505 and 3506. */
  readonly uploadsStock: boolean;
  /** The sum of funds holds the personal account. */
  readonly fundSumIncludesAccount: boolean;
  readonly mutualAidInsideAccount: boolean;
  readonly offline: {
    readonly allowed: boolean;
    /** Whether the card's own medical purse may pay while the insurer is away. */
    readonly cardDebit: boolean;
    readonly choices: readonly ("settle-later" | "reimbursement-slip")[];
    /** What the later settlement needs: the holder's card again, or only what was read at the sale. */
    readonly laterCredential: "holder-returns" | "as-read";
  };
}

export interface MedicalProfile {
  /** The envelope's sender; the sign-in number is added by the flow. */
  readonly sender: Omit<FsiSender, "signInNumber">;
  /** Whether the region asks for a sign-in before a settlement. */
  readonly signsIn: boolean;
  readonly region: RegionSwitches;
}

export const DEFAULT_REGION: RegionSwitches = {
  credentials: ["card", "resident-id", "e-code"],
  password: "card-pin",
  druginfoExtras: [],
  receivers: {},
  municipalities: ["11", "12", "31", "50"],
  medicalTypes: ["41", "11", "14", "51", "52", "9901", "9929"],
  farthest: "cross-province",
  filingRequired: true,
  diseasesExcludedElsewhere: [],
  checksEligibility: false,
  chronicTypes: ["14", "9901", "9929"],
  trace: { requiredFrom: "2025-07-01", lengthMax: 100, inSettlement: true },
  uploadsStock: true,
  fundSumIncludesAccount: false,
  mutualAidInsideAccount: false,
  offline: { allowed: false, cardDebit: false, choices: ["settle-later", "reimbursement-slip"], laterCredential: "holder-returns" },
};
