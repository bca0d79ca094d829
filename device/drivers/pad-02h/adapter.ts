/* The family as the configuration and the registry know it. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { serialPort } from "../framing/settings.ts";
import { DEFAULT_PAD_PROFILE, Pad02h } from "./pad.ts";
import { pad02hProbe } from "./probe.ts";

/** What such pads call themselves behind USB. */
const CALLED = /pin ?pad|\bepp\b|密码键盘/i;

const PAD_BAUD = 9_600;

export const pad02hProfile = z.strictObject({
  coding: z.enum(["split", "binary"]).default(DEFAULT_PAD_PROFILE.coding),
  hexCase: z.enum(["upper", "lower"]).default(DEFAULT_PAD_PROFILE.hexCase),
  closes: z.boolean().default(DEFAULT_PAD_PROFILE.closes),
  check: z.enum(["xor", "sum"]).default(DEFAULT_PAD_PROFILE.check),
  endKey: z.enum(["timeout", "ignore"]).default(DEFAULT_PAD_PROFILE.endKey),
  parameter05: z.int().min(0).max(0xfe).default(DEFAULT_PAD_PROFILE.parameter05),
  sm4: z.enum(["none", "sim"]).default(DEFAULT_PAD_PROFILE.sm4),
});

/** What holds on whatever line the pad hangs. */
export const pad02hSettings = {
  profile: pad02hProfile.prefault({}),
  /** Where the key lies that PIN blocks are made with. */
  pinKey: z.strictObject({ master: z.int().min(0).max(15).default(0), work: z.int().min(0).max(3).default(0) }).prefault({}),
  algorithm: z.enum(["3des", "sm4"]).default("3des"),
  entrySeconds: z.int().min(1).max(255).default(60),
};

export const pad02h = defineAdapter({
  role: "pinPad",
  hangsOn: "serial",
  speaksTo: "PIN pads of the 02h family",
  settings: z.strictObject({ adapter: z.literal("pad02h"), port: serialPort(PAD_BAUD), ...pad02hSettings }),
  open: ({ port, adapter: _adapter, ...settings }, { clock, lines }) => new Pad02h(lines.serial(port), { clock, ...settings }),
  fingerprint: (found) => (found.kind === "serial" && CALLED.test(found.usb?.product ?? "") ? { score: 40, why: "it calls itself a PIN pad" } : undefined),
  probe: pad02hProbe,
});
