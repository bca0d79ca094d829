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
  readonly lapseWhileOffline: "keep-refusing" | "accept-after-lapse";
  /** Days on which nobody works besides Saturday and Sunday, YYYYMMDD. */
  readonly holidays: readonly string[];
  readonly pinResetAtTerminal: "off" | "authorised-post";
  readonly lossCalls: "off" | "temporary" | "temporary-and-formal";
  readonly lossWithdrawal: "off" | "host-call";
  readonly detailChange: "off" | "host-call";
  readonly offlineMedicalCard: "off" | "by-card-flags";
  readonly specialDiseaseCrossRegion: "excluded" | "allowed";
  readonly filingRequired: { readonly sameProvince: boolean; readonly otherProvince: boolean };
  readonly fareDiscount: "none" | "as-transit-card" | "own";
  readonly merchantDiscount: "none" | "table";
  readonly libraryHost: "none" | "connected";
  readonly libraryDeposit: "free" | "required";
  readonly quickPaymentKind: "electronic-cash" | "e-purse" | "both" | "by-card";
  readonly contributionHost: "none" | "connected";
  readonly examFeeHost: "none" | "connected";
  readonly benefitHost: "none" | "connected";
  /** Schools, utilities and others who send bills. */
  readonly feeHost: "none" | "connected";
  readonly bankActivationCheck: "none" | "by-bank-reply";
  readonly cashWithdrawal: "off" | "on";
  readonly purseLoad: "off" | "on";
  readonly cardEqualsIdCard: "within-hrss" | "also-elsewhere" | "no";
  readonly invalidListLevels: readonly ("national" | "province" | "city")[];
  /** Whether settlements of work injuries have a receiver here; its name stands in the medical profile. */
  readonly workInjury: "none" | "connected";
  /** Banks whose cards are bank cards of this city, by the leading digits of their numbers; empty: any. */
  readonly partnerBanks: readonly string[];
  /** How an identity statement names the card. */
  readonly statementCard: "keyed-hash" | "number";
}

export const DEFAULT_SERVICE_PROFILE: ServiceProfile = {
  activationMode: "agency-only",
  tempLossLapse: "7-days",
  lossStopDelay: "at-once",
  lapseWhileOffline: "keep-refusing",
  holidays: [],
  pinResetAtTerminal: "off",
  lossCalls: "temporary",
  lossWithdrawal: "off",
  detailChange: "off",
  offlineMedicalCard: "off",
  specialDiseaseCrossRegion: "excluded",
  filingRequired: { sameProvince: true, otherProvince: true },
  fareDiscount: "none",
  merchantDiscount: "none",
  libraryHost: "none",
  libraryDeposit: "free",
  quickPaymentKind: "by-card",
  contributionHost: "none",
  examFeeHost: "none",
  benefitHost: "none",
  feeHost: "none",
  bankActivationCheck: "by-bank-reply",
  cashWithdrawal: "off",
  purseLoad: "off",
  cardEqualsIdCard: "within-hrss",
  workInjury: "none",
  invalidListLevels: ["national", "province", "city"],
  partnerBanks: [],
  statementCard: "keyed-hash",
};
