import fc from "fast-check";
import { expect, test } from "vitest";
import { divideHalfUp, parseDecimal, yuanText } from "./decimals.ts";
import { type FeeLine, KUNMING_POLICY, lineAmountFen, type SplitInput, splitFees } from "./split.ts";

const A: FeeLine = { countE4: 20_000n, priceE6: 28_500_000n, class: "A", selfPayE4: 0n };
const B: FeeLine = { countE4: 10_000n, priceE6: 68_000_000n, class: "B", selfPayE4: 1_000n };
const C: FeeLine = { countE4: 10_000n, priceE6: 39_900_000n, class: "C", selfPayE4: 10_000n };
const PLAIN: SplitInput = { lines: [A, B, C], policy: KUNMING_POLICY, deductibleUsedFen: 0n, poolUsedFen: 0n, accountFen: 10_000n, mutualAidFen: 0n };

const VARIATIONS: readonly (readonly [name: string, input: Partial<SplitInput>, expected: object])[] = [
  [
    "worked example",
    {},
    {
      totalFen: 16_490n,
      ownFen: 3_990n,
      overLimitFen: 0n,
      firstSelfPayFen: 680n,
      scopeFen: 11_820n,
      deductibleFen: 2_000n,
      poolFen: 5_892n,
      fundFen: 5_892n,
      personFen: 10_598n,
      accountFen: 6_608n,
      mutualAidFen: 0n,
      cashFen: 3_990n,
    },
  ],
  ["deductible borne before", { deductibleUsedFen: 2_000n }, { deductibleFen: 0n, poolFen: 7_092n, personFen: 9_398n }],
  ["deductible partly borne", { deductibleUsedFen: 1_500n }, { deductibleFen: 500n, poolFen: 6_792n }],
  ["cap nearly used", { poolUsedFen: 599_900n }, { poolFen: 100n, personFen: 16_390n }],
  ["cap overdrawn", { poolUsedFen: 700_000n }, { poolFen: 0n }],
  ["account too small, relatives help", { accountFen: 1_000n, mutualAidFen: 2_000n }, { accountFen: 1_000n, mutualAidFen: 2_000n, cashFen: 7_598n }],
  ["account not used", { accountFen: 0n }, { accountFen: 0n, cashFen: 10_598n }],
  [
    "account may pay class C",
    { policy: { ...KUNMING_POLICY, accountMayPay: { classC: true, firstSelfPay: true, overLimit: true } }, accountFen: 20_000n },
    { accountFen: 10_598n, cashFen: 0n },
  ],
  [
    "account may not pay first self-pay",
    { policy: { ...KUNMING_POLICY, accountMayPay: { classC: false, firstSelfPay: false, overLimit: true } } },
    { accountFen: 5_928n, cashFen: 4_670n },
  ],
  [
    "price limit",
    { lines: [{ ...A, priceLimitE6: 25_000_000n }] },
    { totalFen: 5_700n, overLimitFen: 700n, scopeFen: 5_000n, deductibleFen: 2_000n, poolFen: 1_800n, accountFen: 3_900n, cashFen: 0n },
  ],
  [
    "over limit is the holder's cash",
    { lines: [{ ...A, priceLimitE6: 25_000_000n }], policy: { ...KUNMING_POLICY, accountMayPay: { classC: false, firstSelfPay: true, overLimit: false } } },
    { accountFen: 3_200n, cashFen: 700n },
  ],
  ["a limit above the price limits nothing", { lines: [{ ...A, priceLimitE6: 99_000_000n }] }, { overLimitFen: 0n, scopeFen: 5_700n }],
  ["all within the deductible", { lines: [{ ...A, countE4: 1_000n }] }, { totalFen: 285n, deductibleFen: 285n, poolFen: 0n, accountFen: 285n, cashFen: 0n }],
  ["nothing at all", { lines: [] }, { totalFen: 0n, deductibleFen: 0n, poolFen: 0n, personFen: 0n, cashFen: 0n }],
];

