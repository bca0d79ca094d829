/* Words of the delayed-charge machine: what it can be, what can happen to it, what it asks the runner to do. */
import type { FaultCode } from "../../base/fault.ts";
import type { Fen } from "../../base/fen.ts";
import type { NoCardReason } from "../card-trouble.ts";
import type { Reason } from "../quick-payment/types.ts";

/** How the tap ended. Only "accepted" lets anybody pass. */
export type DelayedChargeOutcome =
  /** The card has proved itself, and what is owed is durable. `firstUse`: this terminal has never charged the card before. */
  | { readonly kind: "accepted"; readonly subject: string; readonly amount: Fen; readonly firstUse: boolean }
  /** Nothing is owed. */
  | { readonly kind: "refused"; readonly reason: Reason; readonly statusWord?: number }
  /** The disk has not said whether the record is there: asking again under the same reference tells. */
  | { readonly kind: "unknown"; readonly reason: Reason }
  /** `reason`: what was wrong with the card or its reader when the time was over. */
  | { readonly kind: "no-card"; readonly reason?: NoCardReason };

/** What the journal knows about the reference. */
export type KnownCharge =
  | { readonly kind: "new" }
  /** The reference belongs to something else. */
  | { readonly kind: "conflict" }
  | { readonly kind: "accepted"; readonly subject: string; readonly amount: Fen; readonly firstUse: boolean };

/** What stays the same through the whole tap and decides something. */
export interface Ride {
  readonly firstUse: "refuse" | "accept";
  readonly firstRideLimitFen: Fen;
}

export type State =
  | { readonly at: "looking-up" }
  | { readonly at: "awaiting-card"; readonly tries: number }
  | { readonly at: "identifying"; readonly tries: number }
  /** Lists, books, limits and fares are asked about the card. */
  | { readonly at: "admitting"; readonly tries: number }
  /** The card signs for this ride, and its signature is verified. */
  | { readonly at: "authenticating"; readonly tries: number; readonly amount: Fen; readonly firstUse: boolean }
  | { readonly at: "recording"; readonly amount: Fen; readonly firstUse: boolean }
  | { readonly at: "ended"; readonly outcome: DelayedChargeOutcome };

export type Event =
  | { readonly is: "looked-up"; readonly known: KnownCharge }
  | { readonly is: "card-present" }
  | { readonly is: "time-over" }
  | { readonly is: "card-identified" }
  /** The card cannot be charged this way, or does not prove itself. */
  | { readonly is: "card-unusable"; readonly reason: Reason; readonly statusWord?: number }
  /** Nothing speaks against the card, and this is what the ride costs; `seen`: this terminal has charged it before. */
  | { readonly is: "reviewed"; readonly seen: boolean; readonly amount: Fen }
  /** Lists, books, limits or fares of the place say no. */
  | { readonly is: "not-admitted"; readonly reason: Reason }
  | { readonly is: "authenticated" }
  | { readonly is: "entry-durable"; readonly subject: string }
  | { readonly is: "journal-failed"; readonly code: FaultCode; readonly effectUnknown: boolean }
  | { readonly is: "card-lost"; readonly code: FaultCode };

export type Command =
  | { readonly do: "look-up" }
  | { readonly do: "await-card"; readonly pauseMs: number }
  | { readonly do: "identify" }
  | { readonly do: "review" }
  | { readonly do: "authenticate" }
  | { readonly do: "append"; readonly firstUse: boolean };

export interface Step {
  readonly state: State;
  readonly command?: Command;
}

export type StateOf<At extends State["at"]> = Extract<State, { readonly at: At }>;
export type EventOf<Is extends Event["is"]> = Extract<Event, { readonly is: Is }>;

/** "ignore": the event changes nothing here. "impossible": by our own reasoning it cannot arrive here. Otherwise the decision. */
export type Rule<At extends State["at"], Is extends Event["is"]> = "ignore" | "impossible" | ((state: StateOf<At>, event: EventOf<Is>, ride: Ride) => Step);

export type DelayedChargeRules = { readonly [At in State["at"]]: { readonly [Is in Event["is"]]: Rule<At, Is> } };
