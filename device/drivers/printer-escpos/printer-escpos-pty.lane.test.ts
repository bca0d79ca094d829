/* An ESC/POS printer on a real tty: the same suite as in process, and twenty losses. */
import { describe, expect, it } from "vitest";
import { BACK_MS, ttyStand } from "../../../simulators/line/testing.ts";
import { limits } from "../contract/bench.ts";
import { printerContract } from "../contract/printer-contract.ts";
import { printerBench } from "./testing.ts";

const BAUD_RATE = 9_600;

printerContract("ESC/POS on a tty", async () => printerBench(await ttyStand(BAUD_RATE)));
printerContract("ESC/POS on a tty, asked in its turn", async () => printerBench(await ttyStand(BAUD_RATE), { profile: { slipEnd: "in-turn" } }));

describe("ESC/POS on a tty", () => {
  it("prints again within two seconds of each of twenty returns", async () => {
    const under = printerBench(await ttyStand(BAUD_RATE));
    const took: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      await under.unplug?.();
      const beganMs = under.clock.monotonicMs();
      await under.plugIn?.();
      expect(await under.printer.print([{ kind: "text", text: `第${round}张` }], limits(5_000))).toEqual({ kind: "printed" });
      took.push(under.clock.monotonicMs() - beganMs);
    }
    expect(Math.max(...took)).toBeLessThan(BACK_MS);
    expect(under.lines()).toEqual(Array.from({ length: 20 }, (_, round) => `第${round}张`));
    await under.close();
  }, 90_000);
});
