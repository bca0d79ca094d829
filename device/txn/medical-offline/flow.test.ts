import { describe, expect, test } from "vitest";
import { Fault } from "../../base/fault.ts";
import { fen } from "../../base/fen.ts";
import type { OrderItem } from "../medical-desk/basket.ts";
import type { TenderRequest, TenderResult, Tenders } from "../tender/tender.ts";
import { openOffline } from "./later.ts";
import type { OfflineOutcome, OfflinePorts, OfflineSaleRequest } from "./ports.ts";
import { laterRequestOf } from "./record.ts";
import { AMOUNT, bench, choose, type OfflineBenchOptions, pay, payRest, REFERENCE, ScriptedDesk, saleRequest, soldBench } from "./testing.ts";

const LATER = choose("settle-later");

describe("a sale that nothing disturbs", () => {
  test("is identified, verified, chosen, paid in full and recorded; the insurer hears nothing", async () => {
    const at = await bench();
    const desk = new ScriptedDesk(LATER, payRest);
    const outcome = await at.sell(desk);
    expect(outcome).toMatchObject({
      kind: "paid",
      sale: { stage: "settlement-due", choice: "settle-later", amount: AMOUNT, refundDue: 0, firstTender: 1, settlementReference: "c1.A1.s2", open: true },
    });
    expect(desk.told.map(({ is }) => is)).toEqual(["present-card", "card-read", "enter-pin", "tender-started", "tender-paid"]);
    expect(desk.asked).toEqual([
      {
        ask: "offline",
        figures: { final: false, total: AMOUNT, fund: 5892, account: 0, mutualAid: 0, cash: 10_598 },
        choices: ["settle-later", "reimbursement-slip"],
      },
      { ask: "tender", rest: AMOUNT, choices: ["cash", "e-purse"] },
    ]);
    expect(await at.trail()).toEqual(["prepared", "acting:settlement-due"]);
    expect([await at.sum("cash-tender"), at.counter.sent, at.counter.standing()]).toEqual([AMOUNT, [], []]);
  });

  test("the record holds what the later settlement needs, and hides who bought what", async () => {
    const at = await soldBench("settle-later");
    const own = (await at.entries()).filter(({ kind }) => kind === "offline-medical");
    expect(own[0]?.detail).toMatchObject({
      reference: REFERENCE,
      order: "c1.A1",
      operator: "op1",
      choice: "settle-later",
      why: "host-unreachable",
      firstTender: 1,
      provisional: { totalFen: AMOUNT, fundFen: 5892, cashFen: 10_598 },
    });
    for (const { detail } of own) expect(JSON.stringify(detail)).not.toMatch(/Drug|XTEST/);
    const { items, invoiceNumber } = saleRequest();
    expect(laterRequestOf(own)).toMatchObject({ reference: "c1.A1.s2", amount: AMOUNT, items, invoiceNumber, visit: "pharmacy", medicalType: "41" });
    expect(laterRequestOf(own)?.asRead.cardNumber).toMatch(/^.{9}$/);
    expect(laterRequestOf(own.map(({ personal: _, ...erased }) => erased))).toBeUndefined();
  });

  test("a slip leaves the rest to its holder: the record ends with the payment", async () => {
    const at = await soldBench("reimbursement-slip");
    expect(await at.trail()).toEqual(["prepared", "done:ended"]);
    expect(await at.find()).toMatchObject({ stage: "ended", choice: "reimbursement-slip", refundDue: 0, open: false });
    expect(await at.settle()).toEqual({ kind: "refused", reason: "left-to-holder" });
    expect([at.settled, at.counter.standing()]).toEqual([[], []]);
  });

  test("asked again, it is told again: no card, no question, no money", async () => {
    const at = await soldBench("settle-later");
    const entries = (await at.entries()).length;
    const desk = new ScriptedDesk();
    expect(await at.sell(desk)).toMatchObject({ kind: "paid", sale: { stage: "settlement-due" } });
    await at.nextLife();
    expect(await at.sell(desk)).toMatchObject({ kind: "paid", sale: { stage: "settlement-due" } });
    expect([desk.told, desk.asked, (await at.entries()).length]).toEqual([[], [], entries]);
    expect(await at.sell(desk, saleRequest({ amount: fen(1) }))).toEqual({ kind: "refused", reason: "reference-conflict" });
    expect(await at.sell(desk, saleRequest({ order: "c1.A2" }))).toEqual({ kind: "refused", reason: "reference-conflict" });
  });

  test("several tenders, those of the request first, each once and whole", async () => {
    const at = await bench();
    const desk = new ScriptedDesk(LATER, pay("cash", 490), payRest);
    expect(await at.sell(desk, saleRequest({ tenders: ["e-purse", "bank-card"] }))).toMatchObject({ kind: "paid" });
    expect(desk.told.filter(({ is }) => is === "tender-failed")).toEqual([
      { is: "tender-failed", tender: "e-purse", reason: "no-card" },
      { is: "tender-failed", tender: "bank-card", reason: "tender-not-offered" },
    ]);
    expect((await at.entries()).filter(({ kind }) => kind === "cash-tender").map(({ amount, detail }) => [amount, detail["reference"]])).toEqual([
      [490, "c1.A1.t1"],
      [AMOUNT - 490, "c1.A1.t2"],
    ]);
  });

  test("tenders are numbered behind those that the order has already", async () => {
    const at = await bench();
    await at.wait(
      at.tenders.take(
        { reference: "c1.A1.t1", tender: "cash", amount: fen(5), operator: "op1", order: "c1.A1" },
        { timeoutMs: 1000, signal: new AbortController().signal },
      ),
    );
    expect(await at.sell(new ScriptedDesk(LATER, payRest))).toMatchObject({ kind: "paid", sale: { firstTender: 2 } });
    expect(await at.sum("cash-tender")).toBe(AMOUNT + 5);
  });

  test("a basket that is larger than one record is kept whole", async () => {
    const at = await bench();
    const items = saleRequest().items.map((item): OrderItem => ({ ...item, name: `${item.name} ${"药".repeat(6000)}` }));
    await at.sell(new ScriptedDesk(LATER, payRest), saleRequest({ items }));
    expect(await at.trail()).toEqual(["prepared", "acting:paying", "acting:paying", "acting:paying", "acting:settlement-due"]);
    const own = (await at.entries()).filter(({ kind }) => kind === "offline-medical");
    expect(laterRequestOf(own)?.items).toEqual(items);
    expect(laterRequestOf(own.slice(0, 3))).toBeUndefined();
  });
});

