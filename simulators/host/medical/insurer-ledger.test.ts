import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InsurerLedger, type NewSettlement } from "./insurer-ledger.ts";
import { openCounter, PERSON } from "./testing.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "insurer-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ENTRY: NewSettlement = {
  settlementId: "S1",
  visitId: "V1",
  msgid: "P53010200001202609221200000001",
  infno: "2102",
  institution: "P53010200001",
  personNumber: PERSON,
  insuranceType: "310",
  insuranceArea: "530102",
  medicalType: "41",
  clearingType: "41",
  clearingAgency: "530102",
  totalFen: 100n,
  fundFen: 50n,
  accountFen: 30n,
  mutualAidFen: 0n,
  cashFen: 20n,
  deductibleFen: 0n,
  bookedAtMs: 1,
  batch: "",
  lines: "[]",
  credential: "",
  figures: "{}",
};

const BROKEN: readonly (readonly [name: string, change: Partial<NewSettlement>])[] = [
  ["parts that are not the total", { cashFen: 21n }],
  ["a part below zero", { fundFen: -10n, cashFen: 80n }],
  ["more than the account holds", { accountFen: 50n, cashFen: 0n }],
];

test.each(BROKEN)("the books themselves refuse %s, and keep nothing of it", (_, change) => {
  const ledger = InsurerLedger.open(":memory:");
  ledger.openAccount(PERSON, { accountFen: 40n, mutualAidFen: 0n });
  expect(() => ledger.book({ ...ENTRY, ...change })).toThrow(/CHECK constraint failed/);
  expect([ledger.settlements(), ledger.balances(PERSON).accountFen]).toEqual([[], 40n]);
});

test("books outlive their process: settlements, sign-ins, visits, packs, files and e-codes", async () => {
  const path = join(folder, "insurer.db");
  const first = await openCounter({ ledger: InsurerLedger.open(path) });
  const code = first.insurer.issueECode(PERSON) ?? "";
  await first.settle();
  first.insurer.ledger.stock.sell({ code: "1", sale: "s", settlementId: "", part: false, toldBy: "upload" });
  const file = first.insurer.ledger.files.keep({ institution: "P53010200001", filename: "a.zip", untilMs: 5, content: Uint8Array.of(1, 2) });
  const before = first.insurer.ledger.settlements();
  first.insurer.ledger.close();
  const second = InsurerLedger.open(path);
  expect(second.settlements()).toEqual(before);
  expect(second.balances(PERSON).accountFen).toBe(3_392n);
  expect(second.signInOf(first.signNumber)).toMatchObject({ operator: "op1", endedAtMs: undefined });
  expect(second.eCodes.find(code)).toMatchObject({ personNumber: PERSON, settled: false });
  expect(second.stock.standing("1")).toHaveLength(1);
  expect(second.files.find(file.number)).toEqual(file);
  second.close();
});

test("books of an earlier version are brought to this one and keep what they hold", () => {
  const path = join(folder, "old.db");
  const old = new DatabaseSync(path);
  old.exec(`CREATE TABLE settlements (setl_id TEXT PRIMARY KEY, mdtrt_id TEXT NOT NULL, msgid TEXT NOT NULL, psn_no TEXT NOT NULL, insutype TEXT NOT NULL, clr_type TEXT NOT NULL,
    clr_optins TEXT NOT NULL, total_fen INTEGER NOT NULL, fund_fen INTEGER NOT NULL, account_fen INTEGER NOT NULL, mutual_fen INTEGER NOT NULL, cash_fen INTEGER NOT NULL,
    deductible_fen INTEGER NOT NULL, booked_ms INTEGER NOT NULL, status TEXT NOT NULL, closed_ms INTEGER, closed_by TEXT, figures TEXT NOT NULL);
    INSERT INTO settlements VALUES ('S1', 'V1', 'M1', '1', '310', '41', '530102', 100, 50, 30, 0, 20, 0, 1, 'booked', NULL, NULL, '{}');
    CREATE TABLE voids (msgid TEXT PRIMARY KEY, setl_id TEXT NOT NULL, psn_no TEXT NOT NULL, undone INTEGER NOT NULL);
    INSERT INTO voids VALUES ('M2', 'S0', '1', 0);
    CREATE TABLE sign_ins (sign_no TEXT PRIMARY KEY, operator TEXT NOT NULL, at_ms INTEGER NOT NULL);
    INSERT INTO sign_ins VALUES ('N1', 'op1', 1);`);
  old.close();
  for (const _ of ["first opening", "second opening"]) {
    const ledger = InsurerLedger.open(path);
    expect(ledger.settlement("S1")).toMatchObject({ infno: "2102", medicalType: "41", batch: "", lines: "[]", totalFen: 100n });
    expect(ledger.voidOf("M2")).toMatchObject({ infno: "2103", undone: false });
    expect(ledger.signInOf("N1")).toEqual({ operator: "op1", atMs: 1, endedAtMs: undefined });
    ledger.close();
  }
});
