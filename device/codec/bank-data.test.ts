/* Track 2, account numbers, the holder verification list and the card's log. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "../base/bytes.ts";
import { parseCashLogEntry } from "./card-log.ts";
import type { DolEntry } from "./dol.ts";
import { parseVerificationList } from "./holder-verification.ts";
import { parseAccountNumber, parseTrack2 } from "./track2.ts";

describe("parseTrack2", () => {
  it.each([
    ["6299990000000001d40122010000000", "6299990000000001", "4012", "201", "0000000"],
    ["6299990000000000012d401222012345", "6299990000000000012", "4012", "220", "12345"],
    ["62999900d4012201", "62999900", "4012", "201", ""],
  ])("reads %s", (hex, accountNumber, expiry, serviceCode, discretionary) => {
    const even = hex.length % 2 === 0 ? hex : `${hex}f`;
    expect(parseTrack2(fromHex(even))).toEqual({ accountNumber, expiry, serviceCode, discretionary });
  });

  it.each(["", "6299990000000001", "629999d4012201", "62999900000000000123d401220100f", "62999900d401220f", "62999900d40122010aff", "62999900e4012201"])(
    "has no meaning for %s",
    (hex) => expect(parseTrack2(fromHex(hex.length % 2 === 0 ? hex : `${hex}f`))).toBeUndefined(),
  );

  it("answers any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        expect(parseTrack2(bytes)?.accountNumber.length ?? 8).toBeGreaterThanOrEqual(8);
      }),
    );
  });
});

describe("parseAccountNumber", () => {
  it.each([
    ["6299990000000001", "6299990000000001"],
    ["6299990000000001ffff", "6299990000000001"],
    ["6299990000000000012f", "6299990000000000012"],
    ["62999900", "62999900"],
  ])("of %s is %s", (hex, digits) => expect(parseAccountNumber(fromHex(hex))).toBe(digits));
  it.each(["", "629999", "62999900000000000123", "62f99900", "6299990a"])("has no meaning for %j", (hex) =>
    expect(parseAccountNumber(fromHex(hex))).toBeUndefined(),
  );
});

describe("parseVerificationList", () => {
  it("reads amounts, methods and conditions", () => {
    expect(parseVerificationList(fromHex("000003e8000007d0410342031e071f00"))).toEqual({
      x: 1_000,
      y: 2_000,
      rules: [
        { method: "offline-pin-clear", condition: "terminal-supports", continueIfFailed: true },
        { method: "online-pin", condition: "terminal-supports", continueIfFailed: true },
        { method: "signature", condition: "over-x", continueIfFailed: false },
        { method: "none", condition: "always", continueIfFailed: false },
      ],
    });
  });

  it.each([
    ["00", "fail"],
    ["03", "offline-pin-and-signature"],
    ["20", "document"],
    ["3f", "unknown"],
    ["04", "unknown"],
  ])("names the method %s %s", (code, method) => expect(parseVerificationList(fromHex(`0000000000000000${code}00`))?.rules[0]?.method).toBe(method));

  it.each([
    ["00", "always"],
    ["01", "unattended-cash"],
    ["02", "not-cash"],
    ["03", "terminal-supports"],
    ["04", "manual-cash"],
    ["05", "with-cashback"],
    ["06", "under-x"],
    ["07", "over-x"],
    ["08", "under-y"],
    ["09", "over-y"],
    ["0a", "unknown"],
  ])("names the condition %s %s", (code, condition) =>
    expect(parseVerificationList(fromHex(`00000000000000001f${code}`))?.rules[0]?.condition).toBe(condition),
  );

  it.each(["", "00000000000000", "00000000000000001f"])("has no meaning for %j", (hex) => expect(parseVerificationList(fromHex(hex))).toBeUndefined());
  it("may be empty", () => expect(parseVerificationList(new Uint8Array(8))?.rules).toEqual([]));
  it("answers any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const rules = parseVerificationList(bytes)?.rules;
        expect(rules === undefined || rules.length === bytes.length / 2 - 4).toBe(true);
      }),
    );
  });
});

const FORMAT: readonly DolEntry[] = [
  { tag: 0x9a, length: 3 },
  { tag: 0x9f21, length: 3 },
  { tag: 0x9f02, length: 6 },
  { tag: 0x9c, length: 1 },
  { tag: 0x9f36, length: 2 },
];

describe("parseCashLogEntry", () => {
  it("reads the fields that the card names", () => {
    expect(parseCashLogEntry(FORMAT, fromHex("261121120000000000001250000102"))).toEqual({
      date: "261121",
      time: "120000",
      amount: 1_250,
      type: "00",
      atc: 0x0102,
    });
  });
  it.each([
    ["00".repeat(15), "unwritten"],
    ["ff".repeat(15), "unwritten"],
    ["00".repeat(14), undefined],
    ["00".repeat(16), undefined],
  ])("of %s is %s", (hex, expected) => expect(parseCashLogEntry(FORMAT, fromHex(hex))).toBe(expected));
  it("leaves out what is no number or has another length", () => {
    expect(parseCashLogEntry(FORMAT, fromHex("2a11211200000000000012f0aa0102"))).toEqual({ time: "120000", atc: 0x0102 });
    expect(
      parseCashLogEntry(
        [
          { tag: 0x9f36, length: 1 },
          { tag: 0x9f02, length: 5 },
        ],
        fromHex("010000001250"),
      ),
    ).toEqual({});
  });
  it("takes a record in which some bytes only look like filling", () => {
    expect(parseCashLogEntry(FORMAT, fromHex("26112112000000000000125000ffff"))).toMatchObject({ atc: 0xffff });
  });
  it("of a format without a counter has none", () => {
    expect(parseCashLogEntry([{ tag: 0x9f02, length: 6 }], fromHex("000000001250"))).toEqual({ amount: 1_250 });
  });
  it("has no meaning without a format", () => expect(parseCashLogEntry([], new Uint8Array(0))).toBeUndefined());
  it("answers any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 15, maxLength: 15 }), (bytes) => {
        expect(parseCashLogEntry(FORMAT, bytes)).toBeDefined();
      }),
    );
  });
});
