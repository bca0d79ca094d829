import { expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { RecentTaps } from "./recent.ts";

const A = { card: "A", use: "ride" } as const;
const PAID = { is: "paid", sale: { subject: "s", reference: "gate.a.ride.1.1", fare: fen(300) } } as const;

test("a note is found within its window and not behind it, for its own card and use", () => {
  const taps = new RecentTaps(60_000);
  taps.note(A, PAID, 1_000);
  expect(taps.find("A", "ride", 60_999)).toEqual(PAID);
  expect(taps.find("A", "ride", 61_000)).toBeUndefined();
  expect([taps.find("B", "ride", 1_000), taps.find("A", "exit", 1_000)]).toEqual([undefined, undefined]);
  taps.note(A, { is: "used" }, 2_000);
  expect(taps.find("A", "ride", 2_000)).toEqual({ is: "used" });
  taps.forget(A);
  expect(taps.find("A", "ride", 2_000)).toBeUndefined();
});

test("what is under way has no end of its own", () => {
  const taps = new RecentTaps(1_000);
  taps.note(A, { is: "passing", sale: PAID.sale }, 0);
  taps.note({ card: "B", use: "ride" }, { is: "used" }, 100_000);
  expect(taps.find("A", "ride", 200_000)?.is).toBe("passing");
});

test("a year of taps keeps no more than a window of them", () => {
  const taps = new RecentTaps(60_000);
  for (let tap = 0; tap < 100_000; tap += 1) taps.note({ card: String(tap), use: "ride" }, { is: "used" }, tap * 1_000);
  expect(taps.size).toBeLessThanOrEqual(61);
});

test("in one instant there are never more than so many, and the newest are kept", () => {
  const taps = new RecentTaps(60_000);
  for (let tap = 0; tap < 50_100; tap += 1) taps.note({ card: String(tap), use: "ride" }, { is: "used" }, 0);
  expect(taps.size).toBe(50_000);
  expect([taps.find("0", "ride", 0), taps.find("50099", "ride", 0)?.is]).toEqual([undefined, "used"]);
});

test("what was given back opens no more, also where its passage ends behind that, and another sale of the card does", () => {
  const taps = new RecentTaps(60_000);
  taps.note(A, PAID, 0);
  taps.giveBack("s", 1_000);
  expect(taps.find("A", "ride", 1_000)).toBeUndefined();
  taps.note(A, { is: "passing", sale: PAID.sale }, 2_000);
  taps.note(A, PAID, 3_000);
  expect(taps.find("A", "ride", 3_000)).toBeUndefined();
  const again = { is: "paid", sale: { ...PAID.sale, subject: "s2" } } as const;
  taps.note(A, again, 4_000);
  expect(taps.find("A", "ride", 4_000)).toEqual(again);
});

test("who did not pass while a refund was tried passes when nothing went back", () => {
  const taps = new RecentTaps(60_000);
  taps.note(A, { is: "passing", sale: PAID.sale }, 0);
  const takeBack = taps.giveBack("s", 1_000);
  taps.note(A, PAID, 2_000);
  expect(taps.find("A", "ride", 2_000)).toBeUndefined();
  takeBack();
  expect(taps.find("A", "ride", 3_000)).toEqual(PAID);
  expect(taps.find("A", "ride", 62_000)).toBeUndefined();
});
