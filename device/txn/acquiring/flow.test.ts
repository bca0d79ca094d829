/* Bank acts from the counter to the acquirer's books, over an independently written card, pad and bank. */
import { describe, expect, test } from "vitest";
import type { AcquirerFault, AcquirerFaultName } from "../../../simulators/host/acquirer/acquirer-faults.ts";
import { readMessage } from "../../../simulators/host/acquirer/message.ts";
import type { BankOutcome } from "./acts.ts";
import { openBank } from "./open.ts";
import { BANK_BOUNDS, BANK_LIMITS, BankPlace, type BankPlaceOptions, fenOf, panOf, REPLY_MS } from "./testing.ts";

const OPENING = 5_000_000;

async function open(options: BankPlaceOptions = {}): Promise<BankPlace> {
  const place = new BankPlace(options);
  await place.start();
  return place;
}

/** Both books say the same, and nothing is left to do. */
async function expectSettled(place: BankPlace, sum: number): Promise<void> {
  expect([place.host.sum(), await place.terminalSum()]).toEqual([sum, sum]);
  expect(place.bank.acts.view()).toMatchObject({ pendingReversals: 0, parkedReversals: 0 });
}

describe.each(["contact", "contactless"] as const)("a sale, %s", (kind) => {
  test("is signed in for, approved and booked once", async () => {
    const place = await open({ interface: kind });
    const card = place.card();
    const outcome = await place.pay("r1", 12_345);
    expect(outcome).toMatchObject({ kind: "approved", amount: 12_345 });
    expect(place.ledger.account(panOf(card))?.balanceFen).toBe(OPENING - 12_345);
    expect(await place.histories()).toEqual(["prepared done"]);
    expect(await place.pay("r1", 12_345)).toEqual(outcome);
    expect(await place.known("r1")).toEqual(outcome);
    expect(await place.pay("r1", 1)).toEqual({ kind: "refused", reason: "reference-conflict" });
    expect(place.bank.acts.view()).toMatchObject({ signedIn: true, batch: "000001", batchCount: 1 });
    await expectSettled(place, 12_345);
  });

  test("above the limit asks for the PIN, and a wrong one is declined for good under its reference", async () => {
    const place = await open({ interface: kind });
    place.card();
    place.host.holder.plan([
      { kind: "enters", digits: "000000" },
      { kind: "enters", digits: "123456" },
    ]);
    const declined = await place.pay("r1", 40_000);
    expect(declined).toMatchObject({ kind: "refused", reason: "pin-wrong", responseCode: "55" });
    expect(await place.pay("r1", 40_000)).toEqual(declined);
    expect(await place.pay("r2", 40_000)).toMatchObject({ kind: "approved" });
    expect(await place.histories()).toEqual(["prepared refused", "prepared done"]);
    expect(place.host.holder.asked).toBe(2);
  });

  test.each<readonly [name: AcquirerFaultName, reason: string, more: Partial<AcquirerFault>]>([
    ["reply-lost", "timeout", {}],
    ["request-lost", "timeout", {}],
    ["late-reply", "timeout", {}],
    ["late-approval", "timeout", { lateMs: 30_000 }],
    ["previous-reply", "reply-type-differs", {}],
    ["half-reply", "reply-malformed", {}],
    ["unreadable-reply", "reply-malformed", {}],
    ["wrong-type", "reply-type-differs", {}],
    ["wrong-mac", "reply-mac-wrong", {}],
    ["missing-mac", "reply-mac-absent", {}],
    ["wrong-amount", "reply-amount-differs", {}],
    ["wrong-stan", "reply-field-11-differs", {}],
    ["wrong-terminal", "reply-field-41-differs", {}],
    ["wrong-processing", "reply-field-3-differs", {}],
    ["partial", "partial-approval", {}],
  ])("that meets %s is reversed before anything else, and says so", async (fault, reason, more) => {
    const place = await open({ interface: kind });
    place.card();
    place.host.planFault("0200", fault, more);
    const outcome = await place.pay("r1", 12_345);
    expect(outcome).toMatchObject({ kind: "refused", reason: expect.stringContaining(reason) });
    await place.pass(200_000);
    expect(await place.known("r1")).toEqual(outcome);
    expect(await place.histories()).toEqual(["prepared unknown void"]);
    await expectSettled(place, 0);
    expect(await place.pay("r2", 100)).toMatchObject({ kind: "approved" });
    await expectSettled(place, 100);
  });

  test("that was delivered twice is booked once", async () => {
    const place = await open({ interface: kind });
    place.card();
    place.host.planFault("0200", "delivered-twice");
    await place.pay("r1", 12_345);
    await expectSettled(place, 12_345);
  });

  test("that certainly did not go out leaves nothing to reverse", async () => {
    const place = await open({ interface: kind });
    place.card();
    place.host.fate = ({ type }) => (type === "0200" ? "not-sent" : "deliver");
    expect(await place.pay("r1", 12_345)).toMatchObject({ kind: "refused", reason: "link-down" });
    expect(await place.histories()).toEqual(["prepared void"]);
    expect(place.host.heard).toHaveLength(1);
  });
});

