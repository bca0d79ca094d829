/* An order as others see it, said from what is known and from nothing else. */
import { ZERO_FEN } from "../../base/fen.ts";
import { dueBack, givenBack, nextStep, restOf, standingOf } from "./machine.ts";
import type { OrderName, OrderRequest, OrderView, TenderView } from "./order.ts";
import type { OrderTruth, ReadTender } from "./read.ts";

type Reason = NonNullable<OrderView["reason"]>;

export interface ViewOptions {
  /** Somebody is at it now. */
  readonly underWay: boolean;
  /** Why it came to rest just now, where the journal does not say it. */
  readonly reason?: Reason | undefined;
  readonly message?: string | undefined;
}

export function viewOf(truth: OrderTruth, options: ViewOptions): OrderView {
  const { history, facts, settlement, offline } = truth;
  const { end, basket, operator, replaces, name } = history;
  const state = standingOf(facts, options.underWay);
  const reason = options.reason ?? end?.reason ?? (end === undefined ? openReason(truth, state) : externalReason(truth));
  const message = options.message ?? end?.message;
  const rests = state === "open" || state === "unknown" ? restOf(facts) : ZERO_FEN;
  return {
    ...name,
    state,
    amount: basket.amount,
    operator,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(end?.triesLeft === undefined ? {} : { triesLeft: end.triesLeft }),
    ...(end?.choices === undefined ? {} : { choices: end.choices }),
    ...(settlement.figures === undefined ? {} : { figures: settlement.figures, settlementId: settlement.figures.settlementId }),
    ...(settlement.figures === undefined || settlement.visitId === undefined ? {} : { visitId: settlement.visitId }),
    tenders: tenderViews(truth),
    rest: facts.givingBack ? ZERO_FEN : rests,
    ...(offline === undefined ? {} : { offline: { choice: offline.choice, settledLater: offline.settlement !== undefined, refundDue: offline.refundDue } }),
    ...(replaces === undefined ? {} : { replaces }),
    receipts: receiptsOf(truth),
  };
}

/** Of an order that has ended, and of which something became known afterwards. */
function externalReason({ facts }: OrderTruth): Reason | undefined {
  return facts.stage === "done" && facts.void === "done" ? "already-void" : undefined;
}

function openReason({ facts, settlement, history }: OrderTruth, state: OrderView["state"]): Reason | undefined {
  const step = nextStep(facts, false);
  // The settlement's own record holds a reason of a purchase.
  if (state === "refused") return settlement.reason ? (settlement.reason as Reason) : "restart";
  if (step.do === "wait") return waitReason(step.for, facts.void === "done");
  return history.kept === undefined ? undefined : "void-refused";
}

function waitReason(wait: "settlement" | "void" | "tender", takenBack: boolean): Reason {
  if (wait === "void") return takenBack ? "already-void" : "void-unknown";
  return wait === "settlement" ? "settlement-unknown" : "tender-unknown";
}

function tenderViews(truth: OrderTruth): readonly TenderView[] {
  const { facts } = truth;
  const refunded = givenBack(facts) > 0 && dueBack(facts) === 0;
  return truth.tenders.filter(({ fact }) => fact.at !== "absent").map((tender) => tenderView(tender, refunded && truth.offline?.settlement === undefined));
}

function tenderView({ fact, subject, reason }: ReadTender, refunded: boolean): TenderView {
  const taken = fact.at === "paid" || fact.at === "held";
  const state = taken && refunded ? "refunded" : fact.at === "paid" ? "paid" : fact.at === "failed" ? "failed" : "unknown";
  return {
    tender: fact.tender,
    amount: fact.amount,
    state,
    ...(subject === undefined ? {} : { subject }),
    ...(reason === undefined || state === "refunded" ? {} : { reason }),
  };
}

function receiptsOf({ facts, history, offline }: OrderTruth): OrderView["receipts"] {
  const receipts: OrderView["receipts"][number][] = [];
  if (offline !== undefined && history.sold) receipts.push("offline");
  if (offline?.choice === "reimbursement-slip" && history.sold) receipts.push("reimbursement");
  if (history.sold && facts.settlement.at === "settled") receipts.push("sale");
  if (facts.stage === "void") receipts.push("void");
  return receipts;
}

/** Of an order that was turned away before anything was begun for it. */
export function turnedAway(request: OrderRequest, reason: Reason, message?: string): OrderView {
  const { client, orderNumber, amount, operator } = request;
  const told = message === undefined ? {} : { message };
  return { client, orderNumber, state: "refused", amount, operator, reason, ...told, tenders: [], rest: ZERO_FEN, receipts: [] };
}

/** Of an order that nobody has placed. */
export function unheardOf({ client, orderNumber }: OrderName, operator: string): OrderView {
  return { client, orderNumber, state: "refused", amount: ZERO_FEN, operator, reason: "order-unknown", tenders: [], rest: ZERO_FEN, receipts: [] };
}
