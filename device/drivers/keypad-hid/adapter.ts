/* The family as the configuration and the registry know it. Spec: USB HID usages, generic desktop page. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { hidDevice } from "../framing/settings.ts";
import { openHidKeypad } from "./keypad.ts";

/** A keypad that says so. Most call themselves a keyboard, as the operator's own does: those have to be named. */
const KEYPAD = { usagePage: 0x01, usage: 0x07 } as const;

export const keypadHid = defineAdapter({
  role: "keypad",
  hangsOn: "hid",
  speaksTo: "numeric keypads that are keyboards to the machine",
  settings: z.strictObject({
    adapter: z.literal("keypadHid"),
    device: hidDevice,
    /** Number of the report that names its keys; 0 where the keypad numbers none. */
    reportId: z.int().min(0).max(0xff).default(0),
  }),
  open: ({ device, reportId }, { clock, lines }) => openHidKeypad(lines.hid(device), { clock, reportId }),
  fingerprint: (found) =>
    found.kind === "hid" && found.usagePage === KEYPAD.usagePage && found.usage === KEYPAD.usage
      ? { score: 70, why: "usage page 01, usage 07: a keypad" }
      : undefined,
});
