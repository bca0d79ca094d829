/* What the agency keeps of people, cards, bills and losses. Spec: agency/v1, 4. */
import type { JsonFields } from "../canonical.ts";

export type CardStatus = "inactive" | "active" | "temporary-loss" | "formal-loss" | "reissuing" | "cancelled";
export const CARD_STATUSES: readonly CardStatus[] = ["inactive", "active", "temporary-loss", "formal-loss", "reissuing", "cancelled"];

export type LapseRule = "168-hours" | "2-working-days" | "none";

export interface AgencyCard {
  readonly cardNumber: string;
  readonly cardIdentifier: string;
  readonly status: CardStatus;
  readonly sinceMs: number;
  readonly identityNumber: string;
  /** "" where nothing is being made. */
  readonly production: string;
}

/** Everything about a person that only queries show: rows as they leave. */
export interface PersonFacts {
  readonly insuredPlaces: readonly JsonFields[];
  readonly entitlements: readonly JsonFields[];
  readonly payments: readonly JsonFields[];
  readonly contributions: readonly JsonFields[];
  readonly employment: readonly JsonFields[];
  readonly yearlyBills: readonly JsonFields[];
  readonly transactions: readonly JsonFields[];
}

export interface AgencyPerson {
  readonly identityNumber: string;
  readonly name: string;
  readonly telephone: string;
  readonly address: string;
  /** Financial account of the card. */
  readonly account: "active" | "inactive" | "unknown";
  readonly facts: PersonFacts;
}

export interface AgencyBill {
  readonly billId: string;
  readonly identityNumber: string;
  readonly kind: "contribution" | "examination";
  readonly insurance: string;
  readonly period: string;
  readonly amountFen: number;
  /** YYYYMMDD, or "". */
  readonly due: string;
  readonly mandate: boolean;
  readonly state: "open" | "paid" | "withdrawn";
  readonly receiptNumber: string | undefined;
  /** The bank payment that it was confirmed with. */
  readonly payment: string | undefined;
}

export interface Loss {
  readonly report: string;
  readonly cardNumber: string;
  readonly loss: "temporary" | "formal";
  readonly reportedMs: number;
  readonly lapsesMs: number | undefined;
  readonly rule: LapseRule;
  readonly state: "standing" | "lapsed" | "withdrawn" | "replaced";
  readonly statusBefore: CardStatus;
}

/** A person as one is enrolled: with a card, and bills that are owed. */
export interface Enrolment {
  readonly person: AgencyPerson;
  readonly cards: readonly Pick<AgencyCard, "cardNumber" | "cardIdentifier" | "status">[];
  readonly bills: readonly Omit<AgencyBill, "identityNumber" | "state" | "receiptNumber" | "payment">[];
}
