/* No seed gets a bank with which business could never go on. */
import { describe, expect, test } from "vitest";
import { bankOf } from "./bank-of-seed.ts";

const SEEDS = 400;
/** Fewer than a day's end looks at the line. */
const TRIES_MAX = 3;

const banks = Array.from({ length: SEEDS }, (_, seed) => bankOf(`seed-${seed}`));

/** Whether the acquirer's only word on the reversal of a settled batch does not count as taken back: it stays pending until its tries are used up. */
function refusesForever({ profile, variants }: (typeof banks)[number]): boolean {
  const settled = profile.reversalAfterSettlement;
  const answer = variants?.reversesSettled === true ? "00" : variants?.settledRefusal;
  return settled.do === "send" && !settled.undone.some((code) => code === answer);
}

describe("a bank of a seed", () => {
  test("that never takes a reversal of a settled batch has its terminal ask a person soon", () => {
    const stubborn = banks.filter(refusesForever);
    expect(stubborn.length).toBeGreaterThan(0);
    for (const { profile } of stubborn) expect(profile.reversalTries).toBeLessThanOrEqual(TRIES_MAX);
  });

  test("of any other kind may have more tries than a day uses up, or few", () => {
    const tries = new Set(banks.filter((bank) => !refusesForever(bank)).map(({ profile }) => profile.reversalTries));
    expect(tries).toEqual(new Set([1_000, 3, 2]));
  });
});