describe("the issuer's answer", () => {
  test("that the card does not believe takes the approval back", async () => {
    const place = await open({ interface: "contact" });
    place.card();
    place.host.planFault("0200", "issuer-false");
    expect(await place.pay("r1", 5000)).toMatchObject({ kind: "refused", reason: "card-declined" });
    expect(await place.histories()).toEqual(["prepared unknown void"]);
    await expectSettled(place, 0);
  });

  test("stands all the same where the profile says so, and the record tells what the card thought", async () => {
    const place = await open({ interface: "contact", profile: { cardRefusal: "keep" } });
    place.card();
    place.host.planFault("0200", "issuer-silent");
    expect(await place.pay("r1", 5000)).toMatchObject({ kind: "approved" });
    const last = (await place.entries()).at(-1);
    expect(last?.detail["chipFailed"]).toBe(true);
    expect(last?.personal).toHaveProperty("chipCertificate");
    await expectSettled(place, 5000);
  });

  test("to a card that was taken away meanwhile takes the approval back", async () => {
    const place = await open({ interface: "contact" });
    place.card();
    place.host.planFault("0200", "slow", { slowMs: 3000 });
    const paying = place.bank.acts.pay({ reference: "r1", business: "sale", amount: fenOf(5000), operator: "op1" }, BANK_LIMITS);
    await place.pass(2500);
    place.reader.remove();
    expect(await place.run(paying)).toMatchObject({ kind: "refused" });
    expect(await place.histories()).toEqual(["prepared unknown void"]);
    await expectSettled(place, 0);
  });
});

describe("a partial approval", () => {
  test("is kept for what was approved where the profile says so", async () => {
    const place = await open({ profile: { partialApproval: true } });
    place.card();
    place.host.planFault("0200", "partial");
    const outcome = await place.pay("r1", 10_000);
    expect(outcome).toMatchObject({ kind: "approved", amount: 5000 });
    expect(await place.pay("r1", 10_000)).toEqual(outcome);
    await expectSettled(place, 5000);
  });
});

