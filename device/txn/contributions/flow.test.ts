/* One bill at a counter: what is told, what is at the bank, what is in the agency's books, and what stands in the journal. */
import { describe, expect, it } from "vitest";
import { AGENCY_FAULTS, type AgencyFaultName, planAgencyFault } from "../../../simulators/host/agency/faults.ts";
import { fen } from "../../base/fen.ts";
import { DEFAULT_AGENCY_PROFILE } from "../agency/profile.ts";
import { receiptSlip } from "../receipts/receipt.ts";
import type { CaseWord, ContributionOutcome } from "./acts.ts";
import { type BankFate, BILL, ContributionDesk, contribution, type DeskOptions, WAIT } from "./testing.ts";

async function deskOf(options: DeskOptions = {}): Promise<ContributionDesk> {
  const desk = new ContributionDesk(options);
  await desk.clock.resolve(desk.switchOn());
  return desk;
}

function pay(desk: ContributionDesk, more: Parameters<typeof contribution>[0] = {}): Promise<ContributionOutcome> {
  return desk.clock.resolve(desk.opened.acts.pay(contribution(more), WAIT));
}

function fault(desk: ContributionDesk, name: AgencyFaultName, service = "contribution-confirm"): void {
  planAgencyFault(desk.agency.faults, service, AGENCY_FAULTS[name]);
}

describe("a bill", () => {
  it("is told, paid, confirmed and printed", async () => {
    const desk = await deskOf();
    const told = await desk.clock.resolve(desk.opened.acts.bills({ operator: "op1" }, WAIT));
    expect(told).toEqual({
      kind: "bills",
      bills: [
        { billId: "B9-2026-M", insurance: "resident-medical", period: "2026", amount: 40_000 },
        { billId: "B9-2026-P", insurance: "resident-pension", period: "2026", amount: 100_000 },
        { billId: "B9-2026-E", insurance: "examination", period: "202612", amount: 6_500 },
      ],
    });
    const outcome = await pay(desk);
    expect(outcome).toMatchObject({ kind: "confirmed", amount: 40_000, receiptNumber: "R000000000001" });
    expect(desk.bank.held("A1")).toBe(40_000);
    expect(desk.agency.ledger.bill(BILL.billId)).toMatchObject({ state: "paid", payment: "bank-A1.b1" });
    expect(await desk.states()).toEqual(["prepared payment", "acting confirm", "done"]);
    expect(desk.printed).toHaveLength(1);
    expect(desk.printed[0]).toContain("社保缴费凭证");
    expect(desk.printed[0]).toContain("R000000000001");
    expect(desk.printed[0]).not.toContain("T0000009");
    expect(await desk.clock.resolve(desk.opened.acts.openCases(10))).toEqual([]);
  });

  it("is the same for the same reference, and pays once", async () => {
    const desk = await deskOf();
    const first = await pay(desk);
    expect(await pay(desk)).toEqual(first);
    expect(await desk.clock.resolve(desk.opened.acts.known("A1"))).toEqual(first);
    expect(desk.bank.held("A1")).toBe(40_000);
    expect(await pay(desk, { amount: fen(1) })).toEqual({ kind: "refused", reason: "reference-used" });
  });

  it("is printed again from its record", async () => {
    const desk = await deskOf();
    await pay(desk);
    const data = await desk.clock.resolve(desk.opened.acts.receipt("A1"));
    expect(data).toMatchObject({ slip: "contribution", stands: "paid", receiptNumber: "R000000000001", saleNumber: "A1" });
    expect(data === undefined ? 0 : receiptSlip(data, { copy: true }).length).toBeGreaterThan(5);
    expect(await desk.clock.resolve(desk.opened.acts.receipt("A2"))).toBeUndefined();
  });

  it("keeps card and person out of what is not sealed", async () => {
    const desk = await deskOf();
    await pay(desk);
    const entries = await desk.entries();
    expect(JSON.stringify(entries.map(({ detail }) => detail))).not.toMatch(/T0000009|测试/);
    expect(entries.every(({ personal }) => personal?.["cardNumber"] !== undefined)).toBe(true);
  });
});

