/* The table of services: every row once, every refusal with its words and its office, and a gate that sends people to a counter. */
import { describe, expect, it } from "vitest";
import { DEFAULT_SERVICE_PROFILE, type ServiceProfile } from "./profile.ts";
import type { RowPlace, ServiceRow } from "./row-types.ts";
import { howOf, SERVICE_ROWS, serviceRow, standingOf } from "./rows.ts";
import { EVERYTHING } from "./testing.ts";

const COUNTER: RowPlace = { kind: "counter", medical: true, bank: true, quickPayment: true, merchantAgreement: true, agency: true };
const BARE: RowPlace = { kind: "counter", medical: false, bank: false, quickPayment: false, agency: false };

const answered = (place: RowPlace, profile: ServiceProfile, answer: "works" | "refused") =>
  SERVICE_ROWS.filter((row) => standingOf(row, place, profile).answer === answer).map(({ row }) => row);

describe("the table of services", () => {
  it("has 65 rows, in order, each with its words", () => {
    expect(SERVICE_ROWS.map(({ row }) => row)).toEqual(Array.from({ length: 65 }, (_, at) => at + 1));
    for (const { name, refusal } of SERVICE_ROWS) {
      expect([name.zh, name.en, refusal.text.zh, refusal.text.en].every((words) => words.length > 1)).toBe(true);
      expect(refusal.reason).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
    }
    expect([serviceRow(65)?.row, serviceRow(66)]).toEqual([65, undefined]);
  });

  it("refuses what no terminal may do, wherever it stands and whatever is switched on", () => {
    const never = [12, 16, 24, 26, 27, 29, 31, 42, 44, 45, 47, 54, 55, 57, 58, 59, 60, 63, 64, 65];
    expect(answered(COUNTER, EVERYTHING, "refused")).toEqual(never);
    expect(SERVICE_ROWS.filter(({ by }) => by === undefined).map(({ row }) => row)).toEqual(never);
  });

  it("serves without any host what card and holder can do alone", () => {
    expect(answered(BARE, DEFAULT_SERVICE_PROFILE, "works")).toEqual([1, 2, 3, 48, 49]);
  });

  it("promises little before a region has spoken", () => {
    const off = answered(COUNTER, DEFAULT_SERVICE_PROFILE, "refused").filter((row) => !answered(COUNTER, EVERYTHING, "refused").includes(row));
    expect(off).toEqual([10, 20, 28, 30, 32, 33, 34, 35, 36, 37, 41, 46, 50, 52, 53, 56, 62]);
  });

  it("a gate serves its own rows alone", () => {
    expect(answered({ ...COUNTER, kind: "gate" }, EVERYTHING, "works")).toEqual([40, 61]);
    const elsewhere = standingOf(serviceRow(1) as ServiceRow, { ...COUNTER, kind: "gate" }, EVERYTHING);
    expect(howOf(elsewhere)).toBe("use-a-counter-terminal → counter-terminal");
  });

  it("activation by a changed PIN needs no agency", () => {
    expect(answered(BARE, { ...DEFAULT_SERVICE_PROFILE, activationMode: "initial-pin" }, "works")).toContain(46);
  });

  it("says in a few words how", () => {
    const how = (row: number) => howOf(standingOf(serviceRow(row) as ServiceRow, COUNTER, EVERYTHING));
    expect([1, 6, 13, 26, 51].map(how)).toEqual(["identify", "query medical-balance", "medical-order", "medical-use-only → insurer", "report-loss temporary"]);
  });
});
