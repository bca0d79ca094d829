/* The Newland pad on a real tty: the same suite as in process, and twenty losses. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PtyDevice } from "../../../simulators/line/pty.ts";
import { fromHex } from "../../base/bytes.ts";
import { SILENT } from "../../base/log.ts";
import { systemClock } from "../../system/clock.ts";
import { systemProcesses } from "../../system/processes.ts";
import { limits } from "../contract/bench.ts";
import { pinPadContract } from "../contract/pin-pad-contract.ts";
import { openSerialLine } from "../serial/open.ts";
import { eightNoneOne } from "../serial/options.ts";
import { DEFAULT_NEWLAND_PROFILE } from "./pad.ts";
import { type NewlandStand, newlandBench } from "./testing.ts";

const clock = systemClock();
const BACK_MS = 2_000;

async function ptyStand(): Promise<NewlandStand> {
  const folder = mkdtempSync(join(tmpdir(), "ykt-nl-"));
  const device = new PtyDevice(join(folder, "pad"));
  await device.plugIn();
  const line = openSerialLine({ processes: systemProcesses(), clock, log: SILENT }, eightNoneOne(device.path, 9_600));
  await line.untilOpen(limits(5_000));
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

pinPadContract("Newland pad on a tty", async () => newlandBench(await ptyStand(), { profile: DEFAULT_NEWLAND_PROFILE }));

describe("Newland pad on a tty", () => {
  it("takes a PIN again within two seconds of each of twenty returns", async () => {
    const stand = await ptyStand();
    const under = await newlandBench(stand, { profile: DEFAULT_NEWLAND_PROFILE });
    const request = { accountTail: fromHex("123456789012"), minDigits: 6, maxDigits: 6 };
    for (let round = 0; round < 20; round += 1) {
      under.plan(["right"]);
      await under.unplug?.();
      await under.plugIn?.();
      expect(await under.pad.requestPinBlock(request, limits(5_000))).toMatchObject({ kind: "entered" });
    }
    await under.close();
  }, 60_000);
});
