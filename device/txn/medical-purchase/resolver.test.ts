/* Voids of unknown outcome, and where an unknown settlement is looked for. */
import { describe, expect, test } from "vitest";
import { INSURER_FAULTS, planInsurerFault } from "../../../simulators/host/medical/insurer-faults.ts";
import type { Settlement } from "../../../simulators/host/medical/insurer-ledger.ts";
import type { MedicalPurchaseRequest } from "./ports.ts";
import { runMedicalPurchase } from "./run.ts";
import { basket, type CounterOptions, MEDICAL_LIMITS, PERSON, SimulatedCounter, visitBasket } from "./testing.ts";

const OWN_RECEIVER = "GSXT";
/** An injury at work, whose insurer has a receiver of its own. */
const WORK_INJURY: CounterOptions = {
  region: { medicalTypes: ["22"], receivers: { "22": OWN_RECEIVER } },
  variants: { receivers: { "22": OWN_RECEIVER } },
  person: { workInjury: true },
};
/** Before 1101 has named the person nobody knows whose insurer is meant. */
const TO_THE_USUAL: readonly string[] = ["9001", "1101"];

interface Bench {
  readonly counter: SimulatedCounter;
  readonly sale: Settlement;
  readonly ended: (readonly [string, string])[];
  readonly subject: string;
}

/** A settlement that stands, and a void of it of which nobody knows. */
async function unknownVoid(options: CounterOptions = {}, more: Partial<MedicalPurchaseRequest> = {}): Promise<Bench> {
  const counter = new SimulatedCounter(options);
  await counter.clock.resolve(counter.switchOn());
  const outcome = await counter.clock.resolve(runMedicalPurchase(counter.ports, { ...basket("r1"), ...more }, MEDICAL_LIMITS));
  const [sale] = counter.standing();
  if (outcome.kind !== "paid" || sale === undefined) throw new Error("the sale is settled");
  const draft = {
    kind: "medical-void" as const,
    amount: outcome.total,
    personal: { psnNo: PERSON },
    detail: {
      reference: "o1.v1",
      order: "o1",
      msgid: "P53010000001202601051200591009",
      infno: "2103",
      setlId: sale.settlementId,
      mdtrtId: sale.visitId,
      insuranceArea: "530102",
      ...(options.region?.receivers === undefined ? {} : { receiver: OWN_RECEIVER }),
      settleTimeoutMs: 10_000,
      original: outcome.subject,
    },
  };
  const { subject } = await counter.clock.resolve(counter.ports.journal.append({ ...draft, state: "prepared" }));
  await counter.clock.resolve(counter.ports.journal.append({ ...draft, subject, state: "unknown" }));
  return { counter, sale, ended: [], subject };
}

function round({ counter, ended }: Bench) {
  return counter.resolve({ onResolved: (subject, state) => ended.push([subject, state]) });
}

function voidAtInsurer({ counter, sale }: Bench): void {
  counter.ledger.takeBack(sale, { status: "voided", msgid: "v", atMs: counter.clock.wallMs() });
}

async function end({ counter }: Bench): Promise<unknown> {
  const last = (await counter.entries()).at(-1);
  return [last?.state, last?.detail["reason"], last?.resolves];
}

