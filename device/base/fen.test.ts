import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addFen, CARD_AMOUNT_MAX, fen, formatYuan, parseYuan, subtractFen, sumFen, ZERO_FEN } from "./fen.ts";

describe("amounts", () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("%d is no amount", (amount) => {
    expect(() => fen(amount)).toThrowError();
  });

  it.each([0, 1, 4_294_967_295, Number.MAX_SAFE_INTEGER])("%d is one", (amount) => {
    expect(fen(amount)).toBe(amount);
  });

  it("add, subtract and sum", () => {
    expect(addFen(fen(1), fen(2))).toBe(3);
    expect(subtractFen(fen(5), fen(5))).toBe(0);
    expect(subtractFen(fen(5), fen(2))).toBe(3);
    expect(sumFen([fen(1), fen(2), fen(3)])).toBe(6);
    expect(sumFen([])).toBe(ZERO_FEN);
    expect(CARD_AMOUNT_MAX).toBe(0xffff_ffff);
  });

  it("never go below zero or beyond what is exact", () => {
    expect(() => subtractFen(fen(1), fen(2))).toThrowError();
    expect(() => addFen(fen(Number.MAX_SAFE_INTEGER), fen(1))).toThrowError();
    expect(() => sumFen([fen(Number.MAX_SAFE_INTEGER), fen(1)])).toThrowError();
  });
});

describe("yuan", () => {
  it.each([
    [0, "0.00"],
    [5, "0.05"],
    [50, "0.50"],
    [100, "1.00"],
    [12_345, "123.45"],
    [Number.MAX_SAFE_INTEGER, "90071992547409.91"],
  ])("%d fen prints as %s", (amount, text) => {
    expect(formatYuan(fen(amount))).toBe(text);
    expect(parseYuan(text)).toEqual({ ok: true, amount });
  });

  it.each([
    ["0", 0],
    ["12", 1200],
    ["12.3", 1230],
    ["12.30", 1230],
    ["12.3000", 1230],
    ["0.01", 1],
    ["007.10", 710],
    [" 1.5 ", 150],
    ["-0", 0],
    ["-0.00", 0],
    ["90071992547409.91", Number.MAX_SAFE_INTEGER],
  ])("%j is %d fen", (text, amount) => {
    expect(parseYuan(text)).toEqual({ ok: true, amount });
  });

  it.each([
    ["", "not-a-decimal"],
    [" ", "not-a-decimal"],
    ["1,5", "not-a-decimal"],
    [".5", "not-a-decimal"],
    ["5.", "not-a-decimal"],
    ["1e2", "not-a-decimal"],
    ["+1", "not-a-decimal"],
    ["0x10", "not-a-decimal"],
    ["1.2.3", "not-a-decimal"],
    ["--1", "not-a-decimal"],
    ["12345678901234567", "not-a-decimal"],
    ["1.12345678901234567", "not-a-decimal"],
    ["１", "not-a-decimal"],
    [1.5, "not-a-decimal"],
    [undefined, "not-a-decimal"],
    [null, "not-a-decimal"],
    ["1.001", "too-many-decimals"],
    ["1.119", "too-many-decimals"],
    ["-1.001", "too-many-decimals"],
    ["-1", "negative"],
    ["-0.01", "negative"],
    ["90071992547409.92", "too-large"],
    ["9999999999999999", "too-large"],
  ])("%j is refused: %s", (text, reason) => {
    expect(parseYuan(text)).toEqual({ ok: false, reason });
  });

  it("goes there and back for any amount, and answers any text", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (amount) => {
        expect(parseYuan(formatYuan(fen(amount)))).toEqual({ ok: true, amount });
      }),
    );
    fc.assert(fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.anything()), (text) => typeof parseYuan(text).ok === "boolean"));
  });
});
