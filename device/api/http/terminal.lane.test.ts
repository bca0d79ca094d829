/*
 * The API of a real terminal: journal on disk, broker, settlement host, and the simulated insurer whose books decide. The worked example runs
 * its day with a card; orders are sent again in every way in which a counter's program may have to, and are settled once.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTestCard } from "../../../simulators/card/make.ts";
import { socialNumbers } from "../../../simulators/card/numbers.ts";
import { INSURER_FAULTS, planInsurerFault } from "../../../simulators/host/medical/insurer-faults.ts";
import { insuredPerson, TEST_CATALOGUE } from "../../../simulators/host/medical/persons.ts";
import { CounterPlace, type CounterTerminal } from "../../../simulators/terminal/counter-place.ts";
import type { ApiConfig } from "../../config/api.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { systemClock } from "../../system/clock.ts";
import { runPharmacy } from "../client/example/pharmacy.ts";
import { type Basket, CounterClient, type OrderEvent, type Question } from "../client/index.ts";
import { fakeService, TEST_PASSWORD, testConfig, testToken } from "./testing.ts";

const PIN = "135790";
const CLIENT = "pos1";
const PERSON = "53010000000000000001";
const HOLDER = "53010000000000000002";
const MATERIAL = "CTEST0000000000000M1";
const AMOUNT_FEN = 1_500;
const PATIENCE_MS = 60_000;

const clock = systemClock();
const suite = openCipherSuite();
const folder = mkdtempSync(join(tmpdir(), "yikatong-api-"));
const card = makeTestCard(suite, { serial: 80_001, balanceFen: 0, algorithm: "3des", pin: PIN, interface: "contactless" });

let config: ApiConfig;
let place: CounterPlace;
let open: CounterTerminal;

const openTerminal = () => place.openTerminal({ api: config, pin: PIN, devices: devices() });
const yesterday = () => new Date(Date.now() + 8 * 3_600_000 - 86_400_000).toISOString().slice(0, 10);
/** A printer, so that receipts come out. */
function devices() {
  const { printer } = fakeService().devices;
  return printer === undefined ? {} : { printer };
}

beforeAll(async () => {
  config = await testConfig([CLIENT]);
  const persons = [
    insuredPerson({ personNumber: PERSON, cards: [], accountFen: 0n }),
    insuredPerson({ personNumber: HOLDER, cards: [socialNumbers(card)], accountFen: 0n }),
  ];
  // What the example sells.
  const medicines = ["XA01ABD075A002010100001", "XR05CBA074X001010100002"].map((code) => ({ code, class: "A" as const, selfPayE4: 0n }));
  place = await CounterPlace.open({ suite, folder, persons, settleTimeoutMs: 3_000, catalogue: [...TEST_CATALOGUE, ...medicines] });
  open = await openTerminal();
});
afterAll(async () => {
  await open.stop();
  await place.close();
  rmSync(folder, { recursive: true });
});

async function signedIn(operator = "cashier"): Promise<CounterClient> {
  const client = new CounterClient({ baseUrl: open.api.url, token: testToken(CLIENT) });
  await client.signIn(operator, TEST_PASSWORD);
  return client;
}

/** An e-code is shown anew whenever the basket is sent; what is asked for stays the same. */
function basket(more: Partial<Basket> = {}): Basket {
  const item = {
    nationalCode: MATERIAL,
    ownCode: "1",
    name: "Tape",
    quantity: "1",
    unitPrice: "15.00",
    amountFen: AMOUNT_FEN,
    traceExempt: "not-a-drug",
  } as const;
  const code = place.insurer.issueECode(PERSON) ?? "";
  return { credential: { kind: "e-code", code }, amountFen: AMOUNT_FEN, items: [item], invoiceNumber: "INV-1", prints: false, ...more };
}

const settlementsOf = (personNumber: string) => place.insurer.ledger.settlements().filter((entry) => entry.personNumber === personNumber);
/** What the insurer has booked since `before`: one settlement, and it stands. */
function expectOnce(before: number, settlementId: string | undefined): void {
  const since = settlementsOf(PERSON).slice(before);
  expect(since.map((entry) => [entry.settlementId, entry.status, entry.totalFen])).toEqual([[settlementId, "booked", BigInt(AMOUNT_FEN)]]);
}

const byCash = (question: Question) =>
  question.ask === "tender" ? ({ answer: "tender", tender: "cash", amountFen: question.restFen } as const) : ({ answer: "confirm" } as const);
const answerAll = { onQuestion: byCash };

