import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, utf8 } from "../base/bytes.ts";
import { canonicalJson, DEFAULT_JSON_LIMITS, type JsonLimits, parseJson } from "./json.ts";

const LIMITS: JsonLimits = { maxBytes: 10_000, maxDepth: 8 };

describe("canonicalJson", () => {
  it.each([
    [null, "null"],
    [true, "true"],
    [0, "0"],
    [-0, "0"],
    [-12, "-12"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    ["", '""'],
    ['"\\\n\u0001/', '"\\"\\\\\\n\\u0001/"'],
    ["卡", '"卡"'],
    ["\ud800", '"\\ud800"'],
    [[], "[]"],
    [{}, "{}"],
    [[1, [2, null]], "[1,[2,null]]"],
    [{ b: 1, a: { d: [], c: "x" } }, '{"a":{"c":"x","d":[]},"b":1}'],
    [{ b: undefined, a: 1 }, '{"a":1}'],
    [{ a: undefined }, "{}"],
    // In code units 😀 (D83D …) stands before ﬁ (FB01), in code points behind it.
    [{ "\uFB01": 1, "😀": 2, Z: 3, a: 4, "10": 5, "9": 6, "": 7 }, '{"":7,"10":5,"9":6,"Z":3,"a":4,"😀":2,"\uFB01":1}'],
    [Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ])("writes %j", (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it.each([
    ["a fraction", 0.5, "only safe integers"],
    ["NaN", Number.NaN, "only safe integers"],
    ["infinity", Number.POSITIVE_INFINITY, "only safe integers"],
    ["an unsafe integer", 2 ** 53, "only safe integers"],
    ["undefined", undefined, "only plain values"],
    ["undefined in an array", [undefined], "only plain values"],
    ["a function", () => 1, "only plain values"],
    ["a bigint", 1n, "only plain values"],
    ["a symbol", Symbol("x"), "only plain values"],
    ["a Date", new Date(0), "only plain values"],
    ["bytes", new Uint8Array(1), "only plain values"],
    ["a Map", new Map(), "only plain values"],
    [
      "a class instance",
      new (class Thing {
        readonly a = 1;
      })(),
      "only plain values",
    ],
    ["an own __proto__", JSON.parse('{"__proto__":1}'), "no reader of ours"],
    ["a constructor member", { constructor: 1 }, "no reader of ours"],
    ["a prototype member", { prototype: 1 }, "no reader of ours"],
    ["a bad value deep inside", { a: [{ b: 1.5 }] }, "only safe integers"],
  ])("asserts against %s", (_name, value, because) => {
    expect(() => canonicalJson(value)).toThrowError(because);
  });

  it("bounds nesting at 64", () => {
    const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)]);
    expect(canonicalJson(nest(64))).toBe(`${"[".repeat(64)}1${"]".repeat(64)}`);
    expect(() => canonicalJson(nest(65))).toThrowError("not nested deeper than 64");
    const nestObject = (depth: number): unknown => (depth === 0 ? 1 : { a: nestObject(depth - 1) });
    expect(canonicalJson(nestObject(64)).length).toBe(64 * 6 + 1);
    expect(() => canonicalJson(nestObject(65))).toThrowError("not nested deeper than 64");
  });

  it("does not depend on the order of insertion, and says the same as JSON", () => {
    const key = fc.string().filter((text) => !["__proto__", "constructor", "prototype"].includes(text));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: "binary" }),
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reversed(value))).toBe(text);
        const parsed = parseJson(utf8(text), { maxBytes: 1_000_000, maxDepth: 16 });
        expect(parsed.ok && canonicalJson(parsed.value)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});