test.each(VARIATIONS)("fee split: %s", (_name, input, expected) => {
  expect(splitFees({ ...PLAIN, ...input })).toMatchObject(expected);
});

const LINES: readonly (readonly [count: string, price: string, fen: bigint])[] = [
  ["1", "2.90", 290n],
  ["0.05", "2.90", 15n],
  ["1", "0.004999", 0n],
  ["1", "0.005", 1n],
  ["3", "0.333333", 100n],
  ["12.5", "1.999999", 2_500n],
  ["0.0001", "9999.99", 100n],
];

test.each(LINES)("%s times %s yuan is rounded half up to the fen", (count, price, expected) => {
  expect(lineAmountFen(parseDecimal(count, 4) ?? -1n, parseDecimal(price, 6) ?? -1n)).toBe(expected);
});

const DECIMALS: readonly (readonly [value: unknown, scale: number, expected: bigint | undefined])[] = [
  ["164.90", 2, 16_490n],
  ["164.9", 2, 16_490n],
  [164.9, 2, 16_490n],
  ["0", 2, 0n],
  ["-1.50", 2, -150n],
  ["1.2300", 2, 123n],
  ["1.234", 2, undefined],
  ["1,234", 2, undefined],
  ["", 2, undefined],
  ["1e3", 2, undefined],
  [undefined, 2, undefined],
  [Number.NaN, 2, undefined],
  [1e21, 2, undefined],
  ["12", 0, 12n],
  ["12.5", 0, undefined],
];

test.each(DECIMALS)("decimal %s with %i digits", (value, scale, expected) => {
  expect(parseDecimal(value, scale)).toBe(expected);
});

test("fen and yuan are one another's inverse, negative amounts included", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), (amount) => parseDecimal(yuanText(amount), 2) === amount));
});

test("half up never differs from the exact quotient by more than a half", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.bigInt({ min: 1n, max: 10n ** 9n }), (dividend, divisor) => {
      const distance = 2n * (divideHalfUp(dividend, divisor) * divisor - dividend);
      return distance <= divisor && distance > -divisor;
    }),
  );
});

const line = fc.record({
  countE4: fc.bigInt({ min: 1n, max: 1_000_000n }),
  priceE6: fc.bigInt({ min: 0n, max: 5_000_000_000n }),
  class: fc.constantFrom("A" as const, "B" as const, "C" as const),
  selfPayE4: fc.bigInt({ min: 0n, max: 10_000n }),
  priceLimitE6: fc.bigInt({ min: 0n, max: 5_000_000_000n }),
});
const money = fc.bigInt({ min: 0n, max: 1_000_000n });

test("every split satisfies the identities that replies must satisfy, and nobody pays less than nothing", () => {
  const flags = fc.record({ classC: fc.boolean(), firstSelfPay: fc.boolean(), overLimit: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 8 }),
      flags,
      money,
      money,
      money,
      money,
      (lines, accountMayPay, deductibleUsedFen, poolUsedFen, accountFen, mutualAidFen) => {
        const split = splitFees({ lines, policy: { ...KUNMING_POLICY, accountMayPay }, deductibleUsedFen, poolUsedFen, accountFen, mutualAidFen });
        expect(split.totalFen).toBe(split.ownFen + split.overLimitFen + split.firstSelfPayFen + split.scopeFen);
        expect(split.personFen).toBe(split.totalFen - split.fundFen);
        expect(split.personFen).toBe(split.accountFen + split.mutualAidFen + split.cashFen);
        expect(split.poolFen <= split.scopeFen - split.deductibleFen).toBe(true);
        expect(split.accountFen <= accountFen && split.mutualAidFen <= mutualAidFen).toBe(true);
        for (const amount of Object.values(split)) if (typeof amount === "bigint") expect(amount >= 0n).toBe(true);
      },
    ),
  );
});
