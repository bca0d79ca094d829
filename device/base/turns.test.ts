import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { type Turn, Turns } from "./turns.ts";

const within = (timeoutMs: number, signal = new AbortController().signal) => ({ timeoutMs, signal });
const kindOf = (turn: Turn) => (turn.kind === "taken" ? "taken" : turn.reason);
const giveBack = (turn: Turn | undefined) => {
  if (turn?.kind === "taken") turn.giveBack();
};

describe("turns", () => {
  it("are given at once while there are any, then in the order of coming", async () => {
    const clock = new VirtualClock(0);
    const turns = new Turns(clock, { atOnce: 1, waiting: 2 });
    const first = await clock.resolve(turns.take(within(10)));
    const order: string[] = [];
    const later = ["second", "third"].map((name) =>
      turns.take(within(1_000)).then((turn) => {
        order.push(`${name} ${kindOf(turn)}`);
        giveBack(turn);
      }),
    );
    expect(kindOf(await clock.resolve(turns.take(within(1_000))))).toBe("queue-full");
    giveBack(first);
    giveBack(first);
    await clock.resolve(Promise.all(later));
    expect(order).toEqual(["second taken", "third taken"]);
    expect(turns.takeNow()).toBeDefined();
    expect(turns.takeNow()).toBeUndefined();
  });

  it("are waited for no longer than the time given, and not by who went away", async () => {
    const clock = new VirtualClock(0);
    const turns = new Turns(clock, { atOnce: 1, waiting: 8 });
    const held = await clock.resolve(turns.take(within(10)));
    const stop = new AbortController();
    const gone = turns.take(within(1_000, stop.signal));
    const late = turns.take(within(50));
    const patient = turns.take(within(1_000));
    stop.abort();
    const startMs = clock.monotonicMs();
    expect([kindOf(await clock.resolve(gone)), kindOf(await clock.resolve(late)), clock.monotonicMs() - startMs]).toEqual(["cancelled", "timeout", 50]);
    giveBack(held);
    expect(kindOf(await clock.resolve(patient))).toBe("taken");
    expect(kindOf(await turns.take(within(10, stop.signal)))).toBe("cancelled");
  });

  it("end for those who wait and those who come when it is closed", async () => {
    const clock = new VirtualClock(0);
    const turns = new Turns(clock, { atOnce: 1, waiting: 8 });
    const held = turns.takeNow();
    const waiting = turns.take(within(1_000));
    turns.close();
    expect([kindOf(await clock.resolve(waiting)), kindOf(await turns.take(within(1_000)))]).toEqual(["closed", "closed"]);
    held?.();
    expect(turns.takeNow()).toBeUndefined();
  });

  it("never exceed their number and are never lost, whatever comes and goes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ atMs: fc.nat(100), holdMs: fc.nat(60), patienceMs: fc.nat(80) }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (visits, atOnce) => {
          const clock = new VirtualClock(0);
          const turns = new Turns(clock, { atOnce, waiting: 6 });
          let [inside, most] = [0, 0];
          const visit = async ({ atMs, holdMs, patienceMs }: { readonly atMs: number; readonly holdMs: number; readonly patienceMs: number }) => {
            await clock.sleep(atMs);
            const turn = await turns.take(within(patienceMs));
            if (turn.kind === "none") return;
            inside += 1;
            most = Math.max(most, inside);
            await clock.sleep(holdMs);
            inside -= 1;
            turn.giveBack();
          };
          await clock.resolve(Promise.all(visits.map(visit)));
          expect(most).toBeLessThanOrEqual(atOnce);
          expect(Array.from({ length: atOnce + 1 }, () => turns.takeNow() !== undefined).filter(Boolean)).toHaveLength(atOnce);
        },
      ),
      { numRuns: 200 },
    );
  });
});
