import { describe, expect, test } from "vitest";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { PLANTED_BUGS } from "../planted-bugs.ts";
import { GateCheck } from "./gate-check.ts";
import { GateRun } from "./gate-run.ts";
import { possibleFares } from "./network.ts";

const suite = openCipherSuite();

describe("days of a gate", () => {
  test("break no promise, and are the same days from the same seed", async () => {
    const options = { seed: "gate-1", taps: 40, suite };
    const [first, second] = [await new GateRun(options).run(), await new GateRun(options).run()];
    expect(first.violation).toBeUndefined();
    expect(second.stateHash).toBe(first.stateHash);
    expect(first.openings).toBeGreaterThan(5);
  });

  test("find a terminal that takes silence for unpaid", async () => {
    const found: string[] = [];
    for (let seed = 0; seed < 8 && found.length === 0; seed += 1) {
      const run = new GateRun({ seed: `planted-${seed}`, taps: 60, suite, tearPercent: 40, rules: PLANTED_BUGS["timeout-means-unpaid"] });
      const { violation } = await run.run();
      if (violation !== undefined) found.push(violation);
    }
    expect(found.join()).toMatch(/promise [12]/);
  });
});

describe("the checker of gates", () => {
  const states = new Map([["paid", "done"]]);
  const checker = () => new GateCheck({ sameCardWindowMs: 60_000, nowMs: () => 0, stateOf: (subject) => states.get(subject), possibleFares });
  const entry = {
    seq: 1,
    kind: "passage",
    amountFen: 0,
    reference: undefined,
    msgid: undefined,
    purse: "e-purse",
    saleName: undefined,
    terminalNumber: undefined,
    date: undefined,
    time: undefined,
  };
  const opening = (subject: string, sale: string, state = "prepared") => ({ ...entry, subject, sale, lane: "in", state });
  const lane = { lane: "in", direction: "entry", place: "00010001" } as const;

  test("finds an opening without a record", () => expect(() => checker().moved("in")).toThrow(/without a durable record/));

  test("finds an opening for a sale that is not done", () => expect(() => checker().durable(opening("p1", "unpaid"))).toThrow(/was to open/));

  test("finds a second person on one sale", () => {
    const check = checker();
    check.durable(opening("p1", "paid"));
    check.moved("in");
    check.durable(opening("p1", "paid", "done"));
    expect(() => check.durable(opening("p2", "paid"))).toThrow(/somebody has passed/);
  });

  test("finds a card that is charged twice at once", () => {
    const check = checker();
    check.charged("card-1", lane, 0);
    expect(() => check.charged("card-1", lane, 0)).toThrow(/was charged/);
  });

  test("finds a ride that costs something else", () => {
    const check = checker();
    check.charged("card-1", lane, 0);
    expect(() => check.charged("card-1", { lane: "out", direction: "exit", place: "00010008" }, 200)).toThrow(/not 400 or 700/);
  });
});
