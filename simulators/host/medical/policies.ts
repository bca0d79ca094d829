/*
 * What each place pays, as data: the place of insurance decides, the place of treatment gives the level. Figures of cities are published
 * ones where a name is given; which of two published caps and deductibles belongs to whom is read as working and retired. Spec: FSI, regional variation.
 */
import type { SplitPolicy } from "./split.ts";

/** Values for institutions of the first, second and third level. */
export type ByLevel = readonly [first: bigint, second: bigint, third: bigint];

export interface InsurancePolicy {
  readonly name: string;
  /** First digits of the areas of insurance. */
  readonly areas: readonly string[];
  readonly insuranceTypes: readonly string[];
  /** Left out: all that have no policy of their own. */
  readonly medicalTypes?: readonly string[];
  readonly deductible: { readonly basis: "visit" | "year"; readonly working: ByLevel; readonly retired?: ByLevel };
  readonly ratioE4: ByLevel;
  readonly retiredAdditionE4: bigint;
  readonly annualCapFen: { readonly working: bigint; readonly retired: bigint };
  /** What is left of the ratio away from home, in 1/10000. */
  readonly elsewhereE4: { readonly filed: bigint; readonly referral: bigint; readonly emergency: bigint; readonly unfiled: bigint };
  /** Whether the personal account and those of relatives may pay at all. */
  readonly account: boolean;
  readonly mutualAid: boolean;
  readonly accountMayPay: SplitPolicy["accountMayPay"];
  readonly fund: { readonly type: string; readonly name: string };
}

export interface PolicyCase {
  readonly area: string;
  readonly insuranceType: string;
  readonly medicalType: string;
  readonly level: 1 | 2 | 3;
  readonly retired: boolean;
  readonly elsewhere: "home" | keyof InsurancePolicy["elsewhereE4"];
}

const MAY_PAY = { classC: false, firstSelfPay: true, overLimit: true };
const POOL = { type: "310100", name: "城镇职工基本医疗保险统筹基金" };
const WHOLE_E4 = 10_000n;
const NO_CAP_FEN = 10_000_000_000n;

function same(value: bigint): ByLevel {
  return [value, value, value];
}

const EMPLOYEES = {
  insuranceTypes: ["310", "320", "330", "340", "350"],
  elsewhereE4: { filed: WHOLE_E4, referral: WHOLE_E4, emergency: WHOLE_E4, unfiled: WHOLE_E4 },
  account: true,
  mutualAid: true,
  accountMayPay: MAY_PAY,
  fund: POOL,
};

const WHOLLY_PAID = {
  deductible: { basis: "visit" as const, working: same(0n) },
  ratioE4: same(WHOLE_E4),
  retiredAdditionE4: 0n,
  annualCapFen: { working: NO_CAP_FEN, retired: NO_CAP_FEN },
  elsewhereE4: EMPLOYEES.elsewhereE4,
  account: false,
  mutualAid: false,
  accountMayPay: MAY_PAY,
};

