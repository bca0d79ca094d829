/* When a report of loss begins and stops to count at this terminal, by the rule of the place. Spec: card-services/v1, 5. */
import { civilTime, parseCivilTime } from "../../codec/civil-time.ts";
import type { ServiceProfile } from "./profile.ts";

const DAY_MS = 86_400_000;
const SEVEN_DAYS_MS = 7 * DAY_MS;
const WORKING_DAYS = 2;
/** 1970-01-01 was a Thursday. */
const THURSDAY = 4;
/** More days in a row than anybody has off. */
const DAYS_LOOKED_AT_MAX = 60;

export interface LossTimes {
  /** The card counts as lost here from then on; absent: at once. */
  readonly countsFromMs?: number;
  /** Absent: it does not lapse by itself. */
  readonly lapsesMs?: number;
}

export type LossProfile = Pick<ServiceProfile, "tempLossLapse" | "lossStopDelay" | "holidays">;

export function lossTimes(loss: "temporary" | "formal", reportedMs: number, profile: LossProfile): LossTimes {
  const begins = profile.lossStopDelay === "within-24h" ? { countsFromMs: reportedMs + DAY_MS } : {};
  if (loss === "formal") return begins;
  switch (profile.tempLossLapse) {
    case "7-days":
      return { ...begins, lapsesMs: reportedMs + SEVEN_DAYS_MS };
    case "2-working-days":
      return { ...begins, lapsesMs: endOfWorkingDay(reportedMs, profile.holidays) };
    case "none":
      return begins;
  }
}

/** The end of the second working day after the day of the report. */
function endOfWorkingDay(reportedMs: number, holidays: readonly string[]): number {
  let day = startOfDay(reportedMs);
  let worked = 0;
  for (let looked = 0; looked < DAYS_LOOKED_AT_MAX && worked < WORKING_DAYS; looked += 1) {
    day += DAY_MS;
    if (isWorkingDay(day, holidays)) worked += 1;
  }
  return day + DAY_MS;
}

function startOfDay(atMs: number): number {
  const { date } = civilTime(atMs);
  // The day came from a moment, so that it names one.
  return parseCivilTime(`${date}000000`) ?? atMs;
}

function isWorkingDay(startMs: number, holidays: readonly string[]): boolean {
  const { date } = civilTime(startMs);
  // Noon in China falls on the same day in UTC.
  const weekday = (Math.floor((startMs + DAY_MS / 2) / DAY_MS) + THURSDAY) % 7;
  return weekday !== 0 && weekday !== 6 && !holidays.includes(date);
}

/** What the holder is told of the rule. */
export function lossRuleWord(loss: "temporary" | "formal", { tempLossLapse }: LossProfile): string {
  if (loss === "formal") return "until-withdrawn";
  return { "7-days": "168-hours", "2-working-days": "2-working-days", none: "until-withdrawn" }[tempLossLapse];
}
