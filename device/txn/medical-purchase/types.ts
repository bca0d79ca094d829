/* Words of the medical-purchase machine: what it can be, what can happen to it, what it asks the runner to do. */
import type { FaultCode } from "../../base/fault.ts";
import type { NoCardReason } from "../card-trouble.ts";
import type { InitialPinReason } from "../initial-pin.ts";
import type { RecordState } from "../journal/types.ts";
import type { ProvisionalFigures } from "../medical-desk/desk.ts";
import type { SettledFigures } from "../medical-desk/figures.ts";
import type { CredentialKind } from "../medical-host/profile.ts";
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
  | "code-too-long"
  | "medical-type-not-offered"
  | "clinic-missing"
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
  | { readonly kind: "new"; readonly credential: CredentialKind | "as-read" }
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

/** What the insurer is asked before the split. Spec: FSI, 2001; FSI, 5301; FSI, 2501. */
export type Check = "eligibility" | "chronic" | "filing";

/** What follows from the request, the holder's insurance and the region, once all three are known. */
export interface Plan {
  readonly visit: "pharmacy" | "outpatient";
  readonly checks: readonly Check[];
  /** Whether the split is confirmed at the counter. */
  readonly confirms: boolean;
  /** Whether the card's PIN is verified here. */
  readonly asksPin: boolean;
}

/** Where a purchase stands once it has a plan. */
export interface Course {
  readonly plan: Plan;
  /** The intent of an outpatient visit that stands at the insurer: whoever gives the purchase up takes the visit back first. */
  readonly visit: EntryName | undefined;
}

/** Messages of an outpatient visit before its split, in their order. Spec: FSI, 2201; FSI, 2203; FSI, 2204. */
export type VisitStage = "register" | "inform" | "upload";

/** How a purchase ends, once that is durable. */
export interface Closing {
  readonly state: "refused" | "void" | "unknown";
  readonly reason: MedicalReason;
  readonly outcome: MedicalOutcome;
}

export type State =
  | { readonly at: "looking-up" }
  | { readonly at: "awaiting-card"; readonly tries: number }
  | { readonly at: "identifying"; readonly tries: number }
  | { readonly at: "reading-code" }
  | { readonly at: "asking-person" }
  | { readonly at: "choosing-insurance" }
  | { readonly at: "checking"; readonly plan: Plan; readonly left: readonly Check[] }
  /** The intent of a visit or of a settlement is being made durable. */
  | { readonly at: "intending"; readonly course: Course }
  | { readonly at: "visiting"; readonly plan: Plan; readonly visit: EntryName; readonly stage: VisitStage }
  /** What is known of a visit is being made durable before the next message. */
  | { readonly at: "noting"; readonly plan: Plan; readonly visit: EntryName; readonly next: "inform" | "settle" }
  | { readonly at: "pre-settling"; readonly course: Course }
  | { readonly at: "confirming"; readonly course: Course }
  | { readonly at: "verifying-pin"; readonly course: Course; readonly tries: number }
  /** The card left before its PIN was verified; it is asked for again and must be the same. */
  | { readonly at: "awaiting-return"; readonly course: Course; readonly tries: number }
  | { readonly at: "comparing"; readonly course: Course; readonly tries: number }
  | { readonly at: "settling"; readonly plan: Plan; readonly intent: EntryName }
  | { readonly at: "undoing"; readonly visit: EntryName; readonly closing: Closing }
  | { readonly at: "closing"; readonly subject: string; readonly outcome: MedicalOutcome }
  | { readonly at: "ended"; readonly outcome: MedicalOutcome };

export type Event =
  | { readonly is: "looked-up"; readonly known: KnownMedicalSale }
  | { readonly is: "card-present" }
  | { readonly is: "time-over" }
  | { readonly is: "card-identified"; readonly earlierOpen: boolean }
  | { readonly is: "card-lost"; readonly code: FaultCode }
  | { readonly is: "card-compared"; readonly same: boolean }
  | { readonly is: "code-read" }
  | { readonly is: "person-found"; readonly plan: Plan; readonly earlierOpen: boolean }
  /** Several insurances are in force, and the counter can be asked. */
  | { readonly is: "insurance-open" }
  /** A check of our own, the counter or the holder says no. */
  | { readonly is: "stopped"; readonly refusal: Refusal }
  | { readonly is: "check-passed" }
  | { readonly is: "stage-done" }
  | { readonly is: "pre-settled" }
  | { readonly is: "confirmed" }
  | { readonly is: "pin-verified" }
  /** The host has answered and booked nothing. */
  | { readonly is: "host-refused"; readonly message: string }
  /** Certain: the request never reached the host and never will. */
  | { readonly is: "not-sent" }
  /** Sent or perhaps sent, and nothing follows from what came back. */
  | { readonly is: "host-undecided"; readonly reason: MedicalReason }
  | { readonly is: "settled"; readonly settlement: Settlement }
  | { readonly is: "visit-undone" }
  /** The visit may still stand at the insurer. */
  | { readonly is: "visit-standing"; readonly reason: MedicalReason }
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
  | { readonly do: "read-code" }
  | { readonly do: "ask-person" }
  | { readonly do: "ask-insurance" }
  | { readonly do: "check"; readonly check: Check }
  | { readonly do: "append-intent" }
  | { readonly do: "visit"; readonly stage: VisitStage }
  /** Makes durable what the next message needs to be taken back. */
  | { readonly do: "note"; readonly next: "inform" | "settle"; readonly after: EntryName }
  | { readonly do: "pre-settle" }
  | { readonly do: "confirm" }
  | { readonly do: "verify-pin" }
  | { readonly do: "compare-card" }
  | { readonly do: "settle" }
  | { readonly do: "undo-visit" }
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
