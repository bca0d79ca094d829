/* All cases, group by group. A new group is a file of tables and one line here. */
import { AUTHENTICATION_CASES } from "./cases/authentication.ts";
import { FILE_CASES } from "./cases/files.ts";
import { IDENTITY_CASES } from "./cases/identity.ts";
import { PIN_CASES } from "./cases/pin.ts";
import { POWER_CUT_CASES } from "./cases/power-cuts.ts";
import { PROOF_CASES } from "./cases/proof.ts";
import { PSAM_CASES } from "./cases/psam.ts";
import { PURCHASE_CASES } from "./cases/purchase.ts";
import { PURSE_BOOK_CASES } from "./cases/purse-books.ts";
import { PURSE_COMMAND_CASES } from "./cases/purse-commands.ts";
import { QUICK_PAYMENT_CASES } from "./cases/quick-payment.ts";
import { SELECTION_CASES } from "./cases/selection.ts";
import { STORY_CASES } from "./cases/stories.ts";
import { TORN_TAP_CASES } from "./cases/torn-taps.ts";
import { TRANSPORT_CASES } from "./cases/transport.ts";
import type { ConformanceCase } from "./types.ts";

export const CATALOGUE: readonly ConformanceCase[] = [
  ...SELECTION_CASES,
  ...FILE_CASES,
  ...AUTHENTICATION_CASES,
  ...PIN_CASES,
  ...IDENTITY_CASES,
  ...PSAM_CASES,
  ...PURSE_COMMAND_CASES,
  ...PURSE_BOOK_CASES,
  ...PURCHASE_CASES,
  ...PROOF_CASES,
  ...TRANSPORT_CASES,
  ...QUICK_PAYMENT_CASES,
  ...STORY_CASES,
  ...TORN_TAP_CASES,
  ...POWER_CUT_CASES,
];
