import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { runQuickPayment } from "../quick-payment/run.ts";
import { commits, SimulatedPlace, TEST_LIMITS } from "../quick-payment/testing.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { LocalRuling, RuledByPlace } from "../risk/guard.ts";
import type { PurseChoice, SalePurpose } from "../sale-request.ts";
import { openTenders } from "../tender/tenders.ts";
import { DEFAULT_REFUND_RULES, openSaleRefunds, type RefundRules, type SaleRefund, type SaleRefundOutcome, type SaleRefunds } from "./refunds.ts";
import { openShifts, type ShiftJournal, type Shifts } from "./shift.ts";
import { saleSlipOf } from "./slips.ts";

const OPERATOR = "li";
const UNVERIFIED = fen(100_000);

class Shop {
  readonly place = new SimulatedPlace();
  readonly card = this.place.card();
  refunds: SaleRefunds | undefined;
  shifts: Shifts | undefined;

  async switchOn(rules: RefundRules = DEFAULT_REFUND_RULES): Promise<void> {
    const ports = await this.place.clock.resolve(this.place.switchOn());
    await this.place.clock.resolve(recoverAtStart(ports));
    this.refunds = openSaleRefunds({ journal: ports.journal, rules, unverifiedAmountFen: UNVERIFIED });
    this.shifts = openShifts(this.place.journal, { unverifiedAmountFen: UNVERIFIED });
  }

  /** What the rules of the place make of sales; nothing. */
  ruling: (sale: RuledByPlace) => LocalRuling = () => ({ kind: "sale" });

  async sell(reference: string, amountFen: number, purse: PurseChoice = { kind: "e-purse" }, pays: SalePurpose = "goods") {
    const ports = { ...this.place.ports, localRules: async (sale: RuledByPlace) => this.ruling(sale) };
    if (this.place.reader.card === undefined) this.place.reader.insert(this.card);
    const outcome = await this.place.clock.resolve(runQuickPayment(ports, { reference, amount: fen(amountFen), purse, pays }, TEST_LIMITS));
    this.place.reader.remove();
    return outcome;
  }

  refund(request: Omit<SaleRefund, "operator">): Promise<SaleRefundOutcome> {
    if (this.refunds === undefined) throw new Error("the shop is open");
    return this.place.clock.resolve(this.refunds.refund({ ...request, operator: OPERATOR }));
  }

  async takeCash(reference: string, amountFen: number): Promise<void> {
    const tenders = openTenders({
      journal: this.place.journal,
      purses: [],
      quickPayment: () => Promise.reject(new Error("cash alone")),
      unverifiedAmountFen: UNVERIFIED,
    });
    await this.place.clock.resolve(tenders.take({ reference, tender: "cash", amount: fen(amountFen), operator: OPERATOR, order: "c1.A1" }, TEST_LIMITS));
  }

  current() {
    if (this.shifts === undefined) throw new Error("the shop is open");
    return this.place.clock.resolve(this.shifts.current());
  }

  end(shift: number) {
    if (this.shifts === undefined) throw new Error("the shop is open");
    return this.place.clock.resolve(this.shifts.end(shift, { operator: OPERATOR }));
  }
}

