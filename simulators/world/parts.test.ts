/* What the world stands on: virtual time, repeatable chance, power. */
import { describe, expect, test } from "vitest";
import { isFault } from "../../device/base/fault.ts";
import { drawFaultPlan, FAULT_KINDS } from "./fault-plan.ts";
import { Power, poweredClock } from "./power.ts";
import { SeededRandomness } from "./seeded-randomness.ts";
import { VirtualClock } from "./virtual-clock.ts";

describe("virtual time", () => {
  test("sleepers wake by due time, then by order of arrival", async () => {
    const clock = new VirtualClock(0);
    const woken: string[] = [];
    const sleep = async (name: string, durationMs: number) => {
      await clock.sleep(durationMs);
      woken.push(name);
    };
    const all = Promise.all([sleep("c", 20), sleep("a", 10), sleep("b", 10), sleep("z", 0)]);
    await clock.resolve(all);
    expect(woken).toEqual(["z", "a", "b", "c"]);
    expect(clock.monotonicMs()).toBe(20);
    expect(clock.pending).toBe(0);
  });
  test("a thousand sleepers in any order wake in time's order", async () => {
    const clock = new VirtualClock(0);
    const draw = new SeededRandomness("heap");
    const seen: number[] = [];
    await clock.resolve(
      Promise.all(
        Array.from({ length: 1000 }, async () => {
          await clock.sleep(draw.between(0, 500));
          seen.push(clock.monotonicMs());
        }),
      ),
    );
    expect(seen).toEqual(seen.toSorted((left, right) => left - right));
  });
  test("a cancelled sleeper rejects at once and is forgotten", async () => {
    const clock = new VirtualClock(0);
    const cancel = new AbortController();
    const sleeping = clock.sleep(1000, cancel.signal).catch((error: unknown) => isFault(error, "cancelled"));
    cancel.abort();
    expect(await sleeping).toBe(true);
    expect(await clock.runUntil(5000)).toBe("idle");
    expect(clock.monotonicMs()).toBe(0);
  });
  test("the wall clock may jump, time itself does not", async () => {
    const clock = new VirtualClock(1000);
    await clock.resolve(clock.sleep(5));
    clock.jumpWall(-600);
    expect([clock.monotonicMs(), clock.wallMs()]).toEqual([5, 405]);
  });
  test("work that will never end is found", async () => {
    const clock = new VirtualClock(0);
    await expect(clock.resolve(new Promise(() => undefined))).rejects.toThrow("nothing will ever happen");
  });
  test("a loop that lets no time pass is found", async () => {
    const clock = new VirtualClock(0);
    const loop = async () => {
      for (;;) await clock.sleep(0);
    };
    void loop();
    await expect(clock.runUntil(1)).rejects.toThrow("time passes");
  });
});

describe("chance", () => {
  test("a seed repeats, a stream of its own does not move the others", () => {
    const [one, two] = [new SeededRandomness("s"), new SeededRandomness("s")];
    two.stream("other").bytes(100);
    expect(one.stream("a").bytes(16)).toEqual(two.stream("a").bytes(16));
    expect(one.stream("a").bytes(16)).not.toEqual(one.stream("b").bytes(16));
  });
  test("draws keep their bounds and reach them", () => {
    const draw = new SeededRandomness("bounds");
    const drawn = new Set(Array.from({ length: 500 }, () => draw.between(3, 6)));
    expect(drawn).toEqual(new Set([3, 4, 5, 6]));
    const fractions = Array.from({ length: 2000 }, () => draw.fraction());
    expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...fractions)).toBeLessThan(1);
    const mean = fractions.reduce((sum, each) => sum + each, 0) / fractions.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
  });
  test("a calm plan strikes no more, and what struck was counted", () => {
    const plan = drawFaultPlan(new SeededRandomness("plan"), ["receipt-lost"]);
    const strikes = Array.from({ length: 200 }, () => plan.strikes("receipt-lost")).filter(Boolean).length;
    expect(strikes).toBeGreaterThan(20);
    expect(plan.counts["receipt-lost"]).toBe(strikes);
    plan.calm();
    expect(FAULT_KINDS.some((kind) => plan.strikes(kind))).toBe(false);
  });
});

describe("power", () => {
  test("after the cut nothing settles any more, and time goes on for the others", async () => {
    const clock = new VirtualClock(0);
    const power = new Power();
    const powered = poweredClock(clock, power);
    const settled: string[] = [];
    void powered.sleep(10).then(() => settled.push("powered"));
    void power.guard(clock.sleep(10)).then(() => settled.push("guarded"));
    void clock.sleep(10).then(() => settled.push("other"));
    await clock.runUntil(5);
    power.cut();
    await clock.runUntil(50);
    expect(settled).toEqual(["other"]);
    expect(clock.pending).toBe(0);
  });
  test("monotonic time begins anew at power-on", async () => {
    const clock = new VirtualClock(0);
    await clock.resolve(clock.sleep(100));
    expect(poweredClock(clock, new Power()).monotonicMs()).toBe(0);
  });
});
