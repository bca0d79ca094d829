/*
 * A counter's terminal that is simulated strictly, for tests of the API: a small insurer and a drawer behind the same words as the real ones.
 * What it was not told to expect fails the test; every act is noted, so that "changed nothing" can be read off.
 */
import { assert } from "../../base/assert.ts";
import { utf8 } from "../../base/bytes.ts";
import { type Fen, fen, subtractFen, ZERO_FEN } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import type { Clock, Limits, Randomness } from "../../base/ports.ts";
import { type ApiConfig, apiConfig } from "../../config/api.ts";
import { storedPassword, tokenHash } from "../../crypto/passwords.ts";
import type { Devices } from "../../drivers/adapter.ts";
import type { PrintLine } from "../../drivers/peripherals.ts";
import type { CounterDesk, ProvisionalFigures, TenderKind } from "../../txn/medical-desk/desk.ts";
import type { OfflineView } from "../../txn/medical-offline/ports.ts";
import type { OrderActs, OrderName, OrderRequest, OrderView } from "../../txn/medical-order/order.ts";
import type { DayView, ReconciliationActs } from "../../txn/medical-reconciliation/acts.ts";
import { createTapTimelines } from "../../txn/tap-timeline/timelines.ts";
import { FakeBank, FakeContributions, FakeServices } from "./bank-testing.ts";
import type { ApiParts } from "./server.ts";
import type { ApiService } from "./service.ts";
import { FakeGates, FakeShop } from "./shop-testing.ts";

/** Cash and purses; bank cards are not offered. */
const OFFERED: readonly TenderKind[] = ["cash", "e-purse"];
/** What the insurer pays of every basket: the rest is the holder's. */
const FUND_SHARE = 4 / 5;

interface Kept {
  readonly request: OrderRequest;
  readonly view: OrderView;
}

function keyOf({ client, orderNumber }: OrderName): string {
  return `${client}.${orderNumber}`;
}

function sameBasket(left: OrderRequest, right: OrderRequest): boolean {
  return JSON.stringify([left.items, left.amount, left.medicalType]) === JSON.stringify([right.items, right.amount, right.medicalType]);
}

/** Orders in memory. Each is settled once, whoever asks how often; a question that nobody answers leaves it where it is. */
export class FakeOrders implements OrderActs {
  readonly calls: string[] = [];
  readonly settlements: string[] = [];
  readonly cashTaken: number[] = [];
  readonly #kept = new Map<string, Kept>();
  readonly #pause: (name: OrderName) => Promise<void>;

  /** `pause` stands between the card and the settlement, now or later. */
  constructor(pause: (name: OrderName) => Promise<void> = () => Promise.resolve()) {
    this.#pause = pause;
  }

  async place(request: OrderRequest, desk: CounterDesk, limits: Limits): Promise<OrderView> {
    this.calls.push(`place ${keyOf(request)} by ${request.operator}`);
    const earlier = this.#kept.get(keyOf(request));
    if (earlier !== undefined && !sameBasket(earlier.request, request)) return { ...earlier.view, reason: "order-conflict" };
    // What was refused is tried anew, as the real orders are.
    if (earlier !== undefined && earlier.view.state !== "open" && earlier.view.state !== "refused") return earlier.view;
    const { client, orderNumber, operator, amount, replaces } = request;
    // Nothing is to be paid before the insurer has said what.
    const head = { client, orderNumber, operator, amount, tenders: [], receipts: [], rest: ZERO_FEN, ...(replaces === undefined ? {} : { replaces }) };
    const view = earlier?.view.state === "open" ? earlier.view : this.#keep(request, { ...head, state: "open" });
    desk.tell({ is: "started" });
    if (view.figures === undefined) return this.#settle(request, view, { desk, limits });
    return this.#pay(request, view, { desk, limits });
  }

