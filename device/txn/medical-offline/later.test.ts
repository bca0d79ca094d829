import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { PERSON } from "../medical-purchase/testing.ts";
import { openOffline } from "./later.ts";
import { AMOUNT, type Answer, bench, choose, type OfflineBench, pay, payRest, ScriptedDesk, saleRequest, soldBench } from "./testing.ts";

/** What the insurer leaves to pay of the worked example, and what it pays. */
const CASH = 3990;
const DUE = AMOUNT - CASH;

async function refundOfOrder(at: OfflineBench): Promise<void> {
  await at.wait(at.tenders.refundCash({ reference: "c1.A1.r1", amount: fen(AMOUNT), operator: "op1", order: "c1.A1", why: "order-void" }));
}

describe("the later settlement", () => {
  test("is a new online settlement; what the insurer pays is due, and handed out once", async () => {
    const at = await soldBench("settle-later");
    expect(await at.settle()).toMatchObject({
      kind: "settled",
      sale: { stage: "refund-due", refundDue: DUE, refunded: 0, open: true, settlement: { cash: CASH, settlementId: at.counter.standing()[0]?.settlementId } },
      outcome: { kind: "paid" },
    });
    expect(at.counter.sent.filter((code) => code === "2102")).toEqual(["2102"]);
    expect(await at.refund()).toMatchObject({ kind: "paid", sale: { stage: "ended", refundDue: 0, refunded: DUE, open: false } });
    expect(await at.trail()).toEqual(["prepared", "acting:settlement-due", "acting:refund-due", "done:ended"]);
    expect([await at.sum("cash-tender"), await at.sum("cash-refund")]).toEqual([AMOUNT, DUE]);
    const refund = (await at.entries()).find(({ kind }) => kind === "cash-refund");
    expect(refund?.detail).toMatchObject({ reference: "c1.A1.o1.r1", order: "c1.A1", operator: "op2", why: "offline-difference" });
    expect(await at.wait(openOffline(at.counter.ports.journal, 10))).toEqual([]);
  });

  test("asked again it is the same, and so is its refund; also in another life", async () => {
    const at = await soldBench("settle-later");
    await at.settle();
    expect(await at.settle()).toMatchObject({ kind: "settled", sale: { refundDue: DUE } });
    await at.nextLife();
    expect(await at.settle()).toMatchObject({ kind: "settled", sale: { refundDue: DUE } });
    expect([at.settled.length, at.counter.standing().length]).toEqual([1, 1]);
    await at.refund();
    expect(await at.refund()).toMatchObject({ kind: "paid", sale: { refunded: DUE } });
    await at.nextLife();
    expect(await at.refund()).toMatchObject({ kind: "paid", sale: { refunded: DUE } });
    expect(await at.settle()).toMatchObject({ kind: "settled", sale: { stage: "ended" } });
    expect(await at.sum("cash-refund")).toBe(DUE);
  });

  test("asks for the basket of the sale, under the reference of the sale, on the credential and the word of now", async () => {
    const at = await soldBench("settle-later");
    const desk = new ScriptedDesk();
    await at.settle({ credential: { kind: "card" }, desk });
    const { items, invoiceNumber } = saleRequest();
    expect(at.settled).toEqual([
      {
        reference: "c1.A1.s2",
        amount: AMOUNT,
        items,
        invoiceNumber,
        usesAccount: true,
        visit: "pharmacy",
        medicalType: "41",
        credential: { kind: "card" },
        operator: "op2",
        desk,
      },
    ]);
  });

  test("the terminal's own figures are compared, for information", async () => {
    const at = await soldBench("settle-later");
    await at.settle();
    const entry = (await at.entries()).findLast(({ kind }) => kind === "offline-medical");
    expect(entry?.detail).toMatchObject({ differs: ["account", "cash"], dueFen: DUE, settledCashFen: CASH, stage: "refund-due" });
  });

  test("one that was booked while its record could not follow is found, not made again, and the sale is not given back", async () => {
    const at = await soldBench("settle-later");
    expect((await at.buyOnline("c1.A1.s2")).kind).toBe("paid");
    expect(await at.giveBack()).toEqual({ kind: "refused", reason: "already-settled" });
    expect(await at.settle()).toMatchObject({ kind: "settled", sale: { refundDue: DUE } });
    expect(at.counter.standing().length).toBe(1);
  });

  test.each([
    ["leaves everything to pay", AMOUNT, undefined],
    ["leaves more to pay than the holder was told", AMOUNT + 5, 5],
  ])("the insurer %s: nothing is due", async (_, cash, missing) => {
    const figures = { settlementId: "S1", visitId: "V1", total: fen(cash), fund: fen(0), account: fen(0), mutualAid: fen(0), cash: fen(cash), flags: [] };
    const at = await soldBench("settle-later", { settles: () => ({ kind: "paid", subject: "m-1", ...figures }) });
    expect(await at.settle()).toMatchObject({ kind: "settled", sale: { stage: "ended", refundDue: 0, open: false } });
    expect((await at.entries()).at(-1)?.detail["missingFen"]).toBe(missing);
    expect(await at.refund()).toEqual({ kind: "refused", reason: "nothing-due" });
  });

  test("without the holder only where the region settles with what was read", async () => {
    const returns = await soldBench("settle-later");
    expect(await returns.settle({})).toEqual({ kind: "refused", reason: "credential-missing" });
    expect(returns.settled).toEqual([]);
    const asRead = await soldBench("settle-later", { offline: { laterCredential: "as-read" } });
    await asRead.settle({});
    expect(asRead.settled[0]?.asRead?.cardNumber).toMatch(/^.{9}$/);
    expect(asRead.settled[0]).not.toHaveProperty("credential");
  });

  test("on the card as it was read: no reader, no lane, no PIN, and the insurer is told of the same card", async () => {
    const at = await soldBench("settle-later", { offline: { laterCredential: "as-read" } });
    const giveBack = at.counter.ports.lane.take();
    at.counter.reader.remove();
    const desk = new ScriptedDesk();
    expect(await at.settle({ desk })).toMatchObject({ kind: "settled", sale: { stage: "refund-due", refundDue: DUE } });
    expect(giveBack).toBeDefined();
    expect(desk.told.map(({ is }) => is)).toEqual(["pre-settled", "settling", "settled"]);
    expect(at.counter.standing().length).toBe(1);
    const [sold] = (await at.entries()).filter(({ kind }) => kind === "offline-medical");
    const booked = (await at.entries()).findLast(({ kind }) => kind === "medical-purchase");
    const { cardNumber, cardIdentifier } = sold?.personal ?? {};
    expect(booked?.personal).toMatchObject({ cardNumber, cardIdentifier, psnNo: PERSON });
    expect(await at.refund()).toMatchObject({ kind: "paid", sale: { stage: "ended" } });
  });

  test("nothing of a sale that nobody knows, or that is not paid", async () => {
    const at = await bench();
    expect(await at.settle()).toEqual({ kind: "refused", reason: "sale-unknown" });
    expect(await at.refund()).toEqual({ kind: "refused", reason: "sale-unknown" });
    expect(await at.giveBack()).toEqual({ kind: "refused", reason: "sale-unknown" });
    await at.sell(new ScriptedDesk(choose("settle-later")));
    expect(await at.settle()).toEqual({ kind: "refused", reason: "sale-not-paid" });
    expect(await at.refund()).toEqual({ kind: "refused", reason: "nothing-due" });
  });

  test("nothing is due before it", async () => {
    const at = await soldBench("settle-later");
    expect(await at.refund()).toEqual({ kind: "refused", reason: "nothing-due" });
    expect(await at.sum("cash-refund")).toBe(0);
  });

  test("two at the same time are one", async () => {
    const at = await soldBench("settle-later");
    const outcomes = await at.wait(Promise.all([at.begin.settle(), at.begin.settle()]));
    expect(outcomes.map(({ kind }) => kind)).toEqual(["settled", "refused"]);
    const refunds = await at.wait(Promise.all([at.begin.refund(), at.begin.refund()]));
    expect(refunds.map(({ kind }) => kind)).toEqual(["paid", "refused"]);
    expect([at.counter.standing().length, await at.sum("cash-refund")]).toEqual([1, DUE]);
  });

  test("the insurer's no leaves it due", async () => {
    const at = await soldBench("settle-later");
    at.counter.reader.remove();
    expect(await at.settle()).toEqual({ kind: "no-card" });
    at.counter.plan((code) => (code === "2102" ? "not-sent" : "deliver"));
    at.counter.reader.insert(at.counter.card);
    const refusal = await at.settle();
    expect(refusal).toMatchObject({ kind: "refused", reason: "request-expired" });
    expect(refusal).not.toHaveProperty("subject");
    at.counter.plan(() => "deliver");
    expect(await at.settle()).toMatchObject({ kind: "settled", sale: { refundDue: DUE } });
  });

  test("an outcome that nobody knows is resolved first, then settled once", async () => {
    const at = await soldBench("settle-later");
    at.counter.planOnce("2102", "lost-after");
    expect(await at.settle()).toMatchObject({ kind: "unknown" });
    expect(await at.settle()).toMatchObject({ kind: "unknown", reason: "earlier-sale-open" });
    expect(await at.giveBack()).toEqual({ kind: "refused", reason: "settlement-unknown" });
    await at.counter.resolveAll();
    expect(await at.settle()).toMatchObject({ kind: "settled", sale: { refundDue: DUE } });
    expect(at.counter.standing().length).toBe(1);
  });
});

