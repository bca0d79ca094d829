/*
 * Reconciliation as others see it: a closed day is compared with the insurer's books row by row, what differs is named in words, and what was
 * done about it stands beside it. Nothing is put right by guessing. Spec: FSI, 3201; FSI, 3202.
 */
import type { Limits } from "../../base/ports.ts";

/** Money of one row or one group, in fen; negative where a refund is a row of its own. */
export interface StatementSums {
  readonly totalFen: number;
  readonly fundFen: number;
  readonly accountFen: number;
}

/** One group of the insurer's totals. Spec: FSI, 3201. */
export interface GroupName {
  readonly insuranceType: string;
  readonly clearingType: string;
  readonly locality: "local" | "same-province" | "cross-province";
  readonly agency: string;
}

export interface GroupView extends GroupName {
  /** What this terminal holds: bookings and refunds together. */
  readonly own: StatementSums;
  readonly ownCount: number;
  /** What the insurer said of these totals. */
  readonly verdict: "equal" | "insurer-more" | "institution-more" | "differs" | "refused" | "silent";
  /** The insurer's own words, cleaned. */
  readonly message?: string;
}

/** What a row that is not equal on both sides is. Stable words. */
export type DifferenceClass =
  /** Both hold it, with other amounts. */
  | "amount-differs"
  /** Booked here; the insurer does not know it. */
  | "ours-only"
  /** Booked here; the insurer holds it on another day. Not a loss. */
  | "other-day"
  /** Booked here and at the insurer; only the statement left it out. Not a loss. */
  | "held-by-insurer"
  /** Held as booked here; the insurer has taken it back. */
  | "voided-at-insurer"
  /** Taken back here; the insurer holds it as booked. */
  | "void-not-at-insurer"
  /** The insurer has booked it; here the same message ended without a booking. */
  | "one-sided-at-insurer"
  /** The insurer holds two settlements of one message, of which one is booked here. */
  | "booked-twice"
  /** The insurer has booked it under a message number of this terminal that no record here knows. */
  | "unknown-message"
  /** Another terminal of the same institution, by its serial lane. */
  | "other-terminal"
  /** Not made by any terminal of this institution. */
  | "foreign"
  /** The insurer's totals differ, and no row says why. */
  | "totals-only"
  /** The insurer has not said enough to compare; it is asked again. */
  | "not-compared";

/** What was done about a difference. Stable words. */
export type DifferenceAct =
  | "none"
  /** 2601 was sent and the insurer no longer holds it. */
  | "reversed"
  /** 2601 was sent; the insurer still holds it, or has not said. It is sent again with the next run. */
  | "reversal-open"
  /** The insurer's void was taken over into this journal. */
  | "void-imported"
  /** Left to people, who see it in the report. */
  | "left-to-people";

export interface DifferenceView {
  readonly kind: DifferenceClass;
  readonly act: DifferenceAct;
  readonly msgid: string;
  readonly settlementId: string;
  /** Masked. */
  readonly person: string;
  /** yyyy-MM-dd HH:mm:ss, "" where nobody has told. */
  readonly time: string;
  readonly reference?: string;
  readonly own?: StatementSums;
  readonly insurer?: StatementSums;
  readonly note?: string;
}

/** A settlement or a void whose outcome is not known yet: shown, and never a difference. */
export interface OpenView {
  readonly reference: string;
  readonly msgid: string;
  readonly kind: "settlement" | "void";
  readonly time: string;
  readonly amountFen: number;
}

/**
 * "equal": both sides agree to the fen. "settled": they agree after what was done. "differs": something is left to people or still to be done.
 * "incomplete": the insurer did not answer or could not be read; it is asked again.
 */
export type DayState = "equal" | "settled" | "differs" | "incomplete";

export interface DayView {
  /** yyyy-MM-dd, China time. */
  readonly day: string;
  readonly state: DayState;
  readonly groups: readonly GroupView[];
  readonly differences: readonly DifferenceView[];
  readonly open: readonly OpenView[];
  /** Lines of the insurer's statement that could not be read, without personal data. */
  readonly unreadable: readonly string[];
  readonly operator: string;
  /** When it was compared, China time. */
  readonly at: string;
  /** Why it is incomplete; stable words. */
  readonly reason?: string;
}

export type ReconciliationResult =
  | ({ readonly kind: "reconciled" } & DayView)
  /** Nothing was compared. "day-not-closed": today, or within the grace after midnight. */
  | { readonly kind: "refused"; readonly reason: "day-malformed" | "day-not-closed" | "in-progress" };

export interface ReconciliationReport {
  readonly from: string;
  readonly to: string;
  readonly days: readonly DayView[];
  /** Days of the range that were never compared. */
  readonly missing: readonly string[];
  /** A whole page, in Chinese and English. */
  readonly html: string;
  /** RFC 4180 with a byte order mark. Spec: RFC 4180, 2. */
  readonly csv: string;
}

export interface ReconciliationActs {
  /** Compares one closed day, again where it was compared before. Faults: those of the journal and of the storage. */
  run(day: string, act: { readonly operator: string }, limits: Limits): Promise<ReconciliationResult>;
  /** Report over the days from..to (yyyy-MM-dd, at most 366); undefined where the range is malformed. Faults: those of the storage. */
  report(from: string, to: string): Promise<ReconciliationReport | undefined>;
  /** The latest day that was compared. Faults: those of the journal and of the storage. */
  last(): Promise<DayView | undefined>;
}
