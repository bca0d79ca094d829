/* Secure messaging and PIN commands of the PBOC purse: MACs that begin with a challenge, and a new PIN under a key. */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, equalBytes, u8 } from "../../device/base/bytes.ts";
import { blockBytes, encryptBlocks, padAlways, xorHalves, zeroExtend } from "./blocks.ts";
import { doubleLengthMac, type PurseRules, purseMac } from "./purse.ts";

/** MAC of a command: header with the length that counts the MAC, and data; the chain begins with the card's 4-byte challenge. Spec: PBOC purse, secure messaging. */
export function commandMac(rules: PurseRules, key: Bytes, message: { readonly challenge: Bytes; readonly header: Bytes; readonly data: Bytes }): Bytes {
  assert(message.challenge.length === 4, "a challenge of secure messaging has 4 bytes");
  assert(message.header.length === 5, "the header is CLA INS P1 P2 Lc");
  const iv = zeroExtend(message.challenge, blockBytes(rules.algorithm));
  return doubleLengthMac(rules, { key, iv, data: concat(message.header, message.data) });
}

/** A value under a key: its length, the value, and 80 00 … up to whole blocks where it does not fill them. */
export function encipherValue(rules: PurseRules, key: Bytes, value: Bytes): Bytes {
  const block = blockBytes(rules.algorithm);
  const plain = concat(u8(value.length), value);
  return encryptBlocks(rules.suite, rules.algorithm, key, plain.length % block === 0 ? plain : padAlways(plain, block));
}

/** The value that {@link encipherValue} enciphered; undefined when the bytes are not of its making. */
export function decipherValue(rules: PurseRules, key: Bytes, sealed: Bytes): Bytes | undefined {
  const handle = rules.suite.secretKey(key);
  const plain = rules.algorithm === "sm4" ? rules.suite.sm4Decrypt(handle, sealed) : rules.suite.tdesDecrypt(handle, sealed);
  const value = plain.slice(1, 1 + (plain[0] ?? 0));
  return equalBytes(encipherValue(rules, key, value), sealed) ? value : undefined;
}

/** MAC of RELOAD PIN over the new PIN: the key's halves joined by XOR with 3DES, the key as it is with SM4. Spec: PBOC purse, RELOAD PIN. */
export function reloadPinMac(rules: PurseRules, key: Bytes, pin: Bytes): Bytes {
  return purseMac(rules, rules.algorithm === "sm4" ? key : xorHalves(key), pin);
}
