/*
 * Goal: every closed day is compared without anybody's asking, missed days too. Method: a look every now and then; the days that are not
 * done are compared one after the other, oldest first, and a day that cannot be compared now is tried again with a growing pause.
 */
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import { Rounds } from "../rounds.ts";
import type { Reconciliation } from "./reconcile.ts";

export interface ReconciliationSchedule {
  /** Between two looks at the calendar, and before the first one. */
  readonly lookEveryMs: number;
  /** Longest pause after days that could not be compared. */
  readonly pauseMaxMs: number;
  /** One day. */
  readonly dayTimeoutMs: number;
  /** How far missed days reach back. */
  readonly daysBackMax: number;
  /** Who did it, in records and reports. */
  readonly operator: string;
}

export function openReconciliationBackground(
  ports: { readonly clock: Clock; readonly log: Log },
  reconciliation: Pick<Reconciliation, "run" | "pending">,
  schedule: ReconciliationSchedule,
): Rounds {
  const { lookEveryMs, pauseMaxMs } = schedule;
  let pauseMs = lookEveryMs;
  return new Rounds({
    ...ports,
    failedAs: "day-not-reconciled",
    restAfterFaultMs: pauseMaxMs,
    firstRestMs: lookEveryMs,
    round: async (signal) => {
      pauseMs = (await comparePending(reconciliation, schedule, signal)) ? lookEveryMs : Math.min(pauseMaxMs, pauseMs * 2);
      return pauseMs;
    },
  });
}

/** Each day once; true when none is left to be tried again. */
async function comparePending(
  reconciliation: Pick<Reconciliation, "run" | "pending">,
  { daysBackMax, dayTimeoutMs, operator }: ReconciliationSchedule,
  signal: AbortSignal,
): Promise<boolean> {
  let isWell = true;
  for (const day of await reconciliation.pending(daysBackMax)) {
    if (signal.aborted) return true;
    const result = await reconciliation.run(day, { operator }, { timeoutMs: dayTimeoutMs, signal });
    isWell &&= result.kind === "reconciled" && result.state !== "incomplete";
  }
  return isWell;
}
