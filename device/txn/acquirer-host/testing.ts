/* One acquirer for tests: everything offered, everything said. */
import type { AcquirerProfile } from "../acquiring/profile.ts";
import { DEFAULT_ACQUIRER } from "./defaults.ts";

export const TEST_ACQUIRER: AcquirerProfile = {
  ...DEFAULT_ACQUIRER,
  terminalNumber: "00000001",
  merchantNumber: "898530100000001",
  tpdu: { destination: "0003", source: "0000" },
  headerHex: "603100310001",
  originalDate: true,
  withdrawalCode: "010000",
  loadCode: "45",
  loadProcessingCode: "600000",
  purseLoad: { type: "0200", code: "40" },
  networkCode: "000",
  securityControl: "2600000000000000",
  trackData: "nibble-d",
  downloads: ["parameters", "ca-keys", "aid-parameters", "exception-list"],
};
