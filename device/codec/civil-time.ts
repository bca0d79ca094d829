/*
 * Civil date and time of a place with a fixed offset, by arithmetic alone. The method counts days in years that begin in March, so that
 * the leap day is the last day of its year. China has one offset and no summer time.
 */
import { assert } from "../base/assert.ts";

/** +08:00. */
export const CHINA_OFFSET_MS = 28_800_000;

const DAY_MS = 86_400_000;
const SECOND_MS = 1000;
/** Days from 0000-03-01 to 1970-01-01. */
const DAYS_TO_EPOCH = 719_468;
const DAYS_OF_400_YEARS = 146_097;

/** One moment in the forms that cards, hosts and people use. Milliseconds are dropped, never rounded up. */
export interface CivilTime {
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
  /** yyyy-MM-dd HH:mm:ss. */
  readonly iso: string;
  /** yyyyMMddHHmmss. */
  readonly compact: string;
}

/** Days between which it is now, YYYYMMDD each; the same where nobody doubts it. What ends is judged by the latest, what begins by the earliest. */
export interface DayRange {
  readonly earliest: string;
  readonly latest: string;
}

/** A day that nobody doubts is both ends of its range. */
export function dayRange(today: string | DayRange): DayRange {
  return typeof today === "string" ? { earliest: today, latest: today } : today;
}

interface CivilDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

/** Day of the civil calendar, `days` after 1970-01-01. */
function civilDay(days: number): CivilDay {
  const shifted = days + DAYS_TO_EPOCH;
  const era = Math.floor(shifted / DAYS_OF_400_YEARS);
  const dayOfEra = shifted - era * DAYS_OF_400_YEARS;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1 };
}

function daysSinceEpoch({ year, month, day }: CivilDay): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_OF_400_YEARS + dayOfEra - DAYS_TO_EPOCH;
}

/** Civil time of a moment in milliseconds since 1970 UTC. Years 0000 to 9999 only; a clock beyond them is broken and asserted. */
export function civilTime(epochMs: number, offsetMs: number = CHINA_OFFSET_MS): CivilTime {
  const localMs = Math.floor(epochMs) + offsetMs;
  const days = Math.floor(localMs / DAY_MS);
  const seconds = Math.floor((localMs - days * DAY_MS) / SECOND_MS);
  const { year, month, day } = civilDay(days);
  assert(year >= 0 && year <= 9999, "the year has four digits");
  const [yyyy, mm, dd] = [digits(year, 4), digits(month, 2), digits(day, 2)];
  const [hours, minutes, rest] = [digits(Math.floor(seconds / 3600), 2), digits(Math.floor(seconds / 60) % 60, 2), digits(seconds % 60, 2)];
  const date = `${yyyy}${mm}${dd}`;
  const time = `${hours}${minutes}${rest}`;
  return { date, time, iso: `${yyyy}-${mm}-${dd} ${hours}:${minutes}:${rest}`, compact: `${date}${time}` };
}

/** Whether eight digits YYYYMMDD name a day of the calendar; the year 0000 does not. */
export function isCivilDate(date: string): boolean {
  const shape = /^(\d{4})(\d{2})(\d{2})$/.exec(date);
  if (shape === null) return false;
  const [year, month, day] = [Number(shape[1]), Number(shape[2]), Number(shape[3])];
  // A month or a day that does not exist counts on into another month.
  return year >= 1 && civilDay(daysSinceEpoch({ year, month, day })).month === month;
}

/** Whether six digits HHMMSS name a second of the day; leap seconds do not exist here. */
export function isCivilTimeOfDay(time: string): boolean {
  return /^(?:[01]\d|2[0-3])[0-5]\d[0-5]\d$/.test(time);
}

const SHAPE = /^(\d{4})-?(\d{2})-?(\d{2}) ?(\d{2}):?(\d{2}):?(\d{2})$/;

/**
 * Milliseconds since 1970 UTC of civil time as `yyyyMMddHHmmss` or `yyyy-MM-dd HH:mm:ss`, or undefined when the text names no such moment.
 * Never throws.
 */
export function parseCivilTime(text: string, offsetMs: number = CHINA_OFFSET_MS): number | undefined {
  const shape = SHAPE.exec(text);
  if (shape === null) return undefined;
  const [, year = "", month = "", day = "", hours = "", minutes = "", seconds = ""] = shape;
  if (!isCivilDate(year + month + day) || !isCivilTimeOfDay(hours + minutes + seconds)) return undefined;
  const days = daysSinceEpoch({ year: Number(year), month: Number(month), day: Number(day) });
  const epochMs = days * DAY_MS + (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * SECOND_MS - offsetMs;
  const civil = civilTime(epochMs, offsetMs);
  // The pattern lets separators come and go one by one; only the two spellings themselves are taken.
  return text === civil.compact || text === civil.iso ? epochMs : undefined;
}
