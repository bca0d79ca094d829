import { expect, test } from "vitest";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { SeededRandomness } from "../world/seeded-randomness.ts";
import { canonicalize } from "./canonical.ts";
import { parseBase64, Sealer, toBase64 } from "./sealing.ts";

const suite = openCipherSuite();
const key = suite.secretKey(fromHex("0123456789abcdeffedcba9876543210"));
const keys = { signing: suite.sm2PrivateKey(fromHex("11".repeat(32))), dataKeys: new Map([["k", key]]) };
const sealer = new Sealer({ suite, keys, randomness: new SeededRandomness("sealing") });
const IV = "00".repeat(16);

function sealedRaw(blocks: Bytes) {
  return { alg: "SM4-CBC/SM2-SM3", kid: "k", iv: IV, body: toBase64(suite.sm4CbcEncrypt(key, fromHex(IV), blocks)) };
}

test.each([[0], [1], [15], [16], [17], [4_096]])("%i bytes come out as they went in", (length) => {
  const plain = new Uint8Array(length).map((_, at) => at & 0xff);
  const sealed = sealer.seal(plain, "k");
  expect(sealed === undefined ? undefined : toHex(sealer.open(sealed) ?? utf8("nothing"))).toBe(toHex(plain));
});

const PADDINGS: readonly (readonly [name: string, tail: string])[] = [
  ["zero", "00"],
  ["longer than a block", "11"],
  ["not all alike", "010203"],
  ["longer than its own bytes", "0404"],
];

test.each(PADDINGS)("a padding that is %s is not opened", (_name, tail) => {
  const end = fromHex(tail);
  expect(sealer.open(sealedRaw(concat(new Uint8Array(16 - end.length).fill(0xaa), end)))).toBeUndefined();
});

const DAMAGED: readonly (readonly [name: string, members: Partial<ReturnType<typeof sealedRaw>>])[] = [
  ["another algorithm", { alg: "SM4-GCM" }],
  ["an unknown key", { kid: "other" }],
  ["a short vector", { iv: "00" }],
  ["a vector that is no hexadecimal", { iv: "zz".repeat(16) }],
  ["a body that is no base64", { body: "****" }],
  ["an empty body", { body: "" }],
  ["half a block", { body: toBase64(new Uint8Array(8)) }],
];

test.each(DAMAGED)("%s is not opened", (_name, members) => {
  const whole = sealedRaw(fromHex("10".repeat(16)));
  expect(sealer.open(whole)).toHaveLength(0);
  expect(sealer.open({ ...whole, ...members })).toBeUndefined();
});

test("a key that is not there seals nothing", () => {
  expect(sealer.seal(utf8("x"), "other")).toBeUndefined();
});

test.each([
  ["AA", undefined],
  ["AAA=", 2],
  ["AA==", 1],
  ["AAAA", 3],
  ["A===", undefined],
  ["AA A", undefined],
  ["", 0],
])("base64 %j", (text, length) => {
  expect(parseBase64(text)?.length).toBe(length);
});

const CANONICAL: readonly (readonly [value: unknown, text: string | undefined])[] = [
  [{ b: 1, a: [true, null, "卡"] }, '{"a":[true,null,"卡"],"b":1}'],
  [{ a: undefined, b: 2 }, '{"b":2}'],
  [{ "10": 1, "9": 2, a: 3, B: 4 }, '{"10":1,"9":2,"B":4,"a":3}'],
  [1.5, undefined],
  [2 ** 53, undefined],
  [[undefined], undefined],
  [{ a: { b: 0.1 } }, undefined],
  [nested(40), undefined],
];

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

test.each(CANONICAL)("canonical form of %j", (value, text) => {
  expect(canonicalize(value)).toBe(text);
});
