/* relay board on a real tty: the same suite as in process, and twenty losses. */
import { describe, expect, it } from "vitest";
import { BACK_MS, ttyStand } from "../../../simulators/line/testing.ts";
import { gateContract } from "../contract/gate-contract.ts";
import { DEFAULT_RELAY_PROFILE, RELAY_BAUD, type RelayProfile } from "./gate.ts";
import { relayBench } from "./testing.ts";

const PROFILES: readonly RelayProfile[] = [DEFAULT_RELAY_PROFILE, { relayFlash: "softwarePulse" }];

for (const profile of PROFILES)
  gateContract(`relay board on a tty, ${JSON.stringify(profile)}`, async () => relayBench(await ttyStand(RELAY_BAUD), { profile }), ["passages"]);

describe("relay board on a tty", () => {
  it.each(PROFILES)(
    "serves again within two seconds of each of twenty returns: %j",
    async (profile) => {
      const under = relayBench(await ttyStand(RELAY_BAUD), { profile });
      under.plan("passes");
      const lost: number[] = [];
      for (let round = 0; round < 20; round += 1) {
        await under.unplug?.();
        const beganMs = under.clock.monotonicMs();
        await under.plugIn?.();
        expect(await under.gate.health(under.answerLimits)).toEqual({ kind: "well" });
        lost.push(under.clock.monotonicMs() - beganMs);
        expect(await under.gate.open("entry", under, under.answerLimits)).toBe("timeout");
      }
      expect(Math.max(...lost)).toBeLessThan(BACK_MS);
      expect(under.opened()).toHaveLength(20);
      await under.close();
    },
    90_000,
  );
});
