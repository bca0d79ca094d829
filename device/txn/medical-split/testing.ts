/*
 * Goal: a second opinion on every basket, and baskets that meet every rule.
 * Method: the published order of computation again, over exact fractions of yuan and by another way: tiers as the difference of a function
 * of the whole amount. It shares no arithmetic with what it judges. Baskets come from a seed. Spec: FSI, fee split.
 */
import { fen } from "../../base/fen.ts";
import { OTHER_FUNDS, type OtherFund, type RegionPolicy, type SplitFigures, type SplitHolder, type SplitInput, type SplitLine, type Tier } from "./types.ts";

interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

const ZERO: Fraction = { n: 0n, d: 1n };
const ONE: Fraction = { n: 1n, d: 1n };

function add(a: Fraction, b: Fraction): Fraction {
  return { n: a.n * b.d + b.n * a.d, d: a.d * b.d };
}

function subtract(a: Fraction, b: Fraction): Fraction {
  return { n: a.n * b.d - b.n * a.d, d: a.d * b.d };
}

function multiply(a: Fraction, b: Fraction): Fraction {
  return { n: a.n * b.n, d: a.d * b.d };
}

function isLess(a: Fraction, b: Fraction): boolean {
  return a.n * b.d < b.n * a.d;
}

function least(a: Fraction, b: Fraction): Fraction {
  return isLess(a, b) ? a : b;
}

function positive(a: Fraction): Fraction {
  return a.n < 0n ? ZERO : a;
}

/** To a number of places: the next whole unit below, after half a unit was added. */
function rounded(a: Fraction, unitsPerOne: bigint): Fraction {
  const twice = { n: a.n * unitsPerOne * 2n + a.d, d: a.d * 2n };
  return { n: twice.n / twice.d, d: unitsPerOne };
}

function cents(a: Fraction): Fraction {
  return rounded(a, 100n);
}

function decimal(text: string): Fraction {
  const [whole = "0", fraction = ""] = text.split(".");
  return { n: BigInt(whole + fraction), d: 10n ** BigInt(fraction.length) };
}

function yuan(amountFen: number): Fraction {
  return { n: BigInt(amountFen), d: 100n };
}

function share(ratioE4: number): Fraction {
  return { n: BigInt(ratioE4), d: 10_000n };
}

function toFen(a: Fraction): number {
  const exact = a.n * 100n;
  if (exact % a.d !== 0n) throw new Error("a part of a fen");
  return Number(exact / a.d);
}

interface OracleLine {
  readonly amount: Fraction;
  readonly own: Fraction;
  readonly over: Fraction;
  readonly first: Fraction;
}

function oracleLine({ quantity, unitPrice, priceLimit, class: grade, selfPayE4 }: SplitLine): OracleLine {
  const amount = cents(multiply(decimal(quantity), decimal(unitPrice)));
  if (grade === "C") return { amount, own: amount, over: ZERO, first: ZERO };
  const allowed = priceLimit === undefined ? amount : cents(multiply(decimal(quantity), decimal(priceLimit)));
  const over = positive(subtract(amount, allowed));
  const first = grade === "B" ? cents(multiply(subtract(amount, over), share(selfPayE4))) : ZERO;
  return { amount, own: ZERO, over, first };
}

/** What all tiers together pay for everything up to `x`, without rounding. */
function paidUpTo(x: Fraction, tiers: readonly Tier[], ratioOf: (tier: Tier) => Fraction): Fraction {
  let sum = ZERO;
  let floor = ZERO;
  for (const tier of tiers) {
    const ceiling = tier.upTo === undefined ? x : least(yuan(tier.upTo), x);
    if (isLess(floor, ceiling)) sum = add(sum, multiply(subtract(ceiling, floor), ratioOf(tier)));
    if (tier.upTo !== undefined) floor = yuan(tier.upTo);
  }
  return sum;
}

