/* Between the words of contributions and card services and what travels of them. */
import type * as z from "zod";
import type { CardServiceActs, CardServiceOutcome, CardServiceRequest } from "../../txn/card-services/acts.ts";
import type { BenefitsView, BillsOutcome, ContributionActs, ContributionOutcome } from "../../txn/contributions/acts.ts";
import type * as schemas from "./service-schemas.ts";
import { present, wordsFor } from "./wire.ts";

type ServiceBody = z.output<typeof schemas.serviceBody>;
type ContributionWire = z.output<typeof schemas.contribution>;
type NotTold = Exclude<BillsOutcome, { readonly kind: "bills" }>;

function refusedWire(outcome: NotTold) {
  const { kind, reason } = outcome;
  return { kind, ...present({ reason, office: "office" in outcome ? outcome.office : undefined }), ...wordsFor(reason) };
}

export function billsWire(outcome: BillsOutcome): z.output<typeof schemas.bills> {
  if (outcome.kind !== "bills") return refusedWire(outcome);
  return { kind: outcome.kind, bills: outcome.bills.map(({ amount, ...bill }) => ({ ...bill, amountFen: amount })) };
}

export function contributionWire(contributionNumber: string, outcome: ContributionOutcome): ContributionWire {
  const reason = "reason" in outcome ? outcome.reason : undefined;
  const head = { contributionNumber, ...present({ subject: "subject" in outcome ? outcome.subject : undefined, reason }), ...wordsFor(reason) };
  switch (outcome.kind) {
    case "confirmed":
      return { ...head, kind: outcome.kind, amountFen: outcome.amount, receiptNumber: outcome.receiptNumber };
    case "refunded":
      return { ...head, kind: outcome.kind, amountFen: outcome.amount };
    case "refused":
      return { ...head, kind: outcome.kind, ...present({ office: outcome.office }) };
    case "open-case":
    case "no-card":
      return { ...head, kind: outcome.kind };
  }
}

export function casesWire(cases: Awaited<ReturnType<ContributionActs["openCases"]>>): z.output<typeof schemas.contributionCases> {
  return { cases: cases.map(({ amount, ...each }) => ({ ...each, amountFen: amount })) };
}

export function benefitsWire(outcome: BenefitsView | NotTold): z.output<typeof schemas.benefits> {
  if (outcome.kind !== "benefits") return refusedWire(outcome);
  const { kind, entitlements, payments, asOfMs, financialAccount } = outcome;
  return {
    kind,
    ...present({ asOfMs, financialAccount }),
    entitlements: entitlements.map((row) => ({ ...row })),
    payments: payments.map((row) => ({ ...row })),
  };
}

/** The act in the flow's words. `reference` makes the caller's own number one of this terminal. */
export function serviceRequestOf(body: ServiceBody, operator: string, reference: (serviceNumber: string) => string): CardServiceRequest {
  const { timeoutMs: _timeoutMs, ...asked } = body;
  if (!("serviceNumber" in asked)) return { operator, ...asked };
  const { serviceNumber, ...act } = asked;
  return { operator, ...act, reference: reference(serviceNumber) };
}

export function serviceWire(outcome: CardServiceOutcome): z.output<typeof schemas.serviceAct> {
  switch (outcome.kind) {
    case "done":
      return { kind: outcome.kind, output: { ...outcome.output }, ...present({ asOf: outcome.asOf, subject: outcome.subject }) };
    case "refused": {
      const { kind, reason, office, triesLeft, text } = outcome;
      return { kind, reason, ...present({ office, triesLeft }), says: { ...text } };
    }
    case "unknown":
    case "no-card": {
      const { kind, reason } = outcome;
      return { kind, ...present({ reason, subject: "subject" in outcome ? outcome.subject : undefined }), ...wordsFor(reason) };
    }
  }
}

export function tableWire(rows: ReturnType<CardServiceActs["table"]>): z.output<typeof schemas.serviceTable> {
  return { rows: rows.map(({ row, name, answer, how }) => ({ row, name: { ...name }, answer, how })) };
}
