/*
 * Bytes in reports of one length, and out of them: how a pad that speaks a serial protocol does it behind USB. Makers differ in how the end
 * is found, which is a named switch:
 *
 *   "zero-filled": bytes, then 00 up to the end of the report. The end is what is not 00 last, as with pads whose frames end with a byte of
 *                  their own; so bytes that end with 00 do not get through, except one 00 alone. Spec: ID TECH SmartPIN, HID reports.
 *   "counted":     one byte that counts, so many bytes, then 00.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY, u8 } from "../../base/bytes.ts";

export interface PadReportProfile {
  readonly padHidFraming: "zero-filled" | "counted";
  /** Bytes of a report without its number, at most 64. */
  readonly padHidReportBytes: number;
  /** 0 where the pad numbers none. */
  readonly padHidReportNumber: number;
}

export const DEFAULT_PAD_REPORT_PROFILE: PadReportProfile = { padHidFraming: "zero-filled", padHidReportBytes: 64, padHidReportNumber: 0 };

const REPORT_BYTES_MAX = 64;
const ONE_ZERO = u8(0);

/** Asserts that the switches make sense together with the coding of the pad's frames: binary ones may end with 00. */
export function checkPadReportProfile({ padHidFraming, padHidReportBytes, padHidReportNumber }: PadReportProfile, coding: "split" | "binary"): void {
  assert(coding === "split" || padHidFraming === "counted", "binary frames need reports that are counted");
  assert(Number.isInteger(padHidReportBytes) && padHidReportBytes >= 2 && padHidReportBytes <= REPORT_BYTES_MAX, "a report has 2 to 64 bytes");
  assert(Number.isInteger(padHidReportNumber) && padHidReportNumber >= 0 && padHidReportNumber <= 0xff, "a report's number is one byte");
}

/** Output reports for some bytes, each with its number first, as the binding wants them. */
export function encodeReports(profile: PadReportProfile, bytes: Bytes): readonly Bytes[] {
  const { padHidFraming, padHidReportBytes, padHidReportNumber } = profile;
  const counted = padHidFraming === "counted";
  const room = padHidReportBytes - (counted ? 1 : 0);
  const reports: Bytes[] = [];
  for (let at = 0; at < bytes.length; at += room) {
    const piece = bytes.subarray(at, at + room);
    assert(counted || piece.at(-1) !== 0 || piece.length === 1, "a report that is filled with zeros does not carry one at its end");
    const report = new Uint8Array(padHidReportBytes + 1);
    report.set(concat(u8(padHidReportNumber), counted ? u8(piece.length) : EMPTY, piece));
    reports.push(report);
  }
  return reports;
}

/**
 * Bytes in an input report. Some ways through the system leave the number in front and others take it away, which shows in the length. What
 * is no report of this pad has none. Never throws.
 */
export function decodeReport(profile: PadReportProfile, report: Bytes): Bytes {
  const { padHidFraming, padHidReportBytes, padHidReportNumber } = profile;
  const numbered = report.length === padHidReportBytes + 1;
  if (report.length === 0 || report.length > padHidReportBytes + 1 || (numbered && report[0] !== padHidReportNumber)) return EMPTY;
  const held = numbered ? report.slice(1) : report;
  if (padHidFraming === "zero-filled") {
    const end = held.findLastIndex((byte) => byte !== 0) + 1;
    return end === 0 ? ONE_ZERO : held.slice(0, end);
  }
  const [count = 0] = held;
  return count > held.length - 1 ? EMPTY : held.slice(1, 1 + count);
}
