/* A pharmacy's counter with everything an order needs: insurer, holder's card, a purse card, cash, somebody at the desk, and a disk that may lose its power. */

import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { makeTestCard } from "../../../simulators/card/make.ts";
import { makeTestPsam } from "../../../simulators/psam/make.ts";
import { makeSamReader, SimulatedReader, type TransmitVerdict } from "../../../simulators/reader/in-process.ts";
import { testPursePorts } from "../../../simulators/terminal/purses.ts";
import { Power } from "../../../simulators/world/power.ts";
import { assert } from "../../base/assert.ts";
import { fen, ZERO_FEN } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import type { Limits } from "../../base/ports.ts";
import { openPsam } from "../../card/psam/open.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../../card/purse/commands.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import type { CardChannel, CardReader } from "../../drivers/ports.ts";
import { openBank } from "../acquiring/open.ts";
import type { Bank } from "../acquiring/ports.ts";
import { BANK_BOUNDS, REPLY_MS, TestBank, type TestBankOptions } from "../acquiring/testing.ts";
import { TraceBook } from "../goods-rules/trace-book.ts";
import type { JournalEntry } from "../journal/types.ts";
import { createLane } from "../lane.ts";
import type { OrderItem } from "../medical-desk/basket.ts";
import type { CounterDesk, OrderAnswer, OrderEvent, OrderQuestion, TenderKind } from "../medical-desk/desk.ts";
import { DEFAULT_REGION, type RegionSwitches } from "../medical-host/profile.ts";
import { giveBackOffline, payRefund, settleLater } from "../medical-offline/later.ts";
import type { OfflineSaleRequest } from "../medical-offline/ports.ts";
import { findOffline } from "../medical-offline/record.ts";
import { runOfflineSale } from "../medical-offline/run.ts";
import type { MedicalPurchaseRequest } from "../medical-purchase/ports.ts";
import { runMedicalPurchase } from "../medical-purchase/run.ts";
import { basket, type CounterOptions, MEDICAL_LIMITS, SimulatedCounter } from "../medical-purchase/testing.ts";
import { undoVisitOf } from "../medical-purchase/undo-visit.ts";
import { runMedicalVoid } from "../medical-void/run.ts";
import type { QuickPaymentPorts } from "../quick-payment/ports.ts";
import { runQuickPayment } from "../quick-payment/run.ts";
import { TEST_LIMITS } from "../quick-payment/testing.ts";
import type { ReceiptData, SlipStyle } from "../receipts/types.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import { openSaleTimes } from "../sale-time.ts";
import type { StockUploadRequest, StockUploads } from "../stock-upload/types.ts";
import { createStockUploads } from "../stock-upload/uploads.ts";
import type { Tenders } from "../tender/tender.ts";
import { openTenders } from "../tender/tenders.ts";
import { type OpenOrders, openOrders } from "./open.ts";
import type { OrderRequest, OrderView } from "./order.ts";
import type { OfflineActs, OrderBounds, OrderPorts } from "./ports.ts";

const SUITE = opensslSuite();
const GO: TransmitVerdict = { kind: "ok" };
/** DEBIT FOR PURCHASE. */
const DEBIT = 0x54;
export const PURSE_BALANCE = 10_000;

const BOUNDS: OrderBounds = { journalTimeoutMs: 5000, answerTimeoutMs: 5000, tenderTimeoutMs: 5000, credentialTimeoutMs: 10_000, printTimeoutMs: 1000 };
/** Of a whole order. */
export const ORDER_LIMITS: Limits = { timeoutMs: 300_000, signal: new AbortController().signal };

type Answer = OrderAnswer | ((question: OrderQuestion) => OrderAnswer);

/** Answers in order; then nobody is there. */
export class ScriptedDesk implements CounterDesk {
  readonly told: OrderEvent[] = [];
  readonly asked: OrderQuestion[] = [];
  readonly #answers: Answer[];

  constructor(...answers: readonly Answer[]) {
    this.#answers = [...answers];
  }

  tell(event: OrderEvent): void {
    this.told.push(event);
  }

  ask(question: OrderQuestion): Promise<OrderAnswer> {
    this.asked.push(question);
    const answer = this.#answers.shift() ?? { answer: "none" };
    return Promise.resolve(typeof answer === "function" ? answer(question) : answer);
  }
}

/** Pays what is left, whatever that is. */
export function payRest(tender: TenderKind): Answer {
  return (question) => (question.ask === "tender" ? { answer: "tender", tender, amount: question.rest } : { answer: "none" });
}