describe("nothing is begun", () => {
  it.each([
    ["another amount", { amount: fen(1) }, "amount-changed"],
    ["a bill that is not open", { billId: "B8" }, "bill-unknown"],
    ["a bill that the bank debits by itself", { billId: "B9-2026-D", amount: fen(100_000) }, "bill-unknown"],
    ["a reference that leaves no room", { reference: "x".repeat(49) }, "reference-malformed"],
  ] as const)("for %s", async (_, more, reason) => {
    const desk = await deskOf();
    expect(await pay(desk, more)).toEqual({ kind: "refused", reason });
    expect(await desk.entries()).toEqual([]);
    expect(desk.bank.rows.size).toBe(0);
  });

  it("without the agency", async () => {
    const desk = await deskOf();
    desk.agency.faults.absent = true;
    expect(await pay(desk)).toEqual({ kind: "refused", reason: "agency-unreachable" });
    expect(desk.bank.rows.size).toBe(0);
  });

  it("without a card, and with a card that the agency does not know", async () => {
    const empty = await deskOf();
    empty.reader.remove();
    expect(await pay(empty)).toEqual({ kind: "no-card" });
    const stranger = await deskOf({ cardSerial: 10 });
    expect(await pay(stranger)).toEqual({ kind: "refused", reason: "card-unknown", office: "agency" });
  });

  it("while the same bill is under way by another name", async () => {
    const desk = await deskOf();
    desk.bank.plan("unknown-reversed");
    expect(await pay(desk)).toMatchObject({ kind: "open-case" });
    expect(await pay(desk, { reference: "A2" })).toEqual({ kind: "refused", reason: "bill-in-progress" });
    const both = [desk.opened.acts.pay(contribution({ reference: "A3", billId: "B9-2026-P", amount: fen(100_000) }), WAIT)];
    both.push(desk.opened.acts.pay(contribution({ reference: "A4", billId: "B9-2026-P", amount: fen(100_000) }), WAIT));
    const [third, fourth] = await desk.clock.resolve(Promise.all(both));
    expect([third?.kind, fourth]).toEqual(["confirmed", { kind: "refused", reason: "in-progress" }]);
  });

  it("where the region's agency does not offer it", async () => {
    const desk = await deskOf({ profile: { ...DEFAULT_AGENCY_PROFILE, services: ["card-status"] } });
    expect(await pay(desk)).toEqual({ kind: "refused", reason: "not-offered" });
    expect(desk.sent).toEqual([]);
  });
});

describe("the bank", () => {
  it.each([
    ["refuse", { kind: "refused", reason: "bank-declined" }, "refused"],
    ["no-card", { kind: "no-card" }, "void"],
  ] as const)("%s: nothing has moved, and the same reference may be tried again", async (fate, outcome, state) => {
    const desk = await deskOf();
    desk.bank.plan(fate);
    expect(await pay(desk)).toMatchObject(outcome);
    expect((await desk.states()).at(-1)).toBe(state);
    expect(await pay(desk)).toMatchObject({ kind: "confirmed" });
    expect(desk.bank.held("A1")).toBe(40_000);
  });

  it("has approved less than the bill: all of it goes back", async () => {
    const desk = await deskOf();
    desk.bank.plan("short");
    expect(await pay(desk)).toMatchObject({ kind: "refunded", amount: 39_900, reason: "partial-approval" });
    expect(desk.bank.held("A1")).toBe(0);
  });

  it.each([
    ["unknown-reversed", { kind: "refused", reason: "bank-declined" }, 0],
    ["unknown-approved", { kind: "confirmed", amount: 40_000 }, 40_000],
  ] as const)("%s: listed until it is decided, then ended by itself", async (fate, outcome, held) => {
    const desk = await deskOf();
    desk.bank.plan(fate);
    const open = await pay(desk);
    expect(open).toMatchObject({ kind: "open-case", reason: "timeout" });
    expect(await desk.clock.resolve(desk.opened.acts.openCases(10))).toMatchObject([{ reason: "timeout", amount: 40_000 }]);
    await desk.later(3_600_000);
    expect(await desk.clock.resolve(desk.opened.acts.known("A1"))).toMatchObject(outcome);
    expect(desk.bank.held("A1")).toBe(held);
    expect(await desk.clock.resolve(desk.opened.acts.openCases(10))).toEqual([]);
  });

  it("undecided for long does not fill the journal", async () => {
    const desk = await deskOf();
    desk.bank.plan("unknown-reversed");
    await pay(desk);
    await desk.later(30_000);
    expect(await desk.states()).toEqual(["prepared payment", "unknown payment"]);
  });
});

