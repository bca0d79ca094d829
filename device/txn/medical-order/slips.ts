/* What an order puts on paper, and what it tells the insurer about goods; both from its truth alone, so that it can be said again. */
import { subtractFen, sumFen, ZERO_FEN } from "../../base/fen.ts";
import type { ReceiptData, ReceiptTender } from "../receipts/types.ts";
import type { StockUploadRequest } from "../stock-upload/types.ts";
import { takenSum } from "./machine.ts";
import { orderReference, uploadReference } from "./names.ts";
import type { OrderView } from "./order.ts";
import type { OrderPorts } from "./ports.ts";
import type { OrderTruth } from "./read.ts";

export type ReceiptName = OrderView["receipts"][number];

function paidTenders({ tenders }: OrderTruth): readonly ReceiptTender[] {
  return tenders.filter(({ fact }) => fact.at === "paid").map(({ fact }) => ({ tender: fact.tender, amount: fact.amount }));
}

/** The slip of this name, with whoever did what it tells; undefined where the order has none. */
export function slipOf(truth: OrderTruth, receipt: ReceiptName, place: OrderPorts["place"]): ReceiptData | undefined {
  const { history, settlement, offline } = truth;
  const { basket, soldAtMs, soldBy, last } = history;
  const head = {
    ...place,
    operator: soldBy,
    orderNumber: history.name.orderNumber,
    invoiceNumber: basket.invoiceNumber,
    ...(settlement.holder === undefined ? {} : { holder: settlement.holder }),
  };
  const goods = { items: basket.items, tenders: paidTenders(truth) };
  switch (receipt) {
    case "sale":
      return saleSlip(truth, { ...head, atMs: soldAtMs });
    case "void": {
      const split = settlement.figures === undefined ? {} : { split: settlement.figures, settlementId: settlement.figures.settlementId };
      return { ...head, slip: "void", operator: history.operator, atMs: last.wallMs, total: basket.amount, refunds: refundsOf(truth), ...split };
    }
    case "offline":
      if (offline === undefined) return undefined;
      return { ...head, ...goods, slip: "offline", atMs: soldAtMs, total: basket.amount, estimate: offline.figures, choice: offline.choice };
    case "reimbursement":
      return { ...head, ...goods, slip: "reimbursement", atMs: soldAtMs, total: basket.amount };
  }
}

type Head = Pick<
  Extract<ReceiptData, { readonly slip: "sale" }>,
  "institution" | "terminal" | "operator" | "atMs" | "orderNumber" | "invoiceNumber" | "holder"
>;

function saleSlip(truth: OrderTruth, head: Head): ReceiptData | undefined {
  const { settlement, history, offline } = truth;
  const { figures, insuranceType, visitId } = settlement;
  if (figures === undefined) return undefined;
  if (offline !== undefined) return settledLaterSlip(truth, head);
  return {
    ...head,
    slip: "sale",
    items: history.basket.items,
    settlementId: figures.settlementId,
    visit: history.basket.visit,
    medicalType: history.basket.medicalType,
    split: figures,
    tenders: paidTenders(truth),
    ...(visitId === undefined ? {} : { visitId }),
    ...(insuranceType === undefined ? {} : { insuranceType }),
  };
}

/** What was due is told for ever: by itself, or with all the rest when the sale was given back, it is handed out. */
function settledLaterSlip({ settlement, offline, offlineRefund }: OrderTruth, head: Head): ReceiptData | undefined {
  const { figures, bookedAtMs } = settlement;
  if (figures === undefined || offline === undefined) return undefined;
  const { amount, stage } = offline;
  return {
    ...head,
    operator: offlineRefund?.operator ?? head.operator,
    atMs: offlineRefund?.atMs ?? bookedAtMs ?? head.atMs,
    slip: "settled-later",
    settlementId: figures.settlementId,
    split: figures,
    paid: amount,
    refundDue: figures.cash < amount ? subtractFen(amount, figures.cash) : ZERO_FEN,
    refundPaid: offlineRefund !== undefined || stage === "void",
  };
}

/** A purse cannot be credited here: what it paid goes back in cash. What a bank paid went back to it. */
function refundsOf({ facts }: OrderTruth): readonly ReceiptTender[] {
  if (takenSum(facts) === 0) return [];
  const toBank = sumFen(facts.tenders.map(({ returned }) => returned?.amount ?? ZERO_FEN));
  const cash = { tender: "cash", amount: facts.refunded } as const;
  if (toBank === 0) return [cash];
  return [{ tender: "bank-card", amount: toBank }, ...(facts.refunded === 0 ? [] : [cash])];
}

/** What the insurer is told about the goods of this order. Spec: FSI, 3505. Spec: FSI, 3506. */
export function uploadOf(truth: OrderTruth, act: "sale" | "return", at: { readonly operator: string; readonly nowMs: number }): StockUploadRequest {
  const { history, settlement } = truth;
  const { basket, name } = history;
  const order = orderReference(name);
  const { figures, visitId, insuranceArea, holder = {} } = settlement;
  const { personNumber, name: holderName, certificateNumber } = holder;
  const booked =
    figures === undefined ? {} : { settlement: { settlementId: figures.settlementId, visitId: visitId ?? "", insuranceArea: insuranceArea ?? "" } };
  return {
    reference: uploadReference(order, act),
    act,
    order,
    items: basket.items,
    amount: basket.amount,
    ...(basket.prescription === undefined ? {} : { prescription: basket.prescription }),
    ...booked,
    person: {
      certificateType: "01",
      ...(personNumber === undefined ? {} : { personNumber }),
      ...(certificateNumber === undefined ? {} : { certificateNumber }),
      ...(holderName === undefined ? {} : { name: holderName }),
    },
    operator: at.operator,
    invoiceNumber: basket.invoiceNumber,
    soldAtMs: history.sold ? history.soldAtMs : at.nowMs,
  };
}
