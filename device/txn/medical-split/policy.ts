/*
 * Goal: a region's rules come from a file that somebody has typed, and a slip in it is named by its place and the rule that it breaks.
 * Method: the shape first (a key that nobody knows is refused), then what no region has ever had: tiers that fall, ratios above one,
 * amounts of another magnitude, days that do not exist. Ratios and yuan are decimal texts, so that no number passes through floating point.
 */
import * as z from "zod";
import { type Fen, parseYuan } from "../../base/fen.ts";
import { isCivilDate } from "../../codec/civil-time.ts";
import { parseScaled } from "./decimals.ts";
import { type ByLevel, type ByPerson, OTHER_FUNDS, type PersonType, type PoolRules, type RatioE4, type RegionPolicy, type Route, type Tier } from "./types.ts";

/** One thing that is wrong: where, and which rule it breaks. */
export interface PolicyProblem {
  /** Path of keys, for example "pool.tiers.2.0.ratio"; "policy" for the whole. */
  readonly at: string;
  readonly rule: string;
}

export type PolicyParse = { readonly ok: true; readonly policy: RegionPolicy } | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

const RATIO_MAX_E4 = 10_000;
/** No deductible, cap or tier of a year comes near a million yuan. */
const YUAN_MAX_FEN = 100_000_000;

const yuan = z.string().transform((text, context): Fen => {
  const parsed = parseYuan(text);
  if (parsed.ok && parsed.amount <= YUAN_MAX_FEN) return parsed.amount;
  context.addIssue(parsed.ok ? "at most 1000000.00 yuan" : "yuan as decimal text with at most two places");
  return z.NEVER;
});

const ratio = z.string().transform((text, context): RatioE4 => {
  const scaled = parseScaled(text, 4);
  if (scaled !== undefined && scaled <= BigInt(RATIO_MAX_E4)) return Number(scaled);
  context.addIssue(scaled === undefined ? "a ratio as decimal text with at most four places" : "a ratio is at most 1");
  return z.NEVER;
});

const day = z.string().refine((text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isCivilDate(text.replaceAll("-", "")), "a day of the calendar as yyyy-MM-dd");
const byLevel = <Value extends z.ZodType>(value: Value) => z.strictObject({ "1": value, "2": value, "3": value });
const byPerson = <Value extends z.ZodType>(value: Value) => z.strictObject({ working: value, retired: value });

const tiers = z
  .array(z.strictObject({ upToYuan: yuan.optional(), ratio }))
  .min(1, "at least one tier")
  .max(20, "at most 20 tiers");

const pool = z.strictObject({
  deductibleBasis: z.enum(["visit", "year"]),
  deductibleYuan: byPerson(byLevel(yuan)),
  tierBasis: z.enum(["visit", "year"]),
  tiers: byLevel(tiers),
  retiredAddition: ratio,
  annualCapYuan: byPerson(yuan).optional(),
  crossRegion: z.strictObject({ filed: ratio.optional(), referral: ratio.optional(), emergency: ratio.optional(), unfiled: ratio.optional() }),
  rounding: z.enum(["once", "per-tier", "ratio-3"]),
});

const policyFile = z.strictObject({
  place: z.string().min(1, "a name").max(80, "at most 80 characters"),
  areas: z.array(z.string().regex(/^(?:\d{2}|\d{4}|\d{6})$/, "two, four or six digits of an area code")).max(1000, "at most 1000 areas"),
  insuranceTypes: z.array(z.string().regex(/^\d{3}$/, "three digits")).min(1, "at least one insurance type"),
  validFrom: day,
  validTo: day.optional(),
  pool: pool.optional(),
  otherFunds: z
    .array(z.strictObject({ fund: z.enum(OTHER_FUNDS), of: z.enum(["left-by-pool", "deductible"]), ratio, capYuan: yuan.optional() }))
    .max(20, "at most 20 rules"),
  account: z.strictObject({
    mayPay: z.strictObject({ classC: z.boolean(), firstSelfPay: z.boolean(), overLimit: z.boolean() }),
    mutualAid: z.boolean(),
  }),
  notes: z.array(z.string().max(500, "at most 500 characters")).max(50, "at most 50 notes"),
});

type PolicyFile = z.infer<typeof policyFile>;
type PoolFile = NonNullable<PolicyFile["pool"]>;

/** Reads a policy from what a JSON file holds. Never throws. */
export function parsePolicy(value: unknown): PolicyParse {
  const parsed = policyFile.safeParse(value);
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.flatMap(shapeProblems) };
  const problems = implausible(parsed.data);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, policy: toPolicy(parsed.data) };
}

function shapeProblems(issue: z.core.$ZodIssue): readonly PolicyProblem[] {
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") return [{ at: path.join(".") || "policy", rule: issue.message }];
  return issue.keys.map((key) => ({ at: [...path, key].join("."), rule: "a key that nobody knows" }));
}

const LEVELS = ["1", "2", "3"] as const;
const PERSONS = ["working", "retired"] as const satisfies readonly PersonType[];

