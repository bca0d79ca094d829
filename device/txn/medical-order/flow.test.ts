import { describe, expect, test } from "vitest";
import { INSURER_FAULTS, planInsurerFault } from "../../../simulators/host/medical/insurer-faults.ts";
import { fen } from "../../base/fen.ts";
import type { OrderEvent } from "../medical-desk/desk.ts";
import { visitBasket } from "../medical-purchase/testing.ts";
import { OrderBench, type OrderBenchOptions, order, pay, ScriptedDesk } from "./testing.ts";

const CASH = 3990;

async function bench(options: OrderBenchOptions = {}): Promise<OrderBench> {
  const made = new OrderBench(options);
  await made.switchOn();
  return made;
}

function told(desk: ScriptedDesk): readonly OrderEvent["is"][] {
  return desk.told.map(({ is }) => is);
}

describe("an order that nothing disturbs", () => {
  test("is settled, paid, recorded, told and printed; whoever asks again hears the same and nothing happens", async () => {
    const at = await bench();
    const desk = new ScriptedDesk();
    const done = await at.place(order("A1"), desk);
    expect(done).toMatchObject({
      state: "done",
      rest: 0,
      operator: "op1",
      figures: { fund: 5892, account: 6608, cash: CASH },
      tenders: [{ tender: "cash", amount: CASH, state: "paid" }],
      receipts: ["sale"],
    });
    expect(told(desk).filter((is) => !["present-card", "card-read", "enter-pin", "pre-settled"].includes(is))).toEqual([
      "started",
      "settling",
      "settled",
      "tender-started",
      "tender-paid",
      "printed",
      "ended",
    ]);
    const entries = (await at.entries()).length;
    expect(await at.place(order("A1", { tenders: [] }))).toEqual(done);
    expect(await at.query("A1")).toEqual(done);
    await at.nextLife();
    expect(await at.place(order("A1"))).toEqual(done);
    expect([(await at.entries()).length, at.counter.standing().length, at.printed.length]).toEqual([entries, 1, 1]);
    expect(at.uploads.map(({ act, reference }) => [act, reference])).toEqual([["sale", "c1.A1.u1"]]);
    expect(at.uploads[0]).toMatchObject({ settlement: { settlementId: done.settlementId, visitId: done.visitId }, operator: "op1" });
  });

  test("names its operator and its client in every record of its own, and hides its goods", async () => {
    const at = await bench();
    await at.place(order("A1"));
    const own = (await at.entries()).filter(({ kind }) => kind === "medical-order");
    expect(own.map(({ state }) => state)).toEqual(["prepared", "acting", "acting", "done"]);
    for (const { detail } of own) {
      expect(detail).toMatchObject({ operator: "op1", client: "c1", orderNumber: "A1", reference: "c1.A1" });
      expect(JSON.stringify(detail)).not.toContain("Drug");
    }
    expect(own[0]?.personal).toMatchObject({ goods: [{ name: "Drug 1" }, { name: "Drug 2" }, { name: "Drug 3" }] });
  });

  test("is settled once when it is sent twice at the same time; another basket under its name is turned away", async () => {
    const at = await bench();
    const both = [at.orders.place(order("A1"), new ScriptedDesk(), LIMITS), at.orders.place(order("A1"), new ScriptedDesk(), LIMITS)];
    const other = at.orders.place(order("A1", { invoiceNumber: "other" }), new ScriptedDesk(), LIMITS);
    const [first, second] = await at.wait(Promise.all(both));
    expect(first?.state).toBe("done");
    expect(second).toEqual(first);
    expect(await other).toMatchObject({ state: "refused", reason: "order-conflict" });
    const entries = (await at.entries()).length;
    expect(await at.place(order("A1", { invoiceNumber: "other" }))).toMatchObject({ state: "refused", reason: "order-conflict" });
    expect([(await at.entries()).length, at.counter.standing().length]).toEqual([entries, 1]);
    expect(await at.query("A1")).toEqual(first);
  });

  test("with more goods than fit one record keeps all of them", async () => {
    const at = await bench();
    const base = order("A1");
    const items = base.items.map((item, line) => ({ ...item, name: `Drug ${line} ${"x".repeat(9000)}` }));
    expect(await at.place({ ...base, items })).toMatchObject({ state: "done" });
    const own = (await at.entries()).filter(
      ({ kind, detail }) => kind === "medical-order" && (detail["goodsParts"] !== undefined || detail["act"] === "goods"),
    );
    expect(own.length).toBe(3);
    await at.nextLife();
    const again = await at.wait(at.orders.reprint({ client: "c1", orderNumber: "A1" }, { operator: "op3", receipt: "sale" }, LIMITS));
    const names = at.printed.map((slip) => ("items" in slip ? slip.items.map(({ name }) => name.length) : []));
    expect([again, names]).toEqual(["printed", [items.map(({ name }) => name.length), items.map(({ name }) => name.length)]]);
  });
});

