/* The simulated world: repeatable, able to strike with every fault, and able to see a bug that was put in on purpose. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { FAULT_KINDS, type FaultKind } from "./fault-plan.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted-bugs.ts";
import { SeedRun } from "./seed-run.ts";

const suite = openCipherSuite();

/** Whole days take seconds of real time on a busy machine. */
const MINUTES = { timeout: 180_000 };

function run(seed: string, taps: number, more: { readonly onlyFaults?: readonly FaultKind[]; readonly bug?: PlantedBug } = {}) {
  const rules = more.bug === undefined ? {} : { rules: PLANTED_BUGS[more.bug] };
  return new SeedRun({ seed, taps, suite, ...rules, ...(more.onlyFaults === undefined ? {} : { onlyFaults: more.onlyFaults }) }).run();
}

test("a seed replays byte for byte, signatures left out", async () => {
  const [first, again] = [await run("repeat-1", 25), await run("repeat-1", 25)];
  expect(first.violation).toBeUndefined();
  expect(again.trace).toEqual(first.trace);
  expect(again.stateHash).toBe(first.stateHash);
});

test("another seed is another day", async () => {
  const [one, other] = [await run("repeat-1", 5), await run("repeat-2", 5)];
  expect(one.stateHash).not.toBe(other.stateHash);
});

/** Companions without which a fault has no occasion to strike. */
const OCCASIONS: Partial<Record<FaultKind, readonly FaultKind[]>> = {
  "card-swapped": ["card-torn-after"],
  "card-absent": ["card-torn-after"],
  "card-never-returns": ["card-torn-after"],
};

/** Days after which even the rarest fault must have struck once when it is alone. */
const DAYS_MAX = 12;

describe("each fault alone, at full weight", MINUTES, () => {
  test.each(FAULT_KINDS)("%s strikes and breaks no promise", async (kind) => {
    let struck = 0;
    for (let day = 0; day < DAYS_MAX && struck === 0; day += 1) {
      const report = await run(`only-${kind}-${day}`, 25, { onlyFaults: [kind, ...(OCCASIONS[kind] ?? [])] });
      expect(report.violation).toBeUndefined();
      struck = report.faults[kind];
    }
    expect(struck).toBeGreaterThan(0);
  });
});

test("over a few seeds nearly every fault strikes", MINUTES, async () => {
  const struck = new Set<FaultKind>();
  for (let seed = 0; seed < 6; seed += 1) {
    const { faults, violation } = await run(`swarm-${seed}`, 40);
    expect(violation).toBeUndefined();
    for (const kind of FAULT_KINDS) if (faults[kind] > 0) struck.add(kind);
  }
  expect(struck.size).toBeGreaterThan(FAULT_KINDS.length - 4);
});

describe("a bug that was planted by one rule is found", MINUTES, () => {
  test.each(Object.keys(PLANTED_BUGS) as PlantedBug[])("%s", async (bug) => {
    const violations: string[] = [];
    for (let seed = 0; seed < 40 && violations.length === 0; seed += 1) {
      const { violation } = await run(`planted-${seed}`, 60, { bug });
      if (violation !== undefined) violations.push(violation);
    }
    expect(violations[0]).toMatch(/^promise [123]:/);
  });
});

test("the fault model lists every fault, and no other", () => {
  const model = readFileSync(new URL("../../docs/fault-model.md", import.meta.url), "utf8");
  const listed = [...model.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, kind]) => kind);
  expect(new Set(listed)).toEqual(new Set(FAULT_KINDS));
});