  query(name: OrderName): Promise<OrderView | undefined> {
    return Promise.resolve(this.#kept.get(keyOf(name))?.view);
  }

  async voidOrder(name: OrderName, act: { readonly operator: string }): Promise<OrderView> {
    this.calls.push(`void ${keyOf(name)} by ${act.operator}`);
    const { request, view } = this.#known(name);
    if (view.state === "void") return { ...view, reason: "already-void" };
    if (view.figures === undefined) return this.#keep(request, { ...view, state: "refused", reason: "cancelled" });
    const tenders = view.tenders.map((each) => ({ ...each, state: "refunded" as const }));
    return this.#keep(request, { ...view, state: "void", tenders, receipts: ["sale", "void"] });
  }

  reprint(name: OrderName, act: { readonly operator: string; readonly receipt: string }): Promise<string> {
    this.calls.push(`reprint ${act.receipt} of ${keyOf(name)} by ${act.operator}`);
    return Promise.resolve("printed");
  }

  async settleLater(name: OrderName, act: { readonly operator: string }, desk: CounterDesk): Promise<OrderView> {
    this.calls.push(`settle-later ${keyOf(name)} by ${act.operator}`);
    const { request, view } = this.#known(name);
    assert(view.offline !== undefined, "only what was sold offline is settled later here");
    desk.tell({ is: "settling" });
    await this.#pause(name);
    return this.#keep(request, { ...view, state: "done", offline: { ...view.offline, settledLater: true, refundDue: fen(view.amount * FUND_SHARE) } });
  }

  async payRefund(name: OrderName, act: { readonly operator: string }): Promise<OrderView> {
    this.calls.push(`pay-refund ${keyOf(name)} by ${act.operator}`);
    const { request, view } = this.#known(name);
    assert(view.offline !== undefined, "only what was sold offline owes a refund");
    return this.#keep(request, { ...view, offline: { ...view.offline, refundDue: ZERO_FEN } });
  }

  #known(name: OrderName): Kept {
    const kept = this.#kept.get(keyOf(name));
    assert(kept !== undefined, "the API asks the journal first");
    return kept;
  }

  #keep(request: OrderRequest, view: OrderView): OrderView {
    this.#kept.set(keyOf(request), { request, view });
    return view;
  }

  async #settle(request: OrderRequest, view: OrderView, ways: { readonly desk: CounterDesk; readonly limits: Limits }): Promise<OrderView> {
    const { desk, limits } = ways;
    desk.tell({ is: "present-card" });
    await this.#pause(request);
    if (limits.signal.aborted) return this.#keep(request, { ...view, state: "refused", reason: "cancelled" });
    desk.tell({ is: "card-read" });
    const fund = fen(Math.floor(request.amount * FUND_SHARE));
    const cash = subtractFen(request.amount, fund);
    const figures: ProvisionalFigures = { final: true, total: request.amount, fund, account: ZERO_FEN, mutualAid: ZERO_FEN, cash };
    desk.tell({ is: "pre-settled", figures });
    if (request.confirms) {
      const { answer } = await desk.ask({ ask: "confirm", figures }, limits);
      if (answer === "none") return { ...view, reason: "no-answer" };
      if (answer === "cancel") return this.#keep(request, { ...view, state: "refused", reason: "cancelled" });
      assert(answer === "confirm", "an answer that does not fit is not passed on");
    }
    desk.tell({ is: "settling" });
    this.settlements.push(keyOf(request));
    const settlementId = `S${this.settlements.length}`;
    const settled = { settlementId, total: request.amount, fund, account: ZERO_FEN, mutualAid: ZERO_FEN, cash, flags: [] };
    desk.tell({ is: "settled", figures: settled });
    return this.#pay(request, this.#keep(request, { ...view, figures: settled, settlementId, rest: cash }), ways);
  }

  async #pay(request: OrderRequest, view: OrderView, ways: { readonly desk: CounterDesk; readonly limits: Limits }): Promise<OrderView> {
    const { desk, limits } = ways;
    let now = view;
    while (now.rest > 0) {
      const chosen = request.tenders.find((tender) => OFFERED.includes(tender));
      const answer =
        chosen === undefined
          ? await desk.ask({ ask: "tender", rest: now.rest, choices: OFFERED }, limits)
          : ({ answer: "tender", tender: chosen, amount: now.rest } as const);
      if (answer.answer === "none") return { ...now, reason: "no-answer" };
      if (answer.answer === "cancel") return this.voidOrder(request, request);
      assert(answer.answer === "tender", "an answer that does not fit is not passed on");
      now = this.#take(request, now, { desk, tender: answer.tender, amount: answer.amount });
    }
    if (request.prints) desk.tell({ is: "printed" });
    const done = this.#keep(request, { ...now, state: "done", receipts: ["sale"] });
    desk.tell({ is: "ended", state: "done" });
    return done;
  }

  #take(request: OrderRequest, view: OrderView, paid: { readonly desk: CounterDesk; readonly tender: TenderKind; readonly amount: Fen }): OrderView {
    const { desk, tender, amount } = paid;
    assert(OFFERED.includes(tender) && amount <= view.rest, "an answer that does not fit is not passed on");
    desk.tell({ is: "tender-started", tender, amount });
    desk.tell({ is: "tender-paid", tender, amount });
    if (tender === "cash") this.cashTaken.push(amount);
    return this.#keep(request, { ...view, tenders: [...view.tenders, { tender, amount, state: "paid" }], rest: subtractFen(view.rest, amount) });
  }

  /** Sold and paid for, and taken back by the insurer itself. */
  putTakenBack(name: OrderName, sold: { readonly operator: string; readonly amount: Fen }): void {
    this.#keep(requestOf(name, sold), { ...name, ...sold, state: "open", reason: "already-void", tenders: [], rest: ZERO_FEN, receipts: ["sale"] });
  }

  /** Sent to the insurer, and nobody knows what has become of it. */
  putUndecided(name: OrderName, sold: { readonly operator: string; readonly amount: Fen }): void {
    const view: OrderView = { ...name, ...sold, state: "unknown", reason: "settlement-unknown", tenders: [], rest: ZERO_FEN, receipts: [] };
    this.#keep(requestOf(name, sold), view);
  }

  /** An order that was sold without the insurer. */
  putOffline(name: OrderName, sold: { readonly operator: string; readonly amount: Fen }): void {
    const offline = { choice: "settle-later", settledLater: false, refundDue: ZERO_FEN } as const;
    this.#keep(requestOf(name, sold), { ...name, ...sold, state: "offline", offline, tenders: [], rest: ZERO_FEN, receipts: ["offline"] });
  }
}