function oraclePool(input: SplitInput, scope: Fraction): { readonly deductible: Fraction; readonly before: Fraction; readonly paid: Fraction } {
  const { policy, holder, level, route } = input;
  const pool = policy?.pool;
  const factor = route === "local" ? ONE : pool?.crossRegion[route] === undefined ? undefined : share(pool.crossRegion[route]);
  if (pool === undefined || factor === undefined) return { deductible: ZERO, before: ZERO, paid: ZERO };
  const full = yuan(pool.deductible[holder.person][level]);
  const deductible = least(pool.deductibleBasis === "visit" ? full : positive(subtract(full, yuan(holder.deductibleUsed))), scope);
  const ratioOf = ({ ratioE4 }: Tier): Fraction => {
    const ratio = multiply(share(ratioE4 + (holder.person === "retired" ? pool.retiredAdditionE4 : 0)), factor);
    return pool.rounding === "ratio-3" ? rounded(ratio, 1000n) : ratio;
  };
  const from = pool.tierBasis === "year" ? yuan(holder.tierUsed) : ZERO;
  const to = add(from, subtract(scope, deductible));
  const table = pool.tiers[level];
  // One tier alone: all others pay nothing.
  const alone = (wanted: Tier): Fraction => {
    const ratioAlone = (tier: Tier): Fraction => (tier === wanted ? ratioOf(tier) : ZERO);
    return subtract(paidUpTo(to, table, ratioAlone), paidUpTo(from, table, ratioAlone));
  };
  const before =
    pool.rounding === "per-tier"
      ? table.reduce((sum, tier) => add(sum, cents(alone(tier))), ZERO)
      : cents(subtract(paidUpTo(to, table, ratioOf), paidUpTo(from, table, ratioOf)));
  const cap = pool.annualCap?.[holder.person];
  return { deductible, before, paid: cap === undefined ? before : least(before, positive(subtract(yuan(cap), yuan(holder.poolUsed)))) };
}

function oracleOthers({ policy, holder }: SplitInput, bases: { deductible: Fraction; rest: Fraction }): Record<OtherFund, Fraction> {
  const left = { ...bases };
  const paid = Object.fromEntries(OTHER_FUNDS.map((fund) => [fund, ZERO])) as Record<OtherFund, Fraction>;
  for (const { fund, of, ratioE4, cap } of policy?.otherFunds ?? []) {
    if (!holder.entitledTo.some((one) => one === fund)) continue;
    const base = of === "deductible" ? left.deductible : left.rest;
    const part = cents(multiply(base, share(ratioE4)));
    const payment = cap === undefined ? part : least(part, yuan(cap));
    if (of === "deductible") left.deductible = subtract(left.deductible, payment);
    else left.rest = subtract(left.rest, payment);
    paid[fund] = add(paid[fund], payment);
  }
  return paid;
}

/** What the figures have to be. */
export function oracle(input: SplitInput): Omit<SplitFigures, "poolSelfPayE4" | "lines" | "pooledKnown"> {
  const { policy, holder, usesAccount } = input;
  const lines = input.lines.map(oracleLine);
  const sum = (part: keyof OracleLine): Fraction => lines.reduce((all, line) => add(all, line[part]), ZERO);
  const [total, own, over, first] = [sum("amount"), sum("own"), sum("over"), sum("first")];
  const scope = subtract(subtract(subtract(total, own), over), first);
  const { deductible, before, paid } = oraclePool(input, scope);
  const others = oracleOthers(input, { deductible, rest: subtract(subtract(scope, deductible), paid) });
  const funds = Object.values(others).reduce(add, paid);
  const personal = subtract(total, funds);
  const mayPay = policy?.account.mayPay ?? { classC: false, firstSelfPay: true, overLimit: true };
  let open = usesAccount ? personal : ZERO;
  if (usesAccount && !mayPay.classC) open = subtract(open, own);
  if (usesAccount && !mayPay.firstSelfPay) open = subtract(open, first);
  if (usesAccount && !mayPay.overLimit) open = subtract(open, over);
  const account = least(yuan(holder.accountBalance), open);
  const aid = policy?.account.mutualAid ? least(yuan(holder.mutualAidBalance), subtract(open, account)) : ZERO;
  const money = (amount: Fraction) => fen(toFen(amount));
  return {
    total: money(total),
    ownPay: money(own),
    overLimit: money(over),
    firstSelfPay: money(first),
    scope: money(scope),
    deductible: money(deductible),
    pooledBeforeCap: money(before),
    pooled: money(paid),
    others: Object.fromEntries(Object.entries(others).map(([fund, amount]) => [fund, money(amount)])) as SplitFigures["others"],
    funds: money(funds),
    personal: money(personal),
    account: money(account),
    mutualAid: money(aid),
    cash: money(subtract(subtract(personal, account), aid)),
    balanceAfter: money(subtract(yuan(holder.accountBalance), account)),
    institution: fen(0),
  };
}

