/* Words of the quick-payment machine: what it can be, what can happen to it, what it asks the runner to do. */
import type { FaultCode } from "../../base/fault.ts";
import type { Fen } from "../../base/fen.ts";
import type { NoCardReason } from "../card-trouble.ts";
import type { InitialPinReason } from "../initial-pin.ts";
import type { RecordState } from "../journal/types.ts";
import type { MerchantDiscount, RiskReason } from "../risk/guard.ts";
import type { LimitReached } from "../risk/limits.ts";
import type { TariffReason } from "./tariff.ts";

/** What stays the same through the whole sale and decides something. */
export interface Sale {
  readonly amount: Fen;
  /** Up to this amount a debit that only the card itself vouches for counts as paid. */
  readonly unverifiedLimit: Fen;
  /** What confirms a debit of this purse. */
  readonly confirmation: Confirmation;
}

/** The security module's word on the card's MAC2, or the card's own signature, verified up to a key of the terminal. */
export type Confirmation = "psam" | "signature";

/** An entry that is durable. */
export interface EntryName {
  readonly subject: string;
  readonly seq: number;
}

/** Why a sale ended without money, or is not decided. Stable words: they stand in records and in answers to the counter. */
export type Reason =
  | FaultCode
  | LimitReached
  | RiskReason
  | TariffReason
  | InitialPinReason
  | "no-purse"
  | "storage-card"
  | "identity-card"
  | "foreign-card"
  | "application-blocked"
  | "expired"
  | "not-enabled"
  | "not-yet-valid"
  | "card-refused"
  | "insufficient-funds"
  | "earlier-sale-open"
  | "in-progress"
  | "reference-conflict"
  | "lane-busy"
  | "mac2-refused"
  | "signature-refused"
  | "authentication-failed"
  | "authentication-impossible"
  | "usage-not-allowed"
  | "switch-interface"
  | "holder-verification-required"
  | "card-unreadable"
  | "online-required"
  | "card-declined"
  | "industry-record-missing"
  | "industry-signer-missing"
  | "held-too-often"
  | "held-already"
  | "nothing-held"
  | "record-not-cached"
  | "pin-wrong"
  | "pin-locked"
  | "pin-cancelled"
  | "pin-timed-out"
  | "pin-refused"
  | "purse-not-offered"
  | "social-card-refused"
  | "offline-medical-not-allowed"
  | "module-session-lost"
  | "module-failed"
  | "not-debited"
  | "another-card"
  | "card-never-returned"
  | "log-overrun"
  | "log-unreadable"
  | "torn-too-often"
  | "closed-without-payment"
  | "restart";

/**
 * How a debit is proved. "log": the card's log names this sale and its proof was fetched; "log-only": the proof is gone; "balance": only the
 * card's balance and counter say so.
 */
export type Proof = Confirmation | "log" | "log-only" | "balance";

/** What local rules have made of a sale. */
interface RuledOutcome {
  readonly discount?: MerchantDiscount;
  /** So many more before the card's statement must be printed, where that will be soon. */
  readonly salesLeft?: number;
}

export type QuickPaymentOutcome =
  /** Debited, proved and durable: goods may go. `verified` is false where only the card vouches for it, inside the limited policy. */
  | (RuledOutcome & {
      readonly kind: "paid";
      readonly subject: string;
      /** What was debited. */
      readonly amount: Fen;
      readonly verified: boolean;
      readonly proof: Proof;
      readonly balanceAfter?: Fen;
    })
  /** The card says it was debited and the record says so too, but nobody who can be trusted has confirmed it: no goods by itself. */
  | (Pick<RuledOutcome, "discount"> & {
      readonly kind: "unverified";
      readonly subject: string;
      readonly amount: Fen;
      readonly proof: Proof;
      readonly reason: Reason;
    })
  | { readonly kind: "refused"; readonly reason: Reason; readonly statusWord?: number; readonly subject?: string }
  /** The card may or may not have been debited; the record stays open and is decided when that card comes back. */
  | { readonly kind: "unknown"; readonly subject: string; readonly reason: Reason }
  /** `reason`: what was wrong with the card or its reader when the time was over. */
  | { readonly kind: "no-card"; readonly reason?: NoCardReason };

/** A sale whose debit may have happened, waiting for its card. */
export interface OpenSale {
  readonly entry: EntryName;
  readonly cardName: string;
  readonly attempt: number;
  readonly reason: Reason;
  /** Whether the security module still holds the purchase and has not been asked about a MAC2 yet. */
  readonly moduleMayCheck: boolean;
  /** How often its card was asked for. */
  readonly tries: number;
}

/** What the journal knows about the reference of this sale. */
export type KnownSale =
  | { readonly kind: "new" }
  /** Another lane is at it. */
  | { readonly kind: "in-progress" }
  /** The reference belongs to a sale of another kind, purse or amount. */
  | { readonly kind: "conflict" }
  | { readonly kind: "paid"; readonly subject: string; readonly proof: Proof; readonly refused: boolean }
  | { readonly kind: "open"; readonly open: OpenSale };

export interface CardName {
  /** The card's own name for the purse that is used. */
  readonly name: string;
}

/** What happens once the last entry of a subject is durable. */
export type Next =
  | { readonly kind: "end"; readonly outcome: QuickPaymentOutcome }
  /** The money did not move: begin again, with the card that lies there or with the next one. */
  | { readonly kind: "again"; readonly card: CardName | undefined; readonly attempt: number };

interface InSale {
  readonly card: CardName;
  readonly attempt: number;
}

