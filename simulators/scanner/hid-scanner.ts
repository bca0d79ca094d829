/* A HID POS scanner: its description, and codes cut into reports as its makers' papers say. */
import { type Bytes, concat, EMPTY, fromHex, u8, utf8 } from "../../device/base/bytes.ts";
import type { Clock } from "../../device/base/ports.ts";

/** The shapes of description in the field: with a byte that counts the data, without, and with it in reports of 64 bytes. All number their report 2. */
export const SCANNER_DESCRIPTORS = {
  counted: fromHex(
    "058C0902A101850209 12A102150026FF0075089501 0501093B8102 9503058C09FB09FC09FD8102 953809FE82020125017501950109FF810275078103C0C0".replaceAll(" ", ""),
  ),
  uncounted: fromHex("058C0902A1018502150026FF0075089501 09FB8102 09FC8102 09FD8102 953809FE820201750195012501 09FF8102 75078103C0".replaceAll(" ", "")),
  padded: fromHex(
    "058C0902A101850209 12A102150026FF0075089501 0501093B8102 9503058C09FB09FC09FD8102 953809FE820201 950275088103 2501 7501950109FF810275078103C0C0".replaceAll(
      " ",
      "",
    ),
  ),
} as const;

export type ScannerShape = keyof typeof SCANNER_DESCRIPTORS;

const DATA_BYTES = 56;
/** Bytes without meaning behind the data, where reports have 64 bytes. */
const PADDING_BYTES = 2;

/** Reports of one scan. `symbology` is the three characters of the AIM identifier. */
export function scanReports(shape: ScannerShape, code: Bytes, symbology = "]Q1"): readonly Bytes[] {
  const parts = Array.from({ length: Math.max(1, Math.ceil(code.length / DATA_BYTES)) }, (_, at) => code.slice(at * DATA_BYTES, (at + 1) * DATA_BYTES));
  return parts.map((part, at) => {
    const room = concat(part, new Uint8Array(DATA_BYTES - part.length));
    const more = Uint8Array.of(at < parts.length - 1 ? 0x01 : 0x00);
    const count = shape === "uncounted" ? EMPTY : u8(part.length);
    const padding = shape === "padded" ? new Uint8Array(PADDING_BYTES) : EMPTY;
    return concat(u8(0x02), count, utf8(symbology), room, padding, more);
  });
}

/** What befalls the reports of a scanner on their way; they are always whole. */
export interface HidScannerFaults {
  readonly deaf: boolean;
  /** One bit of each report's data is flipped. */
  readonly garbled: boolean;
  readonly lateMs: number;
  /** Pause between the reports of one code. */
  readonly slowMs: number;
}

export const NO_HID_SCANNER_FAULTS: HidScannerFaults = { deaf: false, garbled: false, lateMs: 0, slowMs: 0 };

/** Behind the report's number, the count of the data and the symbology; elsewhere it is the second. */
const GARBLED_AT = 5;

/** A scanner that hangs on whatever carries reports to the host. */
export class SimulatedHidScanner {
  readonly #parts: { readonly clock: Clock; readonly shape: ScannerShape };
  #input: (report: Bytes) => void = () => undefined;
  #faults: HidScannerFaults = NO_HID_SCANNER_FAULTS;

  constructor(parts: { readonly clock: Clock; readonly shape: ScannerShape }) {
    this.#parts = parts;
  }

  attach(input: (report: Bytes) => void): void {
    this.#input = input;
  }

  setFaults(faults: Partial<HidScannerFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  /** Somebody holds a code before the window. */
  scan(code: Bytes, symbology = "]Q1"): void {
    void this.#send(scanReports(this.#parts.shape, code, symbology));
  }

  async #send(reports: readonly Bytes[]): Promise<void> {
    const { deaf, garbled, lateMs, slowMs } = this.#faults;
    const { clock } = this.#parts;
    const input = this.#input;
    if (lateMs > 0) await clock.sleep(lateMs);
    if (deaf) return;
    for (const [at, report] of reports.entries()) {
      if (at > 0 && slowMs > 0) await clock.sleep(slowMs);
      input(garbled ? report.map((byte, place) => (place === GARBLED_AT ? byte ^ 0x01 : byte)) : report);
    }
  }
}
