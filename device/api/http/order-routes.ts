/* Orders of the counter: placed, followed, answered, given up, given back. The number is the caller's own and lives within its client. */
import * as z from "zod";
import { fen, ZERO_FEN } from "../../base/fen.ts";
import { canonicalJson } from "../../codec/json.ts";
import { tokenHash } from "../../crypto/passwords.ts";
import { orderReference } from "../../txn/medical-order/names.ts";
import type { OrderName, OrderRequest, OrderView } from "../../txn/medical-order/order.ts";
import { basketOf } from "../../txn/medical-order/record.ts";
import { type RefusalWord, refusal } from "./errors.ts";
import type { LiveOrder, OrderEnd } from "./live-order.ts";
import { actFor, may } from "./roles.ts";
import { type Call, type Desk, NOTHING, type Reply, type Route, route } from "./route.ts";
import { orderNumber } from "./schema-words.ts";
import * as schemas from "./schemas.ts";
import { demandUnspent } from "./spent.ts";
import { frame, STREAM_HEADERS, tellEvents } from "./stream.ts";
import { type OrderBody, orderWire, requestOf, type StreamItem, wordsFor } from "./wire.ts";

const numbered = z.strictObject({ orderNumber });
const ENDED_OR_NOT = [
  { status: 200, schema: schemas.order },
  { status: 202, schema: schemas.order },
] as const;
const BUSY: readonly RefusalWord[] = ["order-unknown", "order-open", "order-conflict", "too-many-orders", "number-spent"];
const REPRINT_TIMEOUT_MS = 30_000;

type Params = z.output<typeof numbered>;
type Wait = z.output<typeof schemas.waitQuery>;
type JsonReply = Extract<Reply, { readonly json: object }>;
type OrderCall<Body> = Call<Params, Wait, Body>;

function nameOf({ caller, params }: Call<Params, unknown, unknown>): OrderName {
  return { client: caller.client, orderNumber: params.orderNumber };
}

/** From what the journal takes for one basket, so that the two never disagree. Who shows it, and how, may differ: an e-code lives for a minute. */
function basketKey(request: OrderRequest): string {
  return `place:${tokenHash(canonicalJson(basketOf(request)))}`;
}

/** The order before anything of it is durable; nothing is to be paid before the insurer has said what. */
function fresh(request: OrderRequest): OrderView {
  const { client, orderNumber, operator, amount, replaces } = request;
  const head = { client, orderNumber, operator, amount, ...(replaces === undefined ? {} : { replaces }) };
  return { ...head, state: "open", tenders: [], rest: ZERO_FEN, receipts: [] };
}

async function known(desk: Desk, name: OrderName): Promise<OrderView> {
  const view = await desk.service.orders.query(name);
  if (view === undefined) throw refusal("order-unknown");
  return view;
}

/** Waits for the order as long as the caller wants; what it is then is the answer. */
async function settledOrder(desk: Desk, order: LiveOrder, call: { readonly query: Wait; readonly signal: AbortSignal }): Promise<JsonReply> {
  const { waitMs } = desk.config.bounds;
  const timeoutMs = Math.min(Number(call.query.waitMs ?? waitMs), waitMs);
  const end = (await order.wait({ timeoutMs, signal: call.signal })) ?? order.end;
  return end === undefined ? standing(desk, order.name, order) : { status: 200, json: endedOrder(end) };
}

/** What is known of the order now: what the journal says, and what only the work under way knows. */
async function standing(desk: Desk, name: OrderName, live: LiveOrder | undefined): Promise<JsonReply> {
  const wasUnderWay = live?.underWay === true;
  const durable = await desk.service.orders.query(name);
  // What ended while the journal was asked is told by its end: the journal may have answered before.
  const end = wasUnderWay ? live.end : undefined;
  if (end !== undefined) return { status: 200, json: endedOrder(end) };
  const now = live?.wire(durable) ?? (durable === undefined ? undefined : orderWire(durable, { underWay: false }));
  if (now === undefined) {
    await demandUnspent(desk.service, orderReference(name));
    throw refusal("order-unknown");
  }
  return { status: now.underWay ? 202 : 200, json: now };
}

function endedOrder(end: OrderEnd): object {
  if ("error" in end) throw end.error;
  const { reason } = end.view;
  if (reason === "order-conflict" || reason === "order-unknown" || reason === "order-open") throw refusal(reason);
  return orderWire(end.view, { underWay: false });
}

