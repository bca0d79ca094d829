/* Sales from a purse as a shop makes them: paid, given back, told on paper, and counted at the end of a shift. */
import * as z from "zod";
import { fen, ZERO_FEN } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { SlipWish } from "../../shop/acts.ts";
import type { QuickPaymentOutcome } from "../../txn/quick-payment/types.ts";
import { holdChoice } from "../../txn/shop/holds.ts";
import type { SaleRefundOutcome } from "../../txn/shop/refunds.ts";
import { refusal } from "./errors.ts";
import { may } from "./roles.ts";
import { type Call, type Desk, NOTHING, type Route, route } from "./route.ts";
import { orderNumber } from "./schema-words.ts";
import * as schemas from "./schemas.ts";
import type { ServedHolds } from "./service.ts";
import * as shop from "./shop-schemas.ts";
import { saleRefundWire, shiftEndWire, shiftWire, slipWire } from "./shop-wire.ts";
import { purseOf, quickPaymentWire } from "./wire.ts";

const PRINT_TIMEOUT_MS = 30_000;
const none = { params: NOTHING, query: NOTHING } as const;
const numbered = z.strictObject({ saleNumber: shop.saleNumber });
const ORIGINAL: SlipWish = { as: "original" };

type AnyCall = Call<unknown, unknown, unknown>;

/** A sale at the keypad or at a lane belongs to no client: its number is its reference. */
function referenceOf({ caller }: AnyCall, saleNumber: string): string {
  return saleNumber.startsWith("till.") || isLaneSale(saleNumber) ? saleNumber : `${caller.client}.${saleNumber}.q1`;
}

function isLaneSale(saleNumber: string): boolean {
  return saleNumber.startsWith("gate.");
}

function requestOf({ caller }: AnyCall, refundNumber: string): string {
  return `${caller.client}.${refundNumber}`;
}

function printLimits({ caller }: AnyCall): Limits {
  return { timeoutMs: PRINT_TIMEOUT_MS, signal: caller.closing };
}

function copyBy({ operator }: AnyCall): SlipWish {
  return { as: "copy", by: operator.operator };
}

const quickPayment = route({
  id: "quickPayment",
  method: "POST",
  path: "/v1/quick-payments",
  summary: "One sale from a purse of the card. The same sale number is the same sale: asking again never debits twice.",
  needs: "quick-payment",
  ...none,
  body: schemas.quickPaymentBody,
  answers: [{ status: 200, schema: schemas.quickPayment }],
  refusals: ["order-conflict", "number-spent"],
  handle: async (desk, call) => {
    const { caller, operator, body } = call;
    const reference = `${caller.client}.${body.saleNumber}.q1`;
    const request = { reference, amount: fen(body.amountFen), purse: purseOf(body), ...("pays" in body ? { pays: body.pays } : {}) };
    const limits = { timeoutMs: body.timeoutMs, signal: caller.closing };
    const { timeoutMs: _timeoutMs, prints, ...content } = body;
    const pay = () => desk.service.quickPayment(request, { operator: operator.operator }, limits);
    const outcome = await desk.works.quickPayments.run(reference, JSON.stringify(content), pay);
    const told = quickPaymentWire(body.saleNumber, outcome);
    if (!prints || outcome.kind !== "paid") return { status: 200, json: told };
    return { status: 200, json: { ...told, slip: slipWire(await desk.service.shop.printSale(reference, ORIGINAL, printLimits(call))) } };
  },
});

function holdsOf({ service }: Desk): ServedHolds {
  if (service.holds === undefined) throw refusal("not-offered");
  return service.holds;
}