export function pay(tender: TenderKind, amount: number): OrderAnswer {
  return { answer: "tender", tender, amount: fen(amount) };
}

/** Two packs, a pack and a bag of herbs, as in the worked example; each order has packs of its own. */
export function order(orderNumber: string, more: Partial<OrderRequest> = {}): OrderRequest {
  const { items, invoiceNumber } = basket(orderNumber);
  const packs = [2, 1, 1];
  return {
    client: "c1",
    orderNumber,
    operator: "op1",
    credential: { kind: "card" },
    amount: fen(16_490),
    items: items.map(
      (item, line): OrderItem => ({
        ...item,
        name: `Drug ${line + 1}`,
        traceCodes: Array.from({ length: packs[line] ?? 0 }, (_, pack) => ({ code: `T-${orderNumber}-${line}-${pack}`, splitPack: false })),
      }),
    ),
    invoiceNumber,
    usesAccount: true,
    visit: "pharmacy",
    medicalType: "41",
    tenders: ["cash"],
    confirms: false,
    prints: true,
    ...more,
  };
}

export interface OrderBenchOptions extends CounterOptions {
  /** Whether goods are sold while the insurer is away. */
  readonly offline?: boolean;
  /** Up to this a debit that only the card vouches for counts as paid. */
  readonly unverifiedAmountFen?: number;
  /** Whether bank cards are taken: the purse's card then has an account at a bank, too. */
  readonly bank?: TestBankOptions;
}

const OFFLINE_REGION: RegionSwitches = {
  ...DEFAULT_REGION,
  offline: { allowed: true, cardDebit: false, choices: ["settle-later", "reimbursement-slip"], laterCredential: "holder-returns" },
};

interface Life {
  readonly power: Power;
  readonly orders: OpenOrders;
  readonly bank: Bank | undefined;
  readonly quick: QuickPaymentPorts;
}

export class OrderBench {
  readonly counter: SimulatedCounter;
  readonly purse: SimulatedCard;
  readonly purseReader: SimulatedReader;
  readonly uploads: StockUploadRequest[] = [];
  readonly printed: ReceiptData[] = [];
  readonly host: TestBank;
  /** How each of them was printed. */
  readonly styles: SlipStyle[] = [];
  /** What the printer says instead of printing. */
  jam: string | undefined;
  /** Decides what becomes of each command to the purse's card and to the module. */
  onCommand: (command: Uint8Array) => TransmitVerdict = () => GO;
  readonly #samReader: SimulatedReader;
  readonly #options: OrderBenchOptions;
  #life: Life | undefined;

  constructor(options: OrderBenchOptions = {}) {
    this.#options = options;
    this.counter = new SimulatedCounter({ holder: Array.from({ length: 50 }, () => ({ kind: "enters", digits: "123456" }) as const), ...options });
    const { clock } = this.counter;
    this.host = new TestBank(clock, options.bank);
    this.host.onCut = () => this.cut();
    const account = options.bank === undefined ? {} : { electronicCash: { balanceFen: 0, algorithms: "sm", applications: ["01"] } as const };
    this.purse = makeTestCard(SUITE, { serial: 5, balanceFen: PURSE_BALANCE, algorithm: "3des", interface: "contactless", ...account });
    const beforeTransmit = ({ command }: { readonly command: Uint8Array }) => this.onCommand(command);
    this.purseReader = new SimulatedReader({ name: "purse", interface: "contactless", clock, beforeTransmit });
    this.#samReader = makeSamReader(makeTestPsam(SUITE), { name: "purse-module", clock, beforeTransmit });
    this.purseReader.insert(this.purse);
  }

