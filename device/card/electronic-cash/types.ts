/* Electronic cash as flows see it: parsed answers of the card, what a torn tap is compared with, and what a host needs to check a cryptogram. */
import type { Bytes } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";
import type { RecordName } from "../../codec/afl.ts";
import type { DolEntry } from "../../codec/dol.ts";
import type { CardDecision, IssuerApplicationData } from "../../codec/issuer-application-data.ts";
import type { CardQualifiers } from "../../codec/transaction-qualifiers.ts";

export type CashInterface = "contact" | "contactless";

/** The card said no: any status word that is not success and that leaves nothing open. */
export interface CashRefusal {
  readonly kind: "refused";
  readonly statusWord: number;
}

/** Where the card keeps its transaction log: 9F4D, SFI and number of records. */
export interface LogPlace {
  readonly sfi: number;
  readonly records: number;
}

/** An application that the card has selected. */
export interface SelectedCash {
  readonly kind: "ok";
  /** Hexadecimal, lower case, as the card names itself (tag 84). */
  readonly applicationId: string;
  readonly interface: CashInterface;
  /** Tag 50, printable characters only. */
  readonly label?: string;
  /** What the card wants to be told in GET PROCESSING OPTIONS; empty where it wants nothing. */
  readonly dataWanted: readonly DolEntry[];
  readonly log?: LogPlace;
  /** The whole FCI, for records and for people. */
  readonly fci: Bytes;
}

export type SelectCashAnswer =
  | SelectedCash
  /** None of the applications is on the card, or those that are were excluded. */
  | { readonly kind: "no-application" }
  | { readonly kind: "blocked"; readonly what: "application" | "card" };

/** What GET DATA says before the transaction. A value that the card does not give out is undefined. */
export interface CashBaseline {
  /** 9F79. */
  readonly balance?: Fen;
  /** 9F36, the counter of the newest transaction. */
  readonly atc?: number;
  /** 9F77: the most that the card may hold. */
  readonly balanceLimit?: Fen;
  /** 9F78: the most that one sale may take. */
  readonly saleLimit?: Fen;
  /** 9F6D: below this balance the card wants to go online. */
  readonly resetThreshold?: Fen;
  /** 9F5D: what may be spent offline. */
  readonly available?: Fen;
  /** 9F17. */
  readonly pinTriesLeft?: number;
}

/** What stays the same for all sales of this terminal. All numbers are those of the EMV data objects named. */
export interface CashTerminal {
  /** 9F1A, four digits. */
  readonly countryCode: string;
  /** 5F2A, four digits. */
  readonly currencyCode: string;
  /** 9F35, two digits: 22 attended offline with online ability, 23 attended offline only, 25/26 unattended. */
  readonly terminalType: string;
  /** 9F33, three bytes in hexadecimal. */
  readonly capabilities: string;
  /** 9F1C, eight characters. */
  readonly terminalId: string;
  /** 9F16, fifteen characters. */
  readonly merchantId: string;
  /** 9F15, four digits. */
  readonly merchantCategory: string;
  /** 9F4E. */
  readonly merchantName: string;
  /** 9F09, two bytes in hexadecimal. */
  readonly applicationVersion: string;
  /** Whether an acquirer can be asked during a sale; an offline terminal tells the card so in its qualifiers. */
  readonly online: boolean;
  /** Whether a signature may stand for the holder. */
  readonly signature: boolean;
  /** DF69: whether the terminal knows SM2, SM3 and SM4; the card then prefers them. */
  readonly chineseAlgorithms: boolean;
  /** Whether the card is told that dynamic signatures over amount and currency (version 01) are understood; an older card signs the random number alone. */
  readonly signatureVersion: 0 | 1;
  /** Contactless cards that show only what their issuer signed once, which anybody can copy, are refused unless this is set. */
  readonly acceptsStatic?: true;
  readonly limits: CashLimits;
  /** Terminal action codes of the contact path, five bytes in hexadecimal each. */
  readonly actionCodes: { readonly denial: string; readonly online: string; readonly default: string };
}

