import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../base/bytes.ts";
import { checkScalar, identityInput, isNonce, isSignatureShape, signatureFromDer, signatureToDer } from "./sm2-format.ts";

const ORDER = BigInt("0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123");

function hex32(value: bigint): string {
  return value.toString(16).padStart(64, "0");
}

const DER = [
  ["both short", `${hex32(1n)}${hex32(2n)}`, "3006020101020102"],
  ["high bit needs a zero", `${hex32(0x80n)}${hex32(0x7fn)}`, "3007020200800201" + "7f"],
  ["full length", "7f".repeat(32) + "01".repeat(32), `30440220${"7f".repeat(32)}0220${"01".repeat(32)}`],
  ["full length with signs", "ff".repeat(64), `3046022100${"ff".repeat(32)}022100${"ff".repeat(32)}`],
  ["zeros", "00".repeat(64), "3006020100020100"],
] as const;

const BAD_DER = [
  ["empty", ""],
  ["one byte", "30"],
  ["wrong outer tag", "3106020101020102"],
  ["wrong inner tag", "3006030101020102"],
  ["wrong second tag", "3006020101030102"],
  ["outer length too long", "3007020101020102"],
  ["outer length too short", "3005020101020102"],
  ["rest behind", "300602010102010200"],
  ["padding in front of r", "300702020001020102"],
  ["padding in front of s", "300702010102020002"],
  ["negative r", "3006020180020101"],
  ["empty r", "30050200020101"],
  ["empty s", "30050201010200"],
  ["long form of the length", "308106020101020102"],
  ["r of 34 bytes", `30270222${"01".repeat(34)}020101`],
  ["r of 33 bytes above the range", `30260221${"01".repeat(33)}020101`],
  ["s of 33 bytes above the range", `30260201010221${"01".repeat(33)}`],
  ["s cut off", "30060201010201"],
] as const;

describe("signature in DER", () => {
  it.each(DER)("%s", (_name, raw, der) => {
    expect(toHex(signatureToDer(fromHex(raw)))).toBe(der);
    expect(toHex(signatureFromDer(fromHex(der)) ?? new Uint8Array(0))).toBe(raw);
  });

  it.each(BAD_DER)("refuses %s", (_name, der) => {
    expect(signatureFromDer(fromHex(der))).toBeUndefined();
  });

  it("gives back any signature", () => {
    const half = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), fc.bigInt({ min: 0n, max: 70_000n }));
    fc.assert(
      fc.property(half, half, (r, s) => {
        const raw = fromHex(hex32(r) + hex32(s));
        expect(signatureFromDer(signatureToDer(raw))).toEqual(raw);
      }),
    );
  });

  it("has an answer for any bytes, and one spelling for each signature", () => {
    const near = fc
      .tuple(fc.uint8Array({ minLength: 0, maxLength: 5 }), fc.uint8Array({ maxLength: 80 }))
      .map(([head, tail]) => Uint8Array.from([0x30, ...head, ...tail]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), near), (bytes) => {
        const signature = signatureFromDer(bytes);
        if (signature !== undefined) expect(signatureToDer(signature)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("ranges", () => {
  it.each([
    ["r = 1, s = 1", 1n, 1n, true],
    ["r = n-1, s = n-1", ORDER - 1n, ORDER - 1n, true],
    ["r = n-1, s = 2", ORDER - 1n, 2n, true],
    ["r + s = n", ORDER - 1n, 1n, false],
    ["r + s = n the other way", 1n, ORDER - 1n, false],
    ["r = 0", 0n, 1n, false],
    ["s = 0", 1n, 0n, false],
    ["r = n", ORDER, 1n, false],
    ["s = n", 1n, ORDER, false],
  ] as const)("signature with %s", (_name, r, s, possible) => {
    expect(isSignatureShape(fromHex(hex32(r) + hex32(s)))).toBe(possible);
  });

  it.each([
    [63, false],
    [64, true],
    [65, false],
  ] as const)("signature of %d bytes", (length, possible) => {
    expect(isSignatureShape(new Uint8Array(length).fill(1))).toBe(possible);
  });

  it.each([
    [0n, false],
    [1n, true],
    [ORDER - 1n, true],
    [ORDER, false],
  ] as const)("nonce %d", (value, possible) => {
    expect(isNonce(fromHex(hex32(value)))).toBe(possible);
  });

  it("a nonce has 32 bytes", () => {
    expect(isNonce(new Uint8Array(31).fill(1))).toBe(false);
  });

  it.each([
    [1n, true],
    [ORDER - 2n, true],
    [0n, false],
    [ORDER - 1n, false],
    [ORDER, false],
  ] as const)("scalar %d", (value, possible) => {
    const check = () => checkScalar(fromHex(hex32(value)));
    if (possible) expect(check).not.toThrow();
    else expect(check).toThrowError(/out of range/);
  });
});

it("hash input of Z: length in bits, identity, a, b, base point, public point", () => {
  // GM/T 0003, 2, 5.5; the numbers of the curve from GM/T 0003, 5.
  const point = new Uint8Array(64).fill(0xee);
  expect(toHex(identityInput("1234567812345678", point))).toBe(
    `0080${toHex(utf8("1234567812345678"))}fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93` +
      `32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0${"ee".repeat(64)}`,
  );
  expect(toHex(identityInput("x".repeat(8191), point)).slice(0, 4)).toBe("fff8");
});
