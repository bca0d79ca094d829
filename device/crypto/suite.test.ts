import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { fromHex } from "../base/bytes.ts";
import { isFault } from "../base/fault.ts";
import type { CipherSuite } from "./face.ts";
import { opensslSuite } from "./openssl.ts";
import { selfTest } from "./self-test.ts";
import { smCryptoSuite } from "./sm-crypto.ts";
import { openCipherSuite } from "./suite.ts";

const good = opensslSuite();

/** Each row breaks one primitive in the way a wrong library would, and names the checks that must notice. */
const BROKEN: readonly (readonly [string, Partial<CipherSuite>, readonly string[]])[] = [
  ["SM3 of the first part only", { sm3: (first = new Uint8Array(0)) => good.sm3(first) }, ["sm3"]],
  ["HMAC without key", { hmacSm3: (_key, ...parts) => good.sm3(...parts) }, ["hmac-sm3"]],
  ["SM4 that does nothing", { sm4Encrypt: (_key, blocks) => blocks }, ["sm4", "sm4-cbc"]],
  ["SM4 decryption that encrypts", { sm4Decrypt: (key, blocks) => good.sm4Encrypt(key, blocks) }, ["sm4-inverse"]],
  ["CBC that is ECB", { sm4CbcEncrypt: (key, _iv, blocks) => good.sm4Encrypt(key, blocks) }, ["sm4-cbc"]],
  ["CBC decryption that is ECB", { sm4CbcDecrypt: (key, _iv, blocks) => good.sm4Decrypt(key, blocks) }, ["sm4-cbc"]],
  ["triple DES of another mode", { tdesEncrypt: (key, blocks) => good.tdesDecrypt(key, blocks) }, ["3des"]],
  ["triple DES decryption that encrypts", { tdesDecrypt: (key, blocks) => good.tdesEncrypt(key, blocks) }, ["3des-inverse"]],
  [
    "DES missing",
    {
      tdesCbcEncrypt: () => {
        throw new Error("unsupported");
      },
    },
    ["des"],
  ],
  ["SM2 that accepts everything", { sm2Verify: () => true }, ["sm2-forgery", "sm2-message", "sm2-identity"]],
  ["SM2 that refuses everything", { sm2Verify: () => false }, ["sm2-verify", "sm2-sign"]],
  ["SM2 with an empty identity", { sm2Verify: (key, message, signature) => good.sm2Verify(key, message, signature, "") }, ["sm2-verify", "sm2-sign"]],
  ["SM2 that ignores the identity", { sm2Verify: (key, message, signature) => good.sm2Verify(key, message, signature) }, ["sm2-identity"]],
  ["SM2 signing with another identity", { sm2Sign: (key, message) => good.sm2Sign(key, message, "other") }, ["sm2-sign"]],
  ["SM2 with a wrong public key", { sm2PrivateKey: () => good.sm2PrivateKey(fromHex("01".padStart(64, "0"))) }, ["sm2-public", "sm2-sign"]],
];

function broken(part: Partial<CipherSuite>): CipherSuite {
  return { ...good, ...part };
}

describe("self-test", () => {
  it("passes both providers", () => {
    expect(selfTest(opensslSuite())).toEqual([]);
    expect(selfTest(smCryptoSuite())).toEqual([]);
  });

  it.each(BROKEN)("notices %s", (_name, part, names) => {
    expect(selfTest(broken(part))).toEqual(names);
  });
});

describe("openCipherSuite", () => {
  it("takes node:crypto where it is sound", () => {
    expect(openCipherSuite().provider).toBe("openssl");
  });

  it("falls back to the second provider", () => {
    expect(openCipherSuite([() => broken({ sm2Verify: () => true }), smCryptoSuite]).provider).toBe("sm-crypto");
  });

  it("refuses service when none is sound, and names what failed", () => {
    const open = () => openCipherSuite([() => broken({ sm2Verify: () => true }), () => broken({ sm4Encrypt: (_key, blocks) => blocks })]);
    expect(open).toThrowError(/openssl: sm2-forgery, sm2-message, sm2-identity; openssl: sm4, sm4-cbc/);
    try {
      open();
    } catch (error) {
      expect(isFault(error, "crypto-unavailable")).toBe(true);
    }
  });
});

describe("key handles", () => {
  const scalar = "00000000000000000000000000000000000000000000000000000000deadbeef";
  const secret = "deadbeefdeadbeefdeadbeefdeadbeef";
  const handles = [
    ["secret", good.secretKey(fromHex(secret))],
    ["derived", good.sm4DerivedKey(good.secretKey(fromHex(secret)), fromHex(secret))],
    ["private", good.sm2PrivateKey(fromHex(scalar))],
  ] as const;

  it.each(handles)("a %s key prints as stars", (_name, handle) => {
    expect(String(handle)).toBe("***");
    expect(inspect(handle, { depth: 9, showHidden: true })).toBe("***");
    expect(JSON.stringify({ handle })).toBe('{"handle":"***"}');
    expect(inspect({ nested: { handle } }, { depth: 9 })).not.toMatch(/dead|222, 173/);
  });

  it("the caller may wipe its copy", () => {
    const bytes = fromHex(secret);
    const key = good.secretKey(bytes);
    const before = good.sm4Encrypt(key, new Uint8Array(16));
    bytes.fill(0);
    expect(good.sm4Encrypt(key, new Uint8Array(16))).toEqual(before);
    const scalarBytes = fromHex(scalar);
    const pair = good.sm2PrivateKey(scalarBytes);
    scalarBytes.fill(0);
    expect(good.sm2Verify(pair.publicKey, bytes, good.sm2Sign(pair, bytes))).toBe(true);
  });

  it("the point of a public key is a copy", () => {
    const { publicKey } = good.sm2PrivateKey(fromHex(scalar));
    publicKey.point.fill(0);
    expect(publicKey.point.some((byte) => byte !== 0)).toBe(true);
  });

  it("a handle made by one provider works in the other", () => {
    const pair = good.sm2PrivateKey(fromHex(scalar));
    const message = fromHex("00");
    const other = smCryptoSuite();
    expect(good.sm2Verify(pair.publicKey, message, other.sm2Sign(pair, message))).toBe(true);
    expect(other.sm2Verify(pair.publicKey, message, good.sm2Sign(pair, message))).toBe(true);
  });

  it("something else is not taken for a handle", () => {
    const forged = JSON.parse("{}") as Parameters<CipherSuite["sm4Encrypt"]>[0];
    expect(() => good.sm4Encrypt(forged, new Uint8Array(16))).toThrowError(/handle comes from this folder/);
  });
});