const LIMITS = { timeoutMs: 300_000, signal: new AbortController().signal };

describe("what the insurer leaves to pay", () => {
  test("is taken in parts, from the purse and in cash", async () => {
    const at = await bench();
    const desk = new ScriptedDesk(pay("e-purse", 1000), pay("cash", 2990));
    const done = await at.place(order("A1", { tenders: [] }), desk);
    expect(done).toMatchObject({
      state: "done",
      tenders: [
        { tender: "e-purse", amount: 1000 },
        { tender: "cash", amount: 2990 },
      ],
    });
    expect(desk.asked).toEqual([
      { ask: "tender", rest: 3990, choices: ["cash", "e-purse"] },
      { ask: "tender", rest: 2990, choices: ["cash", "e-purse"] },
    ]);
    expect(await at.taken()).toEqual({ cash: 2990, purse: 1000, refunded: 0 });
  });

  test("is offered to the next tender where one fails, and then to the counter", async () => {
    const at = await bench();
    at.purseReader.remove();
    const desk = new ScriptedDesk(pay("bank-card", 3990), pay("cash", 9999), pay("cash", 3990));
    const done = await at.place(order("A1", { tenders: ["bank-card", "e-purse"] }), desk);
    expect(done).toMatchObject({
      state: "done",
      tenders: [
        { tender: "e-purse", state: "failed", reason: "no-card" },
        { tender: "cash", state: "paid" },
      ],
    });
    expect(desk.told.filter(({ is }) => is === "tender-failed").length).toBe(3);
    expect(await at.taken()).toEqual({ cash: CASH, purse: 0, refunded: 0 });
  });

  test("rests visibly where nobody answers, and is taken up where it stands", async () => {
    const at = await bench();
    const resting = await at.place(order("A1", { tenders: [] }), new ScriptedDesk(pay("cash", 1000)));
    expect(resting).toMatchObject({ state: "open", reason: "no-answer", rest: 2990, settlementId: expect.any(String) });
    expect(await at.query("A1")).toMatchObject({ state: "open", rest: 2990 });
    await at.nextLife();
    expect(await at.resume()).toBe(1);
    expect(await at.place(order("A1", { tenders: ["e-purse"] }))).toMatchObject({ state: "done", rest: 0 });
    expect(await at.taken()).toEqual({ cash: 1000, purse: 2990, refunded: 0 });
    expect([at.counter.standing().length, at.counter.sent.filter((infno) => infno === "2102").length]).toEqual([1, 1]);
  });

  test("is given back, and the settlement with it, when the counter gives up", async () => {
    const at = await bench();
    const desk = new ScriptedDesk(pay("e-purse", 1000), { answer: "cancel" });
    const undone = await at.place(order("A1", { tenders: [] }), desk);
    expect(undone).toMatchObject({ state: "void", reason: "cancelled", rest: 0, tenders: [{ tender: "e-purse", state: "refunded" }], receipts: ["void"] });
    expect([at.counter.standing(), at.uploads]).toEqual([[], []]);
    expect(await at.taken()).toEqual({ cash: 0, purse: 1000, refunded: 1000 });
    expect(await at.place(order("A1"))).toEqual(undone);
    // Its packs are free again.
    expect(await at.place({ ...order("A2"), items: order("A1").items })).toMatchObject({ state: "done" });
  });

  test("of a purse that was torn is unknown until its card returns; nothing else is tried before", async () => {
    const at = await bench();
    at.tearDebit();
    const unknown = await at.place(order("A1", { tenders: ["e-purse", "cash"] }));
    expect(unknown).toMatchObject({ state: "unknown", reason: "tender-unknown" });
    expect(await at.voidOrder("A1")).toMatchObject({ state: "unknown", reason: "tender-unknown" });
    expect(await at.taken()).toEqual({ cash: 0, purse: CASH, refunded: 0 });
    at.purseReader.insert(at.purse);
    const done = await at.place(order("A1", { tenders: ["cash"] }));
    expect(done).toMatchObject({ state: "done", rest: 0, tenders: [{ tender: "e-purse", amount: CASH, state: "paid" }] });
    expect(at.purse.debits.length).toBe(1);
    expect(await at.taken()).toEqual({ cash: 0, purse: CASH, refunded: 0 });
  });
});

