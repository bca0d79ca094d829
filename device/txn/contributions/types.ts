/* Words of the machine that pays a bill of the agency from a bank account. Spec: agency/v1, contribution-confirm. */
import type { FaultCode } from "../../base/fault.ts";
import type { Fen } from "../../base/fen.ts";
import type { ContributionBill, ContributionOutcome } from "./acts.ts";

/** Money that the bank has paid, as the agency is told of it. */
export interface BankProof {
  /** Subject of the payment. */
  readonly subject: string;
  readonly amount: Fen;
  readonly retrievalReference: string;
  readonly authorization?: string;
  readonly paidAtMs: number;
}

/** Where an open contribution stands. Everything of it is durable before what it names is begun. */
export type Leg =
  /** The bank is asked, or was; its own record says what came of it. */
  | { readonly leg: "payment" }
  /** The bank has paid; the agency is told for the `tries`th time, each time under an id of its own. */
  | { readonly leg: "confirm"; readonly payment: BankProof; readonly tries: number }
  /** The money goes back, by the `tries`th message of its own, because of `why`. */
  | { readonly leg: "return"; readonly payment: BankProof; readonly tries: number; readonly why: string }
  /** Nothing more happens by itself: a person decides. */
  | { readonly leg: "parked"; readonly payment: BankProof; readonly tries: number; readonly why: string; readonly reason: string };

/** What the journal knows of a reference before anything is done. */
export type Known =
  | { readonly kind: "new" }
  | { readonly kind: "told"; readonly outcome: ContributionOutcome }
  | { readonly kind: "open"; readonly subject: string; readonly at: Leg };

export type CardAnswer =
  | { readonly kind: "known" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "none"; readonly reason?: string };

export type BillAnswer =
  | { readonly kind: "owed"; readonly bill: ContributionBill }
  | { readonly kind: "refused"; readonly reason: string; readonly office?: string };

export type BankAnswer =
  | { readonly kind: "paid"; readonly payment: BankProof }
  /** Approved for less than the bill: nobody can use that. */
  | { readonly kind: "short"; readonly payment: BankProof }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "no-card"; readonly reason?: string }
  | { readonly kind: "unknown"; readonly reason: string }
  /** Looked up, and never begun. */
  | { readonly kind: "never" };

export type ConfirmAnswer =
  | { readonly kind: "confirmed"; readonly receiptNumber: string }
  | { readonly kind: "refused"; readonly reason: string }
  /** Certain: the agency has not acted and never will, under the id of this try. */
  | { readonly kind: "never"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

export type ReturnAnswer =
  | { readonly kind: "returned" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string }
  | { readonly kind: "never" };

export type ContributionState =
  | { readonly at: "looking-up" }
  | { readonly at: "reading-card" }
  | { readonly at: "asking-bill" }
  | { readonly at: "intending" }
  | { readonly at: "paying"; readonly subject: string }
  | { readonly at: "confirming"; readonly subject: string; readonly payment: BankProof; readonly tries: number }
  | { readonly at: "returning"; readonly subject: string; readonly payment: BankProof; readonly tries: number; readonly why: string }
  /** An entry is on its way to the disk; `next` follows when it is there. */
  | { readonly at: "noting"; readonly subject: string; readonly next: ContributionStep }
  | { readonly at: "printing"; readonly outcome: ContributionOutcome }
  | { readonly at: "ended"; readonly outcome: ContributionOutcome };

export type ContributionEvent =
  | { readonly is: "looked-up"; readonly known: Known }
  | { readonly is: "card-answered"; readonly card: CardAnswer }
  | { readonly is: "bill-answered"; readonly bill: BillAnswer }
  | { readonly is: "entry-durable"; readonly subject: string }
  | { readonly is: "bank-answered"; readonly bank: BankAnswer }
  | { readonly is: "agency-answered"; readonly agency: ConfirmAnswer }
  | { readonly is: "return-answered"; readonly answer: ReturnAnswer }
  | { readonly is: "printed" }
  | { readonly is: "journal-failed"; readonly code: FaultCode };

/** A later entry of a contribution. */
export type NoteWish =
  | { readonly kind: "leg"; readonly leg: Leg }
  /** The same leg, which did not answer. */
  | { readonly kind: "unanswered"; readonly reason: string; readonly leg: Leg }
  | { readonly kind: "confirmed"; readonly payment: BankProof; readonly receiptNumber: string }
  /** Nothing has moved. */
  | { readonly kind: "not-paid"; readonly state: "refused" | "void"; readonly reason: string }
  | { readonly kind: "returned"; readonly payment: BankProof; readonly reason: string };

export type ContributionCommand =
  | { readonly do: "look-up" }
  | { readonly do: "read-card" }
  | { readonly do: "ask-bill" }
  | { readonly do: "append-intent"; readonly bill: ContributionBill }
  | { readonly do: "note"; readonly wish: NoteWish }
  | { readonly do: "pay" }
  | { readonly do: "look-at-payment" }
  | { readonly do: "confirm" }
  | { readonly do: "ask-outcome" }
  | { readonly do: "take-back"; readonly tries: number }
  | { readonly do: "look-at-return"; readonly tries: number }
  | { readonly do: "print"; readonly outcome: ContributionOutcome };

export interface ContributionStep {
  readonly state: ContributionState;
  readonly commands: readonly ContributionCommand[];
}

type StateOf<At extends ContributionState["at"]> = Extract<ContributionState, { readonly at: At }>;
type EventOf<Is extends ContributionEvent["is"]> = Extract<ContributionEvent, { readonly is: Is }>;

/** "impossible": by our own reasoning it cannot arrive here. "ignore": may arrive and changes nothing. Otherwise the decision. */
export type ContributionRule<At extends ContributionState["at"], Is extends ContributionEvent["is"]> =
  | "ignore"
  | "impossible"
  | ((state: StateOf<At>, event: EventOf<Is>) => ContributionStep);

export type ContributionRules = {
  readonly [At in ContributionState["at"]]: { readonly [Is in ContributionEvent["is"]]: ContributionRule<At, Is> };
};
export type { EventOf, StateOf };