describe("a refund", () => {
  test("gives back in parts, never more than was taken, and each part once", async () => {
    const shop = new Shop();
    await shop.switchOn();
    await shop.sell("c1.S1.q1", 1_000);
    expect(await shop.refund({ sale: "c1.S1.q1", request: "c1.R1", amount: fen(400) })).toMatchObject({ kind: "refunded", amount: 400, left: 600 });
    expect(await shop.refund({ sale: "c1.S1.q1", request: "c1.R1", amount: fen(400) })).toMatchObject({ kind: "refunded", amount: 400, left: 600 });
    expect(await shop.refund({ sale: "c1.S1.q1", request: "c1.R1", amount: fen(401) })).toEqual({ kind: "refused", reason: "refund-conflict", left: 600 });
    expect(await shop.refund({ sale: "c1.S1.q1", request: "c1.R2", amount: fen(601) })).toEqual({ kind: "refused", reason: "refund-too-large", left: 600 });
    expect(await shop.refund({ sale: "c1.S1.q1", request: "c1.R3", amount: "void" })).toMatchObject({ kind: "refunded", amount: 600, left: 0 });
    expect(await shop.refund({ sale: "c1.S1.q1", request: "c1.R4", amount: fen(1) })).toEqual({ kind: "refused", reason: "nothing-left", left: 0 });
    const entries = await shop.place.clock.resolve(shop.place.entries());
    expect(entries.filter(({ kind }) => kind === "cash-refund").map(({ amount, detail }) => [amount, detail["why"]])).toEqual([
      [400, "sale-refund"],
      [600, "sale-void"],
    ]);
  });

  test("above what its operator may give back is refused, and told to anybody once a supervisor has given it", async () => {
    const shop = new Shop();
    await shop.switchOn();
    await shop.sell("c1.S1.q1", 1_000);
    const request = { sale: "c1.S1.q1", request: "c1.R1", amount: "void", amountMax: fen(999) } as const;
    expect(await shop.refund(request)).toEqual({ kind: "refused", reason: "supervisor-needed", left: 1_000 });
    expect(await shop.refund({ ...request, amountMax: fen(1_000) })).toMatchObject({ kind: "refunded", amount: 1_000 });
    expect(await shop.refund(request)).toMatchObject({ kind: "refunded", amount: 1_000 });
  });

  test("asked for at the same moment by two callers never passes the sale's amount", async () => {
    const shop = new Shop();
    await shop.switchOn();
    await shop.sell("c1.S1.q1", 1_000);
    const asked = ["c1.R1", "c2.R1", "c3.R1"].map(async (request) => shop.refunds?.refund({ sale: "c1.S1.q1", request, amount: fen(600), operator: OPERATOR }));
    const outcomes = await shop.place.clock.resolve(Promise.all(asked));
    expect(outcomes.map((outcome) => outcome?.kind)).toEqual(["refunded", "refused", "refused"]);
  });

  test("is the same refund after a restart, and its name cannot be used for another sale", async () => {
    const shop = new Shop();
    await shop.switchOn();
    await shop.sell("c1.S1.q1", 1_000);
    await shop.sell("c1.S2.q1", 500);
    const first = await shop.refund({ sale: "c1.S1.q1", request: "c1.R1", amount: "void" });
    shop.place.cutPower();
    await shop.switchOn();
    expect(await shop.refund({ sale: "c1.S1.q1", request: "c1.R1", amount: "void" })).toEqual(first);
    expect(await shop.refund({ sale: "c1.S2.q1", request: "c1.R1", amount: "void" })).toMatchObject({ kind: "refused", reason: "refund-conflict" });
  });

  test.each([
    ["medical purse", { kind: "medical-purse", selfPay: fen(0), pooled: fen(0) }],
    ["electronic cash", { kind: "electronic-cash" }],
  ] as const)("of the %s goes through its issuer, unless this place says otherwise", async (_, purse) => {
    const shop = new Shop();
    await shop.switchOn();
    await shop.sell("c1.S1.q1", 1_000, purse);
    const request = { sale: "c1.S1.q1", request: "c1.R1", amount: "void" } as const;
    expect(await shop.refund(request)).toEqual({ kind: "refused", reason: "refund-through-issuer", left: 1_000 });
    shop.place.cutPower();
    await shop.switchOn({ ...DEFAULT_REFUND_RULES, [purse.kind]: "cash" });
    expect(await shop.refund(request)).toMatchObject({ kind: "refunded", amount: 1_000 });
  });

  test("is refused for what was never sold, was not paid, or is not decided", async () => {
    const shop = new Shop();
    await shop.switchOn();
    expect(await shop.refund({ sale: "c1.S9.q1", request: "c1.R1", amount: "void" })).toEqual({ kind: "refused", reason: "sale-unknown" });
    await shop.sell("c1.S1.q1", 99_999);
    expect(await shop.refund({ sale: "c1.S1.q1", request: "c1.R1", amount: "void" })).toMatchObject({ kind: "refused" });
    shop.place.plan(({ to, command }) => (to === "card" && commits("e-purse", command) ? { kind: "tear", at: "after" } : { kind: "ok" }));
    await shop.sell("c1.S2.q1", 300);
    expect(await shop.refund({ sale: "c1.S2.q1", request: "c1.R2", amount: "void" })).toEqual({ kind: "refused", reason: "sale-open" });
  });
});

