import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import type { OfflineChoice, OrderAnswer, OrderQuestion } from "../medical-desk/desk.ts";
import { ORDER_LIMITS, OrderBench, order, pay, payRest, ScriptedDesk } from "./testing.ts";

const NAME = { client: "c1", orderNumber: "A1" };
const TOTAL = 16_490;
const LATER = order("A1", { tenders: [] });

/** A counter whose insurer is away. */
async function away(): Promise<OrderBench> {
  const at = new OrderBench({ offline: true });
  await at.switchOn();
  at.counter.plan(() => "not-sent");
  return at;
}

function choose(choice: OfflineChoice): OrderAnswer {
  return { answer: "offline", choice };
}

/** Somebody who answers whatever is asked. */
function attentive(): ScriptedDesk {
  const answer = (question: OrderQuestion): OrderAnswer =>
    question.ask === "tender" ? { answer: "tender", tender: "cash", amount: question.rest } : choose("settle-later");
  return new ScriptedDesk(answer, answer, answer);
}

/** Cuts the power in the middle of this write, and counts them. */
function cutAt(at: OrderBench, cut: number): { writes: number } {
  const counted = { writes: 0 };
  at.counter.disk.onCommit(() => {
    counted.writes += 1;
    return counted.writes === cut ? { kind: "cut", when: "during" } : { kind: "go" };
  });
  return counted;
}

function settleLater(at: OrderBench, desk = new ScriptedDesk()) {
  return at.wait(at.orders.settleLater(NAME, { operator: "op2", credential: { kind: "card" } }, desk, ORDER_LIMITS));
}

function reprintSale(at: OrderBench) {
  return at.wait(at.orders.reprint(NAME, { operator: "op3", receipt: "sale" }, ORDER_LIMITS));
}

function payRefund(at: OrderBench) {
  return at.wait(at.orders.payRefund(NAME, { operator: "op2" }, ORDER_LIMITS));
}

