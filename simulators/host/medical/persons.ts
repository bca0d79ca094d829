/* Insured persons and the catalogue of the simulated insurer. All made up: no number here belongs to anybody. */
import type { CatalogueClass } from "./split.ts";

export interface Insurance {
  /** insutype: 310 employee, 390 resident, 510 maternity, … */
  readonly type: string;
  /** psn_type: 11… working, 12… retired. */
  readonly personType: string;
  /** psn_insu_stas: 1 normal, 2 suspended, 3 ended. */
  readonly status: "1" | "2" | "3";
  /** insuplc_admdvs, 6 digits. */
  readonly area: string;
}

/** A disease that the insurer has recognised for a person: chronic, or one of the two of 9901. Dates yyyy-MM-dd. */
export interface ChronicFiling {
  readonly code: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** Treatment away from home that the insurer has agreed to. */
export interface RegionalFiling {
  /** First digits of the areas of treatment that it covers. */
  readonly area: string;
  readonly kind: "resident" | "referral";
  readonly from: string;
  readonly to: string;
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
  /** Rows of idetinfo: psn_idet_type and psn_type_lv. */
  readonly identities: readonly { readonly type: string; readonly level: string }[];
  readonly chronicFilings: readonly ChronicFiling[];
  readonly regionalFilings: readonly RegionalFiling[];
  /** Institutions whose contracted-clinic pool pays for this person. */
  readonly contractedWith: readonly string[];
  /** Whether a work injury was recognised. */
  readonly workInjury: boolean;
}

export interface CatalogueItem {
  /** med_list_codg. */
  readonly code: string;
  readonly class: CatalogueClass;
  readonly selfPayE4: bigint;
  readonly priceLimitE6?: bigint;
  readonly name?: string;
  /** list_type: 101 western (left out), 102 patent Chinese, 103 slices, 201 service, 301 material. */
  readonly listType?: string;
  /** Sold on a doctor's word alone. */
  readonly prescription?: boolean;
}

/** Medicines of the three classes, the first three are those of the worked example; then what has rules of its own. */
export const TEST_CATALOGUE: readonly CatalogueItem[] = [
  { code: "XTEST0000000000000A1", class: "A", selfPayE4: 0n, name: "测试甲类药品一" },
  { code: "XTEST0000000000000B1", class: "B", selfPayE4: 1_000n, name: "测试乙类药品" },
  { code: "XTEST0000000000000C1", class: "C", selfPayE4: 10_000n, name: "测试丙类药品" },
  { code: "XTEST0000000000000A2", class: "A", selfPayE4: 0n, priceLimitE6: 25_000_000n, name: "测试甲类限价药品" },
  { code: "XTEST0000000000000R1", class: "A", selfPayE4: 0n, name: "测试处方药", prescription: true },
  { code: "TTEST0000000000000S1", class: "A", selfPayE4: 0n, name: "测试中药饮片", listType: "103" },
  { code: "CTEST0000000000000M1", class: "B", selfPayE4: 2_000n, name: "测试医用材料", listType: "301" },
  { code: "FTEST0000000000000F1", class: "A", selfPayE4: 0n, name: "测试诊查费", listType: "201" },
];

/** Whether packs of the item carry trace codes: western and patent medicine do, slices, services and materials do not. */
export function isTraced(item: CatalogueItem): boolean {
  return item.listType === undefined || item.listType === "101" || item.listType === "102";
}

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
    identities: [],
    chronicFilings: [],
    regionalFilings: [],
    contractedWith: [],
    workInjury: false,
    ...person,
  };
}

function testPerson(serial: number, person: Partial<InsuredPerson> = {}): InsuredPerson {
  const digits = String(serial).padStart(8, "0");
  const cards = [{ cardNumber: `T${digits}`, cardIdentifier: `530100TEST${digits.padStart(22, "0")}` }];
  return insuredPerson({ personNumber: `530100000000${digits}`, cards, ...person });
}

const EVER = { from: "2020-01-01", to: "2099-12-31" };

export const TEST_PERSONS: readonly InsuredPerson[] = [
  testPerson(1),
  testPerson(2, { accountFen: 500_000n, mutualAidFen: 5_000n }),
  testPerson(3, {
    insurances: [
      { type: "310", personType: "1101", status: "2", area: "530102" },
      { type: "390", personType: "1501", status: "1", area: "530103" },
    ],
    accountFen: 0n,
  }),
  // Retired, with chronic diseases, of special identity, contracted with a clinic.
  testPerson(4, {
    insurances: [{ type: "310", personType: "1201", status: "1", area: "530102" }],
    age: 71,
    birthday: "1955-01-01",
    identities: [{ type: "5201", level: "1" }],
    contractedWith: ["H53010200001"],
    chronicFilings: [
      { code: "M03900", name: "高血压", ...EVER },
      { code: "M01600", name: "糖尿病", from: "2020-01-01", to: "2021-12-31" },
    ],
  }),
  // Two insurances in force, one of them maternity; a recognised work injury.
  testPerson(5, {
    gender: "2",
    workInjury: true,
    insurances: [
      { type: "310", personType: "1101", status: "1", area: "530102" },
      { type: "510", personType: "1101", status: "1", area: "530102" },
    ],
  }),
  // Insured in another city of the province, with a filing for the capital.
  testPerson(6, {
    insurances: [{ type: "310", personType: "1101", status: "1", area: "530302" }],
    regionalFilings: [{ area: "5301", kind: "resident", ...EVER }],
  }),
  // Insured in another province: filed as referred, and not filed at all.
  testPerson(7, {
    insurances: [{ type: "310", personType: "1101", status: "1", area: "440103" }],
    regionalFilings: [{ area: "53", kind: "referral", ...EVER }],
  }),
  testPerson(8, { insurances: [{ type: "310", personType: "1101", status: "1", area: "340402" }] }),
];
