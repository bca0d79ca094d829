/* HID devices. Each has a process of its own, so that a device whose driver hangs stops nobody else. */
import type { Log } from "../../base/log.ts";
import type { Clock, Processes } from "../../base/ports.ts";
import type { ReportLine } from "../framing/lines.ts";
import { SupervisedLine } from "../framing/supervised-line.ts";
import { type HidOptions, hidName } from "./options.ts";

interface HidParts {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  readonly env?: Readonly<Record<string, string>>;
}

/** The same folder holds the process as source and as compiled file. */
const MODULE = new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js", import.meta.url);

/** Opens a HID device and finds it again after every loss. It need not be there yet. */
export function openHidLine(parts: HidParts, options: HidOptions): ReportLine {
  return new SupervisedLine({ ...parts, module: MODULE, options, name: hidName(options) });
}
