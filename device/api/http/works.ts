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

/** `demand` throws for references under which nothing may begin. */
export function openWorks(demand: (reference: string) => Promise<void>): Works {
  return {
    quickPayments: new JoinedWork(demand),
    bank: new JoinedWork(demand),
    loads: new JoinedWork(demand),
    settlements: new JoinedWork(),
    contributions: new JoinedWork(demand),
    services: new JoinedWork(),
  };
}
