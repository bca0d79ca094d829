/* The Mach Power board on a real tty: the same suite as in process. */
import { ttyStand } from "../../../simulators/line/testing.ts";
import { gateContract } from "../contract/gate-contract.ts";
import { MACH_POWER_BAUD } from "./gate.ts";
import { machPowerBench } from "./testing.ts";

for (const machPowerXor of ["correct", "correctOrPrinted"] as const)
  gateContract(`Mach Power board on a tty, ${machPowerXor}`, async () => machPowerBench(await ttyStand(MACH_POWER_BAUD), { machPowerXor }), [
    "refusal",
    "passages",
  ]);
