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
  /** What 1101 holds of a card whose holder is insured in another province; left out: "raw-read", the card's own record with its proof. */
  readonly crossProvinceCard?: "raw-read" | "plain";
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
  /** mdtrt_cert_type of each credential. */
  readonly credentialCodes: Readonly<Record<CredentialKind, string>>;
  /** chrgitm_lv of the catalogue's classes: inside the list, partly self-paid, outside. */
  readonly classCodes: { readonly a: readonly string[]; readonly b: readonly string[]; readonly c: readonly string[] };
  /** Lengths of text members that differ from the field tables, by the member's name. */
  readonly fieldLengths: Readonly<Record<string, number>>;
  /** "any": every code that is not zero and reads as an answer, except -1. "-2": only this one; any other leaves the outcome open. */
  readonly refusalCodes: "any" | "-2";
  /** Whether medins_setl_id of a settlement's answer, where it is filled, is the msgid of the question. */
  readonly repliesNameTheirMessage: boolean;
  /** How JSON writes the bytes of a file. */
  readonly fileBytes: "base64" | "list";
  /** How stmt_rslt is read: by its last digit together with the amounts, or by one of the dictionaries alone. */
  readonly statementResults: "last-digit" | "one-digit" | "six-digits" | "three-digits";
  /** What a host says to a reversal whose original it does not know; "either" believes neither word without its books. */
  readonly unknownOriginal: "either" | "error" | "success";
  /** Whether sales and returns are told with 3505 and 3506. */
  readonly uploadsStock: boolean;
  /** All goods of a sale in one message (3505A). */
  readonly stockInBatches: boolean;
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
  credentialCodes: { card: "03", "resident-id": "02", "e-code": "01" },
  classCodes: { a: ["01", "1"], b: ["02", "2"], c: ["03", "3"] },
  fieldLengths: {},
  refusalCodes: "any",
  repliesNameTheirMessage: true,
  fileBytes: "base64",
  statementResults: "last-digit",
  unknownOriginal: "either",
  uploadsStock: true,
  stockInBatches: false,
  fundSumIncludesAccount: false,
  mutualAidInsideAccount: false,
  offline: { allowed: false, cardDebit: false, choices: ["settle-later", "reimbursement-slip"], laterCredential: "holder-returns" },
};
