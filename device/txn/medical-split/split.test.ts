import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { halfUp, less, parseScaled } from "./decimals.ts";
import { parsePolicy } from "./policy.ts";
import { splitFee } from "./split.ts";
import { brokenSums, differencesOf } from "./sum-rules.ts";
import type { PoolRules, RegionPolicy, SplitFigures, SplitHolder, SplitInput, SplitLine } from "./types.ts";

function shipped(name: string): RegionPolicy {
  const parsed = parsePolicy(JSON.parse(readFileSync(join(import.meta.dirname, "policies", `${name}.json`), "utf8")));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.policy;
}

const KUNMING = shipped("kunming");

const HOLDER: SplitHolder = {
  person: "working",
  deductibleUsed: fen(0),
  poolUsed: fen(0),
  tierUsed: fen(0),
  entitledTo: [],
  accountBalance: fen(10_000),
  mutualAidBalance: fen(0),
};

function line(grade: SplitLine["class"], quantity: string, unitPrice: string, more: Partial<SplitLine> = {}): SplitLine {
  return { class: grade, quantity, unitPrice, selfPayE4: 0, ...more };
}

const VECTOR_A: SplitInput = {
  lines: [line("A", "2", "28.50"), line("B", "1", "68.00", { selfPayE4: 1000 }), line("C", "1", "39.90")],
  policy: KUNMING,
  level: 1,
  route: "local",
  holder: HOLDER,
  usesAccount: true,
};

function split(input: SplitInput): SplitFigures {
  const result = splitFee(input);
  if (!result.ok) throw new Error(result.reason);
  return result.figures;
}

/** Vector A with other rules of the pool. */
function withPool(changes: Partial<PoolRules>): RegionPolicy {
  if (KUNMING.pool === undefined) throw new Error("Kunming has a pool");
  return { ...KUNMING, pool: { ...KUNMING.pool, ...changes } };
}

test("the worked example of the published order has exactly its figures", () => {
  const { lines, others, ...figures } = split(VECTOR_A);
  expect(figures).toEqual({
    total: 16_490,
    ownPay: 3990,
    overLimit: 0,
    firstSelfPay: 680,
    scope: 11_820,
    deductible: 2000,
    pooledBeforeCap: 5892,
    pooled: 5892,
    poolSelfPayE4: 4000,
    funds: 5892,
    personal: 10_598,
    account: 6608,
    mutualAid: 0,
    cash: 3990,
    balanceAfter: 3392,
    institution: 0,
    pooledKnown: true,
  });
  expect(lines).toEqual([
    { amount: 5700, ownPay: 0, overLimit: 0, firstSelfPay: 0, scope: 5700 },
    { amount: 6800, ownPay: 0, overLimit: 0, firstSelfPay: 680, scope: 6120 },
    { amount: 3990, ownPay: 3990, overLimit: 0, firstSelfPay: 0, scope: 0 },
  ]);
  expect(new Set(Object.values(others))).toEqual(new Set([0]));
  expect(Object.keys(others)).toHaveLength(7);
});

