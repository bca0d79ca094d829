/* What every clock must do. `run` lets the clock's time pass: nothing to do for a real clock, the pump for a virtual one. */
import { describe, expect, it } from "vitest";
import type { Clock } from "../ports.ts";

export interface ClockBench {
  readonly clock: Clock;
  run<Value>(work: Promise<Value>): Promise<Value>;
}

export function clockContract(name: string, makeBench: () => ClockBench): void {
  describe(`Clock: ${name}`, () => {
    it("sleeps at least as long as it was told", async () => {
      const { clock, run } = makeBench();
      const start = clock.monotonicMs();
      await run(clock.sleep(20));
      expect(clock.monotonicMs() - start).toBeGreaterThanOrEqual(20);
    });

    it("never runs back", async () => {
      const { clock, run } = makeBench();
      let last = clock.monotonicMs();
      for (let round = 0; round < 5; round += 1) {
        await run(clock.sleep(1));
        const now = clock.monotonicMs();
        expect(now).toBeGreaterThanOrEqual(last);
        last = now;
      }
    });

    it("wakes sleepers in the order of their times", async () => {
      const { clock, run } = makeBench();
      const order: string[] = [];
      await run(Promise.all([clock.sleep(30).then(() => order.push("late")), clock.sleep(5).then(() => order.push("soon"))]));
      expect(order).toEqual(["soon", "late"]);
    });

    it("rejects a sleep as soon as it is cancelled", async () => {
      const { clock, run } = makeBench();
      const stop = new AbortController();
      const sleeping = clock.sleep(3_600_000, stop.signal);
      sleeping.catch(() => undefined);
      stop.abort();
      await expect(run(sleeping)).rejects.toMatchObject({ code: "cancelled", effectUnknown: false });
    });

    it("rejects a sleep that was cancelled before it began", async () => {
      const { clock, run } = makeBench();
      const sleeping = clock.sleep(3_600_000, AbortSignal.abort());
      sleeping.catch(() => undefined);
      await expect(run(sleeping)).rejects.toMatchObject({ code: "cancelled" });
    });

    it("does not mind a cancellation after the sleep", async () => {
      const { clock, run } = makeBench();
      const stop = new AbortController();
      await run(clock.sleep(1, stop.signal));
      stop.abort();
      await run(clock.sleep(1));
    });

    it("tells the wall time in milliseconds since 1970", () => {
      const { clock } = makeBench();
      expect(clock.wallMs()).toBeGreaterThan(1_500_000_000_000);
    });
  });
}
