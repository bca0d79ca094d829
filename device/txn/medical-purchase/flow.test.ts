import { describe, expect, test } from "vitest";
import { INSURER_FAULTS, type InsurerFaultName, planInsurerFault } from "../../../simulators/host/medical/insurer-faults.ts";
import { fen } from "../../base/fen.ts";
import type { InitialPinRule } from "../initial-pin.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { MedicalPurchaseLimits, MedicalPurchaseRequest } from "./ports.ts";
import { RESOLVER_RULES } from "./resolver-machine.ts";
import { runMedicalPurchase } from "./run.ts";
import { basket, type CounterOptions, MEDICAL_LIMITS, PERSON, SimulatedCounter } from "./testing.ts";
import type { MedicalOutcome } from "./types.ts";

async function counterWith(options: CounterOptions = {}): Promise<SimulatedCounter> {
  const counter = new SimulatedCounter(options);
  await counter.clock.resolve(counter.switchOn());
  return counter;
}

function buy(counter: SimulatedCounter, request: MedicalPurchaseRequest, limits: Partial<MedicalPurchaseLimits> = {}): Promise<MedicalOutcome> {
  return counter.clock.resolve(runMedicalPurchase(counter.ports, request, { ...MEDICAL_LIMITS, ...limits }));
}

async function paid(outcome: Promise<MedicalOutcome>): Promise<Extract<MedicalOutcome, { kind: "paid" }>> {
  const told = await outcome;
  if (told.kind !== "paid") throw new Error(`not paid but ${told.kind}`);
  return told;
}

/** Buys until the answer or the cut. */
async function buyUntilCut(counter: SimulatedCounter, reference: string): Promise<MedicalOutcome | undefined> {
  let outcome: MedicalOutcome | undefined;
  void runMedicalPurchase(counter.ports, basket(reference), MEDICAL_LIMITS).then((value) => {
    outcome = value;
  });
  await counter.clock.runUntil(counter.clock.monotonicMs() + 300_000, () => outcome !== undefined || !counter.on);
  if (!counter.on) await counter.pass(1000);
  return counter.on ? outcome : undefined;
}

async function nextLife(counter: SimulatedCounter): Promise<void> {
  counter.cutPower();
  counter.plan(() => "deliver");
  await counter.clock.resolve(counter.switchOn());
  await counter.clock.resolve(recoverAtStart(counter.ports));
}

describe("a purchase that nothing disturbs", () => {
  test("is identified, verified, pre-settled, settled and recorded with the insurer's own figures", async () => {
    const counter = await counterWith();
    expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "paid", total: 16_490, fund: 5892, account: 6608, mutualAid: 0, cash: 3990, flags: [] });
    expect(counter.sent).toEqual(["9001", "1101", "2101", "2102"]);
    expect(await counter.states()).toEqual(["prepared", "done"]);
    const [, done] = await counter.entries();
    const [booked] = counter.standing();
    expect(done?.detail).toMatchObject({
      infno: "2102",
      msgid: booked?.msgid,
      setlId: booked?.settlementId,
      mdtrtId: booked?.visitId,
      fundFen: 5892,
      accountFen: 6608,
      mutualAidFen: 0,
      cashFen: 3990,
      flags: [],
    });
    expect(done?.personal).toMatchObject({ psnNo: PERSON });
    expect([done?.amount, counter.standing().length]).toEqual([16_490, 1]);
  });

  test("the same reference is settled once, another one again", async () => {
    const counter = await counterWith();
    const { provisional, ...first } = await paid(buy(counter, basket("r1")));
    expect(provisional).toEqual({ final: true, total: 16_490, fund: 5892, account: 6608, mutualAid: 0, cash: 3990 });
    expect(await buy(counter, basket("r1"))).toEqual(first);
    expect(await buy(counter, { ...basket("r1"), amount: fen(1) })).toEqual({ kind: "refused", reason: "reference-conflict" });
    expect(counter.standing().length).toBe(1);
    expect(await buy(counter, basket("r2"))).toMatchObject({ kind: "paid" });
    expect(counter.standing().length).toBe(2);
    expect(counter.sent.filter((infno) => infno === "9001").length).toBe(1);
  });

  test.each([
    [{ amounts: "number" }],
    [{ output: "json-text" }],
    [{ infcode: "text" }],
    [{ amounts: "number", output: "json-text", infcode: "text" }],
    [{ fundsIncludeAccount: true }],
    [{ mutualAidInsideAccount: true }],
  ] as const)("in the regional form %o", async (variants) => {
    const counter = await counterWith({ variants });
    expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "paid", cash: 3990, flags: [] });
  });
});

