/* Words of the machine of bank transactions: what one can be, what can happen to it, what it asks the runner to do. */
import type { FaultCode } from "../../base/fault.ts";
import type { Fen } from "../../base/fen.ts";
import type { ReversalCause } from "../acquirer-host/request.ts";
import type { RecordState } from "../journal/types.ts";
import type { BankOutcome } from "./acts.ts";

/** What stays the same through the whole transaction and decides something. */
export interface BankPlan {
  /** "signs": its chip makes a cryptogram for the issuer. "shows": it only names its account. "absent": nobody presents a card. */
  readonly card: "signs" | "shows" | "absent";
  readonly asksPin: boolean;
  /** Whether an approval of less than was asked for may stand. */
  readonly keepsPartial: boolean;
  /** What becomes of an approval that the card itself then declines, or does not hear of. */
  readonly cardRefusal: "reverse" | "keep";
}

/** An entry that is durable. */
export interface EntryName {
  readonly subject: string;
  readonly seq: number;
}

/** What the acquirer approved. */
export interface Approval {
  readonly responseCode: string;
  /** What it says was approved; less than was asked for where it is a partial approval. */
  readonly amount: Fen;
  readonly partial: boolean;
  readonly retrievalReference: string;
  readonly authorization?: string;
}

/** The acquirer's no: field 39, and what it means. */
export interface Refusal {
  readonly declined: string;
  readonly reason: string;
}

/** What the journal knows of the reference, and whether the act may be done at all. */
export type KnownAct =
  | { readonly kind: "new" }
  /** It was begun before, and stands like this. */
  | { readonly kind: "known"; readonly outcome: BankOutcome }
  /** Certain, without any record: the reference belongs to something else, or what is to be taken back cannot be. */
  | { readonly kind: "refused"; readonly reason: string };

interface Sent {
  readonly intent: EntryName;
}

export type State =
  | { readonly at: "looking-up" }
  /** The line is made clear before anybody is asked for a card, so that a holder never waits for nothing. */
  | { readonly at: "readying" }
  | { readonly at: "awaiting-card"; readonly tries: number }
  | { readonly at: "reading-card"; readonly tries: number }
  | { readonly at: "taking-line" }
  | { readonly at: "entering-pin" }
  /** The card makes its cryptogram. */
  | { readonly at: "signing" }
  /** The intent, with all that a reversal needs, is on its way to the disk. */
  | { readonly at: "preparing" }
  | (Sent & { readonly at: "sending" })
  /** The issuer's answer is with the card. */
  | (Sent & { readonly at: "telling-card"; readonly reply: Approval | Refusal })
  | (Sent & { readonly at: "noting-unknown"; readonly reason: string })
  | { readonly at: "reversing"; readonly subject: string; readonly reason: string }
  | { readonly at: "closing"; readonly subject: string; readonly outcome: BankOutcome }
  | { readonly at: "ended"; readonly outcome: BankOutcome };

export type Event =
  | { readonly is: "looked-up"; readonly known: KnownAct }
  | { readonly is: "line-clear" }
  /** No exchange can be had now: no sign-in, a reversal that is still pending, too many who wait. */
  | { readonly is: "line-refused"; readonly reason: string }
  | { readonly is: "card-present" }
  | { readonly is: "time-over" }
  | { readonly is: "card-read" }
  | { readonly is: "card-unusable"; readonly reason: string }
  | { readonly is: "card-lost"; readonly code: FaultCode }
  | { readonly is: "pin-entered" }
  | { readonly is: "pin-refused"; readonly reason: string }
  | { readonly is: "card-signed" }
  /** Seen when the line was one's own: nothing was begun. */
  | { readonly is: "not-admitted"; readonly reason: string }
  | { readonly is: "entry-durable"; readonly entry: EntryName }
  | { readonly is: "journal-failed"; readonly code: FaultCode; readonly effectUnknown: boolean }
  | { readonly is: "approved"; readonly approval: Approval }
  | { readonly is: "declined"; readonly responseCode: string; readonly reason: string }
  | { readonly is: "not-sent"; readonly reason: string }
  | { readonly is: "reply-unknown"; readonly cause: ReversalCause; readonly reason: string }
  /** `accepted`: the card, too, approves, or it has nothing to say any more. */
  | { readonly is: "card-told"; readonly accepted: boolean }
  | { readonly is: "reversed" }
  /** It is tried again before the next online transaction, and in the background; or it is parked. */
  | { readonly is: "not-reversed" };

/** The entry that a command asks for; the runner adds what it knows. */
export interface EntryWish {
  readonly state: RecordState;
  readonly after: EntryName;
  readonly reason?: string;
  readonly responseCode?: string;
  readonly cause?: ReversalCause;
  /** What was approved. */
  readonly approval?: Approval;
}

export type Command =
  | { readonly do: "look-up" }
  | { readonly do: "clear-line" }
  | { readonly do: "await-card"; readonly pauseMs: number }
  | { readonly do: "read-card" }
  | { readonly do: "take-line" }
  | { readonly do: "ask-pin" }
  | { readonly do: "sign" }
  | { readonly do: "append-intent" }
  | { readonly do: "send" }
  | { readonly do: "tell-card"; readonly approved: boolean; readonly responseCode: string }
  | { readonly do: "append"; readonly entry: EntryWish }
  | { readonly do: "reverse"; readonly subject: string };

export interface Step {
  readonly state: State;
  readonly command?: Command;
}

export type StateOf<At extends State["at"]> = Extract<State, { readonly at: At }>;
export type EventOf<Is extends Event["is"]> = Extract<Event, { readonly is: Is }>;

/** "impossible": by our own reasoning the event cannot arrive here. "ignore": it may and changes nothing. Otherwise the decision. */
export type Rule<At extends State["at"], Is extends Event["is"]> = "ignore" | "impossible" | ((state: StateOf<At>, event: EventOf<Is>, plan: BankPlan) => Step);

export type BankRules = { readonly [At in State["at"]]: { readonly [Is in Event["is"]]: Rule<At, Is> } };
