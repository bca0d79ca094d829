/* The family as the configuration and the registry know it. */
import * as z from "zod";
import { fromHex } from "../../base/bytes.ts";
import { defineAdapter } from "../adapter.ts";
import { serialPort } from "../framing/settings.ts";
import { DEFAULT_NEWLAND_PROFILE, openNewlandPad } from "./pad.ts";
import { newlandProbe } from "./probe.ts";

const PAD_BAUD = 9_600;
const code = z.int().min(0).max(0xff);

const profile = z.strictObject({
  nlpp60Extra: z.union([z.literal("off"), z.strictObject({ random: code, cancel: code })]).default(DEFAULT_NEWLAND_PROFILE.nlpp60Extra),
  nlpp60UseNo: z.int().min(0).max(0xffff).default(DEFAULT_NEWLAND_PROFILE.nlpp60UseNo),
});

export const padNewland = defineAdapter({
  role: "pinPad",
  hangsOn: "serial",
  speaksTo: "Newland NL-PP60 and PP66",
  settings: z.strictObject({
    adapter: z.literal("padNewland"),
    port: serialPort(PAD_BAUD),
    profile: profile.prefault({}),
    /** 0 (root) to 4. */
    directory: z.int().min(0).max(4).default(1),
    pinKey: z.strictObject({ master: code.default(0), work: code.default(0) }).prefault({}),
    /** What authorizes the loading of a key, 8 bytes, as the pad's owner was given it; how it is made from a random number is not public. Hidden in print. */
    authorizationHex: z
      .string()
      .regex(/^[0-9a-f]{16}$/i)
      .default("0000000000000000"),
  }),
  open: ({ port, authorizationHex, adapter: _adapter, ...settings }, { clock, lines }) =>
    openNewlandPad(lines.serial(port), { clock, ...settings, authorize: () => fromHex(authorizationHex) }),
  probe: newlandProbe,
});