describe("refusals book nothing", () => {
  test.each<[string, CounterOptions, string]>([
    ["a wrong PIN", { holder: [{ kind: "enters", digits: "000000" }] }, "pin-wrong"],
    ["no PIN", { holder: [{ kind: "cancels" }] }, "pin-cancelled"],
    ["nobody at the keypad", { holder: [{ kind: "walks-away" }] }, "pin-timed-out"],
    ["no insurance in force", { insurances: [{ type: "310", personType: "1101", status: "3", area: "530102" }] }, "insurance-inactive"],
    ["an insurance that is suspended", { insurances: [{ type: "310", personType: "1101", status: "2", area: "530102" }] }, "insurance-suspended"],
    [
      "two insurances in force",
      {
        insurances: [
          { type: "310", personType: "1101", status: "1", area: "530102" },
          { type: "390", personType: "1501", status: "1", area: "530103" },
        ],
      },
      "insurance-choice-needed",
    ],
  ])("%s", async (_, options, reason) => {
    const counter = await counterWith(options);
    expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "refused", reason });
    expect(await counter.states()).toEqual([]);
    expect(counter.sent).not.toContain("2102");
  });

  test.each<[string, InitialPinRule, string]>([
    ["the PIN that the card was issued with", { policy: "refuse-initial", evidence: () => "initial" }, "initial-pin"],
    ["a PIN that nobody knows to be changed", { policy: "require-changed" }, "initial-pin-unknown"],
  ])("%s", async (_, initialPin, reason) => {
    const counter = await counterWith();
    const ports = { ...counter.ports, initialPin };
    expect(await counter.clock.resolve(runMedicalPurchase(ports, basket("r1"), MEDICAL_LIMITS))).toEqual({ kind: "refused", reason });
    expect([await counter.states(), counter.sent]).toEqual([[], ["9001", "1101", "2101"]]);
    const rule: InitialPinRule = { ...initialPin, evidence: () => "changed" };
    const changed = { ...counter.ports, initialPin: rule };
    expect(await counter.clock.resolve(runMedicalPurchase(changed, basket("r2"), MEDICAL_LIMITS))).toMatchObject({ kind: "paid" });
  });

  test("the chosen one of two insurances", async () => {
    const counter = await counterWith({
      insurances: [
        { type: "310", personType: "1101", status: "1", area: "530102" },
        { type: "390", personType: "1501", status: "1", area: "530103" },
      ],
    });
    expect(await buy(counter, { ...basket("r1"), insuranceType: "390" })).toMatchObject({ kind: "paid" });
    expect(counter.standing()[0]?.insuranceType).toBe("390");
  });

  test("no card, an empty basket, a basket that is too long", async () => {
    const counter = await counterWith();
    counter.reader.remove();
    expect(await buy(counter, basket("r1"), { timeoutMs: 300 })).toEqual({ kind: "no-card" });
    expect(await buy(counter, { ...basket("r1"), items: [] })).toEqual({ kind: "refused", reason: "amount-zero" });
    const [item] = basket("r1").items;
    expect(
      await buy(counter, {
        ...basket("r1"),
        items: Array.from({ length: 300 }, () => ({ ...basket("r1").items[0], ...item })) as MedicalPurchaseRequest["items"],
      }),
    ).toEqual({ kind: "refused", reason: "basket-too-large" });
  });

  test.each(["9001", "1101", "2101"])("a question %s without an answer", async (infno) => {
    const counter = await counterWith();
    counter.planOnce(infno, "lost-after");
    expect(await buy(counter, basket("r1"))).toEqual({ kind: "refused", reason: "host-unreachable" });
    expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "paid" });
    expect(counter.standing().length).toBe(1);
  });

  test("the host's business refusal of the settlement ends it", async () => {
    const counter = await counterWith();
    planInsurerFault(counter.insurer.faults, "2102", INSURER_FAULTS.refusal);
    expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "refused", reason: "host-refused" });
    expect(await counter.states()).toEqual(["prepared", "refused"]);
    expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "paid" });
  });

  test("a settlement that certainly never left", async () => {
    const counter = await counterWith();
    counter.planOnce("2102", "not-sent");
    expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "refused", reason: "request-expired" });
    expect(await counter.states()).toEqual(["prepared", "void"]);
  });
});

