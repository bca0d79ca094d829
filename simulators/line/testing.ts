/* Where a simulated device hangs: a line in process under virtual time, or a real tty. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT } from "../../device/base/log.ts";
import type { Clock } from "../../device/base/ports.ts";
import { limits } from "../../device/drivers/contract/bench.ts";
import type { ByteLine } from "../../device/drivers/framing/lines.ts";
import { openSerialLine } from "../../device/drivers/serial/open.ts";
import { eightNoneOne } from "../../device/drivers/serial/options.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import type { FarEnd } from "./far-end.ts";
import { InProcessLine } from "./in-process.ts";
import { PtyDevice } from "./pty.ts";

/** A busy machine may take so long to start the line's process. */
const OPEN_MS = 5_000;
/** A device must serve again so soon after its return. */
export const BACK_MS = 2_000;

export interface LineStand {
  readonly line: ByteLine;
  readonly end: FarEnd;
  readonly clock: Clock;
  run<Value>(work: Promise<Value>): Promise<Value>;
  unplug(): Promise<void>;
  plugIn(): Promise<void>;
  /** Takes the stand down; the line is closed by its driver. */
  close(): Promise<void>;
}

export function inProcessStand(): LineStand {
  const clock = new VirtualClock(Date.UTC(2026, 10, 21, 4));
  const line = new InProcessLine(clock, { name: "simulated" });
  return {
    line,
    end: line.device(() => undefined),
    clock,
    run: (work) => clock.resolve(work),
    unplug: async () => line.setPluggedIn(false),
    plugIn: async () => line.setPluggedIn(true),
    close: async () => undefined,
  };
}

export async function ttyStand(baudRate: number): Promise<LineStand> {
  const clock = systemClock();
  const folder = mkdtempSync(join(tmpdir(), "ykt-line-"));
  const device = new PtyDevice(join(folder, "device"));
  await device.plugIn();
  const line = openSerialLine({ processes: systemProcesses(), clock, log: SILENT }, eightNoneOne(device.path, baudRate));
  try {
    await line.untilOpen(limits(OPEN_MS));
  } catch (fault) {
    // A line that nobody closes would look for its device for ever.
    await line.close();
    await device.unplug();
    throw fault;
  }
  return {
    line,
    end: device,
    clock,
    run: (work) => work,
    unplug: async () => {
      await device.unplug();
      while (line.state === "open") await clock.sleep(2);
    },
    plugIn: async () => {
      await device.plugIn();
      await line.untilOpen(limits(BACK_MS));
    },
    close: async () => {
      await device.unplug();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
