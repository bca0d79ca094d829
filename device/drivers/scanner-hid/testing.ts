/* A bench for HID scanners: the same scanner and driver over any line of reports. */
import { type ScannerShape, scanReports } from "../../../simulators/scanner/hid-scanner.ts";
import type { Bytes } from "../../base/bytes.ts";
import type { Clock } from "../../base/ports.ts";
import type { ScannerBench } from "../contract/bench.ts";
import type { ReportLine } from "../framing/lines.ts";
import { openHidScanner } from "./scanner.ts";

const SYMBOLOGY = "]Q1";

export interface ReportStand {
  readonly line: ReportLine;
  readonly clock: Clock;
  input(report: Bytes): void;
  run<Value>(work: Promise<Value>): Promise<Value>;
  unplug(): Promise<void>;
  plugIn(): Promise<void>;
  /** Takes the stand down; the line is closed by its driver. */
  close(): Promise<void>;
}

export function hidScannerBench(stand: ReportStand, shape: ScannerShape): ScannerBench {
  const scanner = openHidScanner(stand.line, { clock: stand.clock });
  return {
    scanner,
    clock: stand.clock,
    symbology: SYMBOLOGY,
    run: (work) => stand.run(work),
    scan: (code) => {
      for (const report of scanReports(shape, code, SYMBOLOGY)) stand.input(report);
    },
    scanHalf: (code) => {
      const [first] = scanReports(shape, code, SYMBOLOGY);
      if (first !== undefined) stand.input(first);
    },
    unplug: () => stand.unplug(),
    plugIn: () => stand.plugIn(),
    close: async () => {
      await scanner.close();
      await stand.close();
    },
  };
}
