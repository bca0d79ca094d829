/* What stands on a counter, for `sim --devices`: scanners, a printer, a customer's display. */
import { join } from "node:path";
import { type Bytes, parseHex, utf8 } from "../../device/base/bytes.ts";
import { SimulatedLed8 } from "../display/led8.ts";
import { HidrawNode } from "../hid/hidraw.ts";
import { sendAnswer } from "../line/answer.ts";
import { type FarEnd, type LineFaults, NO_LINE_FAULTS } from "../line/far-end.ts";
import { NO_PRINTER_FAULTS, type PrinterFaults, SimulatedPrinter } from "../printer/escpos-printer.ts";
import { type HidScannerFaults, NO_HID_SCANNER_FAULTS, SCANNER_DESCRIPTORS, SimulatedHidScanner } from "../scanner/hid-scanner.ts";
import { SimulatedLineScanner } from "../scanner/line-scanner.ts";
import { type DeviceAct, done, refused, type SimDevice, type Table } from "./sim-device.ts";
import { faultSwitches, lineSwitches, lineWords, numbered, switched } from "./sim-device-faults.ts";
import { Held, linePlace, nodePlace } from "./sim-device-places.ts";

const SCANNER_BAUD = 9_600;
const PRINTER_BAUD = 9_600;
const DISPLAY_BAUD = 2_400;
const LATE_MS_MAX = 600_000;
const LINE_MS_MAX = 60_000;
const SLOW_MS_MAX = 10_000;
const PAPER_LINES_MAX = 100_000;
const CODE_BYTES_MAX = 500;
const SHOWN_MISTAKES_MAX = 20;

// ---- codes

/** `scan <text>`, or `scan hex <bytes>`: many codes are digits alone, so that bytes are named as such. */
function codeOf(words: readonly string[]): Bytes | undefined {
  const [first, ...rest] = words;
  const code = first === "hex" && rest.length > 0 ? parseHex(rest.join("")) : utf8(words.join(" "));
  return code === undefined || code.length === 0 || code.length > CODE_BYTES_MAX ? undefined : code;
}

function scanAct(name: string, meaning: string, scan: (code: Bytes) => void): DeviceAct {
  const usage = `${name} <text>|hex <bytes>`;
  return {
    usage,
    meaning,
    needsDevice: true,
    run: (words) => {
      const code = codeOf(words);
      if (code === undefined) return refused(`written: ${usage}, at most ${CODE_BYTES_MAX} bytes`);
      scan(code);
      // What was scanned may be somebody's credential and is not repeated.
      return done(`a code of ${code.length} bytes is before the window`, { bytes: code.length });
    },
  };
}

export function makeScannerLine({ clock, folder, openLine }: Table): SimDevice {
  const scanner = new SimulatedLineScanner({ clock, settings: { end: "\r", identifier: "sent" } });
  const path = join(folder, "scanner-line");
  let scans = 0;
  const counted = (scan: (code: Bytes) => void) => (code: Bytes) => {
    scans += 1;
    scan(code);
  };
  return {
    kind: "scanner-line",
    place: linePlace(openLine(path), (end) => scanner.attach(end)),
    baudRate: SCANNER_BAUD,
    configuration: { scanner: { adapter: "scannerLine", port: { path, baudRate: SCANNER_BAUD } } },
    faults: lineSwitches((faults) => scanner.setFaults(faults)),
    acts: new Map([
      [
        "scan",
        scanAct(
          "scan",
          "somebody holds a code before the window",
          counted((code) => scanner.scan(code)),
        ),
      ],
      [
        "scan-half",
        scanAct(
          "scan-half",
          "a scan that is broken off in the middle",
          counted((code) => scanner.scanHalf(code)),
        ),
      ],
    ]),
    facts: () => ({ scans }),
  };
}

export async function makeScannerHid({ clock }: Table): Promise<SimDevice> {
  const descriptor = SCANNER_DESCRIPTORS.padded;
  const node = await HidrawNode.open({ vendorId: 0x0c2e, productId: 0x0b61, serialNumber: "SN0002", product: "HID scanner", descriptor });
  const held = new Held();
  const scanner = new SimulatedHidScanner({ clock, shape: "padded" });
  const words = new Map([
    ["deaf", switched<HidScannerFaults>("deaf", "reports get lost", { deaf: true })],
    ["garbled", switched<HidScannerFaults>("garbled", "one bit of each report's data is flipped", { garbled: true })],
    ["late", numbered<HidScannerFaults>({ usage: "late=<ms>", meaning: "waits so long before each code", max: LATE_MS_MAX }, (lateMs) => ({ lateMs }))],
    ["slow", numbered<HidScannerFaults>({ usage: "slow=<ms per report>", meaning: "pause between reports", max: SLOW_MS_MAX }, (slowMs) => ({ slowMs }))],
  ]);
  let scans = 0;
  const scan = (code: Bytes) => {
    scans += 1;
    scanner.scan(code);
  };
  return {
    kind: "scanner-hid",
    place: nodePlace(node, held, () => scanner.attach(held.through((report) => node.input(report)))),
    baudRate: undefined,
    // The node's description lies in no /sys, so that the terminal takes the layout that most scanners have.
    configuration: { scanner: { adapter: "scannerHid", device: { path: node.path }, layout: "common" } },
    faults: faultSwitches<HidScannerFaults>({ words, none: NO_HID_SCANNER_FAULTS, apply: (faults) => scanner.setFaults(faults) }),
    acts: new Map([["scan", scanAct("scan", "somebody holds a code before the window", scan)]]),
    facts: () => ({ scans }),
  };
}