describe("a sale that is given back", () => {
  test("before its settlement: everything, once, and it is never settled", async () => {
    const at = await soldBench("settle-later");
    expect(await at.giveBack()).toMatchObject({ kind: "paid", sale: { stage: "void", refunded: AMOUNT, refundDue: 0, open: false } });
    expect((await at.entries()).find(({ kind }) => kind === "cash-refund")?.detail).toMatchObject({ why: "order-void" });
    expect(await at.giveBack()).toMatchObject({ kind: "paid", sale: { refunded: AMOUNT } });
    expect(await at.refund()).toMatchObject({ kind: "paid" });
    expect(await at.settle()).toEqual({ kind: "refused", reason: "sale-not-paid" });
    expect([await at.sum("cash-refund"), at.settled, await at.trail()]).toEqual([
      AMOUNT,
      [],
      ["prepared", "acting:settlement-due", "acting:give-back-due", "void:void"],
    ]);
  });

  test("with a slip, which has ended: its refund says so", async () => {
    const at = await soldBench("reimbursement-slip");
    expect(await at.giveBack()).toMatchObject({ kind: "paid", sale: { stage: "void", refunded: AMOUNT, open: false } });
    expect(await at.giveBack()).toMatchObject({ kind: "paid", sale: { stage: "void", refunded: AMOUNT } });
    expect([await at.sum("cash-refund"), await at.trail()]).toEqual([AMOUNT, ["prepared", "done:ended"]]);
    expect(await at.find()).toMatchObject({ stage: "void", refundDue: 0 });
  });

  test("while it is being paid: what was paid so far; nothing at all where nothing was", async () => {
    const part = await bench();
    await part.sell(new ScriptedDesk(choose("settle-later"), pay("cash", 490)));
    expect(await part.giveBack()).toMatchObject({ kind: "paid", sale: { stage: "void", refunded: 490 } });
    const nothing = await bench();
    await nothing.sell(new ScriptedDesk(choose("reimbursement-slip")));
    expect(await nothing.giveBack()).toMatchObject({ kind: "paid", sale: { stage: "void", refunded: 0, open: false } });
    expect(await nothing.sum("cash-refund")).toBe(0);
  });

  test("not once the insurer has booked: the settlement is taken back first", async () => {
    const at = await soldBench("settle-later");
    await at.settle();
    expect(await at.giveBack()).toEqual({ kind: "refused", reason: "already-settled" });
    await at.refund();
    expect(await at.giveBack()).toEqual({ kind: "refused", reason: "already-settled" });
  });

  test("with its order: nothing is due here any more, and its record ends", async () => {
    const at = await soldBench("settle-later");
    await at.settle();
    await refundOfOrder(at);
    expect(await at.find()).toMatchObject({ stage: "void", refundDue: 0, open: true });
    expect(await at.settle()).toEqual({ kind: "refused", reason: "sale-not-paid" });
    expect(await at.refund()).toMatchObject({ kind: "paid", sale: { stage: "void", refunded: 0, open: false } });
    expect(await at.sum("cash-refund")).toBe(AMOUNT);
  });
});