/** Looks until it is so; the bound is far beyond what a lane needs. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const untilMs = clock.monotonicMs() + PATIENCE_MS; !(await holds()); ) {
    if (clock.monotonicMs() > untilMs) throw new Error(`it did not become so within ${PATIENCE_MS} ms`);
    await clock.sleep(5);
  }
}

/** Resolves when the order has told this of itself. */
async function told(client: CounterClient, orderNumber: string, is: OrderEvent["is"]): Promise<void> {
  await until(async () => (await client.order(orderNumber).catch(() => undefined)) !== undefined);
  for await (const item of client.events(orderNumber)) if (item.type === "event" && item.event.is === is) return;
  throw new Error(`order ${orderNumber} ended without "${is}"`);
}

describe("the example at a real terminal", () => {
  it("runs its day with a card, and a second run of the same number is the same day", async () => {
    const said: string[] = [];
    const say = (line: string) => {
      said.push(line);
      if (line.endsWith(": present-card") && open.reader.card === undefined) open.reader.insert(card);
    };
    const day = yesterday();
    const shop = { baseUrl: open.api.url, token: testToken(CLIENT), operator: "chief", password: TEST_PASSWORD, run: "day", day, say };
    const ends = { "day-1": "void", "day-2": "void", "day-3": "done", [day]: "equal" };
    expect(await runPharmacy(shop)).toEqual(ends);
    expect(said).toContain("  day-1: settled");
    const booked = settlementsOf(HOLDER);
    expect(booked.map(({ status, totalFen }) => [status, totalFen])).toEqual([
      ["voided", 2_500n],
      ["voided", 4_300n],
      ["booked", 2_500n],
    ]);
    expect(await runPharmacy(shop)).toEqual(ends);
    expect(settlementsOf(HOLDER)).toEqual(booked);
    open.reader.remove();
  });
});

describe("what waits for people at a real terminal", () => {
  it("is listed, with what is not receipted yet and what is left of the offline lease", async () => {
    const client = new CounterClient({ baseUrl: open.api.url, token: testToken(CLIENT) });
    await client.signIn("chief", TEST_PASSWORD);
    const { exposure } = await client.status();
    expect(exposure.offlineMedical).toEqual({ count: 0, sumFen: 0 });
    expect(Object.keys(exposure)).toEqual(["quickPayment", "medicalPurchase", "offlineMedical", "offlineLeaseMs"]);
    expect(await client.offlineSales()).toEqual({ sales: [] });
  });

  it("an upload that lacks a fact is listed until a person has dealt with it", async () => {
    const client = new CounterClient({ baseUrl: open.api.url, token: testToken(CLIENT) });
    await client.signIn("chief", TEST_PASSWORD);
    // What the example tells of its goods is less than the insurer asks for.
    const { uploads } = await client.uploads();
    const [first] = uploads;
    expect(first).toMatchObject({ client: CLIENT, act: "sale", rowsTaken: 0, message: expect.stringMatching(/\S/) });
    const subject = first?.subject ?? "";
    expect(await client.dismissUpload(subject)).toEqual({ subject, state: "dismissed" });
    expect((await client.uploads()).uploads.map((upload) => upload.subject)).not.toContain(subject);
    await expect(client.retryUpload(subject)).rejects.toMatchObject({ error: "upload-not-parked", status: 409 });
  });
});

describe("a shop at a real terminal", () => {
  it("sells, gives back and ends its shift once, and says the same after a restart", async () => {
    const client = await signedIn("chief");
    open.reader.insert(makeTestCard(suite, { serial: 80_002, balanceFen: 10_000, algorithm: "3des", interface: "contactless" }));
    const sale = { saleNumber: "q-1", purse: "e-purse", amountFen: 450, prints: true } as const;
    expect(await client.quickPayment(sale)).toMatchObject({ kind: "paid", balanceAfterFen: 9_550, slip: { printed: true } });
    open.reader.remove();
    const refund = await client.refundQuickPayment("q-1", { refundNumber: "r-1", amountFen: 150, prints: true });
    expect(refund).toMatchObject({ kind: "refunded", amountFen: 150, leftFen: 300, slip: { printed: true } });
    await expect(client.refundQuickPayment("q-1", { refundNumber: "r-1", amountFen: 151 })).rejects.toMatchObject({ error: "refund-conflict", status: 409 });
    const { shift } = await client.shift();
    const ended = await client.endShift(shift);
    expect(ended.taken).toContainEqual({ what: "e-purse", count: 1, sumFen: 450 });
    await open.stop();
    open = await openTerminal();
    const next = await signedIn("chief");
    expect(await next.endShift(shift)).toEqual(ended);
    expect(await next.refundQuickPayment("q-1", { refundNumber: "r-1", amountFen: 150 })).toMatchObject({ subject: refund.subject, leftFen: 300 });
    expect([await next.printSale("q-1"), await next.printRefund("r-1"), await next.printShift(shift)]).toEqual(
      Array.from({ length: 3 }, () => ({ printed: true })),
    );
    expect(await next.shift()).toMatchObject({ shift: shift + 1, taken: [], given: [] });
    await expect(next.gates()).rejects.toMatchObject({ error: "not-offered", status: 501 });
  });
});

