/* Messages as bytes: sample bytes by hand, each refusal by its name, and the property that what is understood has one encoding. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { buildIso, encodeIso } from "./build.ts";
import { FIELDS, type FieldRule, type IsoLayout } from "./fields.ts";
import { unwrapIso, wrapIso } from "./frame.ts";
import { type IsoRefusal, parseIso } from "./parse.ts";
import type { IsoMessage, IsoValue } from "./types.ts";

const LEFT: IsoLayout = { field22: "left" };
const RIGHT: IsoLayout = { field22: "right" };
const ascii = (text: string): string => toHex(utf8(text));

const message = (type: string, fields: Readonly<Record<number, IsoValue>>): IsoMessage => ({
  type,
  fields: new Map(Object.entries(fields).map(([field, value]) => [Number(field), value] as const)),
});

/** Type, bitmap and fields as hexadecimal text. */
const SAMPLES: readonly (readonly [name: string, layout: IsoLayout, message: IsoMessage, hex: string])[] = [
  ["no field at all", LEFT, message("0800", {}), `0800${"00".repeat(8)}`],
  ["a number of an even length", LEFT, message("0200", { 3: "310000" }), "0200 2000000000000000 310000"],
  ["three digits stand right of their spare half", LEFT, message("0200", { 23: "001" }), "0200 0000020000000000 0001"],
  ["field 22 stands left of it", LEFT, message("0200", { 22: "051" }), "0200 0000040000000000 0510"],
  ["or right, where the profile says so", RIGHT, message("0200", { 22: "051" }), "0200 0000040000000000 0051"],
  ["an announced number of an odd length is filled on the right", LEFT, message("0200", { 2: "6222021" }), "0200 4000000000000000 07 62220210"],
  ["an announced number of an even length", LEFT, message("0200", { 2: "62220213" }), "0200 4000000000000000 08 62220213"],
  ["three digits of length in two bytes", LEFT, message("0200", { 60: "22000001" }), "0200 0000000000000010 0008 22000001"],
  ["field 60 of eleven digits", LEFT, message("0800", { 60: "00000001003" }), "0800 0000000000000010 0011 000000010030"],
  ["a track of an odd length", LEFT, message("0200", { 35: "6222D25" }), "0200 0000000020000000 07 6222d250"],
  ["a track with a separator at its end", LEFT, message("0200", { 35: "6222D" }), "0200 0000000020000000 05 6222d0"],
  ["characters", LEFT, message("0210", { 39: "00" }), "0210 0000000002000000 3030"],
  ["announced characters", LEFT, message("0210", { 63: "CUP" }), `0210 0000000000000002 0003 ${ascii("CUP")}`],
  ["a host's own text, whatever its characters", LEFT, message("0210", { 63: "\u00b3\u00c9" }), "0210 0000000000000002 0002 b3c9"],
  ["announced bytes", LEFT, message("0200", { 55: fromHex("9f2701 80") }), "0200 0000000000000200 0004 9f270180"],
  [
    "fixed bytes and the last field",
    LEFT,
    message("0200", { 52: fromHex("061253dffedcba98"), 64: utf8("1CE73BC8") }),
    `0200 0000000000001001 061253dffedcba98 ${ascii("1CE73BC8")}`,
  ],
  [
    "a PIN block of sixteen bytes, where the profile has them",
    { ...LEFT, pinBlockBytes: 16 },
    message("0200", { 52: fromHex("52df1bc94510411790b4008ae8a1e797"), 64: utf8("1CE73BC8") }),
    `0200 0000000000001001 52df1bc94510411790b4008ae8a1e797 ${ascii("1CE73BC8")}`,
  ],
  [
    "fields in ascending order, whatever order they were given in",
    LEFT,
    message("0200", { 41: "00000001", 11: "000007", 4: "000000001250" }),
    `0200 1020000000800000 000000001250 000007 ${ascii("00000001")}`,
  ],
];

