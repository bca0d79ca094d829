/* GPIO through real processes: strict stand-ins for the tools of both versions, which count as simulated. */
import { gateContract } from "../contract/gate-contract.ts";
import { DEFAULT_GPIO_PROFILE } from "./gate.ts";
import { gpioProgramBench } from "./testing.ts";

const VERSIONS = ["v1", "v2"] as const;

for (const version of VERSIONS)
  gateContract(`GPIO (simulated), stand-in programs of ${version}`, async () => gpioProgramBench(DEFAULT_GPIO_PROFILE, version), ["passages"]);