function requestOf(name: OrderName, sold: { readonly operator: string; readonly amount: Fen }): OrderRequest {
  const basket = { credential: { kind: "card" }, items: [], invoiceNumber: "INV-0", usesAccount: true, visit: "pharmacy", medicalType: "41" } as const;
  return { ...name, ...sold, ...basket, tenders: [], confirms: false, prints: false };
}

const DAY: DayView = {
  day: "2026-11-20",
  state: "equal",
  groups: [],
  differences: [],
  open: [],
  unreadable: [],
  operator: "chief",
  at: "2026-11-21 02:00:00",
};

export class FakeReconciliation implements ReconciliationActs {
  readonly calls: string[] = [];
  /** What was compared last; undefined: nothing yet. */
  latest: DayView | undefined = DAY;

  run(day: string, act: { readonly operator: string }): ReturnType<ReconciliationActs["run"]> {
    this.calls.push(`run ${day} by ${act.operator}`);
    return Promise.resolve(day === DAY.day ? { kind: "reconciled", ...DAY } : { kind: "refused", reason: "day-not-closed" });
  }

  report(from: string, to: string): ReturnType<ReconciliationActs["report"]> {
    this.calls.push(`report ${from} ${to}`);
    if (from > to) return Promise.resolve(undefined);
    return Promise.resolve({ from, to, days: [DAY], missing: [], html: "<!doctype html><title>对账</title>", csv: "\ufeffday,state\r\n2026-11-20,equal\r\n" });
  }

  last(): Promise<DayView | undefined> {
    return Promise.resolve(this.latest);
  }
}

/** The upload that waits for somebody. */
export const PARKED = `${"0".repeat(32)}-7`;

function fakeUploads(calls: string[]): ApiService["uploads"] {
  const acting = <State>(act: string, state: State) => {
    return (subject: string, { operator }: { readonly operator: string }): Promise<State | "not-parked"> => {
      if (subject !== PARKED) return Promise.resolve("not-parked");
      calls.push(`${act} ${subject} by ${operator}`);
      return Promise.resolve(state);
    };
  };
  const upload = {
    subject: PARKED,
    reference: "pos1.u-1.u1",
    order: "pos1.u-1",
    act: "sale",
    rowsTaken: 0,
    rows: 2,
    message: "refused",
    parkedAtMs: 5,
  } as const;
  return { parked: () => Promise.resolve([upload]), retry: acting("retry", "waiting" as const), dismiss: acting("dismiss", "dismissed" as const) };
}

const OWED: OfflineView = {
  subject: `${"0".repeat(32)}-3`,
  reference: "pos1.o-1.o1",
  order: "pos1.o-1",
  amount: fen(1_000),
  stage: "settlement-due",
  choice: "settle-later",
  figures: { final: false, total: fen(1_000), fund: fen(800), account: ZERO_FEN, mutualAid: ZERO_FEN, cash: fen(200) },
  settlementReference: "pos1.o-1.s2",
  firstTender: 1,
  refundDue: ZERO_FEN,
  refunded: ZERO_FEN,
  open: true,
};

/** A terminal that nobody has tapped at. */
const NO_TAPS = createTapTimelines({ clock: { monotonicMs: () => 0, wallMs: () => 0, sleep: () => Promise.resolve() } }).view();

