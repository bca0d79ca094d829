/*
 * What travels between a counter's program and the terminal. Written out, so that this folder needs nothing else; a test of the server holds
 * every type against the schema that the server checks by. Amounts are in fen.
 */

export interface Said {
  readonly en: string;
  readonly zh: string;
}

/** The one shape of every refusal. */
export interface ErrorBody {
  readonly error: string;
  readonly message: Said;
  readonly problems: readonly string[];
}

export interface SignedIn {
  readonly session: string;
  readonly operator: string;
  readonly role: "cashier" | "pharmacist" | "supervisor" | "engineer";
  readonly expiresInMs: number;
  readonly idleMs: number;
}

export type TenderKind = "cash" | "e-purse" | "electronic-cash" | "medical-purse" | "bank-card";
export type OfflineChoice = "settle-later" | "reimbursement-slip";
export type ReceiptKind = "sale" | "void" | "offline" | "reimbursement";

export type Credential =
  | { readonly kind: "card" }
  | { readonly kind: "resident-id"; readonly number: string; readonly name: string }
  /** `code` left out: the terminal scans it. */
  | { readonly kind: "e-code"; readonly code?: string };

export interface OrderItem {
  readonly nationalCode: string;
  readonly ownCode: string;
  readonly name: string;
  /** Decimal text, up to four places. */
  readonly quantity: string;
  /** Yuan as decimal text, up to six places. */
  readonly unitPrice: string;
  readonly amountFen: number;
  readonly traceCodes?: readonly { readonly code: string; readonly splitPack?: boolean | undefined }[];
  readonly traceExempt?: "herbal-slices" | "granules" | "hospital-split-dose" | "not-a-drug";
  readonly prescriptionDrug?: boolean;
  readonly goods?: {
    readonly batchNumber?: string;
    readonly makerLot?: string;
    readonly madeOn?: string;
    readonly expiresOn?: string;
    readonly documentNumber?: string;
  };
  readonly extra?: Readonly<Record<string, string>>;
}

export interface Basket {
  readonly credential: Credential;
  /** The sum of the items. */
  readonly amountFen: number;
  readonly items: readonly OrderItem[];
  readonly invoiceNumber: string;
  readonly usesAccount?: boolean | undefined;
  readonly visit?: "pharmacy" | "outpatient" | undefined;
  readonly medicalType?: string | undefined;
  readonly disease?: { readonly code: string; readonly name: string };
  /** Who treats, and where: an outpatient visit needs it. */
  readonly clinic?: {
    readonly doctorCode: string;
    readonly doctorName: string;
    readonly departmentCode: string;
    readonly departmentName: string;
    readonly departmentCategory?: string;
  };
  readonly insuranceType?: string;
  readonly prescription?: {
    readonly number: string;
    readonly doctorCode: string;
    readonly doctorName: string;
    readonly pharmacistName: string;
    readonly pharmacistLicence: string;
    readonly circulated: boolean;
  };
  /** What pays the rest without asking, in this order; an empty list asks. */
  readonly tenders?: readonly TenderKind[] | undefined;
  readonly confirms?: boolean | undefined;
  readonly prints?: boolean | undefined;
}

interface Money {
  readonly totalFen: number;
  readonly fundFen: number;
  readonly accountFen: number;
  readonly mutualAidFen: number;
  readonly cashFen: number;
}

export interface ProvisionalFigures extends Money {
  /** False where the terminal worked the figures out by itself, without the insurer. */
  readonly final: boolean;
}

export interface SettledFigures extends Money {
  readonly settlementId: string;
  readonly flags: readonly string[];
}

export type Question =
  | { readonly id: string; readonly ask: "insurance"; readonly choices: readonly string[] }
  | { readonly id: string; readonly ask: "confirm"; readonly figures: ProvisionalFigures }
  | { readonly id: string; readonly ask: "offline"; readonly figures: ProvisionalFigures; readonly choices: readonly OfflineChoice[] }
  | { readonly id: string; readonly ask: "tender"; readonly restFen: number; readonly choices: readonly TenderKind[] };

