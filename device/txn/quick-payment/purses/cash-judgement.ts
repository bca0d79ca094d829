/* What the records and the signature of a bank card mean for its sale, in the flow's own words. */
import type { Authentication, AuthenticationFailure } from "../../../card/electronic-cash/authentication.ts";
import { restrictionsOf, sharesCurrency } from "../../../card/electronic-cash/restrictions.ts";
import type { CardData, CashReason, CashTerminal } from "../../../card/electronic-cash/types.ts";
import type { DayRange } from "../../../codec/civil-time.ts";
import type { Reason } from "../types.ts";

/** Only a signature that covers this very sale is a proof; one over fixed data could be copied. */
export function isProved(authentication: Authentication): boolean {
  return authentication.kind === "verified" && authentication.method === "dynamic";
}

/** Why the card's own records keep it from paying here on these days. Spec: JR/T 0025, processing restrictions. */
export function restrictedBy(data: CardData, terminal: CashTerminal, days: string | DayRange): Reason | undefined {
  const restriction = restrictionsOf(data, terminal, days).find(({ reason }) => reason !== undefined)?.reason;
  if (restriction !== undefined) return restrictionReason(restriction);
  return sharesCurrency(data, terminal) ? undefined : "card-declined";
}

function restrictionReason(reason: CashReason): Reason {
  return reason === "expired" || reason === "not-yet-valid" ? reason : "usage-not-allowed";
}

/** "key-missing": a terminal with more keys could have taken this card. */
export function authenticationReason(failure: AuthenticationFailure): Reason {
  if (failure === "authority-unknown" || failure === "authority-expired") return "key-missing";
  return failure === "not-offered" ? "authentication-impossible" : "authentication-failed";
}
