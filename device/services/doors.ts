/*
 * Goal: what the table of services refuses is refused at its own door too, with the same word and the same office.
 * Method: thin guards in front of the flows beside the acts; the table stays the one place that says what a switch means. What was begun before its
 * switch was turned off is told, and comes to its end, as ever. Spec: card-services/v1, 2.
 */
import type { Limits } from "../base/ports.ts";
import type { BankActs, BankOutcome, BankPaymentRequest, PurseLoadOutcome, PurseLoadRequest } from "../txn/acquiring/acts.ts";
import type { OpenedAgency } from "../txn/agency/open.ts";
import type { ServiceProfile } from "../txn/card-services/profile.ts";
import type { RowPlace, RowRefusal } from "../txn/card-services/row-types.ts";
import { serviceRow, standingOf } from "../txn/card-services/rows.ts";
import type { ContributionActs, ContributionRequest } from "../txn/contributions/acts.ts";

/** Why a row of the table is refused at this terminal; undefined: it is served. */
export type RowDoor = (row: number) => RowRefusal | undefined;

const CONTRIBUTIONS = 30;
const EXAMINATION_FEES = 32;
const BENEFITS = 33;
const CASH = 37;
const LOADS = 41;

export function rowDoor(place: RowPlace, profile: ServiceProfile): RowDoor {
  return (number) => {
    const row = serviceRow(number);
    const standing = row === undefined ? undefined : standingOf(row, place, profile);
    return standing?.answer === "refused" ? standing.refusal : undefined;
  };
}

/** Cash and loads by their switches; everything else of the bank is the acquirer's to offer. `isBegun`: whether an act of this reference is recorded. */
export function bankDoors<Acts extends Pick<BankActs, "pay" | "load">>(acts: Acts, door: RowDoor, isBegun: (reference: string) => Promise<boolean>): Acts {
  return {
    ...acts,
    pay: async (request: BankPaymentRequest, limits: Limits): Promise<BankOutcome> => {
      const refusal = request.business === "withdrawal" ? door(CASH) : undefined;
      if (refusal === undefined || (await isBegun(request.reference))) return acts.pay(request, limits);
      return { kind: "refused", reason: refusal.reason };
    },
    load: async (request: PurseLoadRequest, limits: Limits): Promise<PurseLoadOutcome> => {
      const refusal = door(LOADS);
      if (refusal === undefined || (await isBegun(request.reference))) return acts.load(request, limits);
      return { kind: "refused", reason: refusal.reason };
    },
  };
}

/** The agency as contributions ask it: for bills of the kinds that holders may pay here, and no others. */
export function agencyOfBills(agency: OpenedAgency, door: RowDoor): OpenedAgency {
  const isOpen = { contribution: door(CONTRIBUTIONS) === undefined, examination: door(EXAMINATION_FEES) === undefined };
  return {
    profile: { ...agency.profile, contributionKinds: agency.profile.contributionKinds.filter((kind) => isOpen[kind]) },
    ask: (request, limits) => agency.ask(request, limits),
    outcomeOf: (request, limits) => agency.outcomeOf(request, limits),
  };
}

/** Bills and benefits by their switches. */
export function contributionDoors(acts: ContributionActs, door: RowDoor): ContributionActs {
  const noBills = () => {
    const refusal = door(CONTRIBUTIONS);
    return refusal === undefined || door(EXAMINATION_FEES) === undefined ? undefined : refusedAs(refusal);
  };
  const pay = async (request: ContributionRequest, limits: Limits) => {
    const refused = noBills();
    if (refused === undefined) return acts.pay(request, limits);
    return (await acts.known(request.reference)) ?? refused;
  };
  const benefits: ContributionActs["benefits"] = async (request, limits) => {
    const refusal = door(BENEFITS);
    return refusal === undefined ? acts.benefits(request, limits) : refusedAs(refusal);
  };
  return {
    bills: async (request, limits) => noBills() ?? acts.bills(request, limits),
    pay,
    benefits,
    known: (reference) => acts.known(reference),
    receipt: (reference) => acts.receipt(reference),
    settleCase: (subject, act) => acts.settleCase(subject, act),
    openCases: (limit) => acts.openCases(limit),
  };
}

function refusedAs({ reason, office }: RowRefusal) {
  return { kind: "refused", reason, office } as const;
}
