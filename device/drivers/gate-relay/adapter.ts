/* The family as the configuration and the registry know it. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { serialPort } from "../framing/settings.ts";
import { DEFAULT_RELAY_PROFILE, openRelayGate, RELAY_BAUD } from "./gate.ts";
import { relayProbe } from "./probe.ts";

/** What such boards call themselves behind USB. */
const CALLED = /relay|modbus/i;

const coil = z.int().min(0).max(7);

export const gateRelay = defineAdapter({
  role: "gate",
  hangsOn: "serial",
  speaksTo: "relay boards on Modbus RTU",
  settings: z.strictObject({
    adapter: z.literal("gateRelay"),
    port: serialPort(RELAY_BAUD),
    relayFlash: z.enum(["waveshare0200", "softwarePulse"]).default(DEFAULT_RELAY_PROFILE.relayFlash),
    unit: z.int().min(1).max(247).default(1),
    coils: z.strictObject({ entry: coil.default(0), exit: coil.default(1) }).prefault({}),
    pulseMs: z.int().min(100).max(60_000).default(500),
    /** The board's input that has current while the fire loop is closed. */
    fireInput: coil.exactOptional(),
  }),
  open: ({ port, relayFlash, adapter: _adapter, ...settings }, { clock, lines }) =>
    openRelayGate(lines.serial(port), { clock, profile: { relayFlash }, ...settings }),
  fingerprint: (found) => (found.kind === "serial" && CALLED.test(found.usb?.product ?? "") ? { score: 30, why: "it calls itself a relay board" } : undefined),
  probe: relayProbe,
});