describe("a line", () => {
  test.each<[string, SplitLine, readonly [number, number, number, number, number]]>([
    ["a half fen goes up", line("A", "0.5", "0.01"), [1, 0, 0, 0, 1]],
    ["less than a half goes down", line("A", "0.4999", "0.01"), [0, 0, 0, 0, 0]],
    ["the last places count", line("A", "0.0001", "99.999999"), [1, 0, 0, 0, 1]],
    ["a fraction of a fen in the price", line("A", "3", "0.015"), [5, 0, 0, 0, 5]],
    ["zeros beyond the places", line("A", "1.00000", "1.0000000"), [100, 0, 0, 0, 100]],
    ["nothing sold", line("A", "0", "5"), [0, 0, 0, 0, 0]],
    ["class A has no first self-pay", line("A", "1", "10", { selfPayE4: 5000 }), [1000, 0, 0, 0, 1000]],
    ["class B, a half fen", line("B", "1", "2.90", { selfPayE4: 500 }), [290, 0, 0, 15, 275]],
    ["class B, all of it", line("B", "1", "2.90", { selfPayE4: 10_000 }), [290, 0, 0, 290, 0]],
    ["class C has neither limit nor scope", line("C", "1", "10", { selfPayE4: 5000, priceLimit: "1" }), [1000, 1000, 0, 0, 0]],
    ["above the limit", line("A", "2", "10.00", { priceLimit: "8.505" }), [2000, 0, 299, 0, 1701]],
    ["at the limit", line("A", "2", "10.00", { priceLimit: "10.00" }), [2000, 0, 0, 0, 2000]],
    ["below the limit", line("A", "2", "10.00", { priceLimit: "10.01" }), [2000, 0, 0, 0, 2000]],
    ["a limit of nothing", line("B", "2", "10.00", { priceLimit: "0", selfPayE4: 5000 }), [2000, 0, 2000, 0, 0]],
    ["first self-pay of what is left below the limit", line("B", "1", "10.00", { priceLimit: "8.00", selfPayE4: 1000 }), [1000, 0, 200, 80, 720]],
  ])("%s", (_, sold, [amount, ownPay, overLimit, firstSelfPay, scope]) => {
    expect(split({ ...VECTOR_A, lines: [sold] }).lines).toEqual([{ amount, ownPay, overLimit, firstSelfPay, scope }]);
  });

  test.each<[string, readonly SplitLine[], object]>([
    ["no lines", [], { reason: "no-lines" }],
    ["a quantity with five places", [line("A", "1.00001", "1")], { reason: "quantity-malformed", line: 0 }],
    ["a negative quantity", [line("A", "1", "1"), line("A", "-1", "1")], { reason: "quantity-malformed", line: 1 }],
    ["a price with seven places", [line("A", "1", "1.0000001")], { reason: "price-malformed", line: 0 }],
    ["an exponent", [line("A", "1", "1e2")], { reason: "price-malformed", line: 0 }],
    ["no price", [line("A", "1", "")], { reason: "price-malformed", line: 0 }],
    ["a limit that is none", [line("A", "1", "1", { priceLimit: "." })], { reason: "limit-malformed", line: 0 }],
    ["a ratio above one", [line("B", "1", "1", { selfPayE4: 10_001 })], { reason: "self-pay-malformed", line: 0 }],
    ["a ratio below zero", [line("B", "1", "1", { selfPayE4: -1 })], { reason: "self-pay-malformed", line: 0 }],
    ["a ratio between two steps", [line("B", "1", "1", { selfPayE4: 0.5 })], { reason: "self-pay-malformed", line: 0 }],
    ["more than money can be", [line("A", "9999999999999999", "99")], { reason: "amount-too-large" }],
  ])("refused: %s", (_, lines, refusal) => expect(splitFee({ ...VECTOR_A, lines })).toEqual({ ok: false, ...refusal }));

  test("the largest sum that is money", () => {
    expect(split({ ...VECTOR_A, lines: [line("C", "1", "90071992547409.91")] }).total).toBe(Number.MAX_SAFE_INTEGER);
    expect(splitFee({ ...VECTOR_A, lines: [line("C", "1", "90071992547409.92")] })).toEqual({ ok: false, reason: "amount-too-large" });
  });
});

