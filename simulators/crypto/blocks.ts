/*
 * Block-cipher steps shared by the two key families, written apart from the device's own so that one misreading of a
 * clause cannot hide on both sides. Keys are plain bytes here: these are published test keys, never real ones.
 */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, xorBytes } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";

/** Algorithm of one application's keys. */
export type KeyAlgorithm = "3des" | "sm4";

/** Block length of the algorithm in bytes. */
export function blockBytes(algorithm: KeyAlgorithm): 8 | 16 {
  return algorithm === "sm4" ? 16 : 8;
}

/** Appends 80 and zeros up to a whole block; a whole extra block when the data is already aligned. */
export function padAlways(data: Bytes, block: number): Bytes {
  const padded = new Uint8Array((Math.floor(data.length / block) + 1) * block);
  padded.set(data);
  padded[data.length] = 0x80;
  return padded;
}

/** Appends zeros up to `length` bytes. */
export function zeroExtend(data: Bytes, length: number): Bytes {
  assert(data.length <= length, "the data fits the block");
  const extended = new Uint8Array(length);
  extended.set(data);
  return extended;
}

/** ECB over whole blocks. An 8-byte key is single DES: both halves of a two-key triple DES are the same. */
export function encryptBlocks(suite: CipherSuite, algorithm: KeyAlgorithm, key: Bytes, data: Bytes): Bytes {
  assert(data.length > 0 && data.length % blockBytes(algorithm) === 0, "whole blocks only");
  const handle = suite.secretKey(key.length === 8 ? concat(key, key) : key);
  return algorithm === "sm4" ? suite.sm4Encrypt(handle, data) : suite.tdesEncrypt(handle, data);
}

/** Last block of a CBC encryption over whole blocks. */
export function cbcLastBlock(suite: CipherSuite, algorithm: KeyAlgorithm, input: { readonly key: Bytes; readonly iv: Bytes; readonly data: Bytes }): Bytes {
  const { key, iv, data } = input;
  assert(data.length > 0 && data.length % blockBytes(algorithm) === 0, "whole blocks only");
  const handle = suite.secretKey(key.length === 8 ? concat(key, key) : key);
  const whole = algorithm === "sm4" ? suite.sm4CbcEncrypt(handle, iv, data) : suite.tdesCbcEncrypt(handle, iv, data);
  return whole.slice(-blockBytes(algorithm));
}

/** XOR of the four 4-byte words of a 16-byte block. */
export function foldFourWords(block: Bytes): Bytes {
  assert(block.length === 16, "a fold takes a 16-byte block");
  const folded = new Uint8Array(4);
  for (const [at, byte] of block.entries()) folded[at % 4] = (folded[at % 4] ?? 0) ^ byte;
  return folded;
}

/** Left half XOR right half. */
export function xorHalves(bytes: Bytes): Bytes {
  assert(bytes.length % 2 === 0, "there are two halves");
  const half = bytes.length / 2;
  return bytes.slice(0, half).map((byte, at) => byte ^ (bytes[half + at] ?? 0));
}

/** Last block of a CBC under the left half of a 16-byte key whose last step uses the whole key: secure messaging of the PBOC purse with 3DES. */
export function cbcLastBlockTriple(suite: CipherSuite, input: { readonly key: Bytes; readonly iv: Bytes; readonly data: Bytes }): Bytes {
  const { key, iv, data } = input;
  assert(key.length === 16 && data.length > 0 && data.length % 8 === 0, "a double-length key and whole blocks");
  const head = data.slice(0, -8);
  const chain = head.length === 0 ? iv : cbcLastBlock(suite, "3des", { key: key.slice(0, 8), iv, data: head });
  return encryptBlocks(suite, "3des", key, xorBytes(chain, data.slice(-8)));
}
