import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fen } from "../base/fen.ts";
import type { Terminal } from "../terminal.ts";
import type { SaleRequest } from "../txn/sale-request.ts";
import { answerLine, LINE_CHARACTERS_MAX, parseRequestLine } from "./lines.ts";

const HEAD = { do: "quick-payment", reference: "r-1", amountFen: 450 };
const RECORD = { file: 0x1e, by: "identifier", record: 0, data: "01ab" };

/** A terminal that notes what it is asked, and is asked for nothing else. */
function noting(spent: readonly string[] = []): { readonly terminal: Terminal; readonly asked: SaleRequest[] } {
  const journal = { spentUnder: (mark: string) => Promise.resolve(spent.includes(mark) ? fen(450) : undefined) };
  const asked: SaleRequest[] = [];
  const quickPayment: Terminal["quickPayment"] = async (request) => {
    asked.push(request);
    return { kind: "no-card" };
  };
  // Only quick payments are asked for here, and what is known of their references.
  return { terminal: { quickPayment, journal } as unknown as Terminal, asked };
}

describe("a line for each purse", () => {
  test.each([
    [{}, { kind: "e-purse" }, "goods"],
    [{ purse: "e-purse", pays: "library-deposit" }, { kind: "e-purse" }, "library-deposit"],
    [{ purse: "electronic-cash" }, { kind: "electronic-cash" }, "goods"],
    [{ purse: "medical-purse", selfPayFen: 120, pooledFen: 0 }, { kind: "medical-purse", selfPay: fen(120), pooled: fen(0) }, undefined],
    [
      { purse: "compound", record: RECORD },
      { kind: "compound", record: { file: 0x1e, by: "identifier", record: 0, data: Uint8Array.of(0x01, 0xab) } },
      undefined,
    ],
  ])("%o", async (members, purse, pays) => {
    const { terminal, asked } = noting();
    const answer = await answerLine(terminal, JSON.stringify({ ...HEAD, id: 7, ...members }), new AbortController().signal);
    expect(JSON.parse(answer)).toEqual({ id: 7, kind: "no-card" });
    expect(asked).toEqual([{ reference: "r-1", amount: 450, purse, ...(pays === undefined ? {} : { pays }) }]);
  });

  test("an entry moves no money, and no other purse may be asked for nothing", () => {
    expect(parseRequestLine(JSON.stringify({ ...HEAD, amountFen: 0, purse: "compound", record: RECORD })).ok).toBe(true);
    for (const purse of ["e-purse", "electronic-cash"]) expect(parseRequestLine(JSON.stringify({ ...HEAD, amountFen: 0, purse }))).toMatchObject({ ok: false });
  });
});

test("a reference under which money moved, and whose record has left the journal, begins nothing and is no refusal", async () => {
  const { terminal, asked } = noting(["sale/r-1"]);
  const lines = [HEAD, { do: "bank-payment", reference: "r-1", amountFen: 450, operator: "li" }];
  for (const line of lines) {
    const answer = await answerLine(terminal, JSON.stringify(line), new AbortController().signal);
    expect(JSON.parse(answer)).toMatchObject({ kind: "spent", reason: "number-spent", amount: 450, says: { zh: expect.any(String) } });
  }
  expect(asked).toEqual([]);
  expect(JSON.parse(await answerLine(terminal, JSON.stringify({ ...HEAD, reference: "r-2" }), new AbortController().signal))).toEqual({ kind: "no-card" });
});

describe("what is not understood changes nothing and says where", () => {
  test.each([
    [{ ...HEAD, purse: "gold" }, "purse"],
    [{ ...HEAD, record: RECORD }, "record"],
    [{ ...HEAD, purse: "compound" }, "record"],
    [{ ...HEAD, purse: "compound", record: { ...RECORD, data: "0" } }, "record.data"],
    [{ ...HEAD, purse: "compound", record: { ...RECORD, data: "00".repeat(201) } }, "record.data"],
    [{ ...HEAD, purse: "compound", record: { ...RECORD, file: 31 } }, "record.file"],
    [{ ...HEAD, purse: "medical-purse", selfPayFen: 1 }, "pooledFen"],
    [{ ...HEAD, purse: "electronic-cash", selfPayFen: 1 }, "selfPayFen"],
    [{ ...HEAD, reference: "a b" }, "reference"],
    [{ ...HEAD, pays: "fare" }, "pays"],
    [{ ...HEAD, purse: "medical-purse", selfPayFen: 1, pooledFen: 1, pays: "goods" }, "request"],
    [{ do: "dance" }, "do"],
  ])("%o: %s", async (line, place) => {
    const parsed = parseRequestLine(JSON.stringify(line));
    expect(parsed.ok ? "" : parsed.reason).toContain(place);
    const { terminal, asked } = noting();
    expect(JSON.parse(await answerLine(terminal, JSON.stringify(line), new AbortController().signal))).toMatchObject({ kind: "not-understood" });
    expect(asked).toEqual([]);
  });

  test("any text has an answer", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => typeof parseRequestLine(text).ok === "boolean"));
    expect(parseRequestLine("x".repeat(LINE_CHARACTERS_MAX + 1))).toEqual({ ok: false, reason: "line-too-long" });
  });
});