test.each([
  ["scope", "fee-parts-differ"],
  ["burden", "personal-part-differs"],
  ["cash", "personal-split-differs"],
  ["pool", "pooled-above-scope"],
] as const)("a booked reply that breaks the rule of %s stands and is flagged", async (brokenSum, flag) => {
  const counter = await counterWith();
  counter.insurer.faults.brokenSum = brokenSum;
  const outcome = await buy(counter, basket("r1"));
  expect(outcome.kind === "paid" ? outcome.flags : outcome).toContain(flag);
  const [, done] = await counter.entries();
  expect(done?.state).toBe("done");
  expect(done?.detail["flags"]).toContain(flag);
  expect(counter.sent).not.toContain("2601");
  expect(counter.standing().length).toBe(1);
});

describe("an outcome that is not known is reversed until the insurer's records agree", () => {
  const UNKNOWN: readonly InsurerFaultName[] = [
    "no-reply-booked",
    "no-reply-not-booked",
    "system-error-booked",
    "system-error-not-booked",
    "empty-infcode-booked",
    "empty-infcode-not-booked",
    "unparsable-booked",
    "unparsable-not-booked",
    "late-booking",
  ];
  for (const unknownOriginal of ["error", "success"] as const) {
    test.each(UNKNOWN)(`%s, unknown original answered by ${unknownOriginal}`, async (fault) => {
      const counter = await counterWith({ variants: { unknownOriginal } });
      planInsurerFault(counter.insurer.faults, "2102", INSURER_FAULTS[fault]);
      const outcome = await buy(counter, basket("r1"));
      expect(outcome.kind).toBe("unknown");
      expect(await counter.states()).toEqual(["prepared", "unknown"]);
      // The counter asks again at once: nothing new is tried for this sale, nor for this holder.
      expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "unknown" });
      expect(await buy(counter, basket("r2"))).toMatchObject({ kind: "refused", reason: "earlier-sale-open" });
      expect(await counter.resolveAll()).toBeLessThan(100);
      expect(await counter.states()).toEqual(["prepared", "unknown", "void"]);
      expect(counter.standing()).toEqual([]);
      expect(counter.insurer.lateBookings()).toBe(0);
      expect(await buy(counter, basket("r1"))).toMatchObject({ kind: "paid" });
      expect(counter.standing().length).toBe(1);
    });
  }

  test("a booking later than the reversal is reversed too", async () => {
    const counter = await counterWith();
    planInsurerFault(counter.insurer.faults, "2102", { ...INSURER_FAULTS["late-booking"], lateMs: 55_000 });
    await buy(counter, basket("r1"));
    const before = counter.sent.length;
    await counter.resolve();
    expect(counter.sent.slice(before)).toEqual(["2601", "9101", "3202", "9102"]);
    expect(counter.ledger.settlements()).toEqual([]);
    await counter.resolveAll();
    expect(counter.ledger.settlements().map(({ status }) => status)).toEqual(["reversed"]);
    expect(await counter.states()).toEqual(["prepared", "unknown", "void"]);
    expect((await counter.entries()).at(-1)).toMatchObject({ resolves: 2, detail: { infno: "2601" } });
  });

  test("each attempt has a msgid of its own and the pauses grow while the host is silent", async () => {
    const counter = await counterWith();
    counter.planOnce("2102", "lost-before");
    await buy(counter, basket("r1"));
    counter.plan((infno) => (infno === "2601" ? "lost-after" : "deliver"));
    const pauses: (number | undefined)[] = [];
    for (let round = 0; round < 7; round += 1) {
      const { nextInMs } = await counter.resolve();
      pauses.push(nextInMs);
      await counter.pass(nextInMs ?? 0);
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
    expect(await counter.resolve().then(({ open }) => open)).toBe(1);
    counter.plan(() => "deliver");
    await counter.resolveAll();
    expect((await counter.entries()).at(-1)).toMatchObject({ state: "void", detail: { reason: "never-booked" } });
  });

  test("records that the host does not give decide nothing", async () => {
    const counter = await counterWith();
    counter.planOnce("2102", "lost-before");
    await buy(counter, basket("r1"));
    await counter.pass(600_000);
    for (const fault of ["refusal", "unparsable-booked", "no-reply-booked"] as const) {
      planInsurerFault(counter.insurer.faults, "3202", INSURER_FAULTS[fault]);
      expect(await counter.resolve()).toMatchObject({ resolved: 0, open: 1 });
      await counter.pass(30_000);
    }
    expect(await counter.resolve()).toMatchObject({ resolved: 1, open: 0, nextInMs: undefined });
  });

  test("a wall clock that jumps makes nothing final early", async () => {
    const counter = await counterWith();
    planInsurerFault(counter.insurer.faults, "2102", INSURER_FAULTS["late-booking"]);
    await buy(counter, basket("r1"));
    counter.clock.jumpWall(5 * 86_400_000);
    expect(await counter.resolve()).toMatchObject({ resolved: 0, open: 1 });
    counter.clock.jumpWall(-9 * 86_400_000);
    await counter.resolveAll();
    expect(counter.ledger.settlements().map(({ status }) => status)).toEqual(["reversed"]);
  });

  test("a planted rule that believes the host's word voids a sale that is then booked", async () => {
    const counter = await counterWith();
    planInsurerFault(counter.insurer.faults, "2102", INSURER_FAULTS["late-booking"]);
    await buy(counter, basket("r1"));
    const believing = {
      ...RESOLVER_RULES,
      reversing: {
        ...RESOLVER_RULES.reversing,
        "reversal-refused": () =>
          ({ state: { at: "closing", end: "void" }, commands: [{ do: "append-end", end: "void", reason: "never-booked", left: [] }] }) as const,
      },
    };
    expect(await counter.resolve({ rules: believing })).toMatchObject({ resolved: 1 });
    await counter.pass(120_000);
    expect(counter.standing().length).toBe(1);
  });
});

