/* Lengths that no key function takes, the longest that each does, and the switches of secure messaging. */
import { describe, expect, it } from "vitest";
import { type Bytes, fromHex, toHex } from "../../base/bytes.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { SUITE } from "../testing.ts";
import { cbcMacBlock, foldHalves, singleDesKey, zeroFill } from "./block-mac.ts";
import { diversifyPurse, type PurseCrypto, purchaseSessionKey, purseTacKey, secureMessagingKey, secureMessagingMac } from "./purse.ts";
import { authenticationData, diversifySocial, encipherField, socialSessionKey, socialTacKey } from "./social.ts";

const KEY_BYTES = fromHex("0123456789abcdeffedcba9876543210");
const KEY = SUITE.secretKey(KEY_BYTES);
const zeros = (length: number): Bytes => new Uint8Array(length);
const purse = (algorithm: "3des" | "sm4", profile: Partial<PurseCrypto["profile"]> = {}): PurseCrypto => ({
  suite: SUITE,
  algorithm,
  profile: { ...DEFAULT_CARD_PROFILE, ...profile },
});

describe.each(["3des", "sm4"] as const)("wrong lengths, %s", (algorithm) => {
  const ours = purse(algorithm);
  const social = { suite: SUITE, algorithm };
  const messaging = () => secureMessagingKey(ours, KEY_BYTES);
  const block = algorithm === "sm4" ? 16 : 8;

  it.each<[string, () => unknown, string]>([
    ["a purse factor of 7 bytes", () => diversifyPurse(ours, KEY, zeros(7)), "a factor has 8 bytes"],
    ["a purse factor of 9 bytes", () => diversifyPurse(ours, KEY, zeros(9)), "a factor has 8 bytes"],
    ["a social factor of 7 bytes", () => diversifySocial(social, KEY, zeros(7)), "a factor has 8 bytes"],
    [
      "a card random of 3 bytes",
      () => purchaseSessionKey(ours, KEY, { cardRandom: zeros(3), cardSequence: 1, terminalSequence: 1 }),
      "the session input has 8 bytes",
    ],
    ["a TAC key of 8 bytes", () => purseTacKey(ours, zeros(8)), "a key has 16 bytes"],
    ["a social TAC key of 8 bytes", () => socialTacKey(social, zeros(8)), "a key has 16 bytes"],
    ["a messaging key of 24 bytes", () => secureMessagingKey(ours, zeros(24)), "a key has 16 bytes"],
    ["a challenge of 8 bytes", () => secureMessagingMac(ours, messaging(), { challenge: zeros(8), data: zeros(5) }), "the challenge has 4 bytes"],
    ["session input above one block", () => socialSessionKey(social, KEY, zeros(block + 1)), "the input fits one block"],
    ["a raw value of 4 bytes", () => authenticationData(social, KEY, zeros(4)), "the raw value has 8 bytes"],
    ["a field of 256 bytes", () => encipherField(social, KEY, zeros(256)), "the length of a field is one byte"],
  ])("%s is our own mistake", (_, act, because) => expect(act).toThrow(because));

  it("the longest field and the longest session input are taken", () => {
    expect(encipherField(social, KEY, zeros(255)).length).toBe(256);
    expect(() => socialSessionKey(social, KEY, zeros(block))).not.toThrow();
  });
});

/** Data of one and of two blocks, and what they are padded to. */
const MESSAGING_DATA = [
  ["841e000004", "841e0000048000000000000000000000"],
  ["04d6820010".padEnd(40, "ab"), "04d6820010".padEnd(40, "ab") + "80".padEnd(24, "0")],
] as const;

describe("secure messaging with SM4", () => {
  it.each([
    ["left4", (chained: Bytes) => chained.slice(0, 4)],
    ["fold4", (chained: Bytes) => foldHalves(foldHalves(chained))],
  ] as const)("%s", (macReduce, reduce) => {
    const crypto = purse("sm4", { macReduce });
    for (const [dataHex, paddedHex] of MESSAGING_DATA) {
      const chained = SUITE.sm4CbcEncrypt(KEY, fromHex("01020304000000000000000000000000"), fromHex(paddedHex)).slice(-16);
      const mac = secureMessagingMac(crypto, secureMessagingKey(crypto, KEY_BYTES), { challenge: fromHex("01020304"), data: fromHex(dataHex) });
      expect(toHex(mac)).toBe(toHex(reduce(chained)));
    }
  });

  it("a MAC is four bytes whatever the length of the data", () => {
    for (const algorithm of ["3des", "sm4"] as const) {
      const crypto = purse(algorithm);
      for (const length of [0, 7, 8, 15, 16, 40])
        expect(secureMessagingMac(crypto, secureMessagingKey(crypto, KEY_BYTES), { challenge: zeros(4), data: zeros(length) }).length).toBe(4);
    }
  });

  it("the whole key is its own left half with SM4 only", () => {
    const sm4 = secureMessagingKey(purse("sm4"), KEY_BYTES);
    expect(sm4.left).toBe(sm4.whole);
    const tdes = secureMessagingKey(purse("3des"), KEY_BYTES);
    expect(SUITE.tdesEncrypt(tdes.left, zeros(8))).toEqual(SUITE.tdesEncrypt(singleDesKey(SUITE, KEY_BYTES.slice(0, 8)), zeros(8)));
    expect(SUITE.tdesEncrypt(tdes.whole, zeros(8))).toEqual(SUITE.tdesEncrypt(KEY, zeros(8)));
  });
});

describe("parts", () => {
  it.each([
    ["", 4, "00000000"],
    ["0102", 4, "01020000"],
    ["01020304", 4, "01020304"],
    ["0102030405", 4, "0102030405"],
  ])("%s filled with zeros to %i bytes is %s", (hex, length, expected) => expect(toHex(zeroFill(fromHex(hex), length))).toBe(expected));

  it("what needs no filling is not copied", () => {
    const data = zeros(4);
    expect(zeroFill(data, 4)).toBe(data);
  });

  it("halves are folded by XOR", () => expect(toHex(foldHalves(fromHex("0f0ff0aa")))).toBe("ffa5"));

  it("the last block of a chain depends on the first", () => {
    for (const algorithm of ["3des", "sm4"] as const) {
      const mac = cbcMacBlock(SUITE, algorithm, KEY);
      expect(mac(zeros(40)).length).toBe(algorithm === "sm4" ? 16 : 8);
      expect(mac(Uint8Array.of(1, ...zeros(39)))).not.toEqual(mac(zeros(40)));
    }
  });
});
