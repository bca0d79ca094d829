/*
 * Goal: a secret reaches one terminal and nobody else: encryption to an SM2 public key, in the order C1 ‖ C3 ‖ C2.
 * Method: node:crypto multiplies no point of this curve for us, so that the second provider does, behind checks of its own: its answer to a
 * failed check is the same as to an empty text. It takes milliseconds and is done when keys change, never in a sale.
 * Spec: GB/T 32918, 4 (encryption). Spec: GM/T 0003, 4.
 */
import library from "sm-crypto";
import { type Bytes, fromHex, toHex } from "../base/bytes.ts";
import type { Sm2PrivateKey, Sm2PublicKey } from "./face.ts";
import { scalarOf } from "./keys.ts";
import { isPoint, POINT_LENGTH } from "./sm2-format.ts";

const { sm2 } = library;
const HASH_LENGTH = 32;
/** Keys and nothing longer are wrapped. */
const PLAIN_BYTES_MAX = 64;
const C1_C3_C2 = 1;

/** What was wrapped for this key, or undefined when it was not, or is not whole. The caller wipes it. Never throws. */
export function sm2Unwrap(key: Sm2PrivateKey, wrapped: Bytes): Bytes | undefined {
  const length = wrapped.length - POINT_LENGTH - HASH_LENGTH;
  // A point off the curve would tell an attacker about the key.
  if (length < 1 || length > PLAIN_BYTES_MAX || !isPoint(wrapped.subarray(0, POINT_LENGTH))) return undefined;
  const scalar = scalarOf(key);
  const plain = sm2.doDecrypt(toHex(wrapped), toHex(scalar), C1_C3_C2, { output: "array" });
  scalar.fill(0);
  return plain.length === length ? Uint8Array.from(plain) : undefined;
}

/** Wraps 1 to 64 bytes for whoever holds the private key. */
export function sm2Wrap(key: Sm2PublicKey, plain: Bytes): Bytes {
  return fromHex(sm2.doEncrypt([...plain], `04${toHex(key.point)}`, C1_C3_C2));
}
