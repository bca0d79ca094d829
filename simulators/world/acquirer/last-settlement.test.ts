/* Whoever looked at a parked reversal looks again when it comes back, before both books are compared. */
import { expect, test } from "vitest";
import type { SettlementOutcome } from "../../../device/txn/acquiring/acts.ts";
import { settledToTheEnd } from "./last-settlement.ts";

const EMPTY: SettlementOutcome = { kind: "refused", reason: "batch-empty" };
const PENDING: SettlementOutcome = { kind: "refused", reason: "reversal-pending" };

/** Outcomes and looks in their order; the last of each goes on for ever. */
async function days(outcomes: readonly (SettlementOutcome | undefined)[], looks: readonly number[]): Promise<readonly string[]> {
  const told: string[] = [];
  const next = <Value>(values: readonly Value[], name: string): Value | undefined => {
    const at = told.filter((each) => each === name).length;
    told.push(name);
    return values[Math.min(at, values.length - 1)];
  };
  await settledToTheEnd({
    settle: async () => next(outcomes, "settle"),
    seeToParked: async () => next(looks, "look") ?? 0,
    rest: async () => void told.push("rest"),
  });
  return told;
}

test("an empty batch with nothing to look at is the end", async () => {
  expect(await days([EMPTY], [0])).toEqual(["settle", "look"]);
});

test("a reversal that was tried again and came back parked is seen to before the end", async () => {
  expect(await days([EMPTY], [1, 0])).toEqual(["settle", "look", "rest", "settle", "look"]);
});

test("a batch that is not settled yet, and a power cut, go into the next round", async () => {
  expect(await days([undefined, PENDING, EMPTY], [0])).toEqual(["settle", "rest", "settle", "rest", "settle", "look"]);
});

test("what never ends is found", async () => {
  await expect(days([PENDING], [0])).rejects.toThrow(/last settlement is .*reversal-pending/);
  await expect(days([EMPTY], [1])).rejects.toThrow(/people saw to 1 reversals/);
});
