/*
 * Hours of the week as a sheet: one cell for each minute of each kind of day, which holds the number of the row that governs it. The same
 * sheet shows gaps and overlaps when a table is checked, and answers in one look when it is used.
 */
import { DAY_KINDS, type DayKind, type WeekHours } from "./types.ts";

const DAY_MINUTES = 1440;

/** Hours that hold always. */
export const ALWAYS: WeekHours = { days: DAY_KINDS, hours: [{ from: 0, to: DAY_MINUTES }] };

/** Minute of the day as people write it; the end of the day is 24:00. */
export function clockText(minute: number): string {
  const [hours, minutes] = [Math.floor(minute / 60), minute % 60];
  return `${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
}

/** A day YYYYMMDD as people write it. */
export function dayText(day: string): string {
  return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
}

/** The first minute for which two rows claim to hold. */
export interface Clash {
  readonly day: DayKind;
  readonly minute: number;
  /** The row that was there first. */
  readonly with: number;
}

export class WeekSheet {
  /** Row numbers from 1; 0: no row. */
  readonly #cells = new Uint16Array(DAY_KINDS.length * DAY_MINUTES);

  /** Puts a row (counted from 0) on its hours. What is taken stays as it was, and the first such minute is told. */
  enter(row: number, { days, hours }: WeekHours): Clash | undefined {
    let clash: Clash | undefined;
    for (const day of days)
      for (const { from, to } of hours)
        for (let minute = from; minute < to; minute += 1) {
          const earlier = this.rowAt(day, minute);
          if (earlier === undefined) this.#cells[cell(day, minute)] = row + 1;
          else clash ??= { day, minute, with: earlier };
        }
    return clash;
  }

  /** The row that holds then, counted from 0. */
  rowAt(day: DayKind, minute: number): number | undefined {
    const entered = this.#cells[cell(day, minute)] ?? 0;
    return entered === 0 ? undefined : entered - 1;
  }

  /** Ranges of one day for which there is no row. */
  gaps(day: DayKind): readonly { readonly from: number; readonly to: number }[] {
    const gaps: { from: number; to: number }[] = [];
    for (let minute = 0; minute < DAY_MINUTES; minute += 1) {
      if (this.rowAt(day, minute) !== undefined) continue;
      const last = gaps.at(-1);
      if (last?.to === minute) last.to = minute + 1;
      else gaps.push({ from: minute, to: minute + 1 });
    }
    return gaps;
  }
}

function cell(day: DayKind, minute: number): number {
  return DAY_KINDS.indexOf(day) * DAY_MINUTES + minute;
}
