/* The table of adapter families: one line each. Whoever adds a driver adds a folder and a line. */
import { openDigiconGate } from "./gate-digicon/gate.ts";
import { openFeGate } from "./gate-fe/gate.ts";
import { openGpioGate } from "./gate-gpio/gate.ts";
import { openRelayGate } from "./gate-relay/gate.ts";
import { openPcsc } from "./pcsc/open.ts";

export const ADAPTERS = {
  pcsc: { serves: ["CardReader", "PinVerifier"], speaksTo: "readers of the PC/SC service", open: openPcsc },
  gateFe: { serves: ["Gate"], speaksTo: "tripod boards with frames from FE to AB", open: openFeGate },
  gateDigicon: { serves: ["Gate"], speaksTo: "boards of the Digicon type", open: openDigiconGate },
  gateRelay: { serves: ["Gate"], speaksTo: "relay boards on Modbus RTU", open: openRelayGate },
  gateGpio: { serves: ["Gate"], speaksTo: "GPIO lines of this machine", open: openGpioGate },
} as const;