describe("power cuts", () => {
  const CODES = ["9001", "1101", "2101", "2102"];
  for (const fate of ["power-cut-before", "power-cut-after"] as const) {
    test.each(CODES)(`${fate} %s reached the host: booked once in the end`, async (infno) => {
      const counter = await counterWith();
      counter.planOnce(infno, fate);
      expect(await buyUntilCut(counter, "r1")).toBeUndefined();
      await nextLife(counter);
      const again = await buyUntilCut(counter, "r1");
      expect(again?.kind).toBe(infno === "2102" ? "unknown" : "paid");
      await counter.resolveAll();
      expect(await buyUntilCut(counter, "r1")).toMatchObject({ kind: "paid" });
      expect(counter.standing().length).toBe(1);
    });
  }

  test.each(["before", "during", "after"] as const)("%s every commit: booked once in the end", async (when) => {
    const counted = await counterWith();
    let commits = 0;
    counted.disk.onCommit(() => {
      commits += 1;
      return { kind: "go" };
    });
    await buy(counted, basket("r1"));
    expect(commits).toBe(5);
    for (let at = 1; at <= commits; at += 1) {
      const counter = await counterWith();
      let seen = 0;
      counter.disk.onCommit(() => {
        seen += 1;
        return seen === at ? { kind: "cut", when } : { kind: "go" };
      });
      await buyUntilCut(counter, "r1");
      await nextLife(counter);
      await counter.resolveAll();
      expect(await buyUntilCut(counter, "r1")).toMatchObject({ kind: "paid" });
      expect(counter.standing().length).toBe(1);
      const done = (await counter.entries()).filter(({ state }) => state === "done");
      expect(done.map(({ detail }) => detail["setlId"])).toEqual(counter.standing().map(({ settlementId }) => settlementId));
    }
  });

  test("while an unknown settlement is being reversed", async () => {
    for (const infno of ["2601", "3202"]) {
      for (const fate of ["power-cut-before", "power-cut-after"] as const) {
        const counter = await counterWith();
        counter.planOnce("2102", "lost-after");
        expect(await buyUntilCut(counter, "r1")).toMatchObject({ kind: "unknown" });
        counter.planOnce(infno, fate);
        void counter.startRound();
        await counter.clock.runUntil(counter.clock.monotonicMs() + 20_000, () => !counter.on);
        expect(counter.on).toBe(false);
        await nextLife(counter);
        await counter.resolveAll();
        expect(counter.standing()).toEqual([]);
        expect(await counter.states()).toEqual(["prepared", "unknown", "void"]);
      }
    }
  });
});

test("one lane, one reference at a time", async () => {
  const counter = await counterWith();
  const [first, second] = await counter.clock.resolve(
    Promise.all(["r1", "r2"].map((reference) => runMedicalPurchase(counter.ports, basket(reference), MEDICAL_LIMITS))),
  );
  expect([first?.kind, second]).toEqual(["paid", { kind: "refused", reason: "lane-busy" }]);
  const held = counter.ports.sales.take("r3");
  expect(await buy(counter, basket("r3"))).toEqual({ kind: "refused", reason: "in-progress" });
  held?.();
});
