/*
 * Words between an order and the counter that placed it: what is told while it goes on, what is asked, what may be answered. Whoever serves
 * counters (the HTTP API, lines, a demonstration) implements {@link CounterDesk}; flows never know which.
 */
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { SettledFigures } from "./figures.ts";

/** With what the rest that the insurer leaves is paid. */
export type TenderKind = "cash" | "e-purse" | "electronic-cash" | "medical-purse" | "bank-card";

/** Figures that may be shown before anything is booked. `final` is false where the terminal worked them out itself, without the insurer. */
export interface ProvisionalFigures {
  readonly final: boolean;
  readonly total: Fen;
  readonly fund: Fen;
  readonly account: Fen;
  readonly mutualAid: Fen;
  readonly cash: Fen;
}

/** Told as it happens, in this order of an order's life; nothing waits for anybody to hear it. */
export type OrderEvent =
  | { readonly is: "started" }
  | { readonly is: "present-card" }
  | { readonly is: "card-read" }
  | { readonly is: "enter-pin" }
  | { readonly is: "pre-settled"; readonly figures: ProvisionalFigures }
  | { readonly is: "settling" }
  | { readonly is: "settled"; readonly figures: SettledFigures }
  | { readonly is: "tender-started"; readonly tender: TenderKind; readonly amount: Fen }
  | { readonly is: "tender-paid"; readonly tender: TenderKind; readonly amount: Fen }
  | { readonly is: "tender-failed"; readonly tender: TenderKind; readonly reason: string }
  | { readonly is: "tender-unknown"; readonly tender: TenderKind; readonly reason: string }
  | { readonly is: "voiding" }
  | { readonly is: "printed" }
  | { readonly is: "print-failed"; readonly reason: string }
  | { readonly is: "offline"; readonly why: string }
  | { readonly is: "ended"; readonly state: string };

export type OrderQuestion =
  /** Several insurances are in force: which pays? */
  | { readonly ask: "insurance"; readonly choices: readonly string[] }
  /** The split as the insurer would book it now. */
  | { readonly ask: "confirm"; readonly figures: ProvisionalFigures }
  /** The insurer cannot be reached; may this be sold without it, and how is it settled afterwards? */
  | { readonly ask: "offline"; readonly figures: ProvisionalFigures; readonly choices: readonly OfflineChoice[] }
  /** What is left to pay, and with what. Asked again after a tender that failed or paid only a part. */
  | { readonly ask: "tender"; readonly rest: Fen; readonly choices: readonly TenderKind[] };

/** A sale without the insurer is settled later by the terminal, or its holder gets a slip for the agency. Never both. */
export type OfflineChoice = "settle-later" | "reimbursement-slip";

export type OrderAnswer =
  | { readonly answer: "insurance"; readonly insuranceType: string }
  | { readonly answer: "confirm" }
  | { readonly answer: "offline"; readonly choice: OfflineChoice }
  /** `amount` at most the rest; less leaves the question open. */
  | { readonly answer: "tender"; readonly tender: TenderKind; readonly amount: Fen }
  /** The counter gives the order up: what was settled is voided, what was paid is given back. */
  | { readonly answer: "cancel" }
  /** Nobody answered in time: nothing is decided, the order rests and can be taken up again. */
  | { readonly answer: "none" };

export interface CounterDesk {
  tell(event: OrderEvent): void;
  /** Never rejects. An answer that does not fit the question is not passed on. */
  ask(question: OrderQuestion, limits: Limits): Promise<OrderAnswer>;
}
