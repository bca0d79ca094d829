/* Each checker of a gate's money sees the broken promise that it is there for. */
import { describe, expect, test } from "vitest";
import type { DurableEntry } from "./durable-entry.ts";
import { HoldCheck } from "./hold-check.ts";
import { MoneyCheck } from "./money-check.ts";
import { RefundCheck } from "./refund-check.ts";
import { RideCheck } from "./ride-check.ts";

const NAME = { terminalNumber: "990100000001", date: "20260105", time: "120000" };

function entry(changes: Partial<DurableEntry>): DurableEntry {
  return {
    ...NAME,
    seq: 1,
    subject: "s-1",
    kind: "quick-payment",
    state: "prepared",
    amountFen: 0,
    reference: "r-1",
    msgid: undefined,
    sale: undefined,
    lane: undefined,
    original: undefined,
    industryUse: undefined,
    heldFen: undefined,
    firstUse: false,
    purse: "electronic-cash",
    saleName: undefined,
    ...changes,
  };
}

describe("amounts that are held", () => {
  const intent = (changes: Partial<DurableEntry> = {}) => entry({ industryUse: "pre-authorization", heldFen: 500, ...changes });
  const held = () => {
    const check = new HoldCheck();
    check.durable(intent());
    check.held("card-1", NAME, 500);
    return check;
  };
  const settle = (check: HoldCheck, state: string, gone = false) =>
    check.settled(
      () => state,
      () => gone,
    );

  test("without an intent, or as another amount", () => {
    expect(() => new HoldCheck().held("card-1", NAME, 500)).toThrow(/promise 1: .*without a durable intent/);
    const check = new HoldCheck();
    check.durable(intent());
    expect(() => check.held("card-1", NAME, 501)).toThrow(/promise 1/);
  });

  test("twice for one sale, and beside another amount", () => {
    const check = held();
    check.durable(intent({ subject: "s-2", time: "120001" }));
    expect(() => check.held("card-2", { ...NAME, time: "120001" }, 500)).toThrow(/promise 2: r-1 is held/);
    check.durable(intent({ subject: "s-3", reference: "r-3", time: "120002" }));
    expect(() => check.held("card-1", { ...NAME, time: "120002" }, 500)).toThrow(/promise 2: .*beside what it held/);
  });

  test("a completion that takes more, or nothing that anybody held", () => {
    expect(() => held().letGo("card-1", 501)).toThrow(/promise 2: 501 fen were taken of 500/);
    expect(() => held().letGo("card-1", undefined)).toThrow(/promise 2/);
    expect(() => new HoldCheck().letGo("card-1", 0)).toThrow(/promise 2/);
  });

  test("called held, or called not held, where the card says otherwise", () => {
    expect(() => held().told("s-1", 400)).toThrow(/promise 3/);
    expect(() => held().told("s-1", 500)).not.toThrow();
    expect(() => held().notHeld("s-1")).toThrow(/promise 3/);
  });

  test("left behind in the end", () => {
    expect(() => settle(held(), "done")).toThrow(/promise 1: .*still holds/);
    expect(() => settle(held(), "done", true)).not.toThrow();
    const done = held();
    done.letGo("card-1", 0);
    expect(() => settle(done, "done")).not.toThrow();
    expect(() => settle(done, "void")).toThrow(/promise 1: r-1 is void/);
    const never = new HoldCheck();
    never.durable(intent());
    expect(() => settle(never, "done")).toThrow(/no card has set it aside/);
  });
});