describe("refused before anything is written", () => {
  test.each<[string, OfflineBenchOptions, Partial<OfflineSaleRequest>, string]>([
    ["the region forbids it", { offline: { allowed: false } }, {}, "offline-not-allowed"],
    ["the region leaves no choice", { offline: { choices: [] } }, {}, "offline-not-allowed"],
    ["an identity that no card proves", {}, { credential: { kind: "e-code", code: "1" } }, "offline-needs-card"],
    ["nothing is sold", {}, { amount: fen(0) }, "amount-zero"],
    ["an empty basket", {}, { items: [] }, "amount-zero"],
    [
      "more than one sale may be",
      { ports: { exposure: { amountPerSaleFen: fen(AMOUNT - 1), unreceiptedCount: 9, unreceiptedSumFen: fen(99_999) } } },
      {},
      "offline-limit",
    ],
    ["no sale more", { ports: { exposure: { amountPerSaleFen: fen(99_999), unreceiptedCount: 0, unreceiptedSumFen: fen(99_999) } } }, {}, "offline-limit"],
    [
      "more than all may be",
      { ports: { exposure: { amountPerSaleFen: fen(99_999), unreceiptedCount: 9, unreceiptedSumFen: fen(AMOUNT - 1) } } },
      {},
      "offline-limit",
    ],
    ["the host's word is over", { ports: { permission: { refusal: () => "lease-expired" } } }, {}, "lease-expired"],
  ])("%s", async (_, options, request, reason) => {
    const at = await bench(options);
    const desk = new ScriptedDesk(LATER, payRest);
    expect(await at.sell(desk, saleRequest(request))).toEqual({ kind: "refused", reason });
    expect([await at.entries(), desk.told, desk.asked]).toEqual([[], [], []]);
  });

  test("limits at their edge, and the sales before it", async () => {
    const at = await bench({ ports: { exposure: { amountPerSaleFen: fen(AMOUNT), unreceiptedCount: 2, unreceiptedSumFen: fen(2 * AMOUNT) } } });
    const sell = (number: number) =>
      at.sell(
        new ScriptedDesk(LATER, payRest),
        saleRequest({ reference: `c1.A${number}.o1`, order: `c1.A${number}`, settlementReference: `c1.A${number}.s1` }),
      );
    expect([(await sell(1)).kind, (await sell(2)).kind]).toEqual(["paid", "paid"]);
    expect(await sell(3)).toEqual({ kind: "refused", reason: "offline-limit" });
  });

  test.each<[string, OfflineBenchOptions, readonly Parameters<typeof choose>[0][], object]>([
    ["a wrong PIN", { holder: [{ kind: "enters", digits: "000000" }] }, [], { kind: "refused", reason: "pin-wrong" }],
    ["the holder gives up", { holder: [{ kind: "cancels" }] }, [], { kind: "refused", reason: "pin-cancelled" }],
    ["nobody chooses", {}, [], { kind: "refused", reason: "no-answer" }],
    ["a choice that the region does not have", { offline: { choices: ["settle-later"] } }, ["reimbursement-slip"], { kind: "refused", reason: "no-answer" }],
  ])("%s", async (_, options, choices, outcome) => {
    const at = await bench(options);
    expect(await at.sell(new ScriptedDesk(...choices.map(choose)))).toMatchObject(outcome);
    expect(await at.entries()).toEqual([]);
  });

  test("the counter gives it up", async () => {
    const at = await bench();
    expect(await at.sell(new ScriptedDesk({ answer: "cancel" }))).toEqual({ kind: "refused", reason: "cancelled" });
    expect(await at.entries()).toEqual([]);
  });

  test("no card, then a lane that somebody else has", async () => {
    const at = await bench();
    at.counter.reader.remove();
    expect(await at.sell(new ScriptedDesk())).toEqual({ kind: "no-card" });
    at.counter.ports.lane.take();
    expect(await at.sell(new ScriptedDesk())).toEqual({ kind: "refused", reason: "lane-busy" });
  });

  test("lane and card are free while the counter is asked, for the tenders that follow", async () => {
    const at = await bench();
    let free: boolean | undefined;
    const looks = () => {
      const giveBack = at.counter.ports.lane.take();
      free = giveBack !== undefined;
      giveBack?.();
      return LATER;
    };
    await at.sell(new ScriptedDesk(looks, payRest));
    expect(free).toBe(true);
  });

  test("a region without PIN asks for none", async () => {
    const at = await bench({ password: "none", holder: [] });
    const desk = new ScriptedDesk(LATER, payRest);
    expect((await at.sell(desk)).kind).toBe("paid");
    expect(desk.told.map(({ is }) => is)).not.toContain("enter-pin");
  });

  test("a holder whose settlement is not decided yet", async () => {
    const at = await bench();
    at.counter.plan((code) => (code === "2102" ? "lost-after" : "deliver"));
    expect((await at.buyOnline("x")).kind).toBe("unknown");
    expect(await at.sell(new ScriptedDesk(LATER, payRest))).toEqual({ kind: "refused", reason: "earlier-sale-open" });
  });

  test("the same sale twice at the same time", async () => {
    const at = await bench();
    const both = Promise.all([at.begin.sell(new ScriptedDesk(LATER, payRest)), at.begin.sell(new ScriptedDesk(LATER, payRest))]);
    expect((await at.wait(both)).map((outcome) => outcome.kind)).toEqual(["paid", "refused"]);
    expect(await at.sum("cash-tender")).toBe(AMOUNT);
  });
});

