/* The benefit year of the medical purse: totals grow within it and begin anew with the first purchase after it. Spec: LD/T 32.7, 12. */
import { type Bytes, toHex } from "../../../device/base/bytes.ts";
import type { MedicalPurseMemory } from "./state.ts";

const TOTAL_MAX = 0xffff_ffff;
/** One year in numbers of the form YYYYMMDD. */
const YEAR_SPAN = 10_000;
const DAYS_OF_MONTH: readonly number[] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function isBcd(bytes: Bytes): boolean {
  return /^\d*$/.test(toHex(bytes));
}

/** Two bytes MMDD that name a day of some year. */
export function isMonthAndDay(bytes: Bytes): boolean {
  const digits = toHex(bytes);
  if (!/^\d{4}$/.test(digits)) return false;
  const days = DAYS_OF_MONTH[Number(digits.slice(0, 2)) - 1] ?? 0;
  const day = Number(digits.slice(2));
  return day >= 1 && day <= days;
}

type Totals = Pick<MedicalPurseMemory, "payYear" | "selfPayTotalFen" | "pooledTotalFen">;

/**
 * Year and totals after a purchase on `date` (4 bytes BCD). A date before the year counts as in it, as the rule's subtraction has it. The new
 * year is the one in which the date lies, counted from the start day. Undefined when a total would no longer fit four bytes.
 */
export function totalsAfter(
  memory: Totals & Pick<MedicalPurseMemory, "startDay">,
  purchase: { readonly date: Bytes; readonly selfPayFen: number; readonly pooledFen: number },
): Totals | undefined {
  const date = Number(toHex(purchase.date));
  const startDay = Number(memory.startDay);
  const distance = date - (Number(memory.payYear) * YEAR_SPAN + startDay);
  const { selfPayFen, pooledFen } = purchase;
  if (distance >= YEAR_SPAN) {
    const year = Math.floor(date / YEAR_SPAN) - (date % YEAR_SPAN < startDay ? 1 : 0);
    return { payYear: String(year).padStart(4, "0"), selfPayTotalFen: selfPayFen, pooledTotalFen: pooledFen };
  }
  const selfPayTotalFen = memory.selfPayTotalFen + selfPayFen;
  const pooledTotalFen = memory.pooledTotalFen + pooledFen;
  if (selfPayTotalFen > TOTAL_MAX || pooledTotalFen > TOTAL_MAX) return undefined;
  return { payYear: memory.payYear, selfPayTotalFen, pooledTotalFen };
}