function mayPlace(call: Call<unknown, unknown, unknown>, body: OrderBody): void {
  if (body.tenders.includes("cash") && !may(call.operator.role, "take-cash"))
    throw refusal("not-allowed", { problems: ["tenders: this operator takes no cash"] });
}

async function begin(desk: Desk, request: OrderRequest): Promise<LiveOrder> {
  const { service, live } = desk;
  const first = live.find(request)?.underWay === true ? undefined : await service.orders.query(request);
  if (first === undefined) await demandUnspent(service, orderReference(request));
  return live.begin(request, {
    key: basketKey(request),
    first: first ?? fresh(request),
    run: (counter, limits) => service.orders.place(request, counter, limits),
  });
}

const place = route({
  id: "placeOrder",
  method: "PUT",
  path: "/v1/orders/{orderNumber}",
  summary:
    "Places an order, or takes it up, or tells how it ended. The same number with the same basket is the same order, whenever and however often it is sent.",
  needs: "place",
  params: numbered,
  query: schemas.waitQuery,
  body: schemas.orderBody,
  answers: ENDED_OR_NOT,
  refusals: BUSY,
  handle: async (desk, call) => {
    mayPlace(call, call.body);
    const order = await begin(desk, requestOf(nameOf(call), call.operator.operator, call.body));
    return settledOrder(desk, order, { query: call.query, signal: call.caller.signal });
  },
});

const look = route({
  id: "getOrder",
  method: "GET",
  path: "/v1/orders/{orderNumber}",
  summary: "What is known of an order, with the question that is open. With `waitMs` an order under way is waited for; nothing is ever begun.",
  needs: "see-orders",
  params: numbered,
  query: schemas.waitQuery,
  answers: ENDED_OR_NOT,
  refusals: ["order-unknown", "order-conflict", "order-open", "number-spent"],
  handle: async (desk, call) => {
    const live = desk.live.find(nameOf(call));
    if (live?.underWay === true && call.query.waitMs !== undefined) return settledOrder(desk, live, { query: call.query, signal: call.caller.signal });
    return standing(desk, nameOf(call), live);
  },
});

const events = route({
  id: "orderEvents",
  method: "GET",
  path: "/v1/orders/{orderNumber}/events",
  summary: "Events and questions of an order as server-sent events, from the beginning or after Last-Event-ID. Ends when the order is no longer under way.",
  needs: "see-orders",
  params: numbered,
  query: NOTHING,
  answers: [{ status: 200, schema: schemas.streamItem, type: "text/event-stream" }],
  refusals: ["order-unknown", "too-many-streams"],
  handle: async (desk, call) => {
    const { caller } = call;
    const live = desk.live.find(nameOf(call));
    if (live === undefined) return storedStream(await known(desk, nameOf(call)));
    const giveBack = desk.streams.take(caller.client);
    if (giveBack === undefined) throw refusal("too-many-streams", { retryAfterMs: 1_000 });
    const options = { clock: desk.clock, heartbeatMs: desk.config.bounds.heartbeatMs, lastId: caller.lastEventId, signal: caller.signal };
    return { stream: (response) => tellEvents(response, live, options).finally(giveBack) };
  },
});

/** An order of which only the journal knows: its result is all that can be told. */
function storedStream(view: OrderView): Reply {
  const items: readonly StreamItem[] = [{ type: "gap" }, { type: "result", order: orderWire(view, { underWay: false }) }];
  return {
    stream: async (response) => {
      response.writeHead(200, STREAM_HEADERS);
      response.end(items.map((item) => frame(item)).join(""));
    },
  };
}

const answer = route({
  id: "answerQuestion",
  method: "POST",
  path: "/v1/orders/{orderNumber}/answers",
  summary: "Answers the open question. The same answer sent again is the same answer.",
  needs: "place",
  params: numbered,
  query: NOTHING,
  body: schemas.answerBody,
  answers: [{ status: 200, schema: schemas.done }],
  refusals: ["order-unknown", "question-stale", "question-answered", "answer-unfitting"],
  handle: async (desk, call) => {
    const { body, operator } = call;
    const live = desk.live.find(nameOf(call));
    if (live === undefined) {
      await known(desk, nameOf(call));
      throw refusal("question-stale");
    }
    const cash = body.answer === "tender" && body.tender === "cash";
    if (cash && !may(operator.role, "take-cash")) throw refusal("not-allowed", { problems: ["tender: this operator takes no cash"] });
    live.answer(body);
    return { status: 200, json: { done: true } };
  },
});

