/*
 * Goal: who pays which part of a basket, to the fen, in the published order of computation.
 * Method: integer fen, exact ratios in 1/10000, products in big integers; half up at a line's amount, at the first self-pay, and at the
 * pooled amount as the region rounds it. Nothing is rounded twice. Spec: FSI, fee split.
 */
import { type Fen, ZERO_FEN } from "../../base/fen.ts";
import { fitsFen, halfUp, less, lineAmount, parseScaled, type Round, smaller, toFen } from "./decimals.ts";
import {
  type LineFigures,
  OTHER_FUNDS,
  type OtherFund,
  type OtherFundRule,
  type PoolRounding,
  type RatioE4,
  type RegionPolicy,
  type SplitFigures,
  type SplitInput,
  type SplitLine,
  type SplitProblem,
  type SplitResult,
  type Tier,
} from "./types.ts";

const WHOLE_E4 = 10_000;
/** The product of two ratios in 1/10000. */
const EXACT_SCALE = 100_000_000n;
const QUANTITY_PLACES = 4;
const PRICE_PLACES = 6;

interface LineParts {
  readonly amount: bigint;
  readonly ownPay: bigint;
  readonly overLimit: bigint;
  readonly firstSelfPay: bigint;
  readonly scope: bigint;
}

function isRatio(ratioE4: number): boolean {
  return Number.isInteger(ratioE4) && ratioE4 >= 0 && ratioE4 <= WHOLE_E4;
}

function partsOf(line: SplitLine, round: Round): LineParts | SplitProblem {
  const quantity = parseScaled(line.quantity, QUANTITY_PLACES);
  const price = parseScaled(line.unitPrice, PRICE_PLACES);
  const limit = parseScaled(line.priceLimit ?? line.unitPrice, PRICE_PLACES);
  if (quantity === undefined) return "quantity-malformed";
  if (price === undefined) return "price-malformed";
  if (limit === undefined) return "limit-malformed";
  if (!isRatio(line.selfPayE4)) return "self-pay-malformed";
  const amount = lineAmount(quantity, price, round);
  // What is outside of the list has no price limit and no scope.
  if (line.class === "C") return { amount, ownPay: amount, overLimit: 0n, firstSelfPay: 0n, scope: 0n };
  const overLimit = less(amount, lineAmount(quantity, limit, round));
  const counted = amount - overLimit;
  const firstSelfPay = line.class === "B" ? round(counted * BigInt(line.selfPayE4), BigInt(WHOLE_E4)) : 0n;
  return { amount, ownPay: 0n, overLimit, firstSelfPay, scope: counted - firstSelfPay };
}

function total(amounts: Iterable<bigint>): bigint {
  let sum = 0n;
  for (const amount of amounts) sum += amount;
  return sum;
}

function sumOf(lines: readonly LineParts[], part: keyof LineParts): bigint {
  return total(lines.map((line) => line[part]));
}

/** Ratios of a table are whole numbers of 1/scale: exact in 1e-8, the product of two ratios, or of three decimals where the region rounds them. */
function scaleOf(rounding: PoolRounding): bigint {
  return rounding === "ratio-3" ? 1000n : EXACT_SCALE;
}

function scaledRatio(exact: bigint, rounding: PoolRounding, round: Round): bigint {
  return round(exact * scaleOf(rounding), EXACT_SCALE);
}

/** How much of what lies between `from` and `to` is in each tier. */
function tierParts(tiers: readonly Tier[], from: bigint, to: bigint): readonly bigint[] {
  let below = 0n;
  return tiers.map(({ upTo }) => {
    const above = upTo === undefined ? to : BigInt(upTo);
    const part = less(smaller(above, to), below > from ? below : from);
    below = above;
    return part;
  });
}

interface Share {
  readonly amount: bigint;
  readonly ratio: bigint;
}

function poolPayment(shares: readonly Share[], rounding: PoolRounding, round: Round): bigint {
  const scale = scaleOf(rounding);
  const exact = shares.map(({ amount, ratio }) => amount * ratio);
  // The sum of exact products is rounded once, unless the region rounds each of them.
  return rounding === "per-tier" ? exact.reduce((sum, product) => sum + round(product, scale), 0n) : round(total(exact), scale);
}

interface Pooled {
  readonly known: boolean;
  readonly deductible: bigint;
  readonly beforeCap: bigint;
  readonly amount: bigint;
}

const NO_POOL: Pooled = { known: false, deductible: 0n, beforeCap: 0n, amount: 0n };

function pooledOf(input: SplitInput, scope: bigint, round: Round): Pooled {
  const { policy, route, holder, level } = input;
  const pool = policy?.pool;
  const factorE4 = route === "local" ? WHOLE_E4 : pool?.crossRegion[route];
  if (pool === undefined || factorE4 === undefined) return NO_POOL;
  const due = BigInt(pool.deductible[holder.person][level]);
  const deductible = smaller(pool.deductibleBasis === "year" ? less(due, BigInt(holder.deductibleUsed)) : due, scope);
  const additionE4 = holder.person === "retired" ? pool.retiredAdditionE4 : 0;
  const from = pool.tierBasis === "year" ? BigInt(holder.tierUsed) : 0n;
  const amounts = tierParts(pool.tiers[level], from, from + scope - deductible);
  const shares = pool.tiers[level].map(({ ratioE4 }, at) => ({
    amount: amounts[at] ?? 0n,
    ratio: scaledRatio(BigInt(ratioE4 + additionE4) * BigInt(factorE4), pool.rounding, round),
  }));
  const beforeCap = poolPayment(shares, pool.rounding, round);
  const cap = pool.annualCap?.[holder.person];
  const amount = cap === undefined ? beforeCap : smaller(beforeCap, less(BigInt(cap), BigInt(holder.poolUsed)));
  return { known: true, deductible, beforeCap, amount };
}

