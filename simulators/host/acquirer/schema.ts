/* Tables of the acquirer's books. Each entry's postings add up to nothing: a rule that is checked in the same commit. */
import type { DatabaseSync } from "node:sqlite";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (pan TEXT PRIMARY KEY, opening_fen INTEGER NOT NULL, balance_fen INTEGER NOT NULL CHECK (balance_fen >= 0), pin TEXT NOT NULL,
  tries_left INTEGER NOT NULL, status TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS postings (entry INTEGER NOT NULL, side TEXT NOT NULL, fen INTEGER NOT NULL, PRIMARY KEY (entry, side));
CREATE TABLE IF NOT EXISTS transactions (id INTEGER PRIMARY KEY, terminal TEXT NOT NULL, batch TEXT NOT NULL, stan TEXT NOT NULL, business TEXT NOT NULL, pan TEXT NOT NULL,
  code TEXT NOT NULL, amount_fen INTEGER NOT NULL CHECK (amount_fen >= 0), asked_fen INTEGER NOT NULL, rrn TEXT NOT NULL, authorization TEXT NOT NULL, original INTEGER,
  refunded_fen INTEGER NOT NULL DEFAULT 0 CHECK (refunded_fen <= amount_fen), status TEXT NOT NULL, digest TEXT NOT NULL, at_ms INTEGER NOT NULL, closed_ms INTEGER,
  extra TEXT NOT NULL DEFAULT '', UNIQUE (terminal, batch, stan));
CREATE INDEX IF NOT EXISTS transactions_by_rrn ON transactions (rrn);
CREATE TABLE IF NOT EXISTS reversals (terminal TEXT NOT NULL, batch TEXT NOT NULL, stan TEXT NOT NULL, at_ms INTEGER NOT NULL, times INTEGER NOT NULL, undone INTEGER NOT NULL,
  PRIMARY KEY (terminal, batch, stan));
CREATE TABLE IF NOT EXISTS sessions (terminal TEXT PRIMARY KEY, batch TEXT NOT NULL, signed_in INTEGER NOT NULL, pin_key TEXT NOT NULL, mac_key TEXT NOT NULL, track_key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batch_rows (terminal TEXT NOT NULL, batch TEXT NOT NULL, stan TEXT NOT NULL, side TEXT NOT NULL, pan TEXT NOT NULL, fen INTEGER NOT NULL,
  PRIMARY KEY (terminal, batch, stan));
CREATE TABLE IF NOT EXISTS uploaded_rows (terminal TEXT NOT NULL, batch TEXT NOT NULL, stan TEXT NOT NULL, how TEXT NOT NULL, pan TEXT NOT NULL, fen INTEGER NOT NULL,
  PRIMARY KEY (terminal, batch, stan));
CREATE TABLE IF NOT EXISTS settlements (terminal TEXT NOT NULL, batch TEXT NOT NULL, result TEXT NOT NULL, claimed TEXT NOT NULL, held TEXT NOT NULL, ended_ms INTEGER, rows INTEGER NOT NULL,
  PRIMARY KEY (terminal, batch));
CREATE TABLE IF NOT EXISTS planted (terminal TEXT NOT NULL, batch TEXT NOT NULL, difference TEXT NOT NULL, PRIMARY KEY (terminal, batch));
CREATE TABLE IF NOT EXISTS script_results (terminal TEXT NOT NULL, batch TEXT NOT NULL, stan TEXT NOT NULL, original TEXT NOT NULL, chip TEXT NOT NULL, at_ms INTEGER NOT NULL,
  PRIMARY KEY (terminal, batch, stan));`;

export function prepareAcquirerBooks(database: DatabaseSync): void {
  database.exec(SCHEMA);
}