describe("the agency", () => {
  it("says no after the bank said yes: the money goes back, on paper too", async () => {
    const desk = await deskOf();
    fault(desk, "refuse");
    const outcome = await pay(desk);
    expect(outcome).toMatchObject({ kind: "refunded", amount: 40_000, reason: "maintenance" });
    expect(desk.bank.held("A1")).toBe(0);
    expect(await desk.states()).toEqual(["prepared payment", "acting confirm", "resolving return", "void"]);
    expect(desk.printed[0]).toContain("社保缴费退款单");
    expect(await pay(desk)).toEqual(outcome);
  });

  it.each(["reply-lost", "wrong-id", "malformed", "half-reply", "slow", "delivered-twice"] as const)(
    "%s: asked what became of it, confirmed once",
    async (name) => {
      const desk = await deskOf();
      fault(desk, name);
      expect(await pay(desk)).toMatchObject({ kind: "confirmed", receiptNumber: "R000000000001" });
      expect(desk.sent.filter(({ service }) => service === "contribution-confirm")).toHaveLength(1);
    },
  );

  it.each(["request-lost", "late"] as const)("%s: given up under its id, told again under a new one", async (name) => {
    const desk = await deskOf();
    fault(desk, name);
    expect(await pay(desk)).toMatchObject({ kind: "confirmed", receiptNumber: "R000000000001" });
    const ids = desk.sent.filter(({ service }) => service === "contribution-confirm").map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    await desk.later(60_000);
    expect(desk.agency.ledger.paidBills()).toHaveLength(1);
    expect(desk.agency.ledger.seen(ids[0] ?? "")).toMatchObject({ state: "given-up" });
  });

  it("never heard of it, three times: the money goes back", async () => {
    const desk = await deskOf();
    for (let tries = 0; tries < 3; tries += 1) desk.planMessage("contribution-confirm", "not-sent");
    expect(await pay(desk)).toMatchObject({ kind: "refunded", reason: "agency-unreachable" });
    expect(desk.bank.held("A1")).toBe(0);
  });

  it("pending: listed, never told under another id, and ended by its own word", async () => {
    const desk = await deskOf();
    planAgencyFault(desk.agency.faults, "contribution-confirm", { ...AGENCY_FAULTS.pending, lateMs: 120_000 });
    expect(await pay(desk)).toMatchObject({ kind: "open-case", reason: "agency-timeout" });
    expect(desk.printed[0]).toContain("请勿再次缴费");
    await desk.later(3_600_000);
    expect(await desk.clock.resolve(desk.opened.acts.known("A1"))).toMatchObject({ kind: "confirmed" });
    expect(desk.sent.filter(({ service }) => service === "contribution-confirm")).toHaveLength(1);
    expect(desk.bank.held("A1")).toBe(40_000);
  });

  it("whose unknown-id is no promise: a case for people, and no second message", async () => {
    const desk = await deskOf({ profile: { ...DEFAULT_AGENCY_PROFILE, outcomeQuery: "told" } });
    fault(desk, "request-lost");
    expect(await pay(desk)).toMatchObject({ kind: "open-case" });
    await desk.later(3_600_000);
    expect(await desk.clock.resolve(desk.opened.acts.openCases(10))).toHaveLength(1);
    expect(desk.sent.filter(({ service }) => service === "contribution-confirm")).toHaveLength(1);
  });

  it("says yes without a receipt: listed, not believed", async () => {
    const desk = await deskOf();
    fault(desk, "output-missing");
    expect(await pay(desk)).toMatchObject({ kind: "open-case", reason: "agency-reply-malformed" });
    await desk.later(3_600_000);
    // Its books have the receipt: what became of the id tells it whole.
    expect(await desk.clock.resolve(desk.opened.acts.known("A1"))).toMatchObject({ kind: "confirmed" });
  });

  it("has a bill that somebody paid meanwhile: the money goes back", async () => {
    const desk = await deskOf();
    desk.bank.plan("unknown-approved");
    await pay(desk);
    desk.agency.ledger.confirm(BILL.billId, { receiptNumber: "W1", payment: null, atMs: 1 });
    await desk.later(3_600_000);
    expect(await desk.clock.resolve(desk.opened.acts.known("A1"))).toMatchObject({ kind: "refunded", reason: "bill-already-paid" });
    expect(desk.bank.held("A1")).toBe(0);
  });
});

