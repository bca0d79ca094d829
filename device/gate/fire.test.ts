/* A fire opens the locks by itself, with the driver alive or dead; what a driver sees of it is told to every lane. */
import { describe, expect, test } from "vitest";
import type { FireLoop } from "../../simulators/gate/fire-loop.ts";
import { SimulatedRelayBoard } from "../../simulators/gate/relay-board.ts";
import { InProcessLine } from "../../simulators/line/in-process.ts";
import { inProcessStand } from "../../simulators/line/testing.ts";
import { type GateBench, limits } from "../drivers/contract/bench.ts";
import { DEFAULT_GPIO_PROFILE } from "../drivers/gate-gpio/gate.ts";
import { gpioBench } from "../drivers/gate-gpio/testing.ts";
import { machPowerBench } from "../drivers/gate-mach-power/testing.ts";
import { DEFAULT_RELAY_PROFILE, openRelayGate } from "../drivers/gate-relay/gate.ts";
import { relayBench } from "../drivers/gate-relay/testing.ts";
import { Station } from "../txn/gate/testing/station.ts";

interface Wired {
  readonly bench: GateBench;
  readonly loop: FireLoop;
}

function relay(): Wired {
  const bench = relayBench(inProcessStand(), { profile: DEFAULT_RELAY_PROFILE });
  return { bench, loop: bench.simulated.fireLoop };
}

function machPower(): Wired {
  const bench = machPowerBench(inProcessStand(), { machPowerXor: "correct" });
  return { bench, loop: bench.simulated.fireLoop };
}

function gpio(): Wired {
  const bench = gpioBench(DEFAULT_GPIO_PROFILE, "v2");
  return { bench, loop: bench.tools.fireLoop };
}

function isOpen(bench: GateBench): boolean | undefined {
  return bench.isOpen?.();
}

describe.each([
  ["relay board", relay],
  ["Mach Power board", machPower],
  ["GPIO line", gpio],
] as const)("%s", (_, wired) => {
  test("the lock opens with the loop while its driver is dead and its line is out, and holds again with the loop", async () => {
    const { bench, loop } = wired();
    await bench.unplug?.();
    await bench.run(bench.gate.close());
    expect(isOpen(bench)).toBe(false);
    loop.set(true);
    expect(isOpen(bench)).toBe(true);
    await bench.run(bench.clock.sleep(60_000));
    expect(isOpen(bench)).toBe(true);
    loop.set(false);
    expect(isOpen(bench)).toBe(false);
  });

  test("no word of a living driver shuts it while the loop is open", async () => {
    const { bench, loop } = wired();
    loop.set(true);
    await bench.run(bench.gate.open("entry", { passageTimeoutMs: bench.passageTimeoutMs }, bench.answerLimits));
    expect(isOpen(bench)).toBe(true);
    await bench.close();
    expect(isOpen(bench)).toBe(true);
  });
});

/** A relay board with the panel's contact on input 3. */
function boardWithInput() {
  const { clock } = new Station();
  const line = new InProcessLine(clock, { name: "relay" });
  const board = new SimulatedRelayBoard({ clock, settings: { unit: 1, relayFlash: "waveshare0200", fireInput: 3 } });
  board.attach(line.device(() => undefined));
  const gate = openRelayGate(line, { clock, profile: DEFAULT_RELAY_PROFILE, unit: 1, coils: { entry: 0, exit: 1 }, pulseMs: 500, fireInput: 3 });
  return { clock, line, board, gate };
}

describe("the relay board's input", () => {
  test("has current while all is well, so that a cut wire looks like a fire", async () => {
    const { clock, board, gate } = boardWithInput();
    const sees = () => clock.resolve(gate.fire?.fire(limits(1_000)) ?? Promise.reject(new Error("it is wired")));
    expect(await sees()).toBe(false);
    board.fireLoop.set(true);
    expect(await sees()).toBe(true);
    await clock.resolve(gate.close());
  });

  test("without the board there is no answer, which is a fault and no fire", async () => {
    const { clock, line, gate } = boardWithInput();
    line.setPluggedIn(false);
    await expect(clock.resolve(gate.fire?.fire(limits(1_000)) ?? Promise.resolve(true))).rejects.toMatchObject({ name: "Fault" });
    await clock.resolve(gate.close());
  });

  test("is not there where none is wired", () => {
    const { clock, line } = boardWithInput();
    const gate = openRelayGate(line, { clock, profile: DEFAULT_RELAY_PROFILE, unit: 1, coils: { entry: 0, exit: 1 }, pulseMs: 500 });
    expect(gate.fire).toBeUndefined();
  });
});

test("what an input saw last counts while it is silent: nobody takes the release back then", async () => {
  const at = new Station({ lanes: [{ name: "a" }, { name: "b", direction: "exit" }] });
  await at.switchOn();
  const { gate } = at.lane("a");
  gate.fireLoop.set(true);
  await at.pass(1_000);
  gate.setFireInput("silent");
  gate.fireLoop.set(false);
  await at.pass(2_000);
  await at.clock.resolve(at.gates.serve());
  expect(at.gates.lanes.map(({ state }) => state)).toEqual(["released", "released"]);
  gate.setFireInput("answers");
  await at.pass(2_000);
  await at.clock.resolve(at.gates.serve());
  await at.pass(1_000);
  expect(at.gates.lanes.map(({ state }) => state)).toEqual(["serving", "serving"]);
});
