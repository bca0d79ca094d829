import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../base/bytes.ts";
import { bcdToDate, bcdToDigits, bcdToTime, dateToBcd, digitsToBcd, numberToBcd, timeToBcd } from "./bcd.ts";

describe("digits", () => {
  it.each([
    ["", 0, ""],
    ["1", 1, "1f"],
    ["12", 1, "12"],
    ["123", 2, "123f"],
    ["123", 4, "123fffff"],
    ["0012", 2, "0012"],
    ["", 2, "ffff"],
    ["9876543210", 5, "9876543210"],
  ])("%s in %d bytes is %s", (digits, length, hex) => {
    expect(toHex(digitsToBcd(digits, length))).toBe(hex);
    expect(bcdToDigits(fromHex(hex))).toEqual({ ok: true, digits });
  });

  it("take as many bytes as they need when no length is named", () => {
    expect(toHex(digitsToBcd("123"))).toBe("123f");
    expect(toHex(digitsToBcd("1234"))).toBe("1234");
  });

  it.each([
    ["a0", "not-a-digit"],
    ["1e", "not-a-digit"],
    ["0d12", "not-a-digit"],
    ["f1", "digit-after-padding"],
    ["1ff1", "digit-after-padding"],
    ["1f1f", "digit-after-padding"],
    ["fa", "not-a-digit"],
  ])("refuses %s: %s", (hex, reason) => {
    expect(bcdToDigits(fromHex(hex))).toEqual({ ok: false, reason });
  });

  it.each([
    ["a letter", () => digitsToBcd("12a4"), "BCD is made of decimal digits"],
    ["a letter in front", () => digitsToBcd("a124"), "BCD is made of decimal digits"],
    ["F from the caller", () => digitsToBcd("12F"), "BCD is made of decimal digits"],
    ["a sign", () => digitsToBcd("-1"), "BCD is made of decimal digits"],
    ["too many digits", () => digitsToBcd("123", 1), "the digits fit the field"],
    ["half a byte", () => digitsToBcd("1", 1.5), "the digits fit the field"],
    ["a negative number", () => numberToBcd(-1, 2), "a non-negative safe integer"],
    ["a fraction", () => numberToBcd(0.5, 2), "a non-negative safe integer"],
    ["a number that lost digits", () => numberToBcd(2 ** 53, 9), "a non-negative safe integer"],
    ["a number that does not fit", () => numberToBcd(10_000, 2), "the digits fit the field"],
  ])("asserts against %s", (_name, act, because) => {
    expect(act).toThrowError(because);
  });

  it.each([
    [0, 1, "00"],
    [5, 2, "0005"],
    [9999, 2, "9999"],
    [123, 3, "000123"],
  ])("number %d in %d bytes is %s", (value, length, hex) => {
    expect(toHex(numberToBcd(value, length))).toBe(hex);
  });

  it("answer any bytes, and give back what was understood", () => {
    const nibbles = fc
      .array(fc.constantFrom(..."0123456789fffa"), { minLength: 0, maxLength: 24 })
      .filter((list) => list.length % 2 === 0)
      .map((list) => fromHex(list.join("")));
    fc.assert(
      fc.property(fc.oneof(nibbles, fc.uint8Array({ maxLength: 12 })), (bytes) => {
        const parsed = bcdToDigits(bytes);
        if (parsed.ok) expect(digitsToBcd(parsed.digits, bytes.length)).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("dates", () => {
  it.each(["20260101", "20261231", "20240229", "20000229", "00010101", "99991231", "20260430"])("%s is a day", (date) => {
    expect(bcdToDate(fromHex(date))).toEqual({ ok: true, date });
    expect(toHex(dateToBcd(date))).toBe(date);
  });

  it.each(["20260229", "19000229", "20260431", "20261301", "20260001", "20260100", "20260132", "00000000", "00000101", "ffffffff", "2026010a", "2026a101"])(
    "%s is no day",
    (hex) => {
      expect(bcdToDate(fromHex(hex))).toEqual({ ok: false, reason: "not-a-date" });
      expect(() => dateToBcd(hex)).toThrowError("the date is a day of the calendar");
    },
  );

  it.each(["", "202601", "2026010100"])("%s has the wrong length", (hex) => {
    expect(bcdToDate(fromHex(hex))).toEqual({ ok: false, reason: "wrong-length" });
  });
});

describe("times", () => {
  it.each(["000000", "235959", "195959", "200000", "120130"])("%s is a time", (time) => {
    expect(bcdToTime(fromHex(time))).toEqual({ ok: true, time });
    expect(toHex(timeToBcd(time))).toBe(time);
  });

  it.each(["240000", "300000", "236000", "235960", "ffffff", "1200a0", "0a0000"])("%s is no time", (hex) => {
    expect(bcdToTime(fromHex(hex))).toEqual({ ok: false, reason: "not-a-time" });
    expect(() => timeToBcd(hex)).toThrowError("the time is a second of the day");
  });

  it.each(["", "2359", "23595900"])("%s has the wrong length", (hex) => {
    expect(bcdToTime(fromHex(hex))).toEqual({ ok: false, reason: "wrong-length" });
  });
});