/** An answer, without the id of its question. */
export type Given =
  | { readonly answer: "insurance"; readonly insuranceType: string }
  | { readonly answer: "confirm" }
  | { readonly answer: "offline"; readonly choice: OfflineChoice }
  | { readonly answer: "tender"; readonly tender: TenderKind; readonly amountFen: number }
  | { readonly answer: "cancel" };

export type Answer = Given & { readonly question: string };

export interface Order {
  readonly orderNumber: string;
  /** Goods may go at "done" and "offline" alone. */
  readonly state: "open" | "done" | "refused" | "void" | "unknown" | "offline";
  readonly underWay: boolean;
  readonly amountFen: number;
  readonly operator: string;
  readonly reason?: string;
  readonly says?: Said;
  readonly message?: string;
  readonly triesLeft?: number;
  readonly choices?: readonly string[];
  readonly figures?: SettledFigures;
  readonly settlementId?: string;
  readonly visitId?: string;
  readonly tenders: readonly {
    readonly tender: TenderKind;
    readonly amountFen: number;
    readonly state: "paid" | "unknown" | "failed" | "refunded";
    readonly subject?: string;
    readonly reason?: string;
  }[];
  readonly restFen: number;
  readonly offline?: { readonly choice: OfflineChoice; readonly settledLater: boolean; readonly refundDueFen: number };
  readonly receipts: readonly ReceiptKind[];
  readonly question?: Question;
  readonly replaces?: string;
}

export interface Returned {
  readonly given: Order;
  readonly kept?: Order;
}

export type OrderEvent =
  | { readonly is: "started" | "present-card" | "card-read" | "enter-pin" | "settling" | "voiding" | "printed" }
  | { readonly is: "pre-settled"; readonly figures: ProvisionalFigures }
  | { readonly is: "settled"; readonly figures: SettledFigures }
  | { readonly is: "tender-started"; readonly tender: TenderKind; readonly amountFen: number }
  | { readonly is: "tender-paid"; readonly tender: TenderKind; readonly amountFen: number }
  | { readonly is: "tender-failed"; readonly tender: TenderKind; readonly reason: string }
  | { readonly is: "tender-unknown"; readonly tender: TenderKind; readonly reason: string }
  | { readonly is: "print-failed"; readonly reason: string }
  | { readonly is: "offline"; readonly why: string }
  | { readonly is: "ended"; readonly state: string };

export type StreamItem =
  | { readonly type: "event"; readonly event: OrderEvent }
  | { readonly type: "question"; readonly question: Question }
  | { readonly type: "answered"; readonly question: string; readonly by: "counter" | "nobody" }
  | { readonly type: "result"; readonly order: Order }
  | { readonly type: "failed"; readonly error: ErrorBody }
  | { readonly type: "gap" };

export interface Reprinted {
  readonly printed: boolean;
  readonly reason?: string;
  readonly says?: Said;
}

/** Sales that the settlement host has not receipted. */
export interface Unreceipted {
  readonly count: number;
  readonly sumFen: number;
}

export interface Exposure {
  readonly quickPayment: Unreceipted;
  readonly medicalPurchase: Unreceipted;
  readonly offlineMedical: Unreceipted;
  /** How long the terminal may still sell without the insurer; 0 where it may not. */
  readonly offlineLeaseMs: number;
}

/** Goods that the insurer did not take note of. */
export interface ParkedUploads {
  readonly uploads: readonly {
    readonly subject: string;
    readonly client: string;
    readonly orderNumber: string;
    readonly act: "sale" | "return";
    readonly rowsTaken: number;
    readonly rows: number;
    readonly message: string;
    readonly parkedAtMs: number;
  }[];
}

export interface UploadAct {
  readonly subject: string;
  readonly state: "waiting" | "dismissed";
}

/** Sales without the insurer for which something is still to be done. */
export interface OfflineSales {
  readonly sales: readonly {
    readonly client: string;
    readonly orderNumber: string;
    readonly amountFen: number;
    readonly stage: "paying" | "settlement-due" | "refund-due" | "give-back-due" | "ended" | "void";
    readonly choice: OfflineChoice;
    readonly figures: ProvisionalFigures;
    readonly refundDueFen: number;
  }[];
}

