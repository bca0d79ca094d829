/* Bodies travel encrypted under the data key: SM4-CBC with PKCS#7 padding. Spec: pos/v1, 2. */
import { type Bytes, concat } from "../base/bytes.ts";
import type { CipherSuite, SecretKey } from "../crypto/face.ts";

const BLOCK_BYTES = 16;
export const IV_BYTES = 16;

function pad(plain: Bytes): Bytes {
  const length = BLOCK_BYTES - (plain.length % BLOCK_BYTES);
  return concat(plain, new Uint8Array(length).fill(length));
}

/** The bytes without their padding, or undefined when the padding is not whole. */
function unpad(padded: Bytes): Bytes | undefined {
  const length = padded.at(-1) ?? 0;
  if (length < 1 || length > BLOCK_BYTES || length > padded.length) return undefined;
  const end = padded.length - length;
  return padded.subarray(end).every((byte) => byte === length) ? padded.subarray(0, end) : undefined;
}

export function sealBody(suite: CipherSuite, key: SecretKey, body: { readonly iv: Bytes; readonly plain: Bytes }): Bytes {
  return suite.sm4CbcEncrypt(key, body.iv, pad(body.plain));
}

/** Opens a body from outside; undefined when it is no whole number of blocks or its padding is wrong. Never throws. */
export function openBody(suite: CipherSuite, key: SecretKey, body: { readonly iv: Bytes; readonly sealed: Bytes }): Bytes | undefined {
  if (body.iv.length !== IV_BYTES || body.sealed.length === 0 || body.sealed.length % BLOCK_BYTES !== 0) return undefined;
  return unpad(suite.sm4CbcDecrypt(key, body.iv, body.sealed));
}