const hold = route({
  id: "preAuthorize",
  method: "POST",
  path: "/v1/pre-authorizations",
  summary: "Sets an amount of electronic cash aside on the card, for a service whose price is known later. Nothing is debited.",
  needs: "quick-payment",
  ...none,
  body: shop.holdBody,
  answers: [{ status: 200, schema: schemas.quickPayment }],
  refusals: ["not-offered", "order-conflict", "number-spent"],
  handle: async (desk, call) => {
    const { caller, operator, body } = call;
    const { place, amountMax } = holdsOf(desk);
    const amount = fen(body.amountFen);
    const reference = `${caller.client}.${body.saleNumber}.h1`;
    // What could never be completed is not held.
    const sell = async (): Promise<QuickPaymentOutcome> =>
      amount > amountMax
        ? { kind: "refused", reason: "amount-limit" }
        : desk.service.quickPayment(
            { reference, amount: ZERO_FEN, purse: holdChoice(place, "pre-authorization", amount) },
            { operator: operator.operator },
            { timeoutMs: body.timeoutMs, signal: caller.closing },
          );
    const outcome = await desk.works.quickPayments.run(reference, JSON.stringify({ amountFen: amount }), sell);
    const told = quickPaymentWire(body.saleNumber, outcome);
    return { status: 200, json: outcome.kind === "paid" || outcome.kind === "unverified" ? { ...told, heldFen: amount } : told };
  },
});

const completion = route({
  id: "complete",
  method: "POST",
  path: "/v1/completions",
  summary: "Takes what a held amount has come to, at most what is held, and lets the rest go. Asked again it never debits twice.",
  needs: "quick-payment",
  ...none,
  body: shop.completionBody,
  answers: [{ status: 200, schema: schemas.quickPayment }],
  refusals: ["not-offered", "order-conflict", "number-spent"],
  handle: async (desk, call) => {
    const { caller, operator, body } = call;
    const { place } = holdsOf(desk);
    const amount = fen(body.amountFen);
    const reference = `${caller.client}.${body.saleNumber}.q1`;
    const request = { reference, amount, purse: holdChoice(place, "completion", amount) };
    const limits = { timeoutMs: body.timeoutMs, signal: caller.closing };
    const complete = () => desk.service.quickPayment(request, { operator: operator.operator }, limits);
    const outcome = await desk.works.quickPayments.run(reference, JSON.stringify({ completes: amount }), complete);
    const told = quickPaymentWire(body.saleNumber, outcome);
    // A hold that was let go for nothing has no slip.
    if (!body.prints || outcome.kind !== "paid" || amount === ZERO_FEN) return { status: 200, json: told };
    return { status: 200, json: { ...told, slip: slipWire(await desk.service.shop.printSale(reference, ORIGINAL, printLimits(call))) } };
  },
});

/** What has an address of its own in the API is refused there, and not answered as an outcome. */
function refusedOutright(outcome: SaleRefundOutcome): void {
  if (outcome.kind !== "refused") return;
  const { reason } = outcome;
  if (reason === "sale-unknown" || reason === "refund-conflict" || reason === "supervisor-needed") throw refusal(reason);
}

/** What this operator may give back by itself. */
function amountMaxOf(desk: Desk, { operator }: AnyCall): { readonly amountMax?: ReturnType<typeof fen> } {
  return may(operator.role, "refund-over-limit") ? {} : { amountMax: fen(desk.config.refundLimitFen) };
}

const refund = route({
  id: "refundQuickPayment",
  method: "POST",
  path: "/v1/quick-payments/{saleNumber}/refunds",
  summary: "Gives money of a sale back in cash, in parts or as a whole, never more than was taken. The same refund number is the same refund.",
  needs: "refund",
  params: numbered,
  query: NOTHING,
  body: shop.saleRefundBody,
  answers: [{ status: 200, schema: shop.saleRefund }],
  refusals: ["sale-unknown", "refund-conflict", "supervisor-needed"],
  handle: async (desk, call) => {
    const { saleNumber } = call.params;
    const { refundNumber, amountFen, prints } = call.body;
    // Nobody at the counter saw who paid at a lane.
    if (isLaneSale(saleNumber) && !may(call.operator.role, "refund-over-limit")) throw refusal("supervisor-needed");
    const request = requestOf(call, refundNumber);
    const outcome = await desk.service.shop.refund({
      sale: referenceOf(call, saleNumber),
      request,
      amount: amountFen === undefined ? "void" : fen(amountFen),
      operator: call.operator.operator,
      ...amountMaxOf(desk, call),
    });
    refusedOutright(outcome);
    const told = saleRefundWire({ saleNumber, refundNumber }, outcome);
    if (!prints || outcome.kind !== "refunded") return { status: 200, json: told };
    return { status: 200, json: { ...told, slip: slipWire(await desk.service.shop.printRefund(request, ORIGINAL, printLimits(call))) } };
  },
});

