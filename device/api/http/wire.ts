/* Between the words of the flows and what travels: money gets its unit into the name, reasons get their words. */
import type * as z from "zod";
import { fromHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import type { Credential, OrderItem } from "../../txn/medical-desk/basket.ts";
import type { OrderAnswer, OrderEvent, OrderQuestion, ProvisionalFigures } from "../../txn/medical-desk/desk.ts";
import type { SettledFigures } from "../../txn/medical-desk/figures.ts";
import type { OfflineView } from "../../txn/medical-offline/ports.ts";
import type { OrderName, OrderRequest, OrderView } from "../../txn/medical-order/order.ts";
import type { QuickPaymentOutcome } from "../../txn/quick-payment/types.ts";
import type { PurseChoice } from "../../txn/sale-request.ts";
import { type Said, saidFor } from "../messages.ts";
import type * as schemas from "./schemas.ts";

export type OrderBody = z.output<typeof schemas.orderBody>;
export type AnswerBody = z.output<typeof schemas.answerBody>;
export type QuestionWire = z.output<typeof schemas.question>;
export type OrderWire = z.output<typeof schemas.order>;
export type StreamItem = z.output<typeof schemas.streamItem>;
type EventWire = z.output<typeof schemas.orderEvent>;
type ProvisionalWire = z.output<typeof schemas.question> & { ask: "confirm" };
type QuickPaymentBody = z.output<typeof schemas.quickPaymentBody>;
type OfflineSaleWire = z.output<typeof schemas.offlineSales>["sales"][number];
type QuickPaymentWire = z.output<typeof schemas.quickPayment>;

/** The reason in words, where there is one and the table has it. */
export function wordsFor(reason: string | undefined): { says?: Said } {
  const says = reason === undefined ? undefined : saidFor(reason);
  return says === undefined ? {} : { says };
}

function itemOf({ amountFen, ...item }: OrderBody["items"][number]): OrderItem {
  return { ...item, amount: fen(amountFen) };
}

export function requestOf(name: OrderName, operator: string, body: OrderBody): OrderRequest {
  const { amountFen, items, credential, ...rest } = body;
  const who: Credential = credential;
  return { ...name, operator, ...rest, credential: who, amount: fen(amountFen), items: items.map(itemOf) };
}

function provisionalWire({ final, total, fund, account, mutualAid, cash }: ProvisionalFigures): ProvisionalWire["figures"] {
  return { final, totalFen: total, fundFen: fund, accountFen: account, mutualAidFen: mutualAid, cashFen: cash };
}

function settledWire({ settlementId, total, fund, account, mutualAid, cash, flags }: SettledFigures): NonNullable<OrderWire["figures"]> {
  return { settlementId, totalFen: total, fundFen: fund, accountFen: account, mutualAidFen: mutualAid, cashFen: cash, flags: [...flags] };
}

export function questionWire(id: string, asked: OrderQuestion): QuestionWire {
  switch (asked.ask) {
    case "insurance":
      return { id, ask: asked.ask, choices: [...asked.choices] };
    case "confirm":
      return { id, ask: asked.ask, figures: provisionalWire(asked.figures) };
    case "offline":
      return { id, ask: asked.ask, figures: provisionalWire(asked.figures), choices: [...asked.choices] };
    case "tender":
      return { id, ask: asked.ask, restFen: asked.rest, choices: [...asked.choices] };
  }
}

export function eventWire(event: OrderEvent): EventWire {
  switch (event.is) {
    case "pre-settled":
      return { is: event.is, figures: provisionalWire(event.figures) };
    case "settled":
      return { is: event.is, figures: settledWire(event.figures) };
    case "tender-started":
    case "tender-paid":
      return { is: event.is, tender: event.tender, amountFen: event.amount };
    case "tender-failed":
    case "tender-unknown":
      return { is: event.is, tender: event.tender, reason: event.reason };
    case "print-failed":
      return { is: event.is, reason: event.reason };
    case "offline":
      return { is: event.is, why: event.why };
    case "ended":
      return { is: event.is, state: event.state };
    case "started":
    case "present-card":
    case "card-read":
    case "enter-pin":
    case "settling":
    case "voiding":
    case "printed":
      return { is: event.is };
  }
}

type Unfitting = { readonly problem: string };

/** The answer in the flow's words, or what does not fit the question. */
export function answerOf(asked: OrderQuestion, body: AnswerBody): OrderAnswer | Unfitting {
  if (body.answer === "cancel") return { answer: "cancel" };
  if (body.answer === "confirm" && asked.ask === "confirm") return { answer: "confirm" };
  if (body.answer === "insurance" && asked.ask === "insurance") {
    const { insuranceType } = body;
    return asked.choices.includes(insuranceType) ? { answer: "insurance", insuranceType } : { problem: "insuranceType: is none of the choices" };
  }
  if (body.answer === "offline" && asked.ask === "offline") {
    const { choice } = body;
    return asked.choices.includes(choice) ? { answer: "offline", choice } : { problem: "choice: is none of the choices" };
  }
  if (body.answer === "tender" && asked.ask === "tender") return tenderOf(asked, body);
  return { problem: `answer: the question is "${asked.ask}"` };
}

function tenderOf(asked: OrderQuestion & { readonly ask: "tender" }, body: AnswerBody & { readonly answer: "tender" }): OrderAnswer | Unfitting {
  if (!asked.choices.includes(body.tender)) return { problem: "tender: is none of the choices" };
  if (body.amountFen > asked.rest) return { problem: "amountFen: is more than the rest" };
  return { answer: "tender", tender: body.tender, amount: fen(body.amountFen) };
}

/** Members that are undefined are left out: exact optional members have no such value. */
export function present<Members extends object>(members: Members): { [Key in keyof Members]?: Exclude<Members[Key], undefined> } {
  const held = Object.entries(members).filter(([, value]) => value !== undefined);
  // Only members without a value were left out.
  return Object.fromEntries(held) as { [Key in keyof Members]?: Exclude<Members[Key], undefined> };
}

export function orderWire(view: OrderView, live: { readonly underWay: boolean; readonly question?: QuestionWire | undefined }): OrderWire {
  const { orderNumber, state, amount, operator, reason, message, triesLeft, settlementId, visitId, replaces } = view;
  const more = present({ reason, message, triesLeft, settlementId, visitId, replaces, question: live.question });
  return {
    orderNumber,
    state,
    underWay: live.underWay,
    amountFen: amount,
    operator,
    ...more,
    ...wordsFor(reason),
    ...(view.choices === undefined ? {} : { choices: [...view.choices] }),
    ...(view.figures === undefined ? {} : { figures: settledWire(view.figures) }),
    tenders: view.tenders.map(({ amount: paid, tender, state: stands, subject, reason: why }) => ({
      tender,
      amountFen: paid,
      state: stands,
      ...present({ subject, reason: why }),
    })),
    restFen: view.rest,
    ...(view.offline === undefined
      ? {}
      : { offline: { choice: view.offline.choice, settledLater: view.offline.settledLater, refundDueFen: view.offline.refundDue } }),
    receipts: [...view.receipts],
  };
}

/** The purse that a quick payment names, in the flow's words. */
export function purseOf(body: QuickPaymentBody): PurseChoice {
  switch (body.purse) {
    case "compound":
      return { kind: "compound", record: { ...body.record, data: fromHex(body.record.data) } };
    case "medical-purse":
      return { kind: "medical-purse", selfPay: fen(body.selfPayFen), pooled: fen(body.pooledFen) };
    case "e-purse":
    case "electronic-cash":
      return { kind: body.purse };
  }
}

export function quickPaymentWire(saleNumber: string, outcome: QuickPaymentOutcome): QuickPaymentWire {
  const reason = "reason" in outcome ? outcome.reason : undefined;
  const subject = "subject" in outcome ? outcome.subject : undefined;
  const head = { saleNumber, kind: outcome.kind, ...present({ subject, reason }), ...wordsFor(reason) };
  switch (outcome.kind) {
    case "paid":
      return {
        ...head,
        amountFen: outcome.amount,
        verified: outcome.verified,
        proof: outcome.proof,
        ...present({ balanceAfterFen: outcome.balanceAfter, discount: discountWire(outcome), salesLeft: outcome.salesLeft }),
      };
    case "unverified":
      return { ...head, amountFen: outcome.amount, proof: outcome.proof, ...present({ discount: discountWire(outcome) }) };
    case "refused":
      return { ...head, ...present({ statusWord: outcome.statusWord }) };
    case "unknown":
    case "no-card":
      return head;
  }
}

function discountWire({ discount }: Extract<QuickPaymentOutcome, { readonly kind: "paid" | "unverified" }>): QuickPaymentWire["discount"] {
  return discount === undefined ? undefined : { fullAmountFen: discount.fullAmount, discountFen: discount.discount, rule: discount.rule };
}

/** An order's own name out of its reference; what counters did not place has none. */
export function orderNameOf(reference: string): OrderName {
  const at = reference.indexOf(".");
  return { client: reference.slice(0, Math.max(at, 0)), orderNumber: reference.slice(at + 1) };
}

export function offlineSaleWire({ order, amount, stage, choice, figures, refundDue }: OfflineView): OfflineSaleWire {
  return { ...orderNameOf(order), amountFen: amount, stage, choice, figures: provisionalWire(figures), refundDueFen: refundDue };
}
