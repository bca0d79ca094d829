/* A serial line on a real tty: it serves, loses its device in every way we know, and serves again without a hand. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PtyDevice } from "../../../simulators/line/pty.ts";
import { toHex, utf8 } from "../../base/bytes.ts";
import { SILENT } from "../../base/log.ts";
import { systemClock } from "../../system/clock.ts";
import { systemProcesses } from "../../system/processes.ts";
import { limits } from "../contract/bench.ts";
import { SupervisedLine } from "../framing/supervised-line.ts";
import { openSerialLine } from "./open.ts";
import { eightNoneOne } from "./options.ts";

const clock = systemClock();
const BACK_MS = 2_000;

async function until(what: () => boolean, withinMs = 5_000): Promise<number> {
  const began = clock.monotonicMs();
  while (!what()) {
    if (clock.monotonicMs() - began > withinMs) throw new Error("it did not happen in time");
    await clock.sleep(2);
  }
  return clock.monotonicMs() - began;
}

/** Processor time of a process so far, in ticks of 10 ms. */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

describe("a serial line", () => {
  let folder: string;
  let device: PtyDevice;
  let line: SupervisedLine;
  let heard: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "ykt-pty-"));
    device = new PtyDevice(join(folder, "device"));
    device.onBytes((bytes) => device.write(bytes));
    await device.plugIn();
    const opened = openSerialLine({ processes: systemProcesses(), clock, log: SILENT }, eightNoneOne(device.path, 9_600));
    if (!(opened instanceof SupervisedLine)) throw new Error("the real line is supervised");
    line = opened;
    heard = "";
    line.onBytes((bytes) => {
      heard += toHex(bytes);
    });
    await line.untilOpen(limits(5_000));
  });

  afterEach(async () => {
    await line.close();
    await device.unplug();
    rmSync(folder, { recursive: true, force: true });
  });

  async function echo(text: string): Promise<void> {
    heard = "";
    await line.write(utf8(text), limits(1_000));
    await until(() => heard === toHex(utf8(text)));
  }

  it("carries bytes in both directions", async () => {
    await echo("hello");
    await echo("\u0000\u0011\u0013\r\n");
  });

  it("comes back after each of twenty hang-ups right after an exchange, without spinning", async () => {
    const took: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      await echo(`round ${round}`);
      await device.unplug();
      await until(() => line.state === "away", 1_000);
      const before = ticks(line.pid ?? 0);
      await clock.sleep(100);
      expect(ticks(line.pid ?? 0) - before).toBeLessThan(5);
      await device.plugIn();
      took.push(await until(() => line.state === "open", BACK_MS));
      await echo(`back ${round}`);
    }
    expect(Math.max(...took)).toBeLessThan(BACK_MS);
  }, 60_000);

  it("refuses to write while the device is away, and says that nothing was sent", async () => {
    await device.unplug();
    await until(() => line.state === "away");
    await expect(line.write(utf8("x"), limits(500))).rejects.toMatchObject({ code: "device-gone", effectUnknown: false });
  });

  it("replaces a process that hangs, and serves again", async () => {
    const pid = line.pid;
    process.kill(pid ?? 0, "SIGSTOP");
    await expect(line.write(utf8("x"), limits(300))).rejects.toMatchObject({ code: "timeout", effectUnknown: true });
    await until(() => line.state === "open" && line.pid !== pid);
    await echo("again");
  });

  it("notices a process that hangs while nobody writes", async () => {
    const pid = line.pid;
    process.kill(pid ?? 0, "SIGSTOP");
    await until(() => line.pid !== pid && line.state === "open", 10_000);
    await echo("again");
  }, 20_000);

  it("waits for a device that is not there yet", async () => {
    // The port is held by one line alone.
    await line.close();
    await device.unplug();
    const later = openSerialLine({ processes: systemProcesses(), clock, log: SILENT }, eightNoneOne(device.path, 9_600));
    await expect(later.untilOpen(limits(300))).rejects.toMatchObject({ code: "timeout" });
    await device.plugIn();
    await later.untilOpen(limits(BACK_MS));
    await later.close();
    await expect(later.untilOpen(limits(300))).rejects.toMatchObject({ code: "closed" });
  });
});
