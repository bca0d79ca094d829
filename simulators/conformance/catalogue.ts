/* All cases, group by group. A new group is a file of tables and one line here. */
import { AUTHENTICATION_CASES } from "./cases/authentication.ts";
import { ELECTRONIC_CASH_AUTHENTICATION_CASES } from "./cases/electronic-cash-authentication.ts";
import { ELECTRONIC_CASH_CONTACT_CASES } from "./cases/electronic-cash-contact.ts";
import { ELECTRONIC_CASH_DECISION_CASES } from "./cases/electronic-cash-decisions.ts";
import { ELECTRONIC_CASH_EXTENSION_CASES } from "./cases/electronic-cash-extension.ts";
import { ELECTRONIC_CASH_JOURNEY_CASES } from "./cases/electronic-cash-journeys.ts";
import { ELECTRONIC_CASH_SCRIPT_CASES } from "./cases/electronic-cash-scripts.ts";
import { ELECTRONIC_CASH_SELECTION_CASES } from "./cases/electronic-cash-selection.ts";
import { ELECTRONIC_CASH_TORN_CASES } from "./cases/electronic-cash-torn.ts";
import { ELECTRONIC_CASH_TORN_TAP_CASES } from "./cases/electronic-cash-torn-taps.ts";
import { FILE_CASES } from "./cases/files.ts";
import { GREY_LOCK_CASES } from "./cases/grey-lock.ts";
import { IDENTITY_CASES } from "./cases/identity.ts";
import { MEDICAL_PURSE_CASES } from "./cases/medical-purse.ts";
import { MEDICAL_FLOW_CASES } from "./cases/medical-purse-flows.ts";
import { MEDICAL_STATE_CASES } from "./cases/medical-purse-states.ts";
import { MEDICAL_TORN_CASES } from "./cases/medical-purse-torn.ts";
import { PIN_CASES } from "./cases/pin.ts";
import { POWER_CUT_CASES } from "./cases/power-cuts.ts";
import { PURSE_POWER_CUT_CASES } from "./cases/power-cuts-purses.ts";
import { PROOF_CASES } from "./cases/proof.ts";
import { PSAM_CASES } from "./cases/psam.ts";
import { PSAM_SOCIAL_CASES } from "./cases/psam-social.ts";
import { PSAM_TORN_CASES } from "./cases/psam-torn.ts";
import { PURCHASE_CASES } from "./cases/purchase.ts";
import { PURSE_BOOK_CASES } from "./cases/purse-books.ts";
import { PURSE_COMMAND_CASES } from "./cases/purse-commands.ts";
import { PURSE_MAINTENANCE_CASES } from "./cases/purse-maintenance.ts";
import { PURSE_MAINTENANCE_TORN_CASES } from "./cases/purse-maintenance-torn.ts";
import { PURSE_PASSBOOK_CASES } from "./cases/purse-passbook.ts";
import { PURSE_SOCIAL_CARD_CASES } from "./cases/purse-social-card.ts";
import { PURSE_TORN_CASES } from "./cases/purse-torn.ts";
import { QUICK_PAYMENT_CASES } from "./cases/quick-payment.ts";
import { SELECTION_CASES } from "./cases/selection.ts";
import { SOCIAL_FILE_CASES } from "./cases/social-files.ts";
import { SOCIAL_MAINTENANCE_CASES } from "./cases/social-maintenance.ts";
import { SOCIAL_RADIO_CASES } from "./cases/social-radio.ts";
import { SOCIAL_TORN_CASES } from "./cases/social-torn.ts";
import { STORY_CASES } from "./cases/stories.ts";
import { TORN_PURSE_CASES } from "./cases/torn-purses.ts";
import { TORN_TAP_CASES } from "./cases/torn-taps.ts";
import { TRANSIT_ACCOUNT_CASES } from "./cases/transit-accounts.ts";
import { TRANSIT_COMPOUND_CASES } from "./cases/transit-compound.ts";
import { TRANSIT_RIDE_CASES } from "./cases/transit-rides.ts";
import { TRANSPORT_CASES } from "./cases/transport.ts";
import { WRONG_CARD_CASES } from "./cases/wrong-cards.ts";
import type { ConformanceCase } from "./types.ts";

export const CATALOGUE: readonly ConformanceCase[] = [
  ...SELECTION_CASES,
  ...WRONG_CARD_CASES,
  ...FILE_CASES,
  ...AUTHENTICATION_CASES,
  ...PIN_CASES,
  ...IDENTITY_CASES,
  ...SOCIAL_FILE_CASES,
  ...SOCIAL_MAINTENANCE_CASES,
  ...SOCIAL_RADIO_CASES,
  ...SOCIAL_TORN_CASES,
  ...PSAM_CASES,
  ...PSAM_SOCIAL_CASES,
  ...PSAM_TORN_CASES,
  ...MEDICAL_PURSE_CASES,
  ...MEDICAL_STATE_CASES,
  ...MEDICAL_FLOW_CASES,
  ...MEDICAL_TORN_CASES,
  ...ELECTRONIC_CASH_SELECTION_CASES,
  ...ELECTRONIC_CASH_DECISION_CASES,
  ...ELECTRONIC_CASH_AUTHENTICATION_CASES,
  ...ELECTRONIC_CASH_CONTACT_CASES,
  ...ELECTRONIC_CASH_SCRIPT_CASES,
  ...ELECTRONIC_CASH_EXTENSION_CASES,
  ...ELECTRONIC_CASH_JOURNEY_CASES,
  ...PURSE_SOCIAL_CARD_CASES,
  ...ELECTRONIC_CASH_TORN_CASES,
  ...ELECTRONIC_CASH_TORN_TAP_CASES,
  ...PURSE_COMMAND_CASES,
  ...PURSE_BOOK_CASES,
  ...PURCHASE_CASES,
  ...PROOF_CASES,
  ...GREY_LOCK_CASES,
  ...PURSE_MAINTENANCE_CASES,
  ...PURSE_MAINTENANCE_TORN_CASES,
  ...PURSE_PASSBOOK_CASES,
  ...PURSE_TORN_CASES,
  ...TRANSIT_ACCOUNT_CASES,
  ...TRANSIT_COMPOUND_CASES,
  ...TRANSIT_RIDE_CASES,
  ...TRANSPORT_CASES,
  ...QUICK_PAYMENT_CASES,
  ...STORY_CASES,
  ...TORN_TAP_CASES,
  ...TORN_PURSE_CASES,
  ...POWER_CUT_CASES,
  ...PURSE_POWER_CUT_CASES,
];
