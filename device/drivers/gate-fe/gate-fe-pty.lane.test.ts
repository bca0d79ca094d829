/* FE board on a real tty: the same suite as in process, and twenty losses. */
import { describe, expect, it } from "vitest";
import { BACK_MS, ttyStand } from "../../../simulators/line/testing.ts";
import { gateContract } from "../contract/gate-contract.ts";
import { DEFAULT_FE_PROFILE, type FeProfile } from "./gate.ts";
import { feBench } from "./testing.ts";

const PROFILES: readonly FeProfile[] = [DEFAULT_FE_PROFILE, { feBaud: 19_200, feStatusQuery: { operation: 0x10, idle: 0 } }];

for (const profile of PROFILES)
  gateContract(`FE board on a tty, ${JSON.stringify(profile)}`, async () => feBench(await ttyStand(profile.feBaud), { profile }), ["refusal"]);

describe("FE board on a tty", () => {
  it.each(PROFILES)(
    "serves again within two seconds of each of twenty returns: %j",
    async (profile) => {
      const under = feBench(await ttyStand(profile.feBaud), { profile });
      under.plan("passes");
      const lost: number[] = [];
      for (let round = 0; round < 20; round += 1) {
        await under.unplug?.();
        const beganMs = under.clock.monotonicMs();
        await under.plugIn?.();
        expect(await under.gate.health(under.answerLimits)).toEqual({ kind: "well" });
        lost.push(under.clock.monotonicMs() - beganMs);
        expect(await under.gate.open("entry", under, under.answerLimits)).toBe("passed");
      }
      expect(Math.max(...lost)).toBeLessThan(BACK_MS);
      expect(under.opened()).toHaveLength(20);
      await under.close();
    },
    90_000,
  );
});