describe("before the bank is asked", () => {
  test.each<readonly [string, (place: BankPlace) => void, object]>([
    ["without a card", () => undefined, { kind: "no-card" }],
    ["a card with electronic cash alone", (place) => place.card({ applications: ["06"] }), { kind: "refused", reason: "chip-only" }],
    ["a card past its day", (place) => place.card({ expiryDate: "251231" }), { kind: "refused", reason: "expired" }],
    ["a card with a blocked application", (place) => place.card({ applicationBlocked: true }), { kind: "refused", reason: "application-blocked" }],
  ])("%s ends it, and nothing is recorded", async (_name, prepare, expected) => {
    const place = await open({ interface: "contact" });
    prepare(place);
    expect(await place.pay("r1", 5000)).toMatchObject(expected);
    expect(await place.entries()).toEqual([]);
    expect(await place.known("r1")).toBeUndefined();
  });

  test("a card that is listed ends it, without asking its issuer", async () => {
    const place = await open({ terminal: { isListed: (account) => account.startsWith("629999") } });
    place.card();
    expect(await place.pay("r1", 5000)).toEqual({ kind: "refused", reason: "on-invalid-list" });
    expect(await place.entries()).toEqual([]);
  });

  test.each([
    ["cancels", "pin-cancelled"],
    ["walks-away", "timeout"],
  ] as const)("a holder who %s ends it", async (act, reason) => {
    const place = await open();
    place.card();
    place.host.holder.plan([{ kind: act }]);
    expect(await place.pay("r1", 40_000)).toEqual({ kind: "refused", reason });
    expect(await place.entries()).toEqual([]);
  });

  test("a bank that cannot be reached ends it before anybody is asked for a card", async () => {
    const place = await open();
    place.host.acquirer.faults.absent = true;
    expect(await place.pay("r1", 5000)).toEqual({ kind: "refused", reason: "timeout" });
    place.host.acquirer.faults.absent = false;
    place.host.planFault("0800", "wrong-keys");
    expect(await place.pay("r1", 5000)).toEqual({ kind: "refused", reason: "key-check-failed-mac" });
    expect(place.bank.acts.view()).toMatchObject({ signedIn: false });
  });

  test.each([
    ["zero", 0, "amount-zero"],
    ["more than any card is asked for", 0x1_0000_0000, "amount-limit"],
  ])("%s is no amount", async (_name, amount, reason) => {
    const place = await open();
    expect(await place.pay("r1", amount)).toEqual({ kind: "refused", reason });
  });

  test("a lane or a reference in use begins nothing", async () => {
    const place = await open();
    place.card();
    const seen: (BankOutcome | undefined)[] = [];
    place.host.fate = () => {
      void place.bank.acts.known("r1").then((known) => seen.push(known));
      return "deliver";
    };
    const [first, second, third] = await place.run(
      Promise.all([
        place.bank.acts.pay({ reference: "r1", business: "sale", amount: fenOf(100), operator: "op1" }, BANK_LIMITS),
        place.bank.acts.pay({ reference: "r1", business: "sale", amount: fenOf(100), operator: "op1" }, BANK_LIMITS),
        place.bank.acts.pay({ reference: "r2", business: "sale", amount: fenOf(100), operator: "op1" }, BANK_LIMITS),
      ]),
    );
    expect(first).toMatchObject({ kind: "approved" });
    expect(seen).toContainEqual(expect.objectContaining({ kind: "unknown", reason: "in-progress" }));
    expect(second).toEqual({ kind: "unknown", reason: "in-progress" });
    expect(third).toEqual({ kind: "refused", reason: "lane-busy" });
    await expectSettled(place, 100);
  });

  test("a batch that is full has to be settled first", async () => {
    const place = await open({ profile: { batchMax: 1 } });
    place.card();
    expect(await place.pay("r1", 100)).toMatchObject({ kind: "approved" });
    expect(await place.pay("r2", 100)).toEqual({ kind: "refused", reason: "batch-full" });
  });
});

describe("a withdrawal", () => {
  test("is offered where the acquirer has confirmed its code, and never without the PIN", async () => {
    const place = await open();
    const card = place.card();
    expect(await place.pay("r1", 100, { business: "withdrawal" })).toMatchObject({ kind: "approved" });
    expect(place.host.holder.asked).toBe(1);
    expect(place.ledger.account(panOf(card))?.balanceFen).toBe(OPENING - 100);
    expect(place.host.standing().map(({ business }) => business)).toEqual(["withdrawal"]);
  });

  test("is not offered without a code", async () => {
    const place = await open();
    const { withdrawalCode: _, ...profile } = place.ports.profile;
    const other = await place.run(openBank({ ...place.ports, profile }, BANK_BOUNDS));
    const request = { reference: "r1", business: "withdrawal", amount: fenOf(100), operator: "op1" } as const;
    expect(await place.run(other.acts.pay(request, BANK_LIMITS))).toEqual({ kind: "refused", reason: "withdrawal-not-confirmed" });
  });
});

