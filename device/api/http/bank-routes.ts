/*
 * Bank cards at the counter: the session with the acquirer, payments and what goes back of them, loads of purses, the batch. Every number is the
 * caller's own and lives within its client; the same number is the same act, also after a lost answer.
 */
import * as z from "zod";
import { type Fen, fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { BankActs, BankOutcome, BankReturnRequest } from "../../txn/acquiring/acts.ts";
import * as schemas from "./bank-schemas.ts";
import { balanceWire, bankActWire, downloadWire, loadWire, parkedActOf, parkedWire, settlementWire } from "./bank-wire.ts";
import { refusal } from "./errors.ts";
import { actFor, may } from "./roles.ts";
import { type Call, type Desk, NOTHING, type Route, route } from "./route.ts";
import { orderNumber } from "./schema-words.ts";
import { subject } from "./schemas.ts";
import { demandUnspent } from "./spent.ts";
import { present, wordsFor } from "./wire.ts";

/** More than anybody looks through. */
const LISTED_MAX = 200;
const none = { params: NOTHING, query: NOTHING } as const;
const numberedPayment = z.strictObject({ paymentNumber: orderNumber });
const numberedReturn = z.strictObject({ returnNumber: orderNumber });

type Patient = Call<unknown, unknown, { readonly timeoutMs: number }>;

function bankOf({ service }: Desk): BankActs {
  if (service.bank === undefined) throw refusal("not-offered");
  return service.bank;
}

/** One letter for each kind of act, so that a payment and its return may have the same number. */
function referenceOf({ caller }: Call<unknown, unknown, unknown>, letter: "b" | "r" | "l", number: string): string {
  return `${caller.client}.${number}.${letter}1`;
}

/** What moves money outlives its caller. */
function limitsOf({ body, caller }: Patient): Limits {
  return { timeoutMs: body.timeoutMs, signal: caller.closing };
}

function session(act: "signIn" | "signOff"): Route {
  return route({
    id: act === "signIn" ? "bankSignIn" : "bankSignOff",
    method: "POST",
    path: act === "signIn" ? "/v1/bank/sign-in" : "/v1/bank/sign-off",
    summary: act === "signIn" ? "Signs the terminal in at its acquirer and takes new working keys." : "Signs the terminal off at its acquirer.",
    needs: "bank-session",
    ...none,
    body: schemas.patienceBody,
    answers: [{ status: 200, schema: schemas.bankSession }],
    refusals: ["not-offered"],
    handle: async (desk, call) => {
      const outcome = await bankOf(desk)[act](limitsOf(call));
      return { status: 200, json: outcome.kind === "refused" ? { ...outcome, ...wordsFor(outcome.reason) } : outcome };
    },
  });
}

const pay = route({
  id: "bankPayment",
  method: "POST",
  path: "/v1/bank/payments",
  summary: "A sale or a cash withdrawal on a bank account. The same payment number is the same payment: asking again never debits twice.",
  needs: "bank-pay",
  ...none,
  body: schemas.bankPaymentBody,
  answers: [{ status: 200, schema: schemas.bankAct }],
  refusals: ["not-offered", "order-conflict", "number-spent"],
  handle: async (desk, call) => {
    const { paymentNumber, business, amountFen } = call.body;
    const request = { reference: referenceOf(call, "b", paymentNumber), business, amount: fen(amountFen), operator: call.operator.operator };
    const content = JSON.stringify([business, amountFen]);
    const outcome = await desk.works.bank.run(request.reference, content, () => bankOf(desk).pay(request, limitsOf(call)));
    return { status: 200, json: bankActWire(paymentNumber, outcome) };
  },
});

async function knownAct(desk: Desk, reference: string): Promise<BankOutcome> {
  const outcome = await bankOf(desk).known(reference);
  if (outcome !== undefined) return outcome;
  await demandUnspent(desk.service, reference);
  throw refusal("act-unknown");
}

const lookPayment = route({
  id: "getBankPayment",
  method: "GET",
  path: "/v1/bank/payments/{paymentNumber}",
  summary: "How a payment on a bank account stands.",
  needs: "bank-pay",
  params: numberedPayment,
  query: NOTHING,
  answers: [{ status: 200, schema: schemas.bankAct }],
  refusals: ["not-offered", "act-unknown", "number-spent"],
  handle: async (desk, call) => {
    const { paymentNumber } = call.params;
    return { status: 200, json: bankActWire(paymentNumber, await knownAct(desk, referenceOf(call, "b", paymentNumber))) };
  },
});

/** Above its limit a return needs a supervisor; the whole is what the payment came to. */
function mayReturn(desk: Desk, call: Call<unknown, unknown, z.output<typeof schemas.bankReturnBody>>, original: BankOutcome): void {
  const { business, amountFen } = call.body;
  const { voidLimitFen, refundLimitFen } = desk.config;
  const whole: Fen | undefined = original.kind === "approved" ? original.amount : undefined;
  const amount = business === "void" ? whole : (amountFen ?? whole);
  if (amount === undefined) return;
  if (!may(call.operator.role, actFor(business, amount, business === "void" ? voidLimitFen : refundLimitFen))) throw refusal("supervisor-needed");
}

const takeBack = route({
  id: "bankReturn",
  method: "POST",
  path: "/v1/bank/returns",
  summary: "Takes a payment on a bank account back: as a whole within its batch, or as a refund. The same return number is the same return.",
  needs: "refund",
  ...none,
  body: schemas.bankReturnBody,
  answers: [{ status: 200, schema: schemas.bankAct }],
  refusals: ["not-offered", "act-unknown", "order-conflict", "supervisor-needed", "number-spent"],
  handle: async (desk, call) => {
    const { returnNumber, business, paymentNumber, amountFen } = call.body;
    const original = referenceOf(call, "b", paymentNumber);
    mayReturn(desk, call, await knownAct(desk, original));
    const amount = amountFen === undefined ? {} : { amount: fen(amountFen) };
    const reference = referenceOf(call, "r", returnNumber);
    const request: BankReturnRequest = { reference, business, original, operator: call.operator.operator, ...amount };
    const content = JSON.stringify([business, paymentNumber, amountFen ?? null]);
    const outcome = await desk.works.bank.run(reference, content, () => bankOf(desk).takeBack(request, limitsOf(call)));
    return { status: 200, json: bankActWire(returnNumber, outcome) };
  },
});

const lookReturn = route({
  id: "getBankReturn",
  method: "GET",
  path: "/v1/bank/returns/{returnNumber}",
  summary: "How a return on a bank account stands.",
  needs: "bank-pay",
  params: numberedReturn,
  query: NOTHING,
  answers: [{ status: 200, schema: schemas.bankAct }],
  refusals: ["not-offered", "act-unknown", "number-spent"],
  handle: async (desk, call) => {
    const { returnNumber } = call.params;
    return { status: 200, json: bankActWire(returnNumber, await knownAct(desk, referenceOf(call, "r", returnNumber))) };
  },
});

const balance = route({
  id: "bankBalance",
  method: "POST",
  path: "/v1/bank/balance",
  summary: "What the bank account has available.",
  needs: "bank-pay",
  ...none,
  body: schemas.patienceBody,
  answers: [{ status: 200, schema: schemas.bankBalance }],
  refusals: ["not-offered"],
  // It moves no money: a caller that goes away is not waited for.
  handle: async (desk, call) => {
    const limits = { timeoutMs: call.body.timeoutMs, signal: call.caller.signal };
    return { status: 200, json: balanceWire(await bankOf(desk).balance({ operator: call.operator.operator }, limits)) };
  },
});

const load = route({
  id: "loadPurse",
  method: "POST",
  path: "/v1/bank/loads",
  summary: "Loads a purse of the card from its bank account. The same load number is the same load.",
  needs: "bank-pay",
  params: NOTHING,
  query: NOTHING,
  body: schemas.loadBody,
  answers: [{ status: 200, schema: schemas.load }],
  refusals: ["not-offered", "order-conflict", "number-spent"],
  handle: async (desk, call) => {
    const { loadNumber, purse, amountFen } = call.body;
    const request = { reference: referenceOf(call, "l", loadNumber), purse, amount: fen(amountFen), operator: call.operator.operator };
    const content = JSON.stringify([purse, amountFen]);
    const outcome = await desk.works.loads.run(request.reference, content, () => bankOf(desk).load(request, limitsOf(call)));
    return { status: 200, json: loadWire(loadNumber, outcome) };
  },
});

const settle = route({
  id: "settleBank",
  method: "POST",
  path: "/v1/bank/settlement",
  summary: "Sends what is due, then compares the batch with the acquirer's books. One that was half done goes on.",
  needs: "bank-settle",
  ...none,
  body: schemas.patienceBody,
  answers: [{ status: 200, schema: schemas.bankSettlement }],
  refusals: ["not-offered"],
  handle: async (desk, call) => {
    const { operator } = call.operator;
    const outcome = await desk.works.settlements.run("batch", "", () => bankOf(desk).settle({ operator }, limitsOf(call)));
    return { status: 200, json: settlementWire(outcome) };
  },
});

const settlementDealtWith = route({
  id: "settlementDealtWith",
  method: "POST",
  path: "/v1/bank/settlement/dealt-with",
  summary: "Closes the batch of a half-done settlement that a person has dealt with at the acquirer. Said twice of a batch, it is done once.",
  needs: "settle-cases",
  ...none,
  body: schemas.settlementWordBody,
  answers: [{ status: 200, schema: schemas.bankSettlement }],
  refusals: ["not-offered"],
  handle: async (desk, call) => {
    const { batch, note } = call.body;
    const word = { operator: call.operator.operator, batch, ...present({ note }) };
    return { status: 200, json: settlementWire(await bankOf(desk).settlementDealtWith(word, limitsOf(call))) };
  },
});

const download = route({
  id: "bankDownload",
  method: "POST",
  path: "/v1/bank/downloads",
  summary: "Takes parameters, authority keys or lists of the acquirer.",
  needs: "bank-download",
  ...none,
  body: schemas.downloadBody,
  answers: [{ status: 200, schema: schemas.download }],
  refusals: ["not-offered"],
  handle: async (desk, call) => ({ status: 200, json: downloadWire(await bankOf(desk).download(call.body.what, limitsOf(call))) }),
});

const parked = route({
  id: "getParked",
  method: "GET",
  path: "/v1/bank/parked",
  summary: `Messages to the bank that wait for a person: the oldest ${LISTED_MAX}, of all clients.`,
  needs: "see-parked",
  ...none,
  answers: [{ status: 200, schema: schemas.parked }],
  refusals: ["not-offered"],
  handle: async (desk) => ({ status: 200, json: parkedWire(await bankOf(desk).parked(LISTED_MAX)) }),
});

const settleParked = route({
  id: "settleParked",
  method: "POST",
  path: "/v1/bank/parked/{subject}",
  summary: "What a person says of a parked item. Said twice, it is done once.",
  needs: "settle-cases",
  params: z.strictObject({ subject }),
  query: NOTHING,
  body: schemas.parkedActBody,
  answers: [{ status: 200, schema: schemas.parkedAct }],
  refusals: ["not-offered", "case-not-parked", "act-unfitting"],
  handle: async (desk, { body, operator, params }) => {
    const state = await bankOf(desk).settleParked(params.subject, parkedActOf(body, operator.operator));
    if (state === "settled") return { status: 200, json: { subject: params.subject, state } };
    throw refusal(state === "not-parked" ? "case-not-parked" : state);
  },
});

export const BANK_ROUTES: readonly Route[] = [
  ...[session("signIn"), session("signOff"), pay, lookPayment, takeBack, lookReturn, balance],
  ...[load, settle, settlementDealtWith, download, parked, settleParked],
];
