/*
 * An order of a counter as others see it: what it asks for, how it stands, what may be done with it. The order is durable before anything
 * is settled for it, and its name is the caller's own, so that asking again is never a second sale.
 */
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { Credential, OrderItem, Prescription } from "../medical-desk/basket.ts";
import type { CounterDesk, OfflineChoice, TenderKind } from "../medical-desk/desk.ts";
import type { SettledFigures } from "../medical-desk/figures.ts";
import type { Clinic } from "../medical-purchase/ports.ts";
import type { MedicalReason } from "../medical-purchase/types.ts";

/** Identity of an order: the counter's authenticated client, and its own number. */
export interface OrderName {
  /** 1 to 16 characters of [A-Za-z0-9-]. */
  readonly client: string;
  /** 1 to 40 characters of [A-Za-z0-9_-], unique for this client. */
  readonly orderNumber: string;
}

export interface OrderRequest extends OrderName {
  readonly operator: string;
  readonly credential: Credential;
  /** Total of the items. */
  readonly amount: Fen;
  readonly items: readonly OrderItem[];
  readonly invoiceNumber: string;
  readonly usesAccount: boolean;
  /** "pharmacy": 2101/2102/2103. "outpatient": 2201 to 2208. */
  readonly visit: "pharmacy" | "outpatient";
  /** med_type: 41 pharmacy, 11 outpatient, 14 chronic, 51/52 maternity, 9901 two-disease, 9929 chronic at a pharmacy, 22 work injury. */
  readonly medicalType: string;
  readonly disease?: { readonly code: string; readonly name: string };
  /** Who treats, and where: an outpatient visit cannot be registered without it. */
  readonly clinic?: Clinic;
  readonly insuranceType?: string;
  readonly prescription?: Prescription;
  /** What pays the rest without asking, in this order; an empty list asks. */
  readonly tenders: readonly TenderKind[];
  /** Whether the split is shown and confirmed before it is booked. */
  readonly confirms: boolean;
  readonly prints: boolean;
  /** Number of the same client's order of which this one is what the customer kept. */
  readonly replaces?: string;
}

export type OrderState =
  /** Under way, or resting until its counter asks again. */
  | "open"
  /** Settled and wholly paid: goods may go. */
  | "done"
  /** Nothing was settled and nothing was taken. */
  | "refused"
  /** All that was settled and taken has been given back. */
  | "void"
  /** A settlement, a void or a tender is not decided: nothing further is tried until it is. */
  | "unknown"
  /** Sold without the insurer; the holder has paid in full. */
  | "offline";

export interface TenderView {
  readonly tender: TenderKind;
  readonly amount: Fen;
  readonly state: "paid" | "unknown" | "failed" | "refunded";
  readonly subject?: string;
  readonly reason?: string;
}

/** What is known of an order, and nothing else: the same to whoever asks, however often. */
export interface OrderView extends OrderName {
  readonly state: OrderState;
  readonly amount: Fen;
  readonly operator: string;
  readonly reason?: MedicalReason | OrderReason;
  /** The host's own text, cleaned. */
  readonly message?: string;
  readonly triesLeft?: number;
  readonly choices?: readonly string[];
  readonly figures?: SettledFigures;
  readonly settlementId?: string;
  readonly visitId?: string;
  readonly tenders: readonly TenderView[];
  /** What is still to be paid; zero when the order is done. */
  readonly rest: Fen;
  readonly offline?: { readonly choice: OfflineChoice; readonly settledLater: boolean; readonly refundDue: Fen };
  readonly replaces?: string;
  /** Receipts that can be printed again. */
  readonly receipts: readonly ("sale" | "void" | "offline" | "reimbursement")[];
}

/** Why an order did not go on; beside the reasons of its settlement. Stable words. */
export type OrderReason =
  | "cancelled"
  | "no-answer"
  | "order-conflict"
  | "order-unknown"
  | "order-open"
  | "nothing-to-void"
  | "already-void"
  | "void-refused"
  | "void-unknown"
  | "tender-not-offered"
  | "tender-failed"
  | "tender-unknown"
  | "settlement-unknown"
  | "line-malformed"
  | "line-amount-wrong"
  | "total-wrong"
  | "prescription-missing"
  | "pharmacist-missing"
  | "trace-code-missing"
  | "trace-code-sold"
  | "trace-code-malformed"
  | "trace-code-twice"
  | "trace-code-surplus"
  | "medical-type-not-offered"
  | "not-eligible"
  | "filing-missing"
  | "disease-excluded"
  | "chronic-filing-missing"
  | "receiver-not-connected"
  | "offline-not-allowed"
  | "offline-limit"
  | "lease-expired"
  | "credential-missing"
  | "queue-full";

export interface OrderActs {
  /** Places an order, or takes it up where it rests. The same name with another basket ends as "order-conflict" and changes nothing. */
  place(request: OrderRequest, desk: CounterDesk, limits: Limits): Promise<OrderView>;
  query(name: OrderName): Promise<OrderView | undefined>;
  /** Gives the whole order back: 2103 (or 2208, 2205, 2202), refunds of the tenders, 3506. */
  voidOrder(name: OrderName, act: { readonly operator: string }, limits: Limits): Promise<OrderView>;
  /** Prints a receipt of the order again, marked as a copy: "printed", or a word that says why not. */
  reprint(name: OrderName, act: { readonly operator: string; readonly receipt: OrderView["receipts"][number] }, limits: Limits): Promise<string>;
  /** Settles what was sold offline; the holder's credential as the region asks for it. */
  settleLater(name: OrderName, act: { readonly operator: string; readonly credential?: Credential }, desk: CounterDesk, limits: Limits): Promise<OrderView>;
  /** The counter has handed out what an offline sale owed its holder. */
  payRefund(name: OrderName, act: { readonly operator: string }, limits: Limits): Promise<OrderView>;
}