function implausible(file: PolicyFile): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  // Both are days of the calendar in one spelling, so that their texts compare as the days do.
  if (file.validTo !== undefined && file.validTo < file.validFrom) problems.push({ at: "validTo", rule: "not before validFrom" });
  problems.push(...twice(file.areas, "areas"), ...twice(file.insuranceTypes, "insuranceTypes"));
  if (file.pool === undefined) {
    if (file.otherFunds.length > 0) problems.push({ at: "otherFunds", rule: "funds beside the pooled one need a pool" });
    return problems;
  }
  return [...problems, ...implausibleTiers(file.pool), ...implausibleLevels(file.pool), ...implausibleCap(file.pool)];
}

function twice(values: readonly string[], at: string): PolicyProblem[] {
  return values.flatMap((value, index) => (values.indexOf(value) === index ? [] : [{ at: `${at}.${index}`, rule: "named twice" }]));
}

function implausibleTiers({ tiers: table, retiredAddition }: PoolFile): PolicyProblem[] {
  return LEVELS.flatMap((level) =>
    table[level].flatMap((tier, index) => {
      const at = `pool.tiers.${level}.${index}`;
      const above = tier.ratio + retiredAddition > RATIO_MAX_E4;
      return [
        ...endProblem(table[level], index, `${at}.upToYuan`),
        ...(above ? [{ at: `${at}.ratio`, rule: "with the addition for the retired at most 1" }] : []),
      ];
    }),
  );
}

/** Each tier ends above the one before it; the last one has no end. */
function endProblem(table: PoolFile["tiers"]["1"], index: number, at: string): PolicyProblem[] {
  const end = table[index]?.upToYuan;
  if (index === table.length - 1) return end === undefined ? [] : [{ at, rule: "the last tier has no end" }];
  const before = table[index - 1]?.upToYuan ?? 0;
  return end !== undefined && end > before ? [] : [{ at, rule: "tiers rise" }];
}

/** Higher institutions are dearer everywhere: the deductible does not fall with the level, the ratio of the first tier does not rise. */
function implausibleLevels({ deductibleYuan, tiers: table }: PoolFile): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  for (const [lower, higher] of [
    ["1", "2"],
    ["2", "3"],
  ] as const) {
    for (const person of PERSONS) {
      if (deductibleYuan[person][higher] < deductibleYuan[person][lower])
        problems.push({ at: `pool.deductibleYuan.${person}.${higher}`, rule: "not below that of a lower level" });
    }
    if ((table[higher][0]?.ratio ?? 0) > (table[lower][0]?.ratio ?? 0))
      problems.push({ at: `pool.tiers.${higher}.0.ratio`, rule: "not above that of a lower level" });
  }
  return problems;
}

function implausibleCap({ annualCapYuan, deductibleYuan }: PoolFile): PolicyProblem[] {
  if (annualCapYuan === undefined) return [];
  return PERSONS.filter((person) => annualCapYuan[person] < deductibleYuan[person]["3"]).map((person) => ({
    at: `pool.annualCapYuan.${person}`,
    rule: "not below the deductible",
  }));
}

function levelled<From, To>(from: { readonly [Level in (typeof LEVELS)[number]]: From }, to: (value: From) => To): ByLevel<To> {
  return { 1: to(from["1"]), 2: to(from["2"]), 3: to(from["3"]) };
}

function same<Value>(value: Value): Value {
  return value;
}

function toPool(file: PoolFile): PoolRules {
  const { deductibleYuan, annualCapYuan } = file;
  const deductible: ByPerson<ByLevel<Fen>> = { working: levelled(deductibleYuan.working, same), retired: levelled(deductibleYuan.retired, same) };
  const routes: Partial<Record<Exclude<Route, "local">, RatioE4>> = {};
  for (const route of ["filed", "referral", "emergency", "unfiled"] as const) {
    const factor = file.crossRegion[route];
    if (factor !== undefined) routes[route] = factor;
  }
  return {
    deductibleBasis: file.deductibleBasis,
    deductible,
    tierBasis: file.tierBasis,
    tiers: levelled(file.tiers, (table) => table.map(toTier)),
    retiredAdditionE4: file.retiredAddition,
    ...(annualCapYuan === undefined ? {} : { annualCap: annualCapYuan }),
    crossRegion: routes,
    rounding: file.rounding,
  };
}

function toTier({ upToYuan, ratio: ratioE4 }: PoolFile["tiers"]["1"][number]): Tier {
  return upToYuan === undefined ? { ratioE4 } : { upTo: upToYuan, ratioE4 };
}

function toPolicy(file: PolicyFile): RegionPolicy {
  const { validTo, pool: pooled, otherFunds, ...rest } = file;
  return {
    ...rest,
    ...(validTo === undefined ? {} : { validTo }),
    ...(pooled === undefined ? {} : { pool: toPool(pooled) }),
    otherFunds: otherFunds.map(({ fund, of, ratio: ratioE4, capYuan }) => ({ fund, of, ratioE4, ...(capYuan === undefined ? {} : { cap: capYuan }) })),
  };
}

/** Whether a policy is in force on this day (yyyy-MM-dd), for this area of insurance and this insutype; a policy without areas holds everywhere. */
export function policyHolds(policy: RegionPolicy, at: { readonly day: string; readonly area: string; readonly insuranceType: string }): boolean {
  const inForce = policy.validFrom <= at.day && (policy.validTo === undefined || at.day <= policy.validTo);
  const here = policy.areas.length === 0 || policy.areas.some((area) => at.area.startsWith(area));
  return inForce && here && policy.insuranceTypes.includes(at.insuranceType);
}