describe("money that goes back", () => {
  async function refusedWith(...returns: readonly BankFate[]): Promise<ContributionDesk> {
    const desk = await deskOf();
    fault(desk, "refuse");
    desk.bank.planReturns(...returns);
    return desk;
  }

  it("is refunded where it is no longer voided", async () => {
    const desk = await refusedWith("refuse");
    expect(await pay(desk)).toMatchObject({ kind: "refunded" });
    expect([...desk.bank.rows.keys()]).toEqual(["A1.b1", "A1.b1.t1", "A1.b1.t2"]);
  });

  it("is not asked for twice while a return is undecided", async () => {
    const desk = await refusedWith("unknown-approved");
    expect(await pay(desk)).toMatchObject({ kind: "open-case", reason: "timeout" });
    await desk.later(3_600_000);
    expect(await desk.clock.resolve(desk.opened.acts.known("A1"))).toMatchObject({ kind: "refunded" });
    expect([...desk.bank.rows.keys()]).toEqual(["A1.b1", "A1.b1.t1"]);
    expect(desk.bank.held("A1")).toBe(0);
  });

  it("is refused again and again: parked, listed, and left to a person", async () => {
    const desk = await refusedWith();
    desk.bank.returns = "refuse";
    expect(await pay(desk)).toMatchObject({ kind: "open-case", reason: "bank-declined" });
    await desk.later(24 * 3_600_000);
    const [only] = await desk.clock.resolve(desk.opened.acts.openCases(10));
    expect(only).toMatchObject({ reason: "bank-declined", amount: 40_000 });
    expect(desk.bank.rows.size).toBe(13);
    const subject = only?.subject ?? "";
    expect(await desk.clock.resolve(desk.opened.acts.settleCase("none", { operator: "op2", how: "returned" }))).toBe("not-parked");
    desk.bank.returns = "approve";
    expect(await desk.clock.resolve(desk.opened.acts.settleCase(subject, { operator: "op2", how: "try-again" }))).toBe("settled");
    await desk.later(60_000);
    expect(await desk.clock.resolve(desk.opened.acts.known("A1"))).toMatchObject({ kind: "refunded", reason: "maintenance" });
    expect(desk.bank.held("A1")).toBe(0);
  });

  it("was given back by hand", async () => {
    const desk = await refusedWith();
    desk.bank.returns = "refuse";
    const open = await pay(desk);
    await desk.later(24 * 3_600_000);
    const subject = open.kind === "open-case" ? open.subject : "";
    expect(await desk.clock.resolve(desk.opened.acts.settleCase(subject, { operator: "op2", how: "returned" }))).toBe("settled");
    expect(await desk.clock.resolve(desk.opened.acts.openCases(10))).toEqual([]);
    expect((await desk.entries()).at(-1)?.detail).toMatchObject({ settledBy: "op2", how: "returned" });
  });
});

