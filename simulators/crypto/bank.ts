/*
 * Key functions of the bank application: card keys, session keys, application cryptograms, issuer answers, script MACs. Open points of the texts
 * are fields of the card profile. Keys are published TEST keys. Spec: JR/T 0025, application cryptograms.
 */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, equalBytes, invertBytes, u16be, xorBytes } from "../../device/base/bytes.ts";
import { digitsToBcd, numberToBcd } from "../../device/codec/bcd.ts";
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { blockBytes, cbcLastBlock, encryptBlocks, type KeyAlgorithm, padAlways, zeroExtend } from "./blocks.ts";
import { type TestKeyName, testRootKey } from "./test-keys.ts";

/** Everything that decides how the values of a bank application are computed. */
export interface BankRules {
  readonly suite: CipherSuite;
  readonly algorithm: KeyAlgorithm;
  readonly profile: CardProfile;
}

/** Which account's key. */
export interface BankKeyPlace {
  /** Account number, 16 to 19 digits. */
  readonly pan: string;
  /** Sequence number of the account's card, two digits. */
  readonly panSequence: string;
}

/** Version of the cryptogram: which inputs it is made over. */
export type CryptogramVersion = "01" | "17";

/** The rightmost 16 digits of account number and sequence. Spec: JR/T 0025, key derivation. */
export function bankKeyFactor({ pan, panSequence }: BankKeyPlace): Bytes {
  return digitsToBcd(`${pan}${panSequence}`.slice(-16).padStart(16, "0"));
}

/** A card's own key: its factor, then the factor's complement. Spec: JR/T 0025, key derivation. */
export function bankCardKey(rules: BankRules, name: TestKeyName, place: BankKeyPlace): Bytes {
  const factor = bankKeyFactor(place);
  return encryptBlocks(rules.suite, rules.algorithm, testRootKey(rules.algorithm, name), concat(factor, invertBytes(factor)));
}

/** Session key of one transaction: zeros, counter, zeros, complement of the counter under the card's key. */
export function bankSessionKey(rules: BankRules, cardKey: Bytes, counter: number): Bytes {
  const atc = u16be(counter);
  const zeros = new Uint8Array(6);
  return encryptBlocks(rules.suite, rules.algorithm, cardKey, concat(zeros, atc, zeros, invertBytes(atc)));
}

/** Single-DES chain with a triple-DES end, or an SM4 chain; `blocks` is whole blocks. */
function chained(rules: BankRules, key: Bytes, chain: { readonly iv: Bytes; readonly blocks: Bytes }): Bytes {
  const { iv, blocks } = chain;
  const { suite, algorithm } = rules;
  if (algorithm === "sm4") return cbcLastBlock(suite, algorithm, { key, iv, data: blocks });
  const before = blocks.slice(0, -8);
  const left = key.slice(0, 8);
  const link = before.length === 0 ? iv : cbcLastBlock(suite, algorithm, { key: left, iv, data: before });
  return encryptBlocks(suite, algorithm, key, xorBytes(blocks.slice(-8), link));
}

function padded(rules: BankRules, data: Bytes, padding: "pad80" | "zeros"): Bytes {
  const block = blockBytes(rules.algorithm);
  return padding === "pad80" ? padAlways(data, block) : zeroExtend(data, Math.ceil(data.length / block) * block);
}

/** Application cryptogram, 8 bytes, over inputs that {@link cryptogramInput} put together. */
export function applicationCryptogram(rules: BankRules, sessionKey: Bytes, input: Bytes): Bytes {
  const blocks = padded(rules, input, rules.profile.acPadding);
  return chained(rules, sessionKey, { iv: new Uint8Array(blockBytes(rules.algorithm)), blocks }).slice(0, 8);
}

