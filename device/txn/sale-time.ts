/*
 * Goal: (terminal, date, time) names one sale for ever, because a card's log knows no finer name.
 * Method: seconds that strictly rise, whatever the wall clock does. The last one is a durable mark, set in the same commit as the
 * intent that uses it, so that neither a restart nor a clock set back can give it out again.
 */
import { assert } from "../base/assert.ts";
import { civilTime } from "../codec/civil-time.ts";
import type { Journal } from "./journal/types.ts";

export const SALE_TIME_MARK = "sale-time";

/** Latest second that still has a four-digit year, so that a broken clock cannot break the format. */
const SECOND_MAX = 253_402_214_399;

export interface SaleTime {
  /** YYYYMMDD, civil time of the terminal. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
  /** To be made durable together with the entry that uses this time. */
  readonly mark: { readonly name: string; readonly value: string };
}

export interface SaleTimes {
  /** A time that was never given out before. Shared by all lanes of a terminal. */
  next(wallMs: number): SaleTime;
}

/** Second of a mark, or undefined when there is none. A mark that is not ours would let times repeat, so it stops the start. */
export function secondOfMark(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const second = Number(value);
  assert(/^\d{1,12}$/.test(value) && second <= SECOND_MAX, "the mark was written by ourselves");
  return second;
}

/** The second of the wall clock, within what the format can say. */
export function wallSecond(wallMs: number): number {
  return Math.min(SECOND_MAX, Math.max(0, Math.floor(wallMs / 1000)));
}

/**
 * The times of one security module, whose number is part of a sale's name: a lane with a module of its own has times of its own, so that the
 * lanes of a station do not drive each other's times ahead of the clock. Faults: those of the journal.
 */
export async function openSaleTimes(journal: Pick<Journal, "mark">, lane?: string): Promise<SaleTimes> {
  const name = lane === undefined ? SALE_TIME_MARK : `${SALE_TIME_MARK}/${lane}`;
  let last = secondOfMark(await journal.mark(name)) ?? -1;
  return {
    next: (wallMs) => {
      last = Math.max(wallSecond(wallMs), last + 1);
      assert(last <= SECOND_MAX, "sale times are left");
      const { date, time } = civilTime(last * 1000);
      return { date, time, mark: { name, value: String(last) } };
    },
  };
}
