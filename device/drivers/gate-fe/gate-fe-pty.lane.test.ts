/* The FE board on a real tty: the same suite as in process. */
import { ttyStand } from "../../../simulators/line/testing.ts";
import { gateContract } from "../contract/gate-contract.ts";
import { DEFAULT_FE_PROFILE, type FeProfile } from "./gate.ts";
import { feBench } from "./testing.ts";

const PROFILES: readonly FeProfile[] = [DEFAULT_FE_PROFILE, { feBaud: 19_200, feStatusQuery: { operation: 0x10, idle: 0 } }];

for (const profile of PROFILES) {
  gateContract(`FE board on a tty, ${JSON.stringify(profile)}`, async () => feBench(await ttyStand(profile.feBaud), { profile }), ["refusal"]);
}
