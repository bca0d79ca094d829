/* The family as the configuration and the registry know it. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { serialPort } from "../framing/settings.ts";
import { DEFAULT_PRINTER_PROFILE } from "./encode.ts";
import { openEscPosPrinter } from "./printer.ts";
import { printerProbe } from "./probe.ts";
import { COMMON_STATUS_BITS } from "./status.ts";

/** What such printers call themselves behind USB. */
const CALLED = /print|receipt|POS-?(?:58|80)/i;

const PRINTER_BAUD = 9_600;

const bits = z.array(z.strictObject({ question: z.literal([1, 2, 3, 4]), mask: z.int().min(1).max(0xff) })).max(8);

const statusBits = z.strictObject({ "paper-end": bits, "cover-open": bits, error: bits, offline: bits, "paper-low": bits });

const profile = z.strictObject({
  columns: z.int().min(24).max(64).default(DEFAULT_PRINTER_PROFILE.columns),
  chineseMode: z.enum(["send", "assume"]).default(DEFAULT_PRINTER_PROFILE.chineseMode),
  cut: z.enum(["full", "feed-and-part", "none"]).default(DEFAULT_PRINTER_PROFILE.cut),
  squareCodes: z.enum(["native", "text"]).default(DEFAULT_PRINTER_PROFILE.squareCodes),
  statusBits: statusBits.default(() => structuredClone(COMMON_STATUS_BITS) as z.infer<typeof statusBits>),
  slipEnd: z.enum(["in-turn", "now"]).default(DEFAULT_PRINTER_PROFILE.slipEnd),
});

export const printerEscPos = defineAdapter({
  role: "printer",
  hangsOn: "serial",
  speaksTo: "receipt printers with Chinese fonts",
  settings: z.strictObject({ adapter: z.literal("printerEscPos"), port: serialPort(PRINTER_BAUD), profile: profile.prefault({}) }),
  open: ({ port, profile: asked }, { clock, lines }) => openEscPosPrinter(lines.serial(port), { clock, profile: asked }),
  fingerprint: (found) => (found.kind === "serial" && CALLED.test(found.usb?.product ?? "") ? { score: 50, why: "it calls itself a printer" } : undefined),
  probe: printerProbe,
});