export interface Status {
  readonly terminalId: string;
  readonly journalId: string;
  readonly boot: number;
  readonly linkUp: boolean;
  readonly hostPresent: boolean;
  readonly ordersUnderWay: number;
  readonly exposure: Exposure;
  readonly [more: string]: unknown;
}

export interface TimeHistogram {
  readonly buckets: readonly { readonly leMs: number | null; readonly count: number }[];
  readonly count: number;
  readonly sumMs: number;
}

/** Parts of a tap. */
export interface TapParts<Value> {
  readonly field: Value;
  readonly card: Value;
  readonly module: Value;
  readonly disk: Value;
  readonly host: Value;
  readonly diskWait: Value;
  readonly diskCover: Value;
}

/** Where the time of taps goes, and the slowest of them step by step. */
export interface TapTimes {
  readonly taps: number;
  readonly times: TapParts<TimeHistogram>;
  readonly slowest: readonly {
    readonly wallMs: number;
    readonly times: TapParts<number>;
    readonly steps: readonly {
      readonly part: "wait" | "card" | "module" | "disk";
      readonly what: string;
      readonly beganMs: number;
      readonly endedMs: number;
      readonly failed?: true;
    }[];
  }[];
}

export interface Devices {
  readonly devices: Readonly<Record<string, { readonly name: string; readonly kind: "well" | "degraded" | "away" | "broken"; readonly why?: string }>>;
}

export type Scanned =
  | { readonly is: "trace-code"; readonly code: string }
  | { readonly is: "gs1"; readonly items: Readonly<Record<string, string>> }
  | { readonly is: "medical-e-code" }
  | { readonly is: "unknown"; readonly why: string };

export type SlipLine =
  | { readonly kind: "text"; readonly text: string; readonly align?: "left" | "center" | "right"; readonly bold?: boolean; readonly scale?: 1 | 2 }
  | { readonly kind: "columns"; readonly left: string; readonly right: string }
  | { readonly kind: "rule" }
  | { readonly kind: "feed"; readonly lines: number }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "cut" };

interface QuickHead {
  readonly saleNumber: string;
  readonly amountFen: number;
  readonly timeoutMs?: number | undefined;
  /** Its slip is printed once it is paid. */
  readonly prints?: boolean | undefined;
}

export type QuickPaymentRequest =
  /** `pays`: goods where it is left out. */
  | (QuickHead & { readonly purse: "e-purse" | "electronic-cash"; readonly pays?: "goods" | "library-deposit" | undefined })
  | (QuickHead & { readonly purse: "medical-purse"; readonly selfPayFen: number; readonly pooledFen: number })
  | (QuickHead & {
      readonly purse: "compound";
      readonly record: { readonly file: number; readonly by?: "number" | "identifier" | undefined; readonly record: number; readonly data: string };
    });

export interface QuickPayment {
  readonly saleNumber: string;
  /** Goods may go at "paid" alone. */
  readonly kind: "paid" | "unverified" | "refused" | "unknown" | "no-card";
  readonly subject?: string;
  readonly amountFen?: number;
  readonly verified?: boolean;
  readonly proof?: string;
  readonly balanceAfterFen?: number;
  /** What the merchant leaves to the holder; `amountFen` is what was debited. */
  readonly discount?: { readonly fullAmountFen: number; readonly discountFen: number; readonly rule: string };
  /** So many more sales before the card's statement must be printed, where that will be soon. */
  readonly salesLeft?: number;
  readonly statusWord?: number;
  readonly reason?: string;
  readonly says?: Said;
  /** Where one was asked for and the sale is paid. */
  readonly slip?: Slip;
}

/** What becomes of a slip changes nothing of what it tells. */
export interface Slip {
  readonly printed: boolean;
  readonly reason?: string;
  readonly says?: Said;
}

export interface SaleRefundRequest {
  readonly refundNumber: string;
  /** Left out: the whole sale, or what is left of it. */
  readonly amountFen?: number;
  readonly prints?: boolean | undefined;
}

