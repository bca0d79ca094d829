/* The table of adapter families: one line each. Whoever adds a driver adds a folder and a line. */
import { displayLed8 } from "./display-led8/adapter.ts";
import { gateDigicon } from "./gate-digicon/adapter.ts";
import { gateFe } from "./gate-fe/adapter.ts";
import { gateGpio } from "./gate-gpio/adapter.ts";
import { gateMachPower } from "./gate-mach-power/adapter.ts";
import { gateRelay } from "./gate-relay/adapter.ts";
import { keypadHid } from "./keypad-hid/adapter.ts";
import { pad02h } from "./pad-02h/adapter.ts";
import { pad02hHid } from "./pad-02h-hid/adapter.ts";
import { padNewland } from "./pad-newland/adapter.ts";
import { openPcsc } from "./pcsc/open.ts";
import { printerEscPos } from "./printer-escpos/adapter.ts";
import { scannerHid } from "./scanner-hid/adapter.ts";
import { scannerLine } from "./scanner-line/adapter.ts";

/** Families that stand in one of the terminal's roles, by the name that the configuration uses. */
export const ADAPTERS = {
  pad02h,
  pad02hHid,
  padNewland,
  scannerLine,
  scannerHid,
  printerEscPos,
  displayLed8,
  gateFe,
  gateDigicon,
  gateRelay,
  gateMachPower,
  gateGpio,
  keypadHid,
} as const;

/** Readers of the PC/SC service: cards, security modules, PIN entry, lamps. */
export { openPcsc };
