/* How a pad behind USB is known: by its version, as the pad of the neighbouring folder, in reports that are filled with zeros or counted. */
import type { HidProbe } from "../adapter.ts";
import { askSplit } from "../pad-02h/probe.ts";
import { DEFAULT_PAD_REPORT_PROFILE } from "./framing.ts";
import { openPadReports } from "./line.ts";

const FRAMINGS = ["zero-filled", "counted"] as const;

export const pad02hHidProbe: HidProbe = {
  on: "hid",
  ask: async (line, { clock }, { signal }) => {
    for (const padHidFraming of FRAMINGS) {
      const reports = { ...DEFAULT_PAD_REPORT_PROFILE, padHidFraming };
      const found = await askSplit(openPadReports(line, { clock, coding: "split", reports }), clock, signal);
      if (found !== undefined) return { why: `${found.why}, in ${padHidFraming} reports`, settings: { ...found.settings, reports: { padHidFraming } } };
    }
    return undefined;
  },
};
