/* The family as the configuration and the registry know it. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { serialPort } from "../framing/settings.ts";
import { MACH_POWER_BAUD, openMachPowerGate } from "./gate.ts";

export const gateMachPower = defineAdapter({
  role: "gate",
  hangsOn: "serial",
  speaksTo: "Mach Power boards",
  settings: z.strictObject({
    adapter: z.literal("gateMachPower"),
    port: serialPort(MACH_POWER_BAUD),
    address: z.int().min(0).max(0xff).default(1),
    entrySide: z.enum(["left", "right"]).default("left"),
  }),
  open: ({ port, address, entrySide }, { clock, lines }) => openMachPowerGate(lines.serial(port), { clock, address, entrySide }),
});
