/*
 * Goal: every service of the card that a holder may ask for at a counter is done here, or refused with its reason and the office that does it.
 * Method: one door for all of them; behind it each service is a part of its own, and the table says which rows are served at this terminal.
 */
import type { Limits } from "../../base/ports.ts";
import type { InitialPinEvidence } from "../../card/social/initial-pin.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { activate } from "./activate.ts";
import type { CardQuery, CardServiceActs, CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import { blockSocialApplication } from "./block.ts";
import { ServiceDesk } from "./desk.ts";
import { changeDetails } from "./details.ts";
import { identify } from "./identify.ts";
import { KnownValues } from "./known-values.ts";
import { reportLoss, withdrawLoss } from "./loss.ts";
import { takeUpPending } from "./pending.ts";
import { changePin, mendPin } from "./pin-acts.ts";
import { type CardServicePorts, DEFAULT_SERVICE_BOUNDS } from "./ports.ts";
import { query } from "./query.ts";
import { readBasic, readRecord } from "./reads.ts";
import { refuse, refuseRow } from "./refusals.ts";
import type { RowPlace } from "./row-types.ts";
import { howOf, SERVICE_ROWS, serviceRow, standingOf } from "./rows.ts";

export interface CardServices extends CardServiceActs {
  /**
   * Tells the agency what waits for it, and asks about what it has not decided. Resolves with the number that still waits. Faults: those of the
   * journal and of the local list.
   */
  takeUpPending(limits: Limits): Promise<number>;
  /** What was learned here of the PIN of a card, for the flows that ask before they let it pay. */
  pinEvidence(cardIdentifier: string): InitialPinEvidence;
}

/** The last known values are loaded before the first act; a damaged file is said and counts as empty. */
export function openCardServices(given: CardServicePorts): CardServices {
  const known = new KnownValues(given);
  const loaded = known.load();
  const { journalTimeoutMs } = given.bounds ?? DEFAULT_SERVICE_BOUNDS;
  const ports = { ...given, journal: boundedJournal(given, { timeoutMs: journalTimeoutMs }) };
  const desk = new ServiceDesk(ports, known);
  return {
    perform: async (request, limits) => {
      await loaded;
      return perform(desk, request, limits);
    },
    table: () =>
      SERVICE_ROWS.map((row) => {
        const standing = standingOf(row, placeOf(desk), ports.profile);
        return { row: row.row, name: row.name, answer: standing.answer, how: howOf(standing) };
      }),
    takeUpPending: async (limits) => {
      await loaded;
      return takeUpPending(desk, limits);
    },
    pinEvidence: (cardIdentifier) => known.pinEvidence(cardIdentifier),
  };
}

function placeOf({ ports }: ServiceDesk): RowPlace {
  const { kind, medical, bank, quickPayment, merchantAgreement = false } = ports.place;
  return { kind, medical, bank, quickPayment, merchantAgreement, agency: ports.agency !== undefined };
}

/** The row that decides whether an act is offered. */
function rowOfAct(request: CardServiceRequest): number | undefined {
  if (request.service === "other") return request.row;
  if (request.service === "report-loss") return request.loss === "formal" ? 52 : 51;
  if (request.service === "query") return ROW_OF_QUERY[request.what];
  return ROW_OF_ACT[request.service];
}

/** What the card alone answers is no row. */
const ROW_OF_QUERY: Readonly<Record<CardQuery, number | undefined>> = {
  "insured-places": 4,
  contributions: 5,
  "medical-balance": 6,
  settlements: 7,
  statement: 11,
  // Without the agency's word the lists of this terminal answer.
  status: undefined,
  "purse-balances": undefined,
  "purse-log": undefined,
  "card-log": undefined,
};

/** An ordered block decides by itself. */
const ROW_OF_ACT: Readonly<Record<Exclude<CardServiceRequest["service"], "other" | "report-loss" | "query">, number | undefined>> = {
  identify: 1,
  "read-basic": 3,
  "read-record": 3,
  "change-details": 56,
  activate: 46,
  "change-pin": 49,
  "reset-pin": 50,
  "unlock-pin": 50,
  "withdraw-loss": 53,
  "block-application": undefined,
};

async function perform(desk: ServiceDesk, request: CardServiceRequest, limits: Limits): Promise<CardServiceOutcome> {
  const refused = refusedByTable(desk, request);
  if (refused !== undefined) return refused;
  const giveBack = "reference" in request && request.reference !== undefined ? desk.ports.sales.take(request.reference) : () => undefined;
  if (giveBack === undefined) return refuse("reference-in-flight");
  try {
    const outcome = await act(desk, request, limits);
    desk.ports.log.info("card-service", { service: request.service, outcome: outcome.kind, ...("reason" in outcome ? { reason: outcome.reason } : {}) });
    return outcome;
  } finally {
    giveBack();
  }
}

function refusedByTable(desk: ServiceDesk, request: CardServiceRequest): CardServiceOutcome | undefined {
  const { ports } = desk;
  // No act of this door is a gate's.
  const number = rowOfAct(request) ?? (ports.place.kind === "gate" ? ROW_OF_ACT.identify : undefined);
  if (number === undefined) return undefined;
  const row = serviceRow(number);
  if (row === undefined) return refuse("row-unknown");
  const standing = standingOf(row, placeOf(desk), ports.profile);
  if (standing.answer === "refused") return refuseRow(standing.refusal);
  return request.service === "other" ? refuse("decided-elsewhere") : undefined;
}

function act(desk: ServiceDesk, request: CardServiceRequest, limits: Limits): Promise<CardServiceOutcome> {
  switch (request.service) {
    case "identify":
      return identify(desk, request, limits);
    case "read-basic":
      return readBasic(desk, request, limits);
    case "read-record":
      return readRecord(desk, request, limits);
    case "query":
      return query(desk, request, limits);
    case "change-details":
      return changeDetails(desk, request, limits);
    case "activate":
      return activate(desk, request, limits);
    case "change-pin":
      return changePin(desk, request, limits);
    case "reset-pin":
    case "unlock-pin":
      return mendPin(desk, request, limits);
    case "report-loss":
      return reportLoss(desk, request, limits);
    case "withdraw-loss":
      return withdrawLoss(desk, request, limits);
    case "block-application":
      return blockSocialApplication(desk, request, limits);
    case "other":
      return Promise.resolve(refuse("row-unknown"));
  }
}
