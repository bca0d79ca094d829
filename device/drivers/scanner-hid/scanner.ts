/* A scanner that speaks HID POS. Its layout is read from its own description each time it is plugged in. Spec: USB HID POS, bar code scanners. */
import type { Clock } from "../../base/ports.ts";
import type { ReportLine } from "../framing/lines.ts";
import { ScanQueue } from "../framing/scan-queue.ts";
import type { DeviceHealth, Scanner, ScanSession } from "../peripherals.ts";
import { parseScanLayout, type ScanReportLayout } from "./descriptor.ts";
import { COMMON_LAYOUT, ScanAssembler } from "./report.ts";

/** How a scanner of this kind is found: the page of points of sale, bar code scanner. */
export const SCANNER_USAGE = { usagePage: 0x8c, usage: 0x02 } as const;

export interface HidScannerOptions {
  readonly clock: Clock;
  /** Where everything stands: by the scanner's own description, or as most have it. */
  readonly layout?: "fromDescriptor" | "common";
}

export class HidScanner implements Scanner {
  readonly name: string;
  readonly #line: ReportLine;
  readonly #queue: ScanQueue;
  readonly #assembler: ScanAssembler;
  readonly #stops: readonly (() => void)[];

  constructor(line: ReportLine, options: HidScannerOptions) {
    const layout = (): ScanReportLayout => {
      const told = options.layout === "common" || line.descriptor === undefined ? undefined : parseScanLayout(line.descriptor);
      return told ?? COMMON_LAYOUT;
    };
    this.#line = line;
    this.name = `scanner on ${line.name}`;
    this.#queue = new ScanQueue(options.clock);
    this.#assembler = new ScanAssembler(layout());
    this.#stops = [
      line.onReport((report) => {
        const code = this.#assembler.feed(report);
        if (code !== undefined) this.#queue.add(code);
      }),
      // What was half scanned when the plug was pulled is not continued by the next scan.
      line.onState(() => this.#assembler.restart(layout())),
    ];
  }

  openSession(): ScanSession {
    return this.#queue.open();
  }

  async health(): Promise<DeviceHealth> {
    return this.#line.state === "open" ? { kind: "well" } : { kind: "away" };
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#queue.close();
    await this.#line.close();
  }
}

/** A scanner on a line; it need not be there yet. */
export function openHidScanner(line: ReportLine, options: HidScannerOptions): HidScanner {
  return new HidScanner(line, options);
}
