/* Words of the machine of a sale without the insurer: what it can be, what can happen to it, what it asks the runner to do. */
import type { FaultCode } from "../../base/fault.ts";
import type { Fen } from "../../base/fen.ts";
import type { OfflineChoice, TenderKind } from "../medical-desk/desk.ts";
import type { OfflineOutcome, OfflineReason, OfflineView } from "./ports.ts";

/** What the tenders of a sale say together. */
export interface Tally {
  readonly paid: Fen;
  /** Number of the next tender. */
  readonly next: number;
  /** Why nobody knows whether one of them has taken money. */
  readonly undecided?: string;
  /** The one of which nobody knows, where its card can decide it by coming back. */
  readonly open?: { readonly number: number; readonly chosen: ChosenTender };
}

export interface ChosenTender {
  readonly tender: TenderKind;
  readonly amount: Fen;
}

export interface OfflineRefusal {
  readonly reason: OfflineReason;
  readonly triesLeft?: number;
}

export type KnownOfflineSale =
  /** `refusal`: why no sale may be made without the insurer here and now. */
  { readonly kind: "new"; readonly refusal?: OfflineReason } | { readonly kind: "conflict" } | { readonly kind: "known"; readonly sale: OfflineView };

export type State =
  | { readonly at: "looking-up" }
  | { readonly at: "awaiting-card"; readonly tries: number }
  | { readonly at: "identifying"; readonly tries: number }
  | { readonly at: "verifying-pin" }
  | { readonly at: "asking-choice" }
  | { readonly at: "intending" }
  | { readonly at: "counting"; readonly sale: OfflineView }
  | { readonly at: "asking-tender"; readonly sale: OfflineView; readonly tally: Tally }
  | { readonly at: "taking"; readonly sale: OfflineView }
  | { readonly at: "noting-paid"; readonly sale: OfflineView }
  | { readonly at: "noting-give-back"; readonly sale: OfflineView; readonly tally: Tally }
  | { readonly at: "refunding"; readonly sale: OfflineView }
  | { readonly at: "noting-void"; readonly sale: OfflineView }
  | { readonly at: "ended"; readonly outcome: OfflineOutcome };

export type Event =
  | { readonly is: "looked-up"; readonly known: KnownOfflineSale }
  | { readonly is: "lane-busy" }
  | { readonly is: "card-present" }
  | { readonly is: "time-over" }
  | { readonly is: "card-identified"; readonly earlierOpen: boolean; readonly asksPin: boolean }
  | { readonly is: "card-unusable" }
  | { readonly is: "card-lost"; readonly code: FaultCode }
  | { readonly is: "pin-verified" }
  | { readonly is: "pin-failed"; readonly refusal: OfflineRefusal }
  | { readonly is: "choice-made"; readonly choice: OfflineChoice }
  | { readonly is: "counter-cancelled" }
  | { readonly is: "no-answer" }
  | { readonly is: "tenders-counted"; readonly tally: Tally }
  | { readonly is: "tender-chosen"; readonly chosen: ChosenTender }
  | { readonly is: "tender-paid" }
  | { readonly is: "tender-failed" }
  | { readonly is: "tender-undecided"; readonly reason: string }
  | { readonly is: "refunded" }
  | { readonly is: "entry-durable"; readonly sale: OfflineView }
  | { readonly is: "journal-failed"; readonly code: FaultCode };

export type Command =
  | { readonly do: "look-up" }
  | { readonly do: "await-card" }
  | { readonly do: "identify" }
  | { readonly do: "verify-pin" }
  | { readonly do: "ask-choice" }
  | { readonly do: "append-intent"; readonly choice: OfflineChoice }
  | { readonly do: "count-tenders"; readonly sale: OfflineView }
  | { readonly do: "choose-tender"; readonly sale: OfflineView; readonly tally: Tally }
  | { readonly do: "take"; readonly number: number; readonly chosen: ChosenTender }
  | { readonly do: "append-paid"; readonly sale: OfflineView }
  | { readonly do: "append-give-back"; readonly sale: OfflineView; readonly due: Fen }
  | { readonly do: "refund"; readonly sale: OfflineView }
  | { readonly do: "append-void"; readonly sale: OfflineView };

export interface Step {
  readonly state: State;
  readonly commands: readonly Command[];
}

export type StateOf<At extends State["at"]> = Extract<State, { readonly at: At }>;
export type EventOf<Is extends Event["is"]> = Extract<Event, { readonly is: Is }>;

/** "ignore": may arrive and changes nothing. "impossible": by our own reasoning it cannot arrive here. Otherwise the decision. */
export type Rule<At extends State["at"], Is extends Event["is"]> = "ignore" | "impossible" | ((state: StateOf<At>, event: EventOf<Is>) => Step);

export type OfflineRules = { readonly [At in State["at"]]: { readonly [Is in Event["is"]]: Rule<At, Is> } };
