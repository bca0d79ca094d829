import { describe, expect, test } from "vitest";
import { INSURER_FAULTS, type InsurerFaultName, planInsurerFault } from "../../../simulators/host/medical/insurer-faults.ts";
import { fen } from "../../base/fen.ts";
import { runMedicalPurchase } from "../medical-purchase/run.ts";
import { basket, MEDICAL_LIMITS, PERSON, SimulatedCounter } from "../medical-purchase/testing.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import { decideVoid, FIRST_VOID_STEP, VOID_RULES } from "./machine.ts";
import { voidMark } from "./record.ts";
import { runMedicalVoid } from "./run.ts";
import type { VoidEvent, VoidOutcome, VoidState } from "./types.ts";

const INTENT = { subject: "j-9", seq: 4 };

const STATES: Readonly<Record<VoidState["at"], VoidState>> = {
  "looking-up": { at: "looking-up" },
  "signing-in": { at: "signing-in" },
  intending: { at: "intending" },
  sending: { at: "sending", intent: INTENT },
  closing: { at: "closing", subject: "j-9", outcome: { kind: "done", subject: "j-9" } },
  ended: { at: "ended", outcome: { kind: "done", subject: "j-9" } },
};

const EVENTS: Readonly<Record<string, VoidEvent>> = {
  "looked-up/new": { is: "looked-up", known: { kind: "new" } },
  "looked-up/in-progress": { is: "looked-up", known: { kind: "in-progress" } },
  "looked-up/done": { is: "looked-up", known: { kind: "done", subject: "j-9" } },
  "looked-up/open": { is: "looked-up", known: { kind: "open", subject: "j-9" } },
  "looked-up/over": { is: "looked-up", known: { kind: "over", subject: "j-9", reason: "void-refused" } },
  "looked-up/unknown": { is: "looked-up", known: { kind: "settlement-unknown" } },
  "looked-up/nothing": { is: "looked-up", known: { kind: "nothing-to-void" } },
  "signed-in": { is: "signed-in" },
  "entry-durable": { is: "entry-durable", entry: INTENT },
  "host-done": { is: "host-done" },
  "host-refused": { is: "host-refused", message: "no" },
  "not-sent": { is: "not-sent" },
  "host-undecided": { is: "host-undecided", reason: "timeout" },
  "journal-failed": { is: "journal-failed", code: "store-broken" },
};

function outcomeText(outcome: VoidOutcome): string {
  return outcome.kind === "done" ? "done" : `${outcome.kind}(${outcome.reason})`;
}

function table(): string {
  const lines: string[] = [];
  for (const state of Object.values(STATES)) {
    for (const [name, event] of Object.entries(EVENTS)) {
      const rule = VOID_RULES[state.at][event.is];
      if (rule === "impossible" || rule === "ignore") continue;
      const { state: next, commands } = decideVoid(VOID_RULES, state, event);
      const to = next.at === "ended" || next.at === "closing" ? `${next.at}:${outcomeText(next.outcome)}` : next.at;
      const acts = commands.map((command) => (command.do === "append" ? `append ${command.entry.state}` : command.do));
      lines.push([`${state.at} | ${name} | ${to}`, ...acts].join(" + "));
    }
  }
  return lines.join("\n");
}

test("the table of every state and event", () => {
  expect(`\n${table()}\n`).toBe(VOID_TABLE);
  expect(new Set(Object.values(EVENTS).map(({ is }) => is))).toEqual(new Set(Object.keys(VOID_RULES.ended)));
  for (const event of Object.values(EVENTS)) expect(decideVoid(VOID_RULES, STATES.ended, event)).toEqual({ state: STATES.ended, commands: [] });
  expect(() => decideVoid(VOID_RULES, STATES.sending, EVENTS["looked-up/new"] as VoidEvent)).toThrow("looked-up cannot happen while sending");
  expect(FIRST_VOID_STEP).toEqual({ state: { at: "looking-up" }, commands: [{ do: "look-up" }] });
});

/** A counter at which one basket was settled. */
async function settled(): Promise<{ readonly counter: SimulatedCounter; readonly original: string }> {
  const counter = new SimulatedCounter();
  await counter.clock.resolve(counter.switchOn());
  const outcome = await counter.clock.resolve(runMedicalPurchase(counter.ports, basket("c1.A1.s1"), MEDICAL_LIMITS));
  if (outcome.kind !== "paid") throw new Error("the basket is settled");
  return { counter, original: outcome.subject };
}

function takeBack(counter: SimulatedCounter, original: string, number = 1): Promise<VoidOutcome> {
  const request = { reference: `c1.A1.v${number}`, order: "c1.A1", operator: "op1", original };
  return counter.clock.resolve(runMedicalVoid(counter.ports, request, MEDICAL_LIMITS));
}

