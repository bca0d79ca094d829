/* The family as the configuration and the registry know it. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { serialPort } from "../framing/settings.ts";
import { openLineScanner } from "./scanner.ts";

/** Makers of scanners by the numbers that USB gave them. */
const SCANNER_MAKERS: ReadonlySet<number> = new Set([0x0c2e, 0x23d0, 0x05e0, 0x05f9, 0x1eab]);
const CALLED = /scan|bar ?code/i;

/** A scanner behind USB takes any speed; one on a real line is delivered with this one. */
const SCANNER_BAUD = 9_600;

export const scannerLine = defineAdapter({
  role: "scanner",
  hangsOn: "serial",
  speaksTo: "scanners on a serial line",
  settings: z.strictObject({
    adapter: z.literal("scannerLine"),
    port: serialPort(SCANNER_BAUD),
    /** A pause that ends a code, for scanners that send no line end. */
    pauseMs: z.int().min(10).max(1_000).exactOptional(),
  }),
  open: ({ port, adapter: _adapter, ...settings }, { clock, lines }) => openLineScanner(lines.serial(port), { clock, ...settings }),
  fingerprint: (found) => {
    if (found.kind !== "serial" || found.usb === undefined) return undefined;
    if (CALLED.test(found.usb.product ?? "")) return { score: 60, why: "it calls itself a scanner" };
    return SCANNER_MAKERS.has(found.usb.vendorId) ? { score: 50, why: "its maker makes scanners" } : undefined;
  },
});
