/* GPIO through real processes: strict stand-ins for the tools of both versions, which count as simulated. */
import { describe, expect, it } from "vitest";
import { gateContract } from "../contract/gate-contract.ts";
import { DEFAULT_GPIO_PROFILE } from "./gate.ts";
import { gpioProgramBench } from "./testing.ts";

const VERSIONS = ["v1", "v2"] as const;
const BACK_MS = 2_000;

for (const version of VERSIONS)
  gateContract(`GPIO (simulated), stand-in programs of ${version}`, async () => gpioProgramBench(DEFAULT_GPIO_PROFILE, version), ["passages"]);

describe("GPIO (simulated)", () => {
  it.each(VERSIONS)(
    "serves again after each of twenty losses of its chip: %s",
    async (version) => {
      const under = gpioProgramBench({ gpioTool: version }, version);
      for (let round = 0; round < 20; round += 1) {
        await under.unplug?.();
        expect(await under.gate.health(under.answerLimits)).toEqual({ kind: "away" });
        const beganMs = under.clock.monotonicMs();
        await under.plugIn?.();
        expect(await under.gate.health(under.answerLimits)).toEqual({ kind: "well" });
        expect(under.clock.monotonicMs() - beganMs).toBeLessThan(BACK_MS);
      }
      expect(await under.gate.open("entry", under, under.answerLimits)).toBe("timeout");
      await under.close();
    },
    120_000,
  );
});