/** Limits of the terminal for electronic cash; an absent one does not limit. */
export interface CashLimits {
  /** DF19: above it the card is asked to go online. */
  readonly contactlessFloorFen?: Fen;
  /** DF20: from this amount on there is no contactless sale. */
  readonly contactlessSaleFen?: Fen;
  /** DF21: from this amount on the holder must be verified. */
  readonly contactlessVerificationFen?: Fen;
  /** 9F7B: up to it the contact path may use electronic cash. */
  readonly cashFen?: Fen;
  /** 9F1B, floor limit of the contact path. */
  readonly floorFen?: Fen;
}

/** Values of one sale as the card is told them. */
export interface CashTerms {
  readonly amount: Fen;
  /** 9C, two digits; 00 is a purchase. */
  readonly transactionType: string;
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
  /** 9F37, 4 bytes. */
  readonly unpredictableNumber: Bytes;
  /** 9F41. */
  readonly sequence: number;
  /** The card is told that its issuer must be asked, so that it moves nothing by itself; only an online terminal may say so. */
  readonly asksIssuer?: true;
  /** DF60: absent for an ordinary sale. */
  readonly industry?: "segment-fare" | "pre-authorization" | "completion";
}

/** The parsed answer to GET PROCESSING OPTIONS. */
export interface ProcessingOptions {
  readonly kind: "ok";
  /** "quick": the card has decided already. "full": the contact path, GENERATE AC follows. */
  readonly path: "quick" | "full";
  /** Undefined on the full path. */
  readonly decision?: CardDecision;
  /** 82, 2 bytes. */
  readonly interchangeProfile: Bytes;
  /** Records to read, in order; the last of them is the commit of a quick sale. */
  readonly records: readonly RecordName[];
  /** 9F36; undefined on the full path. */
  readonly atc?: number;
  /** 9F26, 8 bytes; absent for a pre-authorisation. */
  readonly cryptogram?: Bytes;
  readonly issuerData?: IssuerApplicationData;
  readonly cardQualifiers?: CardQualifiers;
  /** 9F5D. */
  readonly available?: Fen;
  /** All data objects of the answer, by tag. */
  readonly data: CardData;
  /** The data that the card was sent, in the order of its list: the input of the cryptogram is taken from here. */
  readonly sent: ReadonlyMap<number, Bytes>;
}

/** Data objects of the card by tag. */
export type CardData = ReadonlyMap<number, Bytes>;

export type ProcessingAnswer = ProcessingOptions | CashRefusal;

/** What records said so far. */
export interface CardRecords {
  readonly data: CardData;
  /** Bytes of the records that the card's certificates cover, in order. */
  readonly signedBytes: Bytes;
  /** The record in which the account number stood. */
  readonly identityRecord?: RecordName;
}

export type RecordsAnswer = ({ readonly kind: "ok" } & CardRecords) | (CashRefusal & { readonly record: RecordName });
/** "refused" means that nothing was debited. */
export type LastRecordAnswer = ({ readonly kind: "ok" } & CardRecords) | CashRefusal;

/**
 * What identifies one sale on the card, known before its commit and kept with the intent. Everything is text or number, so that it
 * can stand in a record; `accountNumber` is personal and belongs into the sealed part.
 */
export interface CashIntent {
  readonly applicationId: string;
  readonly interface: CashInterface;
  /** Digits of the account number; undefined when the card names it in its last record only. */
  readonly accountNumber?: string;
  readonly atc: number;
  readonly amount: Fen;
  /** Whether a commit moves the balance 9F79: not so for a pre-authorisation. */
  readonly movesBalance: boolean;
  /** A pre-authorisation: its commit does not stand in the card's log. */
  readonly unlogged?: true;
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
  /** 8 hexadecimal digits. */
  readonly unpredictableNumber: string;
  /** The record whose answer commits; absent on the contact path. */
  readonly lastRecord?: RecordName;
  /** Where the account number can be read again; absent where it stands in the last record. */
  readonly identityRecord?: RecordName;
  readonly balanceBefore?: Fen;
  /** 16 hexadecimal digits: 9F26 as the card gave it. */
  readonly cryptogram?: string;
  readonly log?: LogPlace;
}

