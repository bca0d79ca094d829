/*
 * Key functions of the PBOC e-purse. The 3DES rows are fixed; the SM4 form is open in the texts we hold, so every
 * open point is a field of the card profile.
 */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, invertBytes, u8, u16be, u32be } from "../../device/base/bytes.ts";
import type { CardProfile } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { blockBytes, cbcLastBlock, encryptBlocks, foldFourWords, type KeyAlgorithm, padAlways, xorHalves, zeroExtend } from "./blocks.ts";

/** Everything that decides how purse values are computed. */
export interface PurseRules {
  readonly suite: CipherSuite;
  readonly algorithm: KeyAlgorithm;
  readonly profile: CardProfile;
}

/** Transaction type bytes. Spec: PBOC purse, transaction types. */
export const PURSE_TYPES = {
  loadPassbook: 0x01,
  loadPurse: 0x02,
  purchasePassbook: 0x05,
  purchasePurse: 0x06,
  compound: 0x09,
  greyLockPassbook: 0x91,
  greyLockPurse: 0x92,
  greyDebitPassbook: 0x93,
  greyDebitPurse: 0x94,
  greyUnlockPassbook: 0x95,
  greyUnlockPurse: 0x96,
} as const;

/** What both sides of one purchase speak about. */
export interface PurchaseTerms {
  readonly amountFen: number;
  readonly type: number;
  /** 6 bytes. */
  readonly terminalNumber: Bytes;
  /** 4 bytes BCD. */
  readonly date: Bytes;
  /** 3 bytes BCD. */
  readonly time: Bytes;
}

/** Child key for an 8-byte factor. Spec: PBOC purse, key diversification. */
export function diversifyPurse(rules: PurseRules, key: Bytes, factor: Bytes): Bytes {
  assert(factor.length === 8, "a diversification factor has 8 bytes");
  const zeros = rules.algorithm === "sm4" && rules.profile.sm4Diversify === "fZeros";
  return encryptBlocks(rules.suite, rules.algorithm, key, concat(factor, zeros ? new Uint8Array(8) : invertBytes(factor)));
}

/** Key of a card under a master: the last factor belongs to the highest level, so it is applied first. */
export function diversifyPurseByFactors(rules: PurseRules, key: Bytes, factors: readonly Bytes[]): Bytes {
  return factors.reduceRight((parent, factor) => diversifyPurse(rules, parent, factor), key);
}

/** 8 bytes enciphered under a key; with SM4 the input is filled up to a block as the profile says. */
export function sessionKey(rules: PurseRules, key: Bytes, input: Bytes): Bytes {
  if (rules.algorithm === "3des") return encryptBlocks(rules.suite, "3des", key, input);
  const block = rules.profile.sessionPad === "pad80" ? padAlways(input, 16) : zeroExtend(input, 16);
  return encryptBlocks(rules.suite, "sm4", key, block);
}

/** Session key of a purchase, 8 bytes with 3DES (then a single-DES key) or 16 with SM4. Spec: PBOC purse, purchase. */
export function purchaseSessionKey(
  rules: PurseRules,
  dpk: Bytes,
  input: { readonly cardRandom: Bytes; readonly cardSequence: number; readonly terminalSequence: number },
): Bytes {
  return sessionKey(rules, dpk, concat(input.cardRandom, u16be(input.cardSequence), u16be(input.terminalSequence % 0x1_0000)));
}

/** Session key of a load. Spec: PBOC purse, load. */
export function loadSessionKey(rules: PurseRules, dlk: Bytes, input: { readonly cardRandom: Bytes; readonly onlineSequence: number }): Bytes {
  return sessionKey(rules, dlk, concat(input.cardRandom, u16be(input.onlineSequence), Uint8Array.of(0x80, 0x00)));
}

/** 4-byte MAC under a session key or TAC key. */
export function purseMac(rules: PurseRules, key: Bytes, data: Bytes): Bytes {
  const block = blockBytes(rules.algorithm);
  const last = cbcLastBlock(rules.suite, rules.algorithm, { key, iv: new Uint8Array(block), data: padAlways(data, block) });
  return rules.algorithm === "sm4" && rules.profile.macReduce === "fold4" ? foldFourWords(last) : last.slice(0, 4);
}

