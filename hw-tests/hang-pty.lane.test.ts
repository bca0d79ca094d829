/* A call of the serial binding that never returns: it ends at its deadline, its line heals, and the shop beside it goes on selling. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SILENT } from "../device/base/log.ts";
import { limits } from "../device/drivers/contract/bench.ts";
import type { ByteLine } from "../device/drivers/framing/lines.ts";
import { DEFAULT_FE_PROFILE } from "../device/drivers/gate-fe/gate.ts";
import { type FeUnderTest, feBench } from "../device/drivers/gate-fe/testing.ts";
import { openSerialLine } from "../device/drivers/serial/open.ts";
import { eightNoneOne } from "../device/drivers/serial/options.ts";
import { systemClock } from "../device/system/clock.ts";
import { PtyDevice } from "../simulators/line/pty.ts";
import { Hangs, hangObstacle, ShopBeside } from "./benches/preload.ts";

const obstacle = hangObstacle();
const clock = systemClock();
const DEADLINE_MS = 800;
const SLACK_MS = 500;
const BACK_MS = 2_000;
/** A process that takes longer to open its device is replaced. */
const OPEN_MAX_MS = 5_000;

/** A gate whose line is served by a process in which calls may hang. */
async function hangingGate(hangs: Hangs): Promise<FeUnderTest & { readonly line: ByteLine }> {
  const folder = mkdtempSync(join(tmpdir(), "ykt-hang-line-"));
  const device = new PtyDevice(join(folder, "device"));
  await device.plugIn();
  const line = openSerialLine({ processes: hangs.processes(), clock, log: SILENT }, eightNoneOne(device.path, DEFAULT_FE_PROFILE.feBaud));
  await line.untilOpen(limits(5_000));
  const stand = {
    line,
    end: device,
    clock,
    run: <Value>(work: Promise<Value>) => work,
    unplug: () => device.unplug(),
    plugIn: () => device.plugIn(),
    close: async () => {
      await device.unplug();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return { ...feBench(stand, { profile: DEFAULT_FE_PROFILE }), line };
}

describe.skipIf(obstacle !== undefined)(`a call of a serial line that never returns${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`, () => {
  let beside: ShopBeside;
  beforeAll(async () => {
    beside = await ShopBeside.open();
  });
  afterAll(() => beside.close());

  it.each(["tcdrain", "tty-write"] as const)("%s", async (call) => {
    const hangs = new Hangs();
    const under = await hangingGate(hangs);
    under.plan("passes");
    expect(await under.gate.open("entry", { passageTimeoutMs: 500 }, under.answerLimits)).toBe("passed");

    hangs.arm(call);
    const beganMs = clock.monotonicMs();
    const opened = under.gate.open("entry", { passageTimeoutMs: 500 }, limits(DEADLINE_MS)).catch((error: unknown) => error);
    await hangs.untilHung(call);
    expect(await beside.sellDuring(call, opened)).toMatchObject({ code: "timeout", effectUnknown: true });
    expect(clock.monotonicMs() - beganMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
    hangs.disarm(call);

    const healedMs = clock.monotonicMs();
    let health = await under.gate.health(limits(BACK_MS));
    while (health.kind !== "well" && clock.monotonicMs() - healedMs < BACK_MS) {
      await clock.sleep(10);
      health = await under.gate.health(limits(BACK_MS));
    }
    expect(health).toEqual({ kind: "well" });
    expect(clock.monotonicMs() - healedMs).toBeLessThan(BACK_MS);
    expect(await under.gate.open("entry", { passageTimeoutMs: 500 }, under.answerLimits)).toBe("passed");
    await under.close();
    hangs.close();
  });

  it("open, when the device comes back", async () => {
    const hangs = new Hangs();
    const under = await hangingGate(hangs);
    under.plan("passes");
    await under.unplug?.();
    hangs.arm("open-device");
    await under.plugIn?.();
    await hangs.untilHung("open-device");
    const opened = under.gate.open("entry", { passageTimeoutMs: 500 }, limits(DEADLINE_MS)).catch((error: unknown) => error);
    expect(await beside.sellDuring("open", Promise.all([opened, clock.sleep(DEADLINE_MS)]))).toMatchObject([
      { code: "device-gone", effectUnknown: false },
      undefined,
    ]);
    hangs.disarm("open-device");
    await under.line.untilOpen(limits(OPEN_MAX_MS + BACK_MS));
    expect(await under.gate.open("entry", { passageTimeoutMs: 500 }, under.answerLimits)).toBe("passed");
    await under.close();
    hangs.close();
  });
});
