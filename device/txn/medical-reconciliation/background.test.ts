import { describe, expect, test } from "vitest";
import { SILENT } from "../../base/log.ts";
import type { Rounds } from "../rounds.ts";
import { openReconciliationBackground, type ReconciliationSchedule } from "./background.ts";
import { DAY, DAY_MS, ReconcilingCounter } from "./testing.ts";

const HOUR_MS = 3_600_000;
const SCHEDULE: ReconciliationSchedule = { lookEveryMs: HOUR_MS, pauseMaxMs: 6 * HOUR_MS, dayTimeoutMs: 600_000, daysBackMax: 62, operator: "terminal" };

function start(bench: ReconcilingCounter): Rounds {
  const { clock } = bench.counter.ports;
  const background = openReconciliationBackground({ clock, log: SILENT }, bench.reconciliation, SCHEDULE);
  background.start();
  return background;
}

const pending = (bench: ReconcilingCounter) => bench.counter.clock.resolve(bench.reconciliation.pending(62));
const count = (bench: ReconcilingCounter, infno: string) => bench.counter.sent.filter((code) => code === infno).length;

describe("every closed day is compared by itself", () => {
  test("once, also when nothing was sold on it", async () => {
    const bench = await ReconcilingCounter.open();
    await bench.sell("r1");
    const background = start(bench);
    await bench.pass(3 * DAY_MS);
    expect(await pending(bench)).toEqual([]);
    // Noon of the 5th and three days later: the 5th, the 6th and the 7th are closed.
    expect(count(bench, "3201")).toBe(3);
    expect([...bench.folder.files.keys()].filter((name) => name.endsWith(".json"))).toEqual(
      ["05", "06", "07"].map((day) => `reconciliation-2026-01-${day}.json`),
    );
    await bench.counter.clock.resolve(background.stop());
    expect(await bench.reconciliation.last()).toMatchObject({ day: "2026-01-07", state: "equal", operator: "terminal" });
  });

  test("days that the terminal was off are caught up, oldest first", async () => {
    const bench = await ReconcilingCounter.open();
    const planted = await bench.plantAtInsurer("r1");
    await bench.sell("r2");
    await bench.pass(10 * DAY_MS);
    await bench.nextLife();
    const background = start(bench);
    await bench.pass(3 * HOUR_MS);
    expect(await pending(bench)).toEqual([]);
    await bench.counter.clock.resolve(background.stop());
    expect(bench.counter.ledger.settlement(planted.settlementId)?.status).toBe("reversed");
    const report = await bench.counter.clock.resolve(bench.reconciliation.report(DAY, "2026-01-14"));
    expect(report?.days.map(({ day, state }) => [day.slice(8), state])).toEqual([
      ["05", "settled"],
      ...["06", "07", "08", "09", "10", "11", "12", "13", "14"].map((day) => [day, "equal"]),
    ]);
  });

  test("an insurer that is away is asked again, with growing pauses, and the day is not lost", async () => {
    const bench = await ReconcilingCounter.open();
    await bench.sell("r1");
    bench.counter.insurer.faults.absent = true;
    const background = start(bench);
    await bench.pass(DAY_MS);
    expect(await pending(bench)).toEqual([DAY]);
    expect(count(bench, "3201")).toBeLessThan(8);
    bench.counter.insurer.faults.absent = false;
    await bench.pass(7 * HOUR_MS);
    expect(await pending(bench)).toEqual([]);
    await bench.counter.clock.resolve(background.stop());
  });

  test("a terminal that never settled anything asks nobody", async () => {
    const bench = await ReconcilingCounter.open();
    const background = start(bench);
    await bench.pass(3 * DAY_MS);
    await bench.counter.clock.resolve(background.stop());
    expect(bench.counter.sent).toEqual([]);
    expect(await pending(bench)).toEqual([]);
  });

  test("a clock that was a month ahead costs no day", async () => {
    const bench = await ReconcilingCounter.open();
    await bench.sell("r1");
    await bench.closeDay();
    expect(await bench.reconcile()).toMatchObject({ state: "equal" });
    bench.counter.clock.jumpWall(30 * DAY_MS);
    await bench.sell("r2");
    bench.counter.clock.jumpWall(-30 * DAY_MS);
    await bench.sell("r3");
    const background = start(bench);
    await bench.pass(2 * DAY_MS + HOUR_MS);
    await bench.counter.clock.resolve(background.stop());
    expect(await pending(bench)).toEqual([]);
    expect(await bench.reconciliation.last()).toMatchObject({ day: "2026-01-07", state: "equal" });
  });
});
