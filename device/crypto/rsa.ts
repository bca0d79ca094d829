/*
 * Raw RSA with a public key, for signatures with message recovery: cards that have no Chinese algorithms still carry them. The arithmetic
 * is node:crypto's; headers, trailers and hashes belong to whoever knows the certificate. Spec: JR/T 0025, offline data authentication with RSA.
 */
import { constants, createHash, createPublicKey, type KeyObject, publicEncrypt } from "node:crypto";
import type { Bytes } from "../base/bytes.ts";

/** Lengths of a modulus in bytes that cards use: 512 to 1984 bits. */
const MODULUS_BYTES_MIN = 64;
const MODULUS_BYTES_MAX = 248;
const EXPONENT_BYTES_MAX = 3;

/** An imported RSA public key. */
export interface RsaPublicKey {
  /** Bytes of the modulus, and of every block. */
  readonly length: number;
  /** The block to the power of the public exponent; undefined when it has not the length of the modulus or is not below it. Never throws. */
  recover(block: Bytes): Bytes | undefined;
}

/** Imports a public key from outside; undefined when it cannot be one. The exponents of cards are 3 and 65537. Never throws. */
export function rsaPublicKey(modulus: Bytes, exponent: Bytes): RsaPublicKey | undefined {
  const { length } = modulus;
  if (length < MODULUS_BYTES_MIN || length > MODULUS_BYTES_MAX || (modulus[0] ?? 0) === 0 || ((modulus.at(-1) ?? 0) & 1) === 0) return undefined;
  if (exponent.length === 0 || exponent.length > EXPONENT_BYTES_MAX || !isCardExponent(exponent)) return undefined;
  let key: KeyObject | undefined;
  const imported = (): KeyObject => {
    key ??= createPublicKey({ key: { kty: "RSA", n: base64Url(modulus), e: base64Url(exponent) }, format: "jwk" });
    return key;
  };
  return { length, recover: (block) => (block.length === length && isBelow(block, modulus) ? raw(imported(), block) : undefined) };
}

function isCardExponent(exponent: Bytes): boolean {
  const value = exponent.reduce((sum, byte) => sum * 256 + byte, 0);
  return value === 3 || value === 65_537;
}

function raw(key: KeyObject, block: Bytes): Bytes | undefined {
  try {
    return new Uint8Array(publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, block));
  } catch {
    // The library refuses the key or the block: for the caller that is one and the same, "no message to recover".
    return undefined;
  }
}

function isBelow(block: Bytes, modulus: Bytes): boolean {
  return Buffer.compare(Buffer.from(block), Buffer.from(modulus)) < 0;
}

function base64Url(bytes: Bytes): string {
  return Buffer.from(bytes).toString("base64url");
}

/** SHA-1 of all parts together: the hash of RSA card certificates, and of nothing else here. */
export function sha1(...parts: readonly Bytes[]): Bytes {
  const hash = createHash("sha1");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
