/*
 * The benefit year as the card counts it. The card decides by itself at each debit; this is the same rule for display, and for telling
 * beforehand what the totals will be. Spec: LD/T 32.5, 7 (year rule).
 */
import { assert } from "../../base/assert.ts";
import { addFen, type Fen } from "../../base/fen.ts";
import type { MedicalBalances } from "./types.ts";

const YEAR_SHAPE = /^\d{4}$/;
const DATE_SHAPE = /^\d{8}$/;
/** One year in the arithmetic of the rule, which subtracts dates written as numbers. */
const ONE_YEAR = 10_000;

export interface BenefitDay {
  /** Four digits, as on the card; anything else counts as never written. */
  readonly payYear: string;
  /** mmdd, as on the card; anything else counts as January 1st. */
  readonly startDay: string;
  /** YYYYMMDD: the day of the transaction. */
  readonly date: string;
}

/** Whether a transaction on this day is the first of a new benefit year, so that the totals restart with it. Never throws for any text on the card. */
export function isNewBenefitYear({ payYear, startDay, date }: BenefitDay): boolean {
  assert(DATE_SHAPE.test(date), "the date of our own transaction is YYYYMMDD");
  return Number(date) - (yearOf(payYear) * ONE_YEAR + startOf(startDay)) >= ONE_YEAR;
}

/** The benefit year in which a day falls: the calendar year in which that benefit year began. */
export function benefitYearOf({ startDay, date }: Pick<BenefitDay, "startDay" | "date">): string {
  assert(DATE_SHAPE.test(date), "the date of our own transaction is YYYYMMDD");
  const year = Number(date.slice(0, 4));
  return String(Number(date.slice(4)) < startOf(startDay) ? year - 1 : year).padStart(4, "0");
}

/** The yearly totals as they will be after a settlement: added to in the same benefit year, begun anew in the next. */
export function totalsAfter(
  balances: Pick<MedicalBalances, "selfPayTotal" | "pooledTotal" | "payYear">,
  sale: { readonly selfPay: Fen; readonly pooled: Fen; readonly startDay: string; readonly date: string },
): { readonly selfPayTotal: Fen; readonly pooledTotal: Fen } {
  if (isNewBenefitYear({ payYear: balances.payYear, startDay: sale.startDay, date: sale.date })) {
    return { selfPayTotal: sale.selfPay, pooledTotal: sale.pooled };
  }
  return { selfPayTotal: addFen(balances.selfPayTotal, sale.selfPay), pooledTotal: addFen(balances.pooledTotal, sale.pooled) };
}

function yearOf(payYear: string): number {
  return YEAR_SHAPE.test(payYear) ? Number(payYear) : 0;
}

function startOf(startDay: string): number {
  return YEAR_SHAPE.test(startDay) && startDay !== "0000" ? Number(startDay) : 101;
}
