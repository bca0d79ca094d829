import { describe, expect, test } from "vitest";
import { type Fen, fen, ZERO_FEN } from "../../base/fen.ts";
import { BANK_LIMITS, BankPlace } from "../acquiring/testing.ts";
import { runQuickPayment } from "../quick-payment/run.ts";
import { SimulatedPlace, TEST_LIMITS } from "../quick-payment/testing.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { TenderRequest, TenderResult, Tenders } from "./tender.ts";
import { openTenders, type TenderPorts } from "./tenders.ts";

const CASH: TenderRequest = { reference: "c1.A1.t1", tender: "cash", amount: fen(250), operator: "op1", order: "c1.A1" };
const PURSE: TenderRequest = { ...CASH, tender: "e-purse" };
const REFUND = { reference: "c1.A1.r1", amount: fen(250), operator: "op1", order: "c1.A1", why: "order-void" } as const;

class Bench {
  readonly place = new SimulatedPlace();
  readonly card = this.place.card();
  unverified: Fen = fen(100_000);

  async switchOn(more: Partial<TenderPorts> = {}): Promise<Tenders> {
    const ports = await this.place.clock.resolve(this.place.switchOn());
    await this.place.clock.resolve(recoverAtStart(ports));
    const limits = { ...TEST_LIMITS, returnTimeoutMs: 2000, risk: { ...TEST_LIMITS.risk, unverifiedAmountFen: this.unverified } };
    return openTenders({
      journal: ports.journal,
      purses: ["e-purse", "electronic-cash", "medical-purse"],
      quickPayment: (request, { timeoutMs, signal }) => runQuickPayment(ports, request, { ...limits, timeoutMs, signal }),
      unverifiedAmountFen: this.unverified,
      ...more,
    });
  }

  take(tenders: Tenders, request: TenderRequest): Promise<TenderResult> {
    return this.place.clock.resolve(tenders.take(request, { timeoutMs: 5000, signal: new AbortController().signal }));
  }

  known(tenders: Tenders, reference: string): Promise<TenderResult | undefined> {
    return this.place.clock.resolve(tenders.known(reference));
  }
}

describe("cash", () => {
  test("is a record with its operator, once, however often and at the same time it is asked for", async () => {
    const bench = new Bench();
    const tenders = await bench.switchOn();
    expect(await bench.known(tenders, CASH.reference)).toBeUndefined();
    const [first, second] = await bench.place.clock.resolve(Promise.all([tenders.take(CASH, TEST_LIMITS), tenders.take(CASH, TEST_LIMITS)]));
    expect(first).toMatchObject({ kind: "paid", amount: 250 });
    expect([second, await bench.take(tenders, CASH), await bench.known(tenders, CASH.reference)]).toEqual([first, first, first]);
    const entries = await bench.place.clock.resolve(bench.place.entries());
    expect(entries.map(({ kind, state, detail }) => ({ kind, state, detail }))).toEqual([
      { kind: "cash-tender", state: "done", detail: { order: "c1.A1", operator: "op1", reference: "c1.A1.t1" } },
    ]);
  });

  test("of another amount or kind under the same reference is a conflict and takes nothing", async () => {
    const bench = new Bench();
    const tenders = await bench.switchOn();
    await bench.take(tenders, CASH);
    expect(await bench.take(tenders, { ...CASH, amount: fen(251) })).toMatchObject({ kind: "failed", reason: "reference-conflict" });
    bench.place.reader.insert(bench.card);
    expect(await bench.take(tenders, PURSE)).toMatchObject({ kind: "failed", reason: "reference-conflict" });
    expect(bench.card.balanceFen).toBe(10_000);
  });

  test("goes back as a record of its own, once, also after a restart", async () => {
    const bench = new Bench();
    const tenders = await bench.switchOn();
    const first = await bench.place.clock.resolve(tenders.refundCash(REFUND));
    bench.place.cutPower();
    const again = await bench.switchOn();
    expect(await bench.place.clock.resolve(again.refundCash(REFUND))).toEqual(first);
    const entries = await bench.place.clock.resolve(bench.place.entries());
    expect(entries.map(({ kind, detail }) => [kind, detail["why"]])).toEqual([["cash-refund", "order-void"]]);
  });

  test.each([
    ["full", { kind: "failed", reason: "store-full" }],
    ["broken", { kind: "unknown", reason: "store-broken" }],
  ] as const)("on a disk that is %s is never called paid", async (kind, result) => {
    const bench = new Bench();
    const tenders = await bench.switchOn();
    bench.place.disk.onCommit(() => (kind === "full" ? { kind } : { kind, written: true }));
    expect(await bench.take(tenders, CASH)).toEqual(result);
  });
});

