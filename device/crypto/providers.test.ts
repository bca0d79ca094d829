import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../base/bytes.ts";
import { isFault } from "../base/fault.ts";
import type { CipherSuite } from "./face.ts";
import { opensslSuite } from "./openssl.ts";
import { smCryptoSuite } from "./sm-crypto.ts";
import { PROVIDERS } from "./testing.ts";

const first = opensslSuite();
const second = smCryptoSuite();

const ORDER = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
const SCALAR = fromHex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8");

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const bytes8 = fc.uint8Array({ minLength: 8, maxLength: 8 });
const blocksOf = (size: number) => fc.array(fc.uint8Array({ minLength: size, maxLength: size }), { maxLength: 6 }).map((blocks) => concat(...blocks));

describe("both providers answer the same", () => {
  it("SM3, in any partition", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (parts) => {
        expect(first.sm3(...parts)).toEqual(second.sm3(...parts));
        expect(first.sm3(concat(...parts))).toEqual(first.sm3(...parts));
      }),
      { numRuns: 300 },
    );
  });

  it("HMAC-SM3", () => {
    fc.assert(
      fc.property(bytes16, fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 3 }), (key, parts) => {
        expect(first.hmacSm3(first.secretKey(key), ...parts)).toEqual(second.hmacSm3(second.secretKey(key), ...parts));
      }),
      { numRuns: 300 },
    );
  });

  it("SM4 in ECB and CBC, and back", () => {
    fc.assert(
      fc.property(bytes16, bytes16, blocksOf(16), (keyBytes, iv, blocks) => {
        const key = first.secretKey(keyBytes);
        const ecb = first.sm4Encrypt(key, blocks);
        const cbc = first.sm4CbcEncrypt(key, iv, blocks);
        expect(second.sm4Encrypt(key, blocks)).toEqual(ecb);
        expect(second.sm4CbcEncrypt(key, iv, blocks)).toEqual(cbc);
        for (const suite of [first, second]) {
          expect(suite.sm4Decrypt(key, ecb)).toEqual(blocks);
          expect(suite.sm4CbcDecrypt(key, iv, cbc)).toEqual(blocks);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("SM4, ten thousand times over its own output", () => {
    const key = first.secretKey(SCALAR.subarray(0, 16));
    const zeros = new Uint8Array(160_000);
    expect(second.sm4CbcEncrypt(key, SCALAR.subarray(16), zeros)).toEqual(first.sm4CbcEncrypt(key, SCALAR.subarray(16), zeros));
  });

  it("derived keys", () => {
    fc.assert(
      fc.property(bytes16, bytes16, (keyBytes, block) => {
        const key = first.secretKey(keyBytes);
        const expected = first.sm4Encrypt(first.secretKey(first.sm4Encrypt(key, block)), block);
        for (const suite of [first, second]) expect(suite.sm4Encrypt(suite.sm4DerivedKey(key, block), block)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  it("triple DES: decryption undoes encryption, CBC of one block is ECB of the sum", () => {
    fc.assert(
      fc.property(bytes16, bytes8, blocksOf(8), (keyBytes, iv, blocks) => {
        const key = first.secretKey(keyBytes);
        expect(first.tdesDecrypt(key, first.tdesEncrypt(key, blocks))).toEqual(blocks);
        const block = keyBytes.subarray(0, 8);
        expect(first.tdesCbcEncrypt(key, iv, block)).toEqual(
          first.tdesEncrypt(
            key,
            block.map((byte, at) => byte ^ (iv[at] ?? 0)),
          ),
        );
        expect(second.tdesCbcEncrypt(key, iv, blocks)).toEqual(first.tdesCbcEncrypt(key, iv, blocks));
      }),
      { numRuns: 200 },
    );
  });
});

interface Sm2Case {
  readonly scalar: Bytes;
  readonly message: Bytes;
  readonly identity: string;
}

function drawSm2Case(index: number): Sm2Case {
  const scalar = new Uint8Array(randomBytes(32));
  scalar[0] = index % 4 === 0 ? 0 : (scalar[0] ?? 0) & 0x7f;
  const message = new Uint8Array(randomBytes(index % 7 === 0 ? 0 : index * 5));
  return { scalar, message, identity: ["", "1234567812345678", `终端${index}`][index % 3] ?? "" };
}

/** Draws signatures until one has a leading zero where `at` says: every provider must carry it. */
function signatureWithLeadingZero(suite: CipherSuite, at: 0 | 32): { readonly signature: Bytes; readonly message: Bytes } {
  const key = suite.sm2PrivateKey(SCALAR);
  for (let draw = 0; draw < 20_000; draw += 1) {
    const message = utf8(`message ${draw}`);
    const signature = suite.sm2Sign(key, message);
    if (signature[at] === 0) return { signature, message };
  }
  throw new Error("no leading zero in 20,000 signatures");
}

describe("SM2 between the providers", () => {
  it("each verifies what the other signed, and refuses it altered", () => {
    for (let index = 0; index < 24; index += 1) {
      const { scalar, message, identity } = drawSm2Case(index);
      const [one, other] = index % 2 === 0 ? [first, second] : [second, first];
      const key = one.sm2PrivateKey(scalar);
      const signature = one.sm2Sign(key, message, identity);
      const publicKey = other.sm2PublicKey(key.publicKey.point);
      const context = `${toHex(scalar)} ${toHex(message)} ${toHex(signature)}`;
      expect(signature.length, context).toBe(64);
      expect(other.sm2Verify(publicKey, message, signature, identity), context).toBe(true);
      const altered = signature.map((byte, at) => (at === index * 2 ? byte ^ 0x10 : byte));
      expect(other.sm2Verify(publicKey, message, altered, identity), context).toBe(false);
      expect(one.sm2Verify(key.publicKey, message, altered, identity), context).toBe(false);
      expect(first.sm2Verify(publicKey, concat(message, Uint8Array.of(0)), signature, identity), context).toBe(false);
    }
  });

  it.each([
    ["r", 0],
    ["s", 32],
  ] as const)("carries a leading zero in %s", (_name, at) => {
    const { signature, message } = signatureWithLeadingZero(first, at);
    const { point } = first.sm2PrivateKey(SCALAR).publicKey;
    for (const [name, suite] of PROVIDERS) expect(suite.sm2Verify(suite.sm2PublicKey(point), message, signature), name).toBe(true);
  });

  it("derive the same public key, at the ends of the range too", () => {
    const ends = ["01".padStart(64, "0"), "02".padStart(64, "0"), ORDER.replace(/23$/, "21")].map(fromHex);
    for (const scalar of [...ends, ...Array.from({ length: 10 }, (_, index) => drawSm2Case(index).scalar)]) {
      expect(toHex(second.sm2PrivateKey(scalar).publicKey.point)).toBe(toHex(first.sm2PrivateKey(scalar).publicKey.point));
    }
  });
});

const BAD_SCALARS = [
  ["zero", "00".repeat(32)],
  ["n-1", ORDER.replace(/23$/, "22")],
  ["n", ORDER],
  ["n+1", ORDER.replace(/23$/, "24")],
  ["all ones", "ff".repeat(32)],
  ["31 bytes", "01".repeat(31)],
  ["33 bytes", "01".repeat(33)],
  ["empty", ""],
] as const;

const POINT = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
const FIELD = "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff";

const BAD_POINTS = [
  ["last bit flipped", POINT.replace(/13$/, "12")],
  ["zero", "00".repeat(64)],
  ["x not below p", FIELD + POINT.slice(64)],
  ["y not below p", POINT.slice(0, 64) + FIELD],
  ["other prefix with 65 bytes", `05${POINT}`],
  ["hybrid prefix with 65 bytes", `06${POINT}`],
  ["compressed with an uncompressed prefix", `04${POINT.slice(0, 64)}`],
  ["compressed x without a point", `02${"00".repeat(31)}02`],
  ["compressed x not below p", `02${FIELD}`],
  ["infinity", "00"],
  ["empty", ""],
  ["63 bytes", POINT.slice(2)],
] as const;

const BAD_SIGNATURES = [
  ["empty", ""],
  ["63 bytes", "11".repeat(63)],
  ["65 bytes", "11".repeat(65)],
  ["r = 0", "00".repeat(32) + "11".repeat(32)],
  ["s = 0", "11".repeat(32) + "00".repeat(32)],
  ["r = n", ORDER + "11".repeat(32)],
  ["s = n", "11".repeat(32) + ORDER],
  ["r + s = n", ORDER.replace(/23$/, "22") + "01".padStart(64, "0")],
  ["all ones", "ff".repeat(64)],
] as const;

describe.each(PROVIDERS)("strictness of %s", (_name, suite) => {
  function refuses(act: () => unknown): void {
    try {
      act();
    } catch (error) {
      expect(isFault(error, "crypto-input")).toBe(true);
      return;
    }
    expect.fail("the input was taken");
  }

  it.each(BAD_SCALARS)("refuses the scalar %s", (_case, hex) => refuses(() => suite.sm2PrivateKey(fromHex(hex))));

  it.each(BAD_POINTS)("refuses the point %s", (_case, hex) => refuses(() => suite.sm2PublicKey(fromHex(hex))));

  it.each([
    ["bare", POINT],
    ["with 04", `04${POINT}`],
    ["compressed", `03${POINT.slice(0, 64)}`],
  ])("takes a point %s", (_case, hex) => {
    expect(toHex(suite.sm2PublicKey(fromHex(hex)).point)).toBe(POINT);
  });

  it("takes the other parity of a compressed point for the opposite point", () => {
    const { point } = suite.sm2PublicKey(fromHex(`02${POINT.slice(0, 64)}`));
    const sum = BigInt(`0x${toHex(point.subarray(32))}`) + BigInt(`0x${POINT.slice(64)}`);
    expect(sum.toString(16)).toBe(FIELD);
  });

  it.each(BAD_SIGNATURES)("refuses the signature %s without a throw", (_case, hex) => {
    expect(suite.sm2Verify(suite.sm2PublicKey(fromHex(POINT)), utf8("m"), fromHex(hex))).toBe(false);
  });

  it("answers any signature bytes without a throw", () => {
    const key = suite.sm2PublicKey(fromHex(POINT));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 60, maxLength: 66 }), (signature) => suite.sm2Verify(key, signature, signature) === false),
      { numRuns: 40 },
    );
  });

  it("refuses an identity that cannot be hashed", () => {
    const key = suite.sm2PrivateKey(SCALAR);
    for (const identity of ["\ud800", "x".repeat(8192)]) {
      refuses(() => suite.sm2Sign(key, utf8("m"), identity));
      refuses(() => suite.sm2Verify(key.publicKey, utf8("m"), fromHex("11".repeat(64)), identity));
    }
    const longest = "x".repeat(8191);
    expect(suite.sm2Verify(key.publicKey, utf8("m"), suite.sm2Sign(key, utf8("m"), longest), longest)).toBe(true);
  });

  it.each([0, 15, 17, 24, 32])("refuses a secret key of %d bytes", (length) => refuses(() => suite.secretKey(new Uint8Array(length))));

  it("refuses part blocks and wrong vectors", () => {
    const key = suite.secretKey(new Uint8Array(16));
    const [iv, block] = [new Uint8Array(16), new Uint8Array(16)];
    for (const length of [1, 15, 17, 20]) {
      const part = new Uint8Array(length);
      for (const act of [suite.sm4Encrypt, suite.sm4Decrypt]) refuses(() => act(key, part));
      for (const act of [suite.sm4CbcEncrypt, suite.sm4CbcDecrypt]) {
        refuses(() => act(key, iv, part));
        refuses(() => act(key, part, block));
      }
      for (const act of [suite.tdesEncrypt, suite.tdesDecrypt]) refuses(() => act(key, part));
      refuses(() => suite.tdesCbcEncrypt(key, new Uint8Array(8), part));
      refuses(() => suite.tdesCbcEncrypt(key, part, block));
    }
    refuses(() => suite.sm4DerivedKey(key, new Uint8Array(32)));
    refuses(() => suite.sm4DerivedKey(key, new Uint8Array(0)));
  });

  it("takes nothing for nothing", () => {
    const key = suite.secretKey(new Uint8Array(16));
    expect(suite.sm4Encrypt(key, new Uint8Array(0))).toEqual(new Uint8Array(0));
    expect(suite.sm4CbcDecrypt(key, new Uint8Array(16), new Uint8Array(0))).toEqual(new Uint8Array(0));
    expect(suite.tdesEncrypt(key, new Uint8Array(0))).toEqual(new Uint8Array(0));
  });
});

it("remembers a bounded number of identities and stays right beyond it", () => {
  const key = first.sm2PrivateKey(SCALAR);
  for (let index = 0; index < 20; index += 1) {
    const identity = `user ${index}`;
    expect(first.sm2Verify(key.publicKey, utf8("m"), first.sm2Sign(key, utf8("m"), identity), identity)).toBe(true);
    expect(first.sm2Verify(key.publicKey, utf8("m"), first.sm2Sign(key, utf8("m"), "other"), identity)).toBe(false);
  }
});
