/*
 * Goal: the same quick-payment flow, tested the same way over a simulated reader and over real reader services.
 * Method: a bench names what a place can do with cards; how it does it is its own business. Everything that the suite asserts is seen
 * from outside: the answer, the card's own truth, the durable record.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { assert } from "../../../base/assert.ts";
import { fen } from "../../../base/fen.ts";
import type { JournalEntry } from "../../journal/types.ts";
import type { PurseChoice, PurseKind, SaleRequest } from "../../sale-request.ts";
import type { QuickPaymentLimits, QuickPaymentPorts } from "../ports.ts";
import { runQuickPayment } from "../run.ts";
import type { Proof, QuickPaymentOutcome, Reason } from "../types.ts";

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

/** Cards of the bench pay from this purse; a bench that knows the e-purse alone is given no other. */
export interface BenchOptions {
  readonly logSeqMode: "pre" | "post";
  readonly purse: PurseKind;
}

export type MakeBench = (options: BenchOptions) => Promise<QuickPaymentBench>;

/** What a sale of one purse looks like from outside. */
interface PurseShape {
  readonly choice: PurseChoice;
  readonly proof: Proof;
  /** Durable states before the debit. */
  readonly opened: readonly string[];
  readonly members: readonly string[];
  readonly personal: readonly string[];
  readonly withoutMoney: { readonly reason: Reason; readonly statusWord?: number };
  /** What an open sale of an earlier run becomes: a module has forgotten it by then, a signature stays one. */
  readonly resolved: { readonly verified: boolean; readonly proof: Proof };
}

const MODULE_MEMBERS = [
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
] as const;

const BY_MODULE = {
  proof: "psam",
  opened: ["prepared"],
  withoutMoney: { reason: "insufficient-funds", statusWord: 0x9401 },
  resolved: { verified: false, proof: "log" },
} as const;

const SHAPES: { readonly [Kind in PurseKind]: PurseShape } = {
  "e-purse": { ...BY_MODULE, choice: { kind: "e-purse" }, members: MODULE_MEMBERS, personal: ["cardSerial", "issuer"] },
  compound: {
    ...BY_MODULE,
    choice: { kind: "compound", record: { file: 0x1e, by: "identifier", record: 0x00, data: new Uint8Array(48).fill(0x31) } },
    members: [...MODULE_MEMBERS, "purse", "industryFile", "industryRecord", "industryBy", "industryData"],
    personal: ["cardSerial", "issuer"],
  },
  "medical-purse": {
    ...BY_MODULE,
    choice: { kind: "medical-purse", selfPay: fen(120), pooled: fen(2300) },
    members: [...MODULE_MEMBERS, "purse", "selfPayFen", "pooledFen", "socialAlgorithm"],
    personal: ["cardFactor", "cardIdentifier", "cardNumber"],
  },
  "electronic-cash": {
    choice: { kind: "electronic-cash" },
    proof: "signature",
    opened: ["prepared", "acting"],
    members: [
      ...["applicationId", "atc", "balanceBeforeFen", "cardLog", "countryCode", "currencyCode", "date", "identityRecord"],
      ...["interchangeProfile", "issuerData", "proof", "purse", "recordList", "reference", "signature", "tc", "terminalNumber"],
      ...["terminalQualifiers", "time", "type", "unpredictableNumber", "verificationResults"],
    ],
    personal: ["pan", "panExpiry", "panSequence"],
    withoutMoney: { reason: "insufficient-funds" },
    resolved: { verified: true, proof: "signature" },
  },
};

const AMOUNT = 450;
const BALANCE = 10_000;

interface SellOptions extends Partial<QuickPaymentLimits> {
  readonly amount?: number;
}

/** A bench with the words that the tests below use of it. */
class Counter {
  readonly shape: PurseShape;
  #bench: QuickPaymentBench | undefined;

  constructor(purse: PurseKind) {
    this.shape = SHAPES[purse];
  }