describe("what was paid goes back", () => {
  test("by a void, whole and once, in its own batch", async () => {
    const place = await open();
    const card = place.card();
    await place.pay("r1", 5000);
    expect(await place.takeBack("v0", "r1", { amount: fenOf(1) })).toEqual({ kind: "refused", reason: "amount-not-whole" });
    const outcome = await place.takeBack("v1", "r1");
    expect(outcome).toMatchObject({ kind: "approved", amount: 5000 });
    expect(await place.takeBack("v1", "r1")).toEqual(outcome);
    expect(await place.takeBack("v1", "r1", { business: "refund" })).toEqual({ kind: "refused", reason: "reference-conflict" });
    expect(await place.takeBack("v2", "r1")).toEqual({ kind: "refused", reason: "already-returned" });
    expect(place.ledger.account(panOf(card))?.balanceFen).toBe(OPENING);
    await expectSettled(place, 0);
  });

  test("by refunds, up to what is left, also in another batch", async () => {
    const place = await open();
    place.card();
    await place.pay("r1", 5000);
    const refund = (reference: string, amount?: number) =>
      place.takeBack(reference, "r1", { business: "refund", ...(amount === undefined ? {} : { amount: fenOf(amount) }) });
    expect(await refund("f1", 2000)).toMatchObject({ kind: "approved", amount: 2000 });
    expect(await place.takeBack("v1", "r1")).toEqual({ kind: "refused", reason: "amount-not-whole" });
    await place.nextLife();
    place.ledger.sessions.openBatch(place.host.profile.terminalNumber, "000002");
    await place.run(place.bank.line.hold("raw", () => place.bank.book.close(), BANK_LIMITS));
    expect(await place.takeBack("v2", "r1")).toEqual({ kind: "refused", reason: "other-batch" });
    expect(await refund("f2", 3001)).toEqual({ kind: "refused", reason: "amount-above-rest" });
    expect(await refund("f3")).toMatchObject({ kind: "approved", amount: 3000 });
    expect(await refund("f4")).toEqual({ kind: "refused", reason: "already-returned" });
    await expectSettled(place, 0);
    expect(await place.run(place.bank.tender.givenBack("r1"))).toEqual({ amount: 5000, open: false });
  });

  test("and a void of another batch is a refund's matter", async () => {
    const place = await open();
    place.card();
    await place.pay("r1", 5000);
    place.ledger.sessions.openBatch(place.host.profile.terminalNumber, "000002");
    await place.run(place.bank.line.hold("raw", () => place.bank.book.close(), BANK_LIMITS));
    expect(await place.takeBack("v1", "r1")).toEqual({ kind: "refused", reason: "other-batch" });
    const back = await place.run(place.bank.tender.giveBack({ reference: "b1", original: "r1", operator: "op1" }, BANK_LIMITS));
    expect(back).toMatchObject({ kind: "approved", amount: 5000 });
    expect(place.host.standing().map(({ business }) => business)).toEqual(["sale", "refund"]);
    await expectSettled(place, 0);
  });

  test.each(["void", "refund"] as const)("with the card of the payment, and no other: %s", async (business) => {
    const place = await open();
    const card = place.card();
    await place.pay("r1", 5000);
    place.reader.remove();
    place.card();
    expect(await place.takeBack("v1", "r1", { business, withoutCard: false })).toEqual({ kind: "refused", reason: "another-card" });
    place.reader.remove();
    place.reader.insert(card);
    expect(await place.takeBack("v1", "r1", { business, withoutCard: false })).toMatchObject({ kind: "approved" });
    await expectSettled(place, 0);
  });

  test.each(["void", "refund"] as const)("and a %s that nobody answered is taken back itself, so that it can be asked for again", async (business) => {
    const place = await open();
    place.card();
    await place.pay("r1", 5000);
    place.host.planFault(business === "void" ? "0200" : "0220", "reply-lost");
    expect(await place.takeBack("v1", "r1", { business })).toMatchObject({ kind: "refused", reason: "timeout" });
    await expectSettled(place, 5000);
    expect(await place.takeBack("v2", "r1", { business })).toMatchObject({ kind: "approved" });
    await expectSettled(place, 0);
  });

  test.each([
    ["nobody ever paid", "r9", "original-unknown"],
    ["what was declined", "r0", "original-not-paid"],
  ])("but not %s", async (_name, original, reason) => {
    const place = await open();
    place.card();
    place.host.planFault("0200", "decline");
    await place.pay("r0", 5000);
    expect(await place.takeBack("v1", original)).toEqual({ kind: "refused", reason });
  });
});