/** What is done with a sale from its beginning to its end; each part may be cut off. */
type Part = (at: OfflineBench) => Promise<unknown>;

/** The same desk for every life: a part in cash first, then what `rest` says. */
function desk(rest: Answer): ScriptedDesk {
  const answer: Answer = (question) => {
    if (question.ask === "offline") return choose("settle-later");
    return question.ask === "tender" && question.rest === AMOUNT ? pay("cash", 490) : typeof rest === "function" ? rest(question) : rest;
  };
  return new ScriptedDesk(...Array.from({ length: 4 }, () => answer));
}

const sells: Part = (at) => at.begin.sell(desk(payRest));
const rests: Part = (at) => at.begin.sell(desk({ answer: "cancel" }));
const settles: Part = (at) => at.begin.settle();
const refunds: Part = (at) => at.begin.refund();
const givesBack: Part = (at) => at.begin.giveBack();

/** Runs the parts; a power cut ends the life, and the same part is begun again in the next one. */
async function runParts(at: OfflineBench, parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    for (let lives = 0; lives < 5; lives += 1) {
      await at.untilCut(part(at));
      if (at.on) break;
      await at.counter.pass(1000);
      await at.nextLife();
      await at.counter.resolveAll();
    }
  }
}

async function writesOf(parts: readonly Part[]): Promise<number> {
  const at = await bench();
  let writes = 0;
  at.counter.disk.onCommit(() => {
    writes += 1;
    return { kind: "go" };
  });
  await runParts(at, parts);
  return writes;
}