  get orders(): OpenOrders {
    if (this.#life === undefined) throw new Error("the bench is switched on first");
    return this.#life.orders;
  }

  async switchOn(): Promise<void> {
    await this.wait(this.#switchOn());
  }

  async #switchOn(): Promise<void> {
    const { counter } = this;
    await counter.switchOn();
    const { ports } = counter;
    const power = new Power();
    counter.disk.onCut(() => power.cut());
    await recoverAtStart(ports);
    const quick = await this.#quickPorts(power);
    const unverifiedAmountFen = fen(this.#options.unverifiedAmountFen ?? TEST_LIMITS.risk.unverifiedAmountFen);
    const risk = { ...TEST_LIMITS.risk, unverifiedAmountFen };
    const bank = this.#options.bank === undefined ? undefined : await this.#openBank(quick, power);
    const tenders = openTenders({
      journal: ports.journal,
      ...(bank === undefined ? {} : { bank: bank.tender }),
      purses: ["e-purse"],
      quickPayment: (request, { timeoutMs, signal }) => runQuickPayment(quick, request, { ...TEST_LIMITS, timeoutMs, signal, returnTimeoutMs: 2000, risk }),
      unverifiedAmountFen,
    });
    const uploads = createStockUploads({ ports: { ...ports, suite: SUITE }, journalTimeoutMs: 5000, wake: () => undefined });
    const orderPorts: OrderPorts = {
      clock: ports.clock,
      journal: ports.journal,
      log: SILENT,
      suite: SUITE,
      region: this.#options.offline === true ? OFFLINE_REGION : DEFAULT_REGION,
      traces: new TraceBook({ journal: ports.journal, suite: SUITE }),
      settle: (request, limits) => runMedicalPurchase(ports, request, { ...MEDICAL_LIMITS, ...limits }),
      takeBack: (request, limits) => runMedicalVoid(ports, request, { ...MEDICAL_LIMITS, ...limits }),
      undoVisit: (settlement, limits) => undoVisitOf(ports, settlement, limits),
      tenders,
      uploads: { enqueue: (request) => this.#upload(uploads, request) },
      print: (data, style) => this.#print(data, style),
      place: { institution: "Test Pharmacy", terminal: "T1" },
      ...(this.#options.offline === true ? { offline: this.#offline(tenders) } : {}),
    };
    this.#life = { power, quick, bank, orders: openOrders(orderPorts, BOUNDS) };
  }

  #openBank({ clock, journal, log, lane, sales, saleTimes, electronicCash, reader }: QuickPaymentPorts, power: Power): Promise<Bank> {
    assert(electronicCash !== undefined, "a test place knows bank cards");
    const parts = { clock, journal, log, lane, sales, saleTimes, reader, cash: electronicCash };
    return openBank(
      this.host.ports(parts, () => power.on && this.counter.on),
      BANK_BOUNDS,
    );
  }

  /** Both sides go on with the next batch. */
  async closeBatch(): Promise<void> {
    const bank = this.#life?.bank;
    assert(bank !== undefined, "the bench has a bank");
    const next = await this.wait(bank.book.close());
    this.host.ledger.sessions.openBatch(this.host.profile.terminalNumber, next);
  }

  /** Sends what the bank may have booked and nobody was told, until nothing is pending. */
  async reverse(): Promise<void> {
    const bank = this.#life?.bank;
    assert(bank !== undefined, "the bench has a bank");
    // What the power has cut off may be on its way until its time has passed.
    await this.counter.pass(REPLY_MS);
    await this.wait(bank.line.hold("clear", () => Promise.resolve(), ORDER_LIMITS));
  }

  async #quickPorts(power: Power): Promise<QuickPaymentPorts> {
    const { clock, journal, sales, randomness } = this.counter.ports;
    const psam = await openPsam(
      this.#guarded(this.#samReader, power),
      { clock, profile: DEFAULT_CARD_PROFILE },
      { timeoutMs: 1000, signal: ORDER_LIMITS.signal },
    );
    return {
      clock,
      journal,
      log: SILENT,
      reader: this.#guarded(this.purseReader, power),
      lane: createLane(),
      sales,
      saleTimes: await openSaleTimes(journal),
      psam,
      ...testPursePorts({ suite: SUITE, clock, psam, randomness, profile: DEFAULT_CARD_PROFILE }),
      purse: { applications: DEFAULT_PURSE_APPLICATIONS, keyIndex: 1, proveSeqOrder: DEFAULT_CARD_PROFILE.proveSeqOrder },
    };
  }

  #offline(tenders: Tenders): OfflineActs {
    const { ports } = this.counter;
    const base = {
      ...ports,
      tenders,
      region: OFFLINE_REGION,
      exposure: { amountPerSaleFen: fen(1_000_000), unreceiptedCount: 100, unreceiptedSumFen: fen(100_000_000) },
      permission: { refusal: () => undefined },
      estimate: ({ amount }: OfflineSaleRequest) => ({ final: false, total: amount, fund: ZERO_FEN, account: ZERO_FEN, mutualAid: ZERO_FEN, cash: amount }),
      settle: (request: MedicalPurchaseRequest, limits: Limits) => runMedicalPurchase(ports, request, { ...MEDICAL_LIMITS, ...limits }),
    };
    return {
      sell: (request, desk, limits) => runOfflineSale(base, request, { desk, limits: { ...MEDICAL_LIMITS, ...BOUNDS, ...limits } }),
      settleLater: (request, limits) => settleLater(base, request, { ...BOUNDS, ...limits }),
      payRefund: (request, limits) => payRefund(base, request, { ...BOUNDS, ...limits }),
      giveBack: (request, limits) => giveBackOffline(base, request, { ...BOUNDS, ...limits }),
      find: (reference) => findOffline(ports.journal, reference),
    };
  }

  #upload(uploads: StockUploads, request: StockUploadRequest): Promise<{ readonly subject: string }> {
    this.uploads.push(request);
    return uploads.enqueue(request);
  }

