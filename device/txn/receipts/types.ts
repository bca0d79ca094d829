/* What stands on a slip, before it is laid out. Personal data is given in full and masked by the layout, so that no caller can forget it. */
import type { Fen } from "../../base/fen.ts";
import type { TenderKind } from "../medical-desk/desk.ts";
import type { PurseKind } from "../sale-request.ts";

/** Where and by whom; at the head of every slip. */
export interface ReceiptHead {
  /** fixmedins_name */
  readonly institution: string;
  readonly terminal: string;
  readonly operator: string;
  /** Moment of the act that the slip is about. */
  readonly atMs: number;
}

/** Who bought; every member is masked on paper. */
export interface ReceiptHolder {
  readonly name?: string;
  readonly cardNumber?: string;
  readonly personNumber?: string;
}

export interface ReceiptItem {
  readonly name: string;
  /** med_list_codg; the agency asks for it on a reimbursement slip. */
  readonly nationalCode?: string;
  /** Decimal text. */
  readonly quantity: string;
  readonly unitPrice: string;
  readonly amount: Fen;
}

/** The insurer's figures; what is not known is left out and not printed. */
export interface ReceiptSplit {
  readonly total: Fen;
  /** All funds together (fund_pay_sumamt). */
  readonly fund: Fen;
  /** hifp_pay */
  readonly pooledFund?: Fen;
  readonly otherFunds?: Fen;
  readonly account: Fen;
  readonly mutualAid: Fen;
  readonly cash: Fen;
  readonly outsideCatalogue?: Fen;
  readonly overLimit?: Fen;
  readonly firstSelfPay?: Fen;
  readonly withinScope?: Fen;
  readonly deductible?: Fen;
  /** Balance of the personal account afterwards. */
  readonly balance?: Fen;
}

export interface ReceiptTender {
  readonly tender: TenderKind;
  readonly amount: Fen;
  /** What the counter was handed, where it says so; the change follows. */
  readonly received?: Fen;
}

export interface OrderSlip extends ReceiptHead {
  /** The caller's order number. */
  readonly orderNumber: string;
  readonly invoiceNumber?: string;
  readonly holder?: ReceiptHolder;
}

/** A sale from a purse of the card, without the insurer. */
export interface PurseSlip extends ReceiptHead {
  /** The caller's number of the sale. */
  readonly saleNumber: string;
  readonly purse: PurseKind;
  readonly amount: Fen;
  readonly holder?: ReceiptHolder;
}

/** Money of a shift by what it was taken or given with. */
export interface ReceiptLine {
  readonly what: string;
  readonly count: number;
  readonly sum: Fen;
}

export type ReceiptData =
  | (OrderSlip & {
      readonly slip: "sale";
      readonly items: readonly ReceiptItem[];
      readonly settlementId: string;
      readonly visitId?: string;
      readonly visit: "pharmacy" | "outpatient";
      readonly medicalType: string;
      readonly insuranceType?: string;
      readonly split: ReceiptSplit;
      readonly tenders: readonly ReceiptTender[];
    })
  /** Sold without the insurer: everything on it is provisional. */
  | (OrderSlip & {
      readonly slip: "offline";
      readonly items: readonly ReceiptItem[];
      readonly total: Fen;
      /** Left out where the terminal could not work one out. */
      readonly estimate?: ReceiptSplit;
      readonly tenders: readonly ReceiptTender[];
      readonly choice: "settle-later" | "reimbursement-slip";
    })
  /** For the agency: the holder has paid all of it. */
  | (OrderSlip & { readonly slip: "reimbursement"; readonly items: readonly ReceiptItem[]; readonly total: Fen; readonly tenders: readonly ReceiptTender[] })
  /** An offline sale that the insurer has settled afterwards. */
  | (OrderSlip & {
      readonly slip: "settled-later";
      readonly settlementId: string;
      readonly split: ReceiptSplit;
      readonly paid: Fen;
      /** What the insurer's part left to be given back, whether or not it was. */
      readonly refundDue: Fen;
      readonly refundPaid: boolean;
    })
  /** The whole order given back, on the day ("void") or later ("return"). */
  | (OrderSlip & {
      readonly slip: "void" | "return";
      readonly settlementId?: string;
      readonly split?: ReceiptSplit;
      readonly total: Fen;
      readonly refunds: readonly ReceiptTender[];
    })
  /** Nobody knows yet: what the counter may and may not do. */
  | (OrderSlip & { readonly slip: "unknown"; readonly total: Fen; readonly what: "settlement" | "void" | "tender"; readonly tender?: TenderKind })
  | (ReceiptHead & {
      readonly slip: "reconciliation";
      /** yyyy-MM-dd */
      readonly from: string;
      readonly to: string;
      readonly groups: readonly {
        readonly insuranceType: string;
        readonly clearingType: string;
        readonly count: number;
        readonly total: Fen;
        readonly fund: Fen;
        readonly account: Fen;
        readonly agrees: boolean;
      }[];
      readonly onlyHere: number;
      readonly onlyThere: number;
      readonly differing: number;
    })
  | (PurseSlip & {
      readonly slip: "purse-sale";
      readonly balanceAfter?: Fen;
      /** The price, and what the merchant left of it to the holder by which rule. */
      readonly discount?: { readonly fullAmount: Fen; readonly discount: Fen; readonly rule: string };
      /** What was taken is a deposit. */
      readonly deposit?: true;
    })
  /** `amount`: what goes back; `left`: what could still go back behind it. */
  | (PurseSlip & { readonly slip: "purse-refund"; readonly refundNumber: string; readonly left: Fen })
  /** A bill of the agency, paid from a bank account. "open": the money has moved, or may have, and it is not decided where it belongs. */
  | (ReceiptHead & {
      readonly slip: "contribution";
      readonly stands: "paid" | "returned" | "open";
      /** The caller's number. */
      readonly saleNumber: string;
      readonly billId: string;
      readonly insurance: string;
      readonly period: string;
      readonly amount: Fen;
      readonly holder: ReceiptHolder;
      /** The agency's own number, where it has confirmed. */
      readonly receiptNumber?: string;
      /** The bank's number of the payment, where there is one. */
      readonly retrievalReference?: string;
    })
  | (ReceiptHead & {
      readonly slip: "shift";
      readonly shift: number;
      readonly taken: readonly ReceiptLine[];
      readonly given: readonly ReceiptLine[];
      /** Cash that the drawer must have more, or less, than at the beginning. */
      readonly drawerFen: number;
      readonly open: { readonly count: number; readonly sum: Fen };
    });

export interface SlipStyle {
  /** Printed again: says so. */
  readonly copy: boolean;
  /** Who printed it again; whoever did what it tells is its operator. */
  readonly by?: string;
}
