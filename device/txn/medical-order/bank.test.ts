/* Orders whose rest a bank card pays: paid once, given back to the account it came from, and blocked while nobody knows. */
import { describe, expect, test } from "vitest";
import { ORDER_LIMITS, OrderBench, type OrderBenchOptions, order, pay, payRest, ScriptedDesk } from "./testing.ts";

const CASH = 3990;

async function bench(options: OrderBenchOptions = {}): Promise<OrderBench> {
  const made = new OrderBench({ bank: {}, ...options });
  await made.switchOn();
  return made;
}

const BY_BANK = { tenders: ["bank-card"] } as const;

describe("the rest of an order", () => {
  test("is paid by a bank card, once, whoever asks how often", async () => {
    const at = await bench();
    const done = await at.place(order("A1", BY_BANK));
    expect(done).toMatchObject({ state: "done", rest: 0, tenders: [{ tender: "bank-card", amount: CASH, state: "paid" }] });
    expect(await at.place(order("A1", BY_BANK))).toEqual(done);
    await at.nextLife();
    expect(await at.query("A1")).toEqual(done);
    expect(at.host.sum()).toBe(CASH);
    const [payment] = (await at.entries()).filter(({ kind, state }) => kind === "bank-payment" && state === "done");
    expect(payment?.detail).toMatchObject({ order: "c1.A1", reference: "c1.A1.t1", operator: "op1" });
  });

  test("is offered to be paid by one only where there is a bank", async () => {
    const desk = new ScriptedDesk(payRest("cash"));
    await (await bench()).place(order("A1", { tenders: [] }), desk);
    expect(desk.asked).toMatchObject([{ ask: "tender", choices: ["cash", "e-purse", "bank-card"] }]);
  });

  test("that a bank declines may be paid with something else", async () => {
    const at = await bench();
    at.host.planFault("0200", "decline");
    const desk = new ScriptedDesk(payRest("bank-card"), payRest("cash"));
    const done = await at.place(order("A1", { tenders: [] }), desk);
    expect(done).toMatchObject({
      state: "done",
      tenders: [
        { tender: "bank-card", state: "failed", reason: "not-honoured" },
        { tender: "cash", amount: CASH, state: "paid" },
      ],
    });
    expect(at.host.sum()).toBe(0);
  });

  test("that a bank approves in part is asked for again, where that may stand", async () => {
    const at = await bench({ bank: { profile: { partialApproval: true } } });
    at.host.planFault("0200", "partial");
    const done = await at.place(order("A1", { tenders: ["bank-card"] }), new ScriptedDesk(payRest("cash")));
    expect(done).toMatchObject({ state: "done" });
    expect(done.tenders.map(({ tender, amount }) => [tender, amount])).toEqual([
      ["bank-card", CASH / 2],
      ["bank-card", CASH / 2],
    ]);
    expect(at.host.sum()).toBe(CASH);
  });

  test.each(["reply-lost", "request-lost"] as const)("that nobody knows of (%s) blocks the order and its bank, until it is taken back", async (fault) => {
    const at = await bench();
    at.host.planFault("0200", fault);
    at.host.planFault("0400", "request-lost");
    expect(await at.place(order("A1", BY_BANK))).toMatchObject({ state: "unknown", reason: "tender-unknown", rest: CASH });
    expect(await at.place(order("A1", { tenders: ["cash"] }))).toMatchObject({ state: "unknown", reason: "tender-unknown" });
    expect(await at.voidOrder("A1")).toMatchObject({ state: "unknown" });
    expect(await at.taken()).toMatchObject({ cash: 0, refunded: 0 });
    await at.nextLife();
    expect(await at.query("A1")).toMatchObject({ state: "unknown" });
    await at.reverse();
    await at.resume();
    expect(await at.query("A1")).toMatchObject({ state: "open", rest: CASH, tenders: [{ state: "failed" }] });
    expect(await at.place(order("A1", { tenders: ["cash"] }))).toMatchObject({
      state: "done",
      tenders: [{ state: "failed" }, { tender: "cash", state: "paid" }],
    });
    expect(at.host.sum()).toBe(0);
  });

  test("that was taken back is paid anew", async () => {
    const at = await bench();
    at.host.planFault("0200", "reply-lost");
    const done = await at.place(order("A1", { tenders: [] }), new ScriptedDesk(payRest("bank-card"), payRest("bank-card")));
    expect(done).toMatchObject({ state: "done", tenders: [{ state: "failed" }, { state: "paid", amount: CASH }] });
    expect(at.host.sum()).toBe(CASH);
  });
});

