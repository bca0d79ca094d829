import { expect, test } from "vitest";
import { KNOWN_CARDS_MAX, KnownCashCards } from "./known-cards.ts";

const RECORDS = new Map([["1-1", Uint8Array.of(1)]]);

test("records are kept until they are forgotten, as they were then", () => {
  const known = new KnownCashCards();
  const given = new Map(RECORDS);
  known.keep("1", given);
  given.clear();
  expect([known.recordsOf("1").size, known.recordsOf("2").size]).toEqual([1, 0]);
  known.forget("1");
  expect(known.recordsOf("1").size).toBe(0);
});

test("the card that was not seen for longest goes first, and there is room for no more than the bound", () => {
  const known = new KnownCashCards();
  for (let card = 0; card < KNOWN_CARDS_MAX; card += 1) known.keep(String(card), RECORDS);
  known.recordsOf("0");
  known.keep("new", RECORDS);
  expect(["0", "1", "2", "new"].map((card) => known.recordsOf(card).size)).toEqual([1, 0, 1, 1]);
});

test("a card with more records than any has is not kept", () => {
  const known = new KnownCashCards();
  known.keep("1", RECORDS);
  known.keep("1", new Map(Array.from({ length: 17 }, (_, record) => [`1-${record}`, Uint8Array.of(1)])));
  expect(known.recordsOf("1").size).toBe(0);
});

test("the place of the last number found is tried first", () => {
  const known = new KnownCashCards();
  expect(known.identityPlace).toBeUndefined();
  known.foundIdentityAt({ sfi: 2, number: 1 });
  expect(known.identityPlace).toEqual({ sfi: 2, number: 1 });
});
