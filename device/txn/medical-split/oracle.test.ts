/*
 * Goal: no fen differs from exact arithmetic, and every division keeps the sums that a settlement must keep.
 * Method: baskets from a seed, judged by the oracle of testing.ts; YIKATONG_SIZE=full takes a million of them. Wrong roundings are planted to
 * show that the judge would see them.
 */
import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { halfUp, type Round } from "./decimals.ts";
import { splitFee } from "./split.ts";
import { brokenSums, type SumAmount } from "./sum-rules.ts";
import { Draws, drawnBasket, oracle } from "./testing.ts";
import type { SplitFigures, SplitInput } from "./types.ts";

const FULL = process.env["YIKATONG_SIZE"] === "full";
const BASKETS = FULL ? 1_000_000 : 20_000;
const PLANTED_BASKETS = 2000;
const SEED = 20_260_105;
const LONG_MS = FULL ? 3_600_000 : 120_000;

function figuresOf(input: SplitInput, round?: Round): SplitFigures {
  const result = splitFee(input, round);
  if (!result.ok) throw new Error(`a drawn basket is refused: ${result.reason}`);
  return result.figures;
}

function comparable({ lines: _lines, poolSelfPayE4: _ratio, pooledKnown: _known, ...amounts }: SplitFigures): ReturnType<typeof oracle> {
  return amounts;
}

/** Amounts as a host would send them, in each of the forms that regions use. */
function hostForms(figures: SplitFigures): readonly ((name: SumAmount) => ReturnType<typeof fen>)[] {
  const { account, mutualAid, funds } = figures;
  const plain: Record<SumAmount, number> = {
    medfee_sumamt: figures.total,
    fulamt_ownpay_amt: figures.ownPay,
    overlmt_selfpay: figures.overLimit,
    preselfpay_amt: figures.firstSelfPay,
    inscp_scp_amt: figures.scope,
    act_pay_dedc: figures.deductible,
    hifp_pay: figures.pooled,
    fund_pay_sumamt: funds,
    psn_part_amt: figures.personal,
    acct_pay: account,
    acct_mulaid_pay: mutualAid,
    psn_cash_pay: figures.cash,
    hosp_part_amt: figures.institution,
  };
  const aidInside = { ...plain, acct_pay: account + mutualAid };
  const forms = [plain, aidInside, { ...plain, fund_pay_sumamt: funds + account }, { ...aidInside, fund_pay_sumamt: funds + account + mutualAid }];
  return forms.map((form) => (name) => fen(form[name]));
}

/** What is wrong with one basket; empty when nothing is. */
function wrongs(input: SplitInput, round?: Round): readonly string[] {
  const figures = figuresOf(input, round);
  const problems = hostForms(figures).flatMap((form) => brokenSums(form));
  const { lines } = figures;
  for (const [part, whole] of [
    ["amount", figures.total],
    ["ownPay", figures.ownPay],
    ["overLimit", figures.overLimit],
    ["firstSelfPay", figures.firstSelfPay],
    ["scope", figures.scope],
  ] as const)
    if (lines.reduce((sum, line) => sum + line[part], 0) !== whole) return [...problems, `lines-${part}`];
  const { account, balanceAfter, pooled, pooledBeforeCap } = figures;
  if (account + balanceAfter !== input.holder.accountBalance) return [...problems, "balance"];
  if (pooled > pooledBeforeCap) return [...problems, "cap"];
  return JSON.stringify(comparable(figures)) === JSON.stringify(oracle(input)) ? problems : [...problems, "oracle"];
}

describe("baskets of all kinds", () => {
  test(
    `0 fen of drift over ${BASKETS} baskets of seed ${SEED}`,
    () => {
      const draws = new Draws(SEED);
      let settled = 0n;
      let judged = 0n;
      for (let basket = 0; basket < BASKETS; basket += 1) {
        const input = drawnBasket(draws);
        const found = wrongs(input);
        if (found.length > 0) expect({ basket, found, figures: figuresOf(input), oracle: oracle(input), input }).toBe("as the oracle has it");
        settled += BigInt(figuresOf(input).funds);
        judged += BigInt(oracle(input).funds);
      }
      expect(settled - judged).toBe(0n);
      // A judge of empty baskets would find nothing either.
      expect(settled).toBeGreaterThan(BigInt(BASKETS));
    },
    LONG_MS,
  );

  test("they meet every rule: each part of the bill is above zero in some of them, and each way of rounding is there", () => {
    const draws = new Draws(SEED);
    const seen = new Set<string>();
    for (let basket = 0; basket < PLANTED_BASKETS; basket += 1) {
      const input = drawnBasket(draws);
      const figures = figuresOf(input);
      for (const [name, value] of Object.entries(comparable(figures))) if (typeof value === "number" && value > 0) seen.add(name);
      if (figures.pooled < figures.pooledBeforeCap) seen.add("capped");
      if (figures.pooled > 0) seen.add(`pooled ${input.policy?.pool?.rounding ?? ""} ${input.route} ${input.holder.person}`);
      if (!figures.pooledKnown && figures.scope > 0) seen.add("no table");
    }
    const parts = "account balanceAfter capped cash deductible firstSelfPay funds mutualAid overLimit ownPay personal pooled pooledBeforeCap scope total";
    for (const part of [...parts.split(" "), "no table"]) expect(seen).toContain(part);
    for (const rounding of ["once", "per-tier", "ratio-3"])
      for (const route of ["local", "referral", "emergency", "unfiled"])
        for (const person of ["working", "retired"]) expect(seen).toContain(`pooled ${rounding} ${route} ${person}`);
  });
});

const halfDown: Round = (dividend, divisor) => (2n * dividend + divisor - 1n) / (2n * divisor);

/** Roundings that somebody has really written. */
const PLANTED: readonly (readonly [string, Round])[] = [
  ["downwards", (dividend, divisor) => dividend / divisor],
  ["upwards", (dividend, divisor) => (dividend + divisor - 1n) / divisor],
  ["a half downwards", halfDown],
  [
    "a half to the even neighbour",
    (dividend, divisor) => {
      const up = halfUp(dividend, divisor);
      return up % 2n === 0n ? up : halfDown(dividend, divisor);
    },
  ],
  ["toFixed(2) of yuan", (dividend, divisor) => BigInt((Number(dividend) / Number(divisor) / 100).toFixed(2).replace(".", ""))],
];

describe("a wrong rounding is noticed", () => {
  test.each(PLANTED)("%s", (_, round) => {
    const draws = new Draws(SEED);
    let noticed = 0;
    for (let basket = 0; basket < PLANTED_BASKETS; basket += 1) if (wrongs(drawnBasket(draws), round).length > 0) noticed += 1;
    expect(noticed).toBeGreaterThan(0);
  });

  test("and so is one fen in any amount of a reply", () => {
    const [form] = hostForms(figuresOf(drawnBasket(new Draws(SEED))));
    if (form === undefined) throw new Error("there is a plain form");
    expect(brokenSums(form)).toEqual([]);
    for (const wrong of [
      "medfee_sumamt",
      "fulamt_ownpay_amt",
      "overlmt_selfpay",
      "preselfpay_amt",
      "inscp_scp_amt",
      "fund_pay_sumamt",
      "psn_part_amt",
      "psn_cash_pay",
      "hosp_part_amt",
    ] as const) {
      expect([wrong, brokenSums((name) => fen(form(name) + (name === wrong ? 1 : 0)))]).not.toEqual([wrong, []]);
    }
  });
});