  get bench(): QuickPaymentBench {
    assert(this.#bench !== undefined, "each test has a bench");
    return this.#bench;
  }

  async open(bench: Promise<QuickPaymentBench>): Promise<void> {
    this.#bench = await bench;
  }

  start(reference: string, options: SellOptions = {}): Promise<QuickPaymentOutcome> {
    const { amount = AMOUNT, ...limits } = options;
    const request: SaleRequest = { reference, amount: fen(amount), purse: this.shape.choice };
    return runQuickPayment(this.bench.ports, request, { ...this.bench.limits, ...limits });
  }

  sell(reference: string, options: SellOptions = {}): Promise<QuickPaymentOutcome> {
    return this.bench.settle(this.start(reference, options));
  }

  async states(): Promise<readonly string[]> {
    return (await this.bench.entries()).map(({ state }) => state);
  }

  async truth(card: BenchCard): Promise<readonly number[]> {
    return [await card.balanceFen(), await card.debits()];
  }
}

/** Runs the flow's tests over benches made by `makeBench`, whose cards pay from one purse. */
export function quickPaymentSuite(name: string, makeBench: MakeBench, purse: PurseKind = "e-purse"): void {
  describe.each(["pre", "post"] as const)(`quick payment (${purse}) over ${name}, log sequence %s-increment`, (logSeqMode) => {
    const counter = new Counter(purse);
    beforeEach(() => counter.open(makeBench({ logSeqMode, purse })));
    afterEach(() => counter.bench.close());
    testWholeSales(counter);
    testRefusals(counter);
    testTornSales(counter);
    testAbsentCards(counter);
  });
}

function testWholeSales(counter: Counter): void {
  const { shape } = counter;
  test("a card is debited once, proved and recorded whole", async () => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.present(card);
    expect(await counter.sell("r1")).toMatchObject({ kind: "paid", verified: true, proof: shape.proof, amount: AMOUNT, balanceAfter: BALANCE - AMOUNT });
    expect(await counter.truth(card)).toEqual([BALANCE - AMOUNT, 1]);
    expect(await counter.states()).toEqual([...shape.opened, "done"]);
    const done = (await counter.bench.entries()).at(-1);
    expect(Object.keys(done?.detail ?? {}).sort()).toEqual([...shape.members].sort());
    expect(Object.keys(done?.personal ?? {}).sort()).toEqual([...shape.personal].sort());
  });

  test("the same reference is paid once", async () => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.present(card);
    const first = await counter.sell("r1");
    expect(await counter.sell("r1")).toMatchObject({ kind: "paid", subject: first.kind === "paid" ? first.subject : "" });
    expect(await counter.sell("r1", { amount: AMOUNT + 1 })).toEqual({ kind: "refused", reason: "reference-conflict" });
    expect(await counter.truth(card)).toEqual([BALANCE - AMOUNT, 1]);
  });

  test("a second sale of the same card", async () => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.present(card);
    await counter.sell("r1");
    expect(await counter.sell("r2")).toMatchObject({ kind: "paid", balanceAfter: BALANCE - 2 * AMOUNT });
    expect(await counter.truth(card)).toEqual([BALANCE - 2 * AMOUNT, 2]);
  });
}

function testRefusals(counter: Counter): void {
  const { shape } = counter;
  test("no card came", async () => {
    expect(await counter.sell("r1", { timeoutMs: 300 })).toEqual({ kind: "no-card" });
    expect(await counter.states()).toEqual([]);
  });

  test("too little money is the card's refusal", async () => {
    const card = await counter.bench.newCard({ balanceFen: AMOUNT - 1 });
    await counter.bench.present(card);
    expect(await counter.sell("r1")).toMatchObject({ kind: "refused", ...shape.withoutMoney });
    expect(await counter.truth(card)).toEqual([AMOUNT - 1, 0]);
    expect(await counter.states()).toEqual(["prepared", "refused"]);
  });

  test("above a limit the card is not debited", async () => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.present(card);
    const risk = { ...counter.bench.limits.risk, unreceiptedCount: 1 };
    expect(await counter.sell("r1", { risk })).toMatchObject({ kind: "paid" });
    expect(await counter.sell("r2", { risk })).toEqual({ kind: "refused", reason: "unreceipted-count-limit" });
    expect(await counter.truth(card)).toEqual([BALANCE - AMOUNT, 1]);
  });
}