/** What each fund pays beside the pooled one; each sees what those before it left, and none pays more than that. */
function othersOf({ policy, holder }: SplitInput, left: Record<OtherFundRule["of"], bigint>, round: Round): Map<OtherFund, bigint> {
  const rest = { ...left };
  const paid = new Map<OtherFund, bigint>();
  for (const rule of policy?.otherFunds ?? []) {
    if (!holder.entitledTo.includes(rule.fund)) continue;
    const payment = paymentOf(rule, rest[rule.of], round);
    rest[rule.of] -= payment;
    paid.set(rule.fund, (paid.get(rule.fund) ?? 0n) + payment);
  }
  return paid;
}

function paymentOf({ ratioE4, cap }: OtherFundRule, base: bigint, round: Round): bigint {
  const share = round(base * BigInt(ratioE4), BigInt(WHOLE_E4));
  return cap === undefined ? share : smaller(share, BigInt(cap));
}

/** Which part of the personal burden an account may pay. */
function allowedOf(policy: RegionPolicy | undefined, personal: bigint, parts: Omit<LineParts, "amount" | "scope">): bigint {
  const mayPay = policy?.account.mayPay ?? DEFAULT_MAY_PAY;
  const barred = (mayPay.classC ? 0n : parts.ownPay) + (mayPay.firstSelfPay ? 0n : parts.firstSelfPay) + (mayPay.overLimit ? 0n : parts.overLimit);
  return personal - barred;
}

/** Where no region has said it: not what is outside of the list. */
const DEFAULT_MAY_PAY = { classC: false, firstSelfPay: true, overLimit: true };

function poolSelfPayE4({ known, beforeCap, deductible }: Pooled, scope: bigint): RatioE4 {
  const base = scope - deductible;
  return !known || base === 0n ? 0 : WHOLE_E4 - Number(halfUp(beforeCap * BigInt(WHOLE_E4), base));
}

/** Divides a basket. Pure; never throws for what the world says. */
export function splitFee(input: SplitInput, round: Round = halfUp): SplitResult {
  if (input.lines.length === 0) return { ok: false, reason: "no-lines" };
  const lines: LineParts[] = [];
  for (const [line, from] of input.lines.entries()) {
    const parts = partsOf(from, round);
    if (typeof parts === "string") return { ok: false, reason: parts, line };
    lines.push(parts);
  }
  if (!fitsFen(sumOf(lines, "amount"))) return { ok: false, reason: "amount-too-large" };
  return { ok: true, figures: figuresOf(input, lines, round) };
}

function figuresOf(input: SplitInput, lines: readonly LineParts[], round: Round): SplitFigures {
  const { policy, holder, usesAccount } = input;
  const [fee, ownPay, overLimit] = [sumOf(lines, "amount"), sumOf(lines, "ownPay"), sumOf(lines, "overLimit")];
  const [firstSelfPay, scope] = [sumOf(lines, "firstSelfPay"), sumOf(lines, "scope")];
  const pooled = pooledOf(input, scope, round);
  const { deductible } = pooled;
  const others = othersOf(input, { deductible, "left-by-pool": scope - deductible - pooled.amount }, round);
  const funds = pooled.amount + total(others.values());
  const personal = fee - funds;
  const allowed = usesAccount ? allowedOf(policy, personal, { ownPay, overLimit, firstSelfPay }) : 0n;
  const account = smaller(BigInt(holder.accountBalance), allowed);
  const mutualAid = policy?.account.mutualAid === true ? smaller(BigInt(holder.mutualAidBalance), allowed - account) : 0n;
  return {
    lines: lines.map(lineFigures),
    total: toFen(fee),
    ownPay: toFen(ownPay),
    overLimit: toFen(overLimit),
    firstSelfPay: toFen(firstSelfPay),
    scope: toFen(scope),
    deductible: toFen(deductible),
    pooledBeforeCap: toFen(pooled.beforeCap),
    pooled: toFen(pooled.amount),
    poolSelfPayE4: poolSelfPayE4(pooled, scope),
    others: otherFigures(others),
    funds: toFen(funds),
    personal: toFen(personal),
    account: toFen(account),
    mutualAid: toFen(mutualAid),
    cash: toFen(personal - account - mutualAid),
    balanceAfter: toFen(BigInt(holder.accountBalance) - account),
    institution: ZERO_FEN,
    pooledKnown: pooled.known,
  };
}

function lineFigures({ amount, ownPay, overLimit, firstSelfPay, scope }: LineParts): LineFigures {
  return { amount: toFen(amount), ownPay: toFen(ownPay), overLimit: toFen(overLimit), firstSelfPay: toFen(firstSelfPay), scope: toFen(scope) };
}

function otherFigures(paid: ReadonlyMap<OtherFund, bigint>): Readonly<Record<OtherFund, Fen>> {
  const named = OTHER_FUNDS.map((fund) => [fund, toFen(paid.get(fund) ?? 0n)] as const);
  // Built from the list of all funds, so that none is missing.
  return Object.fromEntries(named) as Record<OtherFund, Fen>;
}