  #print(data: ReceiptData, style: SlipStyle): Promise<string> {
    if (this.jam !== undefined) return Promise.resolve(this.jam);
    this.printed.push(data);
    this.styles.push(style);
    return Promise.resolve("printed");
  }

  /** The next debit of the purse is torn, once: the card has paid, and its answer is lost. */
  tearDebit(): void {
    let done = false;
    this.onCommand = (command) => {
      if (done || command[1] !== DEBIT) return GO;
      done = true;
      return { kind: "tear", at: "after" };
    };
  }

  /** Power goes now. */
  cut(): void {
    this.#life?.power.cut();
    this.counter.cutPower();
  }

  /** Power comes back; nothing goes wrong any more. */
  async nextLife(): Promise<void> {
    this.cut();
    this.purseReader.cutPower();
    this.#samReader.cutPower();
    this.counter.plan(() => "deliver");
    this.host.fate = () => "deliver";
    this.onCommand = () => GO;
    await this.switchOn();
  }

  wait<Value>(work: Promise<Value>): Promise<Value> {
    return this.counter.clock.resolve(work);
  }

  place(request: OrderRequest, desk: CounterDesk = new ScriptedDesk()): Promise<OrderView> {
    return this.wait(this.orders.place(request, desk, ORDER_LIMITS));
  }

  query(orderNumber: string): Promise<OrderView | undefined> {
    return this.wait(this.orders.query({ client: "c1", orderNumber }));
  }

  voidOrder(orderNumber: string): Promise<OrderView> {
    return this.wait(this.orders.voidOrder({ client: "c1", orderNumber }, { operator: "op2" }, ORDER_LIMITS));
  }

  resume(): Promise<number> {
    return this.wait(this.orders.resumeOpen(ORDER_LIMITS));
  }

  /** Works until the answer or the cut. */
  async untilCut<Value>(work: Promise<Value>): Promise<Value | undefined> {
    const { clock } = this.counter;
    let value: Value | undefined;
    void work.then((settled) => {
      value = settled;
    });
    await clock.runUntil(clock.monotonicMs() + 600_000, () => value !== undefined || !this.counter.on);
    // What was sent before the cut reaches insurer and card all the same.
    if (!this.counter.on) await this.counter.pass(1000);
    return this.counter.on ? value : undefined;
  }

  async entries(): Promise<readonly JournalEntry[]> {
    return this.counter.entries();
  }

  /** What left the holder's pocket, by what the journal and the card say. */
  async taken(): Promise<{ readonly cash: number; readonly purse: number; readonly refunded: number }> {
    const sum = (entries: readonly JournalEntry[]) => entries.reduce((total, { amount }) => total + amount, 0);
    const entries = await this.entries();
    return {
      cash: sum(entries.filter(({ kind }) => kind === "cash-tender")),
      purse: PURSE_BALANCE - this.purse.balanceFen,
      refunded: sum(entries.filter(({ kind }) => kind === "cash-refund")),
    };
  }

  /** Whatever a dead terminal waited for never comes, and what it would have sent next is never sent. */
  #guarded(reader: CardReader, power: Power): CardReader {
    const alive = () => power.on && this.counter.on;
    const relay = async <Value>(work: () => Promise<Value>): Promise<Value> => {
      if (!alive()) return Power.never();
      const value = await power.guard(work());
      return alive() ? value : Power.never();
    };
    const guardChannel = (channel: CardChannel): CardChannel => ({
      atr: channel.atr,
      insertion: channel.insertion,
      transmit: (command, limits) => relay(() => channel.transmit(command, limits)),
      close: () => relay(() => channel.close()),
    });
    return {
      name: reader.name,
      interface: reader.interface,
      waitForCard: (limits) => relay(() => reader.waitForCard(limits).then(guardChannel)),
      waitForRemoval: (limits) => relay(() => reader.waitForRemoval(limits)),
      close: () => reader.close(),
    };
  }
}
