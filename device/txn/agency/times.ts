/* Moments on the wire to the agency: date, time with milliseconds, zone. Spec: agency/v1, 2. */
import { civilTime, parseCivilTime } from "../../codec/civil-time.ts";

const ZONE = "+08:00";
const SHAPE = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})\.(\d{3})(?:(Z)|([+-])(\d{2}):([0-5]\d))$/;
const MINUTE_MS = 60_000;
const OFFSET_MINUTES_MAX = 14 * 60;

/** A moment in milliseconds since 1970 UTC as `2026-11-22T20:15:00.000+08:00`. */
export function writeMoment(epochMs: number): string {
  const whole = Math.floor(epochMs);
  return `${civilTime(whole).iso.replace(" ", "T")}.${String(((whole % 1000) + 1000) % 1000).padStart(3, "0")}${ZONE}`;
}

/** Milliseconds since 1970 UTC, or undefined when the text names no such moment. Never throws. */
export function parseMoment(text: unknown): number | undefined {
  const shape = typeof text === "string" ? SHAPE.exec(text) : null;
  if (shape === null) return undefined;
  const [, date = "", time = "", millis = "", utc, sign, hours = "0", minutes = "0"] = shape;
  const offset = utc === "Z" ? 0 : (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  if (Math.abs(offset) > OFFSET_MINUTES_MAX) return undefined;
  const seconds = parseCivilTime(`${date} ${time}`, offset * MINUTE_MS);
  return seconds === undefined ? undefined : seconds + Number(millis);
}