const tenth = ({ amount }: RuledByPlace): LocalRuling => ({
  kind: "sale",
  discount: { fullAmount: amount, discount: fen(Math.floor(amount / 10)), rule: "tenth" },
});

test("one name of a refund, asked at once for two sales, gives back one of them", async () => {
  const shop = new Shop();
  await shop.switchOn();
  await shop.sell("c1.S1.q1", 1_000);
  await shop.sell("c1.S2.q1", 700);
  const ask = (sale: string) => shop.refund({ sale, request: "c1.R1", amount: "void" });
  const [first, second] = await Promise.all([ask("c1.S1.q1"), ask("c1.S2.q1")]);
  expect([first, second]).toMatchObject([
    { kind: "refunded", amount: 1_000 },
    { kind: "refused", reason: "refund-conflict", left: 700 },
  ]);
});

describe("a sale with a discount", () => {
  test("gives back what was paid and no more, counts what was debited, and its slip says both", async () => {
    const shop = new Shop();
    shop.ruling = tenth;
    await shop.switchOn();
    await shop.sell("c1.S1.q1", 1_000);
    expect(await shop.refund({ sale: "c1.S1.q1", request: "c1.R1", amount: fen(901) })).toEqual({ kind: "refused", reason: "refund-too-large", left: 900 });
    const place = { institution: "M", terminal: "T1", unverifiedAmountFen: UNVERIFIED };
    const slip = await shop.place.clock.resolve(saleSlipOf(shop.place.journal, "c1.S1.q1", place));
    expect(slip).toMatchObject({ amount: 900, balanceAfter: 9_100, discount: { fullAmount: 1_000, discount: 100, rule: "tenth" } });
    expect(await shop.current()).toMatchObject({ taken: [{ what: "e-purse", count: 1, sumFen: 900 }] });
    expect(await shop.refund({ sale: "c1.S1.q1", request: "c1.R2", amount: "void" })).toMatchObject({ kind: "refunded", amount: 900, left: 0 });
    expect(await shop.current()).toMatchObject({ given: [{ what: "cash-refund", sumFen: 900 }], drawerFen: -900 });
  });

  test("never gives back more than was paid, in whatever parts it is asked for", async () => {
    const parts = fc.array(fc.oneof(fc.integer({ min: 1, max: 1_200 }), fc.constant("void" as const)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000 }), parts, async (price, asked) => {
        const shop = new Shop();
        shop.ruling = tenth;
        await shop.switchOn();
        await shop.sell("c1.S1.q1", price);
        let given = 0;
        for (const [at, part] of asked.entries()) {
          const outcome = await shop.refund({ sale: "c1.S1.q1", request: `c1.R${at}`, amount: part === "void" ? part : fen(part) });
          if (outcome.kind === "refunded") given += outcome.amount;
        }
        const paid = 10_000 - shop.card.balanceFen;
        expect(paid).toBe(price - Math.floor(price / 10));
        expect(given).toBeLessThanOrEqual(paid);
      }),
      { numRuns: 25 },
    );
  });
});

