import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../base/bytes.ts";
import { DOL_VALUES_MAX, type DolEntry, encodeDol, fillDol, fitValue, formatOf, parseDol } from "./dol.ts";

// The list of a contactless card as terminals in the field answer it: 33 bytes of values.
const QUICK_LIST = "9f66049f02069f03069f1a0295055f2a029a039c019f3704";

const entries = fc.array(fc.record({ tag: fc.constantFrom(0x95, 0x9a, 0x5f2a, 0x9f02, 0x9f37, 0xdf69, 0xdf8101), length: fc.nat(20) }), { maxLength: 12 });

describe("parseDol", () => {
  it("reads the list of a contactless card", () => {
    const parsed = parseDol(fromHex(QUICK_LIST));
    expect(parsed.ok && parsed.entries.reduce((sum, { length }) => sum + length, 0)).toBe(33);
    expect(parsed.ok && parsed.entries[0]).toEqual({ tag: 0x9f66, length: 4 });
  });

  it.each([
    ["00", "tag-malformed"],
    ["0004", "tag-malformed"],
    ["9f", "tag-truncated"],
    ["9f80", "tag-malformed"],
    ["9f8004", "tag-malformed"],
    ["9f81", "tag-truncated"],
    ["9f818104", "tag-malformed"],
    ["9f02", "length-missing"],
    ["95", "length-missing"],
    ["95fd", "length-too-long"],
    ["95fc9501", "too-long"],
  ])("refuses %s: %s", (hex, reason) => expect(parseDol(fromHex(hex))).toEqual({ ok: false, reason }));

  it.each([
    ["", 0],
    ["95fc", 1],
    ["9500", 1],
    ["df810104", 1],
  ])("takes %s", (hex, count) => {
    const parsed = parseDol(fromHex(hex));
    expect(parsed.ok && parsed.entries.length).toBe(count);
  });

  it("answers any bytes, and gives back what it understood", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), entries.map(encodeDol)), (bytes) => {
        const parsed = parseDol(bytes);
        if (parsed.ok) expect(toHex(encodeDol(parsed.entries))).toBe(toHex(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("fitValue", () => {
  it.each([
    // Numbers lose their left end and gain zeros there.
    ["000000012345", 3, "n", "012345"],
    ["0156", 3, "n", "000156"],
    // Digits that stand on the left gain F.
    ["1234", 3, "cn", "1234ff"],
    ["123456", 2, "cn", "1234"],
    // Everything else loses its right end and gains zeros there.
    ["aabbcc", 2, "b", "aabb"],
    ["aa", 3, "b", "aa0000"],
    ["aabb", 2, "n", "aabb"],
    ["aabb", 2, "b", "aabb"],
    ["", 2, "b", "0000"],
    ["", 2, "cn", "ffff"],
    ["aabb", 0, "n", ""],
  ] as const)("%s in %i bytes as %s is %s", (value, length, format, fitted) => expect(toHex(fitValue(fromHex(value), length, format))).toBe(fitted));

  it.each([-1, 253, 1.5])("asserts against a length of %f", (length) =>
    expect(() => fitValue(new Uint8Array(2), length, "b")).toThrowError("was read from a list"),
  );

  it("gives exactly the length that was asked for", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(DOL_VALUES_MAX), fc.constantFrom("n", "cn", "b" as const), (value, length, format) => {
        expect(fitValue(value, length, format as "b")).toHaveLength(length);
      }),
    );
  });
});

describe("fillDol", () => {
  const known = new Map([
    [0x9f02, fromHex("000000012345")],
    [0x9f37, fromHex("a1b2c3d4")],
    [0x5a, fromHex("6299")],
    [0x70, fromHex("aabb")],
    [0xbf0c, fromHex("aabb")],
  ]);

  it.each<readonly [string, readonly DolEntry[], string]>([
    ["values in their own length", [{ tag: 0x9f02, length: 6 }], "000000012345"],
    ["numbers cut on the left", [{ tag: 0x9f02, length: 2 }], "2345"],
    ["other values cut on the right", [{ tag: 0x9f37, length: 2 }], "a1b2"],
    ["account numbers filled with F", [{ tag: 0x5a, length: 4 }], "6299ffff"],
    ["zeros for what is not known", [{ tag: 0x9f7c, length: 3 }], "000000"],
    ["zeros for unknown digits too", [{ tag: 0x9f20, length: 2 }], "0000"],
    ["zeros for a template", [{ tag: 0x70, length: 2 }], "0000"],
    ["zeros for a template with a long tag", [{ tag: 0xbf0c, length: 2 }], "0000"],
    [
      "one after the other",
      [
        { tag: 0x9f37, length: 4 },
        { tag: 0x9f02, length: 1 },
      ],
      "a1b2c3d445",
    ],
    ["nothing", [], ""],
  ])("gives %s", (_name, list, hex) => {
    const filled = fillDol(list, known);
    expect(toHex(concat(...filled.map(({ value }) => value)))).toBe(hex);
    expect(filled.map(({ tag }) => tag)).toEqual(list.map(({ tag }) => tag));
  });

  it("has for every list as many bytes as the list asks for", () => {
    fc.assert(
      fc.property(entries, (list) => {
        const filled = fillDol(list, known);
        expect(filled.reduce((sum, { value }) => sum + value.length, 0)).toBe(list.reduce((sum, { length }) => sum + length, 0));
      }),
    );
  });
});

describe("formatOf", () => {
  // Each format of the data element dictionary that is not plain bytes.
  const NUMBERS =
    "42 5f24 5f25 5f28 5f2a 5f30 5f34 5f36 9a 9c 9f01 9f02 9f03 9f11 9f15 9f1a 9f21 9f35 9f39 9f3c 9f3d 9f41 9f42 9f51 9f57 9f5d 9f6d 9f77 9f78 9f79 9f7b";
  it.each(NUMBERS.split(" "))("of %s is n", (tag) => expect(formatOf(Number.parseInt(tag, 16))).toBe("n"));
  it.each(["5a", "9f20"])("of %s is cn", (tag) => expect(formatOf(Number.parseInt(tag, 16))).toBe("cn"));
  it.each(["95", "9f37", "9f66", "9f1c", "9f4e", "df69", "df60"])("of %s is b", (tag) => expect(formatOf(Number.parseInt(tag, 16))).toBe("b"));
});
