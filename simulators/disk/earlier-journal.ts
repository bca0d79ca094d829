/*
 * Journals as earlier releases left them on a disk, written from their own definitions: schema 0 of the trials before the first release
 * (pages of 4,096 bytes, hashes as text, an index in place of links between entries) and schema 1 of release 0.1.0. What they hold comes from a
 * simulated disk, so that it is what a real journal wrote.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StoredEntry } from "../../device/base/ports.ts";
import type { JournalTables } from "./journal-tables.ts";

const OPEN = "state IN ('prepared', 'acting', 'unknown', 'resolving')";

const BATCHES = `
CREATE TABLE batches (batch_seq INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, hash TEXT NOT NULL,
  receipted INTEGER NOT NULL, detail TEXT NOT NULL) STRICT;
CREATE INDEX batches_open ON batches (batch_seq) WHERE receipted = 0;
CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`;

const TABLES: Readonly<Record<0 | 1, string>> = {
  0: `
CREATE TABLE entries (seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL, sealed BLOB,
  hash TEXT NOT NULL) STRICT;
CREATE INDEX entries_subject ON entries (subject, seq);
CREATE TABLE subjects (subject TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  amount_fen INTEGER NOT NULL, card_key TEXT NOT NULL) STRICT;
CREATE INDEX subjects_state ON subjects (state, first_seq);
${BATCHES}`,
  1: `
CREATE TABLE entries (seq INTEGER PRIMARY KEY, previous INTEGER NOT NULL, subject TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
  hash BLOB NOT NULL, sealed BLOB, body TEXT NOT NULL) STRICT;
CREATE TABLE subjects (first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, subject TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, state TEXT NOT NULL,
  amount_fen INTEGER NOT NULL, card_key TEXT NOT NULL) STRICT;
CREATE INDEX subjects_open ON subjects (card_key, first_seq) WHERE ${OPEN};
${BATCHES}`,
};

const STATES = ["prepared", "acting", "done", "refused", "unknown", "resolving", "void"];
const ALL = Number.MAX_SAFE_INTEGER;

export interface EarlierJournal {
  readonly folder: string;
  readonly schema: 0 | 1;
  /** What it holds. */
  readonly tables: JournalTables;
}

/** Writes `journal.sqlite` into the folder, which has none. */
export function writeEarlierJournal({ folder, schema, tables }: EarlierJournal): void {
  const database = new DatabaseSync(join(folder, "journal.sqlite"));
  database.exec(`PRAGMA page_size = ${schema === 0 ? 4096 : 1024}; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN; ${TABLES[schema]}`);
  database.exec(`PRAGMA user_version = ${schema}`);
  writeEntries(database, schema, tables.entriesFrom(1, ALL));
  const subject = database.prepare("INSERT INTO subjects (first_seq, last_seq, subject, kind, state, amount_fen, card_key) VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const row of tables.subjectsWhere({ states: STATES, limit: ALL }))
    subject.run(row.firstSeq, row.lastSeq, row.subject, row.kind, row.state, row.amountFen, row.cardKey);
  const batch = database.prepare("INSERT INTO batches (batch_seq, first_seq, last_seq, hash, receipted, detail) VALUES (?, ?, ?, ?, ?, ?)");
  const last = tables.lastBatch()?.batchSeq ?? 0;
  for (let batchSeq = tables.firstBatch()?.batchSeq ?? 1; batchSeq <= last; batchSeq += 1) {
    const row = tables.batch(batchSeq);
    if (row !== undefined) batch.run(batchSeq, row.firstSeq, row.lastSeq, row.hash, row.receipted ? 1 : 0, row.detail);
  }
  const mark = database.prepare("INSERT INTO marks (name, value) VALUES (?, ?)");
  for (const name of tables.markNames) mark.run(name, tables.mark(name) ?? "");
  database.exec("COMMIT");
  database.close();
}

function writeEntries(database: DatabaseSync, schema: 0 | 1, entries: readonly StoredEntry[]): void {
  const previous = new Map<string, number>();
  const early = database.prepare(
    schema === 0
      ? "INSERT INTO entries (hash, seq, subject, kind, state, body, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)"
      : "INSERT INTO entries (hash, seq, subject, kind, state, body, sealed, previous) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  for (const { seq, subject, kind, state, body, sealed, hash } of entries) {
    const row = [schema === 0 ? hash : Buffer.from(hash, "hex"), seq, subject, kind, state, body, sealed ?? null];
    early.run(...row, ...(schema === 0 ? [] : [previous.get(subject) ?? 0]));
    previous.set(subject, seq);
  }
}
