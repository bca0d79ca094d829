import { describe, expect, test } from "vitest";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { makeTestCard } from "../../card/make.ts";
import { PLANTED_BUGS } from "../planted-bugs.ts";
import { laneFlow } from "./flows.ts";
import { ALL_GATE_BUGS } from "./gate-bugs.ts";
import { GateCheck, type GateCheckParts } from "./gate-check.ts";
import { GateRun } from "./gate-run.ts";
import { possibleFares } from "./network.ts";
import { JOURNEYS, riderOptions } from "./riders.ts";

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

  test.each([
    ["torn-last-record-means-unpaid", "torn-0", /^promise [123]:/],
    ["knows-every-card", "bank-2", /first ride of its card/],
  ] as const)("find %s at the lanes of %s", async (bug, seed, promise) => {
    const { violation } = await new GateRun({ seed, taps: 80, suite, tearPercent: 40, rules: ALL_GATE_BUGS[bug] }).run();
    expect(violation).toMatch(promise);
  });
});

describe("what a tap is", () => {
  const card = (at: number) => {
    const { card: purse, cash } = riderOptions(at);
    return makeTestCard(suite, { serial: at, balanceFen: 0, algorithm: "3des", ...purse, electronicCash: { balanceFen: 0, algorithms: "sm", ...cash } });
  };
  const lane = { mode: "journey", direction: "entry" } as const;
  const cash = { kind: "electronic-cash", journeys: JOURNEYS } as const;

  test.each([
    [0, "t-union-entry", "t-union-entry"],
    [1, "cash-entry", "t-union-entry"],
    [2, "housing-entry", "housing-entry"],
    [4, "cash-entry", "cash-entry"],
    [6, "no-purse", "no-purse"],
  ])("follows from card %i and the order of purses", (at, cashFirst, transitFirst) => {
    expect(laneFlow(card(at), lane, [cash, { kind: "compound" }])).toBe(cashFirst);
    expect(laneFlow(card(at), lane, [{ kind: "compound" }, cash])).toBe(transitFirst);
  });

  test("on a bus a bank card signs, buys, or has its ride written", () => {
    const bus = { mode: "single", direction: "exit" } as const;
    expect(laneFlow(card(6), bus, [{ kind: "compound" }, { kind: "delayed-charge" }])).toBe("delayed-ride");
    expect(laneFlow(card(6), bus, [{ kind: "compound" }, { kind: "electronic-cash" }])).toBe("cash-purchase-ride");
    expect(laneFlow(card(4), bus, [{ ...cash, rides: "segment-fare" }])).toBe("cash-segment-ride");
    expect(laneFlow(card(0), bus, [{ kind: "compound" }, { kind: "delayed-charge" }])).toBe("t-union-ride");
  });
});

describe("the checker of gates", () => {
  const states = new Map([["paid", "done"]]);
  const checker = (parts: Partial<GateCheckParts> = {}) =>
    new GateCheck({
      sameCardWindowMs: 60_000,
      nowMs: () => 0,
      stateOf: (subject) => states.get(subject),
      possibleFares: possibleFares("journey"),
      isTrue: () => true,
      isReturned: () => false,
      ...parts,
    });
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
    original: undefined,
    industryUse: undefined,
    heldFen: undefined,
    firstUse: false,
  };
  const opening = (subject: string, sale: string, state = "prepared") => ({ ...entry, subject, sale, lane: "in", state });
  const lane = { lane: "in", use: "entry", place: "00010001" } as const;
  const entered = { amountFen: 0, sale: "s-1" };

  test("finds an opening without a record", () => expect(() => checker().moved("in")).toThrow(/without a durable record/));

  test("finds an opening for a sale that is not done", () => expect(() => checker().durable(opening("p1", "unpaid"))).toThrow(/was to open/));

  test("finds an opening for which no card has given anything, whatever the journal says", () => {
    expect(() => checker({ isTrue: () => false }).durable(opening("p1", "paid"))).toThrow(/no card has given/);
  });

  test("finds an opening for a sale whose money went back", () => {
    expect(() => checker({ isReturned: () => true }).durable(opening("p1", "paid"))).toThrow(/whose money went back/);
  });

  test("finds a second person on one sale", () => {
    const check = checker();
    check.durable(opening("p1", "paid"));
    check.moved("in");
    check.durable(opening("p1", "paid", "done"));
    expect(() => check.durable(opening("p2", "paid"))).toThrow(/somebody has passed/);
  });

  test("finds a card that is charged twice at once", () => {
    const check = checker();
    check.charged("card-1", lane, entered);
    expect(() => check.charged("card-1", lane, entered)).toThrow(/was charged/);
  });

  test("lets whoever has the money back pay anew", () => {
    const check = checker({ isReturned: () => true });
    check.charged("card-1", lane, entered);
    expect(() => check.charged("card-1", lane, entered)).not.toThrow();
  });

  test("finds a ride that costs something else", () => {
    const check = checker();
    check.charged("card-1", lane, entered);
    expect(() => check.charged("card-1", { lane: "out", use: "exit", place: "00010008" }, { amountFen: 200, sale: "s-2" })).toThrow(/not 400 or 700/);
  });
});
