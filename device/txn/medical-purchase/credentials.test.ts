/* Who the holder is, by whatever credential: and that no credential leaves a trace that could be used again. */
import { describe, expect, test } from "vitest";
import type { Credential } from "../medical-desk/basket.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { MedicalPurchaseRequest } from "./ports.ts";
import { runMedicalPurchase } from "./run.ts";
import { basket, type CounterOptions, MEDICAL_LIMITS, PERSON, RESIDENT, ScriptedDesk, SimulatedCounter } from "./testing.ts";
import type { MedicalOutcome } from "./types.ts";

async function counterWith(options: CounterOptions = {}): Promise<SimulatedCounter> {
  const counter = new SimulatedCounter(options);
  await counter.clock.resolve(counter.switchOn());
  return counter;
}

function buy(counter: SimulatedCounter, request: MedicalPurchaseRequest): Promise<MedicalOutcome> {
  return counter.clock.resolve(runMedicalPurchase(counter.ports, request, MEDICAL_LIMITS));
}

function eCode(counter: SimulatedCounter): Credential & { readonly kind: "e-code"; readonly code: string } {
  const code = counter.insurer.issueECode(PERSON);
  if (code === undefined) throw new Error("the insurer knows the person");
  return { kind: "e-code", code };
}

/** Everything that stays: the journal with its personal fields opened, and what was told and answered. */
async function traces(counter: SimulatedCounter, outcome: MedicalOutcome, desk: ScriptedDesk): Promise<string> {
  return JSON.stringify([await counter.entries(), outcome, desk.told, desk.asked]);
}

describe("without a card", () => {
  test("an e-code that the counter has scanned", async () => {
    const counter = await counterWith();
    counter.reader.remove();
    const credential = eCode(counter);
    const desk = new ScriptedDesk();
    const outcome = await buy(counter, { ...basket("r1"), credential, desk });
    expect(outcome).toMatchObject({ kind: "paid", cash: 3990, visitId: counter.standing()[0]?.visitId });
    expect(counter.sent).toEqual(["9001", "1101", "2101", "2102"]);
    expect(desk.steps).toEqual(["pre-settled", "settling", "settled"]);
    expect(counter.bodies[1]).toContain(`"mdtrt_cert_type":"01"`);
    expect(counter.bodies[1]).not.toContain("card_sn");
    expect(await traces(counter, outcome, desk)).not.toContain(credential.code);
    expect((await counter.entries()).at(-1)?.personal).toEqual({ psnNo: PERSON });
  });

  test("the number and the name of an identity card", async () => {
    const counter = await counterWith();
    const desk = new ScriptedDesk();
    const outcome = await buy(counter, { ...basket("r1"), credential: RESIDENT, desk });
    expect(outcome).toMatchObject({ kind: "paid" });
    expect(counter.bodies[1]).toContain(`"mdtrt_cert_type":"02"`);
    const left = await traces(counter, outcome, desk);
    expect([left.includes(RESIDENT.number), left.includes(RESIDENT.name)]).toEqual([false, false]);
  });

  test("the terminal's own scanner reads an e-code, and takes nothing else for one", async () => {
    const code = `424${"0".repeat(24)}7`;
    const counter = await counterWith({ scans: [code] });
    counter.ledger.eCodes.issue({ token: code, personNumber: PERSON, issuedAtMs: counter.clock.wallMs(), validMs: 60_000 });
    expect(await buy(counter, { ...basket("r1"), credential: { kind: "e-code" } })).toMatchObject({ kind: "paid" });
    const other = await counterWith({ scans: ["81234567890123456789"] });
    expect(await buy(other, { ...basket("r1"), credential: { kind: "e-code" } })).toEqual({ kind: "refused", reason: "code-not-scanned" });
    expect(other.sent).toEqual([]);
  });

  test.each<[string, CounterOptions, Credential, string]>([
    ["no scanner", {}, { kind: "e-code" }, "code-not-scanned"],
    ["nothing under the scanner", { scans: [] }, { kind: "e-code" }, "code-not-scanned"],
    ["a code longer than the interface takes", {}, { kind: "e-code", code: "4".repeat(51) }, "code-too-long"],
    ["such a code under the scanner", { scans: ["4".repeat(51)] }, { kind: "e-code" }, "code-too-long"],
    [
      "a long code of a pack under the scanner",
      { scans: [`\u001d${"0106901234567892"}21${"7".repeat(30)}\u001d10ABCDE`] },
      { kind: "e-code" },
      "code-not-scanned",
    ],
    ["a code that is none", {}, { kind: "e-code", code: "a code\n" }, "code-not-scanned"],
    ["an e-code that nobody has issued", {}, { kind: "e-code", code: "0".repeat(28) }, "host-refused"],
    ["an identity card of nobody", {}, { ...RESIDENT, number: "530102198001010027" }, "host-refused"],
    ["an identity card with another's name", {}, { ...RESIDENT, name: "其他人员" }, "host-refused"],
    ["a credential that the region does not take", { region: { credentials: ["card"] } }, RESIDENT, "credential-not-offered"],
  ])("%s settles nothing", async (_, options, credential, reason) => {
    const counter = await counterWith(options);
    expect(await buy(counter, { ...basket("r1"), credential })).toMatchObject({ kind: "refused", reason });
    expect([await counter.states(), counter.standing()]).toEqual([[], []]);
  });

  test("an e-code that has expired between the trial and the booking is a refusal with its record", async () => {
    const counter = await counterWith({ variants: { eCodeValidMs: 30_000 } });
    const desk = new ScriptedDesk([{ answer: "confirm" }], () => counter.clock.jumpWall(40_000));
    expect(await buy(counter, { ...basket("r1"), credential: eCode(counter), confirms: true, desk })).toMatchObject({
      kind: "refused",
      reason: "host-refused",
    });
    expect([await counter.states(), counter.standing()]).toEqual([["prepared", "refused"], []]);
  });

  test("two e-codes settle at once beside a card; the card's lane stays its own", async () => {
    const counter = await counterWith();
    const requests = [{ ...basket("r1"), credential: eCode(counter) }, { ...basket("r2"), credential: eCode(counter) }, basket("r3"), basket("r4")];
    const outcomes = await counter.clock.resolve(Promise.all(requests.map((request) => runMedicalPurchase(counter.ports, request, MEDICAL_LIMITS))));
    expect(outcomes.slice(0, 2).map(({ kind }) => kind)).toEqual(["paid", "paid"]);
    expect(outcomes[3]).toEqual({ kind: "refused", reason: "lane-busy" });
    expect(new Set(counter.standing().map(({ msgid }) => msgid)).size).toBe(counter.standing().length);
    expect(counter.standing().length).toBe(outcomes.filter(({ kind }) => kind === "paid").length);
  });

  test("one reference is one sale, however many ask for it at once", async () => {
    const counter = await counterWith();
    const request = { ...basket("r1"), credential: eCode(counter) };
    const both = await counter.clock.resolve(Promise.all([request, request].map((each) => runMedicalPurchase(counter.ports, each, MEDICAL_LIMITS))));
    expect(both.map((outcome) => (outcome.kind === "refused" ? outcome.reason : outcome.kind))).toEqual(["paid", "in-progress"]);
    expect(counter.standing().length).toBe(1);
  });
});

