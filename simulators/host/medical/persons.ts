/* Insured persons and the drug catalogue of the simulated insurer. All made up: no number here belongs to anybody. */
import type { CatalogueClass } from "./split.ts";

export interface Insurance {
  /** insutype: 310 employee, 390 resident, … */
  readonly type: string;
  /** psn_type, for example 1101 working. */
  readonly personType: string;
  /** psn_insu_stas: 1 normal, 2 suspended, 3 ended. */
  readonly status: "1" | "2" | "3";
  /** insuplc_admdvs, 6 digits. */
  readonly area: string;
}

export interface InsuredPerson {
  /** psn_no, at most 30 characters. */
  readonly personNumber: string;
  readonly name: string;
  readonly certificateNumber: string;
  readonly gender: "1" | "2";
  /** yyyy-MM-dd. */
  readonly birthday: string;
  readonly age: number;
  readonly cards: readonly { readonly cardNumber: string; readonly cardIdentifier: string }[];
  readonly insurances: readonly Insurance[];
  /** Opening balance of the personal account. */
  readonly accountFen: bigint;
  /** What relatives' accounts offer. */
  readonly mutualAidFen: bigint;
}

export interface CatalogueItem {
  /** med_list_codg. */
  readonly code: string;
  readonly class: CatalogueClass;
  readonly selfPayE4: bigint;
  readonly priceLimitE6?: bigint;
}

/** Western medicines of the three classes; the first three are those of the worked example. */
export const TEST_CATALOGUE: readonly CatalogueItem[] = [
  { code: "XTEST0000000000000A1", class: "A", selfPayE4: 0n },
  { code: "XTEST0000000000000B1", class: "B", selfPayE4: 1_000n },
  { code: "XTEST0000000000000C1", class: "C", selfPayE4: 10_000n },
  { code: "XTEST0000000000000A2", class: "A", selfPayE4: 0n, priceLimitE6: 25_000_000n },
];

/** A person to whom one card belongs; fills in what a test does not care about. */
export function insuredPerson(person: Pick<InsuredPerson, "personNumber" | "cards"> & Partial<InsuredPerson>): InsuredPerson {
  return {
    name: "测试人员",
    certificateNumber: `000000${person.personNumber.slice(-12).padStart(12, "0")}`,
    gender: "1",
    birthday: "1980-01-01",
    age: 46,
    insurances: [{ type: "310", personType: "1101", status: "1", area: "530102" }],
    accountFen: 10_000n,
    mutualAidFen: 0n,
    ...person,
  };
}

export const TEST_PERSONS: readonly InsuredPerson[] = [
  insuredPerson({ personNumber: "53010000000000000001", cards: [{ cardNumber: "T00000001", cardIdentifier: "530100TEST0000000000000000000001" }] }),
  insuredPerson({
    personNumber: "53010000000000000002",
    cards: [{ cardNumber: "T00000002", cardIdentifier: "530100TEST0000000000000000000002" }],
    accountFen: 500_000n,
    mutualAidFen: 5_000n,
  }),
  insuredPerson({
    personNumber: "53010000000000000003",
    cards: [{ cardNumber: "T00000003", cardIdentifier: "530100TEST0000000000000000000003" }],
    insurances: [
      { type: "310", personType: "1101", status: "2", area: "530102" },
      { type: "390", personType: "1501", status: "1", area: "530103" },
    ],
    accountFen: 0n,
  }),
];