/** The same value with every object's members put in from the last to the first. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe("parseJson", () => {
  it.each([
    ["null", null],
    [' { "a" : [ 1 , -2 , true , false , null , "x" ] } ', { a: [1, -2, true, false, null, "x"] }],
    ['{"a":{"a":{"a":1}}}', { a: { a: { a: 1 } } }],
    ['[{"a":1},{"a":2}]', [{ a: 1 }, { a: 2 }]],
    ['{"a":"a","b":"a"}', { a: "a", b: "a" }],
    ['["a","a"]', ["a", "a"]],
    ['{"a":"\\"a\\":1","b":"{[[[[[[[[[[[["}', { a: '"a":1', b: "{[[[[[[[[[[[[" }],
    ['{"\\\\":1,"\\"":2}', { "\\": 1, '"': 2 }],
    ['"1.5"', "1.5"],
    ['"__proto__"', "__proto__"],
    ["9007199254740991", 9007199254740991],
    ["-9007199254740991", -9007199254740991],
    ['"卡\\u5361"', "卡卡"],
  ])("reads %s", (text, value) => {
    expect(parseJson(text, LIMITS)).toEqual({ ok: true, value });
    expect(parseJson(utf8(text), LIMITS)).toEqual({ ok: true, value });
  });

  it.each([
    ["", "syntax"],
    ["{", "syntax"],
    ["{}x", "syntax"],
    ["{a:1}", "syntax"],
    ["[1,]", "syntax"],
    ["01", "syntax"],
    ["NaN", "syntax"],
    ["undefined", "syntax"],
    ['"\n"', "syntax"],
    ["\uFEFF{}", "syntax"],
    ['{"a":1,"a":1}', "duplicate-key"],
    ['{"a":1,"\\u0061":2}', "duplicate-key"],
    ['{"x":{"a":1,"b":[{"c":1}],"a":2}}', "duplicate-key"],
    ['{"":1,"":2}', "duplicate-key"],
    ['{"a" :1,"a"\t\r\n :1}', "duplicate-key"],
    ['{"__proto__":1}', "forbidden-key"],
    ['{"\\u005f_proto__":1}', "forbidden-key"],
    ['{"x":[{"constructor":1}]}', "forbidden-key"],
    ['{"prototype":{}}', "forbidden-key"],
    ["1.5", "number"],
    ["1.0", "number"],
    ["1e2", "number"],
    ["-0", "number"],
    ["9007199254740992", "number"],
    ["-9007199254740992", "number"],
    ['{"a":[1,2,3.5]}', "number"],
    ["[[[[[[[[[]]]]]]]]]", "too-deep"],
    [`${'{"a":'.repeat(9)}1${"}".repeat(9)}`, "too-deep"],
  ])("refuses %s: %s", (text, reason) => {
    expect(parseJson(text, LIMITS)).toEqual({ ok: false, reason });
    expect(parseJson(utf8(text), LIMITS)).toEqual({ ok: false, reason });
  });

  it("nesting is counted where it is open", () => {
    expect(parseJson("[[[[[[[[]]]]]]]]", LIMITS).ok).toBe(true);
    expect(parseJson(`[${Array.from({ length: 50 }, () => "[[]]").join(",")}]`, { maxBytes: 1000, maxDepth: 3 }).ok).toBe(true);
    expect(parseJson("1", { maxBytes: 10, maxDepth: 0 }).ok).toBe(true);
    expect(parseJson("[]", { maxBytes: 10, maxDepth: 0 })).toEqual({ ok: false, reason: "too-deep" });
  });

  it.each([
    ["1.5", { ok: true, value: 1.5 }],
    ["-2.5e3", { ok: true, value: -2500 }],
    ["1E+2", { ok: true, value: 100 }],
    ["7", { ok: true, value: 7 }],
    ["1e400", { ok: false, reason: "number" }],
    ["9007199254740993", { ok: false, reason: "number" }],
  ])("with finite numbers, %s", (text, expected) => {
    expect(parseJson(text, { ...LIMITS, numbers: "finite" })).toEqual(expected);
  });

  it.each([["c3"], ["22c328" + "22"], ["22eda08022"], ["22c08022"], ["22ff22"], ["22f490808022"]])("refuses the bytes %s as UTF-8", (hex) => {
    expect(parseJson(fromHex(hex), LIMITS)).toEqual({ ok: false, reason: "not-utf8" });
  });

  it("counts bytes, not characters", () => {
    const text = JSON.stringify("卡".repeat(10));
    expect(utf8(text).length).toBe(32);
    for (const source of [text, utf8(text)]) {
      expect(parseJson(source, { maxBytes: 32, maxDepth: 0 }).ok).toBe(true);
      expect(parseJson(source, { maxBytes: 31, maxDepth: 0 })).toEqual({ ok: false, reason: "too-large" });
    }
  });

  it("has bounds where none are named", () => {
    expect(parseJson(`"${"x".repeat(DEFAULT_JSON_LIMITS.maxBytes - 1)}"`)).toEqual({ ok: false, reason: "too-large" });
    expect(parseJson("[".repeat(33) + "]".repeat(33))).toEqual({ ok: false, reason: "too-deep" });
    expect(parseJson("[".repeat(32) + "]".repeat(32)).ok).toBe(true);
  });

  it("long strings of escapes do not exhaust anything", () => {
    const text = JSON.stringify({ ['"'.repeat(300_000)]: "\\".repeat(300_000) });
    expect(parseJson(text).ok).toBe(true);
  });

  it("answers any bytes and any text, and reads what JSON.parse reads into the same value", () => {
    const almost = fc.json({ maxDepth: 4 }).chain((text) => fc.nat(text.length).map((at) => `${text.slice(0, at)}${text.slice(at + 1)}`));
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 4 }), almost, fc.string()), (text) => {
        const parsed = parseJson(text, { ...LIMITS, numbers: "finite" });
        if (parsed.ok) expect(parsed.value).toEqual(JSON.parse(text));
        else if (parsed.reason === "syntax") expect(() => JSON.parse(text) as unknown).toThrowError();
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => typeof parseJson(bytes, LIMITS).ok === "boolean"),
      { numRuns: 500 },
    );
  });
});
