/* Acts with money or state that callers join, one book for each kind of answer. */
import type { BankOutcome, PurseLoadOutcome, SettlementOutcome } from "../../txn/acquiring/acts.ts";
import type { CardServiceOutcome } from "../../txn/card-services/acts.ts";
import type { ContributionOutcome } from "../../txn/contributions/acts.ts";
import type { QuickPaymentOutcome } from "../../txn/quick-payment/types.ts";
import { JoinedWork } from "./joined.ts";

export interface Works {
  readonly quickPayments: JoinedWork<QuickPaymentOutcome>;
  readonly bank: JoinedWork<BankOutcome>;
  readonly loads: JoinedWork<PurseLoadOutcome>;
  readonly settlements: JoinedWork<SettlementOutcome>;
  readonly contributions: JoinedWork<ContributionOutcome>;
  readonly services: JoinedWork<CardServiceOutcome>;
}

export function openWorks(): Works {
  return {
    quickPayments: new JoinedWork(),
    bank: new JoinedWork(),
    loads: new JoinedWork(),
    settlements: new JoinedWork(),
    contributions: new JoinedWork(),
    services: new JoinedWork(),
  };
}
