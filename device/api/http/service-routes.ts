/* The card's other functions at the counter: contributions, benefits, and every service of the card. Numbers are the caller's own. */
import * as z from "zod";
import { fen } from "../../base/fen.ts";
import { tokenHash } from "../../crypto/passwords.ts";
import type { CardServiceActs, CardServiceRequest } from "../../txn/card-services/acts.ts";
import type { ContributionActs } from "../../txn/contributions/acts.ts";
import { printSlip } from "../../txn/receipts/print.ts";
import { receiptSlip } from "../../txn/receipts/receipt.ts";
import { patienceBody } from "./bank-schemas.ts";
import { refusal } from "./errors.ts";
import { type Act, may } from "./roles.ts";
import { type Call, type Desk, NOTHING, type Route, route } from "./route.ts";
import { slip as slipTold, subject, voidBody } from "./schemas.ts";
import * as schemas from "./service-schemas.ts";
import { benefitsWire, billsWire, casesWire, contributionWire, serviceRequestOf, serviceWire, tableWire } from "./service-wire.ts";
import { slipWire } from "./shop-wire.ts";
import { demandUnspent } from "./spent.ts";

const LISTED_MAX = 200;
const PRINT_TIMEOUT_MS = 30_000;
const none = { params: NOTHING, query: NOTHING } as const;
const numberedContribution = z.strictObject({ contributionNumber: schemas.contributionNumber });

function contributionsOf({ service }: Desk): ContributionActs {
  if (service.contributions === undefined) throw refusal("not-offered");
  return service.contributions;
}

function servicesOf({ service: { services } }: Desk): CardServiceActs {
  if (services === undefined) throw refusal("not-offered");
  return services;
}

function referenceOf({ caller }: Call<unknown, unknown, unknown>, contributionNumber: string): string {
  return `${caller.client}.${contributionNumber}.c1`;
}

/** A question moves nothing: a caller that goes away is not waited for. */
function questionLimits({ body, caller }: Call<unknown, unknown, { readonly timeoutMs: number }>) {
  return { timeoutMs: body.timeoutMs, signal: caller.signal };
}

const bills = route({
  id: "contributionBills",
  method: "POST",
  path: "/v1/contributions/bills",
  summary: "What the holder of the card owes the agency.",
  needs: "contributions",
  ...none,
  body: patienceBody,
  answers: [{ status: 200, schema: schemas.bills }],
  refusals: ["not-offered"],
  handle: async (desk, call) => ({
    status: 200,
    json: billsWire(await contributionsOf(desk).bills({ operator: call.operator.operator }, questionLimits(call))),
  }),
});

const pay = route({
  id: "payContribution",
  method: "POST",
  path: "/v1/contributions",
  summary: "Pays a bill of the agency from the bank account. The same contribution number is the same contribution: asking again never debits twice.",
  needs: "contributions",
  ...none,
  body: schemas.contributionBody,
  answers: [{ status: 200, schema: schemas.contribution }],
  refusals: ["not-offered", "order-conflict", "number-spent"],
  handle: async (desk, call) => {
    const { contributionNumber, billId, amountFen, timeoutMs } = call.body;
    const request = { reference: referenceOf(call, contributionNumber), billId, amount: fen(amountFen), operator: call.operator.operator };
    const limits = { timeoutMs, signal: call.caller.closing };
    const work = () => contributionsOf(desk).pay(request, limits);
    const outcome = await desk.works.contributions.run(request.reference, JSON.stringify([billId, amountFen]), work);
    return { status: 200, json: contributionWire(contributionNumber, outcome) };
  },
});

const look = route({
  id: "getContribution",
  method: "GET",
  path: "/v1/contributions/{contributionNumber}",
  summary: "How a contribution stands.",
  needs: "contributions",
  params: numberedContribution,
  query: NOTHING,
  answers: [{ status: 200, schema: schemas.contribution }],
  refusals: ["not-offered", "act-unknown", "number-spent"],
  handle: async (desk, call) => {
    const { contributionNumber } = call.params;
    const reference = referenceOf(call, contributionNumber);
    const outcome = await contributionsOf(desk).known(reference);
    if (outcome === undefined) await demandUnspent(desk.service, reference);
    if (outcome === undefined) throw refusal("act-unknown");
    return { status: 200, json: contributionWire(contributionNumber, outcome) };
  },
});

const cases = route({
  id: "getContributionCases",
  method: "GET",
  path: "/v1/contribution-cases",
  summary: `Contributions that are not decided: the oldest ${LISTED_MAX}, of all clients.`,
  needs: "see-parked",
  ...none,
  answers: [{ status: 200, schema: schemas.contributionCases }],
  refusals: ["not-offered"],
  handle: async (desk) => ({ status: 200, json: casesWire(await contributionsOf(desk).openCases(LISTED_MAX)) }),
});

