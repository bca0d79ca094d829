/*
 * Keys and cryptograms of the e-purse. The forms with triple DES are settled; those with SM4 are open in three places, each of
 * which is a switch of the card profile. Spec: PBOC purse, security.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, invertBytes, u8, u16be, u32be } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CipherSuite, SecretKey } from "../../crypto/face.ts";
import { type CardAlgorithm, cbcMacBlock, foldHalves, padAlways, singleDesKey, zeroFill } from "./block-mac.ts";

/** A suite, the purse's algorithm and the open questions: what every function here works with. */
export interface PurseCrypto {
  readonly suite: CipherSuite;
  readonly algorithm: CardAlgorithm;
  readonly profile: Pick<CardProfile, "macReduce" | "sessionPad" | "sm4Diversify">;
}

/** What a purchase is about, as its codes take it. */
export interface PurchaseTerms {
  readonly amount: Fen;
  readonly type: number;
  /** 6 bytes. */
  readonly terminalNumber: Bytes;
  /** 4 bytes BCD. */
  readonly date: Bytes;
  /** 3 bytes BCD. */
  readonly time: Bytes;
}

/** The child key of an 8-byte factor, for a card the right 8 bytes of its serial number. */
export function diversifyPurse({ suite, algorithm, profile }: PurseCrypto, key: SecretKey, factor: Bytes): SecretKey {
  assert(factor.length === 8, "a factor has 8 bytes");
  if (algorithm === "3des") return suite.secretKey(suite.tdesEncrypt(key, concat(factor, invertBytes(factor))));
  const right = profile.sm4Diversify === "fNotF" ? invertBytes(factor) : new Uint8Array(8);
  return suite.sm4DerivedKey(key, concat(factor, right));
}

/** Session key of a purchase: the card's random, its offline sequence, the right half of the terminal's sequence. */
export function purchaseSessionKey(
  crypto: PurseCrypto,
  purchaseKey: SecretKey,
  input: { readonly cardRandom: Bytes; readonly cardSequence: number; readonly terminalSequence: number },
): SecretKey {
  return purseSessionKey(crypto, purchaseKey, concat(input.cardRandom, u16be(input.cardSequence), u16be(input.terminalSequence % 0x1_0000)));
}

/** Session key of a load: the card's random and its online sequence. */
export function loadSessionKey(crypto: PurseCrypto, loadKey: SecretKey, input: { readonly cardRandom: Bytes; readonly onlineSequence: number }): SecretKey {
  return purseSessionKey(crypto, loadKey, concat(input.cardRandom, u16be(input.onlineSequence), Uint8Array.of(0x80, 0x00)));
}

function purseSessionKey({ suite, algorithm, profile }: PurseCrypto, key: SecretKey, input: Bytes): SecretKey {
  assert(input.length === 8, "the session input has 8 bytes");
  if (algorithm === "3des") return singleDesKey(suite, suite.tdesEncrypt(key, input));
  return suite.sm4DerivedKey(key, profile.sessionPad === "zeros" ? zeroFill(input, 16) : padAlways(input, 16));
}

/** 4-byte code (MAC1, MAC2, TAC) under a session key or a key made by {@link purseTacKey}. */
export function purseMac({ suite, algorithm, profile }: PurseCrypto, key: SecretKey, data: Bytes): Bytes {
  const block = cbcMacBlock(suite, algorithm, key)(data);
  return algorithm === "sm4" && profile.macReduce === "fold4" ? foldHalves(foldHalves(block)) : block.slice(0, 4);
}

/** The key of the TAC: the XOR of both halves with triple DES, the key as it is with SM4. */
export function purseTacKey({ suite, algorithm }: PurseCrypto, keyBytes: Bytes): SecretKey {
  assert(keyBytes.length === 16, "a key has 16 bytes");
  return algorithm === "sm4" ? suite.secretKey(keyBytes) : singleDesKey(suite, foldHalves(keyBytes));
}

/**
 * The key of a transit account's TAC, whose form is open: as the algorithm has it, the halves joined by XOR, or the key as it is. A joined
 * key under SM4, which has no 8-byte keys, is taken twice; a whole key under triple DES makes the last block a triple one.
 */
export function transitTac(crypto: PurseCrypto, form: CardProfile["transitTacKey"], input: { readonly tacKey: Bytes; readonly data: Bytes }): Bytes {
  const { suite, algorithm } = crypto;
  const { tacKey, data } = input;
  if (form === "byAlgorithm" || (form === "xorHalves" && algorithm === "3des") || (form === "direct" && algorithm === "sm4")) {
    return purseMac(crypto, purseTacKey(crypto, tacKey), data);
  }
  if (form === "xorHalves") return purseMac(crypto, singleDesKey(suite, foldHalves(tacKey)), data);
  return retailMac(crypto, secureMessagingKey(crypto, tacKey), { iv: new Uint8Array(8), data });
}

