/* A counter whose insurer may be away: card, PIN, purse card, cash, somebody at the desk, and a disk that may lose its power at any write. */
import { Power } from "../../../simulators/world/power.ts";
import { type Fen, fen, ZERO_FEN } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import type { JournalEntry } from "../journal/types.ts";
import type { CounterDesk, OfflineChoice, OrderAnswer, OrderEvent, OrderQuestion, TenderKind } from "../medical-desk/desk.ts";
import { DEFAULT_REGION, type RegionSwitches } from "../medical-host/profile.ts";
import { runMedicalPurchase } from "../medical-purchase/run.ts";
import { basket, type CounterOptions, MEDICAL_LIMITS, SimulatedCounter } from "../medical-purchase/testing.ts";
import type { MedicalOutcome } from "../medical-purchase/types.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { Tenders } from "../tender/tender.ts";
import { openTenders } from "../tender/tenders.ts";
import { giveBackOffline, payRefund, settleLater } from "./later.ts";
import type {
  LaterOutcome,
  LaterPorts,
  LaterRequest,
  LaterSettlementRequest,
  OfflineLimits,
  OfflineOutcome,
  OfflinePorts,
  OfflineSaleRequest,
  OfflineView,
  RefundOutcome,
} from "./ports.ts";
import { findOffline } from "./record.ts";
import { runOfflineSale } from "./run.ts";

const SIGNAL = new AbortController().signal;
const LIMITS: OfflineLimits = {
  timeoutMs: 10_000,
  commandTimeoutMs: 1000,
  pinTimeoutMs: 20_000,
  answerTimeoutMs: 5000,
  tenderTimeoutMs: 5000,
  journalTimeoutMs: 5000,
  signal: SIGNAL,
};
const LATER_LIMITS = { timeoutMs: 60_000, journalTimeoutMs: 5000, signal: SIGNAL };
export const REFERENCE = "c1.A1.o1";
/** Of the worked example's basket. */
export const AMOUNT = 16_490;

export type Answer = OrderAnswer | ((question: OrderQuestion) => OrderAnswer);

export function choose(choice: OfflineChoice): OrderAnswer {
  return { answer: "offline", choice };
}

export function pay(tender: TenderKind, amount: number): OrderAnswer {
  return { answer: "tender", tender, amount: fen(amount) };
}

/** Pays what is left. */
export function payRest(question: OrderQuestion): OrderAnswer {
  return question.ask === "tender" ? { answer: "tender", tender: "cash", amount: question.rest } : { answer: "none" };
}

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

export function saleRequest(more: Partial<OfflineSaleRequest> = {}): OfflineSaleRequest {
  const { items, invoiceNumber } = basket("A1");
  return {
    reference: REFERENCE,
    order: "c1.A1",
    settlementReference: "c1.A1.s2",
    operator: "op1",
    credential: { kind: "card" },
    amount: fen(AMOUNT),
    items: items.map((item, line) => ({ ...item, name: `Drug ${line + 1}` })),
    invoiceNumber,
    usesAccount: true,
    visit: "pharmacy",
    medicalType: "41",
    tenders: [],
    why: "host-unreachable",
    ...more,
  };
}

export interface OfflineBenchOptions extends CounterOptions {
  readonly ports?: Partial<OfflinePorts>;
  readonly offline?: Partial<RegionSwitches["offline"]>;
  readonly password?: RegionSwitches["password"];
  /** What the insurer says of the later settlement; left out: it is asked. */
  readonly settles?: (request: LaterSettlementRequest) => MedicalOutcome;
}

export class OfflineBench {
  readonly counter: SimulatedCounter;
  readonly settled: LaterSettlementRequest[] = [];
  readonly #options: OfflineBenchOptions;
  #power = new Power();
  #tenders: Tenders | undefined;