/** 4-byte TAC: DTK with its halves joined by XOR for 3DES, as it is for SM4. */
export function purseTac(rules: PurseRules, dtk: Bytes, data: Bytes): Bytes {
  return purseMac(rules, rules.algorithm === "sm4" ? dtk : xorHalves(dtk), data);
}

/** Whose rules a TAC follows: the purse of section 4, or the transit account, whose key form is open (`transitTacKey`). */
export type PurseAccount = "purse" | "transit";

/** TAC of an account. Spec: PBOC purse, TAC; JT/T 978, TAC. */
export function accountTac(rules: PurseRules, account: PurseAccount, input: { readonly dtk: Bytes; readonly data: Bytes }): Bytes {
  const { dtk, data } = input;
  const form = rules.profile.transitTacKey;
  if (account === "purse" || form === "byAlgorithm") return purseTac(rules, dtk, data);
  if (form === "xorHalves") return purseMac(rules, xorHalves(dtk), data);
  return rules.algorithm === "sm4" ? purseMac(rules, dtk, data) : doubleLengthMac(rules, { key: dtk, iv: new Uint8Array(8), data });
}

/**
 * MAC under a double-length key: single-DES CBC with the left half, and a whole triple DES for the last block; SM4 has one key length only.
 * `iv` has the length of a block. Spec: PBOC purse, secure messaging.
 */
export function doubleLengthMac(rules: PurseRules, input: { readonly key: Bytes; readonly iv: Bytes; readonly data: Bytes }): Bytes {
  const { key, iv } = input;
  const block = blockBytes(rules.algorithm);
  const padded = padAlways(input.data, block);
  if (rules.algorithm === "sm4") {
    const last = cbcLastBlock(rules.suite, "sm4", { key, iv, data: padded });
    return rules.profile.macReduce === "fold4" ? foldFourWords(last) : last.slice(0, 4);
  }
  const before = padded.slice(0, -block);
  const chained = before.length === 0 ? iv : cbcLastBlock(rules.suite, "3des", { key: key.slice(0, 8), iv, data: before });
  return cbcLastBlock(rules.suite, "3des", { key, iv: chained, data: padded.slice(-block) }).slice(0, 4);
}

/** MAC1 proves the terminal's module to the card. Spec: PBOC purse, DEBIT FOR PURCHASE. */
export function purchaseMac1Input(terms: PurchaseTerms): Bytes {
  return concat(u32be(terms.amountFen), u8(terms.type), terms.terminalNumber, terms.date, terms.time);
}

/** MAC1 of a compound purchase: the housing ministry's cards add the 9-byte code that GET DATA gives. The TAC has no such end. Spec: CJ/T 166, MAC1. */
export function compoundMac1Input(terms: PurchaseTerms, authenticationCode: Bytes | undefined): Bytes {
  return authenticationCode === undefined ? purchaseMac1Input(terms) : concat(purchaseMac1Input(terms), authenticationCode);
}

/** MAC2 proves the debit to the terminal's module. */
export function purchaseMac2Input(amountFen: number): Bytes {
  return u32be(amountFen);
}

/** The TAC proves the debit to the host. */
export function purchaseTacInput(terms: PurchaseTerms, terminalSequence: number): Bytes {
  return concat(u32be(terms.amountFen), u8(terms.type), terms.terminalNumber, u32be(terminalSequence), terms.date, terms.time);
}

/** MAC1 of a load: the balance before the load is in it. */
export function loadMac1Input(balanceFen: number, terms: Pick<PurchaseTerms, "amountFen" | "type" | "terminalNumber">): Bytes {
  return concat(u32be(balanceFen), u32be(terms.amountFen), u8(terms.type), terms.terminalNumber);
}

/** MAC2 of a load, made by the host. */
export function loadMac2Input(terms: PurchaseTerms): Bytes {
  return concat(u32be(terms.amountFen), u8(terms.type), terms.terminalNumber, terms.date, terms.time);
}

/** TAC of a load: balance after it, sequence before its increment. */
export function loadTacInput(balanceAfterFen: number, onlineSequence: number, terms: PurchaseTerms): Bytes {
  return concat(u32be(balanceAfterFen), u16be(onlineSequence), loadMac2Input(terms));
}
