/* The rule of the benefit year, at both sides of each edge. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fen } from "../../base/fen.ts";
import { benefitYearOf, isNewBenefitYear, totalsAfter } from "./benefit-year.ts";

describe("a new benefit year", () => {
  it.each([
    ["2026", "0101", "20261231", false],
    ["2026", "0101", "20270101", true],
    ["2025", "0401", "20260331", false],
    ["2025", "0401", "20260401", true],
    ["2025", "0401", "20250401", false],
    // A date before the year on the card is no new year: clocks go wrong.
    ["2026", "0101", "20251231", false],
    ["2026", "0101", "19990101", false],
    ["0000", "0101", "20261121", true],
    ["0000", "0000", "20261121", true],
    ["ffff", "ffff", "20261121", true],
    ["2026", "ffff", "20270101", true],
    ["2026", "ffff", "20261231", false],
    ["2026", "0000", "20261231", false],
    // What is not four digits was never written.
    ["2026f", "0101", "20261121", true],
    ["f2026", "0101", "20261121", true],
    ["2026", "1201f", "20270101", true],
    ["2026", "f1201", "20270101", true],
  ])("year %s from %s, on %s: %s", (payYear, startDay, date, expected) => {
    expect(isNewBenefitYear({ payYear, startDay, date })).toBe(expected);
  });

  it.each([
    ["0101", "20260101", "2026"],
    ["0401", "20260331", "2025"],
    ["0401", "20260401", "2026"],
    ["ffff", "20260101", "2026"],
    ["0701", "00010630", "0000"],
  ])("from %s, %s lies in %s", (startDay, date, year) => {
    expect(benefitYearOf({ startDay, date })).toBe(year);
  });

  it("follows exactly when the day lies in a later benefit year than the card's", () => {
    const day = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 })).map(([month, of]) => String(month * 100 + of).padStart(4, "0"));
    const year = fc.integer({ min: 2000, max: 2099 });
    fc.assert(
      fc.property(year, day, year, day, (payYear, startDay, dateYear, dayOfYear) => {
        const date = `${dateYear}${dayOfYear}`;
        expect(isNewBenefitYear({ payYear: String(payYear), startDay, date })).toBe(Number(benefitYearOf({ startDay, date })) > payYear);
      }),
    );
  });

  it("restarts the totals with this sale, and adds to them otherwise", () => {
    const balances = { selfPayTotal: fen(100), pooledTotal: fen(200), payYear: "2026" };
    const sale = { selfPay: fen(7), pooled: fen(9), startDay: "0101" };
    expect(totalsAfter(balances, { ...sale, date: "20261231" })).toEqual({ selfPayTotal: 107, pooledTotal: 209 });
    expect(totalsAfter(balances, { ...sale, date: "20270101" })).toEqual({ selfPayTotal: 7, pooledTotal: 9 });
  });

  it.each(["2026112", "2026-1-1", "", "202611210", "x20261121", "20261121x"])("our own date must be one: %s", (date) => {
    expect(() => isNewBenefitYear({ payYear: "2026", startDay: "0101", date })).toThrow("YYYYMMDD");
    expect(() => benefitYearOf({ startDay: "0101", date })).toThrow("YYYYMMDD");
  });
});
