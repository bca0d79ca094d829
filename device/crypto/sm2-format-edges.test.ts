/* Points at the edges of the field, where two spellings of one number, or a lost leading zero, would pass unseen. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex, utf8 } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { opensslSuite } from "./openssl.ts";
import { checkScalar, identityInput, readPoint } from "./sm2-format.ts";

const P = BigInt("0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff");
const hex32 = (value: bigint): string => value.toString(16).padStart(64, "0");
const opposite = (yHex: string): string => hex32(P - BigInt(`0x${yHex}`));

/** Points of the curve, computed apart from this code: x, then the square root that the exponent (p + 1) / 4 gives. */
const ROOT_OF_X0 = "fd4511e81736a60f07e88a83d6cf5a167fae6d1a9c9330e76e232e00f5cdc154";
const ROOT_OF_X1 = "9f7a091433a81e3f218f405f792355bf2aa98b5ffa95982f03870800065279a3";
const Y_WITH_LEADING_ZERO = "00948642d840a8b083820b5b159995598826e2e736c8e57f415fa203d65e8add";
const X_OF_04 = "0400000000000000000000000000000000000000000000000000000000000001";
const Y_OF_04 = "293962c74908685dcbcc0ff8bc072390c79b272fcd979d70e10c9b6ef2cc707a";
const ROOT_OF_X02 = "8514da7bb188e15a8b421d5d2a6fc969511f75e7def3f3e422245e62830693f3";
const ROOT_OF_X03 = "eec5e8528396fd8d445053916450a79a00c5d8589abc7684561694fbc7cd173d";
const X_OF_Y1 = "9c17043effe1a805a74a9a5e70b9d659705d3242094a566dc016f49311178d1f";

describe("compressed points", () => {
  it.each([
    ["an even root, even asked", `02${hex32(0n)}`, hex32(0n) + ROOT_OF_X0],
    ["an even root, odd asked", `03${hex32(0n)}`, hex32(0n) + opposite(ROOT_OF_X0)],
    ["an odd root, odd asked", `03${hex32(1n)}`, hex32(1n) + ROOT_OF_X1],
    ["an odd root, even asked", `02${hex32(1n)}`, hex32(1n) + opposite(ROOT_OF_X1)],
    ["a root with a leading zero", `03${hex32(472n)}`, hex32(472n) + Y_WITH_LEADING_ZERO],
  ])("%s", (_, compressed, point) => {
    expect(toHex(readPoint(fromHex(compressed)))).toBe(point);
    expect(toHex(readPoint(fromHex(point)))).toBe(point);
  });
});

describe("bare points", () => {
  it.each([
    ["02", `02${"00".repeat(31)}${ROOT_OF_X02}`],
    ["03", `03${"00".repeat(31)}${ROOT_OF_X03}`],
    ["04", X_OF_04 + Y_OF_04],
  ])("may begin with %s, which is no prefix then", (_, point) => expect(toHex(readPoint(fromHex(point)))).toBe(point));

  it("may have a small coordinate", () => {
    expect(toHex(readPoint(fromHex(X_OF_Y1 + hex32(1n))))).toBe(X_OF_Y1 + hex32(1n));
    expect(toHex(readPoint(fromHex(hex32(1n) + ROOT_OF_X1)))).toBe(hex32(1n) + ROOT_OF_X1);
  });

  it.each([
    ["x = p for 0", hex32(P) + ROOT_OF_X0],
    ["x = p + 1 for 1", hex32(P + 1n) + ROOT_OF_X1],
    ["y = p + 1 for 1", X_OF_Y1 + hex32(P + 1n)],
    ["compressed x = p for 0", `02${hex32(P)}`],
  ])("are refused in a second spelling: %s", (_, hex) => {
    expect(() => readPoint(fromHex(hex))).toThrowError(expect.objectContaining({ code: "crypto-input", effectUnknown: false }) as Fault);
  });
});

describe("what is refused says that nothing has happened", () => {
  it.each<[string, () => unknown]>([
    ["a scalar of 31 bytes", () => checkScalar(new Uint8Array(31))],
    ["a scalar of zero", () => checkScalar(new Uint8Array(32))],
    ["a point of 63 bytes", () => readPoint(new Uint8Array(63))],
    ["text that is not well formed", () => identityInput("\ud800", new Uint8Array(64))],
  ])("%s", (_, act) => {
    try {
      act();
      expect.fail("it was taken");
    } catch (error) {
      expect(error).toBeInstanceOf(Fault);
      expect(error).toMatchObject({ code: "crypto-input", effectUnknown: false });
    }
  });
});

it("a valid signature with a zero byte put in is not taken for the same", () => {
  const suite = opensslSuite();
  const key = suite.sm2PrivateKey(fromHex(hex32(7n)));
  const signature = suite.sm2Sign(key, utf8("m"));
  expect(suite.sm2Verify(key.publicKey, utf8("m"), signature)).toBe(true);
  const longer = concat(signature.subarray(0, 32), Uint8Array.of(0), signature.subarray(32));
  expect(suite.sm2Verify(key.publicKey, utf8("m"), longer)).toBe(false);
});