describe("a balance", () => {
  const ask = (place: BankPlace) => place.run(place.bank.acts.balance({ operator: "op1" }, BANK_LIMITS));

  test.each(["contact", "contactless"] as const)("is told to the holder with the PIN, and leaves no record: %s", async (kind) => {
    const place = await open({ interface: kind });
    place.card();
    expect(await ask(place)).toEqual({ kind: "balance", available: OPENING });
    expect(await place.entries()).toEqual([]);
    expect(place.host.holder.asked).toBe(1);
  });

  test("is refused where the card, the holder or the bank does not tell", async () => {
    const place = await open();
    expect(await ask(place)).toEqual({ kind: "no-card" });
    place.card();
    place.host.holder.plan([{ kind: "cancels" }, { kind: "enters", digits: "111111" }, { kind: "enters", digits: "123456" }]);
    expect(await ask(place)).toEqual({ kind: "refused", reason: "pin-cancelled" });
    expect(await ask(place)).toEqual({ kind: "refused", reason: "pin-wrong", responseCode: "55" });
    place.host.planFault("0200", "reply-lost");
    expect(await ask(place)).toEqual({ kind: "refused", reason: "timeout" });
    expect(place.bank.acts.view()).toMatchObject({ pendingReversals: 0 });
  });
});

describe("the session", () => {
  test("is begun and ended by the counter", async () => {
    const place = await open();
    expect(await place.run(place.bank.acts.signIn(BANK_LIMITS))).toEqual({ kind: "signed-in", batch: "000001" });
    expect(await place.run(place.bank.acts.signOff(BANK_LIMITS))).toEqual({ kind: "signed-off" });
    expect(place.bank.acts.view()).toMatchObject({ signedIn: false });
    place.card();
    expect(await place.pay("r1", 100)).toMatchObject({ kind: "approved" });
  });

  test("takes the acquirer's batch while its own is empty, and never afterwards", async () => {
    const place = await open();
    await place.run(place.bank.acts.signIn(BANK_LIMITS));
    place.ledger.sessions.openBatch(place.host.profile.terminalNumber, "000041");
    await place.nextLife();
    place.card();
    expect(await place.pay("r1", 100)).toMatchObject({ kind: "approved" });
    expect(place.bank.line.batch).toBe("000041");
    place.ledger.sessions.openBatch(place.host.profile.terminalNumber, "000042");
    await place.nextLife();
    expect(await place.pay("r2", 100)).toMatchObject({ kind: "refused", responseCode: "77" });
    expect(place.bank.line.batch).toBe("000041");
  });

  test.each([
    ["says that the MAC is wrong", (place: BankPlace) => place.host.planFault("0200", "sign-in-again"), "A0"],
    ["has forgotten the terminal's keys", (place: BankPlace) => place.host.acquirer.endSignIns(), "A0"],
  ])("is begun anew when the acquirer %s", async (_name, befall, responseCode) => {
    const place = await open();
    place.card();
    await place.pay("r1", 100);
    befall(place);
    expect(await place.pay("r2", 100)).toMatchObject({ kind: "refused", responseCode });
    expect(await place.pay("r3", 100)).toMatchObject({ kind: "approved" });
    await expectSettled(place, 200);
  });

  test("a reversal under keys that are no more goes out again under new ones", async () => {
    const place = await open();
    place.card();
    await place.pay("r1", 100);
    place.host.planFault("0200", "reply-lost", { endsSession: true });
    expect(await place.pay("r2", 100)).toMatchObject({ kind: "refused", reason: "timeout" });
    expect(await place.histories()).toEqual(["prepared done", "prepared unknown void"]);
    await expectSettled(place, 100);
  });

  test("no message number is used twice, whatever becomes of the messages", async () => {
    const place = await open();
    place.card();
    for (const reference of ["r1", "r2", "r3"]) {
      await place.pay(reference, 100);
      if (reference === "r2") await place.nextLife();
    }
    const stans = (await place.entries()).filter(({ state }) => state === "prepared").map(({ detail }) => Number(detail["stan"]));
    expect(new Set(stans).size).toBe(3);
    expect(stans.toSorted((left, right) => left - right)).toEqual(stans);
  });
});

