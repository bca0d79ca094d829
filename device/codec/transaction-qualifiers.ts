/* What terminal (9F66) and card (9F6C) tell each other about a contactless sale. Spec: JR/T 0025, quick debit and credit, transaction qualifiers. */
import type { Bytes } from "../base/bytes.ts";
import { type BitNames, bitsOf, hasBit } from "./bit-names.ts";

export const TERMINAL_QUALIFIERS_LENGTH = 4;
export const CARD_QUALIFIERS_LENGTH = 2;

export type TerminalQualifier =
  | "contactless-full"
  | "contactless-quick"
  | "contact"
  | "offline-only"
  | "online-pin"
  | "signature"
  | "online-authentication"
  | "online-required"
  | "verification-required"
  | "signature-version-1";

export const TERMINAL_QUALIFIER_BITS: BitNames<TerminalQualifier> = {
  "contactless-full": [1, 7],
  "contactless-quick": [1, 6],
  contact: [1, 5],
  "offline-only": [1, 4],
  "online-pin": [1, 3],
  signature: [1, 2],
  "online-authentication": [1, 1],
  "online-required": [2, 8],
  "verification-required": [2, 7],
  "signature-version-1": [4, 8],
};

/** 9F66 with exactly these bits. */
export function terminalQualifiers(set: Iterable<TerminalQualifier>): Bytes {
  return bitsOf(TERMINAL_QUALIFIERS_LENGTH, TERMINAL_QUALIFIER_BITS, set);
}

export type CardQualifier = "online-pin" | "signature" | "online-if-authentication-fails" | "switch-interface";

export const CARD_QUALIFIER_BITS: BitNames<CardQualifier> = {
  "online-pin": [1, 8],
  signature: [1, 7],
  "online-if-authentication-fails": [1, 6],
  "switch-interface": [1, 5],
};

/** 9F6C as meaning. */
export interface CardQualifiers {
  readonly onlinePin: boolean;
  readonly signature: boolean;
  readonly onlineIfAuthenticationFails: boolean;
  readonly switchInterface: boolean;
}

/** Reads 9F6C; undefined for another length. Never throws. */
export function parseCardQualifiers(bytes: Bytes): CardQualifiers | undefined {
  if (bytes.length !== CARD_QUALIFIERS_LENGTH) return undefined;
  const has = (name: CardQualifier) => hasBit(bytes, CARD_QUALIFIER_BITS, name);
  return {
    onlinePin: has("online-pin"),
    signature: has("signature"),
    onlineIfAuthenticationFails: has("online-if-authentication-fails"),
    switchInterface: has("switch-interface"),
  };
}