// ---- paper

const PRINTER_WORDS = lineWords<PrinterFaults>([
  ["paper-low", switched<PrinterFaults>("paper-low", "the roll is nearly used up", { paperLow: true })],
  ["paper-end", switched<PrinterFaults>("paper-end", "there is no paper", { paperLines: 0 })],
  [
    "paper-lines",
    numbered<PrinterFaults>({ usage: "paper-lines=<n>", meaning: "the paper ends behind so many more lines", max: PAPER_LINES_MAX }, (paperLines) => ({
      paperLines,
    })),
  ],
  ["cover-open", switched<PrinterFaults>("cover-open", "its cover is open", { coverOpen: true })],
  ["offline", switched<PrinterFaults>("offline", "it is switched off-line", { offline: true })],
  ["error", switched<PrinterFaults>("error", "its knife or head is in trouble", { error: true })],
  ["holds-line", switched<PrinterFaults>("holds-line", "it takes nothing more from its line", { holdsLine: true })],
  [
    "line-ms",
    numbered<PrinterFaults>({ usage: "line-ms=<ms>", meaning: "so long for one line, with room for one line", max: LINE_MS_MAX }, (lineMs) => ({ lineMs })),
  ],
  [
    "buffered-line-ms",
    numbered<PrinterFaults>({ usage: "buffered-line-ms=<ms>", meaning: "so long for one line, with room for all", max: LINE_MS_MAX }, (bufferedLineMs) => ({
      bufferedLineMs,
    })),
  ],
]);

export function makePrinter({ clock, folder, openLine }: Table): SimDevice {
  const printer = new SimulatedPrinter({ clock });
  const { paper } = printer;
  const path = join(folder, "printer-escpos");
  const alone = (run: () => ReturnType<DeviceAct["run"]>, usage: string) => (words: readonly string[]) =>
    words.length > 0 ? refused(`written: ${usage}`) : run();
  const shown = () => done(paper.lines.length === 0 ? "the paper is blank" : paper.lines.join("\n"), { lines: paper.lines });
  const torn = () => {
    paper.tearOff();
    return done("the paper is torn off");
  };
  return {
    kind: "printer-escpos",
    place: linePlace(openLine(path), (end) => printer.attach(end)),
    baudRate: PRINTER_BAUD,
    configuration: { printer: { adapter: "printerEscPos", port: { path, baudRate: PRINTER_BAUD } } },
    faults: faultSwitches<PrinterFaults>({ words: PRINTER_WORDS, none: NO_PRINTER_FAULTS, apply: (faults) => printer.setFaults(faults) }),
    acts: new Map([
      ["paper", { usage: "paper", meaning: "what stands on the paper", needsDevice: false, run: alone(shown, "paper") }],
      ["tear-off", { usage: "tear-off", meaning: "somebody takes what was printed", needsDevice: false, run: alone(torn, "tear-off") }],
    ]),
    facts: () => ({ printedLines: paper.lines.length, mistakes: printer.mistakes.slice(-SHOWN_MISTAKES_MAX) }),
  };
}

// ---- display

export function makeDisplay({ clock, folder, openLine }: Table): SimDevice {
  const display = new SimulatedLed8();
  const path = join(folder, "display-led8");
  let faults: LineFaults = NO_LINE_FAULTS;
  // It never answers: what befalls its line befalls what it is told.
  const faulty = (end: FarEnd): FarEnd => ({
    onBytes: (listener) => {
      const ear = { write: listener };
      end.onBytes((bytes) => void sendAnswer(clock, { end: ear, faults }, bytes));
    },
    write: (bytes) => end.write(bytes),
  });
  return {
    kind: "display-led8",
    place: linePlace(openLine(path), (end) => display.attach(faulty(end))),
    baudRate: DISPLAY_BAUD,
    configuration: { display: { adapter: "displayLed8", port: { path, baudRate: DISPLAY_BAUD } } },
    faults: lineSwitches((chosen) => {
      faults = { ...faults, ...chosen };
    }),
    acts: new Map([
      [
        "shown",
        {
          usage: "shown",
          meaning: "what a customer reads",
          needsDevice: false,
          run: (words: readonly string[]) =>
            words.length > 0
              ? refused("written: shown")
              : done(`${display.shown.text === "" ? "(nothing)" : display.shown.text}   lamp ${display.shown.lamp}`, display.shown),
        },
      ],
    ]),
    facts: () => ({ ...display.shown, mistakes: display.mistakes.slice(-SHOWN_MISTAKES_MAX) }),
  };
}
