import { describe, expect, it } from "vitest";
import { equalBytes, fromHex, toHex, utf8 } from "../base/bytes.ts";
import { PROVIDERS, tableRows } from "./testing.ts";

const SM3 = tableRows(`
  message                                                          | repeat | digest                                                           | origin
  616263                                                           | 1      | 66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0 | GB/T 32905, A.1
  61626364                                                         | 16     | debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732 | GB/T 32905, A.2
                                                                   | 1      | 1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b | openssl program 3.0
`);

const SM4_ECB = tableRows(`
  key                              | plain                            | cipher                           | origin
  0123456789abcdeffedcba9876543210 | 0123456789abcdeffedcba9876543210 | 681edf34d206965e86b3e94f536e4246 | GB/T 32907, A.1
`);

const SINGLE_DES = tableRows(`
  key              | plain                                            | cipher                                           | origin
  0123456789abcdef | 4e6f77206973207468652074696d6520666f7220616c6c20 | 3fa40e8a984d48156a271787ab8883f9893d51ec4b563b53 | FIPS 81, table B1
  0101010101010101 | 8000000000000000                                 | 95f8a5e5dd31d900                                 | NIST SP 800-20, A.1 variable plaintext
  0101010101010101 | 4000000000000000                                 | dd7f121ca5015619                                 | NIST SP 800-20, A.1 variable plaintext
  0101010101010101 | 0000000000000001                                 | 166b40b44aba4bd6                                 | NIST SP 800-20, A.1 variable plaintext
  8001010101010101 | 0000000000000000                                 | 95a8d72813daa94d                                 | NIST SP 800-20, A.2 variable key
  4001010101010101 | 0000000000000000                                 | 0eec1487dd8c26d5                                 | NIST SP 800-20, A.2 variable key
  1046913489980131 | 0000000000000000                                 | 88d55e54f54c97b4                                 | NIST SP 800-20, A.3 permutation
  7ca110454a1a6e57 | 01a1d6d039776742                                 | 690f5b0d9a26939b                                 | NIST SP 800-20, A.4 substitution
`);

const TWO_KEY_DES = tableRows(`
  key                              | plain            | cipher           | origin
  0123456789abcdeffedcba9876543210 | 0000000000000000 | 08d7b4fb629d0885 | EMV key check value of the usual test key
`);

const SM2 = tableRows(`
  field     | value                                                                                                                            | origin
  scalar    | 3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8                                                                 | GM/T 0003, 5, A.2
  point     | 09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13 | GM/T 0003, 5, A.2
  signature | f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa | GM/T 0003, 5, A.2
`);

function sm2Field(name: string): Uint8Array {
  return fromHex(SM2.find(([field]) => field === name)?.[1] ?? "");
}

describe.each(PROVIDERS)("published answers, provider %s", (_name, suite) => {
  it.each(SM3)("SM3 of %s x %s", (message = "", repeat = "", digest = "") => {
    const whole = fromHex(message.repeat(Number(repeat)));
    expect(toHex(suite.sm3(whole))).toBe(digest);
    const middle = Math.floor(whole.length / 3);
    expect(toHex(suite.sm3(whole.subarray(0, middle), whole.subarray(middle)))).toBe(digest);
  });

  it.each(SM4_ECB)("SM4 under %s", (key = "", plain = "", cipher = "") => {
    expect(toHex(suite.sm4Encrypt(suite.secretKey(fromHex(key)), fromHex(plain)))).toBe(cipher);
    expect(toHex(suite.sm4Decrypt(suite.secretKey(fromHex(key)), fromHex(cipher)))).toBe(plain);
  });

  it.each(SINGLE_DES)("single DES under %s of %s", (key = "", plain = "", cipher = "") => {
    const handle = suite.secretKey(fromHex(key + key));
    expect(toHex(suite.tdesEncrypt(handle, fromHex(plain)))).toBe(cipher);
    expect(toHex(suite.tdesDecrypt(handle, fromHex(cipher)))).toBe(plain);
  });

  it("single DES in CBC", () => {
    // FIPS 81, table C1.
    const handle = suite.secretKey(fromHex("0123456789abcdef0123456789abcdef"));
    const cipher = suite.tdesCbcEncrypt(handle, fromHex("1234567890abcdef"), utf8("Now is the time for all "));
    expect(toHex(cipher)).toBe("e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6");
  });

  it.each(TWO_KEY_DES)("two-key triple DES under %s", (key = "", plain = "", cipher = "") => {
    expect(toHex(suite.tdesEncrypt(suite.secretKey(fromHex(key)), fromHex(plain)))).toBe(cipher);
  });

  it("SM2 example signature: right message, right identity, nothing else", () => {
    const key = suite.sm2PublicKey(sm2Field("point"));
    const signature = sm2Field("signature");
    expect(suite.sm2Verify(key, utf8("message digest"), signature)).toBe(true);
    expect(suite.sm2Verify(key, utf8("message digest"), signature, "1234567812345678")).toBe(true);
    expect(suite.sm2Verify(key, utf8("message digest"), signature, "1234567812345679")).toBe(false);
    expect(suite.sm2Verify(key, utf8("message digest"), signature, "")).toBe(false);
    expect(suite.sm2Verify(key, utf8("message digest "), signature)).toBe(false);
  });

  it("SM2 public key of the example scalar", () => {
    const key = suite.sm2PrivateKey(sm2Field("scalar"));
    expect(equalBytes(key.publicKey.point, sm2Field("point"))).toBe(true);
  });
});

it("SM4 a million times over its own output", () => {
  // CBC over zeros is the cipher applied again and again to the initial vector. GB/T 32907, A.2.
  const [, suite] = PROVIDERS[0] ?? [];
  const key = suite?.secretKey(fromHex("0123456789abcdeffedcba9876543210"));
  if (suite === undefined || key === undefined) throw new Error("no provider");
  const cipher = suite.sm4CbcEncrypt(key, fromHex("0123456789abcdeffedcba9876543210"), new Uint8Array(16_000_000));
  expect(toHex(cipher.subarray(-16))).toBe("595298c7c6fd271f0402f804c33d3f66");
});