interface Truth {
  readonly tendered: number;
  readonly refunded: number;
  readonly standing: number;
  readonly stage: string | undefined;
  readonly due: number | undefined;
}

async function truthOf(at: OfflineBench): Promise<Truth> {
  const sale = await at.find();
  const [tendered, refunded] = [await at.sum("cash-tender"), await at.sum("cash-refund")];
  return { tendered, refunded, standing: at.counter.standing().length, stage: sale?.stage, due: sale?.refundDue };
}

describe("a power cut at every write", () => {
  const LIVES: readonly (readonly [string, readonly Part[], Truth])[] = [
    ["sold, settled later, refunded", [sells, settles, refunds], { tendered: AMOUNT, refunded: DUE, standing: 1, stage: "ended", due: 0 }],
    ["sold and given back", [sells, givesBack], { tendered: AMOUNT, refunded: AMOUNT, standing: 0, stage: "void", due: 0 }],
  ];

  test.each(LIVES.flatMap(([name, parts, truth]) => (["before", "during", "after"] as const).map((when) => [name, when, parts, truth] as const)))(
    "%s, cut %s it",
    async (_, when, parts, truth) => {
      const writes = await writesOf(parts);
      expect(writes).toBeGreaterThan(5);
      for (let cut = 1; cut <= writes; cut += 1) {
        const at = await bench();
        let write = 0;
        at.counter.disk.onCommit(() => {
          write += 1;
          return write === cut ? { kind: "cut", when } : { kind: "go" };
        });
        await runParts(at, parts);
        // A part whose end was cut off is made again, and finds what it had done.
        await runParts(at, parts);
        expect({ cut, ...(await truthOf(at)) }).toEqual({ cut, ...truth });
        expect(await at.wait(at.counter.ports.journal.openSubjects({ limit: 10 }))).toEqual([]);
      }
    },
  );

  test.each(["before", "during", "after"] as const)("given up while it was being paid, cut %s it: nothing is kept of its money", async (when) => {
    const writes = await writesOf([rests]);
    for (let cut = 1; cut <= writes; cut += 1) {
      const at = await bench();
      let write = 0;
      at.counter.disk.onCommit(() => {
        write += 1;
        return write === cut ? { kind: "cut", when } : { kind: "go" };
      });
      await runParts(at, [rests]);
      await runParts(at, [rests]);
      const { tendered, refunded, due } = await truthOf(at);
      expect([cut, tendered - refunded, due]).toEqual([cut, 0, 0]);
    }
  });

  test.each(["power-cut-before", "power-cut-after", "lost-before", "lost-after"] as const)("the settlement's own message: %s", async (fate) => {
    const at = await soldBench("settle-later");
    at.counter.planOnce("2102", fate);
    await runParts(at, [settles]);
    at.counter.plan(() => "deliver");
    await at.counter.resolveAll();
    await runParts(at, [settles, refunds]);
    expect(await truthOf(at)).toEqual({ tendered: AMOUNT, refunded: DUE, standing: 1, stage: "ended", due: 0 });
  });
});
