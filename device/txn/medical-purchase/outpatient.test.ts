/* An outpatient visit: every stage refused, silent, late or cut off; in the end one settlement, or nothing at the insurer. */
import { describe, expect, test } from "vitest";
import { INSURER_FAULTS, type InsurerFaultName, planInsurerFault } from "../../../simulators/host/medical/insurer-faults.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import { MEDICAL_PURCHASE_RULES } from "./machine.ts";
import type { MedicalPurchaseRequest } from "./ports.ts";
import * as rules from "./rules.ts";
import { runMedicalPurchase } from "./run.ts";
import { type CounterOptions, MEDICAL_LIMITS, type MessageFate, RESIDENT, ScriptedDesk, SimulatedCounter, testCard, visitBasket } from "./testing.ts";
import type { MedicalOutcome, MedicalPurchaseRules } from "./types.ts";
import { undoVisitOf } from "./undo-visit.ts";

const WHOLE = ["9001", "1101", "2201", "2203", "2204", "2206", "2207"];
/** What leaves something at the insurer once it has been sent. */
const STAGES = ["2203", "2204", "2206"];

async function counterWith(options: CounterOptions = {}): Promise<SimulatedCounter> {
  const counter = new SimulatedCounter(options);
  await counter.clock.resolve(counter.switchOn());
  return counter;
}

function buy(counter: SimulatedCounter, request: MedicalPurchaseRequest, table?: MedicalPurchaseRules): Promise<MedicalOutcome> {
  return counter.clock.resolve(runMedicalPurchase(counter.ports, request, MEDICAL_LIMITS, table));
}