/** What the card's own evidence says about one sale. */
export type CashEvidence =
  /**
   * "replay": the card repeated the answer that committed this sale. "proof": it named the sale's cryptogram for the sale's counter.
   * "balance": its balance is lower by the amount while no later transaction has begun, or where the card tells no counter. "log": its log holds an entry with this counter.
   */
  | {
      readonly kind: "debited";
      readonly proof: "replay" | "proof" | "balance" | "log";
      readonly balance?: Fen;
      /** Data of the repeated last record, from which the signature can still be checked. */
      readonly replay?: CardRecords;
    }
  | { readonly kind: "not-debited"; readonly balance?: Fen }
  | { readonly kind: "another-card" }
  | { readonly kind: "undecidable"; readonly why: CashDoubt; readonly statusWord?: number };

/**
 * Why the card cannot say: its account number could not be read; it gives out neither counter nor balance; its balance fits neither
 * outcome; its counter lies before the sale's, which no card of ours does; its log has dropped entries of that time.
 */
export type CashDoubt = "identity-unreadable" | "nothing-readable" | "balance-contradicts" | "counter-behind" | "log-overrun" | "application-missing";

/** Everything that a host needs to check the cryptogram and to clear the sale; bytes in lower-case hexadecimal. */
export interface CryptogramRecord {
  readonly applicationId: string;
  readonly interface: CashInterface;
  /** Personal: sealed in records, never in a log. */
  readonly accountNumber: string;
  /** 5F34, two digits. */
  readonly accountSequence?: string;
  /** YYMMDD. */
  readonly expiry?: string;
  readonly amount: Fen;
  readonly otherAmount: Fen;
  readonly countryCode: string;
  readonly currencyCode: string;
  /** YYMMDD as sent. */
  readonly date: string;
  readonly transactionType: string;
  readonly unpredictableNumber: string;
  readonly atc: number;
  readonly interchangeProfile: string;
  /** TVR as the card saw it: part of the cryptogram's input. */
  readonly verificationSent: string;
  /** TVR and TSI as they stood at the end. */
  readonly verificationResults: string;
  readonly statusInformation: string;
  readonly issuerData: string;
  /** CVR inside the issuer data, part of the cryptogram's input. */
  readonly cardResults: string;
  readonly keyIndex: number;
  readonly cryptogramVersion: number;
  readonly cryptogram?: string;
  readonly decision: CardDecision;
  /** 9F74 where the card has one. */
  readonly issuerAuthorizationCode?: string;
  /** 9F63. */
  readonly productId?: string;
  /** 9F69, the card's part of a version 01 signature. */
  readonly cardAuthentication?: string;
  readonly industry?: CashTerms["industry"];
}

/**
 * Why electronic cash was not taken. Stable words: they stand in records and in answers to the counter.
 * "online-required" and "switch-interface" leave other ways to pay; the rest ends this one.
 */
export type CashReason =
  | "no-application"
  | "application-blocked"
  | "card-blocked"
  | "card-refused"
  | "amount-above-contactless-limit"
  | "amount-above-cash-limit"
  | "floor-limit-exceeded"
  | "online-required"
  | "switch-interface"
  | "declined-by-card"
  | "declined-by-terminal"
  | "insufficient-funds"
  | "amount-above-card-limit"
  | "balance-below-threshold"
  | "holder-verification-required"
  | "expired"
  | "not-yet-valid"
  | "usage-not-allowed"
  | "on-invalid-list"
  | "authentication-failed"
  | "authentication-impossible"
  | "card-data-missing"
  | "card-data-malformed"
  | "not-electronic-cash"
  | "wrong-currency"
  | "field-time-exceeded";
