/*
 * Goal: whatever happens to an order in whatever sequence, insurer, card, drawer and journal agree in the end.
 * Method: a seed draws lost messages, silent insurers, torn purses, failing writes, power cuts, impatient counters and wishes to give back;
 * then everything is calm, and the order is placed until it stands still. The larger sister of this test is the simulated world.
 */
import { expect, test } from "vitest";
import { INSURER_FAULTS } from "../../../simulators/host/medical/insurer-faults.ts";
import { fen } from "../../base/fen.ts";
import type { OrderAnswer, OrderQuestion } from "../medical-desk/desk.ts";
import type { MessageFate } from "../medical-purchase/testing.ts";
import type { OrderView } from "./order.ts";
import { ORDER_LIMITS, OrderBench, order, payRest, ScriptedDesk } from "./testing.ts";

const SEEDS = 100;
const ACTS = 4;
const MESSAGE_FATES: readonly MessageFate[] = ["not-sent", "lost-before", "lost-after", "power-cut-before", "power-cut-after"];
const SILENCES = ["no-reply-booked", "no-reply-not-booked", "system-error-booked", "late-booking", "refusal"] as const;

/** A small generator of our own, so that a seed means the same day everywhere. */
function draws(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return (state >>> 8) % below;
  };
}

class Day {
  readonly at = new OrderBench();
  readonly #draw: (below: number) => number;
  #calm = false;

  constructor(seed: number) {
    this.#draw = draws(seed);
    this.at.counter.disk.onCommit(() => {
      if (this.#calm || this.#draw(25) > 0) return { kind: "go" };
      return { kind: "cut", when: (["before", "during", "after"] as const)[this.#draw(3)] ?? "before" };
    });
  }

  async live(): Promise<void> {
    await this.#calmly(() => this.at.switchOn());
    for (let acts = 0; acts < ACTS; acts += 1) await this.#act();
  }

  async #calmly<Value>(work: () => Promise<Value>): Promise<Value> {
    const was = this.#calm;
    this.#calm = true;
    const value = await work();
    this.#calm = was;
    return value;
  }

  async #act(): Promise<void> {
    const { at } = this;
    this.#disturb();
    const name = { client: "c1", orderNumber: "A1" };
    const wishesBack = this.#draw(5) === 0;
    const tenders = this.#draw(3) === 0 ? (["e-purse"] as const) : [];
    const work = wishesBack
      ? at.orders.voidOrder(name, { operator: "op2" }, ORDER_LIMITS)
      : at.orders.place(order("A1", { tenders }), this.#desk(), ORDER_LIMITS);
    await at.untilCut(work.catch(() => "journal-failed"));
    await this.#calmly(() => this.#putRight());
  }

  #desk(): ScriptedDesk {
    return new ScriptedDesk(...Array.from({ length: 4 }, () => (question: OrderQuestion) => this.#answer(question)));
  }

  #answer(question: OrderQuestion): OrderAnswer {
    if (question.ask !== "tender") return { answer: "none" };
    const whim = this.#draw(8);
    if (whim === 0) return { answer: "cancel" };
    if (whim === 1) return { answer: "none" };
    const amount = whim < 4 ? Math.max(1, Math.floor(question.rest / 2)) : question.rest;
    return { answer: "tender", tender: whim % 2 === 0 ? "cash" : "e-purse", amount: fen(amount) };
  }

  #disturb(): void {
    const { counter } = this.at;
    const { faults } = counter.insurer;
    faults.chances = ["2101", "2102", "2103", "2601"].flatMap((infno) =>
      this.#draw(3) === 0 ? [{ infno, probability: 0.5, fault: INSURER_FAULTS[SILENCES[this.#draw(SILENCES.length)] ?? "refusal"] }] : [],
    );
    counter.plan(() => (this.#draw(15) === 0 ? (MESSAGE_FATES[this.#draw(MESSAGE_FATES.length)] ?? "deliver") : "deliver"));
    if (this.#draw(4) === 0) this.at.tearDebit();
  }

  /** Power comes back, or the terminal just goes on; sometimes the background had time. */
  async #putRight(): Promise<void> {
    const { at } = this;
    if (!at.counter.on || this.#draw(6) === 0) await at.nextLife();
    if (at.purseReader.card === undefined) at.purseReader.insert(at.purse);
    if (this.#draw(2) === 0) return;
    at.counter.plan(() => "deliver");
    at.counter.insurer.faults.chances = [];
    await at.counter.resolveAll();
    await at.resume();
  }

  /** Nothing goes wrong any more: the order comes to its end. */
  async settleDown(): Promise<OrderView> {
    this.#calm = true;
    const { at } = this;
    at.counter.insurer.faults.chances = [];
    await at.nextLife();
    if (at.purseReader.card === undefined) at.purseReader.insert(at.purse);
    let view: OrderView | undefined;
    for (let tries = 0; tries < 4; tries += 1) {
      await at.counter.resolveAll();
      await at.resume();
      view = await at.place(order("A1", { tenders: [] }), new ScriptedDesk(payRest("cash"), payRest("cash")));
      if (view.state === "done" || view.state === "void") return view;
    }
    throw new Error(`the order came to no end: ${JSON.stringify(view)}`);
  }
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed + 1))("seed %i", async (seed) => {
  const day = new Day(seed);
  await day.live();
  const view = await day.settleDown();
  const { at } = day;
  const standing = at.counter.standing();
  const { cash, purse, refunded } = await at.taken();
  if (view.state === "done") {
    expect(standing.map(({ settlementId }) => settlementId)).toEqual([view.settlementId]);
    expect([cash + purse, refunded]).toEqual([Number(standing[0]?.cashFen), 0]);
  } else {
    expect([standing.length, cash + purse - refunded]).toEqual([0, 0]);
  }
  const open = await at.wait(at.counter.ports.journal.openSubjects({ limit: 50 }));
  expect(open.filter(({ kind }) => kind !== "stock-upload")).toEqual([]);
  expect(await at.query("A1")).toEqual(await at.place(order("A1"), new ScriptedDesk()));
});