async function buyUntilCut(counter: SimulatedCounter, reference: string): Promise<MedicalOutcome | undefined> {
  let outcome: MedicalOutcome | undefined;
  void runMedicalPurchase(counter.ports, visitBasket(reference), MEDICAL_LIMITS).then((value) => {
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

/** Visits with fees, or without, that nobody has cancelled. */
function openVisits(counter: SimulatedCounter): readonly { readonly settled: boolean; readonly fees: number }[] {
  const settled = new Set(counter.standing().map(({ visitId }) => visitId));
  const { visits } = counter.ledger;
  return visits
    .visits()
    .filter(({ status }) => status === "open")
    .map(({ visitId }) => ({ settled: settled.has(visitId), fees: visits.fees(visitId).length }));
}

/** Nothing is left: no settlement, no fees, no visit that has a name here. */
function expectNothingLeft(counter: SimulatedCounter): void {
  expect([counter.standing(), openVisits(counter)]).toEqual([[], []]);
}

describe("a visit that nothing disturbs", () => {
  test("is registered, described, told, tried and settled, and each message is known before it goes", async () => {
    const counter = await counterWith();
    const desk = new ScriptedDesk([{ answer: "confirm" }]);
    const outcome = await buy(counter, { ...visitBasket("r1"), confirms: true, desk });
    expect(outcome).toMatchObject({ kind: "paid", total: 16_490, visitId: "M000000000001", provisional: { final: true } });
    expect(counter.sent).toEqual(WHOLE);
    expect(desk.steps).toEqual(["present-card", "card-read", "pre-settled", "enter-pin", "settling", "settled"]);
    expect(openVisits(counter)).toEqual([{ settled: true, fees: 3 }]);
    const entries = await counter.entries();
    expect(entries.map(({ state, detail }) => [state, detail["stage"], detail["mdtrtId"]])).toEqual([
      ["prepared", "register", undefined],
      ["acting", "inform", "M000000000001"],
      ["acting", "settle", "M000000000001"],
      ["done", "settle", "M000000000001"],
    ]);
    const [booked] = counter.standing();
    expect(entries.at(-1)?.detail).toMatchObject({ infno: "2207", msgid: booked?.msgid, setlId: booked?.settlementId, medType: "11" });
    expect(entries.map(({ detail }) => [detail["iptOtpNo"], detail["feeBatch"]])).toEqual(
      entries.map(() => [booked?.msgid.slice(12), booked?.msgid.slice(12)]),
    );
    expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "paid", visitId: "M000000000001" });
    expect(counter.sent).toEqual(WHOLE);
  });

  test("by an identity card, beside another visit", async () => {
    const counter = await counterWith();
    const both = ["r1", "r2"].map((reference) => runMedicalPurchase(counter.ports, { ...visitBasket(reference), credential: RESIDENT }, MEDICAL_LIMITS));
    expect((await counter.clock.resolve(Promise.all(both))).map(({ kind }) => kind)).toContain("paid");
    expect(openVisits(counter).every(({ settled }) => settled)).toBe(true);
  });

  test("the booking repeats what the trial has worked out, and names the invoice", async () => {
    const counter = await counterWith();
    await buy(counter, visitBasket("r1"));
    const data = (infno: string) => (JSON.parse(counter.bodies[counter.sent.indexOf(infno)] ?? "") as { readonly input: { readonly data: object } }).input.data;
    expect(data("2207")).toEqual({
      ...data("2206"),
      invono: "Ir1",
      fulamt_ownpay_amt: "39.90",
      overlmt_selfpay: "0.00",
      preselfpay_amt: expect.any(String),
      inscp_scp_amt: expect.any(String),
    });
  });

  test("without a doctor nothing is begun", async () => {
    const counter = await counterWith();
    const { clinic: _, ...request } = visitBasket("r1");
    expect(await buy(counter, request)).toEqual({ kind: "refused", reason: "clinic-missing" });
    expect([counter.sent, await counter.states()]).toEqual([[], []]);
  });
});

describe("the visit of a settlement that was taken back", () => {
  const LIMITS = { timeoutMs: 5000, signal: new AbortController().signal };

  test("is cancelled by the settlement's record, once, and again without harm", async () => {
    const counter = await counterWith();
    const outcome = await buy(counter, visitBasket("r1"));
    const subject = outcome.kind === "paid" ? outcome.subject : "";
    const undo = () => counter.clock.resolve(undoVisitOf(counter.ports, subject, LIMITS));
    // While the settlement stands the insurer keeps its visit.
    expect([await undo(), openVisits(counter)]).toEqual(["refused", [{ settled: true, fees: 3 }]]);
    counter.insurer.voidAtHost(counter.standing()[0]?.settlementId ?? "");
    counter.planOnce("2202", "lost-before");
    expect(await undo()).toBe("silent");
    expect([await undo(), await undo()]).toEqual(["undone", "refused"]);
    expectNothingLeft(counter);
  });

  test("that had none, or that nobody knows", async () => {
    const counter = await counterWith();
    const outcome = await buy(counter, { ...visitBasket("r1"), visit: "pharmacy" });
    const subjects = [outcome.kind === "paid" ? outcome.subject : "", "nobody-1"];
    const sent = counter.sent.length;
    for (const subject of subjects) {
      const undone = await counter.clock.resolve(undoVisitOf(counter.ports, subject, LIMITS));
      expect(undone).toBe("refused");
    }
    expect(counter.sent.length).toBe(sent);
  });
});

describe("a visit that comes to nothing is taken back before anybody is told so", () => {
  test("refused at its registration there is nothing to take back", async () => {
    for (const [fate, reason] of [
      ["refusal", "host-refused"],
      ["not-sent", "host-unreachable"],
    ] as const) {
      const counter = await counterWith();
      if (fate === "not-sent") counter.planOnce("2201", fate);
      else planInsurerFault(counter.insurer.faults, "2201", INSURER_FAULTS[fate]);
      expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "refused", reason });
      expect(await counter.states()).toEqual(["prepared", "refused"]);
      expect(counter.sent).not.toContain("2202");
      expectNothingLeft(counter);
      expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "paid" });
    }
  });

  test.each(STAGES)("refused by the insurer at %s", async (infno) => {
    const counter = await counterWith();
    planInsurerFault(counter.insurer.faults, infno, INSURER_FAULTS.refusal);
    expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "refused", reason: "host-refused" });
    expect(counter.sent.slice(-2)).toEqual(["2205", "2202"]);
    expect(await counter.states()).toEqual(["prepared", "acting", "refused"]);
    expectNothingLeft(counter);
    expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "paid" });
  });

  test.each(STAGES.flatMap((infno) => (["lost-before", "lost-after", "not-sent"] as const).map((fate) => [infno, fate] as const)))(
    "%s %s",
    async (infno, fate: MessageFate) => {
      const counter = await counterWith();
      counter.planOnce(infno, fate);
      expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "refused", reason: "host-unreachable" });
      expect(await counter.states()).toEqual(["prepared", "acting", "refused"]);
      expectNothingLeft(counter);
      expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "paid" });
    },
  );

  test.each<[string, CounterOptions, Partial<MedicalPurchaseRequest>, string]>([
    ["the counter gives up", {}, { confirms: true, desk: new ScriptedDesk([{ answer: "cancel" }]) }, "cancelled"],
    ["nobody confirms", {}, { confirms: true, desk: new ScriptedDesk() }, "no-answer"],
    ["a wrong PIN", { holder: [{ kind: "enters", digits: "000000" }] }, {}, "pin-wrong"],
    ["no PIN", { holder: [{ kind: "cancels" }] }, {}, "pin-cancelled"],
  ])("%s", async (_, options, change, reason) => {
    const counter = await counterWith(options);
    expect(await buy(counter, { ...visitBasket("r1"), ...change })).toMatchObject({ kind: "refused", reason });
    expect(counter.sent.slice(-3)).toEqual(["2206", "2205", "2202"]);
    expect(await counter.states()).toEqual(["prepared", "acting", "refused"]);
    expectNothingLeft(counter);
  });

  test("another card before the PIN", async () => {
    const counter = await counterWith();
    const desk = new ScriptedDesk([{ answer: "confirm" }], () => counter.reader.swap(testCard({ serial: 10, interface: "contact" })));
    expect(await buy(counter, { ...visitBasket("r1"), confirms: true, desk })).toMatchObject({ kind: "refused", reason: "card-swapped" });
    expectNothingLeft(counter);
  });

  test("a settlement that is refused, or certainly never left", async () => {
    const refused = await counterWith();
    planInsurerFault(refused.insurer.faults, "2207", INSURER_FAULTS.refusal);
    expect(await buy(refused, visitBasket("r1"))).toMatchObject({ kind: "refused", reason: "host-refused" });
    expect(await refused.states()).toEqual(["prepared", "acting", "acting", "refused"]);
    expectNothingLeft(refused);
    const expired = await counterWith();
    expired.planOnce("2207", "not-sent");
    expect(await buy(expired, visitBasket("r1"))).toMatchObject({ kind: "refused", reason: "request-expired" });
    expect(await expired.states()).toEqual(["prepared", "acting", "acting", "void"]);
    expectNothingLeft(expired);
    expect(await buy(expired, visitBasket("r1"))).toMatchObject({ kind: "paid" });
  });

  test.each(["2205", "2202"])("while %s is not answered the outcome is unknown, and the background goes on", async (infno) => {
    for (const fate of ["lost-before", "lost-after", "not-sent"] as const) {
      const counter = await counterWith({ holder: [{ kind: "cancels" }] });
      counter.planOnce(infno, fate);
      expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "unknown" });
      expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "unknown", reason: "earlier-sale-open" });
      expect(await buy(counter, visitBasket("r2"))).toMatchObject({ kind: "refused", reason: "earlier-sale-open" });
      expect(await counter.resolveAll()).toBeLessThan(100);
      expectNothingLeft(counter);
      expect((await counter.states()).at(-1)).toBe("void");
    }
  });
});

