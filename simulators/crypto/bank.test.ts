/* Key functions of the bank application against values put together from single cipher runs, and the host's check of cryptograms. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, concat, fromHex, invertBytes, toHex, xorBytes } from "../../device/base/bytes.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import {
  applicationCryptogram,
  type BankRules,
  bankCardKey,
  bankMac,
  bankSessionKey,
  checkTestCryptogram,
  cryptogramInput,
  issuerAuthentication,
  parseIssuerData,
  type RecordedCryptogram,
} from "./bank.ts";
import { testRootKey } from "./test-keys.ts";

const suite = openCipherSuite();
const rulesOf = (algorithm: "3des" | "sm4", acPadding: "pad80" | "zeros" = "pad80"): BankRules => ({
  suite,
  algorithm,
  profile: { ...DEFAULT_CARD_PROFILE, acPadding },
});
const place = { pan: "6299990000000001", panSequence: "01" };
const key = fromHex("0123456789abcdef1032547698badcfe");

/** Input of a cryptogram of a purchase of 4 yuan, put together by hand: 37 bytes. */
const INPUT = ["000000000400", "000000000000", "0156", "0000000000", "0156", "261121", "00", "01020304", "7c00", "0007", "03900000"].join("");

function single(keyHalf: Bytes, block: Bytes): Bytes {
  return suite.tdesEncrypt(suite.secretKey(concat(keyHalf, keyHalf)), block);
}

function unsingle(keyHalf: Bytes, block: Bytes): Bytes {
  return suite.tdesDecrypt(suite.secretKey(concat(keyHalf, keyHalf)), block);
}

/** Single-DES chain, then decipher with the right half and encipher with the left one. */
function retail(data: Bytes): Bytes {
  let link: Bytes = new Uint8Array(8);
  for (let at = 0; at < data.length; at += 8) link = single(key.slice(0, 8), xorBytes(link, data.slice(at, at + 8)));
  return single(key.slice(0, 8), unsingle(key.slice(8), link));
}

function sm4Chain(data: Bytes): Bytes {
  let link: Bytes = new Uint8Array(16);
  for (let at = 0; at < data.length; at += 16) link = suite.sm4Encrypt(suite.secretKey(key), xorBytes(link, data.slice(at, at + 16)));
  return link;
}

describe("keys", () => {
  it.each([
    ["3des", "9999000000000101"],
    ["sm4", "9999000000000101"],
  ] as const)("of a card come from the rightmost 16 digits of number and sequence (%s)", (algorithm, digits) => {
    const factor = fromHex(digits);
    const handle = suite.secretKey(testRootKey(algorithm, "bank-ac"));
    const input = concat(factor, invertBytes(factor));
    const expected = algorithm === "sm4" ? suite.sm4Encrypt(handle, input) : suite.tdesEncrypt(handle, input);
    expect(toHex(bankCardKey(rulesOf(algorithm), "bank-ac", place))).toBe(toHex(expected));
  });

  it.each(["3des", "sm4"] as const)("of a session come from the counter and its complement (%s)", (algorithm) => {
    const input = fromHex("0000000000000102000000000000fefd");
    const handle = suite.secretKey(key);
    const expected = algorithm === "sm4" ? suite.sm4Encrypt(handle, input) : suite.tdesEncrypt(handle, input);
    expect(toHex(bankSessionKey(rulesOf(algorithm), key, 0x0102))).toBe(toHex(expected));
  });
});

