import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePolicy, policyHolds } from "./policy.ts";
import type { RegionPolicy } from "./types.ts";

type Json = { [key: string]: unknown };

function file(name = "kunming"): Json {
  return JSON.parse(readFileSync(join(import.meta.dirname, "policies", `${name}.json`), "utf8")) as Json;
}

/** Kunming's file with one place changed; undefined takes the key away. */
function changed(path: string, value: unknown): Json {
  const policy = file();
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let at = policy;
  for (const key of keys) at = at[key] as Json;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return policy;
}

function problems(value: unknown): readonly string[] {
  const parsed = parsePolicy(value);
  return parsed.ok ? [] : parsed.problems.map(({ at, rule }) => `${at}: ${rule}`);
}

function policy(name = "kunming"): RegionPolicy {
  const parsed = parsePolicy(file(name));
  if (!parsed.ok) throw new Error(name);
  return parsed.policy;
}

describe("what a file says", () => {
  test("a policy is read into fen and 1/10000", () => {
    expect(policy()).toMatchObject({
      place: "Kunming",
      areas: ["5301"],
      pool: {
        deductible: { working: { 1: 2000, 2: 4000, 3: 6000 }, retired: { 1: 2000 } },
        tiers: { 1: [{ ratioE4: 6000 }], 2: [{ ratioE4: 5500 }], 3: [{ ratioE4: 5000 }] },
        retiredAdditionE4: 1000,
        annualCap: { working: 600_000, retired: 600_000 },
        crossRegion: { referral: 9000, emergency: 9000, unfiled: 7000 },
      },
      otherFunds: [],
    });
    expect(policy()).not.toHaveProperty("validTo");
    expect(policy("account-only")).not.toHaveProperty("pool");
    expect(policy("shangluo").pool).not.toHaveProperty("annualCap");
  });

  test("what may be there, and the funds beside the pool", () => {
    const more = changed("validTo", "2030-12-31");
    more["otherFunds"] = [
      { fund: "maf_pay", of: "deductible", ratio: "0.5", capYuan: "10.00" },
      { fund: "oth_pay", of: "left-by-pool", ratio: "1" },
    ];
    const parsed = parsePolicy(more);
    expect(parsed).toMatchObject({
      ok: true,
      policy: {
        validTo: "2030-12-31",
        otherFunds: [
          { fund: "maf_pay", of: "deductible", ratioE4: 5000, cap: 1000 },
          { fund: "oth_pay", of: "left-by-pool", ratioE4: 10_000 },
        ],
      },
    });
  });

  test("tiers that rise", () => {
    const tiers = [{ upToYuan: "10.00", ratio: "0.5" }, { upToYuan: "10.01", ratio: "0.6" }, { ratio: "0.7" }];
    const parsed = parsePolicy(changed("pool.tiers.1", tiers));
    expect(parsed).toMatchObject({ ok: false });
    expect(problems(changed("pool.tiers", { "1": tiers, "2": tiers, "3": tiers }))).toEqual([]);
  });
});