export interface Failure {
  readonly state: "refused" | "void";
  readonly reason: Reason;
  readonly statusWord?: number;
  /** Whether the holder may simply present the card again. */
  readonly again: boolean;
}

export type State =
  | { readonly at: "looking-up" }
  | { readonly at: "awaiting-card"; readonly attempt: number; readonly tries: number }
  | { readonly at: "identifying"; readonly attempt: number; readonly tries: number }
  | (InSale & { readonly at: "settling-earlier" })
  /** The intent is on its way to the disk while card and module open the purchase. */
  | (InSale & {
      readonly at: "preparing";
      readonly intent?: EntryName;
      readonly opened?: { readonly asReserved: boolean };
      readonly failure?: Failure;
      /** What the card has decided is to become durable too, while the rest is prepared. */
      readonly correction?: "due" | "under-way";
    })
  | (InSale & { readonly at: "correcting"; readonly intent: EntryName })
  | (InSale & { readonly at: "debiting"; readonly intent: EntryName })
  | (InSale & { readonly at: "checking"; readonly intent: EntryName })
  | { readonly at: "noting-unknown"; readonly open: OpenSale }
  | { readonly at: "awaiting-return"; readonly open: OpenSale }
  | { readonly at: "identifying-return"; readonly open: OpenSale }
  | { readonly at: "proving"; readonly open: OpenSale }
  | { readonly at: "checking-proof"; readonly open: OpenSale }
  | { readonly at: "closing"; readonly subject: string; readonly next: Next }
  | { readonly at: "ended"; readonly outcome: QuickPaymentOutcome };

/** What the card says about a sale of before. */
export type PurseEvidence =
  /** `refused`: the proof came with a signature that does not verify. */
  | { readonly kind: "debited"; readonly proof: Exclude<Proof, "psam">; readonly refused?: true }
  | { readonly kind: "not-debited" }
  | { readonly kind: "undecidable"; readonly why: "log-overrun" | "log-unreadable" };

/** What the card's evidence, or another lane's work, says about an open sale. */
export type Evidence =
  | PurseEvidence
  /** The subject was closed meanwhile, by the same card at another lane. */
  | { readonly kind: "closed-as"; readonly state: RecordState; readonly proof: Proof };

export type Event =
  | { readonly is: "looked-up"; readonly known: KnownSale }
  | { readonly is: "card-present" }
  /** The time for this sale has passed, or the caller gave it up, while nothing was under way. */
  | { readonly is: "time-over" }
  | { readonly is: "card-identified"; readonly card: CardName }
  | { readonly is: "card-unusable"; readonly reason: Reason; readonly statusWord?: number }
  | { readonly is: "earlier-settled" }
  | { readonly is: "earlier-unsettled" }
  | { readonly is: "limit-reached"; readonly limit: LimitReached | RiskReason }
  | { readonly is: "entry-durable"; readonly entry: EntryName }
  | { readonly is: "journal-failed"; readonly code: FaultCode; readonly effectUnknown: boolean }
  /** The record says more now than the intent did; the card is still being opened. */
  | { readonly is: "card-decided" }
  | { readonly is: "card-initialized" }
  | { readonly is: "card-refused"; readonly statusWord: number }
  /** The card's own decision about this payment, before anything irreversible. */
  | { readonly is: "card-declined"; readonly reason: Reason }
  | { readonly is: "module-opened"; readonly asReserved: boolean }
  | { readonly is: "module-failed"; readonly code: Reason }
  | { readonly is: "debited" }
  | { readonly is: "card-lost"; readonly code: FaultCode; readonly effectUnknown: boolean }
  | { readonly is: "confirmed"; readonly answer: "accepted" | "refused" | "no-session" }
  | { readonly is: "evidence-read"; readonly evidence: Evidence };

/** The entry that a command asks for; the runner adds what it knows of card, module and time. */
export interface EntryWish {
  readonly state: RecordState;
  /** The entry whose subject is continued. */
  readonly after: EntryName;
  /** True where an unknown sale is decided: the entry then names the one that it resolves. */
  readonly resolution?: boolean;
  readonly reason?: Reason;
  readonly statusWord?: number;
  readonly proof?: Proof;
  readonly unverified?: boolean;
}

export type Command =
  | { readonly do: "look-up" }
  | { readonly do: "await-card"; readonly pauseMs: number }
  | { readonly do: "identify" }
  | { readonly do: "settle-earlier"; readonly card: CardName }
  | { readonly do: "append-intent" }
  | { readonly do: "open-on-card" }
  | { readonly do: "open-in-module" }
  | { readonly do: "debit" }
  /** Has the debit, or the proof that was read last, confirmed by the module or by the card's signature. */
  | { readonly do: "confirm" }
  | { readonly do: "prove"; readonly subject: string }
  | { readonly do: "append"; readonly entry: EntryWish }
  | { readonly do: "release-module" };

export interface Step {
  readonly state: State;
  readonly commands: readonly Command[];
}

export type StateOf<At extends State["at"]> = Extract<State, { readonly at: At }>;
export type EventOf<Is extends Event["is"]> = Extract<Event, { readonly is: Is }>;

/**
 * "ignore": the event may arrive here and changes nothing. "impossible": by our own reasoning it cannot arrive here.
 * Otherwise the decision.
 */
export type Rule<At extends State["at"], Is extends Event["is"]> = "ignore" | "impossible" | ((state: StateOf<At>, event: EventOf<Is>, sale: Sale) => Step);

export type QuickPaymentRules = { readonly [At in State["at"]]: { readonly [Is in Event["is"]]: Rule<At, Is> } };
