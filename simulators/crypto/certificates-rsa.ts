/* RSA of bank cards: signatures with message recovery over plain integers, with published test keys. Spec: JR/T 0025, offline data authentication. */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, fromHex, toHex } from "../../device/base/bytes.ts";
import type { TestRsaKey } from "./certificates-keys.ts";
import { sha1 } from "./certificates-sha1.ts";

/** Bytes around the recoverable part: header, hash and trailer. */
const FRAME = 22;

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** Bytes of a key's modulus, and of everything signed with it. */
export function rsaLength(key: TestRsaKey): number {
  return key.modulusHex.length / 2;
}

/** Room for the data inside a signature of this key. */
export function rsaRoom(key: TestRsaKey): number {
  return rsaLength(key) - FRAME;
}

/**
 * 6A ‖ data ‖ SHA-1(data ‖ rest) ‖ BC, raised to the private exponent. `data` fills the signature's room exactly; `rest` is hashed and not carried.
 */
export function signWithRecovery(key: TestRsaKey, data: Bytes, rest: Bytes): Bytes {
  assert(data.length === rsaRoom(key), "the recoverable data fill the signature");
  const block = concat(Uint8Array.of(0x6a), data, sha1(data, rest), Uint8Array.of(0xbc));
  const signature = power(BigInt(`0x${toHex(block)}`), BigInt(`0x${key.privateExponentHex}`), BigInt(`0x${key.modulusHex}`));
  return fromHex(signature.toString(16).padStart(key.modulusHex.length, "0"));
}