function testTornSales(counter: Counter): void {
  const { shape } = counter;
  const { proof, opened } = shape;
  test.each([
    ["before", 1, "void"],
    ["during", 1, "void"],
    ["after", 1, "done"],
  ] as const)("torn %s the commit and tapped again: debited once", async (at, debits, resolvedAs) => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.tearNextDebit(at);
    await counter.bench.present(card);
    const sale = counter.start("r1");
    await counter.bench.settle(counter.bench.whenTorn());
    await counter.bench.present(card);
    expect(await counter.bench.settle(sale)).toMatchObject({ kind: "paid", verified: true, proof, balanceAfter: BALANCE - AMOUNT });
    expect(await counter.truth(card)).toEqual([BALANCE - AMOUNT, debits]);
    expect((await counter.states()).slice(0, opened.length + 2)).toEqual([...opened, "unknown", resolvedAs]);
  });

  test.each([
    ["before", 2, "void"],
    ["after", 2, "done"],
  ] as const)("torn %s the commit by a card that still proves its previous sale of the same amount", async (at, debits, resolvedAs) => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.present(card);
    expect(await counter.sell("r0")).toMatchObject({ kind: "paid" });
    await counter.bench.takeAway();
    await counter.bench.tearNextDebit(at);
    await counter.bench.present(card);
    const sale = counter.start("r1");
    await counter.bench.settle(counter.bench.whenTorn());
    await counter.bench.present(card);
    expect(await counter.bench.settle(sale)).toMatchObject({ kind: "paid", proof });
    expect(await counter.truth(card)).toEqual([BALANCE - 2 * AMOUNT, debits]);
    const before = opened.length + 1;
    expect((await counter.states()).slice(before, before + opened.length + 2)).toEqual([...opened, "unknown", resolvedAs]);
  });
}

function testAbsentCards(counter: Counter): void {
  const { opened, resolved } = counter.shape;
  test.each([
    ["before", "void", 1],
    ["after", "done", 2],
  ] as const)("torn %s, another card first: the record stays grey and is decided when its card returns", async (at, resolvedAs, debits) => {
    const [card, other] = [await counter.bench.newCard({ balanceFen: BALANCE }), await counter.bench.newCard({ balanceFen: BALANCE })];
    await counter.bench.tearNextDebit(at);
    await counter.bench.present(card);
    const sale = counter.start("r1");
    await counter.bench.settle(counter.bench.whenTorn());
    await counter.bench.present(other);
    expect(await counter.bench.settle(sale)).toMatchObject({ kind: "unknown", reason: "another-card" });
    expect(await counter.truth(other)).toEqual([BALANCE, 0]);
    expect(await counter.states()).toEqual([...opened, "unknown"]);
    expect(await counter.sell("r2")).toMatchObject({ kind: "paid" });
    await counter.bench.takeAway();
    await counter.bench.present(card);
    expect(await counter.sell("r3")).toMatchObject({ kind: "paid", verified: true });
    expect(await counter.truth(card)).toEqual([BALANCE - debits * AMOUNT, debits]);
    expect((await counter.states()).slice(2 * opened.length + 2)).toEqual([resolvedAs, ...opened, "done"]);
  });

  test("a card that does not come back leaves its sale unknown; the same reference waits for it", async () => {
    const card = await counter.bench.newCard({ balanceFen: BALANCE });
    await counter.bench.tearNextDebit("after");
    await counter.bench.present(card);
    const sale = counter.start("r1", { returnTimeoutMs: 400 });
    expect(await counter.bench.settle(sale)).toMatchObject({ kind: "unknown", reason: "card-never-returned" });
    await counter.bench.present(card);
    expect(await counter.sell("r1")).toMatchObject({ kind: "paid", ...resolved });
    expect(await counter.truth(card)).toEqual([BALANCE - AMOUNT, 1]);
    expect(await counter.states()).toEqual([...opened, "unknown", "done"]);
  });
}