describe("a holder whose last settlement is not decided", () => {
  test.each(["card", "e-code", "resident-id"] as const)("is known again by %s, whatever it was begun with", async (kind) => {
    for (const begun of ["card", "e-code", "resident-id"] as const) {
      const counter = await counterWith({ variants: { eCodeUse: "many" } });
      const by = (name: typeof kind): Credential => (name === "card" ? { kind: "card" } : name === "resident-id" ? RESIDENT : eCode(counter));
      counter.planOnce("2102", "lost-after");
      expect(await buy(counter, { ...basket("r1"), credential: by(begun) })).toMatchObject({ kind: "unknown" });
      expect(await buy(counter, { ...basket("r2"), credential: by(kind) })).toEqual({ kind: "refused", reason: "earlier-sale-open" });
      await counter.resolveAll();
      expect(counter.standing()).toEqual([]);
      expect(await buy(counter, { ...basket("r2"), credential: by(kind) })).toMatchObject({ kind: "paid" });
    }
  });

  test.each(["power-cut-before", "power-cut-after"] as const)("%s the settlement of an e-code: booked once in the end, without the code", async (fate) => {
    const counter = await counterWith();
    counter.planOnce("2102", fate);
    const credential = eCode(counter);
    void runMedicalPurchase(counter.ports, { ...basket("r1"), credential }, MEDICAL_LIMITS);
    await counter.clock.runUntil(counter.clock.monotonicMs() + 60_000, () => !counter.on);
    counter.cutPower();
    counter.plan(() => "deliver");
    await counter.clock.resolve(counter.switchOn());
    await counter.clock.resolve(recoverAtStart(counter.ports));
    await counter.resolveAll();
    expect(counter.standing()).toEqual([]);
    expect(await counter.states()).toEqual(["prepared", "unknown", "void"]);
    expect(await buy(counter, { ...basket("r1"), credential: eCode(counter) })).toMatchObject({ kind: "paid" });
    expect(counter.standing().length).toBe(1);
    expect(JSON.stringify(await counter.entries())).not.toContain(credential.code);
  });
});

test("whoever serves is the sender of the purchase; the sign-in stays the terminal's", async () => {
  const counter = await counterWith();
  expect(await buy(counter, { ...basket("r1"), operator: "op7" })).toMatchObject({ kind: "paid" });
  expect(counter.bodies.map((body) => (JSON.parse(body) as { readonly opter: string }).opter)).toEqual(["op1", "op7", "op7", "op7"]);
});
