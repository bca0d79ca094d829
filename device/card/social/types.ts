/* The social application as flows see it. */
import type { Bytes } from "../../base/bytes.ts";
import type { CardAlgorithm } from "../keys/block-mac.ts";

/** Who holds the card. Personal data: it enters no log and no message in the clear. */
export interface Holder {
  readonly name: string;
  /** 18 characters. */
  readonly socialSecurityNumber: string;
  /** "1" male, "2" female, as the card codes it; "" where the card holds none. */
  readonly sex: string;
  /** YYYYMMDD; "" where the card holds none. */
  readonly birthDate: string;
}

export interface SocialIdentity {
  readonly kind: "ok";
  /** 32 hexadecimal digits. */
  readonly cardIdentifier: string;
  /** 9 characters, the last one a check character. */
  readonly cardNumber: string;
  /** As on the card, for example "3.00". */
  readonly version: string;
  readonly generation: 1 | 2 | 3;
  readonly algorithm: CardAlgorithm;
  readonly category: string;
  /** 24 hexadecimal digits. */
  readonly organisation: string;
  /** YYYYMMDD; "" where the card holds none. */
  readonly issueDate: string;
  /** YYYYMMDD; "" where the card holds none. */
  readonly expiryDate: string;
  /** Six digits. */
  readonly regionCode: string;
  /** 8 bytes each: card, city, province. What the keys of this card are made with, in the order in which a module takes them. */
  readonly factors: readonly Bytes[];
  readonly holder: Holder;
}

/** Why a card is not accepted, in the order of the checks. Spec: LD/T 32.7, checks before a transaction. */
export type SocialRefusal =
  | "not-a-social-card"
  | "card-blocked"
  | "algorithm-not-supported"
  | "data-malformed"
  | "not-genuine"
  | "on-invalid-list"
  | "organisation-not-accepted"
  | "category-not-accepted"
  | "version-not-accepted"
  | "not-yet-valid"
  | "expired"
  | "holder-not-readable"
  /** By radio the card does not show from what its keys follow: it must be put into the contact slot. */
  | "contacts-needed"
  | "radio-type-not-accepted"
  /** The card must be activated for use by radio first. */
  | "contactless-not-activated"
  /** The region's cards prove themselves by certificates, of which no text at hand describes files and commands. */
  | "certificate-application-not-supported";

export interface SocialRefused {
  readonly kind: "refused";
  readonly reason: SocialRefusal;
  readonly statusWord?: number;
  /** With "algorithm-not-supported": which one it is. */
  readonly algorithm?: "ssf33" | "unknown";
}

export type SocialIdentityResult = SocialIdentity | SocialRefused;

/** Whether the card asks for a PIN. Asking does not use up a try. */
export type PinState =
  | { readonly kind: "none" }
  | { readonly kind: "set"; readonly triesLeft: number }
  | { readonly kind: "locked" }
  | { readonly kind: "refused"; readonly statusWord: number };
