/* Settlement: equal totals, every planted difference found in the uploaded rows, the end told once, and books that survive a restart. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import { PLANTED_DIFFERENCES } from "./acquirer-faults.ts";
import type { BatchDifference } from "./batch-books.ts";
import { AcquirerLedger } from "./ledger.ts";
import { TEST_BANK_TERMINAL } from "./test-customers.ts";
import { chipData, fenDigits, HandBank, openHandBank, PAN } from "./testing.ts";

const ROWS = [
  { stan: "000101", fen: 1_000 },
  { stan: "000102", fen: 2_500 },
];

function totals(debitFen: number, debits: number, creditFen = 0, credits = 0): string {
  const half = `${fenDigits(debitFen)}${String(debits).padStart(3, "0")}${fenDigits(creditFen)}${String(credits).padStart(3, "0")}0`;
  return `${half}${"0".repeat(31)}`;
}

async function openBatch(): Promise<HandBank> {
  const bank = await openHandBank();
  for (const { stan, fen } of ROWS) await bank.sale(fen, { 11: stan });
  return bank;
}

function compare(bank: HandBank, digits: string) {
  return bank.ask("0500", { 48: digits, 49: "156", 60: `00${bank.batch}201` });
}

function upload(bank: HandBank, network: string, changes: Readonly<Record<number, string>>) {
  return bank.ask("0320", { 60: `00${bank.batch}${network}`, ...changes });
}

function rowDigits({ stan, fen }: { readonly stan: string; readonly fen: number }): string {
  return `00${stan}${PAN.padStart(20, "0")}${fenDigits(fen)}`;
}

test("equal totals, certificates, the end, and the next batch is open; what was answered is answered again", async () => {
  const bank = await openBatch();
  const reply = await compare(bank, totals(3_500, 2));
  expect([reply.type, reply.code, reply.macHolds]).toEqual(["0510", "00", true]);
  expect([reply.fields.get(48)?.[30], reply.fields.get(48)?.[61]]).toEqual(["1", "1"]);
  const chip = { 2: PAN, 4: fenDigits(1_000), 55: chipData({ amountFen: 1_000, counter: 4, decision: "approved" }), 61: `${bank.batch}000101` };
  expect((await upload(bank, "203", chip)).code).toBe("00");
  expect((await upload(bank, "205", chip)).code).toBe("25");
  expect((await upload(bank, "207", { 48: "0000" })).code).toBe("95");
  expect((await upload(bank, "207", { 48: "0001" })).code).toBe("00");
  expect((await upload(bank, "207", { 48: "0001" })).code).toBe("00");
  expect((await compare(bank, totals(3_500, 2))).fields.get(48)?.[30]).toBe("1");
  expect(bank.ledger.sessions.of(TEST_BANK_TERMINAL).batch).toBe("000002");
  expect((await bank.sale(100)).code).toBe("77");
  bank.batch = "000002";
  expect((await bank.sale(100)).code).toBe("00");
});

const DIFFERENCES: Readonly<Record<(typeof PLANTED_DIFFERENCES)[number], readonly BatchDifference[]>> = {
  "missing-row": [{ stan: "000101", is: "missing-at-host" }],
  "extra-row": [{ stan: "999999", is: "missing-at-terminal" }],
  amount: [{ stan: "000101", is: "amount" }],
  // Rows have no side of their own: only the totals tell that one was counted on the wrong side.
  "credit-side": [],
  error: [],
};

describe("a planted difference", () => {
  test.each(PLANTED_DIFFERENCES)("%s makes the totals differ, and the uploaded rows show which row it is", async (difference) => {
    const bank = await openBatch();
    bank.acquirer.faults.difference = difference;
    const reply = await compare(bank, totals(3_500, 2));
    expect(reply.fields.get(48)?.[30]).toBe(difference === "error" ? "3" : "2");
    const rows = await upload(bank, "201", { 48: `02${ROWS.map(rowDigits).join("")}` });
    expect(rows.code).toBe("00");
    expect(bank.ledger.batches.differences(TEST_BANK_TERMINAL, "000001")).toEqual(DIFFERENCES[difference]);
    expect((await upload(bank, "202", { 48: "0002" })).code).toBe("00");
    expect(bank.ledger.batches.settlements()).toMatchObject([{ batch: "000001", result: "unequal", ended: true, rows: 2 }]);
    expect(bank.balanceFen()).toBe(5_000_000 - 3_500);
    expect(bank.ledger.unsound()).toEqual([]);
  });
});

test.each([
  ["fewer sales", totals(1_000, 1), "2"],
  ["a credit", totals(3_500, 2, 100, 1), "2"],
  ["the same", totals(3_500, 2), "1"],
])("totals with %s", async (_, digits, result) => {
  const bank = await openBatch();
  expect((await compare(bank, digits)).fields.get(48)?.[30]).toBe(result);
});

test("rows without a form, a count of their own, or before any comparison are refused", async () => {
  const bank = await openBatch();
  expect((await upload(bank, "201", { 48: `01${rowDigits(ROWS[0] ?? { stan: "", fen: 0 })}` })).code).toBe("25");
  expect((await compare(bank, "00")).code).toBe("30");
  await compare(bank, totals(0, 0));
  expect((await upload(bank, "201", { 48: `02${rowDigits(ROWS[0] ?? { stan: "", fen: 0 })}` })).code).toBe("30");
  expect((await upload(bank, "209", { 48: "0000" })).code).toBe("12");
});

test("the books survive a restart: keys, batch, a payment that is reversed afterwards", async () => {
  const folder = mkdtempSync(join(tmpdir(), "acquirer-"));
  try {
    const books = AcquirerLedger.open(join(folder, "books"));
    const bank = await openHandBank({ books });
    await bank.sale(1_000, { 11: "000100" });
    const { 26: _, 52: __, 53: ___, ...texts } = bank.saleTexts(1_000, { 11: "000100", 39: "98" });
    const body = bank.bytes("0400", texts);
    books.close();
    const again = AcquirerLedger.open(join(folder, "books"));
    const later = new HandBank({ books: again });
    expect((await later.send(body))?.code).toBe("00");
    expect(later.balanceFen()).toBe(5_000_000);
    expect(again.unsound()).toEqual([]);
    again.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function ascii(text: string): string {
  return toHex(new TextEncoder().encode(text));
}

test("downloads: a query names what there is, each piece comes by its name, and what is not there is none", async () => {
  const bank = await openHandBank();
  const ask = (type: string, network: string, hex: string | undefined) =>
    bank.ask(type, { 60: `00${bank.batch}${network}`, ...(hex === undefined ? {} : { 62: hex }) });
  const body = async (type: string, network: string, hex?: string) => (await ask(type, network, hex)).fields.get(62) ?? "";
  const query = await body("0820", "372", ascii("100"));
  expect(query).toBe(`31${"9F0605A0000003339F2201F1"}${"9F0605A0000003339F2201F2"}`);
  expect(await body("0800", "370", "9F0605A0000003339F2201F2")).toMatch(/^319F0605A0000003339F2201F2DF05083230343931323331DF060101DF070101DF028190/);
  expect(await body("0800", "370", "9F0605A0000003339F220177")).toBe("30");
  expect((await ask("0800", "371", undefined)).code).toBe("00");
  expect(await body("0820", "382")).toMatch(/^319F0608A000000333010101/);
  expect(await body("0800", "380", "9F0608A000000333010106")).toMatch(/^319F0608A000000333010106DF010100/);
  expect(await body("0800", "390", ascii("100"))).toBe("315A086299990099999999");
  expect(await body("0800", "390", ascii("101"))).toBe("30");
  expect((await ask("0800", "390", ascii("199"))).code).toBe("30");
  expect((await ask("0800", "399", undefined)).code).toBe("12");
  expect(await body("0800", "360")).toMatch(/^31DF8101/);
});

test("a long list comes in pages: more, more, last", async () => {
  const exceptions = Array.from({ length: 90 }, (_, at) => `62${String(at).padStart(17, "0")}`);
  const bank = await openHandBank({ tables: { parameters: fromHex(""), caKeys: [], aids: [], exceptions } });
  const marks: string[] = [];
  let entries = 0;
  for (const seen of [0, 40, 80]) {
    const text = (await bank.ask("0800", { 60: `00${bank.batch}390`, 62: ascii(`1${String(seen).padStart(2, "0")}`) })).fields.get(62) ?? "";
    marks.push(text.slice(1, 2));
    entries += (text.length - 2) / 24;
  }
  expect([marks, entries]).toEqual([["2", "2", "3"], 90]);
});

test("a reversal between the comparison and its end undoes the money, and leaves the rows as they were compared: what is uploaded still fits them", async () => {
  const bank = await openBatch();
  const { batch } = bank;
  bank.acquirer.faults.difference = "missing-row";
  expect((await compare(bank, totals(3_500, 2))).fields.get(48)?.[30]).toBe("2");
  const { 26: _, 52: __, 53: ___, ...texts } = bank.saleTexts(2_500, { 11: "000102", 39: "98", 61: `${batch}000102` });
  expect((await bank.ask("0400", texts)).code).toBe("00");
  expect(bank.ledger.transaction({ terminal: TEST_BANK_TERMINAL, batch, stan: "000102" })?.status).toBe("reversed");
  expect((await upload(bank, "201", { 48: `02${ROWS.map(rowDigits).join("")}` })).code).toBe("00");
  expect((await upload(bank, "202", { 48: "0002" })).code).toBe("00");
  expect(bank.ledger.batches.differences(TEST_BANK_TERMINAL, batch)).toEqual([{ stan: "000101", is: "missing-at-host" }]);
});
