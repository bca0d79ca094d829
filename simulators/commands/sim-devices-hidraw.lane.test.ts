/* `sim --devices` with devices behind HID nodes: the real binding opens them by the printed configuration, and meets plugs and hangs. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { utf8 } from "../../device/base/bytes.ts";
import { fen } from "../../device/base/fen.ts";
import { limits } from "../../device/drivers/contract/bench.ts";
import { hidrawObstacle } from "../hid/hidraw.ts";
import { enters, loadKey, Simulators, START_LIMIT_MS, type Told, untilAway, untilThere, untilWell } from "./testing/device-table.ts";

const obstacle = hidrawObstacle();
const PIN = "830274";
/** Longer than one report takes. */
const LONG_CODE = "0123456789".repeat(12);

describe.skipIf(obstacle !== undefined)(`HID devices of sim${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  let sim: Simulators;
  let told: readonly Told[];

  beforeAll(async () => {
    sim = new Simulators(["--devices", "pad-02h-hid,scanner-hid,keypad-hid", "--pin", PIN]);
    told = await sim.ready();
  }, START_LIMIT_MS);

  afterEach(() => sim.closeDevices());

  afterAll(async () => {
    expect(await sim.quit()).toBe(0);
    expect(told.filter(({ path }) => existsSync(dirname(dirname(path))))).toEqual([]);
    expect(sim.said.join("\n")).not.toContain(PIN);
  }, START_LIMIT_MS);

  it("pad-02h-hid: a PIN block, a plug that is pulled, a hang, garbled and slow answers", async () => {
    const pad = await sim.device("pinPad", "pad-02h-hid");
    await loadKey(pad);
    expect(await enters(pad, PIN)).toBe(true);
    await sim.does("pad-02h-hid unplug");
    await untilAway(pad);
    await sim.does("pad-02h-hid plug");
    await untilThere(pad);
    expect(await enters(pad, PIN)).toBe(true);
    for (const bad of ["hang", "fault garbled", "fault late=1500"]) {
      await sim.does(`pad-02h-hid ${bad}`);
      expect(await pad.health(limits(2_500))).toEqual({ kind: "broken", why: "timeout" });
      await sim.does(bad === "hang" ? "pad-02h-hid release" : "pad-02h-hid fault none");
      await untilWell(pad);
    }
    await sim.does("pad-02h-hid fault slow=5,pieces=10");
    await untilWell(pad);
  }, 60_000);

  it("scanner-hid: codes of one report and of several, a plug that is pulled, a hang", async () => {
    const scanner = await sim.device("scanner", "scanner-hid");
    const session = scanner.openSession();
    const scanned = async () => Buffer.from((await session.next(limits(3_000))).data).toString("latin1");
    await sim.does("scanner-hid scan 6901234567892");
    expect(await scanned()).toBe("6901234567892");
    await sim.does("scanner-hid fault late=50,slow=20");
    await sim.does(`scanner-hid scan ${LONG_CODE}`);
    expect(await scanned()).toBe(LONG_CODE);
    await sim.does("scanner-hid fault none");
    await sim.does("scanner-hid unplug");
    await untilAway(scanner);
    await sim.does("scanner-hid plug");
    await untilThere(scanner);
    await sim.does("scanner-hid fault late=200");
    await sim.does("scanner-hid scan 12");
    await sim.does("scanner-hid hang");
    await expect(session.next(limits(500))).rejects.toMatchObject({ code: "timeout" });
    await sim.does("scanner-hid release");
    expect(await session.next(limits(3_000))).toEqual({ data: utf8("12"), symbology: "]Q1" });
    await sim.does("scanner-hid fault none");
    await sim.does("scanner-hid fault garbled");
    await sim.does("scanner-hid scan 12");
    expect(await scanned()).toBe("02");
    session.close();
  }, 60_000);

  it("keypad-hid: amounts, keys that overlap, a plug that is pulled in the middle of one", async () => {
    const keypad = await sim.device("keypad", "keypad-hid");
    const read = () => keypad.readAmount({ typed: "yuan", amountMax: fen(999_999) }, limits(5_000));
    for (const faults of ["none", "overlaps,roll-over", "late=100"]) {
      await sim.does(`keypad-hid fault ${faults}`);
      const reading = read();
      await sim.does("keypad-hid press 1 2 . 5 enter");
      expect(await reading).toEqual({ kind: "entered", amount: 1_250 });
    }
    await sim.does("keypad-hid fault none");
    const torn = read();
    await sim.does("keypad-hid press 9 9");
    await sim.does("keypad-hid unplug");
    await untilAway(keypad);
    await sim.does("keypad-hid plug");
    await untilThere(keypad);
    await sim.does("keypad-hid press 3 enter");
    expect(await torn).toEqual({ kind: "entered", amount: 300 });
  }, 60_000);
});
