/* Serial lines. Each has a process of its own, so that a port whose driver hangs stops nobody else. */
import type { Log } from "../../base/log.ts";
import type { Clock, Processes } from "../../base/ports.ts";
import type { ByteLine } from "../framing/lines.ts";
import { SupervisedLine } from "../framing/supervised-line.ts";
import type { SerialOptions } from "./options.ts";

export interface LineAdapterParts {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
}

/** The same folder holds the process as source and as compiled file. */
const MODULE = new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js", import.meta.url);

/** Opens a serial line that finds its device again after every loss. It need not be there yet. */
export function openSerialLine(parts: LineAdapterParts, options: SerialOptions): ByteLine {
  return new SupervisedLine({ ...parts, module: MODULE, options, name: options.path });
}
