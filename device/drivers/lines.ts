/* Real lines, each in a process of its own. */
import type { AdapterParts, Lines } from "./adapter.ts";
import { openHidLine } from "./hid/open.ts";
import { openSerialLine } from "./serial/open.ts";

export function openLines(machine: Omit<AdapterParts, "lines">): Lines {
  return { serial: (port) => openSerialLine(machine, port), hid: (device) => openHidLine(machine, device) };
}