describe("deductible, ratio and cap", () => {
  const SCOPE_100 = [line("A", "1", "100.00")];
  test.each<[string, Partial<SplitInput>, Partial<SplitHolder>, readonly [number, number, number]]>([
    ["by the visit, whatever was borne before", {}, { deductibleUsed: fen(2000) }, [2000, 4800, 4800]],
    ["secondary level", { level: 2 }, {}, [4000, 3300, 3300]],
    ["tertiary level", { level: 3 }, {}, [6000, 2000, 2000]],
    ["retired", {}, { person: "retired" }, [2000, 5600, 5600]],
    ["by the year, nothing borne", { policy: withPool({ deductibleBasis: "year" }) }, {}, [2000, 4800, 4800]],
    ["by the year, a part borne", { policy: withPool({ deductibleBasis: "year" }) }, { deductibleUsed: fen(1999) }, [1, 5999, 5999]],
    ["by the year, borne", { policy: withPool({ deductibleBasis: "year" }) }, { deductibleUsed: fen(2000) }, [0, 6000, 6000]],
    ["by the year, more than borne", { policy: withPool({ deductibleBasis: "year" }) }, { deductibleUsed: fen(2001) }, [0, 6000, 6000]],
    ["at most the scope", { lines: [line("A", "1", "19.99")] }, {}, [1999, 0, 0]],
    ["one fen above the deductible", { lines: [line("A", "1", "20.01")] }, {}, [2000, 1, 1]],
    ["the cap takes the rest", {}, { poolUsed: fen(595_300) }, [2000, 4800, 4700]],
    ["the cap at its edge", {}, { poolUsed: fen(595_200) }, [2000, 4800, 4800]],
    ["the cap is used up", {}, { poolUsed: fen(600_000) }, [2000, 4800, 0]],
    ["the cap is more than used up", {}, { poolUsed: fen(600_001) }, [2000, 4800, 0]],
    ["no cap is known", { policy: { ...shipped("shangluo") } }, { poolUsed: fen(9_999_999) }, [3000, 4900, 4900]],
    ["referred here", { route: "referral" }, {}, [2000, 4320, 4320]],
    ["not filed", { route: "unfiled" }, {}, [2000, 3360, 3360]],
  ])("%s", (_, changes, holder, [deductible, beforeCap, pooled]) => {
    const figures = split({ ...VECTOR_A, lines: SCOPE_100, ...changes, holder: { ...HOLDER, ...holder } });
    expect([figures.deductible, figures.pooledBeforeCap, figures.pooled]).toEqual([deductible, beforeCap, pooled]);
    expect(figures.pooledKnown).toBe(true);
  });

  test.each<[string, Partial<SplitInput>]>([
    ["no policy", { policy: undefined as never }],
    ["a policy without a pool", { policy: shipped("account-only") }],
    ["a route that the region's table does not name", { route: "filed" }],
  ])("without a table no pooled amount: %s", (_, changes) => {
    const { policy: _policy, ...rest } = VECTOR_A;
    const figures = split(changes.policy === undefined && "policy" in changes ? rest : { ...VECTOR_A, ...changes });
    expect(figures).toMatchObject({ pooledKnown: false, deductible: 0, pooled: 0, funds: 0, personal: 16_490, account: 10_000, cash: 6490, poolSelfPayE4: 0 });
  });

  test("the share that the holder bears, to four places", () => {
    expect(split({ ...VECTOR_A, lines: [line("A", "1", "20.00")] }).poolSelfPayE4).toBe(0);
    expect(split({ ...VECTOR_A, lines: [line("A", "1", "20.03")] }).poolSelfPayE4).toBe(3333);
    expect(split({ ...VECTOR_A, level: 3, lines: SCOPE_100, holder: { ...HOLDER, poolUsed: fen(600_000) } }).poolSelfPayE4).toBe(5000);
  });
});

