/*
 * Goal: one lone commit touches as few pages as possible, because on a flash card pages and flushes are the price.
 * Method: small pages; entries in sequence order; each entry names the entry before it of the same subject, so that a subject's
 * history needs no index; one partial index holds only what is open. Times of a commit are bought with nothing that a start can rebuild.
 */
import { OPEN_STATES } from "../types.ts";

/** Written into the database's header; another number means that another release made it. */
export const SCHEMA_VERSION = 1;

/** An entry fills about one page. Larger pages would write more per commit, smaller ones would chain every entry. */
export const PAGE_BYTES = 1024;

/** Pages in the write-ahead log before it is copied back: about 4 MB, so that the log stays warm and of one size. */
export const CHECKPOINT_PAGES = 4000;

/** The condition of the partial index, repeated word for word by the queries that shall use it. */
export const OPEN_CONDITION = `state IN (${OPEN_STATES.map((state) => `'${state}'`).join(", ")})`;

export const SCHEMA = `
CREATE TABLE entries (
  seq INTEGER PRIMARY KEY,
  previous INTEGER NOT NULL,
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  hash BLOB NOT NULL,
  sealed BLOB,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE subjects (
  first_seq INTEGER PRIMARY KEY,
  last_seq INTEGER NOT NULL,
  subject TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  amount_fen INTEGER NOT NULL,
  card_key TEXT NOT NULL
) STRICT;
CREATE INDEX subjects_open ON subjects (card_key, first_seq) WHERE ${OPEN_CONDITION};
CREATE TABLE batches (
  batch_seq INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  receipted INTEGER NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX batches_open ON batches (batch_seq) WHERE receipted = 0;
CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = ${SCHEMA_VERSION};
`;

export const INSERT_ENTRY = "INSERT INTO entries (seq, previous, subject, kind, state, hash, sealed, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

export const UPSERT_SUBJECT = `INSERT INTO subjects (first_seq, last_seq, subject, kind, state, amount_fen, card_key) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (first_seq) DO UPDATE SET last_seq = excluded.last_seq, state = excluded.state, amount_fen = excluded.amount_fen, card_key = excluded.card_key`;

export const UPSERT_BATCH = `INSERT INTO batches (batch_seq, first_seq, last_seq, hash, receipted, detail) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (batch_seq) DO UPDATE SET first_seq = excluded.first_seq, last_seq = excluded.last_seq, hash = excluded.hash, receipted = excluded.receipted, detail = excluded.detail`;

export const UPSERT_MARK = "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
