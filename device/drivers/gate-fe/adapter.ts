/* The family as the configuration and the registry know it. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { serialPort } from "../framing/settings.ts";
import { DEFAULT_FE_PROFILE, openFeGate } from "./gate.ts";

const byte = z.int().min(0).max(0xff);

export const gateFe = defineAdapter({
  role: "gate",
  hangsOn: "serial",
  speaksTo: "tripod boards with frames from FE to AB",
  settings: z.strictObject({
    adapter: z.literal("gateFe"),
    port: serialPort(DEFAULT_FE_PROFILE.feBaud),
    feStatusQuery: z.union([z.literal("off"), z.strictObject({ operation: byte, idle: byte })]).default(DEFAULT_FE_PROFILE.feStatusQuery),
    entrySide: z.enum(["A", "B"]).default("A"),
    /** The board's own waiting time, where somebody set it: only with it is a reversal told from a time-out. */
    boardPassageMs: z.int().min(100).max(60_000).exactOptional(),
  }),
  open: ({ port, feStatusQuery, adapter: _adapter, ...settings }, { clock, lines }) =>
    openFeGate(lines.serial(port), { clock, profile: { feBaud: port.baudRate, feStatusQuery }, ...settings }),
});