async function nextLife(counter: SimulatedCounter): Promise<void> {
  counter.cutPower();
  counter.plan(() => "deliver");
  await counter.clock.resolve(counter.switchOn());
  await counter.clock.resolve(recoverAtStart(counter.ports));
}

async function voids(counter: SimulatedCounter): Promise<readonly string[]> {
  return (await counter.entries()).filter(({ kind }) => kind === "medical-void").map(({ state }) => state);
}

describe("a void", () => {
  test("takes the settlement back once, and says so to whoever asks again, by whatever name", async () => {
    const { counter, original } = await settled();
    const done = await takeBack(counter, original);
    expect(done).toMatchObject({ kind: "done" });
    expect(await takeBack(counter, original)).toEqual(done);
    expect(await takeBack(counter, original, 2)).toEqual(done);
    expect(counter.sent.filter((infno) => infno === "2103")).toEqual(["2103"]);
    expect(counter.standing()).toEqual([]);
    const entries = (await counter.entries()).filter(({ kind }) => kind === "medical-void");
    const [booked] = counter.ledger.settlements();
    expect(entries.map(({ state }) => state)).toEqual(["prepared", "done"]);
    expect(entries[1]).toMatchObject({
      amount: 16_490,
      detail: { reference: "c1.A1.v1", order: "c1.A1", operator: "op1", infno: "2103", setlId: booked?.settlementId, mdtrtId: booked?.visitId, original },
      personal: { psnNo: PERSON },
    });
    expect(counter.ledger.voidOf(String(entries[0]?.detail["msgid"]))).toBeDefined();
  });

  test("asked for twice at the same time is sent once", async () => {
    const { counter, original } = await settled();
    const request = { reference: "c1.A1.v1", order: "c1.A1", operator: "op1", original };
    const both = [request, { ...request, reference: "c1.A1.v2" }].map((each) => runMedicalVoid(counter.ports, each, MEDICAL_LIMITS));
    expect(await counter.clock.resolve(Promise.all(both))).toMatchObject([{ kind: "done" }, { kind: "refused", reason: "in-progress" }]);
    expect(counter.sent.filter((infno) => infno === "2103").length).toBe(1);
  });

  test("of a settlement that is not decided, or not there, is refused and nothing is sent", async () => {
    const { counter, original } = await settled();
    counter.planOnce("2102", "lost-after");
    await counter.clock.resolve(runMedicalPurchase(counter.ports, basket("c1.A2.s1"), MEDICAL_LIMITS));
    const [open] = await counter.clock.resolve(counter.ports.journal.openSubjects({ limit: 10 }));
    expect(await takeBack(counter, open?.subject ?? "")).toEqual({ kind: "refused", reason: "settlement-unknown" });
    expect(await takeBack(counter, "no-such-subject", 2)).toEqual({ kind: "refused", reason: "nothing-to-void" });
    await counter.resolveAll();
    expect(await takeBack(counter, open?.subject ?? "", 3)).toEqual({ kind: "refused", reason: "nothing-to-void" });
    expect(counter.sent).not.toContain("2103");
    expect(await takeBack(counter, original, 4)).toMatchObject({ kind: "done" });
  });

  test("that the insurer refuses leaves the settlement standing; another attempt has another name", async () => {
    const { counter, original } = await settled();
    planInsurerFault(counter.insurer.faults, "2103", INSURER_FAULTS.refusal);
    const refused = await takeBack(counter, original);
    expect(refused).toMatchObject({ kind: "refused", reason: "void-refused", message: "2103: the host is being maintained" });
    expect(await takeBack(counter, original)).toMatchObject({ kind: "refused", reason: "void-refused" });
    expect(counter.standing().length).toBe(1);
    expect(await takeBack(counter, original, 2)).toMatchObject({ kind: "done" });
    expect(counter.standing()).toEqual([]);
  });

  test("that never left is void itself, and one for which nobody could sign in was never begun", async () => {
    const { counter, original } = await settled();
    counter.planOnce("2103", "not-sent");
    expect(await takeBack(counter, original)).toMatchObject({ kind: "refused", reason: "request-expired" });
    expect(await voids(counter)).toEqual(["prepared", "void"]);
    await nextLife(counter);
    counter.planOnce("9001", "not-sent");
    expect(await takeBack(counter, original, 2)).toEqual({ kind: "refused", reason: "host-unreachable" });
    expect(await takeBack(counter, original, 2)).toMatchObject({ kind: "done" });
  });

  test("that was taken over from the insurer while this one signed in is done, and nothing is sent", async () => {
    const { counter, original } = await settled();
    counter.ports.signIns.forget();
    const draft = { kind: "medical-void", amount: fen(1), detail: { reference: "import.1", original }, personal: { psnNo: PERSON } } as const;
    const marks = [{ name: voidMark(original), value: "import.1" }];
    const takeOver = async () => {
      const { subject } = await counter.ports.journal.append({ ...draft, state: "prepared", marks, subjectMark: "sale/import.1" });
      await counter.ports.journal.append({ ...draft, subject, state: "done" });
    };
    counter.plan((infno) => {
      if (infno === "9001") void takeOver();
      return "deliver";
    });
    expect(await takeBack(counter, original)).toMatchObject({ kind: "done" });
    expect(counter.sent).not.toContain("2103");
    expect(await counter.clock.resolve(counter.ports.journal.mark(voidMark(original)))).toBe("import.1");
  });

  const SILENCES: readonly InsurerFaultName[] = [
    "no-reply-booked",
    "no-reply-not-booked",
    "system-error-booked",
    "empty-infcode-booked",
    "unparsable-not-booked",
  ];
  test.each(SILENCES)("whose answer is missing (%s) is unknown, and nothing more is sent until it is decided", async (fault) => {
    const { counter, original } = await settled();
    planInsurerFault(counter.insurer.faults, "2103", INSURER_FAULTS[fault]);
    expect(await takeBack(counter, original)).toMatchObject({ kind: "unknown" });
    expect(await takeBack(counter, original)).toMatchObject({ kind: "unknown", reason: "earlier-sale-open" });
    expect(await takeBack(counter, original, 2)).toMatchObject({ kind: "unknown", reason: "earlier-sale-open" });
    await nextLife(counter);
    expect(await takeBack(counter, original, 2)).toMatchObject({ kind: "unknown", reason: "earlier-sale-open" });
    expect(await voids(counter)).toEqual(["prepared", "unknown"]);
    expect(counter.sent.filter((infno) => infno === "2103").length).toBe(1);
  });

  test("keeps its promises when the power fails at any write and at any message", async () => {
    for (const when of ["before", "during", "after"] as const) {
      for (const write of [1, 2]) {
        const { counter, original } = await settled();
        let writes = 0;
        counter.disk.onCommit(() => {
          writes += 1;
          return writes === write ? { kind: "cut", when } : { kind: "go" };
        });
        await afterCut(counter, original);
      }
    }
    for (const fate of ["power-cut-before", "power-cut-after"] as const) {
      const { counter, original } = await settled();
      counter.planOnce("2103", fate);
      await afterCut(counter, original);
    }
  });
});