describe("a settlement that is refused", () => {
  test("ends the order, which may be placed again under its name; its packs are free meanwhile", async () => {
    const at = await bench({
      holder: [{ kind: "enters", digits: "000000" }, ...Array.from({ length: 9 }, () => ({ kind: "enters", digits: "123456" }) as const)],
    });
    expect(await at.place(order("A1"))).toMatchObject({ state: "refused", reason: "pin-wrong", triesLeft: expect.any(Number) });
    expect(await at.query("A1")).toMatchObject({ state: "refused", reason: "pin-wrong", triesLeft: expect.any(Number) });
    const { items } = order("A1");
    expect(await at.place({ ...order("A2"), items })).toMatchObject({ state: "done" });
    expect(await at.place(order("A1"))).toMatchObject({ state: "refused", reason: "trace-code-sold" });
    await at.voidOrder("A2");
    expect(await at.place(order("A1"))).toMatchObject({ state: "done" });
    expect(at.counter.standing().length).toBe(1);
  });

  test("by the insurer is told in its own words, again and again", async () => {
    const at = await bench();
    planInsurerFault(at.counter.insurer.faults, "2102", INSURER_FAULTS.refusal);
    const refused = await at.place(order("A1"));
    expect(refused).toMatchObject({ state: "refused", reason: "host-refused", message: expect.stringContaining("maintained") });
    expect(await at.query("A1")).toEqual(refused);
    expect(await at.place(order("A1"))).toMatchObject({ state: "done" });
    expect(at.counter.standing().length).toBe(1);
  });

  test("however often, leaves it as short a history as once, and every attempt a name of its own", async () => {
    const at = await bench();
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      planInsurerFault(at.counter.insurer.faults, "2102", INSURER_FAULTS.refusal);
      expect(await at.place(order("A1"))).toMatchObject({ state: "refused", reason: "host-refused" });
    }
    expect(await at.place(order("A1"))).toMatchObject({ state: "done" });
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void" });
    const entries = await at.entries();
    const references = entries.filter(({ kind, state }) => kind === "medical-purchase" && state === "prepared").map(({ detail }) => detail["reference"]);
    expect(references).toEqual(["c1.A1.s1", "c1.A1.s2", "c1.A1.s3", "c1.A1.s4", "c1.A1.s5"]);
    const begun = entries.filter(({ kind, state }) => kind === "medical-order" && state === "prepared");
    const [first] = begun;
    expect(begun.map(({ detail }) => detail["continues"])).toEqual([undefined, ...Array.from({ length: 4 }, () => first?.subject), begun[4]?.subject]);
  });

  test("for want of a card, or because the counter gives up waiting, says so", async () => {
    const at = await bench();
    at.counter.reader.remove();
    expect(await at.place(order("A1"))).toMatchObject({ state: "refused", reason: "timeout" });
    const stop = new AbortController();
    const waiting = at.orders.place(order("A1"), new ScriptedDesk(), { ...LIMITS, signal: stop.signal });
    await at.counter.pass(1000);
    stop.abort();
    expect(await at.wait(waiting)).toMatchObject({ state: "refused", reason: "cancelled" });
    expect(at.counter.sent).toEqual([]);
  });

  test("by the rules for goods leaves nothing behind", async () => {
    const at = await bench();
    expect(await at.place(order("A1", { amount: fen(16_491) }))).toMatchObject({ state: "refused", reason: "total-wrong" });
    const { items } = order("A1");
    expect(await at.place(order("A1", { items: items.map(({ traceCodes: _, ...item }) => item) }))).toMatchObject({
      reason: "trace-code-missing",
      message: "1",
    });
    expect([await at.query("A1"), await at.entries(), at.counter.sent]).toEqual([undefined, [], []]);
    expect(await at.voidOrder("A1")).toMatchObject({ reason: "order-unknown" });
  });
});

