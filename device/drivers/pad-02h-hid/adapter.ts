/* The family as the configuration and the registry know it: the pad of the neighbouring folder, on reports. */
import * as z from "zod";
import { defineAdapter } from "../adapter.ts";
import { hidDevice } from "../framing/settings.ts";
import { pad02hSettings } from "../pad-02h/adapter.ts";
import { Pad02h } from "../pad-02h/pad.ts";
import { DEFAULT_PAD_REPORT_PROFILE } from "./framing.ts";
import { openPadReports } from "./line.ts";
import { pad02hHidProbe } from "./probe.ts";

/** Pages of makers' own, where PIN pads are, and much else: reports to a drawing pad or a game pad could do anything there. */
const OWN_PAGES = 0xff00;
const CALLED = /\bpin[ _-]?pad|\bepp\b|密码键盘/i;

const reports = z.strictObject({
  padHidFraming: z.enum(["zero-filled", "counted"]).default(DEFAULT_PAD_REPORT_PROFILE.padHidFraming),
  padHidReportBytes: z.int().min(2).max(64).default(DEFAULT_PAD_REPORT_PROFILE.padHidReportBytes),
  padHidReportNumber: z.int().min(0).max(0xff).default(DEFAULT_PAD_REPORT_PROFILE.padHidReportNumber),
});

const settings = z
  .strictObject({ adapter: z.literal("pad02hHid"), device: hidDevice, reports: reports.prefault({}), ...pad02hSettings })
  .refine(({ profile, reports: made }) => profile.coding === "split" || made.padHidFraming === "counted", "binary frames need reports that are counted");

export const pad02hHid = defineAdapter({
  role: "pinPad",
  hangsOn: "hid",
  speaksTo: "PIN pads of the 02h family behind USB",
  settings,
  open: ({ device, reports: made, adapter: _adapter, ...pad }, { clock, lines }) =>
    new Pad02h(openPadReports(lines.hid(device), { clock, coding: pad.profile.coding, reports: made }), { clock, ...pad }),
  fingerprint: (found) => {
    if (found.kind !== "hid" || (found.usagePage ?? 0) < OWN_PAGES) return undefined;
    const page = `usage page ${found.usagePage?.toString(16)}, which is its maker's own`;
    return CALLED.test(found.usb?.product ?? "")
      ? { score: 50, why: `${page}, and it calls itself a PIN pad` }
      : { score: 15, why: `${page}: it may be a PIN pad or anything else` };
  },
  probe: pad02hHidProbe,
});
