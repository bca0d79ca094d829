/* Work that goes on by itself, under virtual time. */
import { expect, test } from "vitest";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { Fault } from "../base/fault.ts";
import { SILENT } from "../base/log.ts";
import { Rounds } from "./rounds.ts";

function made(round: (at: number) => Promise<number>, firstRestMs?: number) {
  const clock = new VirtualClock(0);
  const at: number[] = [];
  const rounds = new Rounds({
    clock,
    log: SILENT,
    failedAs: "failed",
    restAfterFaultMs: 500,
    ...(firstRestMs === undefined ? {} : { firstRestMs }),
    round: () => {
      at.push(clock.monotonicMs());
      return round(at.length);
    },
  });
  return { clock, rounds, at };
}

test("a round, a rest as long as it says, the next round", async () => {
  const { clock, rounds, at } = made(async (number) => number * 100);
  rounds.start();
  await clock.runUntil(650);
  expect(at).toEqual([0, 100, 300, 600]);
  await clock.resolve(rounds.stop());
});

test("the first rest comes before the first round", async () => {
  const { clock, rounds, at } = made(async () => 1_000, 250);
  rounds.start();
  await clock.runUntil(1_300);
  expect(at).toEqual([250, 1_250]);
  await clock.resolve(rounds.stop());
});

test("a call ends the rest, and one that comes in the middle of a round is not forgotten", async () => {
  const { clock, rounds, at } = made(async (number) => {
    if (number === 2) {
      rounds.wake();
      await clock.sleep(10);
    }
    return 10_000;
  });
  rounds.start();
  await clock.runUntil(100);
  rounds.wake();
  await clock.runUntil(200);
  expect(at).toEqual([0, 100, 110]);
  await clock.resolve(rounds.stop());
});

test("a round that failed for what the world does costs a rest", async () => {
  const { clock, rounds, at } = made(async (number) => {
    if (number === 1) throw new Fault("store-broken", "no disk", { effectUnknown: true });
    return 10_000;
  });
  rounds.start();
  await clock.runUntil(600);
  expect(at).toEqual([0, 500]);
  await clock.resolve(rounds.stop());
});

test("stopped, it ends with the round under way and begins no other", async () => {
  const { clock, rounds, at } = made(async () => {
    await clock.sleep(50);
    return 0;
  });
  rounds.start();
  await clock.runUntil(20);
  const stopping = rounds.stop();
  let ended = false;
  void stopping.then(() => {
    ended = true;
  });
  await clock.runUntil(40);
  expect(ended).toBe(false);
  await clock.resolve(stopping);
  expect(at).toEqual([0]);
});
