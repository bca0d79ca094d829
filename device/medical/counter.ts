/*
 * Goal: orders, their tenders, voids, uploads and sales without the insurer, joined to one counter of a terminal.
 * Method: parts that know nothing of each other are bound here; what goes on by itself (uploads, orders that wait for something unknown) is
 * started and stopped here. Like terminal.ts this file imports no adapter.
 */
import type { Fen } from "../base/fen.ts";
import type { Limits } from "../base/ports.ts";
import type { CipherSuite } from "../crypto/face.ts";
import type { Devices } from "../drivers/adapter.ts";
import type { BankTenderPort } from "../txn/acquiring/ports.ts";
import { TraceBook } from "../txn/goods-rules/trace-book.ts";
import type { SalesInFlight } from "../txn/lane.ts";
import type { HostPorts } from "../txn/medical-host/ports.ts";
import { type OpenOrders, openOrders } from "../txn/medical-order/open.ts";
import type { OfflineActs, OrderBounds, OrderPorts } from "../txn/medical-order/ports.ts";
import type { MedicalPurchaseRequest } from "../txn/medical-purchase/ports.ts";
import type { MedicalOutcome } from "../txn/medical-purchase/types.ts";
import { undoVisitOf } from "../txn/medical-purchase/undo-visit.ts";
import { runMedicalVoid, type VoidLimits, type VoidRequest } from "../txn/medical-void/run.ts";
import type { VoidOutcome } from "../txn/medical-void/types.ts";
import type { QuickPaymentOutcome } from "../txn/quick-payment/types.ts";
import { printSlip } from "../txn/receipts/print.ts";
import { receiptSlip } from "../txn/receipts/receipt.ts";
import type { ReceiptData, SlipStyle } from "../txn/receipts/types.ts";
import { Rounds } from "../txn/rounds.ts";
import type { SaleRequest } from "../txn/sale-request.ts";
import { openStockBackground } from "../txn/stock-upload/background.ts";
import type { StockUploads } from "../txn/stock-upload/types.ts";
import { createStockUploads } from "../txn/stock-upload/uploads.ts";
import type { Tenders } from "../txn/tender/tender.ts";
import { openTenders, type PurseTender } from "../txn/tender/tenders.ts";

export interface MedicalCounterBounds extends OrderBounds {
  readonly queryTimeoutMs: number;
  readonly settleTimeoutMs: number;
  /** First and longest pause between two looks at what is not told, or not decided yet. */
  readonly pauseMinMs: number;
  readonly pauseMaxMs: number;
}

/** What a place may say of them; the rest is the terminal's own. */
export type CounterBounds = Omit<MedicalCounterBounds, "queryTimeoutMs" | "settleTimeoutMs" | "journalTimeoutMs">;

export const DEFAULT_COUNTER_BOUNDS: CounterBounds = {
  answerTimeoutMs: 300_000,
  tenderTimeoutMs: 120_000,
  credentialTimeoutMs: 120_000,
  printTimeoutMs: 30_000,
  pauseMinMs: 2_000,
  pauseMaxMs: 300_000,
};

export interface MedicalCounterParts {
  readonly host: HostPorts;
  readonly suite: CipherSuite;
  readonly sales: SalesInFlight;
  readonly devices: Devices;
  /** The flows of this place, bound to its reader. */
  readonly settle: (request: MedicalPurchaseRequest, limits: Limits) => Promise<MedicalOutcome>;
  readonly quickPayment: (request: SaleRequest, limits: Limits) => Promise<QuickPaymentOutcome>;
  readonly purses: readonly PurseTender[];
  /** Absent: no bank card is taken here. */
  readonly bank?: BankTenderPort;
  readonly unverifiedAmountFen: Fen;
  /** A void is not decided: the background looks at it at once. */
  readonly onUnknown: () => void;
  /** Absent: nothing is sold without the insurer. */
  readonly offline?: (tenders: Tenders) => OfflineActs;
  readonly bounds: MedicalCounterBounds;
}

/** Most time for one look over the orders that wait. */
const RESUME_MS = 600_000;

export class MedicalCounter {
  readonly orders: OpenOrders;
  readonly uploads: StockUploads;
  readonly #parts: MedicalCounterParts;
  readonly #telling: Rounds;
  /** Takes up what needs nobody, now and whenever something was decided. */
  readonly #resuming: Rounds;

  constructor(parts: MedicalCounterParts) {
    const { host, suite, bounds } = parts;
    const { queryTimeoutMs, pauseMinMs, pauseMaxMs, journalTimeoutMs } = bounds;
    const { stockInBatches: inBatches } = host.medical.region;
    this.#parts = parts;
    this.#telling = openStockBackground(host, { queryTimeoutMs, pauseMinMs, pauseMaxMs, journalTimeoutMs, inBatches });
    this.uploads = createStockUploads({ ports: { ...host, suite }, journalTimeoutMs, wake: () => this.#telling.wake() });
    this.orders = openOrders(this.#orderPorts(), bounds);
    this.#resuming = new Rounds({
      clock: host.clock,
      log: host.log,
      failedAs: "orders-not-resumed",
      restAfterFaultMs: pauseMaxMs,
      round: async (signal) => {
        await this.orders.resumeOpen({ timeoutMs: RESUME_MS, signal });
        return pauseMaxMs;
      },
    });
  }

  start(): void {
    this.#telling.start();
    this.#resuming.start();
  }

  /** Something that an order waits for was decided: its turn is now. */
  wake(): void {
    this.#resuming.wake();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#resuming.stop(), this.#telling.stop()]);
  }

  #orderPorts(): OrderPorts {
    const { host, suite, devices, offline, bounds } = this.#parts;
    const { medical, clock, journal, log } = host;
    const { printer } = devices;
    const tenders = openTenders({ ...this.#parts, journal });
    return {
      clock,
      journal,
      log,
      suite,
      region: medical.region,
      traces: new TraceBook({ journal, suite }),
      settle: this.#parts.settle,
      takeBack: (request, limits) => this.#takeBack(request, { ...bounds, ...limits }),
      undoVisit: (settlement, limits) => undoVisitOf(host, settlement, limits),
      tenders,
      ...(offline === undefined || !medical.region.offline.allowed ? {} : { offline: offline(tenders) }),
      ...(medical.region.uploadsStock ? { uploads: this.uploads } : {}),
      ...(printer === undefined
        ? {}
        : { print: (data: ReceiptData, style: SlipStyle, limits: Limits) => printSlip(printer, receiptSlip(data, style), limits) }),
      place: { institution: medical.sender.institutionName, terminal: journal.terminalId },
    };
  }

  async #takeBack(request: VoidRequest, limits: VoidLimits): Promise<VoidOutcome> {
    const { host, sales, onUnknown } = this.#parts;
    const outcome = await runMedicalVoid({ ...host, sales }, request, limits);
    if (outcome.kind === "unknown") onUnknown();
    return outcome;
  }
}