describe("a settlement whose answer is missing", () => {
  test.each(["no-reply-booked", "no-reply-not-booked", "empty-infcode-booked"] as const)(
    "(%s) blocks its order until the insurer's records agree",
    async (fault) => {
      const at = await bench();
      planInsurerFault(at.counter.insurer.faults, "2102", INSURER_FAULTS[fault]);
      expect(await at.place(order("A1"))).toMatchObject({ state: "unknown", reason: "settlement-unknown" });
      expect(await at.place(order("A1"))).toMatchObject({ state: "unknown" });
      expect(await at.voidOrder("A1")).toMatchObject({ state: "unknown", reason: "settlement-unknown" });
      await at.nextLife();
      expect(await at.resume()).toBe(1);
      expect(await at.place(order("A1"))).toMatchObject({ state: "unknown" });
      expect(at.counter.sent.filter((infno) => infno === "2102").length).toBe(1);
      await at.counter.resolveAll();
      expect(at.counter.standing()).toEqual([]);
      expect(await at.query("A1")).toMatchObject({ state: "refused" });
      expect(await at.resume()).toBe(0);
      expect(await at.place(order("A1"))).toMatchObject({ state: "done" });
      expect(at.counter.standing().length).toBe(1);
    },
  );
});

describe("an order that is given back", () => {
  test("on request: the insurer first, then the money, the goods, the packs and the paper", async () => {
    const at = await bench();
    await at.place(order("A1", { tenders: [] }), new ScriptedDesk(pay("e-purse", 990), pay("cash", 3000)));
    const gone = await at.voidOrder("A1");
    expect(gone).toMatchObject({
      state: "void",
      operator: "op2",
      rest: 0,
      tenders: [{ state: "refunded" }, { state: "refunded" }],
      receipts: ["sale", "void"],
    });
    expect(at.counter.standing()).toEqual([]);
    expect(await at.taken()).toEqual({ cash: 3000, purse: 990, refunded: 3990 });
    expect(at.uploads.map(({ act }) => act)).toEqual(["sale", "return"]);
    expect(at.printed.map(({ slip }) => slip)).toEqual(["sale", "void"]);
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void", reason: "already-void" });
    expect(await at.place(order("A1"))).toMatchObject({ state: "void" });
    expect(at.counter.sent.filter((infno) => infno === "2103").length).toBe(1);
    const kinds = (await at.entries()).filter(({ kind }) => kind !== "medical-order").map(({ kind, state }) => `${kind} ${state}`);
    expect(kinds.indexOf("cash-refund done")).toBeGreaterThan(kinds.indexOf("medical-void done"));
  });

  test("and the insurer refuses: it stands as it stood, and may be tried again", async () => {
    const at = await bench();
    const done = await at.place(order("A1"));
    planInsurerFault(at.counter.insurer.faults, "2103", INSURER_FAULTS.refusal);
    expect(await at.voidOrder("A1")).toMatchObject({ state: "done", reason: "void-refused" });
    expect(await at.taken()).toEqual({ cash: CASH, purse: 0, refunded: 0 });
    expect(await at.query("A1")).toMatchObject({ state: "done", tenders: done.tenders });
    expect(await at.place({ ...order("A2"), items: order("A1").items })).toMatchObject({ reason: "trace-code-sold" });
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void" });
    expect(at.counter.standing()).toEqual([]);
  });

  test("and the insurer refuses while it is not paid yet: it rests, and can be paid or given back again", async () => {
    const at = await bench();
    planInsurerFault(at.counter.insurer.faults, "2103", INSURER_FAULTS.refusal);
    expect(await at.place(order("A1", { tenders: [] }), new ScriptedDesk({ answer: "cancel" }))).toMatchObject({
      state: "open",
      reason: "void-refused",
      rest: CASH,
    });
    expect(await at.query("A1")).toMatchObject({ state: "open", reason: "void-refused" });
    expect(await at.place(order("A1"))).toMatchObject({ state: "done" });
    expect(at.counter.standing().length).toBe(1);
  });

  test.each(["no-reply-booked", "no-reply-not-booked"] as const)(
    "and the insurer's answer is missing (%s): unknown, then decided without anybody",
    async (fault) => {
      const at = await bench();
      await at.place(order("A1"));
      planInsurerFault(at.counter.insurer.faults, "2103", INSURER_FAULTS[fault]);
      expect(await at.voidOrder("A1")).toMatchObject({ state: "unknown", reason: "void-unknown" });
      expect(await at.voidOrder("A1")).toMatchObject({ state: "unknown", reason: "void-unknown" });
      expect(await at.taken()).toEqual({ cash: CASH, purse: 0, refunded: 0 });
      await at.nextLife();
      await at.counter.resolveAll();
      expect(await at.resume()).toBe(0);
      expect(await at.query("A1")).toMatchObject({ state: "void", tenders: [{ state: "refunded" }] });
      expect(at.counter.standing()).toEqual([]);
      expect(await at.taken()).toEqual({ cash: CASH, purse: 0, refunded: CASH });
    },
  );

  test("and the insurer is out of reach: it goes on by itself when it is there again", async () => {
    const at = await bench();
    await at.place(order("A1"));
    at.counter.plan((infno) => (infno === "2103" ? "not-sent" : "deliver"));
    expect(await at.voidOrder("A1")).toMatchObject({ state: "open", reason: "request-expired", rest: 0 });
    expect(at.counter.standing().length).toBe(1);
    // Looked at again and again, it is tried again only after a while.
    expect([await at.resume(), await at.resume(), await at.resume()]).toEqual([1, 1, 1]);
    expect((await at.entries()).filter(({ kind, state }) => kind === "medical-void" && state === "prepared").length).toBe(2);
    at.counter.plan(() => "deliver");
    await at.counter.pass(1000);
    expect(await at.resume()).toBe(0);
    expect(await at.query("A1")).toMatchObject({ state: "void" });
    expect(at.counter.standing()).toEqual([]);
  });
});