describe("a stage whose message is late, or whose caller has gone", () => {
  test.each(["2203", "2204"])("%s that the insurer takes up after the visit was taken back changes nothing", async (infno) => {
    const counter = await counterWith();
    planInsurerFault(counter.insurer.faults, infno, INSURER_FAULTS["late-booking"]);
    expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "refused", reason: "host-unreachable" });
    await counter.pass(120_000);
    expect(counter.insurer.lateBookings()).toBe(0);
    expectNothingLeft(counter);
  });

  test.each(["1101", "2201", "2203", "2204", "2206", "2207"])("the caller gives up while %s is under way", async (infno) => {
    const counter = await counterWith();
    const caller = new AbortController();
    counter.plan((code) => {
      if (code === infno) caller.abort();
      return "deliver";
    });
    const outcome = await counter.clock.resolve(runMedicalPurchase(counter.ports, visitBasket("r1"), { ...MEDICAL_LIMITS, signal: caller.signal }));
    // What is being booked is waited for; everything before it is taken back.
    expect(outcome.kind).toBe(infno === "2207" ? "paid" : "refused");
    expect(openVisits(counter)).toEqual(infno === "2207" ? [{ settled: true, fees: 3 }] : []);
    counter.plan(() => "deliver");
    expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "paid" });
    expect(counter.standing().length).toBe(1);
  });
});