describe("messages as bytes", () => {
  it.each(SAMPLES)("%s", (_, layout, sample, hex) => {
    const bytes = fromHex(hex);
    expect(toHex(buildIso(sample, layout))).toBe(toHex(bytes));
    expect(parseIso(bytes, layout)).toEqual({ ok: true, message: sample });
  });

  it.each<[string, string, IsoRefusal, number?]>([
    ["nothing", "", "too-short"],
    ["half a bitmap", "0200 40000000", "too-short"],
    ["a type with a letter", "02a0 0000000000000000", "type-malformed"],
    ["a second bitmap", "0200 8000000000000000 0000000000000000", "second-bitmap"],
    ["a field that nobody knows", "0200 0800000000000000 00", "field-unknown", 5],
    ["a field whose format was never told", "0200 0000000000000040 0000", "field-unknown", 58],
    ["no length", "0200 4000000000000000", "length-truncated", 2],
    ["half a length", "0200 0000000000000010 00", "length-truncated", 60],
    ["a length that is no number", "0200 4000000000000000 0a 0000000000", "length-malformed", 2],
    ["a length of four digits", "0200 0000000000000010 1000", "length-malformed", 60],
    ["a value that breaks off", "0200 4000000000000000 05 1234", "value-truncated", 2],
    ["a fixed value that breaks off", "0200 2000000000000000 0000", "value-truncated", 3],
    ["a digit that is none", "0200 2000000000000000 00a000", "not-a-digit", 3],
    ["a spare half that is not zero, on the right", "0200 4000000000000000 03 1234", "padding-wrong", 2],
    ["a spare half that is not zero, on the left", "0200 0000020000000000 1001", "padding-wrong", 23],
    ["field 22 on the wrong side", "0200 0000040000000000 0051", "padding-wrong", 22],
    ["a track with an F", "0200 0000000020000000 04 62ff", "not-a-track", 35],
    ["a response code that is no text", "0210 0000000002000000 0a0b", "not-ascii", 39],
    ["a response code beyond ASCII", "0210 0000000002000000 3080", "not-ascii", 39],
    ["a byte too many", "0210 0000000002000000 303000", "trailing-bytes"],
  ])("refuses %s", (_, hex, reason, field) => {
    expect(parseIso(fromHex(hex), LEFT)).toEqual(field === undefined ? { ok: false, reason } : { ok: false, reason, field });
  });

  it("takes a longer field from outside than our own messages have", () => {
    const long = message("0210", { 2: "6".repeat(25) });
    expect(parseIso(encodeIso(long, LEFT), LEFT)).toEqual({ ok: true, message: long });
    expect(() => buildIso(long, LEFT)).toThrow(/as long as our own messages/);
  });

  it.each<[string, IsoMessage]>([
    ["a type of three digits", message("020", {})],
    ["a field that is not in the table", message("0200", { 5: "1" })],
    ["a short fixed field", message("0200", { 3: "31" })],
    ["letters for digits", message("0200", { 3: "31000x" })],
    ["bytes for digits", message("0200", { 3: new Uint8Array(6) })],
    ["digits for bytes", message("0200", { 64: "12345678" })],
    ["a track in small letters", message("0200", { 35: "6222d25" })],
    ["characters beyond ASCII", message("0200", { 41: "0000000\u00e9" })],
  ])("does not build %s", (_, wrong) => expect(() => buildIso(wrong, LEFT)).toThrow());

  it("keeps what it has read when the bytes are used again", () => {
    const bytes = fromHex("0200 0000000000000001 3131313131313131");
    const parsed = parseIso(bytes, LEFT);
    bytes.fill(0);
    expect(parsed.ok && parsed.message.fields.get(64)).toEqual(utf8("11111111"));
  });
});

const LIMIT = { LL: 99, LLL: 999 } as const;

function anyValue(rule: FieldRule, ours: boolean): fc.Arbitrary<IsoValue> {
  const { length, format } = rule;
  const bounds =
    length.kind === "fixed" ? { minLength: length.length, maxLength: length.length } : { minLength: 0, maxLength: ours ? length.max : LIMIT[length.kind] };
  if (format === "b") return fc.uint8Array(bounds);
  const unit = { n: "0123456789", z: "0123456789D", a: "AZaz ", an: "AZaz09 ~", ans: "A0\u00ff\u0000\u00b3" }[format];
  return fc.string({ unit: fc.constantFrom(...unit), ...bounds });
}

const anyMessage = (ours: boolean): fc.Arbitrary<IsoMessage> =>
  fc
    .tuple(fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 4, maxLength: 4 }), fc.subarray([...FIELDS.keys()]))
    .chain(([type, numbers]) =>
      fc
        .tuple(...numbers.map((field) => fc.tuple(fc.constant(field), anyValue(FIELDS.get(field) as FieldRule, ours))))
        .map((pairs) => ({ type, fields: new Map(pairs) })),
    );

const layouts = fc.constantFrom(LEFT, RIGHT);
const sorted = ({ fields }: IsoMessage) => [...fields].sort(([left], [right]) => left - right);

describe("any message", () => {
  it("of ours is read as what it was", () =>
    fc.assert(
      fc.property(anyMessage(true), layouts, (built, layout) => {
        const parsed = parseIso(buildIso(built, layout), layout);
        expect(parsed.ok && [parsed.message.type, sorted(parsed.message)]).toEqual([built.type, sorted(built)]);
      }),
    ));

  it("from outside builds to the same bytes", () =>
    fc.assert(
      fc.property(anyMessage(false), layouts, (built, layout) => {
        const bytes = encodeIso(built, layout);
        const parsed = parseIso(bytes, layout);
        expect(parsed.ok && toHex(encodeIso(parsed.message, layout))).toBe(toHex(bytes));
      }),
    ));

  it("that breaks off or goes on is refused by name", () =>
    fc.assert(
      fc.property(anyMessage(true), fc.nat(), (built, cut) => {
        const bytes = buildIso(built, LEFT);
        const parsed = parseIso(bytes.subarray(0, cut % bytes.length), LEFT);
        expect(parsed.ok ? "understood" : parsed.reason).toMatch(/^(?:too-short|length-truncated|value-truncated)$/);
        expect(parseIso(concat(bytes, new Uint8Array(1)), LEFT)).toEqual({ ok: false, reason: "trailing-bytes" });
      }),
    ));

  it("of noise never throws", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), layouts, (bytes: Bytes, layout) => {
        const parsed = parseIso(bytes, layout);
        if (parsed.ok) expect(toHex(encodeIso(parsed.message, layout))).toBe(toHex(bytes));
      }),
    ));
});

describe("what stands before a message", () => {
  const envelope = { tpdu: { destination: "0003", source: "0000" }, headerHex: "603100310001" };
  const inside = fromHex("0800 0000000000000000");

  it("is a TPDU and a header", () => expect(toHex(wrapIso(envelope, inside))).toBe("600003000060310031000108000000000000000000"));

  it("is read back", () => expect(unwrapIso(wrapIso(envelope, inside))).toEqual({ ok: true, envelope, message: inside }));

  it.each([
    ["60000300006031003100", "too-short"],
    ["6100030000603100310001", "tpdu-malformed"],
  ])("%s is %s", (hex, reason) => expect(unwrapIso(fromHex(hex))).toEqual({ ok: false, reason }));

  it("asserts its own lengths", () => expect(() => wrapIso({ ...envelope, headerHex: "6031" }, inside)).toThrow());
});
