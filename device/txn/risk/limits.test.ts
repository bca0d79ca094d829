import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { impossibleAmount, limitReached } from "./limits.ts";

const LIMITS = { amountPerSaleFen: fen(1000), unreceiptedCount: 5, unreceiptedSumFen: fen(3000), unverifiedAmountFen: fen(0) };

describe("offline limits count this sale too", () => {
  test.each([
    [0, 0, 0, "amount-zero"],
    [0, 0, 1, undefined],
    [0, 0, 999, undefined],
    [0, 0, 1000, undefined],
    [0, 0, 1001, "amount-limit"],
    [0, 0, 0x1_0000_0000, "amount-limit"],
    [3, 0, 1, undefined],
    [4, 0, 1, undefined],
    [5, 0, 1, "unreceipted-count-limit"],
    [1, 2499, 500, undefined],
    [1, 2500, 500, undefined],
    [1, 2501, 500, "unreceipted-sum-limit"],
  ])("%i sales of %i fen are out, this one of %i: %s", (count, sumFen, amount, expected) => {
    expect(limitReached(LIMITS, { count, sumFen }, { amount: fen(amount) })).toBe(expected);
  });
});

describe("amounts that no card could be asked for", () => {
  test.each([
    [0, "amount-zero"],
    [1, undefined],
    [0xffff_ffff, undefined],
    [0x1_0000_0000, "amount-limit"],
  ])("%i: %s", (amount, expected) => {
    expect(impossibleAmount(fen(amount))).toBe(expected);
  });
});