/** 4-byte MAC over `data`, always padded with 80; an initial value shorter than a block gets zeros in front. */
export function bankMac(rules: BankRules, sessionKey: Bytes, chain: { readonly data: Bytes; readonly iv?: Bytes }): Bytes {
  const block = blockBytes(rules.algorithm);
  const given = chain.iv ?? new Uint8Array(0);
  const iv = concat(new Uint8Array(block - given.length), given);
  return chained(rules, sessionKey, { iv, blocks: padAlways(chain.data, block) }).slice(0, 4);
}

/** What a cryptogram is made over; the fields that CVN 17 leaves out may be missing there. */
export interface CryptogramFields {
  /** 9F02, 6 bytes. */
  readonly amount: Bytes;
  /** 9F03, 6 bytes. */
  readonly otherAmount: Bytes;
  /** 9F1A, 2 bytes. */
  readonly country: Bytes;
  /** 95, 5 bytes. */
  readonly verificationResults: Bytes;
  /** 5F2A, 2 bytes. */
  readonly currency: Bytes;
  /** 9A, 3 bytes. */
  readonly date: Bytes;
  /** 9C, 1 byte. */
  readonly type: Bytes;
  /** 9F37, 4 bytes. */
  readonly unpredictableNumber: Bytes;
  /** 82, 2 bytes. */
  readonly interchangeProfile: Bytes;
  readonly counter: number;
  /** Card verification results without their length, 3 bytes. */
  readonly cardResults: Bytes;
}

/** Input of a cryptogram by its version: 37 bytes or 13. */
export function cryptogramInput(version: CryptogramVersion, fields: CryptogramFields): Bytes {
  const counter = u16be(fields.counter);
  if (version === "17") return concat(fields.amount, fields.unpredictableNumber, counter, fields.cardResults.slice(0, 1));
  const terminal = concat(fields.amount, fields.otherAmount, fields.country, fields.verificationResults, fields.currency, fields.date, fields.type);
  return concat(terminal, fields.unpredictableNumber, fields.interchangeProfile, counter, Uint8Array.of(0x03), fields.cardResults);
}

/** The issuer's answer to a cryptogram: its response code in front of the cryptogram, enciphered; 8 bytes. */
export function issuerAuthentication(rules: BankRules, sessionKey: Bytes, answer: { readonly cryptogram: Bytes; readonly responseCode: Bytes }): Bytes {
  const mixed = xorBytes(answer.cryptogram, zeroExtend(answer.responseCode, 8));
  return encryptBlocks(rules.suite, rules.algorithm, sessionKey, zeroExtend(mixed, blockBytes(rules.algorithm))).slice(0, 8);
}

/** What binds an issuer script command to one transaction of one card. */
export interface ScriptBinding {
  readonly counter: number;
  /** The transaction's first cryptogram, 8 bytes. */
  readonly cryptogram: Bytes;
}

/** MAC of an issuer script command. `header` is CLA INS P1 P2 Lc, where Lc counts the MAC; `data` stands as it is sent. */
export function scriptMac(rules: BankRules, sessionKey: Bytes, script: ScriptBinding & { readonly header: Bytes; readonly data: Bytes }): Bytes {
  assert(script.header.length === 5, "the header counts the MAC in its length");
  return bankMac(rules, sessionKey, { data: concat(script.header, u16be(script.counter), script.cryptogram, script.data) });
}

/** MAC over the amounts in the issuer application data. */
export function issuerDataMac(rules: BankRules, sessionKey: Bytes, counter: number, amounts: Bytes): Bytes {
  return bankMac(rules, sessionKey, { data: concat(u16be(counter), amounts) });
}

/** Algorithm byte of the issuer application data: the card's own, unless the profile fixes it. */
export function algorithmByte(algorithm: KeyAlgorithm, profile: CardProfile): number {
  if (profile.acAlgByte !== "fromCard") return Number.parseInt(profile.acAlgByte, 16);
  return algorithm === "sm4" ? 0x04 : 0x01;
}

/** The fixed part of the issuer application data (9F10). */
export interface IssuerData {
  readonly version: CryptogramVersion;
  readonly cardResults: Bytes;
  readonly algorithmByte: number;
}

