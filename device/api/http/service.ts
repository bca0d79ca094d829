/* What stands behind the local API. A terminal fills it; tests fill it with a counter that is simulated strictly. */
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { Devices } from "../../drivers/adapter.ts";
import type { ShopActs } from "../../shop/acts.ts";
import type { BankActs } from "../../txn/acquiring/acts.ts";
import type { CardServiceActs } from "../../txn/card-services/acts.ts";
import type { ContributionActs } from "../../txn/contributions/acts.ts";
import type { GateService, LaneEvent } from "../../txn/gate/lane.ts";
import type { OfflineView } from "../../txn/medical-offline/ports.ts";
import type { OrderActs } from "../../txn/medical-order/order.ts";
import type { ReconciliationActs } from "../../txn/medical-reconciliation/acts.ts";
import type { QuickPaymentOutcome } from "../../txn/quick-payment/types.ts";
import type { SaleRequest } from "../../txn/sale-request.ts";
import type { HoldPlace } from "../../txn/shop/holds.ts";
import type { StockUploads } from "../../txn/stock-upload/types.ts";
import type { TapTimesView } from "../../txn/tap-timeline/types.ts";
import type { ReaderLibrary } from "../reader-library/library.ts";

/** Sales that the settlement host has not receipted. */
export interface Unreceipted {
  readonly count: number;
  readonly sumFen: number;
}

/** What this terminal is out with, and how long it may still sell without the insurer. */
export interface Exposure {
  readonly quickPayment: Unreceipted;
  readonly medicalPurchase: Unreceipted;
  readonly offlineMedical: Unreceipted;
  /** 0: nothing is sold without the insurer until the settlement host is heard. */
  readonly offlineLeaseMs: number;
}

/** A terminal in a few words; further members are told as they are. */
export interface ServiceStatus {
  readonly terminalId: string;
  readonly journalId: string;
  readonly boot: number;
  readonly linkUp: boolean;
  readonly hostPresent: boolean;
  readonly exposure: Exposure;
}

/** The lanes of this terminal, and whoever listens to what happens at them. */
export interface ServedGates {
  readonly service: GateService;
  /** Calls `listener` for each event until the returned function is called. */
  listen(listener: (lane: string, event: LaneEvent) => void): () => void;
}

/** Where amounts are held, and the most of one. */
export interface ServedHolds {
  readonly place: HoldPlace;
  readonly amountMax: Fen;
}

export interface ApiService {
  readonly orders: OrderActs;
  /** Left out where this terminal keeps no account with an insurer. */
  readonly reconciliation?: ReconciliationActs;
  /** What the insurer has refused to take of sales and returns, for people. */
  readonly uploads: Pick<StockUploads, "parked" | "retry" | "dismiss">;
  /** Sales without the insurer for which something is still to be done, oldest first. Faults: those of the journal. */
  openOffline(limit: number): Promise<readonly OfflineView[]>;
  readonly shop: ShopActs;
  /** Left out where this terminal has no acquirer. */
  readonly bank?: BankActs;
  /** Left out where no agency is behind this terminal. */
  readonly contributions?: ContributionActs;
  /** Left out where this terminal gives none. */
  readonly services?: CardServiceActs;
  /** Left out where none is configured. */
  readonly readerLibrary?: Pick<ReaderLibrary, "call">;
  /** Left out where this terminal has no lanes. */
  readonly gates?: ServedGates;
  /** Left out where this terminal holds no amounts on cards. */
  readonly holds?: ServedHolds;
  /** What stands around the readers. */
  readonly devices: Devices;
  status(): ServiceStatus;
  /** Where the time of taps goes. */
  tapTimes(): TapTimesView;
  /** What has moved under a reference whose record has left the journal by rule; left out where none ever leaves. Faults: those of the journal. */
  readonly spentUnder?: (reference: string) => Promise<Fen | undefined>;
  /** One sale from a purse of the card. Never rejects for what the world does. */
  quickPayment(request: SaleRequest, act: { readonly operator: string }, limits: Limits): Promise<QuickPaymentOutcome>;
}
