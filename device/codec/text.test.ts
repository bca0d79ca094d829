import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex, utf8 } from "../base/bytes.ts";
import { decodeGbText, encodeGbText } from "./text.ts";

describe("text in GB18030", () => {
  it.each([
    ["", ""],
    ["Li", "4c69"],
    ["张三", "d5c5c8fd"],
    ["李 四", "c0ee20cbc4"],
    ["·", "a1a4"],
    // Characters outside GBK take four bytes.
    ["𠮷", "9534b235"],
    ["㐂", "8139ef31"],
  ])("%s", (text, hex) => {
    expect(decodeGbText(fromHex(hex))).toEqual({ ok: true, text });
    const built = encodeGbText(text);
    expect(built.ok && toHex(built.bytes)).toBe(hex);
  });

  it.each([
    ["zeros", "d5c50000", "张"],
    ["blanks", "d5c52020", "张"],
    ["both", "d5c5200020", "张"],
    ["nothing but padding", "0000", ""],
    ["blanks in front stay", "2041", " A"],
  ])("cuts %s on the right", (_name, hex, text) => {
    expect(decodeGbText(fromHex(hex))).toEqual({ ok: true, text });
  });

  it.each([
    ["a lead byte alone", "d5"],
    ["a lead byte before padding", "41d500"],
    ["FF", "ff"],
    ["80, which no table of ours has", "80"],
    ["a wrong trail byte", "d539"],
    ["half of four bytes", "8130"],
    ["three of four bytes", "813081"],
    ["four bytes beyond Unicode", "e3329a36"],
    ["the replacement character itself", "8431a437"],
    ["a second spelling of a blank", "a3a0"],
  ])("refuses %s", (_name, hex) => {
    expect(decodeGbText(fromHex(hex))).toEqual({ ok: false, reason: "not-gb18030" });
  });

  it("refuses a zero inside, which may hide what follows from others", () => {
    expect(decodeGbText(fromHex("410042"))).toEqual({ ok: false, reason: "zero-inside" });
  });

  it.each([
    ["A", 0, "too-long"],
    ["张三", 3, "too-long"],
    ["\ud800", 10, "not-encodable"],
    ["A\uFFFD", 10, "not-encodable"],
  ])("does not put %j into %d bytes: %s", (text, length, reason) => {
    expect(encodeGbText(text, length)).toEqual({ ok: false, reason });
  });

  it.each([
    ["张三", 4, "d5c5c8fd"],
    ["张三", 6, "d5c5c8fd0000"],
    ["", 2, "0000"],
    ["", 0, ""],
  ])("%s in %d bytes is %s", (text, length, hex) => {
    const built = encodeGbText(text, length);
    expect(built.ok && toHex(built.bytes)).toBe(hex);
  });

  it.each([-1, 1.5])("asserts against a field of %d bytes", (length) => {
    expect(() => encodeGbText("", length)).toThrowError("a field length is a number of bytes");
  });

  it("answers any bytes, and gives back what it understood", () => {
    const pair = fc.tuple(fc.integer({ min: 0x81, max: 0xfe }), fc.integer({ min: 0x30, max: 0xfe })).map((bytes) => Uint8Array.from(bytes));
    const likely = fc.array(pair, { maxLength: 8 }).map((pairs) => concat(...pairs));
    fc.assert(
      fc.property(fc.oneof(likely, fc.uint8Array({ maxLength: 20 })), (bytes) => {
        const parsed = decodeGbText(bytes);
        if (!parsed.ok) return;
        const built = encodeGbText(parsed.text, bytes.length);
        expect(built.ok && toHex(built.bytes).replace(/(?:00)+$/, "")).toBe(toHex(bytes).replace(/(?:00|20)+$/, ""));
      }),
      { numRuns: 2000 },
    );
  });

  it("answers any text, and gives back what it wrote", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
        const built = encodeGbText(text);
        if (!built.ok) return;
        const parsed = decodeGbText(built.bytes);
        if (!/\0/.test(text)) expect(parsed).toEqual({ ok: true, text: text.replace(/ +$/, "") });
      }),
      { numRuns: 1000 },
    );
  });

  it("UTF-8 of Chinese text is mostly not taken for GB18030", () => {
    expect(decodeGbText(utf8("张"))).toEqual({ ok: false, reason: "not-gb18030" });
  });
});