describe("an order whose insurer is away", () => {
  test("is paid in full, settled later once, and its difference is handed out once", async () => {
    const at = await away();
    const sold = await at.place(LATER, new ScriptedDesk(choose("settle-later"), pay("e-purse", 990), payRest("cash")));
    expect(sold).toMatchObject({
      state: "offline",
      rest: 0,
      offline: { choice: "settle-later", settledLater: false, refundDue: 0 },
      tenders: [
        { tender: "e-purse", amount: 990, state: "paid" },
        { tender: "cash", amount: 15_500, state: "paid" },
      ],
      receipts: ["offline"],
    });
    expect(at.printed.map(({ slip }) => slip)).toEqual(["offline"]);
    expect([await at.place(LATER), await at.query("A1")]).toEqual([sold, sold]);
    expect(await settleLater(at)).toMatchObject({ state: "offline", reason: "host-unreachable" });
    await at.nextLife();
    const settled = await settleLater(at);
    expect(settled).toMatchObject({
      state: "offline",
      offline: { settledLater: true, refundDue: TOTAL - 3990 },
      figures: { cash: 3990 },
      receipts: ["offline", "sale"],
    });
    expect(await settleLater(at)).toMatchObject({ state: "offline", offline: { settledLater: true } });
    expect(await payRefund(at)).toMatchObject({ state: "offline", offline: { refundDue: 0 } });
    await payRefund(at);
    expect(at.counter.standing().length).toBe(1);
    expect(await at.taken()).toEqual({ cash: 15_500, purse: 990, refunded: TOTAL - 3990 });
  });

  test.each([true, false])("is given back whole after it was settled later; its difference handed out before: %s", async (paidOut) => {
    const at = await away();
    await at.place(LATER, new ScriptedDesk(choose("settle-later"), payRest("cash")));
    await at.nextLife();
    await settleLater(at);
    if (paidOut) await payRefund(at);
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void", tenders: [{ tender: "cash", amount: TOTAL }] });
    expect(at.counter.standing()).toEqual([]);
    expect(await at.taken()).toEqual({ cash: TOTAL, purse: 0, refunded: TOTAL });
    await payRefund(at);
    expect((await at.taken()).refunded).toBe(TOTAL);
    const open = await at.wait(at.counter.ports.journal.openSubjects({ limit: 10 }));
    expect(open.filter(({ kind }) => kind !== "stock-upload")).toEqual([]);
  });

  test("is told on paper by itself once nothing is owed: what was due, that it was handed out, when and by whom; a copy says the same", async () => {
    const at = await away();
    await at.place(LATER, new ScriptedDesk(choose("settle-later"), payRest("cash")));
    await at.nextLife();
    await at.counter.pass(60_000);
    await settleLater(at);
    expect(at.printed.map(({ slip }) => slip)).toEqual(["offline"]);
    await at.counter.pass(60_000);
    await payRefund(at);
    await payRefund(at);
    await settleLater(at);
    const refunded = (await at.entries()).find(({ kind }) => kind === "cash-refund");
    const due = TOTAL - 3990;
    expect(at.printed.slice(1)).toMatchObject([
      { slip: "settled-later", operator: "op2", atMs: refunded?.wallMs, paid: TOTAL, refundDue: due, refundPaid: true },
    ]);
    expect(at.styles.at(-1)).toEqual({ copy: false });
    expect(await reprintSale(at)).toBe("printed");
    expect([at.printed.at(-1), at.styles.at(-1)]).toEqual([at.printed[1], { copy: true, by: "op3" }]);
  });

  test("is told on paper at once where the insurer pays nothing, with the time of the settlement and nothing due", async () => {
    const at = await away();
    const dear = LATER.items.slice(2);
    await at.place({ ...LATER, items: dear, amount: fen(3990) }, new ScriptedDesk(choose("settle-later"), payRest("cash")));
    await at.nextLife();
    await at.counter.pass(60_000);
    const desk = new ScriptedDesk();
    await settleLater(at, desk);
    const booked = (await at.entries()).find(({ kind, state }) => kind === "medical-purchase" && state === "done");
    expect(at.printed.slice(1)).toMatchObject([{ slip: "settled-later", operator: "op1", atMs: booked?.wallMs, refundDue: 0, refundPaid: false }]);
    expect([at.styles.at(-1), desk.told.at(-1)]).toEqual([{ copy: false }, { is: "printed" }]);
    expect(booked?.wallMs).toBeDefined();
  });

  test("has on paper what waits for its holder when somebody asks, and none by itself where the counter wants none", async () => {
    const at = await away();
    await at.place({ ...LATER, prints: false }, new ScriptedDesk(choose("settle-later"), payRest("cash")));
    await at.nextLife();
    await settleLater(at);
    expect(await reprintSale(at)).toBe("printed");
    expect(at.printed).toMatchObject([{ slip: "settled-later", operator: "op1", refundDue: TOTAL - 3990, refundPaid: false }]);
    expect(await payRefund(at)).toMatchObject({ offline: { refundDue: 0 } });
    expect(at.printed.length).toBe(1);
    await at.voidOrder("A1");
    expect(await reprintSale(at)).toBe("printed");
    expect(at.printed.at(-1)).toMatchObject({ slip: "settled-later", refundDue: TOTAL - 3990, refundPaid: true });
  });

  test("whose slip jams is settled and paid out all the same", async () => {
    const at = await away();
    await at.place(LATER, new ScriptedDesk(choose("settle-later"), payRest("cash")));
    await at.nextLife();
    await settleLater(at);
    at.jam = "paper-end";
    expect(await payRefund(at)).toMatchObject({ state: "offline", offline: { settledLater: true, refundDue: 0 } });
    expect((await at.taken()).refunded).toBe(TOTAL - 3990);
  });

  test("with a slip for its holder is never settled here, and can be given back", async () => {
    const at = await away();
    const sold = await at.place(LATER, new ScriptedDesk(choose("reimbursement-slip"), payRest("cash")));
    expect(sold).toMatchObject({ state: "offline", receipts: ["offline", "reimbursement"] });
    expect(at.printed.map(({ slip }) => slip)).toEqual(["offline", "reimbursement"]);
    await at.nextLife();
    expect((await settleLater(at)).reason).toBeDefined();
    expect(at.counter.standing()).toEqual([]);
    expect(await at.voidOrder("A1")).toMatchObject({ state: "void", tenders: [{ state: "refunded" }] });
    expect(await at.taken()).toEqual({ cash: TOTAL, purse: 0, refunded: TOTAL });
    expect(at.counter.sent).not.toContain("2103");
  });

  test("rests where nobody answers, is taken up where it stands, and is undone when the counter gives up", async () => {
    const at = await away();
    expect(await at.place(LATER, new ScriptedDesk(choose("settle-later"), pay("cash", 1000)))).toMatchObject({ state: "open" });
    await at.nextLife();
    expect(await at.resume()).toBe(1);
    const undone = await at.place(LATER, new ScriptedDesk({ answer: "cancel" }));
    expect(undone).toMatchObject({ state: "void" });
    expect(await at.taken()).toEqual({ cash: 1000, purse: 0, refunded: 1000 });
    expect(at.counter.standing()).toEqual([]);
  });

  test("is refused where the counter does not want it, and may be placed again when the insurer is back", async () => {
    const at = await away();
    expect(await at.place(LATER, new ScriptedDesk({ answer: "cancel" }))).toMatchObject({ state: "refused" });
    await at.nextLife();
    expect(await at.place(LATER, new ScriptedDesk(payRest("cash")))).toMatchObject({ state: "done" });
    expect(at.counter.standing().length).toBe(1);
    expect(await settleLater(at)).toMatchObject({ state: "done", reason: "offline-not-allowed" });
  });

  test("is not sold where the region does not allow it, nor on another word than the card's", async () => {
    const at = new OrderBench();
    await at.switchOn();
    at.counter.plan(() => "not-sent");
    expect(await at.place(LATER)).toMatchObject({ state: "refused", reason: "host-unreachable" });
    const allowed = await away();
    const other = order("A1", { credential: { kind: "resident-id", number: "110101199003070000", name: "Nobody" } });
    expect(await allowed.place(other)).toMatchObject({ state: "refused", reason: "host-unreachable" });
    expect(await at.wait(at.orders.payRefund({ client: "c1", orderNumber: "A9" }, { operator: "op2" }, ORDER_LIMITS))).toMatchObject({
      reason: "order-unknown",
    });
  });

  test("keeps every fen through a power cut at each write of the sale without the insurer", async () => {
    const calm = await away();
    const counted = cutAt(calm, 0);
    await calm.place(LATER, attentive());
    expect(counted.writes).toBeGreaterThan(6);
    for (let cut = 1; cut <= counted.writes; cut += 1) {
      const at = await away();
      cutAt(at, cut);
      await at.untilCut(at.orders.place(LATER, attentive(), ORDER_LIMITS));
      await at.nextLife();
      await at.resume();
      at.counter.plan(() => "not-sent");
      const view = await at.place(LATER, attentive());
      expect([cut, view.state, await at.taken()]).toEqual([cut, "offline", { cash: TOTAL, purse: 0, refunded: 0 }]);
    }
  });
});