describe("a sale that rests, or is given up", () => {
  test("nobody pays: it rests; the next time goes on with what is left", async () => {
    const at = await bench();
    expect(await at.sell(new ScriptedDesk(LATER, pay("cash", 490)))).toMatchObject({ kind: "resting", paid: 490, rest: AMOUNT - 490, reason: "no-answer" });
    await at.nextLife();
    const desk = new ScriptedDesk(payRest);
    expect(await at.sell(desk)).toMatchObject({ kind: "paid" });
    expect(desk.asked).toEqual([{ ask: "tender", rest: AMOUNT - 490, choices: ["cash", "e-purse"] }]);
    expect(await at.sum("cash-tender")).toBe(AMOUNT);
  });

  test.each<[string, OfflineOutcome["kind"], Parameters<typeof pay>]>([
    ["more than the rest", "resting", ["cash", AMOUNT + 1]],
    ["nothing", "resting", ["cash", 0]],
    ["a kind that is not offered", "resting", ["bank-card", 1]],
    ["the card's own purse where the region does not let it pay", "resting", ["medical-purse", 1]],
  ])("%s is no answer", async (_, kind, [tender, amount]) => {
    const at = await bench();
    const desk = new ScriptedDesk(LATER, pay(tender, amount));
    expect((await at.sell(desk)).kind).toBe(kind);
    expect(desk.told.map(({ is }) => is)).not.toContain("tender-started");
    expect(await at.sum("cash-tender")).toBe(0);
  });

  test("the card's own purse is offered where the region lets it pay", async () => {
    const at = await bench({ offline: { cardDebit: true } });
    const desk = new ScriptedDesk(LATER);
    await at.sell(desk);
    expect(desk.asked[1]).toMatchObject({ choices: ["cash", "e-purse", "medical-purse"] });
  });

  test("given up before anything was taken: void, and for good", async () => {
    const at = await bench();
    expect(await at.sell(new ScriptedDesk(LATER, { answer: "cancel" }))).toMatchObject({ kind: "cancelled", sale: { stage: "void", refunded: 0 } });
    expect(await at.sell(new ScriptedDesk(LATER, payRest))).toMatchObject({ kind: "cancelled" });
    expect([await at.trail(), await at.sum("cash-refund")]).toEqual([["prepared", "void:void"], 0]);
    expect(await at.settle()).toEqual({ kind: "refused", reason: "sale-not-paid" });
  });

  test("given up after a part was taken: it is given back, once", async () => {
    const at = await bench();
    const outcome = await at.sell(new ScriptedDesk(LATER, pay("cash", 490), { answer: "cancel" }));
    expect(outcome).toMatchObject({ kind: "cancelled", sale: { stage: "void", refunded: 490, refundDue: 0 } });
    expect(await at.trail()).toEqual(["prepared", "acting:give-back-due", "void:void"]);
    expect([await at.sum("cash-tender"), await at.sum("cash-refund")]).toEqual([490, 490]);
    expect(await at.sell(new ScriptedDesk())).toMatchObject({ kind: "cancelled" });
    expect(await at.refund()).toMatchObject({ kind: "paid", sale: { refunded: 490 } });
    expect(await at.sum("cash-refund")).toBe(490);
  });

  test("many questions: it rests in the end", async () => {
    const at = await bench();
    const desk = new ScriptedDesk(LATER, ...Array.from({ length: 200 }, () => pay("e-purse", 5)));
    expect(await at.sell(desk)).toMatchObject({ kind: "resting", reason: "no-answer", paid: 0 });
    expect(desk.asked.length).toBeLessThan(70);
  });
});

