/* Personalisation of a test card's bank application. */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, concat, fromHex, invertBytes, toHex } from "../../../device/base/bytes.ts";
import type { CardProfile } from "../../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { type BankKeyPlace, bankCardKey, bankKeyFactor } from "../../crypto/bank.ts";
import { encryptBlocks, type KeyAlgorithm } from "../../crypto/blocks.ts";
import {
  type CertificateTerms,
  rsaCardCertificate,
  rsaIssuerCertificate,
  rsaStaticSignature,
  smCardCertificate,
  smIssuerCertificate,
  smStaticSignature,
  TEST_RSA_AUTHORITY_INDEX,
  TEST_SM_AUTHORITY_INDEX,
  testCardScalar,
} from "../../crypto/certificates.ts";
import { type TestKeyName, testRootKey } from "../../crypto/test-keys.ts";
import { PIN_TRIES } from "./full.ts";
import { staticData } from "./records.ts";
import type { BankCertificates, BankKeys, ElectronicCashData, ElectronicCashMemory, ExtensionData, IndustryFile, IndustryRecord } from "./state.ts";

/** Segment fares and offline pre-authorisation; the card has one transit file with one opened record unless said otherwise. */
export interface ExtensionOptions {
  /** "segment" for fares alone; "reserve" for pre-authorisation too. Default: "reserve". */
  readonly support?: "segment" | "reserve";
  /** Answers of READ CAPP DATA can carry a MAC. */
  readonly answerMac?: boolean;
  readonly depositLimitFen?: number;
  readonly files?: readonly IndustryFile[];
  /** Records that are open from the beginning: file, identifier (four hexadecimal digits), content behind it (hexadecimal). */
  readonly records?: readonly { readonly sfi: number; readonly id: string; readonly contentHex: string }[];
}

export interface ElectronicCashOptions {
  readonly balanceFen: number;
  /** 9F77; default 1,000 yuan, or the balance where that is more. */
  readonly balanceLimitFen?: number;
  /** 9F78; default 1,000 yuan. */
  readonly singleLimitFen?: number;
  /** 9F6D; default 0: the card may be spent empty. */
  readonly resetThresholdFen?: number;
  /** Default: "both". */
  readonly algorithms?: "sm" | "rsa" | "both";
  readonly authentication?: "dynamic" | "static" | "none";
  readonly signatureVersion?: "00" | "01";
  /** 128 travel in the first answer of a quick payment, 144 in its last record. */
  readonly rsaSignatureLength?: 128 | 144;
  /** SM2 keys in certificates with 33 bytes instead of 64. */
  readonly compressedKeys?: boolean;
  readonly cryptogramVersion?: "01" | "17";
  readonly issuerDataAmounts?: ElectronicCashData["issuerDataAmounts"];
  /** 9F6C, four hexadecimal digits. */
  readonly qualifiers?: string;
  readonly supportsOnlinePin?: boolean;
  readonly supportsSignature?: boolean;
  /** A payment that the card sends online is signed too, where the terminal says that it checks signatures. Default: no. */
  readonly signsOnline?: boolean;
  readonly showsAvailable?: boolean;
  readonly newCard?: boolean;
  readonly pinTriesLeft?: number;
  /** Digits of the PIN that the card verifies itself over contacts, 4 to 12. */
  readonly pin?: string;
  readonly atc?: number;
  /** Last digits of the names: 01 debit, 02 credit, 03 quasi-credit, 06 electronic cash. Default: 01 and 06. */
  readonly applications?: readonly ("01" | "02" | "03" | "06")[];
  /** YYMMDD. */
  readonly effectiveDate?: string;
  /** YYMMDD. */
  readonly expiryDate?: string;
  /** 5F34, two digits. */
  readonly panSequence?: string;
  /** Account number of 16 to 19 digits that begins with 629999. */
  readonly pan?: string;
  readonly usageControl?: string;
  readonly currency?: string;
  readonly foreignCurrency?: "decline" | "online";
  readonly wantsTime?: boolean;
  readonly answerFormat?: "77" | "80";
  /** GET PROCESSING OPTIONS must be the first command after SELECT; only READ CAPP DATA may come between. */
  readonly strictOrder?: boolean;
  /** Payments that the log keeps, 1 to 30; default 10. */
  readonly logRecords?: number;
  readonly applicationBlocked?: boolean;
  readonly extension?: ExtensionOptions;
}

/** What a bank application is made for. */
export interface ElectronicCashRecipe {
  readonly suite: CipherSuite;
  readonly profile: CardProfile;
  /** Number of the test card, 0 to 99,999,999. */
  readonly serial: number;
}

const USUAL_LIMIT_FEN = 100_000;
const DATE_SHAPE = /^\d{6}$/;
const AUTHENTICATION_CODE = fromHex("dac1");
/** Offline payments since the last online one, as the issuer data may name their limit. */
const OFFLINE_TOTAL_LIMIT_FEN = 1_000_000;