describe("the line", () => {
  test("is had by one at a time, in order, and by no more than can wait", async () => {
    const place = await open();
    const order: string[] = [];
    const hold = (name: string) =>
      place.bank.line.hold(
        "raw",
        async () => {
          order.push(name);
          await place.ports.clock.sleep(100);
          return name;
        },
        { ...BANK_LIMITS, timeoutMs: 450 },
      );
    const all = await place.run(Promise.all(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map(hold)));
    expect(order).toEqual(["a", "b", "c", "d", "e"]);
    expect(all.slice(5)).toEqual(Array.from({ length: 5 }, () => ({ kind: "refused", reason: "line-busy" })));
    expect(await place.run(hold("k"))).toBe("k");
  });

  test("goes on when whoever waited has given up", async () => {
    const place = await open();
    const gaveUp = new AbortController();
    const slow = place.bank.line.hold("raw", () => place.ports.clock.sleep(1000), BANK_LIMITS);
    const waiting = place.bank.line.hold("raw", async () => "never", { timeoutMs: 5000, signal: gaveUp.signal });
    const last = place.bank.line.hold("raw", async () => "last", BANK_LIMITS);
    gaveUp.abort();
    expect(await place.run(Promise.all([slow, waiting, last]))).toEqual([undefined, { kind: "refused", reason: "cancelled" }, "last"]);
  });
});

describe("what is pending", () => {
  test("goes out before anything else, and by itself when the acquirer is there again", async () => {
    const place = await open();
    place.card();
    await place.pay("r0", 100);
    place.host.planFault("0200", "reply-lost");
    place.host.planFault("0400", "request-lost");
    expect(await place.pay("r1", 5000)).toMatchObject({ kind: "unknown", reason: "timeout" });
    expect(place.bank.acts.view()).toMatchObject({ pendingReversals: 1 });
    place.host.acquirer.faults.absent = true;
    expect(await place.pay("r2", 100)).toEqual({ kind: "refused", reason: "reversal-pending" });
    place.host.acquirer.faults.absent = false;
    place.bank.background.start();
    await place.pass(3 * REPLY_MS);
    expect(await place.known("r1")).toMatchObject({ kind: "refused", reason: "timeout" });
    await expectSettled(place, 100);
    await place.run(place.bank.background.stop());
  });

  test("is parked after the last try, seen by people, and stops nobody any more", async () => {
    const place = await open();
    place.card();
    await place.pay("r0", 100);
    place.host.planFault("0200", "reply-lost");
    for (let tries = 0; tries < 3; tries += 1) place.host.planFault("0400", "reply-lost", { effect: "none" });
    expect(await place.pay("r1", 5000)).toMatchObject({ kind: "unknown" });
    expect(await place.pay("r2", 100)).toEqual({ kind: "refused", reason: "reversal-pending" });
    expect(await place.pay("r3", 100)).toMatchObject({ kind: "approved" });
    expect(await place.run(place.bank.acts.parked(10))).toMatchObject([{ what: "reversal", amount: 5000, reason: "timeout", tries: 3 }]);
    expect(await place.known("r1")).toMatchObject({ kind: "unknown" });
    await place.nextLife();
    expect(place.bank.acts.view()).toMatchObject({ pendingReversals: 0, parkedReversals: 1 });
  });

  test("is not begun for somebody whose time is over; the next one finds it gone", async () => {
    const place = await open();
    place.card();
    place.host.fate = ({ type }) => (type === "0400" ? "lost" : type === "0200" ? "unheard" : "deliver");
    expect(await place.pay("r1", 5_000)).toMatchObject({ kind: "unknown" });
    place.host.fate = () => "deliver";
    await place.run(place.bank.acts.signOff(BANK_LIMITS));
    const heard = place.host.heard.length;
    // Signing in takes longer than this act may.
    const hurried = place.bank.acts.pay({ reference: "r2", business: "sale", amount: fenOf(100), operator: "op1" }, { ...BANK_LIMITS, timeoutMs: 20 });
    expect(await place.run(hurried)).toEqual({ kind: "refused", reason: "line-busy" });
    await place.pass(REPLY_MS);
    expect(place.host.heard.length).toBe(heard + 1);
    expect(await place.pay("r3", 100)).toMatchObject({ kind: "approved" });
    await expectSettled(place, 100);
  });

  test("names the cause, and neither PIN, track, chip nor retrieval reference", async () => {
    const place = await open();
    place.card();
    place.host.planFault("0200", "wrong-mac");
    await place.pay("r1", 40_000);
    const body = place.host.heard.at(-1);
    const parsed = readMessage(body ?? new Uint8Array(0));
    if (!parsed.ok) throw new Error("a reversal is a message");
    expect(parsed.message.type).toBe("0400");
    expect(parsed.message.fields.get(39)).toBe("A0");
    for (const field of [26, 35, 36, 37, 52, 53, 55]) expect(parsed.message.fields.has(field)).toBe(false);
  });

  test("goes out under keys of a new sign-in where the reply's MAC was wrong: perhaps both sides no longer know the same ones", async () => {
    const place = await open();
    place.card();
    place.host.planFault("0200", "wrong-mac");
    await place.pay("r1", 40_000);
    const types = place.host.heard.map((body) => {
      const parsed = readMessage(body);
      return parsed.ok ? parsed.message.type : "unreadable";
    });
    expect(types).toEqual(["0800", "0200", "0800", "0400"]);
  });
});

