/* Reports of a scanner as whole codes. Reports of one scan follow each other; one that is lost ends the scan. Spec: USB HID POS, bar code scanners. */
import { type Bytes, concat, EMPTY } from "../../base/bytes.ts";
import type { ScannedCode } from "../peripherals.ts";
import type { ReportField, ScanReportLayout } from "./descriptor.ts";

const CODE_BYTES_MAX = 4_096;
const CARRIAGE_RETURN = 0x0d;
const AIM_LENGTH = 3;

/** The report in common use, for devices whose description cannot be read. */
export const COMMON_LAYOUT: ScanReportLayout = {
  reportId: 0x02,
  length: { bitOffset: 0, bitSize: 8, count: 1 },
  symbology: [{ bitOffset: 8, bitSize: 8, count: 3 }],
  data: { bitOffset: 32, bitSize: 8, count: 56 },
  continued: { bitOffset: 8 * 62, bitSize: 1, count: 1 },
};

interface Part {
  readonly data: Bytes;
  readonly symbology: string;
  readonly continued: boolean;
}

/** Bytes of a field that begins at a whole byte; empty where the report is too short. */
function fieldBytes(report: Bytes, { bitOffset, bitSize, count }: ReportField, shift: number): Bytes {
  if (bitSize !== 8 || bitOffset % 8 !== 0) return EMPTY;
  const at = bitOffset / 8 + shift;
  return at + count <= report.length ? report.slice(at, at + count) : EMPTY;
}

function fieldBit(report: Bytes, { bitOffset }: ReportField, shift: number): boolean {
  const byte = report[Math.floor(bitOffset / 8) + shift] ?? 0;
  return (byte & (1 << (bitOffset % 8))) !== 0;
}

/** A bare identifier starts with a bracket; anything else is noise of a device that leaves it out. */
function symbologyText(bytes: Bytes): string {
  const text = String.fromCharCode(...bytes.slice(0, AIM_LENGTH));
  return /^\][A-Za-z][0-9A-Za-z]$/.test(text) ? text : "";
}

/** Where there is no count, the data ends before the zeros that fill the report. */
function withoutFilling(data: Bytes): Bytes {
  let end = data.length;
  while (end > 0 && data[end - 1] === 0) end -= 1;
  return data.slice(0, end);
}

/** One report as its layout reads it; undefined for another report of the device, or one that contradicts itself. */
function readPart(layout: ScanReportLayout, report: Bytes): Part | undefined {
  const shift = layout.reportId === 0 ? 0 : 1;
  if (layout.reportId !== 0 && report[0] !== layout.reportId) return undefined;
  const room = fieldBytes(report, layout.data, shift);
  const length = layout.length === undefined ? undefined : fieldBytes(report, layout.length, shift)[0];
  if (room.length === 0 || (length !== undefined && length > room.length)) return undefined;
  const continued = layout.continued !== undefined && fieldBit(report, layout.continued, shift);
  // A report that is followed by another of the same scan is full: zeros at its end are the code's own.
  const data = length === undefined ? (continued ? room : withoutFilling(room)) : room.slice(0, length);
  const symbology = symbologyText(concat(...layout.symbology.map((field) => fieldBytes(report, field, shift))));
  return { data, symbology, continued };
}

/** Joins the reports of a scan. Holds one code of at most 4,096 bytes. */
export class ScanAssembler {
  #layout: ScanReportLayout;
  #data: Bytes = EMPTY;
  #symbology = "";

  constructor(layout: ScanReportLayout) {
    this.#layout = layout;
  }

  /** Another device has taken the place of the one before. */
  restart(layout: ScanReportLayout): void {
    this.#layout = layout;
    this.#data = EMPTY;
    this.#symbology = "";
  }

  /** The code that this report completes, if any. Never throws. */
  feed(report: Bytes): ScannedCode | undefined {
    const part = readPart(this.#layout, report);
    if (part === undefined) return undefined;
    if (part.symbology !== "") this.#symbology = part.symbology;
    this.#data = concat(this.#data, part.data);
    if (part.continued && this.#data.length <= CODE_BYTES_MAX) return undefined;
    const data = this.#data.at(-1) === CARRIAGE_RETURN ? this.#data.slice(0, -1) : this.#data;
    const symbology = this.#symbology;
    this.restart(this.#layout);
    // An endless scan is no code.
    if (data.length === 0 || data.length > CODE_BYTES_MAX || part.continued) return undefined;
    return symbology === "" ? { data } : { data, symbology };
  }
}
