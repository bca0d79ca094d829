/* Days of the calendar in China time, yyyy-MM-dd. */
import { civilTime, parseCivilTime } from "../../codec/civil-time.ts";

const DAY_MS = 86_400_000;

/** The day of a moment. */
export function dayAt(wallMs: number): string {
  return civilTime(wallMs).iso.slice(0, 10);
}

/** The moment at which a day begins; undefined when the text names none. */
export function startOf(day: string): number | undefined {
  return /^\d{4}-\d{2}-\d{2}$/.test(day) ? parseCivilTime(`${day} 00:00:00`) : undefined;
}

/** `count` days later, or earlier where it is below zero. The day is one of the calendar. */
export function dayAfter(day: string, count: number): string {
  return dayAt((startOf(day) ?? 0) + count * DAY_MS);
}

/** All days from..to, oldest first; undefined where they name none or more than `limit`. */
export function daysBetween(from: string, to: string, limit: number): readonly string[] | undefined {
  const [fromMs, toMs] = [startOf(from), startOf(to)];
  if (fromMs === undefined || toMs === undefined || toMs < fromMs || (toMs - fromMs) / DAY_MS >= limit) return undefined;
  return Array.from({ length: Math.round((toMs - fromMs) / DAY_MS) + 1 }, (_, index) => dayAt(fromMs + index * DAY_MS));
}
