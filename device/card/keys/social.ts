/*
 * Keys and cryptograms of the social application. They differ from those of the purse: an SM4 code is the XOR of its four words,
 * authentication data is folded, and padding is always added. Spec: LD/T 32.7, security mechanism.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, invertBytes } from "../../base/bytes.ts";
import type { CipherSuite, SecretKey } from "../../crypto/face.ts";
import { BLOCK_LENGTH, type CardAlgorithm, cbcMacBlock, foldHalves, padWhenNeeded, singleDesKey, zeroFill } from "./block-mac.ts";

/** A suite and the card's algorithm: what every function here works with. */
export interface SocialCrypto {
  readonly suite: CipherSuite;
  readonly algorithm: CardAlgorithm;
}

/** The next key down the hierarchy, by an 8-byte factor. Spec: LD/T 32.9, diversification. */
export function diversifySocial({ suite, algorithm }: SocialCrypto, key: SecretKey, factor: Bytes): SecretKey {
  assert(factor.length === 8, "a factor has 8 bytes");
  const input = concat(factor, invertBytes(factor));
  return algorithm === "sm4" ? suite.sm4DerivedKey(key, input) : suite.secretKey(suite.tdesEncrypt(key, input));
}

/** Session key from 4, 8 or (SM4 only) 16 bytes of input; shorter input is filled with zeros. */
export function socialSessionKey({ suite, algorithm }: SocialCrypto, key: SecretKey, input: Bytes): SecretKey {
  assert(input.length <= BLOCK_LENGTH[algorithm], "the input fits one block");
  const block = zeroFill(input, BLOCK_LENGTH[algorithm]);
  return algorithm === "sm4" ? suite.sm4DerivedKey(key, block) : singleDesKey(suite, suite.tdesEncrypt(key, block));
}

/** 4-byte MAC: the left word with 8-byte blocks, the XOR of all four words with 16-byte blocks. */
export function socialMac({ suite, algorithm }: SocialCrypto, sessionKey: SecretKey, data: Bytes): Bytes {
  const block = cbcMacBlock(suite, algorithm, sessionKey)(data);
  return algorithm === "sm4" ? foldHalves(foldHalves(block)) : block.slice(0, 4);
}

/** 8 bytes of authentication data over 8 raw bytes. */
export function authenticationData({ suite, algorithm }: SocialCrypto, sessionKey: SecretKey, raw: Bytes): Bytes {
  assert(raw.length === 8, "the raw value has 8 bytes");
  return algorithm === "sm4" ? foldHalves(suite.sm4Encrypt(sessionKey, zeroFill(raw, 16))) : suite.tdesEncrypt(sessionKey, raw);
}

/** Enciphers a field: its length, the field, padding only where needed, block by block. */
export function encipherField({ suite, algorithm }: SocialCrypto, sessionKey: SecretKey, field: Bytes): Bytes {
  assert(field.length <= 0xff, "the length of a field is one byte");
  const blocks = padWhenNeeded(concat(Uint8Array.of(field.length), field), BLOCK_LENGTH[algorithm]);
  return algorithm === "sm4" ? suite.sm4Encrypt(sessionKey, blocks) : suite.tdesEncrypt(sessionKey, blocks);
}

/** The key of the transaction code: the XOR of both halves with 8-byte blocks, the key as it is with 16-byte blocks. */
export function socialTacKey({ suite, algorithm }: SocialCrypto, keyBytes: Bytes): SecretKey {
  assert(keyBytes.length === 16, "a key has 16 bytes");
  return algorithm === "sm4" ? suite.secretKey(keyBytes) : singleDesKey(suite, foldHalves(keyBytes));
}
