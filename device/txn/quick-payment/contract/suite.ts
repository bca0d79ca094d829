/*
 * Goal: the same quick-payment flow, tested the same way over a simulated reader and over real reader services.
 * Method: a bench names what a place can do with cards; how it does it is its own business. Everything that the suite asserts is seen
 * from outside: the answer, the card's own truth, the durable record.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { assert } from "../../../base/assert.ts";
import { fen } from "../../../base/fen.ts";
import type { JournalEntry } from "../../journal/types.ts";
import type { SaleRequest } from "../../sale-request.ts";
import type { QuickPaymentLimits, QuickPaymentPorts } from "../ports.ts";
import { runQuickPayment } from "../run.ts";
import type { QuickPaymentOutcome } from "../types.ts";

/** A card as its holder has it. */
export interface BenchCard {
  balanceFen(): Promise<number>;
  /** Purchases that the card itself has committed. */
  debits(): Promise<number>;
}

export interface BenchCardOptions {
  readonly balanceFen: number;
}

/** One freshly switched-on selling place with an empty reader and an empty journal. */
export interface QuickPaymentBench {
  readonly ports: QuickPaymentPorts;
  readonly limits: QuickPaymentLimits;
  newCard(options: BenchCardOptions): Promise<BenchCard>;
  /** Puts the card into the empty reader. */
  present(card: BenchCard): Promise<void>;
  /** Takes away whatever card is there. */
  takeAway(): Promise<void>;
  /** The next debit is torn: the card has left before it saw the command, before it committed, or after it committed without an answer. */
  tearNextDebit(at: "before" | "during" | "after"): Promise<void>;
  /** Waits until the card has left by itself. */
  whenTorn(): Promise<void>;
  /** Follows `work` to its end, in whatever time this bench lives. */
  settle<Value>(work: Promise<Value>): Promise<Value>;
  entries(): Promise<readonly JournalEntry[]>;
  close(): Promise<void>;
}

export type MakeBench = (options: { readonly logSeqMode: "pre" | "post" }) => Promise<QuickPaymentBench>;

const AMOUNT = 450;
const BALANCE = 10_000;

function request(reference: string, amount = AMOUNT): SaleRequest {
  return { reference, amount: fen(amount) };
}

/** A bench with the words that the tests below use of it. */
class Counter {
  #bench: QuickPaymentBench | undefined;

  get bench(): QuickPaymentBench {
    assert(this.#bench !== undefined, "each test has a bench");
    return this.#bench;
  }

  async open(bench: Promise<QuickPaymentBench>): Promise<void> {
    this.#bench = await bench;
  }

  start(sale: SaleRequest, limits: Partial<QuickPaymentLimits> = {}): Promise<QuickPaymentOutcome> {
    return runQuickPayment(this.bench.ports, sale, { ...this.bench.limits, ...limits });
  }

  sell(sale: SaleRequest, limits: Partial<QuickPaymentLimits> = {}): Promise<QuickPaymentOutcome> {
    return this.bench.settle(this.start(sale, limits));
  }

  async states(): Promise<readonly string[]> {
    return (await this.bench.entries()).map(({ state }) => state);
  }

  async truth(card: BenchCard): Promise<readonly number[]> {
    return [await card.balanceFen(), await card.debits()];
  }
}

/** Runs the flow's tests over benches made by `makeBench`. */
export function quickPaymentSuite(name: string, makeBench: MakeBench): void {
  describe.each(["pre", "post"] as const)(`quick payment over ${name}, log sequence %s-increment`, (logSeqMode) => {
    const counter = new Counter();
    beforeEach(() => counter.open(makeBench({ logSeqMode })));
    afterEach(() => counter.bench.close());
    testWholeSales(counter);
    testRefusals(counter);
    testTornSales(counter);
    testAbsentCards(counter);
  });
}

function testWholeSales(counter: Counter): void {
  test("a card is debited once, proved and recorded whole", async () => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.present(card);
    expect(await counter.sell(request("r1"))).toMatchObject({ kind: "paid", verified: true, proof: "psam", amount: AMOUNT, balanceAfter: BALANCE - AMOUNT });
    expect(await counter.truth(card)).toEqual([BALANCE - AMOUNT, 1]);
    expect(await counter.states()).toEqual(["prepared", "done"]);
    const done = (await counter.bench.entries()).at(-1);
    expect(Object.keys(done?.detail ?? {}).sort()).toEqual([
      "algorithm",
      "balanceBeforeFen",
      "cardRandom",
      "cardSeq",
      "date",
      "keyVersion",
      "mac1",
      "mac2",
      "proof",
      "reference",
      "tac",
      "terminalNumber",
      "terminalSeq",
      "time",
      "type",
    ]);
    expect(Object.keys(done?.personal ?? {}).sort()).toEqual(["cardSerial", "issuer"]);
  });

  test("the same reference is paid once", async () => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.present(card);
    const first = await counter.sell(request("r1"));
    expect(await counter.sell(request("r1"))).toMatchObject({ kind: "paid", subject: first.kind === "paid" ? first.subject : "" });
    expect(await counter.sell(request("r1", AMOUNT + 1))).toEqual({ kind: "refused", reason: "reference-conflict" });
    expect(await counter.truth(card)).toEqual([BALANCE - AMOUNT, 1]);
  });

  test("a second sale of the same card", async () => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.present(card);
    await counter.sell(request("r1"));
    expect(await counter.sell(request("r2"))).toMatchObject({ kind: "paid", balanceAfter: BALANCE - 2 * AMOUNT });
    expect(await counter.truth(card)).toEqual([BALANCE - 2 * AMOUNT, 2]);
  });
}

