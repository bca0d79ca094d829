/* Words of the medical-purchase machine: what it can be, what can happen to it, what it asks the runner to do. */
import type { FaultCode } from "../../base/fault.ts";
import type { NoCardReason } from "../card-trouble.ts";
import type { InitialPinReason } from "../initial-pin.ts";
import type { RecordState } from "../journal/types.ts";
import type { ProvisionalFigures } from "../medical-desk/desk.ts";
import type { SettledFigures } from "../medical-desk/figures.ts";
import type { Settlement } from "./settlement.ts";

export interface EntryName {
  readonly subject: string;
  readonly seq: number;
}

/** Stable words: they stand in records and in answers to the counter. */
export type MedicalReason =
  | FaultCode
  | InitialPinReason
  | "lane-busy"
  | "in-progress"
  | "reference-conflict"
  | "amount-zero"
  | "basket-too-large"
  | "card-unusable"
  | "earlier-sale-open"
  | "pin-wrong"
  | "pin-locked"
  | "pin-cancelled"
  | "pin-timed-out"
  | "pin-refused"
  | "person-unknown"
  | "insurance-inactive"
  | "insurance-choice-needed"
  | "credential-not-offered"
  | "code-not-scanned"
  | "medical-type-not-offered"
  | "clinic-missing"
  | "person-differs"
  | "insurance-suspended"
  | "too-far"
  | "not-eligible"
  | "chronic-filing-missing"
  | "filing-missing"
  | "disease-missing"
  | "disease-excluded"
  | "receiver-not-connected"
  | "card-data-missing"
  | "card-swapped"
  | "no-answer"
  | "host-refused"
  | "host-unreachable"
  | "request-expired"
  | "reply-undecided"
  | "reply-incomplete"
  | "reversed"
  | "never-booked"
  | "restart";

export type MedicalOutcome =
  /** `visitId`: mdtrt_id, which a void names. `provisional`: what was shown before the booking; left out when an earlier sale is told again. */
  | ({ readonly kind: "paid"; readonly subject: string; readonly visitId: string; readonly provisional?: ProvisionalFigures } & SettledFigures)
  /** `message` is the host's own text, cleaned; `triesLeft` belongs to a wrong PIN; `choices` to a choice of insurance. */
  | {
      readonly kind: "refused";
      readonly reason: MedicalReason;
      readonly message?: string;
      readonly triesLeft?: number;
      readonly choices?: readonly string[];
      readonly subject?: string;
    }
  /** The host may have booked. It is reversed in the background until the host's records agree; no goods for this sale. */
  | { readonly kind: "unknown"; readonly subject: string; readonly reason: MedicalReason }
  /** `reason`: what was wrong with the card or its reader when the time was over. */
  | { readonly kind: "no-card"; readonly reason?: NoCardReason };

export type KnownMedicalSale =
  | { readonly kind: "new" }
  | { readonly kind: "in-progress" }
  | { readonly kind: "conflict" }
  | { readonly kind: "paid"; readonly subject: string; readonly visitId: string; readonly figures: SettledFigures }
  /** An earlier attempt is still being reversed. */
  | { readonly kind: "open"; readonly subject: string };

export interface Refusal {
  readonly reason: MedicalReason;
  readonly message?: string;
  readonly triesLeft?: number;
  readonly choices?: readonly string[];
}

export type State =
  | { readonly at: "looking-up" }
  | { readonly at: "awaiting-card"; readonly tries: number }
  | { readonly at: "identifying"; readonly tries: number }
  | { readonly at: "verifying-pin" }
  | { readonly at: "asking-person" }
  | { readonly at: "pre-settling" }
  | { readonly at: "intending" }
  | { readonly at: "settling"; readonly intent: EntryName }
  | { readonly at: "closing"; readonly subject: string; readonly outcome: MedicalOutcome }
  | { readonly at: "ended"; readonly outcome: MedicalOutcome };

export type Event =
  | { readonly is: "looked-up"; readonly known: KnownMedicalSale }
  | { readonly is: "card-present" }
  | { readonly is: "time-over" }
  | { readonly is: "card-identified"; readonly earlierOpen: boolean }
  | { readonly is: "card-unusable" }
  | { readonly is: "card-lost"; readonly code: FaultCode }
  | { readonly is: "pin-verified" }
  | { readonly is: "pin-failed"; readonly refusal: Refusal }
  | { readonly is: "person-found" }
  | { readonly is: "person-unusable"; readonly refusal: Refusal }
  | { readonly is: "pre-settled" }
  /** The host has answered and booked nothing. */
  | { readonly is: "host-refused"; readonly message: string }
  /** Certain: the request never reached the host and never will. */
  | { readonly is: "not-sent" }
  /** Sent or perhaps sent, and nothing follows from what came back. */
  | { readonly is: "host-undecided"; readonly reason: MedicalReason }
  | { readonly is: "settled"; readonly settlement: Settlement }
  | { readonly is: "entry-durable"; readonly entry: EntryName }
  | { readonly is: "journal-failed"; readonly code: FaultCode };

export interface EntryWish {
  readonly state: RecordState;
  readonly after: EntryName;
  readonly reason?: MedicalReason;
  readonly settlement?: Settlement;
}

export type Command =
  | { readonly do: "look-up" }
  | { readonly do: "await-card" }
  | { readonly do: "identify" }
  | { readonly do: "verify-pin" }
  | { readonly do: "ask-person" }
  | { readonly do: "pre-settle" }
  | { readonly do: "append-intent" }
  | { readonly do: "settle" }
  | { readonly do: "append"; readonly entry: EntryWish };

export interface Step {
  readonly state: State;
  readonly commands: readonly Command[];
}

export type StateOf<At extends State["at"]> = Extract<State, { readonly at: At }>;
export type EventOf<Is extends Event["is"]> = Extract<Event, { readonly is: Is }>;

/** "ignore": may arrive and changes nothing. "impossible": by our own reasoning it cannot arrive here. Otherwise the decision. */
export type Rule<At extends State["at"], Is extends Event["is"]> = "ignore" | "impossible" | ((state: StateOf<At>, event: EventOf<Is>) => Step);

export type MedicalPurchaseRules = { readonly [At in State["at"]]: { readonly [Is in Event["is"]]: Rule<At, Is> } };