describe("an outpatient visit", () => {
  const { clinic, disease } = visitBasket("A1");
  const visit = order("A1", {
    visit: "outpatient",
    medicalType: "11",
    ...(clinic === undefined ? {} : { clinic }),
    ...(disease === undefined ? {} : { disease }),
  });

  test("is given back in the opposite order, and its fees and registration go as well", async () => {
    const at = await bench();
    expect(await at.place(visit)).toMatchObject({ state: "done" });
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void", tenders: [{ state: "refunded" }] });
    expect(at.counter.sent.slice(-3)).toEqual(["2208", "2205", "2202"]);
    expect([at.counter.standing(), openVisits(at)]).toEqual([[], 0]);
  });

  test("whose fees cannot be cancelled now goes back to it by itself; the money is back already", async () => {
    const at = await bench();
    await at.place(visit);
    at.counter.planOnce("2205", "lost-before");
    expect(await at.voidOrder("A1")).toMatchObject({ state: "open", reason: "host-unreachable" });
    expect(await at.taken()).toMatchObject({ refunded: CASH });
    await at.nextLife();
    expect(await at.resume()).toBe(0);
    expect(await at.query("A1")).toMatchObject({ state: "void" });
    expect([at.counter.standing(), openVisits(at), (await at.taken()).refunded]).toEqual([[], 0, CASH]);
  });
});

