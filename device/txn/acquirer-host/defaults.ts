/*
 * What is said of an acquirer that says nothing itself. Where the specification leaves a choice open the default claims least: nothing is offered and
 * nothing is sent that nobody has confirmed. Spec: UnionPay terminal, profile switches.
 */
import type { AcquirerProfile } from "../acquiring/profile.ts";

/** Whatever has a default; who the terminal is, and how its acquirer is addressed, has none. */
export type AcquirerSwitches = Omit<AcquirerProfile, "terminalNumber" | "merchantNumber" | "tpdu" | "headerHex">;

export const DEFAULT_ACQUIRER: AcquirerSwitches = {
  keyScheme: "tdes-40",
  checkValueBytes: 4,
  keyOffset: 0,
  macMethod: "ecb",
  macAppliesTo: "approvals",
  offlineUpload: { type: "0200", accepted: ["00", "94"], tries: 3 },
  reversalTries: 3,
  reversalAfterSettlement: { do: "park" },
  field22: "left",
  originalDate: false,
  partialApproval: false,
  downloads: [],
  replyTimeoutMs: 60_000,
  pinDigits: { min: 4, max: 12 },
  pinFreeFen: 0,
  batchMax: 500,
  electronicCashRoute: "settlement-host",
};