export interface SaleRefund {
  readonly saleNumber: string;
  readonly refundNumber: string;
  /** Money may be handed out at "refunded" alone; "unknown" is asked for again. */
  readonly kind: "refunded" | "refused" | "unknown";
  readonly amountFen?: number;
  /** What could still go back. */
  readonly leftFen?: number;
  readonly subject?: string;
  readonly reason?: string;
  readonly says?: Said;
  readonly slip?: Slip;
}

export interface ShiftLine {
  readonly what: string;
  readonly count: number;
  readonly sumFen: number;
}

/** Money of a shift, by what it was taken with and how it went back. */
export interface Shift {
  readonly shift: number;
  readonly fromSeq: number;
  readonly throughSeq: number;
  readonly taken: readonly ShiftLine[];
  readonly given: readonly ShiftLine[];
  /** Cash that the drawer must have more, or less, than at the beginning. */
  readonly drawerFen: number;
  readonly open: { readonly count: number; readonly sumFen: number };
}

export interface ShiftEnd extends Shift {
  readonly operator: string;
  readonly atMs: number;
  readonly slip?: Slip;
}

export interface Gates {
  readonly lanes: readonly {
    readonly name: string;
    readonly state: "starting" | "serving" | "passage" | "awaiting-return" | "released" | "out-of-order" | "stopped";
    readonly taps: number;
    readonly passages: number;
    readonly refused: number;
    readonly fareFen: number;
  }[];
}

export interface LaneOpened {
  readonly lane: string;
  readonly opened: boolean;
}

interface TapWords {
  readonly reason?: string;
  readonly says?: Said;
  readonly fareFen?: number;
}

/** What happens at a lane. It names nobody. */
export type LaneEvent =
  | (TapWords & {
      readonly is: "prompt";
      readonly what: "ready" | "go" | "go-again" | "refused" | "present-again" | "one-card" | "closed" | "fire";
    })
  | (TapWords & { readonly is: "tap"; readonly outcome: "paid" | "let-in" | "again" | "refused" | "unknown" })
  | { readonly is: "passage"; readonly passage: "passed" | "timeout" | "reversed" | "fault" }
  | { readonly is: "alarm"; readonly why: "pass-back" | "gate-fault" | "fire" | "staff-release" };

export type GateItem =
  | { readonly type: "event"; readonly lane: string; readonly atMs: number; readonly event: LaneEvent }
  /** Earlier items are no longer kept, or were another start's. */
  | { readonly type: "gap" };

export interface Sums {
  readonly totalFen: number;
  readonly fundFen: number;
  readonly accountFen: number;
}

export interface ReconciledDay {
  readonly day: string;
  readonly state: "equal" | "settled" | "differs" | "incomplete";
  readonly groups: readonly {
    readonly insuranceType: string;
    readonly clearingType: string;
    readonly locality: "local" | "same-province" | "cross-province";
    readonly agency: string;
    readonly own: Sums;
    readonly ownCount: number;
    readonly verdict: "equal" | "insurer-more" | "institution-more" | "differs" | "refused" | "silent";
    readonly message?: string;
  }[];
  readonly differences: readonly {
    readonly kind:
      | "amount-differs"
      | "ours-only"
      | "other-day"
      | "held-by-insurer"
      | "voided-at-insurer"
      | "void-not-at-insurer"
      | "booked-twice"
      | "one-sided-at-insurer"
      | "unknown-message"
      | "other-terminal"
      | "foreign"
      | "totals-only"
      | "not-compared";
    readonly act: "none" | "reversed" | "reversal-open" | "void-imported" | "left-to-people";
    readonly msgid: string;
    readonly settlementId: string;
    readonly person: string;
    readonly time: string;
    readonly reference?: string;
    readonly own?: Sums;
    readonly insurer?: Sums;
    readonly note?: string;
  }[];
  readonly open: readonly {
    readonly reference: string;
    readonly msgid: string;
    readonly kind: "settlement" | "void";
    readonly time: string;
    readonly amountFen: number;
  }[];
  readonly unreadable: readonly string[];
  readonly operator: string;
  readonly at: string;
  readonly reason?: string;
}

export interface ReconciliationReport {
  readonly from: string;
  readonly to: string;
  readonly days: readonly ReconciledDay[];
  readonly missing: readonly string[];
}
