import { describe, expect, test } from "vitest";
import { limitsConfig, riskPolicy } from "./limits.ts";

const LEAST = { amountPerSaleFen: 30_000, unreceiptedCountMax: 500, unreceiptedSumMaxFen: 900_000 };

describe("limits of the configuration", () => {
  test("what is left out limits nothing, and asks nothing of the clock", () => {
    expect(riskPolicy(limitsConfig.parse(LEAST))).toEqual({
      limits: {
        ...LEAST,
        unreceiptedAgeMaxMs: Number.POSITIVE_INFINITY,
        cardCountMax: Number.POSITIVE_INFINITY,
        cardSumMaxFen: Number.POSITIVE_INFINITY,
        cardAgeMaxMs: Number.POSITIVE_INFINITY,
      },
      lists: [],
      clock: "any",
    });
  });

  test("hours and minutes become milliseconds", () => {
    const config = limitsConfig.parse({
      ...LEAST,
      unreceiptedAgeMaxHours: 240,
      cardCountMax: 10,
      cardSumMaxFen: 5000,
      cardAgeMaxHours: 24,
      velocity: { salesMax: 3, windowMinutes: 10 },
      firstUseMaxFen: 500,
      lists: [{ level: "national", ageMaxHours: 48 }, { level: "city" }],
      leaseHours: 72,
      clock: "held",
    });
    expect(riskPolicy(config)).toEqual({
      limits: { ...LEAST, unreceiptedAgeMaxMs: 864_000_000, cardCountMax: 10, cardSumMaxFen: 5000, cardAgeMaxMs: 86_400_000 },
      velocity: { salesMax: 3, windowMs: 600_000 },
      firstUseMaxFen: 500,
      lists: [{ level: "national", ageMaxMs: 172_800_000 }, { level: "city" }],
      leaseMs: 259_200_000,
      clock: "held",
    });
  });

  test.each([
    ["a limit that nobody knows", { cardCountMaximum: 5 }],
    ["no sale of a card at all", { cardCountMax: 0 }],
    ["a window beyond a day", { velocity: { salesMax: 1, windowMinutes: 1441 } }],
    ["a lease without end", { leaseHours: 100_000 }],
    ["a level that is none", { lists: [{ level: "village" }] }],
    ["a level twice", { lists: [{ level: "city" }, { level: "city", ageMaxHours: 5 }] }],
    ["a clock that is none", { clock: "exact" }],
  ])("%s is refused", (_, more) => expect(limitsConfig.safeParse({ ...LEAST, ...more }).success).toBe(false));
});
