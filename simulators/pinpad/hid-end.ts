/*
 * The USB side of a pad that hides its serial protocol in reports, from the makers' papers: what hangs on it hears and says bytes. A report
 * from the host comes with its number in front or without, as the way through the system has it; both are understood.
 */
import { type Bytes, concat, EMPTY, u8 } from "../../device/base/bytes.ts";
import type { FarEnd } from "../line/far-end.ts";

export interface HidEndSettings {
  readonly padHidFraming: "zero-filled" | "counted";
  readonly padHidReportBytes: number;
  readonly padHidReportNumber: number;
  /** Whether reports to the host go with their number in front. */
  readonly numbersInput: boolean;
}

export const HID_END_SETTINGS: HidEndSettings = { padHidFraming: "zero-filled", padHidReportBytes: 64, padHidReportNumber: 0, numbersInput: false };

/** Whatever carries whole reports. */
export interface ReportEnd {
  onReport(listener: (report: Bytes) => void): void;
  input(report: Bytes): void;
}

export class HidPadEnd implements FarEnd {
  readonly #end: ReportEnd;
  readonly #settings: HidEndSettings;
  #heard = { numbered: 0, bare: 0, strange: 0 };

  constructor(end: ReportEnd, settings: Partial<HidEndSettings> = {}) {
    this.#end = end;
    this.#settings = { ...HID_END_SETTINGS, ...settings };
  }

  /** How many reports came with their number, without it, and in no form that the pad knows. */
  get heard(): { readonly numbered: number; readonly bare: number; readonly strange: number } {
    return this.#heard;
  }

  onBytes(listener: (bytes: Bytes) => void): void {
    this.#end.onReport((report) => {
      const bytes = this.#bytesOf(report);
      if (bytes.length > 0) listener(bytes);
    });
  }

  write(bytes: Bytes): void {
    const { padHidFraming, padHidReportBytes, padHidReportNumber, numbersInput } = this.#settings;
    const room = padHidFraming === "counted" ? padHidReportBytes - 1 : padHidReportBytes;
    for (let at = 0; at < bytes.length; at += room) {
      const piece = bytes.slice(at, at + room);
      const head = padHidFraming === "counted" ? u8(piece.length) : EMPTY;
      const report = new Uint8Array(padHidReportBytes);
      report.set(concat(head, piece));
      this.#end.input(numbersInput ? concat(u8(padHidReportNumber), report) : report);
    }
  }

  #bytesOf(report: Bytes): Bytes {
    const { padHidFraming, padHidReportBytes, padHidReportNumber } = this.#settings;
    const numbered = report.length === padHidReportBytes + 1 && report[0] === padHidReportNumber;
    if (!numbered && report.length !== padHidReportBytes) {
      this.#heard = { ...this.#heard, strange: this.#heard.strange + 1 };
      return EMPTY;
    }
    this.#heard = numbered ? { ...this.#heard, numbered: this.#heard.numbered + 1 } : { ...this.#heard, bare: this.#heard.bare + 1 };
    const body = numbered ? report.slice(1) : report;
    if (padHidFraming === "counted") return body.slice(1, 1 + (body[0] ?? 0));
    let end = body.length;
    while (end > 0 && body[end - 1] === 0) end -= 1;
    return body.slice(0, end);
  }
}