/** Session key of a grey lock: that of a purchase under the grey-lock key, then that key over the terminal's random number. */
export function greyLockSessionKey(
  crypto: PurseCrypto,
  greyKey: SecretKey,
  input: { readonly cardRandom: Bytes; readonly cardSequence: number; readonly terminalSequence: number; readonly terminalRandom: Bytes },
): SecretKey {
  assert(input.terminalRandom.length === 4, "the terminal's random number has 4 bytes");
  return purseSessionKey(crypto, purchaseSessionKey(crypto, greyKey, input), concat(input.terminalRandom, Uint8Array.of(0x80, 0x00, 0x00, 0x00)));
}

/** MAC1 of GREY LOCK: a purchase without its amount, which is not known yet. */
export function greyLockMac1Input(terms: Omit<PurchaseTerms, "amount">): Bytes {
  return concat(u8(terms.type), terms.terminalNumber, terms.date, terms.time);
}

/** GMAC of DEBIT FOR UNLOCK, under the session key of the lock. */
export function greyDebitMacInput(amount: Fen): Bytes {
  return u32be(amount);
}

/** MAC1 of a compound purchase; the housing ministry's cards put their 9-byte code behind it. The TAC has no such end. Spec: CJ/T 166, MAC1. */
export function compoundMac1Input(terms: PurchaseTerms, authenticationCode?: Bytes): Bytes {
  assert(authenticationCode === undefined || authenticationCode.length === 9, "an authentication code has 9 bytes");
  return authenticationCode === undefined ? purchaseMac1Input(terms) : concat(purchaseMac1Input(terms), authenticationCode);
}

export function purchaseMac1Input(terms: PurchaseTerms): Bytes {
  return concat(u32be(terms.amount), u8(terms.type), terms.terminalNumber, terms.date, terms.time);
}

export function purchaseMac2Input(amount: Fen): Bytes {
  return u32be(amount);
}

/** The complete input of a purchase's TAC, which only the host can check. */
export function purchaseTacInput(terms: PurchaseTerms, terminalSequence: number): Bytes {
  return concat(u32be(terms.amount), u8(terms.type), terms.terminalNumber, u32be(terminalSequence), terms.date, terms.time);
}

export function loadMac1Input(balance: Fen, terms: Pick<PurchaseTerms, "amount" | "type" | "terminalNumber">): Bytes {
  return concat(u32be(balance), u32be(terms.amount), u8(terms.type), terms.terminalNumber);
}

export function loadMac2Input(terms: PurchaseTerms): Bytes {
  return purchaseMac1Input(terms);
}

/** The balance is the one after the load, the sequence the one before it. */
export function loadTacInput(balanceAfter: Fen, onlineSequence: number, terms: PurchaseTerms): Bytes {
  return concat(u32be(balanceAfter), u16be(onlineSequence), purchaseMac1Input(terms));
}

/** A key of secure messaging: the retail form needs its left half by itself. */
export interface SecureMessagingKey {
  readonly left: SecretKey;
  readonly whole: SecretKey;
}

export function secureMessagingKey({ suite, algorithm }: PurseCrypto, keyBytes: Bytes): SecureMessagingKey {
  assert(keyBytes.length === 16, "a key has 16 bytes");
  const whole = suite.secretKey(keyBytes);
  return { whole, left: algorithm === "sm4" ? whole : singleDesKey(suite, keyBytes.slice(0, 8)) };
}

/**
 * 4-byte MAC of a command in secure messaging: the challenge starts the chain; with triple DES all blocks but the last go through
 * the left half of the key alone.
 */
export function secureMessagingMac(
  { suite, algorithm, profile }: PurseCrypto,
  key: SecureMessagingKey,
  input: { readonly challenge: Bytes; readonly data: Bytes },
): Bytes {
  assert(input.challenge.length === 4, "the challenge has 4 bytes");
  if (algorithm === "sm4") {
    const chained = suite.sm4CbcEncrypt(key.whole, zeroFill(input.challenge, 16), padAlways(input.data, 16)).slice(-16);
    return profile.macReduce === "fold4" ? foldHalves(foldHalves(chained)) : chained.slice(0, 4);
  }
  return retailMac({ suite }, key, { iv: zeroFill(input.challenge, 8), data: input.data });
}

/** Triple DES in the retail form: all blocks but the last go through the left half of the key alone. */
function retailMac({ suite }: Pick<PurseCrypto, "suite">, key: SecureMessagingKey, input: { readonly iv: Bytes; readonly data: Bytes }): Bytes {
  const padded = padAlways(input.data, 8);
  const before = padded.slice(0, -8);
  const chained = before.length === 0 ? input.iv : suite.tdesCbcEncrypt(key.left, input.iv, before).slice(-8);
  return suite.tdesCbcEncrypt(key.whole, chained, padded.slice(-8)).slice(0, 4);
}
