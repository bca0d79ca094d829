/* Key functions of the social application. They differ from the PBOC purse; none of them is a profile switch. */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, invertBytes } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { blockBytes, cbcLastBlock, encryptBlocks, foldFourWords, type KeyAlgorithm, padAlways, xorHalves, zeroExtend } from "./blocks.ts";

/** Child of `key` for an 8-byte factor: E(f) ‖ E(~f) with 8-byte blocks, one block E(f ‖ ~f) with 16-byte blocks. Spec: LD/T 32.4, 8. */
export function diversifySocial(suite: CipherSuite, algorithm: KeyAlgorithm, input: { readonly key: Bytes; readonly factor: Bytes }): Bytes {
  assert(input.factor.length === 8, "a diversification factor has 8 bytes");
  return encryptBlocks(suite, algorithm, input.key, concat(input.factor, invertBytes(input.factor)));
}

/**
 * Session key: 8 bytes (a single-DES key) from an 8-byte factor, or 16 bytes from 4, 8 or 16 bytes filled with zeros.
 * Spec: LD/T 32.4, 9.
 */
export function socialSessionKey(suite: CipherSuite, algorithm: KeyAlgorithm, input: { readonly key: Bytes; readonly factor: Bytes }): Bytes {
  return encryptBlocks(suite, algorithm, input.key, zeroExtend(input.factor, blockBytes(algorithm)));
}

/** MAC: CBC from a zero vector, padding always; left 4 bytes with DES, four words folded with SM4. Spec: LD/T 32.7, 15. */
export function socialMac(suite: CipherSuite, algorithm: KeyAlgorithm, input: { readonly key: Bytes; readonly data: Bytes }): Bytes {
  const block = blockBytes(algorithm);
  const last = cbcLastBlock(suite, algorithm, { key: input.key, iv: new Uint8Array(block), data: padAlways(input.data, block) });
  return algorithm === "sm4" ? foldFourWords(last) : last.slice(0, 4);
}

/** Authentication data, 8 bytes, over 8 raw bytes. Spec: LD/T 32.4, 9. */
export function authenticationData(
  suite: CipherSuite,
  algorithm: KeyAlgorithm,
  input: { readonly key: Bytes; readonly sessionFactor: Bytes; readonly raw: Bytes },
): Bytes {
  assert(input.raw.length === 8, "8 raw bytes are authenticated");
  const session = socialSessionKey(suite, algorithm, { key: input.key, factor: input.sessionFactor });
  const whole = encryptBlocks(suite, algorithm, session, zeroExtend(input.raw, blockBytes(algorithm)));
  return algorithm === "sm4" ? xorHalves(whole) : whole;
}

/** TAC of the social application: DTK with its halves joined by XOR for DES, as it is for SM4. Spec: LD/T 32.5, 7. */
export function socialTac(suite: CipherSuite, algorithm: KeyAlgorithm, input: { readonly dtk: Bytes; readonly data: Bytes }): Bytes {
  return socialMac(suite, algorithm, { key: algorithm === "sm4" ? input.dtk : xorHalves(input.dtk), data: input.data });
}
