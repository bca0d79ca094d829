import { expect, test } from "vitest";
import { SeededRandomness } from "./seeded-randomness.ts";
import { Tears } from "./tears.ts";

/** Taps of `commands` commands each; how many were torn, and at which command. */
function live(percent: number, taps: number, commands: number): { readonly torn: number; readonly places: ReadonlySet<number> } {
  const tears = new Tears(new SeededRandomness(`tears/${percent}/${commands}`), percent);
  const places = new Set<number>();
  let torn = 0;
  for (let tap = 0; tap < taps; tap += 1) {
    tears.presented("kind");
    for (let command = 0; command < commands; command += 1) {
      if (tears.strikes() === undefined) continue;
      torn += 1;
      places.add(command);
      break;
    }
  }
  return { torn, places };
}

test.each([
  [10, 5],
  [10, 12],
  [10, 2],
  [50, 5],
])("%i % of taps of %i commands are torn, at every command of them", (percent, commands) => {
  const { torn, places } = live(percent, 4_000, commands);
  expect(Math.abs(torn / 40 - percent)).toBeLessThan(2);
  expect(places.size).toBe(commands);
});

test.each([
  [0, 0],
  [100, 398],
])("%i %: at least %i of 400", (percent, torn) => {
  const live400 = live(percent, 400, 6).torn;
  expect(live400).toBeGreaterThanOrEqual(torn);
  if (percent === 0) expect(live400).toBe(0);
});

test("a tap that ends before its tear hands it on", () => {
  const tears = new Tears(new SeededRandomness("owed"), 100);
  let torn = 0;
  for (let tap = 0; tap < 200; tap += 1) {
    tears.presented("short");
    for (let command = 0; command < 1; command += 1) if (tears.strikes() !== undefined) torn += 1;
  }
  expect(torn).toBeGreaterThan(190);
});
