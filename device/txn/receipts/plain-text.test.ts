import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskedName, maskedNumber } from "./masking.ts";
import { slipText } from "./plain-text.ts";

const text = (value: string, columns: number) => slipText([{ kind: "text", text: value }], columns);

describe("plain text", () => {
  it.each([
    ["abc", 2, ["ab", "c"]],
    ["一二三", 4, ["一二", "三"]],
    ["a一二", 4, ["a一", "二"]],
    ["first\nsecond\r\n", 10, ["first", "second", ""]],
    ["", 10, [""]],
    ["\u00a51\t\u00a0x\u0007", 10, ["￥1  x"]],
    ["\u{1f600}\ue000\u{20bb7}e\u0301", 10, ["？？？e"]],
    ["一", 1, ["一"]],
  ])("%j on %i columns", (value, columns, lines) => expect(text(value, columns)).toEqual(lines));

  it.each([
    ["left", "一a"],
    ["center", "   一a"],
    ["right", "       一a"],
  ] as const)("at the %s", (align, line) => expect(slipText([{ kind: "text", text: "一a", align }], 10)).toEqual([line]));

  it.each([
    ["合计", "1.00", 12, ["合计    1.00"]],
    ["abcd", "ef", 6, ["abcd", "    ef"]],
    ["abc", "ef", 6, ["abc ef"]],
    ["一二三四", "12345678", 6, ["一二三", "四", "123456", "    78"]],
    ["a\nb", "c", 6, ["a", "b", "     c"]],
  ])("%j and %j on %i columns", (left, right, columns, lines) => expect(slipText([{ kind: "columns", left, right }], columns)).toEqual(lines));

  it("rules, blank lines, codes and cuts", () => {
    const slip = [{ kind: "rule" }, { kind: "feed", lines: 2 }, { kind: "feed", lines: -1 }, { kind: "code", text: "ABCDEF" }, { kind: "cut" }] as const;
    expect(slipText(slip, 4)).toEqual(["----", "", "", "ABCD", "EF"]);
    expect(slipText([{ kind: "feed", lines: 99 }], 4)).toHaveLength(20);
  });

  it("loses no character that a printer has", () => {
    const unit = fc.constantFrom("a", "7", " ", "一", "镕", "￥");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 100 }), fc.integer({ min: 2, max: 48 }), (value, columns) => {
        expect(text(value, columns).join("")).toBe(value);
      }),
    );
  });
});

describe("masks", () => {
  it.each([
    ["王小明", "王**"],
    ["李四", "李*"],
    ["欧阳娜娜", "欧**"],
    [" 张三 ", "张*"],
    ["\u{20bb7}田", "\u{20bb7}*"],
    ["王", "*"],
    ["", "*"],
  ])("the name %j is %j", (name, masked) => expect(maskedName(name)).toBe(masked));

  it.each([
    ["530102199001010011", "****0011"],
    ["53010219900101001X", "****001X"],
    ["12345678", "****5678"],
    ["1234567", "****"],
    ["", "****"],
  ])("the number %j is %j", (number, masked) => expect(maskedNumber(number)).toBe(masked));
});
