/*
 * Goal: a provider that computes something else than the standards is never used, whatever the library below it was built from.
 * Method: known answers of the published standards, one for each primitive, and a forgery that must be refused.
 */
import { type Bytes, equalBytes, fromHex, toHex, utf8 } from "../base/bytes.ts";
import type { CipherSuite } from "./face.ts";

const SM4_KEY = fromHex("0123456789abcdeffedcba9876543210");
const TDES_KEY = fromHex("0123456789abcdeffedcba9876543210");
const MESSAGE = utf8("message digest");
const SCALAR = fromHex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8");
const POINT = fromHex("09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13");
const SIGNATURE = fromHex("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa");

type Check = readonly [name: string, holds: (suite: CipherSuite) => boolean];

function gives(bytes: Bytes, hex: string): boolean {
  return toHex(bytes) === hex;
}

const ZERO_DES_BLOCK = new Uint8Array(8);

function tamperedSignature(): Bytes {
  return SIGNATURE.map((byte, at) => (at === 63 ? byte ^ 0x01 : byte));
}

const CHECKS: readonly Check[] = [
  // Spec: GB/T 32905, A.1.
  ["sm3", (suite) => gives(suite.sm3(utf8("a"), utf8("bc")), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")],
  // No standard gives an HMAC-SM3 example under a 16-byte key; this one comes from two independent programs.
  ["hmac-sm3", (suite) => gives(suite.hmacSm3(suite.secretKey(SM4_KEY), utf8("abc")), "28d8a61be67d8bf7652c4eda7092b612f88be62184f55005c57ddf076e764199")],
  // Spec: GB/T 32907, A.1.
  ["sm4", (suite) => gives(suite.sm4Encrypt(suite.secretKey(SM4_KEY), SM4_KEY), "681edf34d206965e86b3e94f536e4246")],
  ["sm4-inverse", (suite) => gives(suite.sm4Decrypt(suite.secretKey(SM4_KEY), fromHex("681edf34d206965e86b3e94f536e4246")), toHex(SM4_KEY))],
  // With the plaintext as initial vector the first block enters the cipher as zeros would, and the second as the first ciphertext.
  [
    "sm4-cbc",
    (suite) => {
      const key = suite.secretKey(SM4_KEY);
      const cipher = suite.sm4CbcEncrypt(key, new Uint8Array(16), new Uint8Array(32));
      const first = suite.sm4Encrypt(key, new Uint8Array(16));
      const chained = equalBytes(cipher.subarray(0, 16), first) && equalBytes(cipher.subarray(16), suite.sm4Encrypt(key, first));
      return chained && equalBytes(suite.sm4CbcDecrypt(key, new Uint8Array(16), cipher), new Uint8Array(32));
    },
  ],
  ["3des", (suite) => gives(suite.tdesEncrypt(suite.secretKey(TDES_KEY), ZERO_DES_BLOCK), "08d7b4fb629d0885")],
  ["3des-inverse", (suite) => gives(suite.tdesDecrypt(suite.secretKey(TDES_KEY), fromHex("08d7b4fb629d0885")), "0000000000000000")],
  // Two equal halves are single DES.
  [
    "des",
    (suite) => gives(suite.tdesCbcEncrypt(suite.secretKey(fromHex("0123456789abcdef0123456789abcdef")), ZERO_DES_BLOCK, utf8("Now is t")), "3fa40e8a984d4815"),
  ],
  // Spec: GM/T 0003, 5, A.2.
  ["sm2-public", (suite) => equalBytes(suite.sm2PrivateKey(SCALAR).publicKey.point, POINT)],
  ["sm2-verify", (suite) => suite.sm2Verify(suite.sm2PublicKey(POINT), MESSAGE, SIGNATURE)],
  ["sm2-forgery", (suite) => !suite.sm2Verify(suite.sm2PublicKey(POINT), MESSAGE, tamperedSignature())],
  ["sm2-message", (suite) => !suite.sm2Verify(suite.sm2PublicKey(POINT), utf8("message digesT"), SIGNATURE)],
  ["sm2-identity", (suite) => !suite.sm2Verify(suite.sm2PublicKey(POINT), MESSAGE, SIGNATURE, "")],
  ["sm2-sign", (suite) => suite.sm2Verify(suite.sm2PublicKey(POINT), MESSAGE, suite.sm2Sign(suite.sm2PrivateKey(SCALAR), MESSAGE))],
];

/** Names of the checks that a suite does not pass; a check that throws is not passed. Empty: the suite may be used. */
export function selfTest(suite: CipherSuite): readonly string[] {
  return CHECKS.filter(([, holds]) => !passes(suite, holds)).map(([name]) => name);
}

function passes(suite: CipherSuite, holds: (suite: CipherSuite) => boolean): boolean {
  try {
    return holds(suite);
  } catch {
    // Whatever was thrown, its only meaning here is "not passed", which the caller reports by name.
    return false;
  }
}