const slip = route({
  id: "printContributionSlip",
  method: "POST",
  path: "/v1/contributions/{contributionNumber}/slip",
  summary: "Prints the slip of a contribution again, marked as a copy.",
  needs: "reprint",
  params: numberedContribution,
  query: NOTHING,
  body: voidBody,
  answers: [{ status: 200, schema: slipTold }],
  refusals: ["not-offered", "act-unknown"],
  handle: async (desk, call) => {
    const data = await contributionsOf(desk).receipt(referenceOf(call, call.params.contributionNumber));
    if (data === undefined) throw refusal("act-unknown");
    const { printer } = desk.service.devices;
    if (printer === undefined) return { status: 200, json: slipWire("printer-absent") };
    const style = { copy: true, by: call.operator.operator };
    const printed = await printSlip(printer, receiptSlip(data, style), { timeoutMs: PRINT_TIMEOUT_MS, signal: call.caller.closing });
    return { status: 200, json: slipWire(printed) };
  },
});

async function settleCase(desk: Desk, subject: string, word: Parameters<ContributionActs["settleCase"]>[1]) {
  const state = await contributionsOf(desk).settleCase(subject, word);
  if (state === "settled") return { status: 200, json: { subject, state } } as const;
  throw refusal(state === "not-parked" ? "case-not-parked" : state);
}

const CASE_ACTS = {
  "try-again": { id: "retryContributionCase", summary: "Asks the bank once more for the money of a case that has to go back." },
  "give-back": { id: "giveBackContributionCase", summary: "The agency has not got what it does not answer for: the money goes back." },
  returned: { id: "closeContributionCase", summary: "The money of a case was given back by hand." },
} as const;

const ofCase = {
  method: "POST",
  needs: "settle-cases",
  params: z.strictObject({ subject }),
  query: NOTHING,
  answers: [{ status: 200, schema: schemas.caseAct }],
  refusals: ["not-offered", "case-not-parked", "act-unfitting"],
} as const;

function caseRoute(how: keyof typeof CASE_ACTS): Route {
  return route({
    ...{ ...CASE_ACTS[how], ...ofCase },
    path: `/v1/contribution-cases/{subject}/${how}`,
    body: voidBody,
    handle: (desk, { operator, params }) => settleCase(desk, params.subject, { operator: operator.operator, how }),
  });
}

const caseConfirmed = route({
  id: "confirmContributionCase",
  summary: "The agency has what it does not answer for, with this receipt.",
  ...ofCase,
  path: "/v1/contribution-cases/{subject}/confirmed",
  body: schemas.caseConfirmedBody,
  handle: (desk, { body, operator, params }) =>
    settleCase(desk, params.subject, { operator: operator.operator, how: "confirmed", receiptNumber: body.receiptNumber }),
});

const benefits = route({
  id: "getBenefits",
  method: "POST",
  path: "/v1/benefits",
  summary: "What the holder of the card is entitled to, and what was paid.",
  needs: "contributions",
  ...none,
  body: patienceBody,
  answers: [{ status: 200, schema: schemas.benefits }],
  refusals: ["not-offered"],
  handle: async (desk, call) => ({
    status: 200,
    json: benefitsWire(await contributionsOf(desk).benefits({ operator: call.operator.operator }, questionLimits(call))),
  }),
});

/** What a service needs of whoever asks for it, beside the counter's usual right. */
const NEEDS: Partial<Readonly<Record<CardServiceRequest["service"], Act>>> = {
  "reset-pin": "reset-pin",
  "unlock-pin": "reset-pin",
  "block-application": "block-card",
  "report-loss": "report-loss",
  "withdraw-loss": "report-loss",
};

const service = route({
  id: "cardService",
  method: "POST",
  path: "/v1/services",
  summary: "One service of the card. What this terminal does not do is refused with its reason and the office that does it.",
  needs: "card-service",
  ...none,
  body: schemas.serviceBody,
  answers: [{ status: 200, schema: schemas.serviceAct }],
  refusals: ["not-offered", "order-conflict"],
  handle: async (desk, call) => {
    const { body, caller, operator } = call;
    const needs = NEEDS[body.service];
    if (needs !== undefined && !may(operator.role, needs)) throw refusal("not-allowed");
    const request = serviceRequestOf(body, operator.operator, (serviceNumber) => `${caller.client}.${serviceNumber}.v1`);
    const work = () => servicesOf(desk).perform(request, { timeoutMs: body.timeoutMs, signal: caller.closing });
    if (!("reference" in request)) return { status: 200, json: serviceWire(await work()) };
    const { operator: _operator, ...content } = request;
    // A hash, because a loss report names its person.
    return { status: 200, json: serviceWire(await desk.works.services.run(request.reference, tokenHash(JSON.stringify(content)), work)) };
  },
});

const table = route({
  id: "getServices",
  method: "GET",
  path: "/v1/services",
  summary: "Every service of the card as it stands at this terminal.",
  needs: "see-status",
  ...none,
  answers: [{ status: 200, schema: schemas.serviceTable }],
  refusals: ["not-offered"],
  handle: async (desk) => ({ status: 200, json: tableWire(servicesOf(desk).table()) }),
});

export const SERVICE_ROUTES: readonly Route[] = [
  bills,
  pay,
  look,
  slip,
  cases,
  caseRoute("try-again"),
  caseRoute("give-back"),
  caseRoute("returned"),
  caseConfirmed,
  benefits,
  service,
  table,
];