describe("an outcome that is not known", () => {
  test("a registration without an answer books nothing, and does not stop the holder for ever", async () => {
    for (const fate of ["lost-before", "lost-after"] as const) {
      const counter = await counterWith();
      counter.planOnce("2201", fate);
      expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "unknown" });
      expect(await counter.states()).toEqual(["prepared", "unknown"]);
      expect(await counter.resolveAll()).toBeLessThan(100);
      expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "paid" });
      expect(counter.standing().length).toBe(1);
    }
  });

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
  test.each(UNKNOWN)("of a settlement, %s: reversed, and the visit taken back", async (fault) => {
    const counter = await counterWith();
    planInsurerFault(counter.insurer.faults, "2207", INSURER_FAULTS[fault]);
    expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "unknown" });
    expect(await counter.states()).toEqual(["prepared", "acting", "acting", "unknown"]);
    expect(await counter.resolveAll()).toBeLessThan(100);
    expectNothingLeft(counter);
    expect((await counter.states()).at(-1)).toBe("void");
    expect(await buy(counter, visitBasket("r1"))).toMatchObject({ kind: "paid" });
    expect(counter.standing().length).toBe(1);
  });

  test("a planted rule that does not take the visit back leaves it at the insurer", async () => {
    const counter = await counterWith({ holder: [{ kind: "cancels" }] });
    const careless: MedicalPurchaseRules = {
      ...MEDICAL_PURCHASE_RULES,
      "verifying-pin": { ...MEDICAL_PURCHASE_RULES["verifying-pin"], stopped: (_, event) => rules.refuseStopped(_, event) },
    };
    expect(await buy(counter, visitBasket("r1"), careless)).toMatchObject({ kind: "refused", reason: "pin-cancelled" });
    expect(openVisits(counter)).toEqual([{ settled: false, fees: 3 }]);
  });
});

describe("power cuts", () => {
  const CODES = ["2201", "2203", "2204", "2206", "2207"];
  for (const fate of ["power-cut-before", "power-cut-after"] as const) {
    test.each(CODES)(`${fate} %s reached the host: settled once in the end, nothing else stands`, async (infno) => {
      const counter = await counterWith();
      counter.planOnce(infno, fate);
      expect(await buyUntilCut(counter, "r1")).toBeUndefined();
      await nextLife(counter);
      await counter.resolveAll();
      // A registration whose number nobody has heard cannot be named; it holds no fees and no money.
      expect(openVisits(counter)).toEqual(infno === "2201" && fate === "power-cut-after" ? [{ settled: false, fees: 0 }] : []);
      expect(await buyUntilCut(counter, "r1")).toMatchObject({ kind: "paid" });
      expect(counter.standing().length).toBe(1);
    });

    test.each(["2205", "2202"])(`${fate} %s, while the visit is being taken back`, async (infno) => {
      const counter = await counterWith({ holder: [{ kind: "cancels" }] });
      counter.planOnce(infno, fate);
      expect(await buyUntilCut(counter, "r1")).toBeUndefined();
      await nextLife(counter);
      await counter.resolveAll();
      expectNothingLeft(counter);
    });
  }

  test.each([true, false])("a disk that breaks at every commit (written: %s): settled once in the end", async (written) => {
    for (let at = 1; at <= 10; at += 1) {
      const counter = await counterWith();
      let seen = 0;
      counter.disk.onCommit(() => {
        seen += 1;
        return seen === at ? { kind: "broken", written } : { kind: "go" };
      });
      const outcome = await buyUntilCut(counter, "r1");
      // Once anything may stand at the insurer nobody is told that nothing does.
      expect(counter.sent.includes("2201") ? ["unknown"] : ["refused", "unknown"]).toContain(outcome?.kind);
      await nextLife(counter);
      await counter.resolveAll();
      expect(await buyUntilCut(counter, "r1")).toMatchObject({ kind: "paid" });
      expect(counter.standing().length).toBe(1);
      expect(openVisits(counter).filter(({ settled, fees }) => !settled && fees > 0)).toEqual([]);
    }
  });

  test.each(["before", "during", "after"] as const)("%s every commit: settled once in the end", async (when) => {
    const counted = await counterWith();
    let commits = 0;
    counted.disk.onCommit(() => {
      commits += 1;
      return { kind: "go" };
    });
    await buy(counted, visitBasket("r1"));
    expect(commits).toBe(10);
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
      expect(openVisits(counter).filter(({ settled, fees }) => !settled && fees > 0)).toEqual([]);
    }
  });
});
