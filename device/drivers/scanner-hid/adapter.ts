/* The family as the configuration and the registry know it. Spec: USB HID POS, page 8C. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { hidDevice } from "../framing/settings.ts";
import { openHidScanner } from "./scanner.ts";

/** The page of points of sale, and its scanner. */
const SCANNER = { usagePage: 0x8c, usage: 0x02 } as const;

export const scannerHid = defineAdapter({
  role: "scanner",
  hangsOn: "hid",
  speaksTo: "scanners of the HID page of points of sale",
  settings: z.strictObject({
    adapter: z.literal("scannerHid"),
    device: hidDevice.default(SCANNER),
    layout: z.enum(["fromDescriptor", "common"]).default("fromDescriptor"),
  }),
  open: ({ device, layout }, { clock, lines }) => openHidScanner(lines.hid(device), { clock, layout }),
  fingerprint: (found) =>
    found.kind === "hid" && found.usagePage === SCANNER.usagePage && found.usage === SCANNER.usage
      ? { score: 95, why: "usage page 8c, usage 02: a scanner of the page of points of sale" }
      : undefined,
});
