/* The raw public operation against keys and values that another code path of node:crypto made, and against hand arithmetic. */
import { constants, generateKeyPairSync, privateDecrypt } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../base/bytes.ts";
import { rsaPublicKey, sha1 } from "./rsa.ts";

const PAIR = generateKeyPairSync("rsa", { modulusLength: 1024, publicExponent: 3 });
const JWK = PAIR.publicKey.export({ format: "jwk" });
const MODULUS = new Uint8Array(Buffer.from(JWK.n ?? "", "base64url"));
const THREE = Uint8Array.of(3);

/** Plain integer arithmetic, as slow as it is sure. */
function cubed(block: Uint8Array): string {
  const value = BigInt(`0x${toHex(block)}`);
  const modulus = BigInt(`0x${toHex(MODULUS)}`);
  return ((value * value * value) % modulus).toString(16).padStart(256, "0");
}

describe("rsaPublicKey", () => {
  const key = rsaPublicKey(MODULUS, THREE);

  it("undoes what the private key did", () => {
    const message = new Uint8Array(128).fill(0x5a);
    message[0] = 0;
    const signature = new Uint8Array(privateDecrypt({ key: PAIR.privateKey, padding: constants.RSA_NO_PADDING }, message));
    expect(key?.recover(signature)).toEqual(message);
  });

  it("is the power with the public exponent", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 128, maxLength: 128 }), (bytes) => {
        const block = Uint8Array.from(bytes);
        block[0] = (block[0] ?? 0) & 0x3f;
        expect(toHex(key?.recover(block) ?? new Uint8Array(0))).toBe(cubed(block));
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ["one byte less", new Uint8Array(127)],
    ["one byte more", new Uint8Array(129)],
    ["the modulus itself", MODULUS],
    ["more than the modulus", new Uint8Array(128).fill(0xff)],
    ["nothing", new Uint8Array(0)],
  ])("recovers nothing from %s", (_name, block) => {
    expect(key?.recover(block)).toBeUndefined();
  });

  it.each([
    ["a short modulus", MODULUS.slice(0, 63), THREE],
    ["a long modulus", new Uint8Array(249).fill(0xff), THREE],
    ["an even modulus", MODULUS.map((byte, at) => (at === 127 ? byte & 0xfe : byte)), THREE],
    ["a leading zero", MODULUS.map((byte, at) => (at === 0 ? 0 : byte)), THREE],
    ["no exponent", MODULUS, new Uint8Array(0)],
    ["an exponent of one", MODULUS, Uint8Array.of(1)],
    ["an even exponent", MODULUS, Uint8Array.of(2)],
    ["a long exponent", MODULUS, fromHex("00000003")],
  ])("is none with %s", (_name, modulus, exponent) => {
    expect(rsaPublicKey(modulus, exponent)).toBeUndefined();
  });

  it("takes the larger exponent too", () => expect(rsaPublicKey(MODULUS, fromHex("010001"))?.length).toBe(128));

  it("answers any modulus, exponent and block", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 260 }), fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 260 }), (modulus, exponent, block) => {
        const recovered = rsaPublicKey(modulus, exponent)?.recover(block);
        expect(recovered === undefined || recovered.length === modulus.length).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe("sha1", () => {
  // Published answers of the standard.
  it.each([
    ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
  ])("of %j", (text, hash) => expect(toHex(sha1(utf8(text)))).toBe(hash));
  it("joins its parts", () => expect(sha1(utf8("a"), utf8("bc"))).toEqual(sha1(utf8("abc"))));
});
