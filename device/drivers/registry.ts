/* The table of adapter families: one line each. Whoever adds a driver adds a folder and a line. */
import { openLed8Display } from "./display-led8/display.ts";
import type { ByteLine, ReportLine } from "./framing/lines.ts";
import { openDigiconGate } from "./gate-digicon/gate.ts";
import { openFeGate } from "./gate-fe/gate.ts";
import { openGpioGate } from "./gate-gpio/gate.ts";
import { openRelayGate } from "./gate-relay/gate.ts";
import { Pad02h, type Pad02hOptions } from "./pad-02h/pad.ts";
import type { PadReportProfile } from "./pad-02h-hid/framing.ts";
import { openPadReports } from "./pad-02h-hid/line.ts";
import { openNewlandPad } from "./pad-newland/pad.ts";
import { openPcsc } from "./pcsc/open.ts";
import { openEscPosPrinter } from "./printer-escpos/printer.ts";
import { openHidScanner } from "./scanner-hid/scanner.ts";
import { openLineScanner } from "./scanner-line/scanner.ts";

function openPad02h(line: ByteLine, options: Pad02hOptions): Pad02h {
  return new Pad02h(line, options);
}

/** The same pad: adapters are strangers to each other, so that it is put on its reports here. */
function openPad02hHid(line: ReportLine, options: Pad02hOptions & { readonly reports?: PadReportProfile }): Pad02h {
  return new Pad02h(openPadReports(line, { ...options, coding: options.profile.coding }), options);
}

export const ADAPTERS = {
  pcsc: { serves: ["CardReader", "PinVerifier", "PinChanger"], speaksTo: "readers of the PC/SC service", open: openPcsc },
  gateFe: { serves: ["Gate"], speaksTo: "tripod boards with frames from FE to AB", open: openFeGate },
  gateDigicon: { serves: ["Gate"], speaksTo: "boards of the Digicon type", open: openDigiconGate },
  gateRelay: { serves: ["Gate"], speaksTo: "relay boards on Modbus RTU", open: openRelayGate },
  gateGpio: { serves: ["Gate"], speaksTo: "GPIO lines of this machine", open: openGpioGate },
  pad02h: { serves: ["PinPad", "PadKeys", "PadMac", "NewPinPad"], speaksTo: "PIN pads of the 02h family", open: openPad02h },
  pad02hHid: { serves: ["PinPad", "PadKeys", "PadMac", "NewPinPad"], speaksTo: "PIN pads of the 02h family behind USB", open: openPad02hHid },
  padNewland: { serves: ["PinPad", "PadKeys", "NewPinPad"], speaksTo: "Newland NL-PP60 and PP66", open: openNewlandPad },
  printerEscPos: { serves: ["Printer"], speaksTo: "receipt printers with Chinese fonts", open: openEscPosPrinter },
  displayLed8: { serves: ["CustomerDisplay"], speaksTo: "displays of eight digits with four lamps", open: openLed8Display },
  scannerLine: { serves: ["Scanner"], speaksTo: "scanners on a serial line", open: openLineScanner },
  scannerHid: { serves: ["Scanner"], speaksTo: "scanners of the HID page of points of sale", open: openHidScanner },
} as const;
