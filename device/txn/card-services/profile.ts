/*
 * What differs from place to place in services of the card, as named switches. The defaults promise little: what a region has not said it
 * offers is refused with the office that does it. Spec: card-services/v1, 2.
 */
export interface ServiceProfile {
  /** How the social function is activated (启用). "agency-only": not here. */
  readonly activationMode: "agency-only" | "host-call" | "initial-pin" | "at-issue";
  /** When a temporary loss lapses by itself. Deviation: whether seven days are calendar days is open; 168 hours from the report here. */
  readonly tempLossLapse: "7-days" | "2-working-days" | "none";
  /** How soon a report stops the card at this terminal. */
  readonly lossStopDelay: "at-once" | "within-24h";
  /** Days on which nobody works besides Saturday and Sunday, YYYYMMDD. */
  readonly holidays: readonly string[];
  readonly pinResetAtTerminal: "off" | "authorised-post";
  readonly lossCalls: "off" | "temporary" | "temporary-and-formal";
  readonly lossWithdrawal: "off" | "host-call";
  readonly detailChange: "off" | "host-call";
  readonly libraryHost: "none" | "connected";
  readonly contributionHost: "none" | "connected";
  readonly examFeeHost: "none" | "connected";
  readonly benefitHost: "none" | "connected";
  readonly cashWithdrawal: "off" | "on";
  readonly purseLoad: "off" | "on";
  readonly cardEqualsIdCard: "within-hrss" | "also-elsewhere" | "no";
  /** Whether settlements of work injuries have a receiver here; its name stands in the medical profile. */
  readonly workInjury: "none" | "connected";
  /** Whether the account on the card may pay treatment by the card alone: "card-flags": where the card itself allows it (DF04 EF05 8F, EF06 90). */
  readonly offlineMedicalCard: "off" | "card-flags";
  /** How an identity statement names the card. */
  readonly statementCard: "keyed-hash" | "number";
}

export const DEFAULT_SERVICE_PROFILE: ServiceProfile = {
  activationMode: "agency-only",
  tempLossLapse: "7-days",
  lossStopDelay: "at-once",
  holidays: [],
  pinResetAtTerminal: "off",
  lossCalls: "temporary",
  lossWithdrawal: "off",
  detailChange: "off",
  libraryHost: "none",
  contributionHost: "none",
  examFeeHost: "none",
  benefitHost: "none",
  cashWithdrawal: "off",
  purseLoad: "off",
  cardEqualsIdCard: "within-hrss",
  workInjury: "none",
  offlineMedicalCard: "off",
  statementCard: "keyed-hash",
};