describe("a deposit", () => {
  test("goes back once and as a whole, also after a restart, and its slip says what it is", async () => {
    const shop = new Shop();
    await shop.switchOn();
    await shop.sell("c1.D1.q1", 5_000, { kind: "e-purse" }, "library-deposit");
    const place = { institution: "M", terminal: "T1", unverifiedAmountFen: UNVERIFIED };
    expect(await shop.place.clock.resolve(saleSlipOf(shop.place.journal, "c1.D1.q1", place))).toMatchObject({ amount: 5_000, deposit: true });
    const part = { sale: "c1.D1.q1", request: "c1.R1", amount: fen(4_999) };
    expect(await shop.refund(part)).toEqual({ kind: "refused", reason: "deposit-goes-back-whole", left: 5_000 });
    const whole = { sale: "c1.D1.q1", request: "c1.R2", amount: "void" } as const;
    expect(await shop.refund(whole)).toMatchObject({ kind: "refunded", amount: 5_000, left: 0 });
    shop.place.cutPower();
    await shop.switchOn();
    expect(await shop.refund(whole)).toMatchObject({ kind: "refunded", amount: 5_000, left: 0 });
    expect(await shop.refund({ ...whole, request: "c1.R3" })).toEqual({ kind: "refused", reason: "nothing-left", left: 0 });
  });
});

describe("a shift", () => {
  test("counts what was taken and given by what it was, and the drawer by its cash", async () => {
    const shop = new Shop();
    await shop.switchOn();
    await shop.sell("c1.S1.q1", 1_000);
    await shop.sell("c1.S2.q1", 250);
    await shop.sell("c1.S3.q1", 700, { kind: "electronic-cash" });
    await shop.takeCash("c1.A1.t1", 5_000);
    await shop.refund({ sale: "c1.S1.q1", request: "c1.R1", amount: fen(400) });
    expect(await shop.current()).toMatchObject({
      shift: 1,
      taken: [
        { what: "cash-tender", count: 1, sumFen: 5_000 },
        { what: "e-purse", count: 2, sumFen: 1_250 },
        { what: "electronic-cash", count: 1, sumFen: 700 },
      ],
      given: [{ what: "cash-refund", count: 1, sumFen: 400 }],
      drawerFen: 4_600,
      open: { count: 0, sumFen: 0 },
    });
  });

  test("counts what a client sold that is called as lanes begin their names", async () => {
    const shop = new Shop();
    await shop.switchOn();
    await shop.sell("gate.S1.q1", 1_000);
    await shop.sell("gate.a.ride.1.1", 300);
    expect(await shop.current()).toMatchObject({ taken: [{ what: "e-purse", count: 1, sumFen: 1_000 }] });
  });

  test("ends once, and what follows belongs to the next one, also after a restart", async () => {
    const shop = new Shop();
    await shop.switchOn();
    await shop.sell("c1.S1.q1", 1_000);
    const first = await shop.end(1);
    await shop.sell("c1.S2.q1", 250);
    shop.place.cutPower();
    await shop.switchOn();
    expect(await shop.end(1)).toEqual({ ...first, again: true });
    expect(await shop.end(3)).toEqual({ kind: "not-current", current: 2 });
    expect(await shop.current()).toMatchObject({ shift: 2, taken: [{ what: "e-purse", count: 1, sumFen: 250 }] });
    expect(await shop.end(2)).toMatchObject({ kind: "ended", totals: { shift: 2, taken: [{ sumFen: 250 }] } });
    expect(await shop.current()).toMatchObject({ shift: 3, taken: [], given: [], drawerFen: 0 });
  });

  test("counts a sale that was torn in the shift in which its card decides it", async () => {
    const shop = new Shop();
    await shop.switchOn();
    let torn = false;
    shop.place.plan(({ to, command }) => {
      if (torn || to !== "card" || !commits("e-purse", command)) return { kind: "ok" };
      torn = true;
      return { kind: "tear", at: "after" };
    });
    expect(await shop.sell("c1.S1.q1", 300)).toMatchObject({ kind: "unknown" });
    expect(await shop.end(1)).toMatchObject({ totals: { taken: [], open: { count: 1, sumFen: 300 } } });
    expect(await shop.sell("c1.S1.q1", 300)).toMatchObject({ kind: "paid" });
    expect(await shop.current()).toMatchObject({ taken: [{ what: "e-purse", count: 1, sumFen: 300 }], open: { count: 0 } });
  });

  test("does not count as taken what only a card vouches for, above the limit for it", async () => {
    const shop = new Shop();
    await shop.switchOn();
    const held = {
      kind: "quick-payment",
      amount: fen(300),
      detail: { reference: "c1.S1.q1", purse: "e-purse", unverified: true, reason: "mac2-refused" },
    } as const;
    const { subject } = await shop.place.clock.resolve(shop.place.journal.append({ ...held, state: "prepared" }));
    await shop.place.clock.resolve(shop.place.journal.append({ ...held, subject, state: "done" }));
    await shop.sell("c1.S2.q1", 450);
    expect(await shop.current()).toMatchObject({ taken: [{ what: "e-purse", count: 1, sumFen: 450 }], open: { count: 1, sumFen: 300 } });
  });

  test("that is asked for again goes on from what was counted", async () => {
    const shop = new Shop();
    await shop.switchOn();
    const read: number[] = [];
    const { journal } = shop.place;
    const watched: ShiftJournal = {
      append: (draft) => journal.append(draft),
      mark: (name) => journal.mark(name),
      entriesOf: (subject) => journal.entriesOf(subject),
      get lastSeq() {
        return journal.lastSeq;
      },
      entries: (fromSeq, limit) => {
        read.push(fromSeq);
        return journal.entries(fromSeq, limit);
      },
    };
    const shifts = openShifts(watched, { unverifiedAmountFen: UNVERIFIED });
    const ask = () => shop.place.clock.resolve(Promise.all([shifts.current(), shifts.current()]));
    await shop.sell("c1.S1.q1", 450);
    const counted = shop.place.journal.lastSeq;
    await ask();
    await shop.sell("c1.S2.q1", 300);
    const [first, second] = await ask();
    expect([first, read]).toEqual([second, [1, counted + 1]]);
    expect(first).toMatchObject({ fromSeq: 1, taken: [{ what: "e-purse", count: 2, sumFen: 750 }] });
  });
});

