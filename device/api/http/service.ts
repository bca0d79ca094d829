/* What stands behind the local API. A terminal fills it; tests fill it with a counter that is simulated strictly. */
import type { Limits } from "../../base/ports.ts";
import type { Devices } from "../../drivers/adapter.ts";
import type { OrderActs } from "../../txn/medical-order/order.ts";
import type { ReconciliationActs } from "../../txn/medical-reconciliation/acts.ts";
import type { QuickPaymentOutcome } from "../../txn/quick-payment/types.ts";
import type { SaleRequest } from "../../txn/sale-request.ts";

/** A terminal in a few words; further members are told as they are. */
export interface ServiceStatus {
  readonly terminalId: string;
  readonly journalId: string;
  readonly boot: number;
  readonly linkUp: boolean;
  readonly hostPresent: boolean;
}

export interface ApiService {
  readonly orders: OrderActs;
  /** Left out where this terminal keeps no account with an insurer. */
  readonly reconciliation?: ReconciliationActs;
  /** What stands around the readers. */
  readonly devices: Devices;
  status(): ServiceStatus;
  /** One sale from a purse of the card. Never rejects for what the world does. */
  quickPayment(request: SaleRequest, act: { readonly operator: string }, limits: Limits): Promise<QuickPaymentOutcome>;
}