describe("a purse", () => {
  test.each(["e-purse", "electronic-cash", "medical-purse"] as const)("%s pays once for its reference", async (tender) => {
    const bench = new Bench();
    const tenders = await bench.switchOn();
    bench.place.reader.insert(bench.card);
    const paid = await bench.take(tenders, { ...PURSE, tender });
    expect(paid).toMatchObject({ kind: "paid", amount: 250 });
    expect(await bench.take(tenders, { ...PURSE, tender })).toMatchObject(paid);
    expect(await bench.known(tenders, PURSE.reference)).toEqual(paid);
    expect(bench.card.debits.length).toBe(1);
  });

  test("without a card, with too little on it, and of a kind that is not taken, has failed for certain", async () => {
    const bench = new Bench();
    const tenders = await bench.switchOn({ purses: ["e-purse"] });
    expect(await bench.take(tenders, PURSE)).toEqual({ kind: "failed", reason: "no-card" });
    bench.place.reader.insert(bench.card);
    expect(await bench.take(tenders, { ...PURSE, amount: fen(99_999) })).toMatchObject({ kind: "failed", reason: "insufficient-funds" });
    expect(await bench.take(tenders, { ...PURSE, tender: "bank-card" })).toEqual({ kind: "failed", reason: "tender-not-offered" });
    expect(await bench.take(tenders, { ...PURSE, tender: "medical-purse" })).toEqual({ kind: "failed", reason: "tender-not-offered" });
    expect(tenders.offered()).toEqual(["cash", "e-purse"]);
    expect(bench.card.debits).toEqual([]);
  });

  test("that was torn is unknown until its card returns, and then pays once", async () => {
    const bench = new Bench();
    const tenders = await bench.switchOn();
    bench.place.reader.insert(bench.card);
    bench.place.tearDebit("after");
    expect(await bench.take(tenders, PURSE)).toMatchObject({ kind: "unknown", reason: "card-never-returned" });
    expect(await bench.known(tenders, PURSE.reference)).toMatchObject({ kind: "unknown" });
    bench.place.reader.insert(bench.card);
    expect(await bench.take(tenders, PURSE)).toMatchObject({ kind: "paid" });
    expect(await bench.known(tenders, PURSE.reference)).toMatchObject({ kind: "paid" });
    expect([bench.card.debits.length, bench.card.balanceFen]).toEqual([1, 9750]);
  });

  test("that only the card vouches for, above the limit of the policy, is held: unknown for goods, known for what goes back", async () => {
    const bench = new Bench();
    bench.unverified = ZERO_FEN;
    const tenders = await bench.switchOn();
    bench.place.reader.insert(bench.card);
    bench.place.tearDebit("after");
    await bench.take(tenders, PURSE);
    bench.place.cutPower();
    const again = await bench.switchOn();
    bench.place.reader.insert(bench.card);
    expect(await bench.take(again, PURSE)).toMatchObject({ kind: "unknown", held: true });
    expect(await bench.known(again, PURSE.reference)).toMatchObject({ kind: "unknown", held: true });
    bench.unverified = fen(250);
    bench.place.cutPower();
    expect(await bench.known(await bench.switchOn(), PURSE.reference)).toMatchObject({ kind: "paid" });
  });

  test("that somebody else is at is not called failed", async () => {
    const bench = new Bench();
    const tenders = await bench.switchOn({ quickPayment: () => Promise.resolve({ kind: "refused", reason: "in-progress" }) });
    expect(await bench.take(tenders, PURSE)).toEqual({ kind: "unknown", reason: "in-progress" });
  });
});