/** Takes back until the answer or the cut; afterwards the journal never says more than the insurer's books. */
async function afterCut(counter: SimulatedCounter, original: string): Promise<void> {
  let outcome: VoidOutcome | undefined;
  void runMedicalVoid(counter.ports, { reference: "c1.A1.v1", order: "c1.A1", operator: "op1", original }, MEDICAL_LIMITS).then((value) => {
    outcome = value;
  });
  await counter.clock.runUntil(counter.clock.monotonicMs() + 60_000, () => outcome !== undefined || !counter.on);
  await counter.pass(1000);
  await nextLife(counter);
  const again = await takeBack(counter, original);
  if (again.kind === "done") expect(counter.standing()).toEqual([]);
  else expect(again).toMatchObject({ kind: "unknown" });
  expect(counter.sent.filter((infno) => infno === "2103").length).toBeLessThanOrEqual(1);
}

const VOID_TABLE = `
looking-up | looked-up/new | signing-in + sign-in
looking-up | looked-up/in-progress | ended:refused(in-progress)
looking-up | looked-up/done | ended:done
looking-up | looked-up/open | ended:unknown(earlier-sale-open)
looking-up | looked-up/over | ended:refused(void-refused)
looking-up | looked-up/unknown | ended:refused(settlement-unknown)
looking-up | looked-up/nothing | ended:refused(nothing-to-void)
looking-up | journal-failed | ended:refused(store-broken)
signing-in | signed-in | intending + append-intent
signing-in | host-refused | ended:refused(host-unreachable)
signing-in | not-sent | ended:refused(host-unreachable)
signing-in | host-undecided | ended:refused(host-unreachable)
signing-in | journal-failed | ended:refused(store-broken)
intending | looked-up/new | signing-in + sign-in
intending | looked-up/in-progress | ended:refused(in-progress)
intending | looked-up/done | ended:done
intending | looked-up/open | ended:unknown(earlier-sale-open)
intending | looked-up/over | ended:refused(void-refused)
intending | looked-up/unknown | ended:refused(settlement-unknown)
intending | looked-up/nothing | ended:refused(nothing-to-void)
intending | entry-durable | sending + send
intending | journal-failed | ended:refused(store-broken)
sending | host-done | closing:done + append done
sending | host-refused | closing:refused(void-refused) + append refused
sending | not-sent | closing:refused(request-expired) + append void
sending | host-undecided | closing:unknown(timeout) + append unknown
closing | entry-durable | ended:done
closing | journal-failed | ended:unknown(store-broken)
`;
