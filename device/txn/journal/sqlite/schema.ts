/*
 * Goal: one lone commit touches as few pages as possible, because on a flash card pages and flushes are the price.
 * Method: small pages; entries in sequence order; each entry names the entry before it of the same subject, so that a subject's
 * history needs no index; one partial index holds only what is open. Times of a commit are bought with nothing that a start can rebuild.
 * An entry fills about one page of 1,024 bytes: larger pages would write more per commit, smaller ones would chain every entry.
 */
import { CURRENT_LAYOUT, creationOf } from "./layouts.ts";

/** Written into the database's header; another number means that another release made it. */
export const SCHEMA_VERSION = CURRENT_LAYOUT.schema;

/** The tables of this schema, and the number. */
export const SCHEMA = creationOf(CURRENT_LAYOUT).tables;

/** Pages in the write-ahead log before it is copied back: about 4 MB, so that the log stays warm and of one size. */
export const CHECKPOINT_PAGES = 4000;

export const UPSERT_SUBJECT = `INSERT INTO subjects (first_seq, last_seq, subject, kind, state, amount_fen, card_key) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (first_seq) DO UPDATE SET last_seq = excluded.last_seq, state = excluded.state, amount_fen = excluded.amount_fen, card_key = excluded.card_key`;

export const UPSERT_BATCH = `INSERT INTO batches (batch_seq, first_seq, last_seq, hash, receipted, detail) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (batch_seq) DO UPDATE SET first_seq = excluded.first_seq, last_seq = excluded.last_seq, hash = excluded.hash, receipted = excluded.receipted, detail = excluded.detail`;

export const UPSERT_MARK = "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/** Pages given back to the file system with each slice that is taken away, and when nothing else is left to do. */
export const VACUUM_PAGES = 256;
