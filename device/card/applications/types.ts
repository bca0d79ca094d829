/* What is on a card, and why a card is of no use here. */
import type { Bytes } from "../../base/bytes.ts";

/** What a flow may need of a card. */
export type ApplicationKind = "social" | "transit" | "purse" | "electronic-cash";

/** An application that a survey has found. */
export interface FoundApplication {
  /** All that it serves as: a transit account is a purse too. */
  readonly kinds: readonly ApplicationKind[];
  /** Its full name as far as the card gave it, in lower-case hexadecimal. */
  readonly name: string;
  /** Blocked applications are found as well, so that the refusal can say so. */
  readonly blocked: boolean;
  /** The answer to its SELECT; empty when blocked, or when only a directory names it. */
  readonly fci: Bytes;
}

/** A kind of card without a processor of its own, by the name that PC/SC gives it. Spec: PC/SC 3, storage cards. */
export type StorageModel =
  | "mifare-classic-1k"
  | "mifare-classic-4k"
  | "mifare-mini"
  | "mifare-ultralight"
  | "mifare-ultralight-c"
  | "mifare-plus"
  | "felica"
  | "topaz"
  | "other";

/** Payment schemes whose cards turn up at Chinese counters and are not taken. */
export type ForeignScheme = "visa" | "mastercard" | "american-express" | "jcb" | "discover" | "other";

/**
 * Why a card is refused before any transaction. "application-missing": a card of ours, but without what this flow needs; "unknown-card":
 * nothing on it is known here; "identity-card": a resident's identity card, which holders take for the social security card.
 */
export type WrongCard =
  | { readonly reason: "storage-card"; readonly model: StorageModel }
  | { readonly reason: "foreign-card"; readonly scheme: ForeignScheme }
  | { readonly reason: "identity-card" | "unknown-card" | "application-missing" | "application-blocked" | "card-blocked" | "more-than-one-card" };

/** A card with at least one application that is known here. */
export interface CardSurvey {
  readonly kind: "ok";
  /** The insertion in which this was seen; worthless in any other. */
  readonly insertion: number;
  readonly atr: Bytes;
  /** In the order in which they were found. */
  readonly applications: readonly FoundApplication[];
  /** Name of the application that is selected now: no SELECT is needed to go on with it. Undefined after a refused or other SELECT. */
  readonly selected: string | undefined;
}

export type SurveyResult = CardSurvey | ({ readonly kind: "refused" } & WrongCard);