describe("a bank card", () => {
  const BANK: TenderRequest = { ...CASH, tender: "bank-card" };

  async function counter(): Promise<{ readonly at: BankPlace; readonly tenders: Tenders }> {
    const at = new BankPlace();
    const bank = await at.start();
    const quickPayment = () => Promise.reject(new Error("no purse is asked"));
    return { at, tenders: openTenders({ journal: at.ports.journal, purses: [], unverifiedAmountFen: ZERO_FEN, quickPayment, bank: bank.tender }) };
  }

  test("pays once for its reference, and goes back to its account by a void", async () => {
    const { at, tenders } = await counter();
    at.card();
    expect(tenders.offered()).toEqual(["cash", "bank-card"]);
    const paid = await at.run(tenders.take(BANK, BANK_LIMITS));
    expect(paid).toMatchObject({ kind: "paid", amount: 250 });
    expect(await at.run(tenders.take(BANK, BANK_LIMITS))).toEqual(paid);
    expect(await at.run(tenders.known(BANK.reference))).toEqual(paid);
    expect(await at.run(tenders.returned(BANK.reference))).toEqual({ amount: 0, open: false });
    const back = { reference: "c1.A1.b1", original: BANK.reference, operator: "op1" };
    const given = await at.run(tenders.giveBack(back, BANK_LIMITS));
    expect(given).toMatchObject({ kind: "paid", amount: 250 });
    expect(await at.run(tenders.giveBack(back, BANK_LIMITS))).toEqual(given);
    expect(await at.run(tenders.returned(BANK.reference))).toEqual({ amount: 250, open: false });
    expect([at.host.sum(), at.host.standing().length]).toEqual([0, 2]);
  });

  test("that is declined, or not there, has failed for certain", async () => {
    const { at, tenders } = await counter();
    expect(await at.run(tenders.take(BANK, BANK_LIMITS))).toEqual({ kind: "failed", reason: "no-card" });
    at.card();
    at.host.planFault("0200", "decline");
    expect(await at.run(tenders.take(BANK, BANK_LIMITS))).toMatchObject({ kind: "failed", reason: "not-honoured" });
    expect(await at.run(tenders.known(BANK.reference))).toMatchObject({ kind: "failed", reason: "not-honoured" });
  });

  test("of which nobody knows is unknown until it is taken back", async () => {
    const { at, tenders } = await counter();
    at.card();
    at.host.planFault("0200", "reply-lost");
    at.host.planFault("0400", "request-lost");
    expect(await at.run(tenders.take(BANK, BANK_LIMITS))).toMatchObject({ kind: "unknown", reason: "timeout" });
    expect(await at.run(tenders.known(BANK.reference))).toMatchObject({ kind: "unknown" });
    await at.run(at.bank.line.hold("clear", () => Promise.resolve(), BANK_LIMITS));
    expect(await at.run(tenders.known(BANK.reference))).toMatchObject({ kind: "failed", reason: "timeout" });
  });

  test("goes back nowhere where no bank is, and cash has no account to go back to", async () => {
    const bench = new Bench();
    const tenders = await bench.switchOn();
    expect(await tenders.giveBack({ reference: "b1", original: "t1", operator: "op1" }, TEST_LIMITS)).toEqual({ kind: "failed", reason: "tender-not-offered" });
    await bench.take(tenders, CASH);
    expect(await bench.place.clock.resolve(tenders.returned(CASH.reference))).toBeUndefined();
    expect(await bench.place.clock.resolve(tenders.returned("c9.none"))).toBeUndefined();
  });
});
