import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AssertionFailure, assert, unreachable } from "./assert.ts";
import { concat, EMPTY, equalBytes, fromHex, invertBytes, parseHex, readUint, toHex, u8, u16be, u32be, utf8, xorBytes } from "./bytes.ts";

describe("hexadecimal", () => {
  it.each([
    ["", ""],
    ["00ff", "00ff"],
    ["0A f0\n1B", "0af01b"],
  ])("%j reads as %s", (text, hex) => {
    expect(toHex(fromHex(text))).toBe(hex);
  });

  it.each(["0", "0g", "zz", "00 0", "0x00"])("our own text %j is asserted", (text) => {
    expect(() => fromHex(text)).toThrowError(AssertionFailure);
  });

  it.each([
    ["", ""],
    ["00", "00"],
    ["aAfF", "aaff"],
    ["0", undefined],
    ["0g", undefined],
    ["00 00", undefined],
    ["00\n", undefined],
  ])("outside text %j gives %s", (text, hex) => {
    const bytes = parseHex(text);
    expect(bytes === undefined ? undefined : toHex(bytes)).toBe(hex);
  });

  it("prints a view and not what lies around it", () => {
    expect(toHex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3))).toBe("0203");
  });

  it("goes there and back", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
      }),
    );
  });
});

describe("putting together and comparing", () => {
  it("concatenates in order, copying", () => {
    const left = Uint8Array.of(1, 2);
    const whole = concat(left, EMPTY, Uint8Array.of(3));
    left[0] = 9;
    expect(whole).toEqual(Uint8Array.of(1, 2, 3));
    expect(concat()).toEqual(EMPTY);
  });

  it.each([
    ["", "", true],
    ["01", "01", true],
    ["01", "02", false],
    ["01", "0100", false],
    ["0100", "01", false],
    ["0001", "0002", false],
  ])("%s equals %s: %s", (left, right, equal) => {
    expect(equalBytes(fromHex(left), fromHex(right))).toBe(equal);
  });

  it("adds bit by bit, and asserts equal lengths", () => {
    expect(toHex(xorBytes(fromHex("ff00aa"), fromHex("0f0faa")))).toBe("f00f00");
    expect(() => xorBytes(fromHex("00"), fromHex("0000"))).toThrowError(AssertionFailure);
  });

  it("inverts into a new array", () => {
    const bytes = fromHex("00ff5a");
    expect(toHex(invertBytes(bytes))).toBe("ff00a5");
    expect(toHex(bytes)).toBe("00ff5a");
  });

  it("writes text as UTF-8", () => {
    expect(toHex(utf8("a卡"))).toBe("61e58da1");
  });
});

describe("integers", () => {
  it.each([
    [0, "00", "0000", "00000000"],
    [255, "ff", "00ff", "000000ff"],
  ])("%d", (value, one, two, four) => {
    expect([toHex(u8(value)), toHex(u16be(value)), toHex(u32be(value))]).toEqual([one, two, four]);
  });

  it.each([
    ["ffff", () => u16be(0xffff)],
    ["0102", () => u16be(0x0102)],
    ["ffffffff", () => u32be(0xffff_ffff)],
    ["01020304", () => u32be(0x0102_0304)],
    ["80000000", () => u32be(0x8000_0000)],
  ])("%s", (hex, make) => {
    expect(toHex(make())).toBe(hex);
  });

  it.each([
    ["u8(256)", () => u8(256)],
    ["u8(-1)", () => u8(-1)],
    ["u8(0.5)", () => u8(0.5)],
    ["u16be(65536)", () => u16be(0x1_0000)],
    ["u16be(-1)", () => u16be(-1)],
    ["u16be(0.5)", () => u16be(0.5)],
    ["u32be(2^32)", () => u32be(0x1_0000_0000)],
    ["u32be(-1)", () => u32be(-1)],
    ["u32be(NaN)", () => u32be(Number.NaN)],
  ])("%s is asserted", (_name, make) => {
    expect(make).toThrowError(AssertionFailure);
  });

  it.each([
    ["0102030405060708", 0, 1, 1],
    ["0102030405060708", 7, 1, 8],
    ["0102030405060708", 2, 2, 0x0304],
    ["ffffffffffff", 0, 6, 0xffff_ffff_ffff],
    ["80000000", 0, 4, 0x8000_0000],
  ])("reads from %s at %d, %d bytes", (hex, at, length, value) => {
    expect(readUint(fromHex(hex), at, length)).toBe(value);
  });

  it.each([
    [-1, 1],
    [0, 0],
    [0, 7],
    [3, 2],
    [4, 1],
  ])("a field at %d of %d bytes in 4 is asserted", (at, length) => {
    expect(() => readUint(new Uint8Array(4), at, length)).toThrowError(AssertionFailure);
  });

  it("reading undoes writing", () => {
    fc.assert(fc.property(fc.nat(0xffff_ffff), (value) => readUint(u32be(value), 0, 4) === value));
  });
});

describe("assertions", () => {
  it("let truth pass and stop what is not", () => {
    expect(() => assert(true, "never seen")).not.toThrow();
    expect(() => assert(false, "two and two are four")).toThrowError("two and two are four");
  });

  it("name the value that should not exist", () => {
    expect(() => unreachable("seventh" as never)).toThrowError('unreachable: "seventh"');
  });
});