describe("what is refused, with its place and the rule", () => {
  test.each<[string, unknown, readonly string[]]>([
    ["surprise", 1, ["surprise: a key that nobody knows"]],
    ["pool.surprise", 1, ["pool.surprise: a key that nobody knows"]],
    ["account.mayPay.surprise", true, ["account.mayPay.surprise: a key that nobody knows"]],
    ["place", "", ["place: a name"]],
    ["areas.0", "530", ["areas.0: two, four or six digits of an area code"]],
    ["areas", ["5301", "5302", "5301"], ["areas.2: named twice"]],
    ["insuranceTypes", [], ["insuranceTypes: at least one insurance type"]],
    ["insuranceTypes", ["310", "310"], ["insuranceTypes.1: named twice"]],
    ["insuranceTypes.0", "3100", ["insuranceTypes.0: three digits"]],
    ["validFrom", "2022-02-29", ["validFrom: a day of the calendar as yyyy-MM-dd"]],
    ["validFrom", "20220101", ["validFrom: a day of the calendar as yyyy-MM-dd"]],
    ["validTo", "2021-12-31", ["validTo: not before validFrom"]],
    ["validTo", "2022-01-01", []],
    ["pool.rounding", "twice", ['pool.rounding: Invalid option: expected one of "once"|"per-tier"|"ratio-3"']],
    ["pool.retiredAddition", "1.0001", ["pool.retiredAddition: a ratio is at most 1"]],
    ["pool.retiredAddition", "10%", ["pool.retiredAddition: a ratio as decimal text with at most four places"]],
    ["pool.retiredAddition", 0.1, ["pool.retiredAddition: Invalid input: expected string, received number"]],
    ["pool.retiredAddition", "0.4", []],
    ["pool.retiredAddition", "0.4001", ["pool.tiers.1.0.ratio: with the addition for the retired at most 1"]],
    ["pool.tiers.1", [], ["pool.tiers.1: at least one tier"]],
    ["pool.tiers.1.0.ratio", "0.60001", ["pool.tiers.1.0.ratio: a ratio as decimal text with at most four places"]],
    ["pool.tiers.1.0.upToYuan", "5.00", ["pool.tiers.1.0.upToYuan: the last tier has no end"]],
    ["pool.tiers.1", [{ ratio: "0.6" }, { ratio: "0.6" }], ["pool.tiers.1.0.upToYuan: tiers rise"]],
    ["pool.tiers.1", [{ upToYuan: "0.00", ratio: "0.6" }, { ratio: "0.6" }], ["pool.tiers.1.0.upToYuan: tiers rise"]],
    ["pool.tiers.1", [{ upToYuan: "5.00", ratio: "0.6" }, { upToYuan: "5.00", ratio: "0.6" }, { ratio: "0.6" }], ["pool.tiers.1.1.upToYuan: tiers rise"]],
    ["pool.tiers.2.0.ratio", "0.6001", ["pool.tiers.2.0.ratio: not above that of a lower level"]],
    ["pool.tiers.3.0.ratio", "0.5501", ["pool.tiers.3.0.ratio: not above that of a lower level"]],
    ["pool.deductibleYuan.retired.2", "19.99", ["pool.deductibleYuan.retired.2: not below that of a lower level"]],
    ["pool.deductibleYuan.working.3", "40.00", []],
    ["pool.deductibleYuan.working.1", "20.001", ["pool.deductibleYuan.working.1: yuan as decimal text with at most two places"]],
    ["pool.deductibleYuan.working.1", "-1", ["pool.deductibleYuan.working.1: yuan as decimal text with at most two places"]],
    ["pool.annualCapYuan.working", "1000000.01", ["pool.annualCapYuan.working: at most 1000000.00 yuan"]],
    ["pool.annualCapYuan.working", "1000000.00", []],
    ["pool.annualCapYuan.retired", "59.99", ["pool.annualCapYuan.retired: not below the deductible"]],
    ["pool.annualCapYuan.retired", "60.00", []],
    ["pool.crossRegion.local", "1", ["pool.crossRegion.local: a key that nobody knows"]],
    ["pool.crossRegion.filed", "1", []],
    ["otherFunds", [{ fund: "hifp_pay", of: "deductible", ratio: "1" }], [expect.stringContaining("otherFunds.0.fund: Invalid option") as string]],
    ["notes", ["x".repeat(501)], ["notes.0: at most 500 characters"]],
  ])("%s = %o", (path, value, expected) => expect(problems(changed(path, value))).toEqual(expected));

  test.each(["place", "areas", "insuranceTypes", "validFrom", "otherFunds", "account", "notes", "pool.tiers", "pool.deductibleBasis", "pool.crossRegion"])(
    "%s is missing",
    (path) => expect(problems(changed(path, undefined))).toEqual([expect.stringContaining(`${path}: `)]),
  );

  test("funds beside a pool that is not there", () => {
    const without: Json = { ...file("account-only"), otherFunds: [{ fund: "oth_pay", of: "deductible", ratio: "1" }] };
    expect(problems(without)).toEqual(["otherFunds: funds beside the pooled one need a pool"]);
  });

  test("no object at all", () => expect(problems([])).toEqual([expect.stringContaining("policy: ")]));

  test("several slips are all named", () => {
    const both = changed("validTo", "2021-01-01");
    (both["areas"] as string[]).push("5301");
    expect(problems(both)).toEqual(["validTo: not before validFrom", "areas.1: named twice"]);
  });
});

test("any value gives an answer, and a mutated file a named problem or a policy", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => typeof parsePolicy(value).ok === "boolean"));
  const paths = ["place", "areas", "pool", "pool.tiers", "pool.tiers.1.0", "pool.deductibleYuan.working", "account", "notes", "validTo"];
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
      const parsed = parsePolicy(changed(path, value));
      expect(parsed.ok || parsed.problems.every(({ at, rule }) => at !== "" && rule !== "")).toBe(true);
    }),
  );
});

test.each<[string, string, string, boolean]>([
  ["2022-01-01", "530102", "310", true],
  ["2021-12-31", "530102", "310", false],
  ["2022-06-30", "530102", "310", true],
  ["2022-07-01", "530102", "310", false],
  ["2022-01-01", "530202", "310", false],
  ["2022-01-01", "530102", "390", false],
])("a policy of the first half of 2022 on %s in %s for %s: %s", (day, area, insuranceType, holds) => {
  expect(policyHolds({ ...policy(), validTo: "2022-06-30" }, { day, area, insuranceType })).toBe(holds);
  expect(policyHolds({ ...policy(), areas: [], validTo: "2022-06-30" }, { day, area: "999999", insuranceType })).toBe(holds || area === "530202");
});
