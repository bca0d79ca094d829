/* The 02h pad behind USB on a hidraw node: the pad hangs on the node, its line is served by the real binding. */
import type { Bytes } from "../../device/base/bytes.ts";
import { SILENT } from "../../device/base/log.ts";
import type { Processes } from "../../device/base/ports.ts";
import { limits } from "../../device/drivers/contract/bench.ts";
import { openHidLine } from "../../device/drivers/hid/open.ts";
import { DEFAULT_PAD_REPORT_PROFILE, type PadReportProfile } from "../../device/drivers/pad-02h-hid/framing.ts";
import { openPadReports } from "../../device/drivers/pad-02h-hid/line.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import type { HidrawNode } from "../../simulators/hid/hidraw.ts";
import { BACK_MS, type LineStand } from "../../simulators/line/testing.ts";
import { HidPadEnd } from "../../simulators/pinpad/hid-end.ts";

const LOOK_MS = 2;

export interface HidPadWay {
  readonly coding: "split" | "binary";
  /** Left out: as most pads do it. */
  readonly reports?: PadReportProfile;
  /** As a bus that takes the report number away. */
  readonly strips?: boolean;
  /** What starts the line's process, where that is not the system as it is. */
  readonly processes?: Processes;
}

/** Plugs the pad in and opens its line; closing the stand unplugs it. */
export async function hidPadStand(node: HidrawNode, way: HidPadWay): Promise<LineStand & { readonly hid: HidPadEnd }> {
  const { coding, reports = DEFAULT_PAD_REPORT_PROFILE, strips = false, processes = systemProcesses() } = way;
  const clock = systemClock();
  await node.plugIn();
  const wire = {
    onReport: (listener: (report: Bytes) => void) =>
      node.onReport((kind, report) => {
        if (kind === "output") listener(strips ? report.slice(1) : report);
      }),
    input: (report: Bytes) => node.input(report),
  };
  const hid = new HidPadEnd(wire, reports);
  const line = openPadReports(openHidLine({ processes, clock, log: SILENT }, { path: node.path }), { clock, coding, reports });
  await line.untilOpen(limits(5_000));
  return {
    line,
    hid,
    end: hid,
    clock,
    run: (work) => work,
    unplug: async () => {
      await node.unplug();
      while (line.state === "open") await clock.sleep(LOOK_MS);
    },
    plugIn: async () => {
      await node.plugIn();
      await line.untilOpen(limits(BACK_MS));
    },
    close: async () => {
      await line.close();
      await node.unplug();
    },
  };
}
