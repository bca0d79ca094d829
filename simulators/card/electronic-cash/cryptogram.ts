/* The card's own cryptograms and the issuer application data around them. Spec: JR/T 0025, application cryptograms. */
import { assert } from "../../../device/base/assert.ts";
import { type Bytes, concat, fromHex, invertBytes, u8, u16be } from "../../../device/base/bytes.ts";
import { numberToBcd } from "../../../device/codec/bcd.ts";
import { algorithmByte, applicationCryptogram, type BankRules, bankSessionKey, cryptogramInput, issuerDataMac } from "../../crypto/bank.ts";
import type { CertificateKind } from "../../crypto/certificates.ts";
import { rsaDynamicSignature, smDynamicSignature } from "../../crypto/certificates.ts";
import { type Sent, sentOr0, TAG } from "./dol.ts";
import { interchangeProfile } from "./records.ts";
import { availableFen, type Bank, type FullState, keyAlgorithm } from "./session.ts";
import type { BankKeys, ElectronicCashMemory } from "./state.ts";

type Outcome = "approved" | "declined" | "online";

/** What the verification results (CVR) are made of. */
export interface ResultsQuestion {
  readonly first: Outcome;
  /** "none": there was one request only. */
  readonly second: Outcome | "none";
  readonly velocity: boolean;
  readonly full?: FullState;
}

const OUTCOME_BITS = { declined: 0, approved: 1, online: 2, none: 2 } as const;

function flag(condition: boolean, bit: number): number {
  return condition ? bit : 0;
}

/** Card verification results without their length, 3 bytes. */
export function cardResults(memory: ElectronicCashMemory, question: ResultsQuestion): Bytes {
  const { first, second, velocity, full } = question;
  const issuer = flag(full?.issuer === "false", 0x08);
  const pin = flag(full?.pin === "right" || full?.pin === "wrong", 0x04) | flag(full?.pin === "wrong", 0x02);
  const unable = flag(full?.issuer === "not-asked" && second !== "none", 0x01);
  const last = flag(memory.onlineNotCompleted, 0x80) | flag(memory.issuerAuthenticationFailed, 0x08);
  const counted = flag(memory.pinTriesLeft === 0, 0x40) | flag(velocity, 0x20) | flag(memory.newCard, 0x10);
  const scripts = (memory.scriptsCounted << 4) | flag(memory.scriptFailed, 0x08) | flag(full?.dynamicSigned === true, 0x02);
  return Uint8Array.of((OUTCOME_BITS[second] << 6) | (OUTCOME_BITS[first] << 4) | issuer | pin | unable, last | counted, scripts);
}

/** Rules and keys of the algorithm in use. */
export function rulesOf(bank: Bank, kind: CertificateKind): { readonly rules: BankRules; readonly keys: BankKeys } {
  const algorithm = keyAlgorithm(kind);
  const keys = bank.data.keys[algorithm];
  assert(keys !== undefined, "the card has keys for every kind of certificate that it has");
  return { rules: { suite: bank.core.suite, algorithm, profile: bank.core.personalization.profile }, keys };
}

function shortAmount(fen: number): Bytes {
  return numberToBcd(fen, 6).slice(1);
}

function issuerAmounts(bank: Bank, after: AfterPayment): Bytes {
  const balance = shortAmount(after.balanceFen);
  const total = shortAmount(after.offlineTotalFen);
  switch (bank.data.issuerDataAmounts) {
    case "none":
      return new Uint8Array(0);
    case "01":
      return balance;
    case "02":
      return total;
    case "03":
      return concat(balance, total);
    case "04":
      return concat(total, shortAmount(bank.data.offlineTotalLimitFen));
    case "05":
      return shortAmount(availableFen({ ...bank.memory, balanceFen: after.balanceFen }));
  }
}

/** Amounts as they will stand after the payment; unchanged for anything that is no approved payment. */
export interface AfterPayment {
  readonly balanceFen: number;
  readonly offlineTotalFen: number;
}

export interface CertificateQuestion {
  readonly kind: CertificateKind;
  readonly counter: number;
  readonly sent: Sent;
  readonly results: Bytes;
  readonly after: AfterPayment;
}

export interface Certified {
  /** 9F26. */
  readonly cryptogram: Bytes;
  /** 9F10. */
  readonly issuerData: Bytes;
}

function issuerData(bank: Bank, question: CertificateQuestion): Bytes {
  const { rules, keys } = rulesOf(bank, question.kind);
  const { data } = bank;
  const byte = algorithmByte(rules.algorithm, rules.profile);
  const fixed = concat(Uint8Array.of(0x07, data.keyIndex), fromHex(data.cryptogramVersion), u8(0x03), question.results, u8(byte));
  if (data.issuerDataAmounts === "none") return fixed;
  const amounts = issuerAmounts(bank, question.after);
  const mac = issuerDataMac(rules, bankSessionKey(rules, fromHex(keys.macHex), question.counter), question.counter, amounts);
  return concat(fixed, u8(amounts.length + 5), fromHex(data.issuerDataAmounts), amounts, mac);
}

/** Cryptogram and issuer data of one decision; with the fault of a wrong certificate the cryptogram can never be the right one. */
export function certify(bank: Bank, question: CertificateQuestion): Certified {
  const { rules, keys } = rulesOf(bank, question.kind);
  const { sent } = question;
  const field = (tag: number, length: number): Bytes => sentOr0(sent, [tag, length]);
  const input = cryptogramInput(bank.data.cryptogramVersion, {
    amount: field(TAG.amount, 6),
    otherAmount: field(TAG.otherAmount, 6),
    country: field(TAG.country, 2),
    verificationResults: field(TAG.verificationResults, 5),
    currency: field(TAG.currency, 2),
    date: field(TAG.date, 3),
    type: field(TAG.type, 1),
    unpredictableNumber: field(TAG.unpredictableNumber, 4),
    interchangeProfile: interchangeProfile(bank.data),
    counter: question.counter,
    cardResults: question.results,
  });
  const cryptogram = applicationCryptogram(rules, bankSessionKey(rules, fromHex(keys.cryptogramHex), question.counter), input);
  const given = bank.core.faults.wrongTac ? invertBytes(cryptogram) : cryptogram;
  return { cryptogram: given, issuerData: issuerData(bank, question) };
}

/** 9F4B: a signature over the card's dynamic data and what the terminal sent. */
export function dynamicSignature(bank: Bank, kind: CertificateKind, input: { readonly cardData: Bytes; readonly terminalData: Bytes }): Bytes {
  const { core, data } = bank;
  const signature = kind === "sm" ? smDynamicSignature(core.suite, fromHex(data.smPrivateHex), input) : rsaDynamicSignature(data.rsaSignatureLength, input);
  const wrong = core.faults.wrongDynamicSignature === true;
  return signature.map((byte, at) => (wrong && at === signature.length - 1 ? byte ^ 0xff : byte));
}

/** Dynamic data of a quick payment: its counter as the card's dynamic number. */
export function counterAsDynamicData(counter: number): Bytes {
  return concat(u8(0x02), u16be(counter));
}
