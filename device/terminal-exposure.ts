/* What a terminal is out with before its settlement host has said that it has it. */
import type { TerminalJournal } from "./txn/journal/journal.ts";
import type { OfflineLease } from "./txn/risk/lease.ts";
import type { Exposure } from "./txn/risk/limits.ts";

/** What this terminal is out with before the settlement host has receipted it, by kind of sale. */
export interface TerminalExposure {
  readonly quickPayment: Exposure;
  readonly medicalPurchase: Exposure;
  readonly offlineMedical: Exposure;
  /** How long it may still sell without the insurer; 0 where it may not. */
  readonly offlineLeaseMs: number;
}

export function exposureOf(journal: Pick<TerminalJournal, "unreceipted">, lease: Pick<OfflineLease, "remainingMs">): TerminalExposure {
  return {
    quickPayment: journal.unreceipted("quick-payment"),
    medicalPurchase: journal.unreceipted("medical-purchase"),
    offlineMedical: journal.unreceipted("offline-medical"),
    offlineLeaseMs: lease.remainingMs(),
  };
}
