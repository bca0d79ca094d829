/* Certificates and signatures of test bank cards, against the device's SM2, published SHA-1 values and RSA done by hand. */
import { describe, expect, it } from "vitest";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import {
  rsaCardCertificate,
  rsaDynamicSignature,
  rsaIssuerCertificate,
  rsaStaticSignature,
  smCardCertificate,
  smDynamicSignature,
  smIssuerCertificate,
  smStaticSignature,
  TEST_CERTIFICATION_AUTHORITIES,
  testCardScalar,
} from "./certificates.ts";
import { TEST_RSA_KEYS } from "./certificates-keys.ts";
import { sha1 } from "./certificates-sha1.ts";
import { compressedPoint, sm2PointOf } from "./certificates-sm2.ts";

const suite = openCipherSuite();
const PAN = "6299990000000001";
const terms = { pan: PAN, expiry: "1240", compressed: false };
const signed = fromHex("5a0862999900000000017c00");

/** What a public key of exponent 3 makes of a signature. */
function opened(modulusHex: string, signature: Bytes): Bytes {
  const value = BigInt(`0x${toHex(signature)}`);
  return fromHex((value ** 3n % BigInt(`0x${modulusHex}`)).toString(16).padStart(modulusHex.length, "0"));
}

function recovered(modulusHex: string, signature: Bytes, rest: Bytes): Bytes {
  const block = opened(modulusHex, signature);
  const data = block.slice(1, -21);
  expect([block[0], block.at(-1)]).toEqual([0x6a, 0xbc]);
  expect(toHex(block.slice(-21, -1))).toBe(toHex(sha1(data, rest)));
  return data;
}

describe("SHA-1", () => {
  it.each([
    ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"],
    ["a".repeat(1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"],
  ])("gives the published value of text %#", (text, expected) => {
    expect(toHex(sha1(utf8(text)))).toBe(expected);
  });
});

describe("SM2 certificates", () => {
  const authority = TEST_CERTIFICATION_AUTHORITIES.find(({ kind }) => kind === "sm");
  const authorityPoint = authority?.kind === "sm" ? fromHex(authority.pointHex) : new Uint8Array(0);

  it("chain from the authority over the issuer to the card's signature", () => {
    const issuer = smIssuerCertificate(suite, terms);
    expect(toHex(issuer.slice(0, 14))).toBe("1262999900124000000104040040");
    expect(suite.sm2Verify(suite.sm2PublicKey(authorityPoint), issuer.slice(0, -64), issuer.slice(-64))).toBe(true);
    const issuerKey = suite.sm2PublicKey(issuer.slice(14, 78));
    const card = smCardCertificate(suite, terms, signed);
    expect(toHex(card.slice(0, 20))).toBe("146299990000000001ffff124000000204040040");
    expect(suite.sm2Verify(issuerKey, concat(card.slice(0, -64), signed), card.slice(-64))).toBe(true);
    expect(suite.sm2Verify(issuerKey, card.slice(0, -64), card.slice(-64))).toBe(false);
    const cardKey = suite.sm2PublicKey(card.slice(20, 84));
    const input = { cardData: fromHex("020007"), terminalData: fromHex("01020304") };
    const signature = smDynamicSignature(suite, testCardScalar(suite, PAN), input);
    expect(toHex(signature.slice(0, 5))).toBe("1503020007");
    expect(suite.sm2Verify(cardKey, concat(signature.slice(0, 5), input.terminalData), signature.slice(5))).toBe(true);
  });

  it("sign the static data", () => {
    const issuer = smIssuerCertificate(suite, terms);
    const signature = smStaticSignature(suite, fromHex("dac1"), signed);
    expect(toHex(signature.slice(0, 3))).toBe("13dac1");
    expect(suite.sm2Verify(suite.sm2PublicKey(issuer.slice(14, 78)), concat(signature.slice(0, 3), signed), signature.slice(3))).toBe(true);
  });

  it("may carry the keys in 33 bytes", () => {
    const card = smCardCertificate(suite, { ...terms, compressed: true }, signed);
    const point = sm2PointOf(testCardScalar(suite, PAN));
    expect(toHex(card.slice(19, 53))).toBe(`21${toHex(compressedPoint(point))}`);
    expect(toHex(suite.sm2PublicKey(card.slice(20, 53)).point)).toBe(toHex(point));
  });

  it("are the same each time, and differ from card to card", () => {
    expect(toHex(smCardCertificate(suite, terms, signed))).toBe(toHex(smCardCertificate(suite, terms, signed)));
    expect(toHex(testCardScalar(suite, PAN))).not.toBe(toHex(testCardScalar(suite, "6299990000000002")));
  });
});

describe("RSA certificates", () => {
  const { authority, issuer, shortCard, longCard } = TEST_RSA_KEYS;

  it("give the issuer's key back with its remainder", () => {
    const { certificate, remainder } = rsaIssuerCertificate(terms);
    const data = recovered(authority.modulusHex, certificate, concat(remainder, Uint8Array.of(3)));
    expect(toHex(data.slice(0, 14))).toBe(`0262999900${"1240"}000001${"01019001"}`);
    expect(toHex(concat(data.slice(14), remainder))).toBe(issuer.modulusHex);
  });

  it.each([
    [128, shortCard, "80"],
    [144, longCard, "90"],
  ] as const)("give a card's key of %i bytes back and sign with it", (length, key, lengthHex) => {
    const { certificate, remainder } = rsaCardCertificate(terms, length, signed);
    const data = recovered(issuer.modulusHex, certificate, concat(remainder, Uint8Array.of(3), signed));
    expect(toHex(data.slice(0, 20))).toBe(`046299990000000001ffff1240000002${"0101"}${lengthHex}01`);
    expect(toHex(concat(data.slice(20), remainder))).toBe(key.modulusHex);
    const input = { cardData: fromHex("020007"), terminalData: fromHex("01020304") };
    const dynamic = recovered(key.modulusHex, rsaDynamicSignature(length, input), input.terminalData);
    expect(toHex(dynamic.slice(0, 6))).toBe("050103020007");
    expect(dynamic.slice(6).every((byte) => byte === 0xbb)).toBe(true);
  });

  it("sign the static data", () => {
    const data = recovered(issuer.modulusHex, rsaStaticSignature(fromHex("dac1"), signed), signed);
    expect(toHex(data.slice(0, 5))).toBe("0301dac1bb");
  });
});
