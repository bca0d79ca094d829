/* The Digicon board on a real tty: the same suite as in process. */
import { ttyStand } from "../../../simulators/line/testing.ts";
import { gateContract } from "../contract/gate-contract.ts";
import { DEFAULT_DIGICON_PROFILE, DIGICON_BAUD, type DigiconProfile } from "./gate.ts";
import { digiconBench } from "./testing.ts";

const PROFILES: readonly DigiconProfile[] = [DEFAULT_DIGICON_PROFILE, { digiconDirection: "left-to-right" }];

for (const profile of PROFILES) {
  gateContract(`Digicon board on a tty, ${JSON.stringify(profile)}`, async () => digiconBench(await ttyStand(DIGICON_BAUD), { profile }));
}
