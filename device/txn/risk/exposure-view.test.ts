import { expect, test } from "vitest";
import { exposureView } from "./exposure-view.ts";
import type { Age } from "./sale-book.ts";
import { DAY } from "./testing.ts";

test.each<[Age | undefined, object]>([
  [undefined, {}],
  ["unknown", { alarm: "age-unknown" }],
  [0, { oldestAgeMs: 0, daysLeft: 10 }],
  [1, { oldestAgeMs: 1, daysLeft: 9 }],
  [DAY - 1, { oldestAgeMs: DAY - 1, daysLeft: 9 }],
  [DAY, { oldestAgeMs: DAY, daysLeft: 9, alarm: "day-1" }],
  [7 * DAY - 1, { oldestAgeMs: 7 * DAY - 1, daysLeft: 3, alarm: "day-1" }],
  [7 * DAY, { oldestAgeMs: 7 * DAY, daysLeft: 3, alarm: "day-7" }],
  [9 * DAY - 1, { oldestAgeMs: 9 * DAY - 1, daysLeft: 1, alarm: "day-7" }],
  [9 * DAY, { oldestAgeMs: 9 * DAY, daysLeft: 1, alarm: "day-9" }],
  [10 * DAY - 1, { oldestAgeMs: 10 * DAY - 1, daysLeft: 0, alarm: "day-9" }],
  [10 * DAY, { oldestAgeMs: 10 * DAY, daysLeft: 0, alarm: "overdue" }],
  [99 * DAY, { oldestAgeMs: 99 * DAY, daysLeft: 0, alarm: "overdue" }],
])("the oldest sale has waited %s: %j", (oldestAge, expected) => {
  expect(exposureView({ count: 3, sumFen: 450, oldestAge })).toEqual({ count: 3, sumFen: 450, ...expected });
});
