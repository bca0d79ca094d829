/* Members of messages one by one: every shape at its ends, every bound at its edge, and which problem is named. */

import { describe, expect, it } from "vitest";
import { fromHex, utf8 } from "../base/bytes.ts";
import { isObject } from "./json.ts";
import {
  HASH_SHAPE,
  HEX_16_BYTES_SHAPE,
  MemberReader,
  NAME_SHAPE,
  parseBase64,
  parseMessage,
  SIGNATURE_SHAPE,
  TERMINAL_ID_SHAPE,
  toBase64,
  WORD_SHAPE,
} from "./upload-fields.ts";

const SHAPES: readonly (readonly [name: string, shape: RegExp, good: readonly string[], bad: readonly string[]])[] = [
  ["terminal number", TERMINAL_ID_SHAPE, ["A", "z9_-Z", "T".repeat(32)], ["", "T".repeat(33), "T.", ".T", "终", "T 1", "T1\n"]],
  ["16 bytes", HEX_16_BYTES_SHAPE, ["0f".repeat(16)], ["0f".repeat(15), `0${"0f".repeat(16)}`, `g${"0".repeat(31)}`, `${"0".repeat(31)}G`, "F".repeat(32)]],
  ["hash", HASH_SHAPE, ["0f".repeat(32)], ["0f".repeat(31), `0${"0f".repeat(32)}`, `x${"0f".repeat(32)}`, `${"0f".repeat(32)}x`, "F".repeat(64)]],
  ["signature", SIGNATURE_SHAPE, ["0f".repeat(64)], ["0f".repeat(63), `0${"0f".repeat(64)}`, `x${"0f".repeat(64)}`, `${"0f".repeat(64)}x`, "F".repeat(128)]],
  [
    "word",
    WORD_SHAPE,
    ["a", "9", "tac-wrong", "mac2-refused", "quick-payment", `a${"-bc".repeat(15)}`],
    ["", "-a", "a-", "a--b", "A", "aB", "a b", ".a", "a.", "a-B", `a${"-bc".repeat(16)}`],
  ],
  ["name", NAME_SHAPE, ["k", "SM4-CBC/SM2-SM3", "a_b.c", "k".repeat(64)], ["", "k".repeat(65), "k:", ":k", "k 1"]],
];

describe.each(SHAPES)("the shape of a %s", (_, shape, good, bad) => {
  it.each(good)("takes %j", (text) => expect(shape.test(text)).toBe(true));
  it.each(bad)("refuses %j", (text) => expect(shape.test(text)).toBe(false));
});

describe("base64", () => {
  it.each([
    ["", ""],
    ["AA==", "00"],
    ["AAE=", "0001"],
    ["AAEC", "000102"],
    ["+/+/AAECAw==", "fbffbf00010203"],
    ["z9Zaz0Aa", "cfd65acf401a"],
  ])("%j is %s, both ways", (text, hex) => {
    expect(parseBase64(text)).toEqual(fromHex(hex));
    expect(toBase64(fromHex(hex))).toBe(text);
  });

  it("writes the view that it is given, not what lies beside it", () => {
    expect(toBase64(fromHex("ff000102ff").subarray(1, 4))).toBe("AAEC");
  });

  it.each(["A", "AA", "AAA", "AA=", "A===", "AAEC=", "====", "AA==AA==", "AA=A", "AA-_", "AAEC\n", " AAEC", "!AEC", "AAE!", "A!==", "!A==", "!AE=", "AAECA"])(
    "%j is none",
    (text) => {
      expect(parseBase64(text)).toBeUndefined();
    },
  );
});

it.each<[unknown, boolean]>([
  [{}, true],
  [{ a: 1 }, true],
  [[], false],
  [null, false],
  ["{}", false],
  [1, false],
  [undefined, false],
])("%j is an object: %s", (value, expected) => expect(isObject(value)).toBe(expected));

