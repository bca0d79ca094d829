/* The medical purse (offline account in DF04) as flows see it: parsed answers of the card, and what a torn transaction is compared with. */
import type { Bytes } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";

/** What a transaction of the medical purse can be: money into the account (划入), or a settlement that takes some out of it. */
export type MedicalTransaction = "load" | "purchase";

/** Whether a card keeps all three figures of a settlement, or the account amount alone (log records of 28 and of 20 bytes). Spec: LD/T 32.5, DF04/08. */
export type MedicalMode = "full" | "account-only";

/** The three figures of a settlement. Only `account` is money that leaves the card; the others are written down beside it. Each is at most 4 bytes. */
export interface MedicalAmounts {
  /** From the personal account on the card (个人账户). */
  readonly account: Fen;
  /** Paid by the person in another way (个人自付). */
  readonly selfPay: Fen;
  /** Paid by the pooled fund (统筹基金). */
  readonly pooled: Fen;
}

/** Why the card said no, where its status word has a meaning of its own in this application. Spec: LD/T 32.5, 7 (error words). */
export type MedicalRefusalReason =
  /** 6901: the command came out of order. The card has dropped to idle, so the transaction begins anew from INITIALIZE. */
  | "out-of-order"
  /** 9302. */
  | "mac-wrong"
  /** 9303: the application is blocked for good. */
  | "blocked"
  /** 9401: the account holds less than the account amount. */
  | "funds"
  /** 9402: the card's counter is used up; this purse will never pay again. */
  | "counter-full"
  /** 9403: the card has no key with this index. */
  | "key-index"
  /** 6982: the holder has set a PIN and it has not been verified since power-up. */
  | "pin-needed"
  | "other";

/** The card said no: any status word that is not success and leaves nothing open. The card has done nothing. */
export interface MedicalRefusal {
  readonly kind: "refused";
  readonly statusWord: number;
  readonly reason: MedicalRefusalReason;
}

/** One record of DF04/08. Spec: LD/T 32.5, DF04/08. */
export interface MedicalLogEntry {
  /** As the card has it: before or after the increment. */
  readonly sequence: number;
  /** "other": a type that the specification does not name. */
  readonly transaction: MedicalTransaction | "other";
  /** The type byte as it stands in the record. */
  readonly typeByte: number;
  /** 12 hexadecimal digits. */
  readonly terminalNumber: string;
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
  readonly account: Fen;
  /** Zero in a record that holds the account amount alone. */
  readonly selfPay: Fen;
  /** Zero in a record that holds the account amount alone. */
  readonly pooled: Fen;
  readonly mode: MedicalMode;
}

/** Answer to INITIALIZE FOR PURCHASE: nothing has been taken yet. */
export interface MedicalPurchaseOpening {
  readonly kind: "ok";
  readonly balances: MedicalBalances;
  /** Offline sequence before the increment, as the session key uses it. */
  readonly cardSequence: number;
  readonly keyVersion: number;
  readonly algorithm: number;
  /** 4 bytes. */
  readonly cardRandom: Bytes;
}

/** Answer to INITIALIZE FOR LOAD. */
export interface MedicalLoadOpening {
  readonly kind: "ok";
  readonly account: Fen;
  /** Online sequence before the increment. */
  readonly cardSequence: number;
  readonly keyVersion: number;
  readonly algorithm: number;
  /** 4 bytes. */
  readonly cardRandom: Bytes;
  /** 4 bytes: proves the card to the host, which alone can check it. */
  readonly mac1: Bytes;
}

/** Answer to DEBIT FOR PURCHASE. */
export interface MedicalDebitProof {
  readonly kind: "ok";
  /** 4 bytes. */
  readonly tac: Bytes;
  /** 4 bytes. */
  readonly mac2: Bytes;
}

/** Answer to CREDIT FOR LOAD. */
export interface MedicalLoadProof {
  readonly kind: "ok";
  /** 4 bytes. */
  readonly tac: Bytes;
}

