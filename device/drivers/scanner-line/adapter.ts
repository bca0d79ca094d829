/* The family as the configuration and the registry know it. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { serialPort } from "../framing/settings.ts";
import { openLineScanner } from "./scanner.ts";

/** A scanner behind USB takes any speed; one on a real line is delivered with this one. */
const SCANNER_BAUD = 9_600;

export const scannerLine = defineAdapter({
  role: "scanner",
  speaksTo: "scanners on a serial line",
  settings: z.strictObject({
    adapter: z.literal("scannerLine"),
    port: serialPort(SCANNER_BAUD),
    /** A pause that ends a code, for scanners that send no line end. */
    pauseMs: z.int().min(10).max(1_000).exactOptional(),
  }),
  open: ({ port, adapter: _adapter, ...settings }, { clock, lines }) => openLineScanner(lines.serial(port), { clock, ...settings }),
});