describe("tiers", () => {
  const TIERS = [{ upTo: fen(1001), ratioE4: 3333 }, { upTo: fen(3000), ratioE4: 5555 }, { ratioE4: 7777 }];
  const table = { 1: TIERS, 2: TIERS, 3: TIERS };
  const none = { 1: fen(0), 2: fen(0), 3: fen(0) };
  const rules = { tiers: table, deductible: { working: none, retired: none }, retiredAdditionE4: 0 };

  test.each<[string, Partial<PoolRules>, string, number, number]>([
    // 1001 x 0.3333 = 333.6333; 1999 x 0.5555 = 1110.4445; 2000 x 0.7777 = 1555.4
    ["all of them, rounded once", { rounding: "once" }, "50.00", 0, 2999],
    ["all of them, each rounded", { rounding: "per-tier" }, "50.00", 0, 334 + 1110 + 1555],
    ["ratios of three decimals", { rounding: "ratio-3" }, "50.00", 0, 3001],
    ["the first alone", {}, "10.01", 0, 334],
    ["one fen of the second", {}, "10.02", 0, 334],
    ["the first two", {}, "30.00", 0, 1444],
    ["by the visit, whatever the year has seen", { tierBasis: "visit" }, "10.01", 5000, 334],
    ["by the year, at the second", { tierBasis: "year" }, "10.00", 1001, 556],
    ["by the year, across an edge", { tierBasis: "year" }, "10.00", 2500, 278 + 389],
    ["by the year, in the last", { tierBasis: "year" }, "10.00", 3000, 778],
  ])("%s", (_, changes, unitPrice, tierUsed, pooled) => {
    const policy = withPool({ ...rules, ...changes });
    expect(split({ ...VECTOR_A, policy, lines: [line("A", "1", unitPrice)], holder: { ...HOLDER, tierUsed: fen(tierUsed) } }).pooled).toBe(pooled);
  });

  test("rounded once differs from rounded by tiers", () => {
    const edge = { ...rules, tiers: { ...table, 1: [{ upTo: fen(1), ratioE4: 5000 }, { upTo: fen(2), ratioE4: 5000 }, { ratioE4: 5000 }] } };
    const pooled = (rounding: PoolRules["rounding"]) => split({ ...VECTOR_A, policy: withPool({ ...edge, rounding }), lines: [line("A", "1", "0.03")] }).pooled;
    expect([pooled("once"), pooled("per-tier"), pooled("ratio-3")]).toEqual([2, 3, 2]);
  });
});

describe("funds beside the pooled one", () => {
  const base = { fund: "cvlserv_pay", of: "left-by-pool", ratioE4: 5000 } as const;
  // Left by the pool of vector A: 11820 - 2000 - 5892 = 3928; the deductible is 2000.
  test.each<[string, RegionPolicy["otherFunds"], SplitHolder["entitledTo"], Partial<Record<string, number>>, number]>([
    ["not entitled", [base], [], {}, 5892],
    ["half of what the pool left", [base], ["cvlserv_pay"], { cvlserv_pay: 1964 }, 7856],
    ["with a cap", [{ ...base, cap: fen(100) }], ["cvlserv_pay"], { cvlserv_pay: 100 }, 5992],
    ["of the deductible", [{ ...base, of: "deductible" }], ["cvlserv_pay"], { cvlserv_pay: 1000 }, 6892],
    ["the next sees what is left", [base, { ...base, fund: "maf_pay" }], ["maf_pay", "cvlserv_pay"], { cvlserv_pay: 1964, maf_pay: 982 }, 8838],
    ["one fund by two rules", [base, { ...base, of: "deductible" }], ["cvlserv_pay"], { cvlserv_pay: 2964 }, 8856],
    [
      "nothing is paid twice",
      [
        { ...base, ratioE4: 10_000 },
        { ...base, fund: "oth_pay", ratioE4: 10_000 },
      ],
      ["cvlserv_pay", "oth_pay"],
      { cvlserv_pay: 3928 },
      9820,
    ],
  ])("%s", (_, otherFunds, entitledTo, others, funds) => {
    const figures = split({ ...VECTOR_A, policy: { ...KUNMING, otherFunds }, holder: { ...HOLDER, entitledTo } });
    expect(figures.others).toMatchObject(others);
    expect([figures.funds, figures.personal]).toEqual([funds, 16_490 - funds]);
  });
});

