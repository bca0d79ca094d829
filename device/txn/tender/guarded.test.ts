/* Electronic cash as a tender where lists and limits of the place stand in front of it: what they are asked, and what the order is told. */
import { describe, expect, it } from "vitest";
import { type Fen, fen } from "../../base/fen.ts";
import { runQuickPayment } from "../quick-payment/run.ts";
import { SimulatedPlace, TEST_LIMITS } from "../quick-payment/testing.ts";
import type { ReviewedCard, RiskGuard, RiskReason } from "../risk/guard.ts";
import type { TenderResult, Tenders } from "./tender.ts";
import { openTenders } from "./tenders.ts";

const CASH = { reference: "c1.A1.t1", tender: "electronic-cash", amount: fen(250), operator: "op1", order: "c1.A1" } as const;

interface Script {
  readonly review?: RiskReason;
  readonly take?: RiskReason;
}

class Bench {
  readonly place = new SimulatedPlace();
  readonly card = this.place.card();
  readonly reviewed: ReviewedCard[] = [];
  readonly taken: Fen[] = [];
  readonly states: string[] = [];
  #tenders: Tenders | undefined;

  async open(script: Script = {}): Promise<void> {
    const ports = { ...(await this.place.clock.resolve(this.place.switchOn())), guard: this.#guard(script) };
    const limits = { ...TEST_LIMITS, returnTimeoutMs: 2_000 };
    this.#tenders = openTenders({
      journal: ports.journal,
      purses: ["electronic-cash"],
      quickPayment: (request, { timeoutMs, signal }) => runQuickPayment(ports, request, { ...limits, timeoutMs, signal }),
      unverifiedAmountFen: fen(100_000),
    });
    this.place.reader.insert(this.card);
  }

  #guard({ review, take }: Script): RiskGuard {
    return {
      review: (card) => {
        this.reviewed.push(card);
        return review === undefined ? { kind: "clear" } : { kind: "refused", reason: review };
      },
      take: (_card, amount) => {
        this.taken.push(amount);
        return take === undefined ? { kind: "taken", became: (state) => this.states.push(state) } : { kind: "refused", reason: take };
      },
    };
  }

  pay(amount: Fen = CASH.amount): Promise<TenderResult> {
    if (this.#tenders === undefined) throw new Error("the bench is opened first");
    return this.place.clock.resolve(this.#tenders.take({ ...CASH, amount }, { timeoutMs: 5_000, signal: new AbortController().signal }));
  }

  get truth(): readonly unknown[] {
    return [this.card.debits.map(({ amountFen }) => amountFen), this.card.toSnapshot().memory.electronicCash?.balanceFen];
  }
}

describe("electronic cash for the rest of an order", () => {
  it("pays exactly the tender's amount, counted once against the limits, by account number and issuer", async () => {
    const bench = new Bench();
    await bench.open();
    expect(await bench.pay()).toMatchObject({ kind: "paid", amount: 250 });
    expect(await bench.pay()).toMatchObject({ kind: "paid", amount: 250 });
    const name = bench.card.personalization.electronicCash?.pan;
    expect([bench.reviewed, bench.taken, bench.states]).toEqual([[{ purse: "electronic-cash", name, issuer: "629999" }], [250], ["acting", "done"]]);
    expect(bench.truth).toEqual([[250], 9_750]);
  });

  it.each<RiskReason>(["card-listed", "card-reported-lost", "debt-open", "first-use-online", "list-too-old"])(
    "that the lists refuse for %s has failed for certain",
    async (review) => {
      const bench = new Bench();
      await bench.open({ review });
      expect(await bench.pay()).toEqual({ kind: "failed", reason: review });
      expect([bench.taken, bench.truth]).toEqual([[], [[], 10_000]]);
      expect(await bench.place.clock.resolve(bench.place.entries())).toEqual([]);
    },
  );

  it.each<RiskReason>(["card-sum-limit", "card-count-limit", "amount-limit", "lease-expired"])(
    "that a limit refuses for %s has failed for certain",
    async (take) => {
      const bench = new Bench();
      await bench.open({ take });
      expect(await bench.pay()).toEqual({ kind: "failed", reason: take });
      expect([bench.taken, bench.truth]).toEqual([[250], [[], 10_000]]);
    },
  );

  it("above the card's balance has failed for want of it, and the limits get back what was counted", async () => {
    const bench = new Bench();
    await bench.open();
    expect(await bench.pay(fen(10_001))).toMatchObject({ kind: "failed", reason: "insufficient-funds" });
    expect([bench.states, bench.truth]).toEqual([["refused"], [[], 10_000]]);
  });

  it("that was torn keeps counting until its card has said what became of it", async () => {
    const bench = new Bench();
    await bench.open();
    bench.place.tearDebit("after", "electronic-cash");
    expect(await bench.pay()).toMatchObject({ kind: "unknown", reason: "card-never-returned" });
    expect(bench.states).toEqual(["acting", "unknown"]);
    bench.place.reader.insert(bench.card);
    expect(await bench.pay()).toMatchObject({ kind: "paid", amount: 250 });
    expect([bench.taken, bench.truth]).toEqual([[250], [[250], 9_750]]);
  });
});
