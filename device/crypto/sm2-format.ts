/*
 * The shapes around SM2 that both providers need: the curve's numbers, points and scalars from outside, signatures as r ‖ s and as DER,
 * and the bytes that Z is the hash of. Nothing secret is computed here except the range check of a scalar.
 * Spec: GM/T 0003, 5 (recommended curve). Spec: GB/T 32918, 2 (signature).
 */
import { type Bytes, concat, equalBytes, fromHex, toHex, u16be, utf8 } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";

const P = 0xfffffffe_ffffffff_ffffffff_ffffffff_ffffffff_00000000_ffffffff_ffffffffn;
const A = P - 3n;
const B = 0x28e9fa9e_9d9f5e34_4d5a9e4b_cf6509a7_f39789f5_15ab8f92_ddbcbd41_4d940e93n;
/** Order of the base point. */
const N = 0xfffffffe_ffffffff_ffffffff_ffffffff_7203df6b_21c6052b_53bbf409_39d54123n;

export const SCALAR_LENGTH = 32;
export const POINT_LENGTH = 64;
export const SIGNATURE_LENGTH = 64;
/** Z counts the identity in bits in two bytes. */
const IDENTITY_BYTES_MAX = 8191;

/** a ‖ b ‖ xG ‖ yG as Z wants them. */
const CURVE_BYTES = fromHex(
  "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc" +
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93" +
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7" +
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
);

function toInteger(bytes: Bytes): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function toBytes32(value: bigint): Bytes {
  return fromHex(value.toString(16).padStart(64, "0"));
}

function powerModP(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % P;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

function curveRightSide(x: bigint): bigint {
  return (x * x * x + A * x + B) % P;
}

function wrongInput(what: string): Fault {
  return new Fault("crypto-input", what, { effectUnknown: false });
}

/** Recovers y from x and the parity in the prefix; P = 3 mod 4, so the root is a power. */
function decompress(prefix: number, xBytes: Bytes): Bytes {
  const x = toInteger(xBytes);
  if (x >= P) throw wrongInput("SM2 point outside the field");
  const square = curveRightSide(x);
  const root = powerModP(square, (P + 1n) / 4n);
  if ((root * root) % P !== square) throw wrongInput("SM2 point not on the curve");
  const odd = (root & 1n) === 1n;
  // No point of this curve has y = 0: its order is an odd prime.
  const y = odd === (prefix === 0x03) ? root : P - root;
  return concat(xBytes, toBytes32(y));
}

/** Point x ‖ y of any accepted form, checked to lie on the curve. Faults: "crypto-input". */
export function readPoint(point: Bytes): Bytes {
  if (point.length === 33 && (point[0] === 0x02 || point[0] === 0x03)) return decompress(point[0], point.subarray(1));
  const bare = point.length === 65 && point[0] === 0x04 ? point.subarray(1) : point;
  if (bare.length !== POINT_LENGTH) throw wrongInput("SM2 point of an unknown form");
  const x = toInteger(bare.subarray(0, 32));
  const y = toInteger(bare.subarray(32));
  if (x >= P || y >= P) throw wrongInput("SM2 point outside the field");
  if ((y * y) % P !== curveRightSide(x)) throw wrongInput("SM2 point not on the curve");
  return Uint8Array.from(bare);
}

/** Whether x ‖ y lies on the curve. Never throws. */
export function isPoint(point: Bytes): boolean {
  if (point.length !== POINT_LENGTH) return false;
  const x = toInteger(point.subarray(0, 32));
  const y = toInteger(point.subarray(32));
  return x < P && y < P && (y * y) % P === curveRightSide(x);
}

/** Checks that a private scalar is 1 … n-2: with n-1 no signature exists, and one provider would search for it for ever. Faults: "crypto-input". */
export function checkScalar(scalar: Bytes): void {
  if (scalar.length !== SCALAR_LENGTH) throw wrongInput("an SM2 scalar has 32 bytes");
  const value = toInteger(scalar);
  if (value < 1n || value > N - 2n) throw wrongInput("SM2 scalar out of range");
}

/** Whether these bytes can be a signature at all: r and s in 1 … n-1 and r + s not n. */
export function isSignatureShape(signature: Bytes): boolean {
  if (signature.length !== SIGNATURE_LENGTH) return false;
  const r = toInteger(signature.subarray(0, 32));
  const s = toInteger(signature.subarray(32));
  return r >= 1n && r < N && s >= 1n && s < N && r + s !== N;
}

/** Whether 32 random bytes can be a nonce: 1 … n-1. */
export function isNonce(candidate: Bytes): boolean {
  const value = toInteger(candidate);
  return candidate.length === SCALAR_LENGTH && value >= 1n && value < N;
}

/** The hash input of Z: identity length in bits, identity, curve, public point. Faults: "crypto-input". Spec: GM/T 0003, 2, 5.5. */
export function identityInput(identity: string, point: Bytes): Bytes {
  if (!identity.isWellFormed()) throw wrongInput("an SM2 identity is well-formed text");
  const bytes = utf8(identity);
  if (bytes.length > IDENTITY_BYTES_MAX) throw wrongInput("SM2 identity too long");
  return concat(u16be(bytes.length * 8), bytes, CURVE_BYTES, point);
}

function encodeInteger(value: Bytes): Bytes {
  let start = 0;
  while (start < value.length - 1 && value[start] === 0) start += 1;
  const digits = value.subarray(start);
  const sign = ((digits[0] ?? 0) & 0x80) === 0 ? [] : [0x00];
  return Uint8Array.of(0x02, sign.length + digits.length, ...sign, ...digits);
}

/** DER of r ‖ s. The result is at most 72 bytes, so one length byte does. Spec: ISO/IEC 8825-1, 8.3. */
export function signatureToDer(signature: Bytes): Bytes {
  const body = concat(encodeInteger(signature.subarray(0, 32)), encodeInteger(signature.subarray(32)));
  return concat(Uint8Array.of(0x30, body.length), body);
}

/** r ‖ s of strict DER, or undefined for anything that {@link signatureToDer} would not have written. */
export function signatureFromDer(der: Bytes): Bytes | undefined {
  const rLength = der[3] ?? 0;
  const sLength = der[5 + rLength] ?? 0;
  const r = der.subarray(4, 4 + rLength);
  const s = der.subarray(6 + rLength, 6 + rLength + sLength);
  if (r.length > 33 || s.length > 33) return undefined;
  const signature = new Uint8Array(SIGNATURE_LENGTH);
  signature.set(r.subarray(-32), 32 - Math.min(r.length, 32));
  signature.set(s.subarray(-32), SIGNATURE_LENGTH - Math.min(s.length, 32));
  // Writing it again and comparing is the shortest check that leaves no second spelling.
  return equalBytes(signatureToDer(signature), der) ? signature : undefined;
}
