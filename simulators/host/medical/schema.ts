/* Tables of the insurer's books. Sums of a settlement are a rule of the table itself. */
import type { DatabaseSync } from "node:sqlite";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS accounts (psn_no TEXT PRIMARY KEY, account_fen INTEGER NOT NULL CHECK (account_fen >= 0), mutual_fen INTEGER NOT NULL CHECK (mutual_fen >= 0));
CREATE TABLE IF NOT EXISTS settlements (setl_id TEXT PRIMARY KEY, mdtrt_id TEXT NOT NULL, msgid TEXT NOT NULL, psn_no TEXT NOT NULL, insutype TEXT NOT NULL, clr_type TEXT NOT NULL,
  clr_optins TEXT NOT NULL, total_fen INTEGER NOT NULL, fund_fen INTEGER NOT NULL, account_fen INTEGER NOT NULL, mutual_fen INTEGER NOT NULL, cash_fen INTEGER NOT NULL,
  deductible_fen INTEGER NOT NULL, booked_ms INTEGER NOT NULL, status TEXT NOT NULL, closed_ms INTEGER, closed_by TEXT, figures TEXT NOT NULL,
  infno TEXT NOT NULL DEFAULT '2102', institution TEXT NOT NULL DEFAULT '', area TEXT NOT NULL DEFAULT '', med_type TEXT NOT NULL DEFAULT '41',
  batch TEXT NOT NULL DEFAULT '', lines TEXT NOT NULL DEFAULT '[]', credential TEXT NOT NULL DEFAULT '',
  CHECK (total_fen = fund_fen + account_fen + mutual_fen + cash_fen),
  CHECK (fund_fen >= 0 AND account_fen >= 0 AND mutual_fen >= 0 AND cash_fen >= 0 AND deductible_fen >= 0));
CREATE INDEX IF NOT EXISTS settlements_by_msgid ON settlements (msgid);
CREATE INDEX IF NOT EXISTS settlements_by_person ON settlements (psn_no, booked_ms);
CREATE INDEX IF NOT EXISTS settlements_by_visit ON settlements (mdtrt_id);
CREATE TABLE IF NOT EXISTS voids (msgid TEXT PRIMARY KEY, setl_id TEXT NOT NULL, psn_no TEXT NOT NULL, undone INTEGER NOT NULL, infno TEXT NOT NULL DEFAULT '2103');
CREATE TABLE IF NOT EXISTS reversals (omsgid TEXT PRIMARY KEY, at_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sign_ins (sign_no TEXT PRIMARY KEY, operator TEXT NOT NULL, at_ms INTEGER NOT NULL, ended_ms INTEGER);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS e_codes (token TEXT PRIMARY KEY, psn_no TEXT NOT NULL, issued_ms INTEGER NOT NULL, valid_ms INTEGER NOT NULL, queries INTEGER NOT NULL, settled INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS visits (mdtrt_id TEXT PRIMARY KEY, ipt_otp_no TEXT NOT NULL, institution TEXT NOT NULL, psn_no TEXT NOT NULL, insutype TEXT NOT NULL, area TEXT NOT NULL,
  msgid TEXT NOT NULL, opened_ms INTEGER NOT NULL, status TEXT NOT NULL, registration TEXT NOT NULL, information TEXT);
CREATE INDEX IF NOT EXISTS visits_by_number ON visits (institution, ipt_otp_no);
CREATE TABLE IF NOT EXISTS fees (mdtrt_id TEXT NOT NULL, feedetl_sn TEXT NOT NULL, batch TEXT NOT NULL, line TEXT NOT NULL, PRIMARY KEY (mdtrt_id, feedetl_sn));
CREATE TABLE IF NOT EXISTS packs (code TEXT NOT NULL, sale TEXT NOT NULL, setl_id TEXT NOT NULL, part INTEGER NOT NULL, told_by TEXT NOT NULL, returned INTEGER NOT NULL, PRIMARY KEY (code, sale));
CREATE INDEX IF NOT EXISTS packs_by_settlement ON packs (setl_id);
CREATE TABLE IF NOT EXISTS stock_moves (move TEXT PRIMARY KEY, infno TEXT NOT NULL, institution TEXT NOT NULL, setl_id TEXT NOT NULL, med_list_codg TEXT NOT NULL, cnt_e4 INTEGER NOT NULL, at_ms INTEGER NOT NULL, fields TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS stock_moves_by_settlement ON stock_moves (setl_id);
CREATE TABLE IF NOT EXISTS files (file_qury_no TEXT PRIMARY KEY, institution TEXT NOT NULL, filename TEXT NOT NULL, until_ms INTEGER NOT NULL, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS clearings (clr_appy_evt_id TEXT PRIMARY KEY, institution TEXT NOT NULL, status TEXT NOT NULL, at_ms INTEGER NOT NULL, fields TEXT NOT NULL);`;

/** Columns that books made by an earlier version do not have. */
const ADDED_COLUMNS: readonly (readonly [table: string, column: string, declaration: string])[] = [
  ["settlements", "infno", "TEXT NOT NULL DEFAULT '2102'"],
  ["settlements", "institution", "TEXT NOT NULL DEFAULT ''"],
  ["settlements", "area", "TEXT NOT NULL DEFAULT ''"],
  ["settlements", "med_type", "TEXT NOT NULL DEFAULT '41'"],
  ["settlements", "batch", "TEXT NOT NULL DEFAULT ''"],
  ["settlements", "lines", "TEXT NOT NULL DEFAULT '[]'"],
  ["settlements", "credential", "TEXT NOT NULL DEFAULT ''"],
  ["voids", "infno", "TEXT NOT NULL DEFAULT '2103'"],
  ["sign_ins", "ended_ms", "INTEGER"],
];

/** Makes the tables, and brings books of an earlier version to this one. */
export function migrate(database: DatabaseSync): void {
  database.exec(SCHEMA);
  for (const [table, column, declaration] of ADDED_COLUMNS) {
    const columns = database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all();
    if (!columns.some(({ name }) => name === column)) database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${declaration}`);
  }
}
