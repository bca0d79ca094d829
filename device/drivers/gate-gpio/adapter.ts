/* The family as the configuration and the registry know it. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { DEFAULT_GPIO_PROFILE, HEADER_CHIPS, openGpioGate } from "./gate.ts";

const line = z.int().min(0).max(63);
const program = z.string().regex(/^\/[^\0]{1,1000}$/);

export const gateGpio = defineAdapter({
  role: "gate",
  hangsOn: "gpio",
  speaksTo: "GPIO lines of this machine",
  settings: z.strictObject({
    adapter: z.literal("gateGpio"),
    gpioTool: z.enum(["installed", "v1", "v2", "off"]).default(DEFAULT_GPIO_PROFILE.gpioTool),
    chipLabels: z
      .array(z.string().min(1).max(60))
      .min(1)
      .max(8)
      .default([...HEADER_CHIPS]),
    lines: z.strictObject({ entry: line, exit: line }),
    pulseMs: z.int().min(50).max(60_000).default(500),
    programs: z.strictObject({ gpioset: program, gpiodetect: program }).exactOptional(),
  }),
  open: ({ gpioTool, adapter: _adapter, ...settings }, { processes }) => openGpioGate({ processes, profile: { gpioTool }, ...settings }),
  fingerprint: (found) =>
    found.kind === "gpio" && HEADER_CHIPS.includes(found.label)
      ? { score: 10, why: "the chip that leads to the header: whether a gate hangs on its lines, and on which, no program can see" }
      : undefined,
});
