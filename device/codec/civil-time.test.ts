import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHINA_OFFSET_MS, civilTime, isCivilDate, isCivilTimeOfDay, parseCivilTime } from "./civil-time.ts";

const MOMENTS: readonly (readonly [epochMs: number, iso: string])[] = [
  [0, "1970-01-01 08:00:00"],
  [-1, "1970-01-01 07:59:59"],
  [-28_800_000, "1970-01-01 00:00:00"],
  [-28_800_001, "1969-12-31 23:59:59"],
  [999, "1970-01-01 08:00:00"],
  [1000, "1970-01-01 08:00:01"],
  [1_709_135_999_000, "2024-02-28 23:59:59"],
  [1_709_136_000_000, "2024-02-29 00:00:00"],
  [1_709_222_400_000, "2024-03-01 00:00:00"],
  [1_767_196_799_000, "2025-12-31 23:59:59"],
  [1_767_196_800_000, "2026-01-01 00:00:00"],
];

describe("civilTime", () => {
  it.each(MOMENTS)("%d is %s", (epochMs, iso) => {
    const civil = civilTime(epochMs);
    expect(civil.iso).toBe(iso);
    const compact = iso.replaceAll(/[- :]/g, "");
    expect(civil).toEqual({ iso, compact, date: compact.slice(0, 8), time: compact.slice(8) });
    expect(parseCivilTime(iso)).toBe(Math.floor(epochMs / 1000) * 1000);
    expect(parseCivilTime(compact)).toBe(Math.floor(epochMs / 1000) * 1000);
  });

  it("agrees with Date over all years of four digits", () => {
    const [from, to] = [-62_104_060_800_000, Date.UTC(9999, 11, 31)];
    fc.assert(
      fc.property(fc.integer({ min: from, max: to }), fc.constantFrom(0, CHINA_OFFSET_MS, -3_600_000), (epochMs, offsetMs) => {
        const expected = new Date(epochMs + offsetMs).toISOString().slice(0, 19).replace("T", " ");
        expect(civilTime(epochMs, offsetMs).iso).toBe(expected);
        expect(parseCivilTime(expected, offsetMs)).toBe(Math.floor(epochMs / 1000) * 1000);
      }),
      { numRuns: 3000 },
    );
  });

  it("agrees with Date on every day of four hundred years", () => {
    for (let day = 0; day < 146_097; day += 1) {
      const epochMs = day * 86_400_000;
      if (civilTime(epochMs, 0).iso !== new Date(epochMs).toISOString().slice(0, 19).replace("T", " ")) expect.fail(`day ${day}`);
    }
  });

  it("stops where the year loses its four digits", () => {
    const last = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
    expect(civilTime(last, 0).iso).toBe("9999-12-31 23:59:59");
    expect(() => civilTime(last + 1, 0)).toThrowError("the year has four digits");
    const first = -62_167_219_200_000;
    expect(civilTime(first, 0).iso).toBe("0000-01-01 00:00:00");
    expect(() => civilTime(first - 1, 0)).toThrowError("the year has four digits");
  });
});

describe("what names no moment", () => {
  it.each([
    "",
    "2026",
    "20260230000000",
    "20260101240000",
    "20260101006000",
    "20260101000060",
    "20261301000000",
    "20260001000000",
    "20260100000000",
    "00000101000000",
    "2026-01-01T00:00:00",
    "2026-0101 00:00:00",
    "20260101 000000",
    "2026-01-01 000000",
    "202601010000001",
    " 20260101000000",
    "2026010100000x",
  ])("%j", (text) => {
    expect(parseCivilTime(text)).toBeUndefined();
  });

  it("dates", () => {
    for (const date of ["20240229", "20000229", "00010101", "99991231", "20260131", "20261130"]) expect(isCivilDate(date), date).toBe(true);
    for (const date of ["20230229", "21000229", "00000101", "20260132", "20261131", "20260001", "20261301", "20260100", "2026011", "202601011", "2026010a", ""])
      expect(isCivilDate(date), date).toBe(false);
  });

  it("times", () => {
    for (const time of ["000000", "095959", "195959", "235959"]) expect(isCivilTimeOfDay(time), time).toBe(true);
    for (const time of ["240000", "235960", "236000", "00000", "0000000", "00000a", ""]) expect(isCivilTimeOfDay(time), time).toBe(false);
  });
});