/** Tenders that say what a test wants; what is said once is said again. */
class SaidTenders implements Tenders {
  readonly results = new Map<string, TenderResult>();
  readonly refunds: number[] = [];
  readonly next: TenderResult[];
  readonly taken: unknown[] = [];
  refundFails = false;

  constructor(...next: readonly TenderResult[]) {
    this.next = [...next];
  }

  offered() {
    return ["cash", "e-purse"] as const;
  }

  take({ reference, tender, amount }: TenderRequest): Promise<TenderResult> {
    this.taken.push([reference, tender, amount]);
    const result = this.next.shift() ?? { kind: "failed", reason: "no-more" };
    this.results.set(reference, result);
    return Promise.resolve(result);
  }

  known(reference: string): Promise<TenderResult | undefined> {
    return Promise.resolve(this.results.get(reference));
  }

  refundCash({ amount }: { readonly amount: ReturnType<typeof fen> }): ReturnType<Tenders["refundCash"]> {
    if (this.refundFails) return Promise.reject(new Fault("store-full", "no room", { effectUnknown: false }));
    this.refunds.push(amount);
    return Promise.resolve({ subject: "r", amount });
  }

  returned(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  giveBack(): Promise<TenderResult> {
    return Promise.resolve({ kind: "failed", reason: "tender-not-offered" });
  }
}

describe("tenders that are not decided", () => {
  const UNKNOWN: TenderResult = { kind: "unknown", subject: "q-1", reason: "card-removed" };

  function withTenders(...results: readonly TenderResult[]): { readonly tenders: SaidTenders; readonly ports: Partial<OfflinePorts> } {
    const tenders = new SaidTenders(...results);
    return { tenders, ports: { tenders } };
  }

  test("block the sale until they are, and count when they were paid", async () => {
    const { tenders, ports } = withTenders({ kind: "paid", subject: "q-0", amount: fen(490) }, UNKNOWN);
    const at = await bench({ ports });
    const desk = new ScriptedDesk(LATER, pay("cash", 490), pay("e-purse", AMOUNT - 490), payRest);
    expect(await at.sell(desk)).toMatchObject({ kind: "unknown", reason: "card-removed" });
    expect(desk.told.at(-1)).toEqual({ is: "tender-unknown", tender: "e-purse", reason: "card-removed" });
    expect(await at.sell(desk)).toMatchObject({ kind: "unknown", reason: "card-removed" });
    expect(await at.giveBack()).toEqual({ kind: "refused", reason: "tender-unknown" });
    expect(await at.settle()).toEqual({ kind: "refused", reason: "sale-not-paid" });
    tenders.results.set("c1.A1.t2", { kind: "paid", subject: "q-1", amount: fen(AMOUNT - 490) });
    expect(await at.sell(new ScriptedDesk())).toMatchObject({ kind: "paid" });
  });

  test("a purse is asked again by its card, under its own number and for its own amount", async () => {
    const { tenders, ports } = withTenders(UNKNOWN);
    const at = await bench({ ports });
    await at.sell(new ScriptedDesk(LATER, pay("e-purse", 490)));
    const [intent] = await at.entries();
    tenders.results.set("c1.A1.t1", { kind: "unknown", subject: intent?.subject ?? "", reason: "card-removed" });
    tenders.next.push({ kind: "paid", subject: "q-1", amount: fen(490) }, { kind: "paid", subject: "q-2", amount: fen(AMOUNT - 490) });
    expect(await at.sell(new ScriptedDesk(payRest))).toMatchObject({ kind: "paid" });
    // The record of the card's debit is stood in for by one of the same amount as the sale.
    expect(tenders.taken).toEqual([
      ["c1.A1.t1", "e-purse", 490],
      ["c1.A1.t1", "e-purse", AMOUNT],
      ["c1.A1.t2", "cash", AMOUNT - 490],
    ]);
  });

  test("or leave the rest open when they were not", async () => {
    const { tenders, ports } = withTenders(UNKNOWN);
    const at = await bench({ ports });
    await at.sell(new ScriptedDesk(LATER, pay("e-purse", AMOUNT)));
    tenders.results.set("c1.A1.t1", { kind: "failed", reason: "void" });
    const desk = new ScriptedDesk();
    expect(await at.sell(desk)).toMatchObject({ kind: "resting", paid: 0 });
    expect(desk.asked).toMatchObject([{ ask: "tender", rest: AMOUNT }]);
  });

  test("one that a card vouches for alone buys no goods and is given back with the rest", async () => {
    const { tenders, ports } = withTenders({ kind: "paid", subject: "q-0", amount: fen(490) });
    const at = await bench({ ports });
    await at.sell(new ScriptedDesk(LATER, pay("cash", 490)));
    const [intent] = await at.entries();
    tenders.results.set("c1.A1.t2", { kind: "unknown", subject: intent?.subject ?? "", reason: "unverified", held: true });
    expect(await at.sell(new ScriptedDesk())).toMatchObject({ kind: "unknown", reason: "unverified" });
    // The record of the card's debit is stood in for by one of the same amount as the sale.
    await at.giveBack();
    expect(tenders.refunds).toEqual([490 + AMOUNT]);
  });

  test("what cannot be handed out stays due", async () => {
    const { tenders, ports } = withTenders({ kind: "paid", subject: "q-0", amount: fen(490) });
    const at = await bench({ ports });
    tenders.refundFails = true;
    const outcome = await at.sell(new ScriptedDesk(LATER, pay("cash", 490), { answer: "cancel" }));
    expect(outcome).toMatchObject({ kind: "cancelled", sale: { stage: "give-back-due", refundDue: 490 } });
    expect(await at.refund()).toEqual({ kind: "refused", reason: "store-full" });
    tenders.refundFails = false;
    await at.refund();
    expect(tenders.refunds).toEqual([490]);
  });

  test("a number without a record is used again, so that none is overlooked", async () => {
    const at = await bench();
    const desk = new ScriptedDesk(LATER, pay("e-purse", 100), pay("cash", 490), pay("e-purse", 100), payRest);
    expect(await at.sell(desk)).toMatchObject({ kind: "paid" });
    const numbers = (await at.entries()).filter(({ kind }) => kind === "cash-tender").map(({ detail }) => detail["reference"]);
    expect(numbers).toEqual(["c1.A1.t1", "c1.A1.t2"]);
    expect(await at.wait(openOffline(at.counter.ports.journal, 10))).toMatchObject([{ stage: "settlement-due", reference: REFERENCE }]);
  });
});