const EXPOSURE = {
  quickPayment: { count: 2, sumFen: 900 },
  medicalPurchase: { count: 0, sumFen: 0 },
  offlineMedical: { count: 1, sumFen: 1_000 },
  offlineLeaseMs: 3_600_000,
};

export interface FakeService extends ApiService {
  readonly orders: FakeOrders;
  readonly reconciliation: FakeReconciliation;
  readonly shop: FakeShop;
  readonly gates: FakeGates;
  readonly bank: FakeBank;
  readonly contributions: FakeContributions;
  readonly services: FakeServices;
  /** Every call that could change something, orders and reconciliation included. */
  calls(): readonly string[];
}

export function fakeService(pause?: (name: OrderName) => Promise<void>): FakeService {
  const orders = new FakeOrders(pause);
  const reconciliation = new FakeReconciliation();
  const others: string[] = [];
  const shop = new FakeShop();
  const gates = new FakeGates();
  const [bank, contributions, services] = [new FakeBank(), new FakeContributions(), new FakeServices()];
  const well = () => Promise.resolve({ kind: "well" } as const);
  const close = () => Promise.resolve();
  const print = (slip: readonly PrintLine[]) => {
    others.push(`print ${slip.length}`);
    return Promise.resolve({ kind: "printed" } as const);
  };
  const next = () => {
    others.push("scan");
    return Promise.resolve({ data: utf8("81234567890123456789"), symbology: "]C0" });
  };
  const devices: Devices = {
    printer: { name: "printer", health: well, close, state: () => Promise.resolve("ready"), print },
    scanner: { name: "scanner", health: well, close, openSession: () => ({ next, close: () => undefined }) },
  };
  return {
    orders,
    reconciliation,
    shop,
    gates,
    bank,
    contributions,
    services,
    devices,
    readerLibrary: {
      call: ({ name, operator }, { name: called }) => {
        others.push(`${called} by ${name} ${operator}`);
        return Promise.resolve({ result: -2, output: "" });
      },
    },
    uploads: fakeUploads(others),
    openOffline: () => Promise.resolve([OWED]),
    calls: () => [...orders.calls, ...reconciliation.calls, ...shop.calls, ...gates.calls, ...bank.calls, ...contributions.calls, ...services.calls, ...others],
    tapTimes: () => NO_TAPS,
    status: () => ({ terminalId: "T1", journalId: "0".repeat(32), boot: 1, linkUp: true, hostPresent: true, exposure: EXPOSURE }),
    quickPayment: (request, { operator }) => {
      others.push(`quick-payment ${request.reference} by ${operator}`);
      if (shop.sales.has(request.reference)) {
        return Promise.resolve({ kind: "paid", subject: PARKED, amount: request.amount, verified: true, proof: "psam", balanceAfter: fen(9_000) });
      }
      return Promise.resolve({ kind: "refused", reason: "insufficient-funds", statusWord: 0x9401 });
    },
  };
}

/** A basket of one line that the schemas take. */
export function basketOf(more: object = {}, amountFen = 1_000): object {
  const item = { nationalCode: "XA01", ownCode: "1", name: "Tablets", quantity: "1", unitPrice: (amountFen / 100).toFixed(2), amountFen };
  return { credential: { kind: "card" }, amountFen, items: [item], invoiceNumber: "INV-1", ...more };
}

export const TEST_PASSWORD = "counter-password";

/** Tokens of test clients, by name. */
export function testToken(client: string): string {
  return `test-token-of-${client}-0123456789`;
}

/** Operators named after their roles ("chief" for the supervisor) at these clients. */
export async function testConfig(clients: readonly string[], more: object = {}): Promise<ApiConfig> {
  const passwordHash = await storedPassword(TEST_PASSWORD, new Uint8Array(16), 10);
  const operators = (["cashier", "pharmacist", "chief", "engineer"] as const).map((operator) => ({
    operator,
    role: operator === "chief" ? "supervisor" : operator,
    passwordHash,
  }));
  const known = clients.map((client) => ({ client, tokenSha256: tokenHash(testToken(client)) }));
  return apiConfig.parse({ port: 0, clients: known, operators, voidLimitFen: 100_000, ...more });
}

/** Everything around the service, as a test needs it. */
export function testParts(config: ApiConfig, around: { readonly service: ApiService; readonly clock: Clock; readonly randomness: Randomness }): ApiParts {
  return {
    ...around,
    config,
    log: SILENT,
    onDefect: (error) => {
      throw error;
    },
  };
}