const saleSlip = route({
  id: "printSaleSlip",
  method: "POST",
  path: "/v1/quick-payments/{saleNumber}/slip",
  summary: "Prints the slip of a sale again, marked as a copy.",
  needs: "reprint",
  params: numbered,
  query: NOTHING,
  body: schemas.voidBody,
  answers: [{ status: 200, schema: schemas.slip }],
  refusals: ["sale-unknown"],
  handle: async (desk, call) => {
    const outcome = await desk.service.shop.printSale(referenceOf(call, call.params.saleNumber), copyBy(call), printLimits(call));
    if (outcome === "sale-unknown") throw refusal(outcome);
    return { status: 200, json: slipWire(outcome) };
  },
});

const refundSlip = route({
  id: "printRefundSlip",
  method: "POST",
  path: "/v1/refunds/{refundNumber}/slip",
  summary: "Prints the slip of a refund of a sale from a purse again, marked as a copy.",
  needs: "reprint",
  params: z.strictObject({ refundNumber: orderNumber }),
  query: NOTHING,
  body: schemas.voidBody,
  answers: [{ status: 200, schema: schemas.slip }],
  refusals: [],
  handle: async (desk, call) => {
    const outcome = await desk.service.shop.printRefund(requestOf(call, call.params.refundNumber), copyBy(call), printLimits(call));
    return { status: 200, json: slipWire(outcome) };
  },
});

const currentShift = route({
  id: "currentShift",
  method: "GET",
  path: "/v1/shifts/current",
  summary: "Money of the shift under way.",
  needs: "see-shift",
  ...none,
  answers: [{ status: 200, schema: shop.shift }],
  refusals: [],
  handle: async (desk) => ({ status: 200, json: shiftWire(await desk.service.shop.currentShift()) }),
});

const numberedShift = z.strictObject({ shift: shop.shiftNumber });

const endShift = route({
  id: "endShift",
  method: "POST",
  path: "/v1/shifts/{shift}/end",
  summary: "Ends the current shift and tells what it comes to. One that has ended already is told again.",
  needs: "end-shift",
  params: numberedShift,
  query: NOTHING,
  body: shop.shiftEndBody,
  answers: [{ status: 200, schema: shop.shiftEnd }],
  refusals: ["shift-not-current"],
  handle: async (desk, call) => {
    const shift = Number(call.params.shift);
    const outcome = await desk.service.shop.endShift(shift, { operator: call.operator.operator });
    if (outcome.kind === "not-current") throw refusal("shift-not-current", { problems: [`shift: the current one is ${outcome.current}`] });
    const told = shiftEndWire(outcome);
    if (!call.body.prints) return { status: 200, json: told };
    return { status: 200, json: { ...told, slip: slipWire(await desk.service.shop.printShift(shift, ORIGINAL, printLimits(call))) } };
  },
});

const shiftSlip = route({
  id: "printShiftSlip",
  method: "POST",
  path: "/v1/shifts/{shift}/slip",
  summary: "Prints the slip of a shift that has ended again, marked as a copy.",
  needs: "end-shift",
  params: numberedShift,
  query: NOTHING,
  body: schemas.voidBody,
  answers: [{ status: 200, schema: schemas.slip }],
  refusals: [],
  handle: async (desk, call) => {
    const outcome = await desk.service.shop.printShift(Number(call.params.shift), copyBy(call), printLimits(call));
    return { status: 200, json: slipWire(outcome) };
  },
});

export const SHOP_ROUTES: readonly Route[] = [quickPayment, hold, completion, refund, saleSlip, refundSlip, currentShift, endShift, shiftSlip];
