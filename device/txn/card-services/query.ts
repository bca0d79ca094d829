/*
 * Questions (自助查询): from the host that knows, with the last known answer and its time where it is not reached; purses and logs from the card.
 * A figure of the medical account never comes from the card: it is the insurer's ledger. Spec: card-services/v1, 4.
 */
import type { Limits } from "../../base/ports.ts";
import { civilTime } from "../../codec/civil-time.ts";
import { writeMoment } from "../agency/times.ts";
import type { JsonObject } from "../journal/types.ts";
import { findPerson, type Insurance, type Person } from "../medical-host/person-services.ts";
import type { CardQuery, CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import { askAgency, cardMember, drawId } from "./agency-side.ts";
import type { ServedCard, ServiceDesk } from "./desk.ts";
import { ownRecords } from "./own-records.ts";
import { medicalLog, purseBalances, purseLog } from "./query-card.ts";
import { type Refused, refuse, refuseByHost, type ServiceReason } from "./refusals.ts";

type Query = Extract<CardServiceRequest, { service: "query" }>;
type Asked = (desk: ServiceDesk, served: ServedCard, request: Query, limits: Limits) => Promise<CardServiceOutcome>;

/** Agency records go back this far. */
const RECORD_YEARS = 2;

const QUERIES: Readonly<Record<CardQuery, Asked>> = {
  status,
  "insured-places": insuredPlaces,
  "medical-balance": medicalBalance,
  "purse-balances": (desk, served, _request, limits) => purseBalances(desk, served, limits),
  "purse-log": (desk, served, _request, limits) => purseLog(desk, served, limits),
  "card-log": (desk, served, _request, limits) => medicalLog(desk, served, limits),
  contributions: (desk, served, request, limits) =>
    fromAgency(desk, served, { name: "contributions", input: { what: "contributions" }, service: "records", operator: request.operator }, limits),
  settlements: (desk, served) => settlements(desk, served),
  statement,
};

export function query(desk: ServiceDesk, request: Query, limits: Limits): Promise<CardServiceOutcome> {
  return desk.withCard({ operator: request.operator, mayTrade: true }, limits, async (served) => {
    const refused = request.withPin ? await desk.verifyPin(served, limits) : undefined;
    return refused ?? QUERIES[request.what](desk, served, request, limits);
  });
}

/** What the agency says of the card, and what this terminal's lists say; offline the lists alone, with their dates, and the last known word. */
async function status(desk: ServiceDesk, { card }: ServedCard, { operator }: Query, limits: Limits): Promise<CardServiceOutcome> {
  const told = await desk.status(card, operator, limits);
  const lists = desk.ports.lists.states().map(({ level, issuedMs }) => ({ level, asOf: issuedMs === undefined ? "" : writeMoment(issuedMs) }));
  const output = { listed: false, lists, ...told?.output };
  return told === undefined || told.now ? { kind: "done", output } : { kind: "done", output, asOf: writeMoment(told.asOfMs) };
}

interface AgencyQuestion {
  readonly name: string;
  readonly service: "records" | "statement";
  readonly input: JsonObject;
  readonly operator: string;
}

async function fromAgency(desk: ServiceDesk, { card }: ServedCard, asked: AgencyQuestion, limits: Limits): Promise<CardServiceOutcome> {
  const { name, service, input, operator } = asked;
  const request = { service, id: drawId(desk.ports), operator, input: { card: cardMember(card), ...input } } as const;
  const reply = await askAgency(desk.ports, request, desk.hostLimits(limits.signal));
  if (reply.kind === "ok") return fresh(desk, card.cardIdentifier, { name, output: reply.output });
  return reply.kind === "refused" ? refuseByHost("agency", reply) : lastKnown(desk, card.cardIdentifier, { name, otherwise: "agency-not-reached" });
}

async function fresh(
  desk: ServiceDesk,
  cardIdentifier: string,
  { name, output }: { readonly name: string; readonly output: JsonObject },
): Promise<CardServiceOutcome> {
  await desk.known.keep(cardIdentifier, { name, output, asOfMs: desk.ports.clock.wallMs() });
  return { kind: "done", output };
}

function lastKnown(
  desk: ServiceDesk,
  cardIdentifier: string,
  { name, otherwise }: { readonly name: string; readonly otherwise: ServiceReason },
): CardServiceOutcome {
  const known = desk.known.value(cardIdentifier, name);
  return known === undefined ? refuse(otherwise) : { kind: "done", output: known.output, asOf: writeMoment(known.asOfMs) };
}

/** By the insurer where one is connected, by the agency else. */
async function insuredPlaces(desk: ServiceDesk, served: ServedCard, { operator }: Query, limits: Limits): Promise<CardServiceOutcome> {
  const { cardIdentifier } = served.card;
  const person = await askInsurer(desk, served, limits);
  if (person.kind === "refused") return person;
  if (person.kind === "person") return fresh(desk, cardIdentifier, { name: "insured-places", output: { insurances: person.person.insurances.map(placeOf) } });
  const told = await desk.status(served.card, operator, limits);
  const places = told?.output["insuredPlaces"];
  if (told?.now === true && places !== undefined) return fresh(desk, cardIdentifier, { name: "insured-places", output: { insurances: places } });
  return lastKnown(desk, cardIdentifier, { name: "insured-places", otherwise: "nothing-known" });
}

async function medicalBalance(desk: ServiceDesk, served: ServedCard, _request: Query, limits: Limits): Promise<CardServiceOutcome> {
  const { cardIdentifier } = served.card;
  const person = await askInsurer(desk, served, limits);
  if (person.kind === "refused") return person;
  if (person.kind === "silent") return lastKnown(desk, cardIdentifier, { name: "medical-balance", otherwise: "insurer-not-reached" });
  const accounts = person.person.insurances.map(({ type, area, balance }) => ({ insurance: type, area, balanceFen: balance ?? null }));
  return fresh(desk, cardIdentifier, { name: "medical-balance", output: { accounts } });
}

function placeOf({ type, area, status: state, personType }: Insurance): JsonObject {
  return { insurance: type, area, status: state, personType };
}

/** "silent": not connected or not reached. */
async function askInsurer(
  desk: ServiceDesk,
  { card }: ServedCard,
  limits: Limits,
): Promise<{ readonly kind: "person"; readonly person: Person } | Refused | { readonly kind: "silent" }> {
  const { medical, clock } = desk.ports;
  if (medical === undefined) return { kind: "silent" };
  const { cardNumber, cardIdentifier, holder } = card;
  const named = { holder: { certificate: holder.socialSecurityNumber, name: holder.name } };
  const credential = { kind: "card", number: cardNumber, identifier: cardIdentifier, ...named } as const;
  const answer = await findPerson(medical, { credential, at: civilTime(clock.wallMs()).iso }, desk.hostLimits(limits.signal));
  if (answer.kind === "done") return { kind: "person", person: answer.value };
  return answer.kind === "refused" ? refuseByHost("insurer", { reason: "insurer-refused" }) : { kind: "silent" };
}

/** What was settled at this terminal: a part of the whole, and said so. */
async function settlements(desk: ServiceDesk, { card }: ServedCard): Promise<CardServiceOutcome> {
  return { kind: "done", output: { partial: true, rows: await ownRecords(desk.ports, card) } };
}

/** The agency's statement; where it is not reached the terminal's own records, which lift no stop of the card. */
async function statement(desk: ServiceDesk, served: ServedCard, { operator }: Query, limits: Limits): Promise<CardServiceOutcome> {
  const { date } = civilTime(desk.ports.clock.wallMs());
  const from = `${Number(date.slice(0, 4)) - RECORD_YEARS}0101`;
  const input = { card: cardMember(served.card), from, to: date };
  const reply = await askAgency(desk.ports, { service: "statement", id: drawId(desk.ports), operator, input }, desk.hostLimits(limits.signal));
  if (reply.kind === "ok") {
    // The stop ends before the statement is handed out: a power cut between the two costs nobody a second way to the counter.
    if (reply.output["liftsBlock"] === true) await desk.ports.onStatementPrinted?.(served.card.cardNumber);
    return { kind: "done", output: { partial: false, ...reply.output } };
  }
  const own = await ownRecords(desk.ports, served.card);
  return { kind: "done", output: { partial: true, liftsBlock: false, rows: own } };
}
