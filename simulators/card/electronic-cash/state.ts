/*
 * The bank application with electronic cash as plain data: what the card maker put in, and what changes in whole steps.
 * Nothing here is computed; make.ts fills it in and the commands change the memory. Spec: JR/T 0025, data elements.
 */
import type { CryptogramVersion } from "../../crypto/bank.ts";
import type { KeyAlgorithm } from "../../crypto/blocks.ts";
import type { CertificateKind } from "../../crypto/certificates.ts";

/** Keys of one account, hexadecimal, 16 bytes each. TEST ONLY. */
export interface BankKeys {
  readonly cryptogramHex: string;
  readonly macHex: string;
  readonly encryptionHex: string;
  /** Opens industry records. */
  readonly industryHex: string;
}

/** Certificates of one kind as they stand in the card's records. */
export interface BankCertificates {
  /** Index of the certification authority's key, tag 8F. */
  readonly authorityIndex: number;
  readonly issuerHex: string;
  readonly issuerRemainderHex: string;
  readonly cardHex: string;
  readonly cardRemainderHex: string;
  /** Tag 93. */
  readonly staticSignatureHex: string;
}

/** An industry file of the extension: a row of records of one kind. */
export interface IndustryFile {
  /** 21 to 30. */
  readonly sfi: number;
  /** A variable record may be of any length up to the file's; a cyclic one has exactly that length. */
  readonly kind: "variable" | "cyclic";
  /** Bytes of a record with its identifier. */
  readonly maxLength: number;
  readonly records: number;
}

/** Segment fares and offline pre-authorisation. Spec: JR/T 0025, extended applications of qPBOC. */
export interface ExtensionData {
  /** Value of DF61. */
  readonly support: number;
  /** DF62: how much a fare may take from the deposit when the balance is used up. */
  readonly depositLimitFen: number;
  readonly files: readonly IndustryFile[];
}

export interface ElectronicCashData {
  /** Primary account number, 16 to 19 digits; made up, of a range that no bank has. */
  readonly pan: string;
  /** 5F34, two digits. */
  readonly panSequence: string;
  /** YYMMDD. */
  readonly effectiveDate: string;
  /** YYMMDD. */
  readonly expiryDate: string;
  /** Names of the application, hexadecimal, in the order of their priority. All of them open the same account. */
  readonly aids: readonly string[];
  readonly label: string;
  /** Chinese algorithms, the international ones, or both: then the terminal's DF69 decides. */
  readonly algorithms: "sm" | "rsa" | "both";
  readonly authentication: "dynamic" | "static" | "none";
  /** Version of the dynamic signature in quick payments. */
  readonly signatureVersion: "00" | "01";
  readonly keys: { readonly [Algorithm in KeyAlgorithm]?: BankKeys };
  readonly certificates: { readonly [Kind in CertificateKind]?: BankCertificates };
  /** SM2 private key of the card. TEST ONLY. */
  readonly smPrivateHex: string;
  /** Bytes of the card's RSA signatures. */
  readonly rsaSignatureLength: 128 | 144;
  readonly compressedKeys: boolean;
  readonly cryptogramVersion: CryptogramVersion;
  readonly keyIndex: number;
  /** Amounts in the issuer application data: the identifiers 01 to 05 or none. */
  readonly issuerDataAmounts: "01" | "02" | "03" | "04" | "05" | "none";
  /** 9F51, four digits. */
  readonly currency: string;
  /** What a quick payment in another currency comes to. */
  readonly foreignCurrency: "decline" | "online";
  /** 9F6C as personalised, four hexadecimal digits; the card adds what one payment needs. */
  readonly qualifiers: string;
  readonly supportsOnlinePin: boolean;
  readonly supportsSignature: boolean;
  /** Whether the card signs a payment that it sends online too, so that a gate may open before its issuer was asked. */
  readonly signsOnline: boolean;
  /** Whether the answer names 9F5D. */
  readonly showsAvailable: boolean;
  /** 9F0D, 9F0E, 9F0F: default, denial, online; ten hexadecimal digits each. */
  readonly issuerActionCodes: { readonly default: string; readonly denial: string; readonly online: string };
  /** 9F07, four hexadecimal digits. */
  readonly usageControl: string;
  /** 8E. */
  readonly verificationListHex: string;
  /** Whether the quick path wants the time of day too. */
  readonly wantsTime: boolean;
  /** Form of the answers on the full path: template 77, or template 80 without tags. */
  readonly answerFormat: "77" | "80";
  /** Processing options are given directly after SELECT only, not after a read. */
  readonly strictOrder: boolean;
  readonly logRecords: number;
  readonly loadLogRecords: number;
  /** Limit of offline payments since the last online one, in the amounts of the issuer data. */
  readonly offlineTotalLimitFen: number;
  readonly extension?: ExtensionData;
}

/** One record of an industry file. */
export interface IndustryRecord {
  readonly sfi: number;
  /** Four hexadecimal digits. */
  readonly id: string;
  /** With the identifier in front. */
  readonly contentHex: string;
  /** The record's own key, 16 bytes. */
  readonly keyHex: string;
  /** Set aside by an offline pre-authorisation that awaits its completion. */
  readonly reservedFen?: number;
}

/** The answer that committed the last payment, kept for a terminal that did not hear it. */
export interface LastAnswer {
  readonly sfi: number;
  readonly record: number;
  readonly contentHex: string;
  readonly counter: number;
}

export interface ElectronicCashMemory {
  /** 9F79. */
  readonly balanceFen: number;
  /** 9F77. */
  readonly balanceLimitFen: number;
  /** 9F78. */
  readonly singleLimitFen: number;
  /** 9F6D. */
  readonly resetThresholdFen: number;
  /** 9F36: counter of the newest transaction. */
  readonly atc: number;
  /** 9F13: counter of the last one that went online; 0 on a new card. */
  readonly lastOnlineAtc: number;
  readonly newCard: boolean;
  /** 9F17. */
  readonly pinTriesLeft: number;
  /** Digits of the PIN that the card verifies itself; absent when it has none. */
  readonly pin?: string;
  readonly applicationBlocked: boolean;
  /** Offline payments since the last online one. */
  readonly offlineTotalFen: number;
  readonly onlineNotCompleted: boolean;
  readonly issuerAuthenticationFailed: boolean;
  readonly scriptsCounted: number;
  readonly scriptFailed: boolean;
  /** Newest first, hexadecimal. */
  readonly log: readonly string[];
  readonly loadLog: readonly string[];
  readonly lastAnswer: LastAnswer | undefined;
  /** What GET TRANS PROVE gives out. */
  readonly lastCertificate: { readonly counter: number; readonly hex: string } | undefined;
  /** Records that issuer scripts have replaced, by "sfi-record". */
  readonly replacedRecords: Readonly<Record<string, string>>;
  readonly industry: readonly IndustryRecord[];
  /** DF63. */
  readonly depositUsedFen: number;
}

/** Breaches of a bank application that a user may switch on, besides those that all applications share. */
export interface BankFaults {
  /** The signature over the dynamic data is altered. */
  readonly wrongDynamicSignature: boolean;
  readonly wrongIssuerCertificate: boolean;
  readonly wrongCardCertificate: boolean;
  /** The card's certificate ended in December 2021. */
  readonly expiredCertificate: boolean;
  /** The answer that committed a payment is not kept for a terminal that comes back. */
  readonly lastAnswerLost: boolean;
}

export const NO_BANK_FAULTS: BankFaults = {
  wrongDynamicSignature: false,
  wrongIssuerCertificate: false,
  wrongCardCertificate: false,
  expiredCertificate: false,
  lastAnswerLost: false,
};
