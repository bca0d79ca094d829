import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DayView, DifferenceView } from "./acts.ts";
import { maskPerson } from "./differences.ts";
import { reportCsv, reportHtml } from "./report.ts";
import { LOCAL } from "./testing.ts";
import { readView, viewName, writeView } from "./views.ts";

const DIFFERENCE: DifferenceView = {
  kind: "amount-differs",
  act: "left-to-people",
  msgid: "P53010000001202601051200001001",
  settlementId: "530102000000000000000000000001",
  person: "5301****0009",
  time: "2026-01-05 12:00:01",
  reference: "r1",
  own: { totalFen: 17_123_920, fundFen: 100, accountFen: 5 },
  insurer: { totalFen: 17_117_820, fundFen: 100, accountFen: 5 },
};
const VIEW: DayView = {
  day: "2026-01-05",
  state: "differs",
  groups: [
    { ...LOCAL, own: { totalFen: 17_123_920, fundFen: 100, accountFen: 5 }, ownCount: 2, verdict: "institution-more", message: "机构多" },
    { ...LOCAL, insuranceType: "390", own: { totalFen: -1, fundFen: 0, accountFen: 0 }, ownCount: -1, verdict: "equal" },
  ],
  differences: [DIFFERENCE],
  open: [{ kind: "settlement", reference: "r2", msgid: "M2", time: "2026-01-05 12:00:02", amountFen: 16_490 }],
  unreadable: ["detail.txt:3 amounts"],
  operator: "op1",
  at: "2026-01-06 02:00:01",
};
const HEAD = { institutionName: "Test <Pharmacy>", institution: "P53010000001", from: "2026-01-05", to: "2026-01-05", missing: [] };
const html = (view: DayView) => reportHtml({ ...HEAD, days: [view] });

/** The cells of a table by the rules of RFC 4180. */
function cells(csv: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.slice(1).matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end !== ",") rows.push([]);
  }
  return rows.slice(0, -1);
}

describe("the page", () => {
  test("holds totals to the fen, every difference in words of both languages, and nothing from elsewhere", () => {
    const page = html(VIEW);
    for (const text of [
      "171239.20",
      "171178.20",
      "171239.19",
      "两边金额不符",
      "Both hold it, with other amounts",
      "请人工核实",
      DIFFERENCE.msgid,
      DIFFERENCE.settlementId,
    ]) {
      expect(page).toContain(text);
    }
    for (const text of ["结果待定", "164.90", "detail.txt:3 amounts", "Test &lt;Pharmacy&gt;"]) expect(page).toContain(text);
    expect(page).not.toMatch(/https?:|<script|src=|href=/);
  });

  test("whatever an insurer writes is text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
        const page = html({ ...VIEW, differences: [{ ...DIFFERENCE, note: `<b>${text}`, msgid: `"'&${text}` }], unreadable: [`<i>${text}`] });
        expect(page).not.toMatch(/<b>|<i>/);
        // Every tag is one that the page itself writes.
        for (const [, tag = ""] of page.matchAll(/<\/?([a-z0-9]+)/g)) {
          expect([
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "h1",
            "h2",
            "h3",
            "p",
            "br",
            "small",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "ul",
            "li",
          ]).toContain(tag);
        }
      }),
    );
  });

  test("a range has a summary and names the days that nobody has compared", () => {
    const page = reportHtml({
      ...HEAD,
      to: "2026-01-07",
      days: [VIEW, { ...VIEW, day: "2026-01-06", state: "equal", differences: [] }],
      missing: ["2026-01-07"],
    });
    expect(page).toContain("尚未对账的日期");
    expect(page).toContain("2026-01-07");
    expect(page).toContain("汇总");
  });
});

describe("the table", () => {
  test("begins with a byte order mark, and every row has every column", () => {
    const csv = reportCsv([VIEW]);
    expect(csv.startsWith("\uFEFF")).toBe(true);
    const rows = cells(csv);
    expect(rows.map((row) => row[1])).toEqual(["行 row", "day", "group", "group", "difference", "open", "unreadable"]);
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([22]));
    expect(rows[4]?.slice(13, 19)).toEqual(["171239.20", "1.00", "0.05", "171178.20", "1.00", "0.05"]);
    // A spreadsheet would round thirty digits.
    expect(rows[4]?.[9]).toBe(`'${DIFFERENCE.settlementId}`);
    expect(rows[3]?.[13]).toBe("-0.01");
  });

  test("no cell is a formula, and every text comes back", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 30 }), fc.constantFrom("=1+1", "+1", "-2+3", "@SUM(A1)", '\t=1"', " =1", "a,b", 'x"y', "two\r\nlines")),
        (note) => {
          const rows = cells(reportCsv([{ ...VIEW, differences: [{ ...DIFFERENCE, note }] }]));
          const cell = rows[4]?.at(-1) ?? "";
          expect([note, `'${note}`]).toContain(cell);
          if (!/^-?\d{1,15}(?:\.\d{1,2})?$/.test(cell)) expect(cell).not.toMatch(/^\s*[=+\-@\t\r]/);
        },
      ),
    );
  });
});

test("persons are masked, short numbers altogether", () => {
  expect(["53010000000000000009", "12345678", "1", ""].map(maskPerson)).toEqual(["5301****0009", "****", "****", ""]);
});

test("a view that was written is read, and nothing else is one", () => {
  expect(readView(writeView(VIEW))).toEqual(VIEW);
  expect(viewName("2026-01-05")).toBe("reconciliation-2026-01-05");
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => readView(bytes) === undefined));
  fc.assert(fc.property(fc.json(), (text) => readView(new TextEncoder().encode(text)) === undefined));
});