describe("cryptograms", () => {
  const cases = [
    ["3des", "pad80", `${INPUT}800000`],
    ["3des", "zeros", `${INPUT}000000`],
    ["sm4", "pad80", `${INPUT}8000000000000000000000`],
    ["sm4", "zeros", `${INPUT}0000000000000000000000`],
  ] as const;

  it.each(cases)("%s with %s are the chain over the padded input", (algorithm, padding, padded) => {
    const expected = algorithm === "sm4" ? sm4Chain(fromHex(padded)).slice(0, 8) : retail(fromHex(padded));
    expect(toHex(applicationCryptogram(rulesOf(algorithm, padding), key, fromHex(INPUT)))).toBe(toHex(expected));
  });

  const fields = {
    amount: fromHex("000000000400"),
    otherAmount: fromHex("000000000000"),
    country: fromHex("0156"),
    verificationResults: fromHex("8020040840"),
    currency: fromHex("0840"),
    date: fromHex("170505"),
    type: fromHex("17"),
    unpredictableNumber: fromHex("e0d6a529"),
    interchangeProfile: fromHex("7c00"),
    counter: 0xbb,
    cardResults: fromHex("a02000"),
  };

  it("of version 01 are over 37 bytes, of version 17 over 13", () => {
    expect(toHex(cryptogramInput("01", fields))).toBe("00000000040000000000000001568020040840084017050517e0d6a5297c0000bb03a02000");
    expect(toHex(cryptogramInput("17", fields))).toBe("000000000400e0d6a52900bba0");
  });

  it.each(["3des", "sm4"] as const)("are answered by the issuer with its response code mixed in (%s)", (algorithm) => {
    const mixed = fromHex("303102030405060780".slice(0, 16));
    const cryptogram = fromHex("0000020304050607");
    const block = algorithm === "sm4" ? concat(mixed, new Uint8Array(8)) : mixed;
    const handle = suite.secretKey(key);
    const expected = algorithm === "sm4" ? suite.sm4Encrypt(handle, block) : suite.tdesEncrypt(handle, block);
    expect(toHex(issuerAuthentication(rulesOf(algorithm), key, { cryptogram, responseCode: fromHex("3031") }))).toBe(toHex(expected.slice(0, 8)));
  });

  it("MACs start from zeros and the counter where an initial value is given", () => {
    const chained = concat(xorBytes(fromHex("84de00a807010203"), fromHex("0000000000000007")), fromHex("0480000000000000"));
    const data = fromHex("84de00a80701020304");
    expect(toHex(bankMac(rulesOf("3des"), key, { data, iv: fromHex("0007") }))).toBe(toHex(retail(chained).slice(0, 4)));
  });
});

describe("the host's check", () => {
  const issuerData = fromHex("0701010390000004");
  function recordedBy(algorithm: "3des" | "sm4", byte: number, acAlgByte: "fromCard" | "01" = "fromCard"): RecordedCryptogram {
    const rules = { ...rulesOf(algorithm), profile: { ...DEFAULT_CARD_PROFILE, acAlgByte } };
    const session = bankSessionKey(rules, bankCardKey(rules, "bank-ac", place), 7);
    const cryptogram = applicationCryptogram(rules, session, fromHex(INPUT));
    return {
      ...place,
      amountFen: 400,
      counter: 7,
      unpredictableNumber: fromHex("01020304"),
      issuerData: issuerData.map((each, at) => (at === 7 ? byte : each)),
      cryptogram,
      further: { date: fromHex("261121") },
    };
  }

  it.each([
    ["sm4", 0x04],
    ["3des", 0x01],
  ] as const)("takes a genuine approval (%s)", (algorithm, byte) => {
    expect(checkTestCryptogram({ suite, profile: DEFAULT_CARD_PROFILE }, recordedBy(algorithm, byte))).toBe("approved");
  });

  it("tries both algorithms where the profile fixes the byte", () => {
    const profile = { ...DEFAULT_CARD_PROFILE, acAlgByte: "01" as const };
    expect(checkTestCryptogram({ suite, profile }, recordedBy("sm4", 0x01, "01"))).toBe("approved");
    expect(checkTestCryptogram({ suite, profile }, recordedBy("sm4", 0x04, "01"))).toBe("wrong");
  });

  it.each([
    ["amount", { amountFen: 401 }],
    ["counter", { counter: 8 }],
    ["account", { pan: "6299990000000002" }],
    ["sequence", { panSequence: "02" }],
    ["random number", { unpredictableNumber: fromHex("01020305") }],
    ["date", { further: { date: fromHex("261122") } }],
    ["issuer data", { issuerData: fromHex("0701010391000004") }],
    ["algorithm", { issuerData: fromHex("0701010390000001") }],
    ["nothing", { issuerData: new Uint8Array(0) }],
  ] as const)("refuses another %s", (_, change) => {
    const recorded = { ...recordedBy("sm4", 0x04), ...change };
    expect(checkTestCryptogram({ suite, profile: DEFAULT_CARD_PROFILE }, recorded)).toBe("wrong");
  });

  it("never throws on issuer data of any form", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const parsed = parseIssuerData(bytes);
        if (parsed !== undefined) expect(toHex(bytes.slice(4, 7))).toBe(toHex(parsed.cardResults));
      }),
    );
  });
});
