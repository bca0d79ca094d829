/* A bench for ESC/POS printers: the same printer and driver over any line. */
import type { LineStand } from "../../../simulators/line/testing.ts";
import { NO_PRINTER_FAULTS, type PrinterFaults, type PrinterSettings, SimulatedPrinter } from "../../../simulators/printer/escpos-printer.ts";
import type { PrinterBench, PrinterMishap } from "../contract/bench.ts";
import { DEFAULT_PRINTER_PROFILE, type PrinterProfile } from "./encode.ts";
import { openEscPosPrinter } from "./printer.ts";

const MISHAPS: Readonly<Record<PrinterMishap, Partial<PrinterFaults>>> = {
  "paper-low": { paperLow: true },
  "paper-end": { paperLines: 0 },
  "cover-open": { coverOpen: true },
  offline: { offline: true },
  error: { error: true },
  deaf: { deaf: true },
  slow: { lineMs: 60 },
  noisy: { noiseHex: "1113ff", lateMs: 20 },
};

export interface PrinterUnderTest extends PrinterBench {
  readonly simulated: SimulatedPrinter;
}

/** Printer and driver that agree on every open question; `settings` are those of a printer that differs. */
export function printerBench(
  stand: LineStand,
  options: { readonly profile?: Partial<PrinterProfile>; readonly settings?: Partial<PrinterSettings> } = {},
): PrinterUnderTest {
  const profile = { ...DEFAULT_PRINTER_PROFILE, ...options.profile };
  const { columns, chineseMode, cut, squareCodes } = profile;
  const simulated = new SimulatedPrinter({ clock: stand.clock, settings: { columns, chineseMode, cut, squareCodes, ...options.settings } });
  simulated.attach(stand.end);
  const printer = openEscPosPrinter(stand.line, { clock: stand.clock, profile });
  return {
    printer,
    simulated,
    clock: stand.clock,
    run: (work) => stand.run(work),
    lines: () => simulated.paper.lines,
    mistakes: () => simulated.mistakes,
    befall: (mishap) => simulated.setFaults(MISHAPS[mishap]),
    endPaperAfter: (paperLines) => simulated.setFaults({ paperLines }),
    repair: () => simulated.setFaults(NO_PRINTER_FAULTS),
    unplug: () => stand.unplug(),
    plugIn: async () => {
      await stand.plugIn();
      simulated.attach(stand.end);
    },
    close: async () => {
      await printer.close();
      await stand.close();
    },
  };
}
