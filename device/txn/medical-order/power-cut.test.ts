/*
 * Goal: no power cut, at any write and at any message, settles an order twice, loses one, or takes another amount than the rest.
 * Method: an order with a mixed tender runs once to count its writes, its messages and its card commands; then once more for each of
 * them, cut there. A new life recovers, resolves what is unknown, and the same order is placed again until it has ended.
 */
import { describe, expect, test } from "vitest";
import type { OrderRequest, OrderView } from "./order.ts";
import { ORDER_LIMITS, OrderBench, order, pay, payRest, ScriptedDesk } from "./testing.ts";

const REQUEST: OrderRequest = order("A1", { tenders: [] });

/** The counter pays a part from the purse and the rest in cash, whatever was paid before. */
function desk(): ScriptedDesk {
  return new ScriptedDesk(pay("e-purse", 990), payRest("cash"), payRest("cash"));
}

/** How one run is cut. */
type Cut =
  | { readonly at: "write"; readonly number: number; readonly when: "before" | "during" | "after" }
  | { readonly at: "message"; readonly number: number; readonly when: "power-cut-before" | "power-cut-after" }
  | { readonly at: "command"; readonly number: number };

interface Counts {
  writes: number;
  messages: number;
  commands: number;
}

/** Counts what the work does, and cuts the power where it is told to. */
function watch(at: OrderBench, cut: Cut | undefined): Counts {
  const counts: Counts = { writes: 0, messages: 0, commands: 0 };
  at.counter.disk.onCommit(() => {
    counts.writes += 1;
    return cut?.at === "write" && counts.writes === cut.number ? { kind: "cut", when: cut.when } : { kind: "go" };
  });
  at.counter.plan(() => {
    counts.messages += 1;
    return cut?.at === "message" && counts.messages === cut.number ? cut.when : "deliver";
  });
  at.onCommand = () => {
    counts.commands += 1;
    if (cut?.at === "command" && counts.commands === cut.number) at.cut();
    return { kind: "ok" };
  };
  return counts;
}

/** Calm again: everything unknown is decided, and the order is placed until it stands still. */
async function settleDown(at: OrderBench, again: () => Promise<OrderView>): Promise<OrderView> {
  let view = await again();
  for (let tries = 0; tries < 5 && (view.state === "unknown" || view.state === "open" || view.state === "refused"); tries += 1) {
    await at.counter.resolveAll();
    await at.resume();
    view = await again();
  }
  return view;
}

/** What holds whenever an order is done: one settlement stands, and exactly its rest was taken. */
async function expectDone(at: OrderBench, view: OrderView): Promise<void> {
  expect(view).toMatchObject({ state: "done", rest: 0 });
  const standing = at.counter.standing();
  expect(standing.map(({ settlementId }) => settlementId)).toEqual([view.settlementId]);
  const { cash, purse, refunded } = await at.taken();
  expect([cash + purse, refunded]).toEqual([Number(standing[0]?.cashFen), 0]);
  expect(await at.place(REQUEST, desk())).toEqual(view);
  expect(await at.query("A1")).toEqual(view);
  const entries = await at.entries();
  expect(entries.filter(({ kind, state }) => kind === "medical-order" && state === "done").length).toBe(1);
  expect(await at.wait(at.counter.ports.journal.openSubjects({ limit: 10 }).then((open) => open.filter(({ kind }) => kind !== "stock-upload")))).toEqual([]);
}

/** What holds whenever an order was given back: nothing stands, and nothing is held of its money. */
async function expectVoid(at: OrderBench, view: OrderView): Promise<void> {
  expect(view).toMatchObject({ state: "void", rest: 0 });
  expect(at.counter.standing()).toEqual([]);
  const { cash, purse, refunded } = await at.taken();
  expect(cash + purse).toBe(refunded);
}

function cutsOf({ writes, messages, commands }: Counts): readonly Cut[] {
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  return [
    ...numbers(writes).flatMap((number) => (["before", "during", "after"] as const).map((when): Cut => ({ at: "write", number, when }))),
    ...numbers(messages).flatMap((number) => (["power-cut-before", "power-cut-after"] as const).map((when): Cut => ({ at: "message", number, when }))),
    ...numbers(commands).map((number): Cut => ({ at: "command", number })),
  ];
}

async function begin(): Promise<OrderBench> {
  const at = new OrderBench();
  await at.switchOn();
  return at;
}

describe("the power fails while an order is placed", () => {
  test("at every write, every message and every command: afterwards it is settled once and paid exactly", async () => {
    const calm = await begin();
    const counts = watch(calm, undefined);
    await expectDone(calm, await calm.place(REQUEST, desk()));
    expect(counts.writes).toBeGreaterThan(10);
    for (const cut of cutsOf({ ...counts, writes: counts.writes })) {
      const at = await begin();
      watch(at, cut);
      await at.untilCut(at.orders.place(REQUEST, desk(), ORDER_LIMITS));
      expect(at.counter.on).toBe(false);
      await at.nextLife();
      await at.resume();
      const view = await settleDown(at, () => at.place(REQUEST, desk()));
      await expectDone(at, view).catch((error: unknown) => {
        throw new Error(`cut ${JSON.stringify(cut)}`, { cause: error });
      });
    }
  }, 60_000);
});

describe("the power fails while an order is given back", () => {
  test("at every write and every message: afterwards nothing stands and nothing is held", async () => {
    const calm = await begin();
    await calm.place(REQUEST, desk());
    const counts = watch(calm, undefined);
    await expectVoid(calm, await calm.voidOrder("A1"));
    for (const cut of cutsOf(counts)) {
      const at = await begin();
      await at.place(REQUEST, desk());
      watch(at, cut);
      await at.untilCut(at.orders.voidOrder({ client: "c1", orderNumber: "A1" }, { operator: "op2" }, ORDER_LIMITS));
      expect(at.counter.on).toBe(false);
      await at.nextLife();
      await at.resume();
      await at.counter.resolveAll();
      await at.resume();
      const view = await at.query("A1");
      // Cut before the wish was durable, nothing was wished.
      const back = view?.state === "done" ? await at.voidOrder("A1") : view;
      if (back === undefined) throw new Error("the order is known");
      await expectVoid(at, back).catch((error: unknown) => {
        throw new Error(`cut ${JSON.stringify(cut)}`, { cause: error });
      });
    }
  }, 60_000);
});