function openVisits(at: OrderBench): number {
  return at.counter.ledger.visits.visits().filter(({ status }) => status === "open").length;
}

describe("money on the card's word alone", () => {
  test("buys no goods and comes back when the order is undone", async () => {
    const at = await bench({ unverifiedAmountFen: 0 });
    at.tearDebit();
    await at.place(order("A1", { tenders: ["e-purse"] }));
    await at.nextLife();
    at.purseReader.insert(at.purse);
    expect(await at.place(order("A1", { tenders: ["e-purse"] }))).toMatchObject({ state: "unknown", reason: "tender-unknown", rest: CASH });
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void", tenders: [{ tender: "e-purse", state: "refunded" }] });
    expect(await at.taken()).toEqual({ cash: 0, purse: CASH, refunded: CASH });
  });
});

describe("a settlement that the insurer has taken back by itself", () => {
  test("is told as it is; what was paid goes back on request, and no second void is sent", async () => {
    const at = await bench();
    const done = await at.place(order("A1"));
    const { journal } = at.counter.ports;
    const [original] = (await at.entries()).filter(({ kind }) => kind === "medical-purchase");
    const name = "import.S1";
    const draft = { kind: "medical-void", amount: done.amount, detail: { reference: name, imported: true } } as const;
    const { subject } = await at.wait(
      journal.append({ ...draft, state: "prepared", marks: [{ name: `void/${original?.subject}`, value: name }], subjectMark: `sale/${name}` }),
    );
    await at.wait(journal.append({ ...draft, subject, state: "done" }));
    expect(await at.query("A1")).toMatchObject({ state: "open", reason: "already-void" });
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void", tenders: [{ state: "refunded" }] });
    expect(await at.taken()).toEqual({ cash: CASH, purse: 0, refunded: CASH });
    expect(at.counter.sent).not.toContain("2103");
  });
});

describe("paper", () => {
  test("that jams changes nothing; it is printed again as a copy when somebody asks", async () => {
    const at = await bench();
    at.jam = "paper-end";
    const desk = new ScriptedDesk();
    expect(await at.place(order("A1"), desk)).toMatchObject({ state: "done" });
    expect(desk.told).toContainEqual({ is: "print-failed", reason: "paper-end" });
    at.jam = undefined;
    const again = (receipt: "sale" | "void") => at.wait(at.orders.reprint({ client: "c1", orderNumber: "A1" }, { operator: "op3", receipt }, LIMITS));
    expect(await again("sale")).toBe("printed");
    expect(at.printed).toMatchObject([{ slip: "sale", visit: "pharmacy", operator: "op1", tenders: [{ tender: "cash", amount: CASH }] }]);
    expect(at.styles).toEqual([{ copy: true, by: "op3" }]);
    expect(await again("void")).toBe("receipt-unknown");
    expect(await at.wait(at.orders.reprint({ client: "c1", orderNumber: "A9" }, { operator: "op3", receipt: "sale" }, LIMITS))).toBe("order-unknown");
  });

  test("names who did what it tells, whoever prints it again: the seller on the sale, who gave it back on the void", async () => {
    const at = await bench();
    await at.place(order("A1"));
    await at.voidOrder("A1");
    for (const receipt of ["sale", "void"] as const)
      await at.wait(at.orders.reprint({ client: "c1", orderNumber: "A1" }, { operator: "op3", receipt }, LIMITS));
    expect(at.printed.map(({ slip, operator }) => `${slip} ${operator}`)).toEqual(["sale op1", "void op2", "sale op1", "void op2"]);
    expect(at.styles).toEqual([{ copy: false }, { copy: false }, { copy: true, by: "op3" }, { copy: true, by: "op3" }]);
  });

  test("is left out where the counter wants none", async () => {
    const at = await bench();
    await at.place(order("A1", { prints: false }));
    expect(at.printed).toEqual([]);
  });
});