const ISSUER_DATA_FIXED = 8;

/** Reads the fixed part of 9F10; undefined when it has another form. Never throws. */
export function parseIssuerData(data: Bytes): IssuerData | undefined {
  const [length, , version, resultsLength] = data;
  if (length !== 7 || resultsLength !== 3 || data.length < ISSUER_DATA_FIXED) return undefined;
  if (version !== 0x01 && version !== 0x17) return undefined;
  return { version: version === 0x01 ? "01" : "17", cardResults: data.slice(4, 7), algorithmByte: data[7] ?? 0 };
}

/** A cryptogram with everything that it was made over, as a terminal uploads it. */
export interface RecordedCryptogram extends BankKeyPlace {
  readonly amountFen: number;
  readonly counter: number;
  /** 9F37, 4 bytes. */
  readonly unpredictableNumber: Bytes;
  /** 9F10. */
  readonly issuerData: Bytes;
  /** 9F26, 8 bytes. */
  readonly cryptogram: Bytes;
  /** Missing ones are what a purchase in this country has: no other amount, 0156, no verification results, type 00, AIP 7C00. */
  readonly further?: Partial<Pick<CryptogramFields, "otherAmount" | "country" | "verificationResults" | "currency" | "date" | "type" | "interchangeProfile">>;
}

const PLAIN_PURCHASE = {
  otherAmount: new Uint8Array(6),
  country: Uint8Array.of(0x01, 0x56),
  verificationResults: new Uint8Array(5),
  currency: Uint8Array.of(0x01, 0x56),
  date: new Uint8Array(3),
  type: Uint8Array.of(0x00),
  interchangeProfile: Uint8Array.of(0x7c, 0x00),
};

/** What a genuine cryptogram says the card decided; "wrong" for one that the card cannot have made, or issuer data that nobody can read. */
export type CryptogramVerdict = "approved" | "declined" | "online" | "wrong";

/**
 * The host's check of a cryptogram over the published test keys; a real host would ask its security module. Only "approved" is money. With a
 * fixed algorithm byte both algorithms are tried, because then the byte says nothing about the card. Never throws on recorded bytes.
 */
export function checkTestCryptogram(host: { readonly suite: CipherSuite; readonly profile: CardProfile }, recorded: RecordedCryptogram): CryptogramVerdict {
  const issuer = parseIssuerData(recorded.issuerData);
  if (issuer === undefined) return "wrong";
  const candidates: readonly KeyAlgorithm[] = ["sm4", "3des"];
  const genuine = candidates
    .filter((algorithm) => algorithmByte(algorithm, host.profile) === issuer.algorithmByte)
    .some((algorithm) => equalBytes(testCryptogram({ ...host, algorithm }, recorded, issuer), recorded.cryptogram));
  return genuine ? decisionOf(issuer.cardResults) : "wrong";
}

function testCryptogram(rules: BankRules, recorded: RecordedCryptogram, issuer: IssuerData): Bytes {
  const session = bankSessionKey(rules, bankCardKey(rules, "bank-ac", recorded), recorded.counter);
  const fields: CryptogramFields = {
    ...PLAIN_PURCHASE,
    ...recorded.further,
    amount: numberToBcd(recorded.amountFen, 6),
    unpredictableNumber: recorded.unpredictableNumber,
    counter: recorded.counter,
    cardResults: issuer.cardResults,
  };
  return applicationCryptogram(rules, session, cryptogramInput(issuer.version, fields));
}

/** The second request decides where there was one, otherwise the first. */
function decisionOf(cardResults: Bytes): CryptogramVerdict {
  const first = cardResults[0] ?? 0;
  const bits = (first & 0xc0) === 0x80 ? (first >>> 4) & 0x03 : first >>> 6;
  const kinds: readonly CryptogramVerdict[] = ["declined", "approved", "online", "wrong"];
  return kinds[bits] ?? "wrong";
}