describe("money that goes back", () => {
  const refund = (changes: Partial<DurableEntry> = {}) =>
    entry({ kind: "cash-refund", state: "done", subject: "b-1", reference: "q-1", original: "s-1", amountFen: 60, ...changes });
  const sold = (purse: "e-purse" | "electronic-cash") => {
    const money = new MoneyCheck();
    money.durable(entry({ purse, amountFen: 100, saleName: purse === "e-purse" ? "990100000001/20260105/120000" : "cash 01020304/20260105" }), "card-1");
    const cash = purse === "e-purse" ? {} : { purse, unpredictableNumber: "01020304" };
    money.debited("card-1", { ...NAME, ...cash, amountFen: 100, terminalSeq: 1, cardSeqBefore: 0, tac: "00000000" });
    return new RefundCheck(money);
  };

  test("more than the card was debited", () => {
    const check = sold("e-purse");
    check.durable(refund());
    expect(() => check.durable(refund({ subject: "b-2", reference: "q-2" }))).toThrow(/promise 2: 120 fen went back of 100/);
  });

  test("twice for one request, for nothing, and for a purse whose issuer gives it back", () => {
    const check = sold("e-purse");
    check.durable(refund({ amountFen: 10 }));
    expect(() => check.durable(refund({ amountFen: 10 }))).toThrow(/promise 2: .*twice/);
    expect(() => check.durable(refund({ reference: "q-3", original: "nobody" }))).toThrow(/promise 2/);
    expect(() => sold("electronic-cash").durable(refund())).toThrow(/promise 2: .*paid from electronic-cash/);
  });

  test("told before it is durable, refused although it is, and not booked", () => {
    const check = sold("e-purse");
    expect(() => check.told("q-1", { subject: "b-1", amountFen: 60 })).toThrow(/promise 3/);
    check.durable(refund());
    expect(() => check.notGiven("q-1")).toThrow(/promise 3/);
    expect(() => check.settled(new Map())).toThrow(/promise 1/);
    expect(() => check.settled(new Map([["b-1", 60]]))).not.toThrow();
    expect(() =>
      check.settled(
        new Map([
          ["b-1", 60],
          ["b-2", 1],
        ]),
      ),
    ).toThrow(/promise 2/);
  });

  test("of an order is not this checker's", () => {
    const check = sold("e-purse");
    check.durable(refund({ original: undefined }));
    expect(check.refunds.size).toBe(0);
  });

  test("leaves nothing of a sale only as a whole", () => {
    const check = sold("e-purse");
    expect(check.isReturned("nobody")).toBe(false);
    check.durable(refund());
    expect(check.isReturned("s-1")).toBe(false);
    check.durable(refund({ subject: "b-2", reference: "q-2", amountFen: 40 }));
    expect(check.isReturned("s-1")).toBe(true);
  });
});

describe("rides that are charged later", () => {
  const ride = (changes: Partial<DurableEntry> = {}) => entry({ kind: "delayed-charge", state: "done", amountFen: 200, firstUse: true, ...changes });
  const charged = { subject: "s-1", account: "a-1", amountFen: 200, state: "charged" };
  const ridden = () => {
    const check = new RideCheck(600);
    check.rode(ride(), "a-1");
    return check;
  };

  test("a first ride beyond its limit, or one that is not called so", () => {
    expect(() => new RideCheck(100).rode(ride(), "a-1")).toThrow(/promise 3: the first ride/);
    expect(() => new RideCheck(600).rode(ride({ firstUse: false }), "a-1")).toThrow(/promise 3: .*not called so/);
    expect(() => ridden().rode(ride(), "a-1")).toThrow(/promise 2: .*twice/);
  });

  test("charged to somebody else, never, or without a ride", () => {
    const booked = new Map([["s-1", 200]]);
    expect(() => ridden().settled(booked, [charged])).not.toThrow();
    expect(() => ridden().settled(booked, [{ ...charged, account: "a-2" }])).toThrow(/promise 1/);
    expect(() => ridden().settled(booked, [{ ...charged, state: "debt" }])).toThrow(/promise 1: .*left debt/);
    expect(() => ridden().settled(new Map(), [])).toThrow(/promise 1/);
    expect(() => ridden().settled(booked, [charged, { ...charged, subject: "s-2" }])).toThrow(/promise 2/);
  });
});
