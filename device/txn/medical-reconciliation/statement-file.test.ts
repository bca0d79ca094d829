import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../base/bytes.ts";
import { readZip, writeZip } from "../../codec/zip.ts";
import { formatSigned, parseSigned, readResult, readVerdict, writeStatement } from "./statement-file.ts";

const result = (text: string) => readResult(writeZip([{ name: "result.txt", contents: utf8(text) }]));
const ROW = "P1\tV1\tS1\tM1\t0\t0\tnull\t164.90\t58.92\t66.08\tnull";

function written(rows: Parameters<typeof writeStatement>[0]): string {
  const zip = readZip(writeStatement(rows), { maxFiles: 1, maxBytes: 10_000 });
  return new TextDecoder().decode(zip.ok ? zip.files[0]?.contents : undefined);
}

test("our file has eight columns, a refund is a negative row, an empty value is null", () => {
  const sums = { totalFen: 16490, fundFen: 5892, accountFen: 6608 };
  const back = { totalFen: -16490, fundFen: -5892, accountFen: 0 };
  expect(
    written([
      { settlementId: "S1", visitId: "V1", personNumber: "P1", sums, refund: false },
      { settlementId: "S1", visitId: "", personNumber: "P\t1", sums: back, refund: true },
    ]),
  ).toBe("S1\tV1\tP1\t164.90\t58.92\t66.08\t0\tnull\nS1\tnull\tP 1\t-164.90\t-58.92\t0.00\t1\tnull\n");
  expect(written([])).toBe("");
});

test("amounts of a statement keep every fen, below zero too", () => {
  fc.assert(fc.property(fc.integer({ min: -1e12, max: 1e12 }), (amount) => parseSigned(formatSigned(amount)) === amount));
  expect(["--1", "-", "", "1.234", "1e3", "null"].map(parseSigned)).toEqual([undefined, undefined, undefined, undefined, undefined, undefined]);
  expect(parseSigned("-0.00")).toBe(0);
});

test.each([
  ["0", "equal"],
  ["000000", "equal"],
  ["1", "insurer-more"],
  ["101", "insurer-more"],
  ["000101", "insurer-more"],
  ["2", "institution-more"],
  ["000102", "institution-more"],
  ["3", "differs"],
  ["000103", "differs"],
  ["100", "differs"],
  ["9", "differs"],
  ["", undefined],
  ["x0", undefined],
  ["0000000", undefined],
])("stmt_rslt %s is %s", (code, verdict) => expect(readVerdict(code)).toBe(verdict));

describe("the insurer's file", () => {
  test("is read row by row", () => {
    const parsed = result(`${ROW}\r\nP2\tV2\tS2\tM2\t000103\t001\tnote\t-1.00\t0\t-1\n\n`);
    expect(parsed).toEqual({
      ok: true,
      unreadable: [],
      rows: [
        {
          personNumber: "P1",
          visitId: "V1",
          settlementId: "S1",
          msgid: "M1",
          verdict: "equal",
          refund: false,
          memo: "",
          sums: { totalFen: 16490, fundFen: 5892, accountFen: 6608 },
        },
        {
          personNumber: "P2",
          visitId: "V2",
          settlementId: "S2",
          msgid: "M2",
          verdict: "differs",
          refund: true,
          memo: "note",
          sums: { totalFen: -100, fundFen: 0, accountFen: -100 },
        },
      ],
    });
  });

  test.each([
    ["too few columns", "P1\tV1\tS1", "columns"],
    ["a result that is no code", ROW.replace("\t0\t0\t", "\tyes\t0\t"), "stmt_rslt"],
    ["neither settlement nor message", ROW.replace("S1\tM1", "null\tnull"), "setl_id"],
    ["a flag that is none", ROW.replace("\t0\t0\t", "\t0\trefund\t"), "refd_setl_flag"],
    ["an amount that is none", ROW.replace("58.92", "58.9x"), "amounts"],
    ["an amount that is missing", ROW.replace("58.92", "null"), "amounts"],
    ["parts of a fen", ROW.replace("58.92", "58.925"), "amounts"],
  ])("%s is named and the rows around it are read", (_, bad, why) => {
    const parsed = result(`${ROW}\n${bad}\n${ROW}\n`);
    expect(parsed.ok && [parsed.rows.length, parsed.unreadable]).toEqual([2, [{ place: "result.txt:2", why, msgid: "" }]]);
  });

  test("a heading is no row, a row without amounts is one", () => {
    const heading = "psn_no\tmdtrt_id\tsetl_id\tmsgid\tstmt_rslt\trefd_setl_flag\tmemo\tmedfee_sumamt\tfund_pay_sumamt\tacct_pay\texp_content";
    const parsed = result(`${heading}\n${ROW.replace("164.90\t58.92\t66.08", "null\tnull\tnull")}`);
    expect(parsed.ok && [parsed.rows[0]?.sums, parsed.unreadable]).toEqual([undefined, []]);
  });

  test("every line is a row or is named, whatever it holds", () => {
    const cellText = fc.oneof(fc.constantFrom("null", "0", "1", "S1", "12.00", "-3.50", "000102"), fc.stringMatching(/^[ -~]{0,12}$/));
    const lineText = fc.array(cellText, { minLength: 1, maxLength: 14 }).map((cells) => cells.join("\t"));
    fc.assert(
      fc.property(fc.array(lineText, { maxLength: 30 }), (lines) => {
        const parsed = result(lines.join("\n"));
        const told = lines.filter((text) => text.trim() !== "").length;
        expect(parsed.ok && parsed.rows.length + parsed.unreadable.length).toBe(told);
      }),
    );
  });

  test("any bytes give an answer", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => typeof readResult(bytes).ok === "boolean"));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => readResult(writeZip([{ name: "a", contents: bytes }])).ok));
    expect(readResult(writeZip([]))).toEqual({ ok: false, reason: "no-file" });
    expect(readResult(utf8("PK"))).toEqual({ ok: false, reason: "not-a-zip" });
  });
});
