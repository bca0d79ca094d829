/* A customer's display on a real tty: the same suite as in process, and twenty losses. */
import { describe, expect, it } from "vitest";
import { BACK_MS, ttyStand } from "../../../simulators/line/testing.ts";
import { fen } from "../../base/fen.ts";
import { limits } from "../contract/bench.ts";
import { displayContract } from "../contract/display-contract.ts";
import { displayBench } from "./testing.ts";

const BAUD_RATE = 2_400;

displayContract("LED8 on a tty", async () => displayBench(await ttyStand(BAUD_RATE)));

describe("LED8 on a tty", () => {
  it("shows again within two seconds of each of twenty returns", async () => {
    const under = displayBench(await ttyStand(BAUD_RATE));
    const took: number[] = [];
    for (let round = 1; round <= 20; round += 1) {
      await under.unplug?.();
      const beganMs = under.clock.monotonicMs();
      await under.plugIn?.();
      await under.display.show("total", fen(round), limits(2_000));
      while (under.shown().lamp !== "total" && under.clock.monotonicMs() - beganMs < BACK_MS) await under.clock.sleep(2);
      took.push(under.clock.monotonicMs() - beganMs);
      await under.clock.sleep(20);
      expect(under.shown()).toEqual({ text: `0.${String(round).padStart(2, "0")}`, lamp: "total" });
    }
    expect(Math.max(...took)).toBeLessThan(BACK_MS);
    expect(under.mistakes()).toEqual([]);
    await under.close();
  }, 90_000);
});
