import { expect, test } from "vitest";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type Fen, fen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import type { CustomerDisplay, DisplayedAmount, Signal, SignalLamp } from "../../drivers/peripherals.ts";
import { LanePrompter } from "./prompter.ts";

function stand(tellMs = 1) {
  const clock = new VirtualClock(0);
  const heard: string[] = [];
  const tell = async (what: string, signal: AbortSignal) => {
    await clock.sleep(tellMs, signal);
    heard.push(what);
  };
  const device = { name: "simulated", health: () => Promise.resolve({ kind: "well" } as const), close: () => Promise.resolve() };
  const lamp: SignalLamp = { ...device, signal: (signal: Signal, limits) => tell(signal, limits.signal) };
  const display: CustomerDisplay = {
    ...device,
    show: (what: DisplayedAmount, amount: Fen, limits) => tell(`${what} ${amount}`, limits.signal),
    clear: (limits) => tell("clear", limits.signal),
  };
  return { clock, heard, prompter: new LanePrompter({ clock, log: SILENT, lamp, display }), pass: (ms: number) => clock.runUntil(clock.monotonicMs() + ms) };
}

test("the fare stands first and the balance after it, until the lane says something else", async () => {
  const { heard, prompter, pass } = stand();
  prompter.tell({ what: "go", fare: fen(300), balanceAfter: fen(700) });
  await pass(1_000);
  expect(heard).toEqual(["accepted", "total 300"]);
  await pass(1_000);
  expect(heard).toEqual(["accepted", "total 300", "balance 700"]);
  prompter.tell({ what: "ready" });
  await pass(100);
  expect(heard.slice(3)).toEqual(["idle", "clear"]);
});

test("the next word takes the place of a balance that was not shown yet", async () => {
  const { heard, prompter, pass } = stand();
  prompter.tell({ what: "go", fare: fen(300), balanceAfter: fen(700) });
  await pass(100);
  prompter.tell({ what: "refused", reason: "pass-back" });
  await pass(5_000);
  expect(heard).toEqual(["accepted", "total 300", "refused", "clear"]);
});

test("whoever passes again is told the balance alone", async () => {
  const { heard, prompter, pass } = stand();
  prompter.tell({ what: "go-again", balanceAfter: fen(700) });
  await pass(100);
  expect(heard).toEqual(["accepted", "balance 700"]);
});

test("what the lamp was not told when a card comes is not told any more", async () => {
  const { heard, prompter, pass } = stand(500);
  prompter.tell({ what: "refused", reason: "pass-back" });
  prompter.tell({ what: "ready" });
  prompter.hush();
  await pass(5_000);
  expect(heard.filter((word) => word !== "clear")).toEqual(["refused"]);
});

test("a lane that is closed says nothing any more, and waits for nobody", async () => {
  const { clock, heard, prompter } = stand(60_000);
  prompter.tell({ what: "go", fare: fen(300), balanceAfter: fen(700) });
  await clock.resolve(prompter.close());
  expect(clock.monotonicMs()).toBeLessThan(60_000);
  expect(heard).toEqual([]);
});