const cancel = route({
  id: "cancelOrder",
  method: "POST",
  path: "/v1/orders/{orderNumber}/cancel",
  summary: "Gives up an order that has not ended: what was settled is voided, what was paid is given back.",
  needs: "place",
  params: numbered,
  query: schemas.waitQuery,
  body: schemas.voidBody,
  answers: ENDED_OR_NOT,
  refusals: [...BUSY, "order-ended", "order-undecided"],
  handle: async (desk, call) => {
    const signal = call.caller.signal;
    const live = desk.live.find(nameOf(call));
    if (live?.underWay === true) {
      live.cancel();
      return settledOrder(desk, live, { query: call.query, signal });
    }
    const view = await known(desk, nameOf(call));
    // A second cancel of the same order finds it cancelled.
    if (view.state === "refused" || view.state === "void") return { status: 200, json: orderWire(view, { underWay: false }) };
    // Whoever is told that it ended gives it back, although nobody knows whether there is anything to give back.
    if (view.state === "unknown") throw refusal("order-undecided", { problems: view.reason === undefined ? [] : [`reason: ${view.reason}`] });
    if (view.state !== "open") throw refusal("order-ended");
    // It was sold and paid for; the insurer has taken it back by itself, and what follows is a return like any other.
    if (view.reason === "already-void") mayGiveBack(call, "void", { amount: view.amount, limit: desk.config.voidLimitFen });
    return settledOrder(desk, voided(desk, call, view), { query: call.query, signal });
  },
});

function voided(desk: Desk, call: Call<Params, unknown, unknown>, view: OrderView): LiveOrder {
  const name = nameOf(call);
  const { operator } = call.operator;
  return desk.live.begin(name, { key: "void", first: view, run: (_counter, limits) => desk.service.orders.voidOrder(name, { operator }, limits) });
}

function mayGiveBack(call: OrderCall<unknown>, act: "void" | "refund", amounts: { readonly amount: number; readonly limit: number }): void {
  const named = actFor(act, amounts.amount, amounts.limit);
  if (may(call.operator.role, named)) return;
  throw refusal(may(call.operator.role, act) ? "supervisor-needed" : "not-allowed");
}

const voidIt = route({
  id: "voidOrder",
  method: "POST",
  path: "/v1/orders/{orderNumber}/void",
  summary: "Gives the whole order back: the settlement at the insurer and every tender.",
  needs: "void",
  params: numbered,
  query: schemas.waitQuery,
  body: schemas.voidBody,
  answers: ENDED_OR_NOT,
  refusals: [...BUSY, "supervisor-needed"],
  handle: async (desk, call) => {
    const view = await known(desk, nameOf(call));
    mayGiveBack(call, "void", { amount: view.amount, limit: desk.config.voidLimitFen });
    return settledOrder(desk, voided(desk, call, view), { query: call.query, signal: call.caller.signal });
  },
});

const reprint = route({
  id: "reprintReceipt",
  method: "POST",
  path: "/v1/orders/{orderNumber}/reprint",
  summary: "Prints a receipt of the order again, marked as a copy.",
  needs: "reprint",
  params: numbered,
  query: NOTHING,
  body: schemas.reprintBody,
  answers: [{ status: 200, schema: schemas.reprinted }],
  refusals: ["order-unknown"],
  handle: async (desk, call) => {
    const view = await known(desk, nameOf(call));
    const { receipt } = call.body;
    if (!view.receipts.includes(receipt)) throw refusal("request-invalid", { problems: ["receipt: this order has none of this kind"] });
    const act = { operator: call.operator.operator, receipt };
    const outcome = await desk.service.orders.reprint(nameOf(call), act, { timeoutMs: REPRINT_TIMEOUT_MS, signal: call.caller.closing });
    return { status: 200, json: outcome === "printed" ? { printed: true } : { printed: false, reason: outcome, ...wordsFor(outcome) } };
  },
});

