/*
 * Goal: the insurer's own division of a pharmacy basket, to the fen, in the published order of computation.
 * Method: integer fen, ratios in 1/10000, counts in 1/10000, prices in 1/1000000 yuan; half up where a product leaves the fen. Spec: FSI, fee split.
 */
import { atLeastZero, divideHalfUp, smaller, sumOf } from "./decimals.ts";

/** 甲 / 乙 / 丙类: in the list, partly self-paid, outside the list. */
export type CatalogueClass = "A" | "B" | "C";

export interface FeeLine {
  readonly countE4: bigint;
  readonly priceE6: bigint;
  readonly class: CatalogueClass;
  /** First self-pay in 1/10000; counts for class B. */
  readonly selfPayE4: bigint;
  readonly priceLimitE6?: bigint;
}

export interface SplitPolicy {
  readonly deductibleFen: bigint;
  readonly deductibleBasis: "visit" | "year";
  readonly ratioE4: bigint;
  readonly annualCapFen: bigint;
  readonly accountMayPay: { readonly classC: boolean; readonly firstSelfPay: boolean; readonly overLimit: boolean };
}

/** Kunming parameters of a primary institution. */
export const KUNMING_POLICY: SplitPolicy = {
  deductibleFen: 2_000n,
  deductibleBasis: "visit",
  ratioE4: 6_000n,
  annualCapFen: 600_000n,
  accountMayPay: { classC: false, firstSelfPay: true, overLimit: true },
};

export interface SplitInput {
  readonly lines: readonly FeeLine[];
  readonly policy: SplitPolicy;
  /** Deductible already borne in the period of its basis. */
  readonly deductibleUsedFen: bigint;
  readonly poolUsedFen: bigint;
  /** 0 where the holder does not use the account. */
  readonly accountFen: bigint;
  readonly mutualAidFen: bigint;
}

export interface LineSplit {
  readonly amountFen: bigint;
  readonly ownFen: bigint;
  readonly overLimitFen: bigint;
  readonly firstSelfPayFen: bigint;
  readonly scopeFen: bigint;
}

export interface Split {
  readonly lines: readonly LineSplit[];
  readonly totalFen: bigint;
  readonly ownFen: bigint;
  readonly overLimitFen: bigint;
  readonly firstSelfPayFen: bigint;
  readonly scopeFen: bigint;
  readonly deductibleFen: bigint;
  readonly poolFen: bigint;
  /** Sum of funds, without the personal account. */
  readonly fundFen: bigint;
  readonly personFen: bigint;
  readonly accountFen: bigint;
  readonly mutualAidFen: bigint;
  readonly cashFen: bigint;
}

const FEN_OF_E10 = 100_000_000n;

/** cnt × pric in fen, half up. */
export function lineAmountFen(countE4: bigint, priceE6: bigint): bigint {
  return divideHalfUp(countE4 * priceE6, FEN_OF_E10);
}

function splitLine(line: FeeLine): LineSplit {
  const amountFen = lineAmountFen(line.countE4, line.priceE6);
  if (line.class === "C") return { amountFen, ownFen: amountFen, overLimitFen: 0n, firstSelfPayFen: 0n, scopeFen: 0n };
  const limitFen = line.priceLimitE6 === undefined ? amountFen : lineAmountFen(line.countE4, line.priceLimitE6);
  const overLimitFen = atLeastZero(amountFen - limitFen);
  const firstSelfPayFen = line.class === "B" ? divideHalfUp((amountFen - overLimitFen) * line.selfPayE4, 10_000n) : 0n;
  return { amountFen, ownFen: 0n, overLimitFen, firstSelfPayFen, scopeFen: amountFen - overLimitFen - firstSelfPayFen };
}

export function splitFees(input: SplitInput): Split {
  const { policy } = input;
  const lines = input.lines.map(splitLine);
  const totalFen = sumOf(lines, (line) => line.amountFen);
  const ownFen = sumOf(lines, (line) => line.ownFen);
  const overLimitFen = sumOf(lines, (line) => line.overLimitFen);
  const firstSelfPayFen = sumOf(lines, (line) => line.firstSelfPayFen);
  const scopeFen = totalFen - ownFen - overLimitFen - firstSelfPayFen;
  const deductibleFen = smaller(atLeastZero(policy.deductibleFen - input.deductibleUsedFen), scopeFen);
  const uncappedFen = divideHalfUp((scopeFen - deductibleFen) * policy.ratioE4, 10_000n);
  const poolFen = smaller(uncappedFen, atLeastZero(policy.annualCapFen - input.poolUsedFen));
  const personFen = totalFen - poolFen;
  const barredFen =
    (policy.accountMayPay.classC ? 0n : ownFen) +
    (policy.accountMayPay.firstSelfPay ? 0n : firstSelfPayFen) +
    (policy.accountMayPay.overLimit ? 0n : overLimitFen);
  const payableFen = personFen - barredFen;
  const accountFen = smaller(input.accountFen, payableFen);
  const mutualAidFen = smaller(input.mutualAidFen, payableFen - accountFen);
  return {
    lines,
    totalFen,
    ownFen,
    overLimitFen,
    firstSelfPayFen,
    scopeFen,
    deductibleFen,
    poolFen,
    fundFen: poolFen,
    personFen,
    accountFen,
    mutualAidFen,
    cashFen: personFen - accountFen - mutualAidFen,
  };
}
