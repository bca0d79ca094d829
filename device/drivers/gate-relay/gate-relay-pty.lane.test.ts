/* A relay board on a real tty: the same suite as in process. */
import { ttyStand } from "../../../simulators/line/testing.ts";
import { gateContract } from "../contract/gate-contract.ts";
import { DEFAULT_RELAY_PROFILE, RELAY_BAUD, type RelayProfile } from "./gate.ts";
import { relayBench } from "./testing.ts";

const PROFILES: readonly RelayProfile[] = [DEFAULT_RELAY_PROFILE, { relayFlash: "softwarePulse" }];

for (const profile of PROFILES) {
  gateContract(`relay board on a tty, ${JSON.stringify(profile)}`, async () => relayBench(await ttyStand(RELAY_BAUD), { profile }), ["passages"]);
}
