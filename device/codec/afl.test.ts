import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../base/bytes.ts";
import { AFL_RECORDS_MAX, coversInsideOnly, encodeAfl, parseAfl } from "./afl.ts";

describe("parseAfl", () => {
  it("names the records in order, the signed ones first in each file", () => {
    expect(parseAfl(fromHex("0801010010010301"))).toEqual({
      ok: true,
      records: [
        { sfi: 1, number: 1, signed: false },
        { sfi: 2, number: 1, signed: true },
        { sfi: 2, number: 2, signed: false },
        { sfi: 2, number: 3, signed: false },
      ],
    });
  });

  it.each([
    ["08", "not-whole-entries"],
    ["0801010008", "not-whole-entries"],
    ["00010100", "file-invalid"],
    ["09010100", "file-invalid"],
    ["0c010100", "file-invalid"],
    ["f8010100", "file-invalid"],
    ["08000100", "records-invalid"],
    ["08020100", "records-invalid"],
    ["08010102", "signed-invalid"],
    ["08014100", "too-many"],
    ["0801400010010100", "too-many"],
  ])("refuses %s: %s", (hex, reason) => expect(parseAfl(fromHex(hex))).toEqual({ ok: false, reason }));

  it.each([
    ["", 0],
    ["08010101", 1],
    ["f0ffff01", 1],
    ["08014000", AFL_RECORDS_MAX],
    ["0801200010012000", AFL_RECORDS_MAX],
  ])("takes %s", (hex, count) => {
    const parsed = parseAfl(fromHex(hex));
    expect(parsed.ok && parsed.records.length).toBe(count);
  });

  it("answers any bytes", () => {
    const near = fc
      .array(fc.tuple(fc.nat(31), fc.nat(4), fc.nat(6), fc.nat(3)), { maxLength: 5 })
      .map((rows) => Uint8Array.from(rows.flatMap(([sfi, first, last, signed]) => [sfi << 3, first, last, signed])));
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 24 })), (bytes) => {
        const parsed = parseAfl(bytes);
        if (!parsed.ok) return;
        expect(parsed.records.length).toBeLessThanOrEqual(AFL_RECORDS_MAX);
        const again = encodeAfl(parsed.records.map(({ sfi, number, signed }) => ({ sfi, first: number, last: number, signed: signed ? 1 : 0 })));
        expect(parseAfl(again)).toEqual(parsed);
      }),
      { numRuns: 500 },
    );
  });
});

describe("encodeAfl", () => {
  it("writes what is read", () => expect(toHex(encodeAfl([{ sfi: 2, first: 1, last: 3, signed: 1 }]))).toBe("10010301"));
});

describe("coversInsideOnly", () => {
  it.each([
    [1, true],
    [10, true],
    [11, false],
    [30, false],
  ])("file %i: %s", (sfi, inside) => expect(coversInsideOnly({ sfi, number: 1, signed: true })).toBe(inside));
});
