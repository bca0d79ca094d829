/*
 * Entries that are kept in full are card numbers: on the disk they are sealed. The vector is drawn from the text itself, so that the same entries
 * give the same bytes, a change of one of them changes all, and opening proves that nothing was altered.
 */
import { type Bytes, concat, EMPTY, equalBytes } from "../../base/bytes.ts";
import type { CipherSuite, SecretKey } from "../../crypto/face.ts";

const BLOCK_BYTES = 16;

export interface ExactSealing {
  readonly suite: CipherSuite;
  readonly encryption: SecretKey;
  readonly authentication: SecretKey;
}

export function sealExact({ suite, encryption, authentication }: ExactSealing, text: Bytes): Bytes {
  if (text.length === 0) return EMPTY;
  const pad = BLOCK_BYTES - (text.length % BLOCK_BYTES);
  const padded = concat(text, new Uint8Array(pad).fill(pad));
  const vector = suite.hmacSm3(authentication, padded).slice(0, BLOCK_BYTES);
  return concat(vector, suite.sm4CbcEncrypt(encryption, vector, padded));
}

/** Undefined where these are no bytes that were sealed under these keys. */
export function openExact({ suite, encryption, authentication }: ExactSealing, sealed: Bytes): Bytes | undefined {
  if (sealed.length === 0) return EMPTY;
  if (sealed.length % BLOCK_BYTES !== 0 || sealed.length < 2 * BLOCK_BYTES) return undefined;
  const vector = sealed.slice(0, BLOCK_BYTES);
  const padded = suite.sm4CbcDecrypt(encryption, vector, sealed.slice(BLOCK_BYTES));
  const authentic = equalBytes(suite.hmacSm3(authentication, padded).slice(0, BLOCK_BYTES), vector);
  return authentic ? padded.slice(0, padded.length - (padded.at(-1) ?? 0)) : undefined;
}
