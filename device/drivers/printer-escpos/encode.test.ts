import fc from "fast-check";
import iconv from "iconv-lite";
import { describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../base/bytes.ts";
import type { PrintLine } from "../peripherals.ts";
import { columnLines, DEFAULT_PRINTER_PROFILE, encodeSlip, type PrinterProfile, wrapText } from "./encode.ts";

const START = "1b401c26";
const hexOf = (line: PrintLine, profile: Partial<PrinterProfile> = {}) => toHex(encodeSlip([line], { ...DEFAULT_PRINTER_PROFILE, ...profile }));
const gb = (lines: readonly Uint8Array[]) => lines.map((line) => iconv.decode(Buffer.from(line), "gbk"));
const anyText = fc.string({ unit: "binary", maxLength: 80 });

describe("text for a printer", () => {
  it.each([
    ["abc", 2, ["ab", "c"]],
    ["ab", 2, ["ab"]],
    ["一二三", 4, ["一二", "三"]],
    ["a一二", 4, ["a一", "二"]],
    ["一a二", 4, ["一a", "二"]],
    ["first\nsecond\r\n", 10, ["first", "second", ""]],
    ["", 10, [""]],
  ])("%j on %i columns", (text, columns, lines) => expect(gb(wrapText(text, columns))).toEqual(lines));

  it.each([
    ["the sign of the currency", "\u00a51", "￥1"],
    ["a blank that does not break", "a\u00a0b", "a b"],
    ["a tab", "a\tb", "a b"],
    ["a dash", "—", "—"],
    ["a character of four bytes", "\u{20bb7}", "  "],
    ["an emoji", "\u{1f600}", "  "],
    ["a place of private use, although it has two bytes", "\ue000", "  "],
    ["half a pair", "\ud83d", "  "],
    ["control characters", "a\u0000\u001b@\u007f\u0085b", "a@b"],
    ["an accent of its own", "e\u0301", "e"],
    ["rare names of the extended set", "镕喆", "镕喆"],
  ])("%s", (_name, text, printed) => expect(gb(wrapText(text, 32))).toEqual([printed]));

  it.each([
    ["a", "b", 5, ["a   b"]],
    ["合计", "￥1.00", 12, ["合计  ￥1.00"]],
    ["¥1", "\u00a0", 6, ["￥1   ".slice(0, 3).padEnd(5)]],
    ["abcd", "ef", 6, ["abcd", "    ef"]],
    ["a long name of a thing", "9.00", 10, ["a long nam", "e of a thi", "ng", "      9.00"]],
    ["", "", 3, ["   "]],
  ])("%j and %j on %i columns", (left, right, columns, lines) => expect(gb(columnLines(left, right, columns))).toEqual(lines));

  it("no line is wider than the paper, and nothing but printable bytes comes out", () => {
    fc.assert(
      fc.property(anyText, anyText, fc.integer({ min: 2, max: 48 }), (text, other, columns) => {
        for (const line of [...wrapText(text, columns), ...columnLines(text, other, columns)]) {
          expect(line.length).toBeLessThanOrEqual(columns);
          const decoded = iconv.decode(Buffer.from(line), "gbk");
          expect(decoded).not.toMatch(/[\p{Cc}\ufffd]/u);
          // The older name of this encoding has another, single byte for the euro sign.
          expect(new Uint8Array(iconv.encode(decoded, "gb18030"))).toEqual(line);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("the euro sign has two bytes", () => {
    expect(wrapText("\u20ac", 48).map((line) => Buffer.from(line).toString("hex"))).toEqual(["a2e3"]);
  });

  it("wrapping loses no character that the printer has", () => {
    const unit = fc.constantFrom("a", "7", " ", "一", "镕", "￥");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 100 }), fc.integer({ min: 2, max: 48 }), (text, columns) => {
        expect(gb(wrapText(text, columns)).join("")).toBe(text);
      }),
    );
  });
});

describe("a slip", () => {
  it("holds nothing that a printer obeys at once, whatever is in it", () => {
    const line: fc.Arbitrary<PrintLine> = fc.oneof(
      fc.record({ kind: fc.constant("text" as const), text: anyText, scale: fc.constantFrom(1 as const, 2 as const) }),
      fc.record({ kind: fc.constant("columns" as const), left: anyText, right: anyText }),
      fc.record({ kind: fc.constant("code" as const), text: anyText }),
      fc.record({ kind: fc.constant("feed" as const), lines: fc.integer({ min: -5, max: 50 }) }),
      fc.constantFrom({ kind: "rule" } as const, { kind: "cut" } as const),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), (slip) => {
        expect(toHex(encodeSlip(slip, DEFAULT_PRINTER_PROFILE))).not.toMatch(/^(?:..)*10(?:04|05|14)/);
      }),
      { numRuns: 500 },
    );
  });
});

describe("commands", () => {
  it.each([
    ["text", { kind: "text", text: "a" }, "1b61001b45001d2100610a1b61001b45001d2100"],
    ["bold, large and centred", { kind: "text", text: "a", align: "center", bold: true, scale: 2 }, "1b61011b45011d2111610a1b61001b45001d2100"],
    ["Chinese at the right", { kind: "text", text: "社会", align: "right" }, "1b61021b45001d2100c9e7bbe10a1b61001b45001d2100"],
    ["a rule", { kind: "rule" }, `${"2d".repeat(32)}0a`],
    ["feed", { kind: "feed", lines: 3 }, "1b6403"],
    ["too much feed", { kind: "feed", lines: 99 }, "1b6414"],
    ["feed backwards", { kind: "feed", lines: -1 }, "1b6400"],
    ["a cut", { kind: "cut" }, "1d564200"],
    ["a code", { kind: "code", text: "AB" }, "1d286b0400314132001d286b03003143061d286b03003145311d286b050031503041421d286b03003151300a"],
  ] as const)("%s", (_name, line, hex) => expect(hexOf(line)).toBe(START + hex));

  it.each([
    [{ chineseMode: "assume" }, { kind: "feed", lines: 1 }, "1b401b6401"],
    [{ cut: "full" }, { kind: "cut" }, `${START}1d5600`],
    [{ cut: "none" }, { kind: "cut" }, `${START}1b6404`],
    [{ squareCodes: "text" }, { kind: "code", text: "AB" }, `${START}41420a`],
    [{ columns: 4 }, { kind: "rule" }, `${START}2d2d2d2d0a`],
    [{ columns: 4 }, { kind: "text", text: "abc", scale: 2 }, `${START}1b61001b45001d211161620a630a1b61001b45001d2100`],
  ] as const)("a printer with %j", (profile, line, hex) => expect(hexOf(line, profile)).toBe(hex));

  it("a code says exactly what it was given, or is printed as text", () => {
    expect(hexOf({ kind: "code", text: "收\n" })).toContain(`3150 30${toHex(utf8("收\n"))}`.replace(" ", ""));
    expect(hexOf({ kind: "code", text: "x".repeat(200) })).toContain("1d286bcb00315030");
    for (const text of ["x".repeat(201), "", "drawer\u0010\u0014\u0001"]) expect(hexOf({ kind: "code", text })).not.toContain("1d286b");
  });
});