/** The card verifies the PIN where the terminal can ask for it, then online PIN, signature, nothing. */
const VERIFICATION_WITH_PIN = "0000000000000000410342031e031f00";
const VERIFICATION = "000000000000000042031e031f00";

const TRANSIT_FILE: IndustryFile = { sfi: 21, kind: "variable", maxLength: 64, records: 5 };
const TRANSIT_RECORD = { sfi: 21, id: "2701", contentHex: "00".repeat(16) };

function extensionData(options: ExtensionOptions): ExtensionData {
  const support = (options.support === "segment" ? 0x01 : 0x02) | (options.answerMac === true ? 0x80 : 0x00);
  return { support, depositLimitFen: options.depositLimitFen ?? 0, files: options.files ?? [TRANSIT_FILE] };
}

/** Key of a record that was opened when the card was made; those opened later bring their own. */
export function testIndustryKey(suite: CipherSuite, algorithm: KeyAlgorithm, id: string): Bytes {
  return encryptBlocks(suite, algorithm, testRootKey(algorithm, "bank-industry"), fromHex(id.repeat(8)));
}

/** The key as one card has it: the shared one, or its own. */
function cardIndustryKey(
  { suite, profile }: ElectronicCashRecipe,
  algorithm: KeyAlgorithm,
  record: { readonly id: string; readonly place: BankKeyPlace },
): Bytes {
  const key = testIndustryKey(suite, algorithm, record.id);
  if (profile.cashRecordKey === "shared") return key;
  const factor = bankKeyFactor(record.place);
  return encryptBlocks(suite, algorithm, key, concat(factor, invertBytes(factor)));
}

function industryRecords(
  recipe: ElectronicCashRecipe,
  { algorithm, place }: { readonly algorithm: KeyAlgorithm; readonly place: BankKeyPlace },
  options: ExtensionOptions,
): readonly IndustryRecord[] {
  const records = options.records ?? (options.files === undefined ? [TRANSIT_RECORD] : []);
  return records.map(({ sfi, id, contentHex }) => ({
    sfi,
    id,
    contentHex: `${id}${contentHex}`,
    keyHex: toHex(cardIndustryKey(recipe, algorithm, { id, place })),
  }));
}

function keysOf(recipe: ElectronicCashRecipe, algorithm: KeyAlgorithm, place: BankKeyPlace): BankKeys {
  const rules = { suite: recipe.suite, profile: recipe.profile, algorithm };
  const hex = (name: TestKeyName): string => toHex(bankCardKey(rules, name, place));
  return { cryptogramHex: hex("bank-ac"), macHex: hex("bank-mac"), encryptionHex: hex("bank-encrypt"), industryHex: hex("bank-industry") };
}

function smCertificates(suite: CipherSuite, terms: CertificateTerms, signed: Bytes): BankCertificates {
  return {
    authorityIndex: TEST_SM_AUTHORITY_INDEX,
    issuerHex: toHex(smIssuerCertificate(suite, terms)),
    issuerRemainderHex: "",
    cardHex: toHex(smCardCertificate(suite, terms, signed)),
    cardRemainderHex: "",
    staticSignatureHex: toHex(smStaticSignature(suite, AUTHENTICATION_CODE, signed)),
  };
}

function rsaCertificates(terms: CertificateTerms, signatureLength: 128 | 144, signed: Bytes): BankCertificates {
  const issuer = rsaIssuerCertificate(terms);
  const card = rsaCardCertificate(terms, signatureLength, signed);
  return {
    authorityIndex: TEST_RSA_AUTHORITY_INDEX,
    issuerHex: toHex(issuer.certificate),
    issuerRemainderHex: toHex(issuer.remainder),
    cardHex: toHex(card.certificate),
    cardRemainderHex: toHex(card.remainder),
    staticSignatureHex: toHex(rsaStaticSignature(AUTHENTICATION_CODE, signed)),
  };
}

function checked(options: ElectronicCashOptions & { readonly expiryDate: string; readonly effectiveDate: string }, pan: string): void {
  assert(/^629999\d{10,13}$/.test(pan), "a test account has a range that no bank has");
  assert(DATE_SHAPE.test(options.expiryDate) && DATE_SHAPE.test(options.effectiveDate), "validity dates are YYMMDD");
  assert(options.pin === undefined || /^\d{4,12}$/.test(options.pin), "a PIN has 4 to 12 digits");
  assert(options.logRecords === undefined || (options.logRecords >= 1 && options.logRecords <= 30), "a log has 1 to 30 records");
  assert(options.balanceFen <= balanceLimit(options), "the balance is inside its limit");
}

function balanceLimit(options: ElectronicCashOptions): number {
  return options.balanceLimitFen ?? Math.max(USUAL_LIMIT_FEN, options.balanceFen);
}

const USUAL = {
  panSequence: "01",
  effectiveDate: "200101",
  expiryDate: "401231",
  applications: ["01", "06"],
  algorithms: "both",
  authentication: "dynamic",
  signatureVersion: "01",
  rsaSignatureLength: 128,
  compressedKeys: false,
  cryptogramVersion: "01",
  issuerDataAmounts: "01",
  currency: "0156",
  foreignCurrency: "decline",
  qualifiers: "2000",
  supportsOnlinePin: true,
  supportsSignature: true,
  signsOnline: false,
  showsAvailable: true,
  usageControl: "ff00",
  wantsTime: false,
  answerFormat: "77",
  strictOrder: false,
  logRecords: 10,
} as const satisfies Partial<ElectronicCashOptions>;