test("a sale that is asked for again after its record has left the journal is not paid twice, also behind a restart", async () => {
  const shop = new Shop();
  await shop.switchOn();
  const { clock } = shop.place;
  const keep = () =>
    shop.place.journal.keepTimeBy({ reading: (least) => ({ wallMs: Math.max(least, clock.wallMs()), clock: { quality: "trusted", errorMs: 0 } }) });
  keep();
  await shop.sell("c1.S1.q1", 1_000);
  for (let at = 0; at < 80; at += 1) await clock.resolve(shop.place.journal.append({ kind: "operation", state: "done", amount: fen(0), detail: {} }));
  const batch = { batchSeq: 1, firstSeq: 1, lastSeq: shop.place.journal.lastSeq, hash: "ab".repeat(32), receipted: false, detail: "{}" };
  await clock.resolve(shop.place.journal.commitBatches([batch]));
  await clock.resolve(shop.place.journal.commitReceipted([batch]));
  const at = { earliestMs: clock.wallMs() + 1_000, signal: new AbortController().signal };
  await clock.resolve(shop.place.journal.retention.pass({ keepMs: 0, erasePersonalMs: 0 }, at));
  expect(await clock.resolve(shop.place.journal.mark("sale/c1.S1.q1"))).toBeUndefined();
  for (let life = 0; life < 2; life += 1) {
    expect(await shop.sell("c1.S1.q1", 1_000)).toEqual({ kind: "refused", reason: "number-spent" });
    expect(await clock.resolve(shop.place.journal.spentUnder("sale/c1.S1.q1"))).toBe(1_000);
    shop.place.cutPower();
    await shop.switchOn();
    keep();
  }
  expect(shop.card.debits).toHaveLength(1);
  expect(await shop.sell("c1.S2.q1", 200)).toMatchObject({ kind: "paid" });
  expect(shop.card.debits).toHaveLength(2);
  // Of the sale that is gone nothing goes back here: its books are the settlement host's.
  expect(await shop.refund({ sale: "c1.S1.q1", request: "c1.R1", amount: "void" })).toEqual({ kind: "refused", reason: "sale-unknown" });
});
