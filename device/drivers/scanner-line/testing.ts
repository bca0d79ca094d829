/* A bench for scanners on a line: the same scanner and driver over any line. */
import type { LineStand } from "../../../simulators/line/testing.ts";
import { type LineScannerSettings, SimulatedLineScanner } from "../../../simulators/scanner/line-scanner.ts";
import type { ScannerBench } from "../contract/bench.ts";
import { openLineScanner } from "./scanner.ts";

const SYMBOLOGY = "]Q1";
const PAUSE_MS = 30;

export interface LineScannerUnderTest extends ScannerBench {
  readonly simulated: SimulatedLineScanner;
}

/** A scanner without line ends is read by its pauses. */
export function lineScannerBench(stand: LineStand, settings: LineScannerSettings): LineScannerUnderTest {
  const simulated = new SimulatedLineScanner({ clock: stand.clock, settings });
  simulated.attach(stand.end);
  const scanner = openLineScanner(stand.line, { clock: stand.clock, ...(settings.end === "" ? { pauseMs: PAUSE_MS } : {}) });
  return {
    scanner,
    simulated,
    clock: stand.clock,
    symbology: settings.identifier === "sent" ? SYMBOLOGY : undefined,
    run: (work) => stand.run(work),
    scan: (code) => simulated.scan(code, SYMBOLOGY),
    // By its pause half a code is a code like any other.
    ...(settings.end === "" ? {} : { scanHalf: (code: Uint8Array) => simulated.scanHalf(code) }),
    unplug: () => stand.unplug(),
    plugIn: async () => {
      await stand.plugIn();
      simulated.attach(stand.end);
    },
    close: async () => {
      await scanner.close();
      await stand.close();
    },
  };
}
