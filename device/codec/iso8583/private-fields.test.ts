import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fen } from "../../base/fen.ts";
import {
  BATCH_ROWS_MAX,
  type BatchRow,
  type BatchTotals,
  buildBatchEnd,
  buildBatchRows,
  buildField60,
  buildField61,
  buildTotals,
  NO_TOTALS,
  parseBatchRows,
  parseField60,
  parseField61,
  parseTotals,
} from "./private-fields.ts";

const DOMESTIC: BatchTotals = { debitFen: fen(12_345), debits: 3, creditFen: fen(100), credits: 1 };
const FOREIGN: BatchTotals = { debitFen: fen(7), debits: 12, creditFen: fen(999_999_999_999), credits: 999 };
const DIGITS = "000000012345" + "003" + "000000000100" + "001";
const FOREIGN_DIGITS = "000000000007" + "012" + "999999999999" + "999";

describe("field 60", () => {
  it.each([
    ["22000003", { code: "22", batch: "000003" }],
    ["00000003201", { code: "00", batch: "000003", network: "201" }],
    ["22000003000501", { code: "22", batch: "000003", network: "000", rest: "501" }],
  ])("%s", (digits, parts) => {
    expect(parseField60(digits)).toEqual(parts);
    expect(buildField60(parts)).toBe(digits);
  });

  it.each(["", "22", "2200000", "220000030", "2200000300", "2200000x"])("%s has not its form", (digits) => expect(parseField60(digits)).toBeUndefined());

  it.each([
    { code: "2", batch: "000003" },
    { code: "22", batch: "3" },
    { code: "22", batch: "000003", network: "1" },
    { code: "22", batch: "000003", rest: "1" },
    { code: "22", batch: "000003", network: "000", rest: "x" },
  ])("is not built of %o", (parts) => expect(() => buildField60(parts)).toThrow());
});

describe("field 61", () => {
  it.each([
    ["000003000017", { batch: "000003", trace: "000017" }],
    ["0000030000171122", { batch: "000003", trace: "000017", date: "1122" }],
  ])("%s", (digits, parts) => {
    expect(parseField61(digits)).toEqual(parts);
    expect(buildField61(parts)).toBe(digits);
  });

  it.each(["", "00000300001", "0000030000171", "00000300001711223", "00000300001x"])("%s has not its form", (digits) =>
    expect(parseField61(digits)).toBeUndefined(),
  );

  it.each([
    { batch: "3", trace: "000017" },
    { batch: "000003", trace: "17" },
    { batch: "000003", trace: "000017", date: "112" },
  ])("is not built of %o", (parts) => expect(() => buildField61(parts)).toThrow());
});

describe("settlement totals", () => {
  it("are 62 digits, and the places of the results are 0", () => {
    const digits = buildTotals({ domestic: DOMESTIC, foreign: FOREIGN });
    expect(digits).toBe(`${DIGITS}0${FOREIGN_DIGITS}0`);
    expect([digits.length, digits[30], digits[61]]).toEqual([62, "0", "0"]);
  });

  it.each([
    ["1", "2", "equal", "unequal"],
    ["2", "1", "unequal", "equal"],
    ["3", "1", "error", "equal"],
  ])("come back with results %s and %s", (first, second, domestic, foreign) =>
    expect(parseTotals(`${DIGITS}${first}${FOREIGN_DIGITS}${second}`)).toEqual({ totals: { domestic: DOMESTIC, foreign: FOREIGN }, domestic, foreign }),
  );

  it.each([`${DIGITS}0${FOREIGN_DIGITS}1`, `${DIGITS}1${FOREIGN_DIGITS}4`, `${DIGITS}1${FOREIGN_DIGITS}`, `${DIGITS}1${FOREIGN_DIGITS}11`, ""])(
    "are none: %s",
    (digits) => expect(parseTotals(digits)).toBeUndefined(),
  );

  it("of nothing are zeros", () => expect(buildTotals({ domestic: NO_TOTALS, foreign: NO_TOTALS })).toBe("0".repeat(62)));

  it("beyond their digits are our own mistake", () => {
    expect(() => buildTotals({ domestic: { ...DOMESTIC, debits: 1_000 }, foreign: NO_TOTALS })).toThrow(/at most 3 digits/);
    expect(() => buildTotals({ domestic: { ...DOMESTIC, debitFen: fen(1_000_000_000_000) }, foreign: NO_TOTALS })).toThrow(/at most 12 digits/);
  });
});

const ROW: BatchRow = { kind: "00", trace: "000017", account: "6222021234567890128", amount: fen(1_250) };
const ROW_DIGITS = "00" + "000017" + "06222021234567890128" + "000000001250";
const rows: fc.Arbitrary<BatchRow> = fc.record({
  kind: fc.constantFrom("00", "01", "99"),
  trace: fc.constantFrom("000001", "999999"),
  account: fc.stringMatching(/^[1-9]\d{7,19}$/),
  amount: fc.integer({ min: 0, max: 999_999_999_999 }).map(fen),
});

describe("rows of a batch", () => {
  it("are a count and forty digits each", () => {
    expect(buildBatchRows([ROW])).toBe(`01${ROW_DIGITS}`);
    expect(buildBatchRows(Array(8).fill(ROW))).toBe(`08${ROW_DIGITS.repeat(8)}`);
  });

  it("are read as they were", () =>
    fc.assert(
      fc.property(fc.array(rows, { minLength: 1, maxLength: BATCH_ROWS_MAX }), (list) => {
        expect(parseBatchRows(buildBatchRows(list))).toEqual(list);
      }),
    ));

  it.each([
    ["a count of another number", `02${ROW_DIGITS}`],
    ["no row", "00"],
    ["nine rows", `09${ROW_DIGITS.repeat(9)}`],
    ["a row that breaks off", `01${ROW_DIGITS.slice(1)}`],
    ["no account", `01${"0".repeat(40)}`],
  ])("are none: %s", (_, digits) => expect(parseBatchRows(digits)).toBeUndefined());

  it.each([
    [[]],
    [Array(9).fill(ROW)],
    [[{ ...ROW, account: "0622202" }]],
    [[{ ...ROW, account: "6".repeat(21) }]],
    [[{ ...ROW, trace: "17" }]],
    [[{ ...ROW, kind: "0" }]],
  ])("are not built of %o", (list: readonly BatchRow[]) => expect(() => buildBatchRows(list)).toThrow());

  it("are counted with four digits at the end", () => {
    expect([buildBatchEnd(0), buildBatchEnd(17), buildBatchEnd(9_999)]).toEqual(["0000", "0017", "9999"]);
    expect(() => buildBatchEnd(10_000)).toThrow();
  });
});
