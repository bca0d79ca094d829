import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex, u8 } from "../../base/bytes.ts";
import { checkPadReportProfile, DEFAULT_PAD_REPORT_PROFILE, decodeReport, encodeReports, type PadReportProfile } from "./framing.ts";

const COUNTED: PadReportProfile = { ...DEFAULT_PAD_REPORT_PROFILE, padHidFraming: "counted" };
const SMALL: PadReportProfile = { ...DEFAULT_PAD_REPORT_PROFILE, padHidReportBytes: 8 };
const SMALL_COUNTED: PadReportProfile = { ...SMALL, padHidFraming: "counted", padHidReportNumber: 5 };

describe("out", () => {
  it.each([
    ["zero-filled", SMALL, "0231", ["000231000000000000"]],
    ["a full report", SMALL, "0102030405060708", ["000102030405060708"]],
    ["two reports", SMALL, "010203040506070809", ["000102030405060708", "000900000000000000"]],
    ["counted, numbered", SMALL_COUNTED, "0231", ["050202310000000000"]],
    ["counted, two reports", SMALL_COUNTED, "0102030405060700", ["050701020304050607", "050100000000000000"]],
    ["nothing", SMALL, "", []],
  ] as const)("%s", (_name, profile, bytes, reports) => {
    expect(encodeReports(profile, fromHex(bytes)).map((report) => toHex(report))).toEqual(reports);
  });

  it("a zero at the end of a filled report is our own mistake", () => {
    expect(() => encodeReports(SMALL, fromHex("0200"))).toThrow("filled with zeros");
  });

  it.each([
    [{ padHidReportBytes: 1 }, "2 to 64"],
    [{ padHidReportBytes: 65 }, "2 to 64"],
    [{ padHidReportNumber: 256 }, "one byte"],
  ])("switches that make no sense: %o", (change, message) => {
    expect(() => checkPadReportProfile({ ...DEFAULT_PAD_REPORT_PROFILE, ...change }, "split")).toThrow(message);
  });
});

describe("binary frames", () => {
  it("need reports that are counted", () => {
    expect(() => checkPadReportProfile(DEFAULT_PAD_REPORT_PROFILE, "binary")).toThrow("counted");
    expect(() => checkPadReportProfile(COUNTED, "binary")).not.toThrow();
  });
});

describe("in", () => {
  it.each([
    ["without its number", SMALL, "0231000000000000", "0231"],
    ["with its number", SMALL, "000231000000000000", "0231"],
    ["with the number of another", SMALL, "010231000000000000", ""],
    ["a bare 00, which is a key", SMALL, "0000000000000000", "00"],
    ["cut behind its bytes", SMALL, "0231", "0231"],
    ["too long", SMALL, "00".repeat(10), ""],
    ["empty", SMALL, "", ""],
    ["counted", SMALL_COUNTED, "0202000000000000", "0200"],
    ["counted, with its number", SMALL_COUNTED, "050202000000000000", "0200"],
    ["counted, nothing", SMALL_COUNTED, "0000000000000000", ""],
    ["counted, more than there is", SMALL_COUNTED, "0802000000000000", ""],
  ])("%s", (_name, profile, report, bytes) => {
    expect(toHex(decodeReport(profile, fromHex(report)))).toBe(bytes);
  });

  it.each([
    ["zero-filled", DEFAULT_PAD_REPORT_PROFILE],
    ["counted", COUNTED],
    ["counted, numbered", { ...COUNTED, padHidReportNumber: 1 }],
  ] as const)("gives back what was sent, with and without the number: %s", (_name, profile) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, min: profile.padHidFraming === "counted" ? 0 : 1 }), (bytes) => {
        const reports = encodeReports(profile, bytes);
        expect(toHex(concat(...reports.map((report) => decodeReport(profile, report))))).toBe(toHex(bytes));
        expect(toHex(concat(...reports.map((report) => decodeReport(profile, report.slice(1)))))).toBe(toHex(bytes));
      }),
    );
  });

  it("never throws and never makes more of a report than there is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(SMALL, SMALL_COUNTED, COUNTED), (report, profile) => {
        expect(decodeReport(profile, report).length).toBeLessThanOrEqual(report.length);
        expect(decodeReport(profile, concat(u8(0), report)).length).toBeLessThanOrEqual(report.length + 1);
      }),
    );
  });
});
