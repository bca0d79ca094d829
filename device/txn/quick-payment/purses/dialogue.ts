/*
 * Goal: one flow for every purse of the card: what differs between them stands behind these few questions.
 * Method: a dialogue identifies the card for its purse; the identified card begins a sale, which is opened, debited and confirmed in the
 * order that the machine decides, or proves a sale of before. Dialogues act and remember; they decide nothing.
 */
import type { Bytes } from "../../../base/bytes.ts";
import type { FaultCode } from "../../../base/fault.ts";
import type { Fen } from "../../../base/fen.ts";
import type { Limits } from "../../../base/ports.ts";
import type { SignedAnswer } from "../../../card/purse/maintenance.ts";
import type { DayRange } from "../../../codec/civil-time.ts";
import type { CardChannel } from "../../../drivers/ports.ts";
import type { Journal, JsonObject } from "../../journal/types.ts";
import type { PurseChoice } from "../../sale-request.ts";
import type { SaleTime } from "../../sale-time.ts";
import type { CardBlocking } from "../ports.ts";
import type { RecordedSale } from "../record.ts";
import type { Charge, Tariff, TransitView } from "../tariff.ts";
import type { Confirmation, PurseEvidence, Reason } from "../types.ts";

/** One card in the reader, and how long the next step with it may take. */
export interface CardAccess {
  readonly channel: CardChannel;
  /** Asked anew for each step. Faults: "timeout" with no effect when the time for the sale has passed. */
  readonly limits: () => Limits;
}

/** The card itself says no, before anything irreversible. */
export interface Refusal {
  readonly kind: "refused";
  readonly statusWord: number;
}

export interface Unusable {
  readonly kind: "unusable";
  readonly reason: Reason;
  readonly statusWord?: number;
}

/** A card that cannot be named for this purse, or one that can. */
export type Identification = { readonly kind: "ok"; readonly card: IdentifiedCard } | Unusable;

/** What is known of a sale before its card has been asked for anything. */
export interface SaleTerms {
  readonly amount: Fen;
  readonly purse: PurseChoice;
  readonly saleTime: Pick<SaleTime, "date" | "time">;
  /** What the tariff has asked to be taken and written, where the sale has one. */
  readonly charge?: Charge;
}

/** What the card says about a sale of before. */
export interface Proven {
  readonly evidence: PurseEvidence;
  /** Members that the proof adds to the record. */
  readonly detail: JsonObject;
  /** The code that a security module which still holds the sale may check; absent where there is none. */
  readonly code?: Bytes;
}

/** A card that was identified for one purse, as long as it lies there. */
export interface IdentifiedCard {
  /** The card's own name for this purse. Stored sealed and as a keyed hash only. */
  readonly name: string;
  /** What the sealed part of a record says about the card. */
  readonly personal: JsonObject;
  /** Whether it may pay on each day that it may be, asked once nothing of before is open. May ask the holder for the PIN. Faults: those of the channel. */
  admit(days: DayRange): Promise<{ readonly kind: "admitted" } | Unusable>;
  /** The issuer in hexadecimal, where the card names it. */
  readonly issuer?: string;
  /** What the card says of its holder's journey; asked once it is admitted, and only where the sale has a tariff. Faults: those of the channel. */
  journey?(tariff: Pick<Tariff, "riderRecord">, purse: PurseChoice): Promise<TransitView | Unusable>;
  /** Has the card refuse everything from now on, where it can be told to. Faults: those of the channel, with what is known of the effect. */
  block?(blocking: CardBlocking): Promise<SignedAnswer>;
  /** Begins a sale: sends nothing yet, so that the intent can become durable. */
  begin(terms: SaleTerms): PurseSale;
  /** The evidence of a sale that names this card. Faults: those of the channel. */
  prove(sale: RecordedSale): Promise<Proven>;
  /** Whether the record of a debited sale still lacks what only the card can tell. */
  lacksKey(detail: JsonObject): boolean;
  /** Asks the card for it. May drop the card's proofs, so it is asked after all of them. Faults: those of the channel. */
  learnKey(sale: RecordedSale): Promise<JsonObject>;
}

export type ModuleAnswer =
  /** `asReserved` is false where the record must be made durable again before the debit, because it now says more or something else. */
  | { readonly kind: "ok"; readonly asReserved: boolean }
  /** What the card has shown cannot be trusted or checked: nothing is debited. */
  | { readonly kind: "failed"; readonly reason: Reason | FaultCode };

/** A decision about this payment by the card itself, or by what it has just told. */
export interface Declined {
  readonly kind: "declined";
  readonly reason: Reason;
}

export type OpeningAnswer = { readonly kind: "ok" } | Refusal | Declined;

/** One sale from its intent to its confirmation; outlives the tap that began it, because a security module may still hold it. */
export interface PurseSale {
  /** Everything that the record says about the debit so far, without the caller's own words. */
  detail(): JsonObject;
  /** What was on the purse before the debit, once the card has said it. */
  readonly balanceBefore: Fen | undefined;
  /**
   * Faults: those of the channel. Moves no money. `decided` is called, at most once, when the record says more than the intent did although the
   * card is asked for more yet: what it says may become durable meanwhile.
   */
  openOnCard(decided: () => void): Promise<OpeningAnswer>;
  /** Faults: those of the security module. */
  openInModule(limits: Limits): Promise<ModuleAnswer>;
  /** The one command that cannot be taken back. "refused": nothing was debited. Faults carry what is known of the effect. */
  debit(limits: Limits): Promise<{ readonly kind: "ok" } | Refusal>;
  /** Has the debit confirmed: by the card's answer to it, or by `code` of a proof. Faults: those of the security module. */
  confirm(code: Bytes | undefined, limits: Limits): Promise<"accepted" | "refused" | "no-session">;
  /** Gives the security module back. Safe at any time, any number of times. */
  release(): void;
}

/** One purse, as the flow speaks to it. */
export interface PurseDialogue {
  readonly confirmation: Confirmation;
  /**
   * Names the card and notes how far it has come, by which "not debited" can be told later. `open` are the sales of this purse whose card
   * may be this one, newest first: a card that repeats its last answer does so for the very first command only.
   * Faults: those of the channel.
   */
  identify(access: CardAccess, open: readonly RecordedSale[]): Promise<Identification>;
  /** The open sales that `identify` wants to know; left out: none. Faults: those of the journal. */
  recall?(journal: Journal): Promise<readonly RecordedSale[]>;
}
