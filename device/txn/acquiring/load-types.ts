/* Words of a load: money of a bank account put onto a purse of the card, once, and what becomes of it when card or bank do not answer. */
import type { FaultCode } from "../../base/fault.ts";
import type { PurseLoadOutcome } from "./acts.ts";

export interface LoadEntry {
  readonly subject: string;
  readonly seq: number;
}

/** What the journal knows of the reference. */
export type KnownLoad =
  | { readonly kind: "new" }
  | { readonly kind: "known"; readonly outcome: PurseLoadOutcome }
  /** The bank has paid and the card has not said yet whether it took the money. */
  | { readonly kind: "open"; readonly entry: LoadEntry; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

/** What a card says of one load. */
export type LoadWord =
  | { readonly kind: "loaded" }
  | { readonly kind: "not-loaded" }
  | { readonly kind: "undecidable"; readonly why: string }
  | { readonly kind: "another-card" };

export type LoadState =
  | { readonly at: "looking-up" }
  /** Signed in and with nothing pending before anybody is asked for a card: the pad needs its keys, and a holder never waits for nothing. */
  | { readonly at: "readying" }
  | { readonly at: "awaiting-card"; readonly tries: number }
  | { readonly at: "identifying"; readonly tries: number }
  | { readonly at: "entering-pin" }
  /** The card opens the load: it makes the code that its host needs. */
  | { readonly at: "opening" }
  | { readonly at: "preparing" }
  | { readonly at: "asking-bank"; readonly intent: LoadEntry }
  /** The bank has paid; that the card is about to take the money becomes durable. */
  | { readonly at: "noting-approval"; readonly intent: LoadEntry }
  | { readonly at: "crediting"; readonly intent: LoadEntry }
  | { readonly at: "noting-doubt"; readonly intent: LoadEntry; readonly reason: string; readonly leaves: boolean }
  | { readonly at: "awaiting-return"; readonly intent: LoadEntry; readonly reason: string }
  | { readonly at: "proving"; readonly intent: LoadEntry; readonly reason: string }
  | { readonly at: "closing"; readonly intent: LoadEntry; readonly outcome: LoadEnd }
  | { readonly at: "ended"; readonly outcome: LoadEnd };

/** "loaded": the runner adds what it knows of it. */
export type LoadEnd =
  | { readonly kind: "loaded" }
  | Exclude<PurseLoadOutcome, { readonly kind: "loaded" }>
  | Extract<PurseLoadOutcome, { readonly kind: "loaded" }>;

export type LoadEvent =
  | { readonly is: "looked-up"; readonly known: KnownLoad }
  | { readonly is: "line-clear" }
  | { readonly is: "line-refused"; readonly reason: string }
  | { readonly is: "card-present" }
  | { readonly is: "time-over" }
  | { readonly is: "card-known" }
  | { readonly is: "card-unusable"; readonly reason: string }
  | { readonly is: "card-lost"; readonly code: FaultCode; readonly effectUnknown: boolean }
  | { readonly is: "pin-entered" }
  | { readonly is: "pin-refused"; readonly reason: string }
  | { readonly is: "card-opened" }
  | { readonly is: "entry-durable"; readonly entry: LoadEntry }
  | { readonly is: "journal-failed"; readonly code: FaultCode; readonly effectUnknown: boolean }
  | { readonly is: "bank-approved" }
  /** Certain: the account has lost nothing. */
  | { readonly is: "bank-refused"; readonly reason: string; readonly responseCode?: string }
  /** The account may have lost the amount; that is reversed by itself. */
  | { readonly is: "bank-unknown"; readonly reason: string }
  /** What the card says at once, or when it has come back. */
  | { readonly is: "card-says"; readonly word: LoadWord };

export type LoadCommand =
  | { readonly do: "look-up" }
  | { readonly do: "clear-line" }
  | { readonly do: "await-card"; readonly pauseMs: number; readonly returning: boolean }
  | { readonly do: "identify" }
  | { readonly do: "ask-pin" }
  | { readonly do: "open-on-card" }
  | { readonly do: "append-intent" }
  | { readonly do: "ask-bank"; readonly subject: string }
  | { readonly do: "append"; readonly state: "acting" | "unknown"; readonly after: LoadEntry; readonly reason?: string }
  | { readonly do: "credit" }
  | { readonly do: "prove"; readonly subject: string }
  /** "done": the load, then its bank leg. "void": the bank leg is taken back first. "refused" has no leg that stands. */
  | { readonly do: "close"; readonly state: "done" | "void" | "refused"; readonly after: LoadEntry; readonly reason?: string };

export interface LoadStep {
  readonly state: LoadState;
  readonly command?: LoadCommand;
}

type StateOf<At extends LoadState["at"]> = Extract<LoadState, { readonly at: At }>;
type EventOf<Is extends LoadEvent["is"]> = Extract<LoadEvent, { readonly is: Is }>;

/** "ignore": may arrive and changes nothing. "impossible": by our own reasoning it cannot arrive here. Otherwise the decision. */
export type LoadRule<At extends LoadState["at"], Is extends LoadEvent["is"]> = "ignore" | "impossible" | ((state: StateOf<At>, event: EventOf<Is>) => LoadStep);
export type LoadRules = { readonly [At in LoadState["at"]]: { readonly [Is in LoadEvent["is"]]: LoadRule<At, Is> } };
