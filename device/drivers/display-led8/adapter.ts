/* The family as the configuration and the registry know it. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { serialPort } from "../framing/settings.ts";
import { DEFAULT_LAMPS, openLed8Display } from "./display.ts";

const DISPLAY_BAUD = 2_400;
const lamp = z.int().min(0).max(0xff);

export const displayLed8 = defineAdapter({
  role: "display",
  hangsOn: "serial",
  speaksTo: "displays of eight digits with four lamps",
  settings: z.strictObject({
    adapter: z.literal("displayLed8"),
    port: serialPort(DISPLAY_BAUD),
    lamps: z
      .strictObject({
        price: lamp.default(DEFAULT_LAMPS.price),
        total: lamp.default(DEFAULT_LAMPS.total),
        received: lamp.default(DEFAULT_LAMPS.received),
        change: lamp.default(DEFAULT_LAMPS.change),
        balance: lamp.default(DEFAULT_LAMPS.balance),
      })
      .prefault({}),
  }),
  open: ({ port, lamps }, { lines }) => openLed8Display(lines.serial(port), { lamps }),
});