/** Whole numbers from a seed. */
export class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to `below` - 1. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  one<Value>(values: readonly [Value, ...Value[]]): Value {
    return values[this.below(values.length)] ?? values[0];
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

function digits(draws: Draws, count: number): string {
  return Array.from({ length: count }, () => draws.below(10)).join("");
}

function drawnDecimal(draws: Draws, { whole, places }: { readonly whole: number; readonly places: number }): string {
  const fraction = digits(draws, places);
  return fraction === "" ? String(draws.below(whole)) : `${draws.below(whole)}.${fraction}`;
}

function drawnLine(draws: Draws): SplitLine {
  const quantity = draws.chance(80) ? String(1 + draws.below(20)) : drawnDecimal(draws, { whole: 50, places: draws.below(5) });
  const price = (): string => drawnDecimal(draws, { whole: draws.one([2, 100, 3000]), places: draws.one([2, 2, 2, 3, 4, 5, 6, 0]) });
  return {
    quantity,
    unitPrice: price(),
    class: draws.one(["A", "A", "B", "B", "B", "C"]),
    selfPayE4: draws.one([0, 500, 1000, 1500, 2000, 3000, 5000, 10_000, draws.below(10_001)]),
    ...(draws.chance(30) ? { priceLimit: price() } : {}),
  };
}

function drawnTiers(draws: Draws, additionE4: number): readonly Tier[] {
  const tiers: Tier[] = [];
  let upTo = 0;
  const ratioE4 = () => Math.min(10_000 - additionE4, draws.one([5000, 5500, 6000, 6500, 8000, 10_000, draws.below(10_001)]));
  for (let more = draws.below(4); more > 0; more -= 1) {
    upTo += 1 + draws.below(30_000);
    tiers.push({ upTo: fen(upTo), ratioE4: ratioE4() });
  }
  return [...tiers, { ratioE4: ratioE4() }];
}

function drawnPool(draws: Draws): NonNullable<RegionPolicy["pool"]> {
  const retiredAdditionE4 = draws.one([0, 500, 1000, draws.below(2000)]);
  const amount = (below: number) => fen(draws.below(below));
  const byLevel = () => ({ 1: amount(4000), 2: amount(6000), 3: amount(9000) });
  return {
    deductibleBasis: draws.one(["visit", "year"]),
    deductible: { working: byLevel(), retired: byLevel() },
    tierBasis: draws.one(["visit", "year"]),
    tiers: { 1: drawnTiers(draws, retiredAdditionE4), 2: drawnTiers(draws, retiredAdditionE4), 3: drawnTiers(draws, retiredAdditionE4) },
    retiredAdditionE4,
    ...(draws.chance(80) ? { annualCap: { working: amount(600_000), retired: amount(600_000) } } : {}),
    crossRegion: { referral: 9000, emergency: draws.below(10_001), unfiled: 7000 },
    rounding: draws.one(["once", "per-tier", "ratio-3"]),
  };
}

function drawnPolicy(draws: Draws): RegionPolicy {
  const pooled = draws.chance(90);
  const rule = () => ({
    fund: draws.one(OTHER_FUNDS),
    of: draws.one(["left-by-pool", "deductible"] as const),
    ratioE4: draws.below(10_001),
    ...(draws.chance(40) ? { cap: fen(draws.below(5000)) } : {}),
  });
  return {
    place: "drawn",
    areas: [],
    insuranceTypes: ["310"],
    validFrom: "2022-01-01",
    ...(pooled ? { pool: drawnPool(draws) } : {}),
    otherFunds: pooled ? Array.from({ length: draws.one([0, 0, 1, 2, 3]) }, rule) : [],
    account: { mayPay: { classC: draws.chance(30), firstSelfPay: draws.chance(70), overLimit: draws.chance(70) }, mutualAid: draws.chance(50) },
    notes: [],
  };
}

function drawnHolder(draws: Draws): SplitHolder {
  return {
    person: draws.one(["working", "retired"]),
    deductibleUsed: fen(draws.below(9000)),
    poolUsed: fen(draws.below(650_000)),
    tierUsed: fen(draws.below(90_000)),
    entitledTo: OTHER_FUNDS.filter(() => draws.chance(60)),
    accountBalance: fen(draws.one([0, draws.below(5000), draws.below(500_000)])),
    mutualAidBalance: fen(draws.one([0, draws.below(5000), draws.below(500_000)])),
  };
}

/** A basket with its holder and its region. */
export function drawnBasket(draws: Draws): SplitInput {
  return {
    lines: Array.from({ length: 1 + draws.below(7) }, () => drawnLine(draws)),
    ...(draws.chance(95) ? { policy: drawnPolicy(draws) } : {}),
    level: draws.one([1, 2, 3]),
    route: draws.one(["local", "local", "local", "referral", "emergency", "unfiled", "filed"]),
    holder: drawnHolder(draws),
    usesAccount: draws.chance(85),
  };
}