describe("an order is settled once at the insurer, and its result is the same", () => {
  it("sent twice", async () => {
    const before = settlementsOf(PERSON).length;
    const client = await signedIn();
    const first = await client.settle("twice", basket(), answerAll);
    expect(first).toMatchObject({ state: "done" });
    expect(await client.place("twice", basket())).toEqual(first);
    expect(await (await signedIn()).settle("twice", basket(), answerAll)).toEqual(first);
    expectOnce(before, first.settlementId);
  });

  it("sent while the first is in flight", async () => {
    const before = settlementsOf(PERSON).length;
    planInsurerFault(place.insurer.faults, "2102", { ...INSURER_FAULTS.slow, slowMs: 500 });
    const [left, right] = [await signedIn(), await signedIn()];
    const first = left.settle("flight", basket(), answerAll);
    await told(right, "flight", "settling");
    const second = right.place("flight", basket());
    expect(await right.order("flight")).toMatchObject({ underWay: true });
    expect(await second).toEqual(await first);
    expect(await first).toMatchObject({ state: "done" });
    expectOnce(before, (await first).settlementId);
  });

  it("sent after its caller died at a question", async () => {
    const before = settlementsOf(PERSON).length;
    const crash = new AbortController();
    const dead = (await signedIn()).place("dead", basket(), crash.signal).catch(() => "gone");
    const next = await signedIn();
    await told(next, "dead", "pre-settled");
    crash.abort();
    expect(await dead).toBe("gone");
    const order = await next.settle("dead", basket(), answerAll);
    expect(order).toMatchObject({ state: "done" });
    expectOnce(before, order.settlementId);
  });

  it("sent after its caller died while the insurer worked", async () => {
    const before = settlementsOf(PERSON).length;
    planInsurerFault(place.insurer.faults, "2102", { ...INSURER_FAULTS.slow, slowMs: 500 });
    const crash = new AbortController();
    const asked = { confirms: false, tenders: ["cash"] } as const;
    const dead = (await signedIn()).place("working", basket(asked), crash.signal).catch(() => "gone");
    const next = await signedIn();
    await told(next, "working", "settling");
    crash.abort();
    expect(await dead).toBe("gone");
    const order = await next.place("working", basket(asked));
    expect(order).toMatchObject({ state: "done" });
    expectOnce(before, order.settlementId);
  });

  it("sent after the terminal was stopped and opened again", async () => {
    const before = settlementsOf(PERSON).length;
    const first = await (await signedIn()).settle("again", basket(), answerAll);
    expect(first).toMatchObject({ state: "done" });
    await open.stop();
    open = await openTerminal();
    const client = await signedIn();
    expect(await client.place("again", basket())).toEqual(first);
    expect(await client.order("again")).toEqual(first);
    await expect(client.place("again", basket({ invoiceNumber: "INV-2" }))).rejects.toMatchObject({ error: "order-conflict" });
    expectOnce(before, first.settlementId);
  });

  it("sent after the terminal was stopped while the insurer worked, and opened again", async () => {
    const before = settlementsOf(PERSON).length;
    planInsurerFault(place.insurer.faults, "2102", INSURER_FAULTS["no-reply-booked"]);
    const asked = { confirms: false, tenders: ["cash"] } as const;
    const client = await signedIn();
    const cut = client.place("cut", basket(asked)).catch(() => "cut off");
    await told(client, "cut", "settling");
    await until(() => settlementsOf(PERSON).length > before);
    await open.stop();
    await cut;
    open = await openTerminal();
    const next = await signedIn();
    let order = await next.place("cut", basket(asked));
    for (const untilMs = clock.monotonicMs() + PATIENCE_MS; order.state !== "done" && clock.monotonicMs() < untilMs; ) {
      await clock.sleep(200);
      order = await next.place("cut", basket(asked));
    }
    expect(order).toMatchObject({ state: "done", restFen: 0, tenders: [{ tender: "cash", state: "paid" }] });
    expect(await next.place("cut", basket(asked))).toEqual(order);
    // Nobody could tell what had become of the first message: it was taken back before the order was settled anew.
    const since = settlementsOf(PERSON).slice(before);
    expect(since.map((entry) => [entry.settlementId === order.settlementId, entry.status])).toEqual([
      [false, "reversed"],
      [true, "booked"],
    ]);
  });
});