describe("an order that is undone", () => {
  test("voids what the bank paid, and hands out no cash for it", async () => {
    const at = await bench();
    await at.place(order("A1", BY_BANK));
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void", tenders: [{ tender: "bank-card", state: "refunded" }] });
    expect(at.host.standing().map(({ business, amountFen }) => [business, amountFen])).toEqual([
      ["sale", CASH],
      ["void", CASH],
    ]);
    expect(await at.taken()).toMatchObject({ refunded: 0 });
    expect(at.printed.at(-1)).toMatchObject({ slip: "void", refunds: [{ tender: "bank-card", amount: CASH }] });
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void" });
    expect(at.host.sum()).toBe(0);
  });

  test("gives back each part the way it came", async () => {
    const at = await bench();
    const desk = new ScriptedDesk(pay("bank-card", 3000), payRest("cash"));
    await at.place(order("A1", { tenders: [] }), desk);
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void", tenders: [{ state: "refunded" }, { state: "refunded" }] });
    expect(at.host.sum()).toBe(0);
    expect(await at.taken()).toMatchObject({ cash: CASH - 3000, refunded: CASH - 3000 });
    expect(at.printed.at(-1)).toMatchObject({
      refunds: [
        { tender: "bank-card", amount: 3000 },
        { tender: "cash", amount: CASH - 3000 },
      ],
    });
  });

  test("refunds what was paid in a batch of before", async () => {
    const at = await bench();
    await at.place(order("A1", BY_BANK));
    await at.closeBatch();
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void" });
    expect(at.host.standing().map(({ business }) => business)).toEqual(["sale", "refund"]);
  });

  test("waits for a bank that does not answer, and asks it again another day", async () => {
    const at = await bench();
    await at.place(order("A1", BY_BANK));
    at.host.planFault("0200", "reply-lost");
    at.host.planFault("0400", "request-lost");
    expect(await at.voidOrder("A1")).toMatchObject({ state: "unknown", reason: "tender-unknown" });
    await at.nextLife();
    await at.reverse();
    expect(at.host.sum()).toBe(CASH);
    await at.resume();
    expect(await at.query("A1")).toMatchObject({ state: "void" });
    expect(at.host.sum()).toBe(0);
  });

  test("that a bank will not take back rests, and hands out nothing", async () => {
    const at = await bench();
    await at.place(order("A1", BY_BANK));
    at.host.planFault("0200", "decline");
    expect(await at.voidOrder("A1")).toMatchObject({ state: "open", reason: "tender-failed", message: "not-honoured" });
    expect(await at.taken()).toMatchObject({ refunded: 0 });
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void" });
    expect(at.host.sum()).toBe(0);
  });

  test.each(["cut-before", "cut-after"] as const)("and was cut off at its void (%s) is given back once", async (fate) => {
    const at = await bench();
    await at.place(order("A1", BY_BANK));
    at.host.fate = ({ type }) => (type === "0200" ? fate : "deliver");
    await at.untilCut(at.orders.voidOrder({ client: "c1", orderNumber: "A1" }, { operator: "op2" }, ORDER_LIMITS));
    await at.nextLife();
    await at.reverse();
    await at.resume();
    expect(await at.query("A1")).toMatchObject({ state: "void" });
    expect(at.host.sum()).toBe(0);
  });
});

/*
 * Whatever write the power fails at, the bank holds exactly what the order says that it has paid. One order is paid by a bank card and undone, once to
 * count its writes, and once more for each of them.
 */
describe("power cuts", () => {
  interface Writes {
    count: number;
  }

  /** Counts writes, and cuts the power at one of them. */
  function watch(at: OrderBench, cut: { readonly number: number; readonly when: "before" | "during" | "after" } | undefined): Writes {
    const writes: Writes = { count: 0 };
    at.counter.disk.onCommit(() => {
      writes.count += 1;
      return cut?.number === writes.count ? { kind: "cut", when: cut.when } : { kind: "go" };
    });
    return writes;
  }

  async function calm(at: OrderBench): Promise<void> {
    await at.nextLife();
    await at.counter.resolveAll();
    await at.reverse();
    await at.resume();
  }

  const place = (at: OrderBench) => at.untilCut(at.orders.place(order("A1", BY_BANK), new ScriptedDesk(payRest("bank-card")), ORDER_LIMITS));
  const undo = (at: OrderBench) => at.untilCut(at.orders.voidOrder({ client: "c1", orderNumber: "A1" }, { operator: "op2" }, ORDER_LIMITS));

  async function countWrites(work: (at: OrderBench) => Promise<unknown>, before: (at: OrderBench) => Promise<unknown>): Promise<number> {
    const at = await bench();
    await before(at);
    const writes = watch(at, undefined);
    await work(at);
    return writes.count;
  }

  test("at any write of its payment", async () => {
    const total = await countWrites(place, () => Promise.resolve());
    expect(total).toBeGreaterThan(6);
    let done = 0;
    for (let number = 1; number <= total; number += 1) {
      for (const when of ["before", "during", "after"] as const) {
        const at = await bench();
        watch(at, { number, when });
        await place(at);
        await calm(at);
        await place(at);
        await calm(at);
        const view = await at.query("A1");
        expect([number, when, at.host.sum()]).toEqual([number, when, view?.state === "done" ? CASH : 0]);
        if (view?.state === "done") done += 1;
        expect(["done", "refused", undefined]).toContain(view?.state);
      }
    }
    expect(done).toBeGreaterThan(2 * total);
  }, 60_000);

  test("at any write of its undoing", async () => {
    const total = await countWrites(undo, place);
    expect(total).toBeGreaterThan(3);
    for (let number = 1; number <= total; number += 1) {
      for (const when of ["before", "during", "after"] as const) {
        const at = await bench();
        await place(at);
        watch(at, { number, when });
        await undo(at);
        await calm(at);
        await undo(at);
        expect([number, when, (await at.query("A1"))?.state, at.host.sum()]).toEqual([number, when, "void", 0]);
        expect((await at.taken()).refunded).toBe(0);
      }
    }
  }, 60_000);
});
