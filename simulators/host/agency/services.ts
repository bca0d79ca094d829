/* What the agency serves, by name. Whatever is not here is refused: nothing succeeds by default. Spec: agency/v1, 4. */
import { authorizationResult, blockAuthorization, keyUse, pinAuthorization } from "./authorizations.ts";
import { activate, cardStatus, personDetails, personUpdate, records, statement } from "./card-services.ts";
import { lossReport, lossWithdraw } from "./loss-services.ts";
import { benefits, contributionBills, contributionConfirm } from "./money-services.ts";
import type { ServiceHandler } from "./service.ts";

/** All but `outcome`, which is about requests and not about people. */
export const SERVICES: ReadonlyMap<string, ServiceHandler> = new Map<string, ServiceHandler>([
  ["card-status", cardStatus],
  ["person-details", personDetails],
  ["records", records],
  ["benefits", benefits],
  ["contribution-bills", contributionBills],
  ["statement", statement],
  ["contribution-confirm", contributionConfirm],
  ["activate", activate],
  ["loss-report", lossReport],
  ["loss-withdraw", lossWithdraw],
  ["person-update", personUpdate],
  ["pin-authorization", pinAuthorization],
  ["block-authorization", blockAuthorization],
  ["key-use", keyUse],
  ["authorization-result", authorizationResult],
]);