function plainData(recipe: ElectronicCashRecipe, options: ElectronicCashOptions): ElectronicCashData {
  const pan = options.pan ?? `629999${String(recipe.serial).padStart(10, "0")}`;
  const chosen: ElectronicCashOptions & { readonly [Name in keyof typeof USUAL]: NonNullable<ElectronicCashOptions[Name]> } = { ...USUAL, ...options };
  checked(chosen, pan);
  const { applications, extension, balanceFen: _, pin, ...data } = chosen;
  return {
    pan,
    panSequence: data.panSequence,
    effectiveDate: data.effectiveDate,
    expiryDate: data.expiryDate,
    aids: applications.map((end) => `a0000003330101${end}`),
    label: "PBOC TEST",
    algorithms: data.algorithms,
    authentication: data.authentication,
    signatureVersion: data.signatureVersion,
    keys: {},
    certificates: {},
    smPrivateHex: toHex(testCardScalar(recipe.suite, pan)),
    rsaSignatureLength: data.rsaSignatureLength,
    compressedKeys: data.compressedKeys,
    cryptogramVersion: data.cryptogramVersion,
    keyIndex: 0x01,
    issuerDataAmounts: data.issuerDataAmounts,
    currency: data.currency,
    foreignCurrency: data.foreignCurrency,
    qualifiers: data.qualifiers,
    supportsOnlinePin: data.supportsOnlinePin,
    supportsSignature: data.supportsSignature,
    signsOnline: data.signsOnline,
    showsAvailable: data.showsAvailable,
    issuerActionCodes: { default: "d86004a800", denial: "0010980000", online: "d86804f800" },
    usageControl: data.usageControl,
    verificationListHex: pin === undefined ? VERIFICATION : VERIFICATION_WITH_PIN,
    wantsTime: data.wantsTime,
    answerFormat: data.answerFormat,
    strictOrder: data.strictOrder,
    logRecords: data.logRecords,
    loadLogRecords: 10,
    offlineTotalLimitFen: OFFLINE_TOTAL_LIMIT_FEN,
    ...(extension === undefined ? {} : { extension: extensionData(extension) }),
  };
}

/** The same options always give the same card, signatures included. */
export function makeElectronicCash(
  recipe: ElectronicCashRecipe,
  options: ElectronicCashOptions,
): { readonly data: ElectronicCashData; readonly memory: ElectronicCashMemory } {
  const data = plainData(recipe, options);
  const { algorithms } = data;
  const terms: CertificateTerms = { pan: data.pan, expiry: `${data.expiryDate.slice(2, 4)}${data.expiryDate.slice(0, 2)}`, compressed: data.compressedKeys };
  const signed = staticData(data);
  const keys = {
    ...(algorithms === "rsa" ? {} : { sm4: keysOf(recipe, "sm4", data) }),
    ...(algorithms === "sm" ? {} : { "3des": keysOf(recipe, "3des", data) }),
  };
  const certificates = {
    ...(algorithms === "rsa" ? {} : { sm: smCertificates(recipe.suite, terms, signed) }),
    ...(algorithms === "sm" ? {} : { rsa: rsaCertificates(terms, data.rsaSignatureLength, signed) }),
  };
  return { data: { ...data, keys, certificates }, memory: freshMemory(recipe, options, data) };
}

function freshMemory(recipe: ElectronicCashRecipe, options: ElectronicCashOptions, place: BankKeyPlace): ElectronicCashMemory {
  const industryAlgorithm = options.algorithms === "rsa" ? "3des" : "sm4";
  return {
    balanceFen: options.balanceFen,
    balanceLimitFen: balanceLimit(options),
    singleLimitFen: options.singleLimitFen ?? USUAL_LIMIT_FEN,
    resetThresholdFen: options.resetThresholdFen ?? 0,
    atc: options.atc ?? 0,
    // A card that is not new has been online once.
    lastOnlineAtc: options.newCard === true ? 0 : Math.max(1, options.atc ?? 0),
    newCard: options.newCard ?? false,
    pinTriesLeft: options.pinTriesLeft ?? PIN_TRIES,
    ...(options.pin === undefined ? {} : { pin: options.pin }),
    applicationBlocked: options.applicationBlocked ?? false,
    offlineTotalFen: 0,
    onlineNotCompleted: false,
    issuerAuthenticationFailed: false,
    scriptsCounted: 0,
    scriptFailed: false,
    log: [],
    loadLog: [],
    lastAnswer: undefined,
    lastCertificate: undefined,
    replacedRecords: {},
    industry: options.extension === undefined ? [] : industryRecords(recipe, { algorithm: industryAlgorithm, place }, options.extension),
    depositUsedFen: 0,
  };
}