  constructor(options: OfflineBenchOptions = {}) {
    this.#options = options;
    this.counter = new SimulatedCounter(options);
    this.counter.disk.onCut(() => this.#power.cut());
  }

  async switchOn(): Promise<void> {
    this.#power = new Power();
    await this.counter.clock.resolve(this.counter.switchOn());
    await this.wait(recoverAtStart(this.counter.ports));
    const { journal } = this.counter.ports;
    this.#tenders = openTenders({
      journal,
      purses: ["e-purse", "medical-purse"],
      unverifiedAmountFen: ZERO_FEN,
      // No purse card is presented: nothing is taken, and nothing is written.
      quickPayment: async () => ({ kind: "no-card" }),
    });
  }

  async nextLife(): Promise<void> {
    this.counter.cutPower();
    await this.switchOn();
  }

  get on(): boolean {
    return this.counter.on && this.#power.on;
  }

  wait<Value>(work: Promise<Value>): Promise<Value> {
    return this.counter.clock.resolve(work);
  }

  get tenders(): Tenders {
    const other = this.#options.ports?.tenders;
    if (other !== undefined) return other;
    if (this.#tenders === undefined) throw new Error("the counter is switched on first");
    return this.#tenders;
  }

  get ports(): OfflinePorts {
    const { clock, journal, log, reader, psam, pin, randomness, social, lane, sales } = this.counter.ports;
    const { offline, password = "card-pin", ports } = this.#options;
    return {
      ...{ clock, journal, log, reader, psam, pin, randomness, social, lane, sales },
      tenders: this.tenders,
      region: { password, offline: { ...DEFAULT_REGION.offline, allowed: true, ...offline } },
      exposure: { amountPerSaleFen: fen(100_000), unreceiptedCount: 3, unreceiptedSumFen: fen(40_000) },
      permission: { refusal: () => undefined },
      estimate: ({ amount }) => ({ final: true, total: amount, fund: fen(5892), account: ZERO_FEN, mutualAid: ZERO_FEN, cash: fen(amount - 5892) }),
      ...ports,
    };
  }

  get laterPorts(): LaterPorts {
    const { clock, journal, sales } = this.counter.ports;
    return { clock, journal, sales, log: SILENT, tenders: this.tenders, region: this.ports.region, settle: (request) => this.#settle(request) };
  }

  #settle(request: LaterSettlementRequest): Promise<MedicalOutcome> {
    this.settled.push(request);
    const { settles } = this.#options;
    if (settles !== undefined) return Promise.resolve(settles(request));
    return runMedicalPurchase(this.counter.ports, request, MEDICAL_LIMITS);
  }

  /** The same work, whether or not its power is cut. */
  readonly begin = {
    sell: (desk: CounterDesk, request: OfflineSaleRequest = saleRequest()): Promise<OfflineOutcome> =>
      runOfflineSale(this.ports, request, { desk, limits: LIMITS }),
    settle: (request: Partial<LaterRequest> = { credential: { kind: "card" } }): Promise<LaterOutcome> =>
      settleLater(this.laterPorts, { reference: REFERENCE, operator: "op2", ...request }, LATER_LIMITS),
    refund: (): Promise<RefundOutcome> => payRefund(this.laterPorts, { reference: REFERENCE, operator: "op2" }, LATER_LIMITS),
    giveBack: (): Promise<RefundOutcome> => giveBackOffline(this.laterPorts, { reference: REFERENCE, operator: "op2" }, LATER_LIMITS),
  };

  sell(desk: CounterDesk, request?: OfflineSaleRequest): Promise<OfflineOutcome> {
    return this.wait(this.begin.sell(desk, request));
  }

  settle(request?: Partial<LaterRequest>): Promise<LaterOutcome> {
    return this.wait(this.begin.settle(request));
  }

  refund(): Promise<RefundOutcome> {
    return this.wait(this.begin.refund());
  }

  giveBack(): Promise<RefundOutcome> {
    return this.wait(this.begin.giveBack());
  }

  /** Another purchase of the same holder, with the insurer. */
  buyOnline(reference: string): Promise<MedicalOutcome> {
    return this.wait(runMedicalPurchase(this.counter.ports, basket(reference), MEDICAL_LIMITS));
  }

  find(reference = REFERENCE): Promise<OfflineView | undefined> {
    return this.wait(findOffline(this.counter.ports.journal, reference));
  }

  /** Work until its answer or until its power is cut. */
  async untilCut<Value>(work: Promise<Value>): Promise<Value | undefined> {
    let value: Value | undefined;
    void work.then((done) => {
      value = done;
    });
    const { clock } = this.counter;
    await clock.runUntil(clock.monotonicMs() + 300_000, () => value !== undefined || !this.on);
    return value;
  }

  async entries(): Promise<readonly JournalEntry[]> {
    return this.counter.entries();
  }

  /** Sum of the records of a kind that are done. */
  async sum(kind: JournalEntry["kind"]): Promise<Fen> {
    const amounts = (await this.entries()).filter((entry) => entry.kind === kind && entry.state === "done").map(({ amount }) => Number(amount));
    return fen(amounts.reduce((all, amount) => all + amount, 0));
  }

  /** States and stages of the sale's own entries. */
  async trail(): Promise<readonly string[]> {
    const own = (await this.entries()).filter(({ kind }) => kind === "offline-medical");
    return own.map(({ state, detail }) => [state, detail["stage"]].filter((word) => word !== undefined).join(":"));
  }
}

export async function bench(options: OfflineBenchOptions = {}): Promise<OfflineBench> {
  const made = new OfflineBench(options);
  await made.switchOn();
  return made;
}

/** A bench whose sale is paid in full, in cash. */
export async function soldBench(choice: OfflineChoice, options: OfflineBenchOptions = {}): Promise<OfflineBench> {
  const made = await bench(options);
  const outcome = await made.sell(new ScriptedDesk(choose(choice), payRest));
  if (outcome.kind !== "paid") throw new Error(JSON.stringify(outcome));
  return made;
}
