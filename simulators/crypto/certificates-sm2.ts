/*
 * Goal: a test card made twice from the same options is the same card, certificates and signatures included.
 * Method: SM2 signatures whose nonce is a hash of key and message, computed here with plain integers. Slow, and open to whoever measures
 * times, which does not matter for published test keys. Spec: GM/T 0003, 5 (recommended curve); GM/T 0009, 10 (identity).
 */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat, fromHex, toHex, u8, u16be, utf8 } from "../../device/base/bytes.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";

const P = 0xfffffffe_ffffffff_ffffffff_ffffffff_ffffffff_00000000_ffffffff_ffffffffn;
const N = 0xfffffffe_ffffffff_ffffffff_ffffffff_7203df6b_21c6052b_53bbf409_39d54123n;
const GX = 0x32c4ae2c_1f198119_5f990446_6a39c994_8fe30bbf_f2660be1_715a4589_334c74c7n;
const GY = 0xbc3736a2_f4f6779c_59bdcee3_6b692153_d0a9877c_c62a4740_02df32e5_2139f0a0n;
const A = P - 3n;
const B = 0x28e9fa9e_9d9f5e34_4d5a9e4b_cf6509a7_f39789f5_15ab8f92_ddbcbd41_4d940e93n;
const IDENTITY = utf8("1234567812345678");
/** A hash misses the range of a nonce about once in 2^32 times. */
const NONCE_DRAWS_MAX = 8;

/** Jacobian coordinates; z = 0 is the point at infinity. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

const INFINITY: Point = { x: 1n, y: 1n, z: 0n };

function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [low, high] = [mod(value, modulus), modulus];
  let [factor, other] = [1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high - quotient * low, low];
    [factor, other] = [other - quotient * factor, factor];
  }
  return mod(factor, modulus);
}

function double(point: Point): Point {
  const { x, y, z } = point;
  if (z === 0n) return INFINITY;
  const zz = (z * z) % P;
  const yy = (y * y) % P;
  const slope = (3n * (x - zz) * (x + zz)) % P;
  const s = (4n * x * yy) % P;
  const x3 = mod(slope * slope - 2n * s, P);
  return { x: x3, y: mod(slope * (s - x3) - 8n * yy * yy, P), z: (2n * y * z) % P };
}

function add(left: Point, right: Point): Point {
  if (left.z === 0n) return right;
  if (right.z === 0n) return left;
  const z1z1 = (left.z * left.z) % P;
  const z2z2 = (right.z * right.z) % P;
  const u1 = (left.x * z2z2) % P;
  const s1 = (left.y * right.z * z2z2) % P;
  const h = mod(right.x * z1z1 - u1, P);
  const r = mod(right.y * left.z * z1z1 - s1, P);
  if (h === 0n) return r === 0n ? double(left) : INFINITY;
  const hh = (h * h) % P;
  const hhh = (h * hh) % P;
  const v = (u1 * hh) % P;
  const x = mod(r * r - hhh - 2n * v, P);
  return { x, y: mod(r * (v - x) - s1 * hhh, P), z: (h * left.z * right.z) % P };
}

const DIGIT_BITS = 4n;
const DIGIT_VALUES = 16;
const SCALAR_DIGITS = 64;

/** For each digit of a scalar: the generator times what each of its values stands for. Worked out once, at the first use. */
class Multiples {
  #rows: readonly (readonly Point[])[] | undefined;

  get rows(): readonly (readonly Point[])[] {
    this.#rows ??= multiplesOfGenerator();
    return this.#rows;
  }
}

const MULTIPLES = new Multiples();

function multiplesOfGenerator(): readonly (readonly Point[])[] {
  const rows: Point[][] = [];
  for (let base: Point = { x: GX, y: GY, z: 1n }; rows.length < SCALAR_DIGITS; ) {
    const row = [INFINITY];
    for (let value = 1; value < DIGIT_VALUES; value += 1) row.push(add(row[value - 1] ?? INFINITY, base));
    rows.push(row);
    base = add(row[DIGIT_VALUES - 1] ?? INFINITY, base);
  }
  return rows;
}

function multiplied(scalar: bigint): { readonly x: bigint; readonly y: bigint } {
  let result = INFINITY;
  let rest = scalar;
  for (const row of MULTIPLES.rows) {
    result = add(result, row[Number(rest & 15n)] ?? INFINITY);
    rest >>= DIGIT_BITS;
  }
  const zInverse = inverse(result.z, P);
  const square = (zInverse * zInverse) % P;
  return { x: (result.x * square) % P, y: (result.y * square * zInverse) % P };
}

function toInteger(bytes: Bytes): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function bytes32(value: bigint): Bytes {
  return fromHex(value.toString(16).padStart(64, "0"));
}

/** x ‖ y of the public key that belongs to a private scalar, 64 bytes. */
export function sm2PointOf(scalar: Bytes): Bytes {
  const { x, y } = multiplied(toInteger(scalar));
  return concat(bytes32(x), bytes32(y));
}

/** The same point in 33 bytes: the prefix tells the parity of y. */
export function compressedPoint(point: Bytes): Bytes {
  return concat(u8(0x02 + ((point[63] ?? 0) & 1)), point.slice(0, 32));
}

/** A private scalar that is always the same for the same words. */
export function testScalar(suite: CipherSuite, words: string): Bytes {
  return bytes32((toInteger(suite.sm3(utf8(words))) % (N - 2n)) + 1n);
}

/** Signature r ‖ s over SM3(Z ‖ message), 64 bytes, the same each time. */
export function signSm2(suite: CipherSuite, key: { readonly scalar: Bytes; readonly point: Bytes }, message: Bytes): Bytes {
  const curve = concat(...[A, B, GX, GY].map(bytes32));
  const identityDigest = suite.sm3(u16be(IDENTITY.length * 8), IDENTITY, curve, key.point);
  const digest = suite.sm3(identityDigest, message);
  const e = toInteger(digest);
  const d = toInteger(key.scalar);
  for (let draw = 0; draw < NONCE_DRAWS_MAX; draw += 1) {
    const k = toInteger(suite.sm3(utf8("nonce"), key.scalar, digest, u8(draw)));
    if (k === 0n || k >= N) continue;
    const r = (e + multiplied(k).x) % N;
    const s = mod(inverse(1n + d, N) * (k - r * d), N);
    if (r !== 0n && r + k !== N && s !== 0n) return concat(bytes32(r), bytes32(s));
  }
  assert(false, "hashes are spread over their range");
}
