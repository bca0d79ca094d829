/* What is out without a receipt, as people are shown it: how much, for how long, and how near its deadline is. Pure. */
import type { Age, Figures } from "./sale-book.ts";

const DAY_MS = 86_400_000;
/** Electronic cash that is handed in later than this may not be paid out any more: the acquirers' rule. */
const DEADLINE_DAYS = 10;

/** "age-unknown": it stems from before a restart, and nobody has said the time since. */
export type ExposureAlarm = "day-1" | "day-7" | "day-9" | "overdue" | "age-unknown";

export interface ExposureView {
  readonly count: number;
  readonly sumFen: number;
  /** Of the oldest sale, at most; absent where nothing waits or nobody knows. */
  readonly oldestAgeMs?: number;
  /** Whole days until the oldest must be with the host; 0 on the last day and after it. */
  readonly daysLeft?: number;
  readonly alarm?: ExposureAlarm;
}

const ALARMS: readonly (readonly [days: number, alarm: ExposureAlarm])[] = [
  [DEADLINE_DAYS, "overdue"],
  [9, "day-9"],
  [7, "day-7"],
  [1, "day-1"],
];

export function exposureView({ count, sumFen, oldestAge }: Figures): ExposureView {
  return { count, sumFen, ...ageView(oldestAge) };
}

function ageView(age: Age | undefined): Omit<ExposureView, "count" | "sumFen"> {
  if (age === undefined) return {};
  if (age === "unknown") return { alarm: "age-unknown" };
  const alarm = ALARMS.find(([days]) => age >= days * DAY_MS)?.[1];
  const daysLeft = Math.max(0, Math.floor((DEADLINE_DAYS * DAY_MS - age) / DAY_MS));
  return { oldestAgeMs: age, daysLeft, ...(alarm === undefined ? {} : { alarm }) };
}