describe("a void of unknown outcome", () => {
  test("that the insurer has done is done, and whoever waits is told", async () => {
    const bench = await unknownVoid();
    voidAtInsurer(bench);
    expect(await round(bench)).toMatchObject({ resolved: 1, open: 0 });
    expect(await end(bench)).toEqual(["done", "voided", 4]);
    expect(bench.ended).toEqual([[bench.subject, "done"]]);
    expect(bench.counter.sent).not.toContain("2601");
  });

  test("that may still arrive decides nothing; afterwards it has never happened and may be tried again", async () => {
    const bench = await unknownVoid();
    expect(await round(bench)).toMatchObject({ resolved: 0, open: 1 });
    await bench.counter.pass(69_000);
    expect(await round(bench)).toMatchObject({ open: 1 });
    await bench.counter.pass(20_000);
    expect(await round(bench)).toMatchObject({ resolved: 1 });
    expect(await end(bench)).toEqual(["void", "not-voided", 4]);
    expect(bench.ended).toEqual([[bench.subject, "void"]]);
    expect(bench.counter.standing().length).toBe(1);
  });

  test("that arrives late is done", async () => {
    const bench = await unknownVoid();
    await round(bench);
    await bench.counter.pass(50_000);
    voidAtInsurer(bench);
    await bench.counter.resolveAll();
    expect(await end(bench)).toEqual(["done", "voided", 4]);
  });

  test("is read in the statement where the query refuses", async () => {
    const bench = await unknownVoid();
    voidAtInsurer(bench);
    planInsurerFault(bench.counter.insurer.faults, "5203", INSURER_FAULTS.refusal);
    const before = bench.counter.sent.length;
    expect(await round(bench)).toMatchObject({ resolved: 1 });
    expect(bench.counter.sent.slice(before)).toEqual(["5203", "9101", "3202", "9102"]);
    expect(await end(bench)).toEqual(["done", "voided", 4]);
  });

  test("of a settlement that neither query nor statement shows stays open", async () => {
    const bench = await unknownVoid();
    bench.counter.ledger.takeBack(bench.sale, { status: "reversed", msgid: "x", atMs: bench.counter.clock.wallMs() });
    await bench.counter.pass(600_000);
    expect(await round(bench)).toMatchObject({ resolved: 0, open: 1 });
  });

  test.each(["lost-before", "lost-after", "not-sent", "power-cut-before", "power-cut-after"] as const)(
    "while the query is %s nothing is decided",
    async (fate) => {
      const bench = await unknownVoid();
      voidAtInsurer(bench);
      bench.counter.planOnce("5203", fate);
      void bench.counter.startRound();
      await bench.counter.clock.runUntil(bench.counter.clock.monotonicMs() + 8000, () => !bench.counter.on);
      if (!bench.counter.on) await bench.counter.clock.resolve(bench.counter.switchOn());
      expect((await bench.counter.states()).at(-1)).toBe("unknown");
      bench.counter.plan(() => "deliver");
      await bench.counter.resolveAll();
      expect(await end(bench)).toEqual(["done", "voided", 4]);
    },
  );
});

test("an unknown settlement is looked for in the books that its trial has named, within the days around it", async () => {
  const counter = new SimulatedCounter();
  await counter.clock.resolve(counter.switchOn());
  counter.planOnce("2102", "lost-after");
  await counter.clock.resolve(runMedicalPurchase(counter.ports, basket("r1"), MEDICAL_LIMITS));
  counter.plan(() => "deliver");
  await counter.resolveAll();
  const question = counter.bodies
    .map((body) => JSON.parse(body) as { infno: string; input: { data?: Record<string, string> } })
    .find(({ infno }) => infno === "3202");
  expect(question?.input.data).toMatchObject({ setl_optins: "530102", clr_type: "41", stmt_begndate: "2026-01-03", stmt_enddate: "2026-01-07" });
  expect((await counter.entries())[0]?.detail).toMatchObject({ clrOptins: "530102", clrType: "41" });
});

describe("with an insurer that has a receiver of its own", () => {
  /** What was sent from there on, each with the receiver that it went to. */
  function sentFrom(counter: SimulatedCounter, first: number): readonly (readonly [string, string])[] {
    return counter.bodies.slice(first).map((body) => {
      const { infno, recer_sys_code: receiver } = JSON.parse(body) as { readonly infno: string; readonly recer_sys_code: string };
      return [infno, receiver];
    });
  }

  test.each([
    ["at a pharmacy", basket("r1"), "2102", "lost-after", ["2601", "9101", "3202", "9102"]],
    ["of a visit", visitBasket("r1"), "2207", "lost-after", ["2601"]],
    ["of a visit that came to nothing", visitBasket("r1"), "2204", "lost-after", ["2205", "2202"]],
    ["of a registration", visitBasket("r1"), "2201", "lost-after", []],
  ] as const)("an unknown settlement %s is taken back there", async (_, request, infno, fate, expected) => {
    const counter = new SimulatedCounter(WORK_INJURY);
    await counter.clock.resolve(counter.switchOn());
    counter.planOnce(infno, fate);
    await counter.clock.resolve(runMedicalPurchase(counter.ports, { ...request, medicalType: "22" }, MEDICAL_LIMITS));
    await counter.resolveAll();
    const sent = sentFrom(counter, 0).filter(([code]) => !TO_THE_USUAL.includes(code));
    expect(sent.filter(([, receiver]) => receiver !== OWN_RECEIVER)).toEqual([]);
    expect(sent.map(([code]) => code)).toEqual(expect.arrayContaining([...expected]));
    expect(counter.standing()).toEqual([]);
  });

  test("an unknown void is looked for there, by query and by statement", async () => {
    const bench = await unknownVoid(WORK_INJURY, { medicalType: "22" });
    voidAtInsurer(bench);
    planInsurerFault(bench.counter.insurer.faults, "5203", INSURER_FAULTS.refusal);
    const before = bench.counter.bodies.length;
    expect(await round(bench)).toMatchObject({ resolved: 1 });
    expect(sentFrom(bench.counter, before)).toEqual(["5203", "9101", "3202", "9102"].map((code) => [code, OWN_RECEIVER]));
  });
});
