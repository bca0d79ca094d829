import { expect, test } from "vitest";
import { fromHex } from "../../base/bytes.ts";
import { restrictionsOf } from "./restrictions.ts";
import { TEST_TERMINAL } from "./testing.ts";

const DATA = new Map([
  [0x5f25, fromHex("250101")],
  [0x5f24, fromHex("351231")],
]);

test.each([
  ["20241231", "20250101", ["not-yet-valid"]],
  ["20250101", "20351231", []],
  ["20351231", "20360101", ["expired"]],
  ["20241231", "20360101", ["not-yet-valid", "expired"]],
])("between %s and %s a beginning is judged by the earliest day and an end by the latest: %j", (earliest, latest, expected) => {
  expect(restrictionsOf(DATA, TEST_TERMINAL, { earliest, latest }).map(({ reason }) => reason)).toEqual(expected);
});