/** The first policy that fits a case counts. */
export const TEST_POLICIES: readonly InsurancePolicy[] = [
  {
    ...WHOLLY_PAID,
    name: "work injury",
    areas: [""],
    insuranceTypes: ["310", "390"],
    medicalTypes: ["22"],
    fund: { type: "410100", name: "工伤保险基金" },
  },
  { ...WHOLLY_PAID, name: "maternity", areas: [""], insuranceTypes: ["510"], fund: { type: "510100", name: "生育基金" } },
  {
    ...EMPLOYEES,
    name: "Kunming",
    areas: ["5301"],
    deductible: { basis: "visit", working: [2_000n, 4_000n, 6_000n] },
    ratioE4: [6_000n, 5_500n, 5_000n],
    retiredAdditionE4: 1_000n,
    annualCapFen: { working: 600_000n, retired: 600_000n },
    elsewhereE4: { filed: WHOLE_E4, referral: 9_000n, emergency: 9_000n, unfiled: 7_000n },
  },
  {
    ...EMPLOYEES,
    name: "Huainan",
    areas: ["3404"],
    deductible: { basis: "year", working: [20_000n, 40_000n, 40_000n] },
    ratioE4: [6_000n, 5_000n, 5_000n],
    retiredAdditionE4: 500n,
    annualCapFen: { working: 200_000n, retired: 300_000n },
  },
  {
    ...EMPLOYEES,
    name: "Yuncheng",
    areas: ["1408"],
    deductible: { basis: "visit", working: [3_000n, 5_000n, 8_000n] },
    ratioE4: [6_500n, 6_000n, 5_500n],
    retiredAdditionE4: 500n,
    annualCapFen: { working: 250_000n, retired: 300_000n },
  },
  {
    ...EMPLOYEES,
    name: "Shangluo",
    areas: ["6110"],
    deductible: { basis: "visit", working: [3_000n, 6_000n, 9_000n] },
    ratioE4: [7_000n, 6_500n, 6_000n],
    retiredAdditionE4: 0n,
    annualCapFen: { working: NO_CAP_FEN, retired: NO_CAP_FEN },
  },
  {
    ...EMPLOYEES,
    name: "Nyingchi",
    areas: ["5404"],
    deductible: { basis: "year", working: same(20_000n), retired: same(14_000n) },
    ratioE4: [8_000n, 7_000n, 6_000n],
    retiredAdditionE4: 1_000n,
    annualCapFen: { working: 500_000n, retired: 500_000n },
  },
  {
    ...EMPLOYEES,
    name: "a county whose pharmacies have no pool",
    areas: ["5133"],
    deductible: { basis: "visit", working: same(0n) },
    ratioE4: same(0n),
    retiredAdditionE4: 0n,
    annualCapFen: { working: 0n, retired: 0n },
  },
  {
    ...EMPLOYEES,
    name: "residents (made up)",
    areas: [""],
    insuranceTypes: ["390", "380"],
    deductible: { basis: "visit", working: same(0n) },
    ratioE4: [5_000n, 4_500n, 4_000n],
    retiredAdditionE4: 0n,
    annualCapFen: { working: 50_000n, retired: 50_000n },
    account: false,
    fund: { type: "390100", name: "城乡居民基本医疗保险基金" },
  },
  {
    ...EMPLOYEES,
    name: "any other place (made up)",
    areas: [""],
    deductible: { basis: "visit", working: [2_000n, 4_000n, 6_000n] },
    ratioE4: [6_000n, 5_500n, 5_000n],
    retiredAdditionE4: 500n,
    annualCapFen: { working: 600_000n, retired: 600_000n },
    elsewhereE4: { filed: WHOLE_E4, referral: 9_000n, emergency: 9_000n, unfiled: 7_000n },
  },
];

export function findPolicy(policies: readonly InsurancePolicy[], wanted: PolicyCase): InsurancePolicy | undefined {
  return policies.find(
    ({ areas, insuranceTypes, medicalTypes }) =>
      areas.some((area) => wanted.area.startsWith(area)) &&
      insuranceTypes.includes(wanted.insuranceType) &&
      (medicalTypes?.includes(wanted.medicalType) ?? true),
  );
}

/** The numbers that one visit is divided by. */
export function splitPolicyOf(policy: InsurancePolicy, { level, retired, elsewhere }: PolicyCase): SplitPolicy {
  const deductibles = retired ? (policy.deductible.retired ?? policy.deductible.working) : policy.deductible.working;
  const ratioE4 = policy.ratioE4[level - 1] ?? 0n;
  const raisedE4 = retired && ratioE4 > 0n ? ratioE4 + policy.retiredAdditionE4 : ratioE4;
  const factorE4 = elsewhere === "home" ? WHOLE_E4 : policy.elsewhereE4[elsewhere];
  return {
    deductibleFen: deductibles[level - 1] ?? 0n,
    deductibleBasis: policy.deductible.basis,
    ratioE4: (raisedE4 * factorE4) / WHOLE_E4,
    annualCapFen: retired ? policy.annualCapFen.retired : policy.annualCapFen.working,
    accountMayPay: policy.accountMayPay,
  };
}
