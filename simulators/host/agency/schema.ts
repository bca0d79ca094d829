/* Tables of the agency's books. What money and trust depend on is a rule of the table itself. */
import type { DatabaseSync } from "node:sqlite";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS persons (identity TEXT PRIMARY KEY, name TEXT NOT NULL, telephone TEXT NOT NULL, address TEXT NOT NULL, account TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cards (card_number TEXT PRIMARY KEY, card_identifier TEXT NOT NULL UNIQUE, identity TEXT NOT NULL, status TEXT NOT NULL, since_ms INTEGER NOT NULL, production TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bills (bill_id TEXT PRIMARY KEY, identity TEXT NOT NULL, kind TEXT NOT NULL, insurance TEXT NOT NULL, period TEXT NOT NULL,
  amount_fen INTEGER NOT NULL CHECK (amount_fen > 0), due TEXT NOT NULL, mandate INTEGER NOT NULL, state TEXT NOT NULL, receipt TEXT UNIQUE, payment TEXT UNIQUE, confirmed_ms INTEGER,
  CHECK (state IN ('open', 'paid', 'withdrawn')), CHECK ((state = 'paid') = (receipt IS NOT NULL)));
CREATE INDEX IF NOT EXISTS bills_by_person ON bills (identity, state);
CREATE TABLE IF NOT EXISTS losses (report TEXT PRIMARY KEY, card_number TEXT NOT NULL, loss TEXT NOT NULL, reported_ms INTEGER NOT NULL, lapses_ms INTEGER, rule TEXT NOT NULL,
  state TEXT NOT NULL, status_before TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS one_loss_stands ON losses (card_number) WHERE state = 'standing';
CREATE TABLE IF NOT EXISTS block_orders (card_number TEXT NOT NULL, level TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (card_number, level));
CREATE TABLE IF NOT EXISTS authorizations (authorization TEXT PRIMARY KEY, card_number TEXT NOT NULL, facts TEXT NOT NULL, until_ms INTEGER NOT NULL, uses INTEGER NOT NULL, result TEXT);
CREATE TABLE IF NOT EXISTS requests (id TEXT PRIMARY KEY, content TEXT NOT NULL, state TEXT NOT NULL, reply TEXT, at_ms INTEGER NOT NULL, CHECK (state IN ('done', 'pending', 'given-up')));
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);`;

export function prepareAgency(database: DatabaseSync): void {
  database.exec(SCHEMA);
}
