/* A counter's day under every fault: repeatable, each order ends in one way only, and a planted bug is found. */
import { describe, expect, test } from "vitest";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { COUNTER_BUGS, type CounterBug } from "./counter-bugs.ts";
import { CounterRun } from "./counter-run.ts";

const suite = openCipherSuite();

/** Whole days take seconds of real time on a busy machine. */
const MINUTES = { timeout: 180_000 };

test("a seed replays byte for byte, signatures left out", MINUTES, async () => {
  const run = () => new CounterRun({ seed: "counter-1", orders: 10, suite }).run();
  const [first, again] = [await run(), await run()];
  expect(first.violation).toBeUndefined();
  expect(again.trace).toEqual(first.trace);
  expect(again.stateHash).toBe(first.stateHash);
});

test("over a few seeds every order comes to an end, and the power fails often", MINUTES, async () => {
  const ends: string[] = [];
  let powerCuts = 0;
  for (let seed = 0; seed < 3; seed += 1) {
    const report = await new CounterRun({ seed: `few-${seed}`, orders: 25, suite }).run();
    expect(report.violation).toBeUndefined();
    expect(report.orders).toBe(25);
    ends.push(...Object.keys(report.ends));
    powerCuts += report.powerCuts;
  }
  expect(ends).toEqual(expect.arrayContaining(["done", "void"]));
  expect(powerCuts).toBeGreaterThan(0);
});

describe("a bug that was planted by one rule is found", MINUTES, () => {
  test.each(Object.keys(COUNTER_BUGS) as CounterBug[])("%s", async (bug) => {
    const violations: string[] = [];
    for (let seed = 0; seed < 16 && violations.length === 0; seed += 1) {
      const { violation } = await new CounterRun({ seed: `planted-${seed}`, orders: 30, suite, rules: COUNTER_BUGS[bug] }).run();
      if (violation !== undefined) violations.push(violation);
    }
    expect(violations[0]).toMatch(/^promise [123]:/);
  });
});