/** What the purse holds and has counted in its benefit year. Year and totals mean nothing on a card in account-only mode. */
export interface MedicalBalances {
  /** Money in the account (CIA). */
  readonly account: Fen;
  /** Self-paid since the benefit year began (SPIP). */
  readonly selfPayTotal: Fen;
  /** Paid by the pooled fund since the benefit year began (SPFP). */
  readonly pooledTotal: Fen;
  /** The benefit year in which the last settlement fell: four hexadecimal digits as the card has them, decimal on a card that has settled. */
  readonly payYear: string;
}

export type SelectMedicalAnswer =
  | { readonly kind: "ok"; readonly fci: Bytes }
  | { readonly kind: "no-medical-purse" }
  | { readonly kind: "blocked" }
  | { readonly kind: "refused"; readonly statusWord: number };
export type MedicalLogAnswer = { readonly kind: "ok"; readonly entry: MedicalLogEntry } | { readonly kind: "no-record" } | MedicalRefusal;
export type MedicalBalancesAnswer = { readonly kind: "ok"; readonly balances: MedicalBalances } | MedicalRefusal;
export type MedicalPurchaseAnswer = MedicalPurchaseOpening | MedicalRefusal;
export type MedicalLoadAnswer = MedicalLoadOpening | MedicalRefusal;
export type MedicalDebitAnswer = MedicalDebitProof | MedicalRefusal;
export type MedicalCreditAnswer = MedicalLoadProof | MedicalRefusal;
/** Answer to GET TRANSACTION PROOF, which names the two in the other order than DEBIT. For a load only the TAC says something. */
export type MedicalProofAnswer = MedicalDebitProof | { readonly kind: "no-proof" } | MedicalRefusal;
/** `startDay` is mmdd: the first day of the benefit year. */
export type StartDayAnswer = { readonly kind: "ok"; readonly startDay: string } | MedicalRefusal;

/** What identifies one transaction on the card; every fact must be equal, and the sequence must fit what is known of the card. */
export interface MedicalIntent {
  readonly transaction: MedicalTransaction;
  /** 12 hexadecimal digits, lower case. */
  readonly terminalNumber: string;
  /** YYYYMMDD, as sent to the card. */
  readonly date: string;
  /** HHMMSS, as sent to the card. */
  readonly time: string;
  /** For a load, `account` is the amount and the others are zero. */
  readonly amounts: MedicalAmounts;
  /** The card's sequence before the transaction, when the answer to INITIALIZE was seen. */
  readonly cardSequence?: number;
  /** Sequence of the newest log entry of this kind of transaction, when the log was read before. */
  readonly logSequenceBefore?: number;
}

/** A proof that the card gave for one sequence. It counts only with a log entry beside it, or when the module accepts its MAC2. */
export interface MedicalProofCandidate {
  readonly provedSequence: number;
  readonly tac: Bytes;
  readonly mac2: Bytes;
}

/** What the card's own evidence says about one transaction. */
export type MedicalEvidence =
  /** The log entry is this transaction's and the card still gives its proof. */
  | {
      readonly kind: "debited";
      readonly proof: "log";
      readonly logSequence: number;
      readonly provedSequence: number;
      readonly tac: Bytes;
      readonly mac2: Bytes;
    }
  /** The log entry is this transaction's, the proof is gone. */
  | { readonly kind: "debited"; readonly proof: "log-only"; readonly logSequence: number }
  | { readonly kind: "not-debited" }
  /**
   * The card cannot say. "pin-needed" = its log opens only after the PIN, and `candidates` are what it proves without: the module's
   * check of a MAC2 among them decides, or the holder's PIN and a second look. "log-overrun" = as many later transactions as the log
   * holds may have pushed this one out. "log-unreadable" = the card refuses its log for another reason.
   */
  | {
      readonly kind: "undecidable";
      readonly why: "pin-needed" | "log-overrun" | "log-unreadable";
      readonly statusWord?: number;
      readonly candidates: readonly MedicalProofCandidate[];
    };