const settleLater = route({
  id: "settleLater",
  method: "POST",
  path: "/v1/orders/{orderNumber}/settle-later",
  summary: "Settles with the insurer what was sold without it.",
  needs: "settle-later",
  params: numbered,
  query: schemas.waitQuery,
  body: schemas.settleLaterBody,
  answers: ENDED_OR_NOT,
  refusals: BUSY,
  handle: async (desk, call) => {
    const name = nameOf(call);
    const view = await known(desk, name);
    const act = { operator: call.operator.operator, ...call.body };
    const order = desk.live.begin(name, {
      // Somebody else's credential is other work: nobody is settled for the holder of another card in silence.
      key: `settle-later:${tokenHash(canonicalJson(call.body))}`,
      first: view,
      run: (counter, limits) => desk.service.orders.settleLater(name, act, counter, limits),
    });
    return settledOrder(desk, order, { query: call.query, signal: call.caller.signal });
  },
});

const payRefund = route({
  id: "payRefund",
  method: "POST",
  path: "/v1/orders/{orderNumber}/pay-refund",
  summary: "Says that the counter has handed out what a later settlement owed the holder.",
  needs: "refund",
  params: numbered,
  query: schemas.waitQuery,
  body: schemas.voidBody,
  answers: ENDED_OR_NOT,
  refusals: [...BUSY, "supervisor-needed"],
  handle: async (desk, call) => {
    const name = nameOf(call);
    const view = await known(desk, name);
    mayGiveBack(call, "refund", { amount: view.offline?.refundDue ?? ZERO_FEN, limit: desk.config.refundLimitFen });
    const { operator } = call.operator;
    const run: Parameters<typeof desk.live.begin>[1]["run"] = (_counter, limits) => desk.service.orders.payRefund(name, { operator }, limits);
    const order = desk.live.begin(name, { key: "pay-refund", first: view, run });
    return settledOrder(desk, order, { query: call.query, signal: call.caller.signal });
  },
});

const giveBack = route({
  id: "returnGoods",
  method: "POST",
  path: "/v1/orders/{orderNumber}/return",
  summary:
    "A part comes back: the order is given back as a whole, and what the customer keeps becomes an order of its own. Sent again, it goes on where it stood.",
  needs: "void",
  params: numbered,
  query: schemas.waitQuery,
  body: schemas.returnBody,
  answers: [
    { status: 200, schema: schemas.returned },
    { status: 202, schema: schemas.returned },
  ],
  refusals: [...BUSY, "supervisor-needed", "return-same-number"],
  handle: async (desk, call) => {
    const name = nameOf(call);
    const { newOrderNumber, basket } = call.body;
    if (newOrderNumber === name.orderNumber) throw refusal("return-same-number");
    mayPlace(call, basket);
    const view = await known(desk, name);
    mayGiveBack(call, "void", { amount: view.amount, limit: desk.config.voidLimitFen });
    const later = await desk.service.orders.query({ ...name, orderNumber: newOrderNumber });
    // A number that is some other order's must not cost the customer the earlier one.
    if (later !== undefined && (later.replaces ?? (view.state === "void" ? name.orderNumber : "")) !== name.orderNumber) throw refusal("order-conflict");
    return returned(desk, call, view);
  },
});

type ReturnCall = OrderCall<z.output<typeof schemas.returnBody>>;

async function returned(desk: Desk, call: ReturnCall, view: OrderView): Promise<Reply> {
  const { query, caller, body, operator } = call;
  const waited = { query, signal: caller.signal };
  if (view.state !== "void") {
    const given = await settledOrder(desk, voided(desk, call, view), waited);
    const after = await known(desk, nameOf(call));
    if (after.state !== "void" || given.status === 202) return { status: given.status, json: { given: given.json } };
  }
  const given = orderWire(await known(desk, nameOf(call)), { underWay: false });
  const name = { ...nameOf(call), orderNumber: body.newOrderNumber };
  const request = { ...requestOf(name, operator.operator, body.basket), amount: fen(body.basket.amountFen), replaces: call.params.orderNumber };
  const kept = await settledOrder(desk, await begin(desk, request), waited);
  return { status: kept.status, json: { given, kept: kept.json } };
}

export const ORDER_ROUTES: readonly Route[] = [place, look, events, answer, cancel, voidIt, reprint, settleLater, payRefund, giveBack];
