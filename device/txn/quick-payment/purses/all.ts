/* Every purse that a place can be equipped for. A new purse is a file and a line here. */
import { DEFAULT_CARD_PROFILE } from "../../../codec/card-profile.ts";
import type { PurseKind } from "../../sale-request.ts";
import type { QuickPaymentPorts } from "../ports.ts";
import { compound } from "./compound.ts";
import type { PurseDialogue } from "./dialogue.ts";
import { ePurse } from "./e-purse.ts";
import { electronicCash } from "./electronic-cash.ts";
import { medicalPurse } from "./medical-purse.ts";

/** How this place speaks to a purse; undefined where it has not what the purse needs. */
export function purseDialogue(ports: QuickPaymentPorts, kind: PurseKind): PurseDialogue | undefined {
  const { psam, purse: profile, cardProfile = DEFAULT_CARD_PROFILE } = ports;
  switch (kind) {
    case "e-purse":
      return ePurse({ psam, profile, cardProfile });
    case "compound":
      return compound({ psam, profile, cardProfile, transit: ports.transit });
    case "medical-purse":
      return ports.medicalPurse === undefined ? undefined : medicalPurse({ profile: cardProfile, ...ports.medicalPurse });
    case "electronic-cash":
      return ports.electronicCash === undefined ? undefined : electronicCash({ terminalNumber: psam.terminalNumber, ...ports.electronicCash });
  }
}