describe("one member", () => {
  const read = <Value>(object: object, reader: (members: MemberReader) => Value) => {
    const members = new MemberReader(object as Readonly<Record<string, unknown>>);
    return [reader(members), members.problem];
  };

  it.each<[unknown, unknown, string | undefined]>([
    [1, 1, undefined],
    [3, 3, undefined],
    [0, 1, "wrong-member: n"],
    [4, 1, "wrong-member: n"],
    [1.5, 1, "wrong-member: n"],
    ["2", 1, "wrong-member: n"],
    [undefined, 1, "wrong-member: n"],
  ])("an integer from 1 to 3: %j reads as %j", (n, value, problem) => {
    expect(read({ n }, (members) => members.integer("n", 1, 3))).toEqual([value, problem]);
  });

  it("an integer without an upper bound is a safe one", () => {
    expect(read({ n: Number.MAX_SAFE_INTEGER }, (members) => members.integer("n", 0))).toEqual([Number.MAX_SAFE_INTEGER, undefined]);
    expect(read({ n: 2 ** 53 }, (members) => members.integer("n", 0, 2 ** 60))).toEqual([0, "wrong-member: n"]);
  });

  it.each<[unknown, boolean, string | undefined]>([
    [true, true, undefined],
    [false, false, undefined],
    [1, false, "wrong-member: f"],
    [undefined, false, "wrong-member: f"],
  ])("a flag: %j reads as %j", (f, value, problem) => {
    expect(read({ f }, (members) => members.flag("f"))).toEqual([value, problem]);
  });

  it.each<[unknown, string, string | undefined]>([
    ["k", "k", undefined],
    [" ", "", "wrong-member: t"],
    [7, "", "wrong-member: t"],
    [["k"], "", "wrong-member: t"],
  ])("a text: %j reads as %j", (t, value, problem) => {
    expect(read({ t }, (members) => members.text("t", NAME_SHAPE))).toEqual([value, problem]);
  });

  it.each<[unknown, object, string | undefined]>([
    [{ a: 1 }, { a: 1 }, undefined],
    [[1], {}, "wrong-member: o"],
    [undefined, {}, "wrong-member: o"],
  ])("an object: %j reads as %j", (o, value, problem) => {
    expect(read({ o }, (members) => members.object("o"))).toEqual([value, problem]);
  });

  it.each<[unknown, readonly number[], string | undefined]>([
    [[], [], undefined],
    [[{ n: 1 }, { n: 2 }], [1, 2], undefined],
    [[{ n: 1 }, { n: 2 }, { n: 3 }], [], "wrong-member: l"],
    [[{ n: 1 }, { n: 0 }], [], "wrong-member: l"],
    [[{ n: 1 }, {}], [], "wrong-member: l"],
    [[null], [], "wrong-member: l"],
    [{ length: 0 }, [], "wrong-member: l"],
    [undefined, [], "wrong-member: l"],
  ])("a list of at most two: %j reads as %j", (l, value, problem) => {
    expect(read({ l }, (members) => members.list("l", 2, (item) => item.integer("n", 1)))).toEqual([value, problem]);
  });

  it("an item that is no object is refused, even where nothing is asked of it", () => {
    expect(read({ l: [1] }, (members) => members.list("l", 2, () => 5))).toEqual([[], "wrong-member: l"]);
  });

  it("what an object inherits is no member", () => {
    expect(read({}, (members) => [members.has("toString"), members.has("constructor")])).toEqual([[false, false], undefined]);
    expect(read({ a: undefined, b: null }, (members) => [members.has("a"), members.has("b")])).toEqual([[false, true], undefined]);
  });

  it("the first problem stays", () => {
    const members = new MemberReader({ v: 2 });
    members.flag("a");
    members.flag("b");
    members.version();
    members.fail("too-large");
    expect(members.problem).toBe("wrong-member: a");
    const other = new MemberReader({ v: 2 });
    other.version();
    other.flag("a");
    expect(other.problem).toBe("wrong-version");
    const third = new MemberReader({ v: 1 });
    third.version();
    expect(third.problem).toBeUndefined();
    third.fail("too-large");
    expect(third.problem).toBe("too-large");
  });
});

describe("one message", () => {
  it.each([
    [10, { ok: true, message: 1 }],
    [9, { ok: true, message: 1 }],
    [8, { ok: true, message: 1 }],
    [7, { ok: false, reason: "too-large" }],
  ])("of 8 bytes where %i are allowed", (bytesMax, expected) => {
    expect(parseMessage(utf8('{"n":1} '), bytesMax, (members) => members.integer("n", 1))).toEqual(expected);
  });

  it.each([
    ["{", "not-json"],
    ["[]", "not-an-object"],
    ["null", "not-an-object"],
    ["{}", "wrong-member: n"],
  ])("%s: %s", (text, reason) => {
    expect(parseMessage(utf8(text), 99, (members) => members.integer("n", 1))).toEqual({ ok: false, reason });
  });

  it("hands the object itself over too", () => {
    expect(parseMessage(utf8('{"n":1}'), 99, (_, object) => object)).toEqual({ ok: true, message: { n: 1 } });
  });
});
