/* Moments as the agency writes and reads them, in its own zone, and the rules by which a temporary loss lapses. Spec: agency/v1, 2. */
import { CHINA_OFFSET_MS, civilTime } from "../../../device/codec/civil-time.ts";
import type { LapseRule } from "./words.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** 1 January 1970 was a Thursday. */
const THURSDAY = 4;
const SATURDAY = 6;
const SUNDAY = 0;

export function moment(epochMs: number): string {
  return `${civilTime(epochMs).iso.replace(" ", "T")}.${String(epochMs % 1000).padStart(3, "0")}+08:00`;
}

/** Milliseconds since 1970 UTC, or undefined. */
export function readMoment(text: unknown): number | undefined {
  const epochMs = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return Number.isSafeInteger(epochMs) && epochMs >= 0 ? epochMs : undefined;
}

export function dateOf(epochMs: number): string {
  return civilTime(epochMs).date;
}

function weekday(localDay: number): number {
  return (localDay + THURSDAY) % 7;
}

/** End of the second working day behind the day of the report; weekends are none, and of holidays nothing is known here. */
function afterTwoWorkingDays(reportedMs: number): number {
  let day = Math.floor((reportedMs + CHINA_OFFSET_MS) / DAY_MS);
  for (let working = 0; working < 2; ) {
    day += 1;
    if (weekday(day) !== SATURDAY && weekday(day) !== SUNDAY) working += 1;
  }
  return (day + 1) * DAY_MS - CHINA_OFFSET_MS;
}

/** When a temporary loss is over by itself; undefined: never. */
export function lapsesAt(rule: LapseRule, reportedMs: number): number | undefined {
  switch (rule) {
    case "168-hours":
      return reportedMs + 168 * HOUR_MS;
    case "2-working-days":
      return afterTwoWorkingDays(reportedMs);
    case "none":
      return undefined;
  }
}
