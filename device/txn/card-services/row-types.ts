/* What a row of the table of services says. Spec: card-services/v1, 1. */
import type { CardQuery, CardServiceRequest, Office, ServiceText } from "./acts.ts";
import type { ServicePlace } from "./ports.ts";
import type { ServiceProfile } from "./profile.ts";

/** A flow beside the acts of this folder. */
export type ServiceFlow =
  | "medical-order"
  | "medical-void"
  | "bank-payment"
  | "bank-return"
  | "bank-withdrawal"
  | "bank-balance"
  | "purse-load"
  | "quick-payment"
  | "passage"
  | "contributions"
  | "benefits";

export type ShownBy =
  | { readonly kind: "act"; readonly service: CardServiceRequest["service"]; readonly what?: CardQuery; readonly loss?: "temporary" | "formal" }
  | { readonly kind: "flow"; readonly flow: ServiceFlow };

/** What a row needs besides a card that may be served. */
export type Need = "medical" | "bank" | "agency" | "agency-or-insurer" | "quick-payment" | "merchant-agreement" | SwitchNeed;

/** Switches whose setting is one word. */
export type WordSwitch = { [Name in keyof ServiceProfile]: ServiceProfile[Name] extends string ? Name : never }[keyof ServiceProfile];

/** A switch of the profile that must stand so. */
export interface SwitchNeed {
  readonly switch: WordSwitch;
  readonly among: readonly string[];
}

export interface RowRefusal {
  /** Stable word. */
  readonly reason: string;
  readonly office: Office;
  readonly text: ServiceText;
}

export interface ServiceRow {
  readonly row: number;
  readonly name: ServiceText;
  /** Served by a gate too. */
  readonly gate: boolean;
  /** What shows it; absent: it is never served here. */
  readonly by?: ShownBy;
  readonly needs: readonly Need[];
  /** What becomes of it while the host it needs is not reached. */
  readonly offline: "served" | "last-known" | "queued" | "identity-only" | "refused";
  /** What is said where it is not served. */
  readonly refusal: RowRefusal;
}

/** The place as the rows look at it. */
export interface RowPlace extends Pick<ServicePlace, "kind" | "medical" | "bank" | "quickPayment" | "merchantAgreement"> {
  readonly agency: boolean;
}

export type Standing = { readonly answer: "works"; readonly by: ShownBy } | { readonly answer: "refused"; readonly refusal: RowRefusal };
