/*
 * What a scanner's own description says about its reports: where the data stands, where its length, its symbology, and the bit that says
 * "more of this scan follows". Reads the items of a report descriptor, no more of them than this needs. Never throws.
 * Spec: USB HID, report descriptors; USB HID POS, bar code scanners.
 */
import { type Bytes, readUint } from "../../base/bytes.ts";

/** A field of a report, in bits behind the report's number. */
export interface ReportField {
  readonly bitOffset: number;
  readonly bitSize: number;
  readonly count: number;
}

/** One input report of a scanner. Fields that it does not have are left out. */
export interface ScanReportLayout {
  /** 0 where the device numbers its reports not at all. */
  readonly reportId: number;
  readonly data: ReportField;
  readonly length?: ReportField;
  /** The three characters of the AIM identifier; together or one by one. */
  readonly symbology: readonly ReportField[];
  readonly continued?: ReportField;
}

const PAGE_POS = 0x8c;
const PAGE_DESKTOP = 0x01;
const USAGE_LENGTH = 0x3b;
const USAGE_DATA = 0xfe;
const USAGE_CONTINUED = 0xff;
const USAGES_SYMBOLOGY: readonly number[] = [0xfb, 0xfc, 0xfd];
const ITEMS_MAX = 2_048;
const BITS_MAX = 8 * 4_096;

interface Walk {
  page: number;
  size: number;
  count: number;
  report: number;
  usages: readonly number[];
  /** Bits used so far, by report. */
  readonly bits: Map<number, number>;
  readonly fields: { readonly report: number; readonly page: number; readonly usages: readonly number[]; readonly field: ReportField }[];
}

/** The first input report that carries decoded data; undefined for a device that is no scanner, or a description that cannot be read. */
export function parseScanLayout(descriptor: Bytes): ScanReportLayout | undefined {
  const walk: Walk = { page: 0, size: 0, count: 0, report: 0, usages: [], bits: new Map(), fields: [] };
  let at = 0;
  for (let items = 0; items < ITEMS_MAX && at < descriptor.length; items += 1) {
    const head = descriptor[at] ?? 0;
    // A long item: its size stands in the next byte.
    const size = head === 0xfe ? 2 + (descriptor[at + 1] ?? 0) : [0, 1, 2, 4][head & 0x03];
    if (size === undefined || at + 1 + size > descriptor.length) return undefined;
    if (head !== 0xfe) take(walk, head, size === 0 ? 0 : little(descriptor, at + 1, size));
    at += 1 + size;
  }
  return layoutOf(walk);
}

function little(bytes: Bytes, at: number, length: number): number {
  return readUint(bytes.slice(at, at + length).reverse(), 0, length);
}

function take(walk: Walk, head: number, value: number): void {
  switch (head & 0xfc) {
    case 0x04:
      walk.page = value;
      return;
    case 0x74:
      walk.size = value;
      return;
    case 0x94:
      walk.count = value;
      return;
    case 0x84:
      walk.report = value;
      return;
    case 0x08:
      walk.usages = [...walk.usages, value & 0xffff].slice(-16);
      return;
    case 0x80:
      addInput(walk);
      walk.usages = [];
      return;
    case 0x90:
    case 0xb0:
    case 0xa0:
    case 0xc0:
      // Output, feature and the bounds of collections use up the usages before them.
      walk.usages = [];
  }
}

function addInput(walk: Walk): void {
  const bitOffset = walk.bits.get(walk.report) ?? 0;
  const bits = walk.size * walk.count;
  if (bits > BITS_MAX || bitOffset + bits > BITS_MAX) return;
  walk.bits.set(walk.report, bitOffset + bits);
  const { report, page, usages, size: bitSize, count } = walk;
  walk.fields.push({ report, page, usages, field: { bitOffset, bitSize, count } });
}

function layoutOf({ fields }: Walk): ScanReportLayout | undefined {
  const found = fields.find(({ page, usages }) => page === PAGE_POS && usages.includes(USAGE_DATA));
  if (found === undefined || found.field.bitSize !== 8 || found.field.count === 0) return undefined;
  const own = fields.filter(({ report }) => report === found.report);
  const named = (page: number, usage: number) => own.find((each) => each.page === page && each.usages.includes(usage))?.field;
  const symbology = own.filter(({ page, usages }) => page === PAGE_POS && usages.some((usage) => USAGES_SYMBOLOGY.includes(usage))).map(({ field }) => field);
  const length = named(PAGE_DESKTOP, USAGE_LENGTH);
  const continued = named(PAGE_POS, USAGE_CONTINUED);
  return {
    reportId: found.report,
    data: found.field,
    symbology,
    ...(length === undefined ? {} : { length }),
    ...(continued === undefined ? {} : { continued }),
  };
}
