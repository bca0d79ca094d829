/* The e-purse as flows see it: parsed answers of the card, and what a torn purchase is compared with. */
import type { Bytes } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";

/**
 * Which of the two stores of one application: the e-purse (EP) for small sums, or the e-passbook (ED), which may have a PIN and an overdraft.
 * Each has balance and counters of its own. Spec: PBOC purse, commands.
 */
export type PurseName = "e-purse" | "e-passbook";

/** Type byte of an e-passbook purchase. Spec: PBOC purse, transaction types. */
export const PURCHASE_TYPE_PASSBOOK = 0x05;
/** Type byte of an e-purse purchase. Spec: PBOC purse, transaction types. */
export const PURCHASE_TYPE_PURSE = 0x06;
/** Type byte of a purchase with an industry record. Spec: PBOC purse, transaction types. */
export const PURCHASE_TYPE_COMPOSITE = 0x09;

/** The card said no: any status word that is not success. The card has done nothing. */
export interface CardRefusal {
  readonly kind: "refused";
  readonly statusWord: number;
}

/** An application by its name, as the profile lists them. */
export interface PurseApplication {
  /** Hexadecimal, 5 to 16 bytes. */
  readonly applicationId: string;
}

/** EF15, the public data of the purse. Spec: PBOC purse, EF15. */
export interface PursePublicData {
  /** 16 hexadecimal digits, 8 bytes. */
  readonly issuer: string;
  readonly applicationType: number;
  readonly applicationVersion: number;
  /** 20 hexadecimal digits, 10 bytes: the application serial number. */
  readonly serial: string;
  /** YYYYMMDD. */
  readonly startDate: string;
  /** YYYYMMDD. */
  readonly endDate: string;
}

/** One record of EF18. Spec: PBOC purse, EF18. */
export interface PurseLogEntry {
  /** Raw number in the record: before or after the increment, as the card has it. */
  readonly sequence: number;
  readonly overdraftLimit: Fen;
  readonly amount: Fen;
  readonly type: number;
  /** 12 hexadecimal digits. */
  readonly terminalNumber: string;
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
}

/** Answer to INITIALIZE FOR PURCHASE. */
export interface PurchaseOpening {
  readonly kind: "ok";
  readonly balance: Fen;
  /** Offline sequence before the increment, as the TAC and the session key use it. */
  readonly cardSequence: number;
  readonly overdraftLimit: Fen;
  readonly keyVersion: number;
  readonly algorithm: number;
  /** 4 bytes. */
  readonly cardRandom: Bytes;
}

/** Answer to DEBIT FOR PURCHASE. */
export interface DebitProof {
  readonly kind: "ok";
  /** 4 bytes. */
  readonly tac: Bytes;
  /** 4 bytes. */
  readonly mac2: Bytes;
}

/** Answer to GET TRANSACTION PROVE, which names the two in the other order than DEBIT. */
export type TransactionProof = DebitProof;

export type SelectPurseAnswer =
  | { readonly kind: "ok"; readonly applicationId: string }
  /** None of the applications is on the card. */
  | { readonly kind: "no-purse" }
  | { readonly kind: "blocked" };
export type PublicDataAnswer = ({ readonly kind: "ok" } & PursePublicData) | CardRefusal;
export type LogAnswer = { readonly kind: "ok"; readonly entry: PurseLogEntry } | { readonly kind: "no-record" } | CardRefusal;
export type BalanceAnswer = { readonly kind: "ok"; readonly balance: Fen } | CardRefusal;
export type PurchaseOpeningAnswer = PurchaseOpening | CardRefusal;
export type DebitAnswer = DebitProof | CardRefusal;
export type ProveAnswer = TransactionProof | { readonly kind: "no-proof" } | CardRefusal;

/**
 * What identifies one sale on the card. A log entry is this sale's only when type, terminal, date, time and amount are all equal,
 * and its sequence fits what is known of the card.
 */
export interface PurchaseIntent {
  /** 12 hexadecimal digits, lower case. */
  readonly terminalNumber: string;
  /** YYYYMMDD, as sent to the card. */
  readonly date: string;
  /** HHMMSS, as sent to the card. */
  readonly time: string;
  readonly type: number;
  readonly amount: Fen;
  /** The card's sequence before the debit, when the answer to INITIALIZE was seen. */
  readonly cardSequence?: number;
  /** Sequence of the newest purchase entry of the log (of this purse), when the log was read before this sale. */
  readonly logSequenceBefore?: number;
  /** The purse that paid, where the type does not say so: compound purchases (09). Left out: the e-purse. */
  readonly purse?: PurseName;
}

/** What the card's own evidence says about one sale. */
export type SaleEvidence =
  /** The log entry is this sale's and the card still gives its proof. */
  | {
      readonly kind: "debited";
      readonly proof: "log";
      readonly logSequence: number;
      readonly provedSequence: number;
      readonly tac: Bytes;
      readonly mac2: Bytes;
    }
  /** The log entry is this sale's, the proof is gone: a later transaction has taken its place, or the card refuses it. */
  | { readonly kind: "debited"; readonly proof: "log-only"; readonly logSequence: number }
  | { readonly kind: "not-debited" }
  /**
   * The card cannot say: "log-overrun" = as many later purchases as the log holds may have pushed this sale's entry out;
   * "log-unreadable" = the card refuses its log.
   */
  | { readonly kind: "undecidable"; readonly why: "log-overrun" | "log-unreadable"; readonly statusWord?: number };
