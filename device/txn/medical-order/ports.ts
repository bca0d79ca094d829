/* What orders need of the rest of the terminal. */
import type { Log } from "../../base/log.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import type { TraceBook } from "../goods-rules/trace-book.ts";
import type { Journal } from "../journal/types.ts";
import type { CounterDesk } from "../medical-desk/desk.ts";
import type { RegionSwitches } from "../medical-host/profile.ts";
import type { LaterOutcome, LaterRequest, OfflineOutcome, OfflineSaleRequest, OfflineView, RefundOutcome } from "../medical-offline/ports.ts";
import type { UndoResult } from "../medical-purchase/outpatient.ts";
import type { MedicalPurchaseRequest } from "../medical-purchase/ports.ts";
import type { MedicalOutcome } from "../medical-purchase/types.ts";
import type { VoidRequest } from "../medical-void/run.ts";
import type { VoidOutcome } from "../medical-void/types.ts";
import type { ReceiptData, SlipStyle } from "../receipts/types.ts";
import type { StockUploads } from "../stock-upload/types.ts";
import type { Tenders } from "../tender/tender.ts";

/** The sale without the insurer, bound to its ports. Absent where this place does not offer it. */
export interface OfflineActs {
  sell(request: OfflineSaleRequest, desk: CounterDesk, limits: Limits): Promise<OfflineOutcome>;
  settleLater(request: LaterRequest, limits: Limits): Promise<LaterOutcome>;
  payRefund(request: Pick<LaterRequest, "reference" | "operator">, limits: Limits): Promise<RefundOutcome>;
  giveBack(request: Pick<LaterRequest, "reference" | "operator">, limits: Limits): Promise<RefundOutcome>;
  find(reference: string): Promise<OfflineView | undefined>;
}

export interface OrderPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly log: Log;
  readonly suite: Pick<CipherSuite, "sm3">;
  readonly region: Pick<RegionSwitches, "trace" | "offline" | "uploadsStock">;
  /** One for the whole terminal. */
  readonly traces: Pick<TraceBook, "reserve" | "marks" | "freeingMarks" | "release">;
  /** The medical purchase of this place, bound to its ports; idempotent by the reference of its request. */
  settle(request: MedicalPurchaseRequest, limits: Limits): Promise<MedicalOutcome>;
  /** The void, bound to its ports; idempotent likewise. */
  takeBack(request: VoidRequest, limits: Limits): Promise<VoidOutcome>;
  /** Cancels the visit of a settlement that was taken back; safe to repeat. Absent where no outpatients are served. Faults: those of the journal. */
  readonly undoVisit?: (settlement: string, limits: Limits) => Promise<UndoResult["kind"]>;
  readonly tenders: Tenders;
  readonly offline?: OfflineActs;
  readonly uploads?: Pick<StockUploads, "enqueue">;
  /** Prints a slip: "printed", or a word that says why not. Never rejects. Absent where there is no printer. */
  readonly print?: (data: ReceiptData, style: SlipStyle, limits: Limits) => Promise<string>;
  /** At the head of every slip. */
  readonly place: { readonly institution: string; readonly terminal: string };
}

export interface OrderBounds {
  readonly journalTimeoutMs: number;
  /** One question to the counter. */
  readonly answerTimeoutMs: number;
  /** One tender. */
  readonly tenderTimeoutMs: number;
  /** The holder's credential. */
  readonly credentialTimeoutMs: number;
  readonly printTimeoutMs: number;
}