describe("account, family and cash", () => {
  const lines = [...VECTOR_A.lines, line("A", "1", "10.00", { priceLimit: "7.00" })];
  // Class C 3990, first self-pay 680, above the limit 300; personal burden 10598 + 1000 - 420 = 11178.
  const rich = { accountBalance: fen(99_999), mutualAidBalance: fen(99_999) };
  test.each<[string, Partial<RegionPolicy["account"]["mayPay"]>, Partial<SplitInput>, Partial<SplitHolder>, readonly [number, number, number]]>([
    ["not class C", {}, {}, rich, [7188, 0, 3990]],
    ["class C too", { classC: true }, {}, rich, [11_178, 0, 0]],
    ["not the first self-pay", { firstSelfPay: false }, {}, rich, [6508, 0, 4670]],
    ["not above the limit", { overLimit: false }, {}, rich, [6888, 0, 4290]],
    ["none of them", { overLimit: false, firstSelfPay: false }, {}, rich, [6208, 0, 4970]],
    ["an account with less", {}, {}, { accountBalance: fen(100) }, [100, 0, 11_078]],
    ["an account with nothing", {}, {}, { accountBalance: fen(0) }, [0, 0, 11_178]],
    ["the family pays the rest of what may be paid", {}, {}, { accountBalance: fen(7187), mutualAidBalance: fen(99) }, [7187, 1, 3990]],
    ["the family has less", {}, {}, { accountBalance: fen(7000), mutualAidBalance: fen(99) }, [7000, 99, 4079]],
    ["no account is used, nor the family's", {}, { usesAccount: false }, rich, [0, 0, 11_178]],
  ])("%s", (_, mayPay, changes, holder, [account, mutualAid, cash]) => {
    const policy = { ...KUNMING, account: { ...KUNMING.account, mayPay: { ...KUNMING.account.mayPay, ...mayPay } } };
    const figures = split({ ...VECTOR_A, lines, policy, ...changes, holder: { ...HOLDER, ...holder } });
    expect([figures.account, figures.mutualAid, figures.cash]).toEqual([account, mutualAid, cash]);
    expect(figures.balanceAfter).toBe((holder.accountBalance ?? 10_000) - account);
  });

  test("a region without mutual aid, or of which nobody knows", () => {
    const holder = { ...HOLDER, accountBalance: fen(0), mutualAidBalance: fen(500) };
    expect(split({ ...VECTOR_A, holder }).mutualAid).toBe(500);
    expect(split({ ...VECTOR_A, holder, policy: { ...KUNMING, account: { ...KUNMING.account, mutualAid: false } } }).mutualAid).toBe(0);
    const { policy: _policy, ...unknown } = VECTOR_A;
    expect(split({ ...unknown, holder }).mutualAid).toBe(0);
    expect(split({ ...unknown, holder: { ...HOLDER, accountBalance: fen(99_999) } })).toMatchObject({ account: 12_500, cash: 3990 });
  });
});

describe("sum rules", () => {
  test("an amount that is not known judges nothing", () => {
    expect(brokenSums(() => undefined)).toEqual([]);
    expect(brokenSums((name) => (name === "medfee_sumamt" || name === "psn_part_amt" ? fen(5) : undefined))).toEqual([]);
  });

  test("which figures of the host are others than the terminal's", () => {
    const terminal = { fund: fen(5), cash: fen(6) };
    expect(differencesOf(["fund", "cash"], { host: terminal, terminal })).toEqual([]);
    expect(differencesOf(["fund", "cash"], { host: { ...terminal, cash: fen(7) }, terminal })).toEqual([{ name: "cash", host: 7, terminal: 6 }]);
  });
});

describe("decimals", () => {
  test.each([
    ["1", 4, 10_000n],
    ["0.0001", 4, 1n],
    ["0.00010", 4, 1n],
    ["0.00001", 4, undefined],
    ["9999999999999999", 0, 9_999_999_999_999_999n],
    ["99999999999999999", 0, undefined],
    [" 1", 0, undefined],
    ["1.", 0, undefined],
    [".5", 4, undefined],
    ["+1", 0, undefined],
  ] as const)("%s with %i places", (text, places, expected) => expect(parseScaled(text, places)).toBe(expected));

  test("half up, and never less than nothing", () => {
    expect([halfUp(0n, 7n), halfUp(1n, 2n), halfUp(3n, 2n), halfUp(4n, 9n), halfUp(5n, 9n)]).toEqual([0n, 1n, 2n, 0n, 1n]);
    expect(() => halfUp(-1n, 2n)).toThrow();
    expect(() => halfUp(1n, 0n)).toThrow();
    expect([less(5n, 4n), less(4n, 4n), less(3n, 4n)]).toEqual([1n, 0n, 0n]);
  });
});