describe("a person's word", () => {
  const says = (desk: ContributionDesk, word: CaseWord, subject?: string) =>
    desk.clock.resolve(
      desk.opened.acts.openCases(10).then(([only]) => desk.opened.acts.settleCase(subject ?? only?.subject ?? "", { operator: "chief", ...word })),
    );
  const known = (desk: ContributionDesk) => desk.clock.resolve(desk.opened.acts.known("A1"));

  /** The agency never says whether it has booked what the bank has paid. */
  async function unanswered(): Promise<ContributionDesk> {
    const desk = await deskOf({ profile: { ...DEFAULT_AGENCY_PROFILE, outcomeQuery: "told" } });
    fault(desk, "request-lost");
    expect(await pay(desk)).toMatchObject({ kind: "open-case" });
    await desk.later(3_600_000);
    return desk;
  }

  it("gives back what the agency has not got", async () => {
    const desk = await unanswered();
    expect(await says(desk, { how: "try-again" })).toBe("act-unfitting");
    const subject = (await desk.entries())[0]?.subject;
    expect([await says(desk, { how: "give-back" }, subject), await says(desk, { how: "give-back" }, subject)]).toEqual(["settled", "settled"]);
    await desk.later(60_000);
    expect([await known(desk), desk.bank.held("A1")]).toMatchObject([{ kind: "refunded", reason: "agency-not-confirmed" }, 0]);
    expect([...desk.bank.rows.keys()]).toEqual(["A1.b1", "A1.b1.t1"]);
    expect([await says(desk, { how: "give-back" }, subject), await says(desk, { how: "returned" }, subject)]).toEqual(["settled", "not-parked"]);
  });

  it("ends what the agency has, with its receipt", async () => {
    const desk = await unanswered();
    const word = { how: "confirmed", receiptNumber: "R-77" } as const;
    const subject = (await desk.entries())[0]?.subject;
    expect([await says(desk, word, subject), await says(desk, word, subject), await says(desk, { how: "returned" }, subject)]).toEqual([
      "settled",
      "settled",
      "not-parked",
    ]);
    expect([await known(desk), desk.bank.held("A1")]).toMatchObject([{ kind: "confirmed", receiptNumber: "R-77" }, 40_000]);
    expect((await desk.entries()).at(-1)).toMatchObject({ state: "done", detail: { settledBy: "chief", how: "confirmed" } });
  });

  it("ends what was given back by hand, although the agency never said anything", async () => {
    const desk = await unanswered();
    expect(await says(desk, { how: "returned" })).toBe("settled");
    expect(await known(desk)).toMatchObject({ kind: "refunded", reason: "agency-not-confirmed" });
    const sent = desk.sent.length;
    await desk.later(3_600_000);
    expect([desk.sent.length, await desk.clock.resolve(desk.opened.acts.openCases(10))]).toEqual([sent, []]);
  });

  it("ends a return of another amount", async () => {
    const desk = await deskOf();
    fault(desk, "refuse");
    desk.bank.planReturns("short");
    expect(await pay(desk)).toMatchObject({ kind: "open-case", reason: "return-amount-differs" });
    await desk.later(3_600_000);
    expect(await says(desk, { how: "confirmed", receiptNumber: "R-1" })).toBe("act-unfitting");
    expect(await says(desk, { how: "give-back" })).toBe("act-unfitting");
    expect(await says(desk, { how: "returned" })).toBe("settled");
    expect(await known(desk)).toMatchObject({ kind: "refunded", reason: "maintenance" });
  });

  it("ends nothing while the bank is not decided, while somebody is at it, or twice in two ways", async () => {
    const undecided = await deskOf();
    undecided.bank.plan("unknown-approved");
    await pay(undecided);
    expect(await says(undecided, { how: "returned" })).toBe("act-unfitting");
    expect(await says(undecided, { how: "returned" }, "none")).toBe("not-parked");
    const desk = await unanswered();
    const subject = (await desk.entries())[0]?.subject ?? "";
    const word = (how: "returned" | "give-back") => desk.opened.acts.settleCase(subject, { operator: "chief", how });
    expect(await desk.clock.resolve(Promise.all([word("returned"), word("give-back")]))).toEqual(["settled", "not-parked"]);
  });

  it.each(["before", "during", "after"] as const)("holds when power goes %s its commit", async (when) => {
    const desk = await unanswered();
    const subject = (await desk.entries())[0]?.subject ?? "";
    let armed = true;
    desk.disk.onCommit(() => (armed ? { kind: "cut", when } : { kind: "go" }));
    await desk.untilCut(desk.opened.acts.settleCase(subject, { operator: "chief", how: "give-back" }));
    await desk.later(1_000);
    armed = false;
    expect(desk.on).toBe(false);
    await desk.clock.resolve(desk.switchOn());
    await desk.later(60_000);
    if ((await known(desk))?.kind === "open-case") expect(await says(desk, { how: "give-back" })).toBe("settled");
    await desk.later(60_000);
    expect([await known(desk), desk.bank.held("A1")]).toMatchObject([{ kind: "refunded" }, 0]);
    expect([...desk.bank.rows.keys()]).toEqual(["A1.b1", "A1.b1.t1"]);
  });
});

describe("benefits", () => {
  it("are told to the holder", async () => {
    const desk = await deskOf();
    const view = await desk.clock.resolve(desk.opened.acts.benefits({ operator: "op1" }, WAIT));
    expect(view).toMatchObject({ kind: "benefits", financialAccount: "active", payments: [{ benefit: "unemployment", amountFen: 171_000 }] });
  });

  it("are told to nobody else", async () => {
    const desk = await deskOf({ holder: [{ kind: "enters", digits: "000000" }] });
    expect(await desk.clock.resolve(desk.opened.acts.benefits({ operator: "op1" }, WAIT))).toEqual({ kind: "refused", reason: "pin-wrong" });
    expect(desk.sent).toEqual([]);
  });
});