describe("after a power cut", () => {
  test.each([
    ["before the request", "cut-before"],
    ["after it", "cut-after"],
  ] as const)("%s a payment is unknown, and taken back before the next one", async (_name, fate) => {
    const place = await open();
    place.card();
    await place.pay("r0", 100);
    place.host.fate = ({ type }) => (type === "0200" ? fate : "deliver");
    const request = { reference: "r1", business: "sale", amount: fenOf(5000), operator: "op1" } as const;
    await place.untilCut(place.bank.acts.pay(request, BANK_LIMITS));
    await place.nextLife();
    expect(await place.known("r1")).toMatchObject({ kind: "unknown", reason: "restart" });
    expect(place.bank.acts.view()).toMatchObject({ signedIn: false, pendingReversals: 1 });
    // What the acquirer has not heard of may be on its way, until its time has passed.
    if (fate === "cut-before") {
      expect(await place.pay("r3", 100)).toEqual({ kind: "refused", reason: "reversal-pending" });
      await place.pass(REPLY_MS);
    }
    expect(await place.pay("r2", 100)).toMatchObject({ kind: "approved" });
    expect(await place.known("r1")).toMatchObject({ kind: "refused", reason: "restart" });
    expect(await place.histories()).toEqual(["prepared done", "prepared unknown void", "prepared done"]);
    await expectSettled(place, 200);
  });
});

describe("personal data", () => {
  test("is sealed, and a PIN is nowhere", async () => {
    const place = await open();
    const card = place.card();
    place.host.planFault("0200", "reply-lost");
    await place.pay("r1", 40_000);
    await place.pay("r2", 40_000);
    const pan = panOf(card);
    const open_ = (await place.entries()).map(({ detail }) => JSON.stringify(detail)).join();
    expect(open_).not.toContain(pan);
    const entries = JSON.stringify(await place.entries());
    expect(entries).toContain(pan);
    for (const name of ["track2", `"52"`, `"35"`, "pinBlock"]) expect(entries).not.toContain(name);
    expect(JSON.stringify(place.bank.acts.view())).not.toContain(pan);
  });
});

describe("the disk", () => {
  test("that is full refuses, and one that broke says unknown", async () => {
    const place = await open();
    place.card();
    await place.run(place.bank.acts.signIn(BANK_LIMITS));
    let broken = false;
    place.place.disk.onCommit((write) => {
      if ((write.entries?.length ?? 0) === 0) return { kind: "go" };
      return broken ? { kind: "broken", written: true } : { kind: "full" };
    });
    expect(await place.pay("r1", 100)).toEqual({ kind: "refused", reason: "store-full" });
    broken = true;
    expect(await place.pay("r2", 100)).toEqual({ kind: "unknown", reason: "store-broken" });
    expect(place.host.standing()).toEqual([]);
  });
});