function testRefusals(counter: Counter): void {
  test("no card came", async () => {
    expect(await counter.sell(request("r1"), { timeoutMs: 300 })).toEqual({ kind: "no-card" });
    expect(await counter.states()).toEqual([]);
  });

  test("too little money is the card's refusal", async () => {
    const card = await counter.bench.newCard({ balanceFen: AMOUNT - 1 });
    await counter.bench.present(card);
    expect(await counter.sell(request("r1"))).toMatchObject({ kind: "refused", reason: "insufficient-funds", statusWord: 0x9401 });
    expect(await counter.truth(card)).toEqual([AMOUNT - 1, 0]);
    expect(await counter.states()).toEqual(["prepared", "refused"]);
  });

  test("above a limit the card is not debited", async () => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.present(card);
    const risk = { ...counter.bench.limits.risk, unreceiptedCount: 1 };
    expect(await counter.sell(request("r1"), { risk })).toMatchObject({ kind: "paid" });
    expect(await counter.sell(request("r2"), { risk })).toEqual({ kind: "refused", reason: "unreceipted-count-limit" });
    expect(await counter.truth(card)).toEqual([BALANCE - AMOUNT, 1]);
  });
}

function testTornSales(counter: Counter): void {
  test.each([
    ["before", 1, "void"],
    ["during", 1, "void"],
    ["after", 1, "done"],
  ] as const)("torn %s the commit and tapped again: debited once", async (at, debits, resolvedAs) => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.tearNextDebit(at);
    await counter.bench.present(card);
    const sale = counter.start(request("r1"));
    await counter.bench.settle(counter.bench.whenTorn());
    await counter.bench.present(card);
    expect(await counter.bench.settle(sale)).toMatchObject({ kind: "paid", verified: true, proof: "psam", balanceAfter: BALANCE - AMOUNT });
    expect(await counter.truth(card)).toEqual([BALANCE - AMOUNT, debits]);
    expect((await counter.states()).slice(0, 3)).toEqual(["prepared", "unknown", resolvedAs]);
  });

  test.each([
    ["before", 2, "void"],
    ["after", 2, "done"],
  ] as const)("torn %s the commit by a card that still proves its previous sale of the same amount", async (at, debits, resolvedAs) => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.present(card);
    expect(await counter.sell(request("r0"))).toMatchObject({ kind: "paid" });
    await counter.bench.takeAway();
    await counter.bench.tearNextDebit(at);
    await counter.bench.present(card);
    const sale = counter.start(request("r1"));
    await counter.bench.settle(counter.bench.whenTorn());
    await counter.bench.present(card);
    expect(await counter.bench.settle(sale)).toMatchObject({ kind: "paid", proof: "psam" });
    expect(await counter.truth(card)).toEqual([BALANCE - 2 * AMOUNT, debits]);
    expect((await counter.states()).slice(2, 5)).toEqual(["prepared", "unknown", resolvedAs]);
  });
}

function testAbsentCards(counter: Counter): void {
  test.each([
    ["before", "void", 1],
    ["after", "done", 2],
  ] as const)("torn %s, another card first: the record stays grey and is decided when its card returns", async (at, resolvedAs, debits) => {
    const [card, other] = [await counter.bench.newCard({ balanceFen: BALANCE }), await counter.bench.newCard({ balanceFen: BALANCE })];
    await counter.bench.tearNextDebit(at);
    await counter.bench.present(card);
    const sale = counter.start(request("r1"));
    await counter.bench.settle(counter.bench.whenTorn());
    await counter.bench.present(other);
    expect(await counter.bench.settle(sale)).toMatchObject({ kind: "unknown", reason: "another-card" });
    expect(await counter.truth(other)).toEqual([BALANCE, 0]);
    expect(await counter.states()).toEqual(["prepared", "unknown"]);
    expect(await counter.sell(request("r2"))).toMatchObject({ kind: "paid" });
    await counter.bench.takeAway();
    await counter.bench.present(card);
    expect(await counter.sell(request("r3"))).toMatchObject({ kind: "paid", verified: true });
    expect(await counter.truth(card)).toEqual([BALANCE - debits * AMOUNT, debits]);
    expect((await counter.states()).slice(4, 7)).toEqual([resolvedAs, "prepared", "done"]);
  });

  test("a card that does not come back leaves its sale unknown; the same reference waits for it", async () => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.tearNextDebit("after");
    await counter.bench.present(card);
    const sale = counter.start(request("r1"), { returnTimeoutMs: 400 });
    expect(await counter.bench.settle(sale)).toMatchObject({ kind: "unknown", reason: "card-never-returned" });
    await counter.bench.present(card);
    expect(await counter.sell(request("r1"))).toMatchObject({ kind: "paid", verified: false, proof: "log" });
    expect(await counter.truth(card)).toEqual([BALANCE - AMOUNT, 1]);
    expect(await counter.states()).toEqual(["prepared", "unknown", "done"]);
  });
}
