/*
 * Goal: every schema that a released or tried terminal has ever written, in one table, so that a journal of any of them can be read and
 * written. Method: entries pass through one row that holds what all schemas know; a schema that lacks a column leaves it out, and what
 * can be found again is found again.
 *
 * Schema 0, before the first release: pages of 4,096 bytes, hashes as text, no `previous`, found by an index over subjects.
 * Schema 1, the first release: an entry names the one before it of the same subject.
 * Schema 2: the file gives space back; an entry keeps the names of marks that point at its subject, and what stood before it where that is gone.
 */
import type { SQLInputValue } from "node:sqlite";
import { fromHex, toHex } from "../../../base/bytes.ts";
import type { StoredEntry } from "../../../base/ports.ts";
import { OPEN_STATES } from "../types.ts";

/** The condition of the partial index, repeated word for word by the queries that shall use it. */
export const OPEN_CONDITION = `state IN (${OPEN_STATES.map((state) => `'${state}'`).join(", ")})`;

/** An entry with what the store keeps beside it. */
export interface EntryRow {
  readonly entry: StoredEntry;
  /** Sequence of the entry before it of the same subject; 0 for none. */
  readonly previous: number;
  /** Names of the marks that were set to its subject with it. */
  readonly names: readonly string[];
}

export type Row = Readonly<Record<string, unknown>>;

export interface Layout {
  readonly schema: number;
  readonly pageBytes: number;
  /** Whether free pages can be given back to the file system. */
  readonly shrinks: boolean;
  readonly tables: string;
  /** In the order of `valuesOf`. */
  readonly insertEntry: string;
  readonly valuesOf: (row: EntryRow) => readonly SQLInputValue[];
}

const BATCHES_AND_MARKS = `
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
`;

const SUBJECTS = `
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
${BATCHES_AND_MARKS}`;

const BEFORE_THE_FIRST: Layout = {
  schema: 0,
  pageBytes: 4096,
  shrinks: false,
  tables: `
CREATE TABLE entries (
  seq INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  body TEXT NOT NULL,
  sealed BLOB,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX entries_subject ON entries (subject, seq);
CREATE TABLE subjects (
  subject TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  amount_fen INTEGER NOT NULL,
  card_key TEXT NOT NULL
) STRICT;
CREATE INDEX subjects_state ON subjects (state, first_seq);
${BATCHES_AND_MARKS}`,
  insertEntry: "INSERT INTO entries (seq, subject, kind, state, body, sealed, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
  valuesOf: ({ entry }) => [entry.seq, entry.subject, entry.kind, entry.state, entry.body, entry.sealed ?? null, entry.hash],
};

const FIRST: Layout = {
  schema: 1,
  pageBytes: 1024,
  shrinks: false,
  tables: `
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
${SUBJECTS}`,
  insertEntry: "INSERT INTO entries (seq, previous, subject, kind, state, hash, sealed, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  valuesOf: ({ entry, previous }) => [entry.seq, previous, entry.subject, entry.kind, entry.state, fromHex(entry.hash), entry.sealed ?? null, entry.body],
};

const CURRENT: Layout = {
  schema: 2,
  pageBytes: 1024,
  shrinks: true,
  tables: `
CREATE TABLE entries (
  seq INTEGER PRIMARY KEY,
  previous INTEGER NOT NULL,
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  hash BLOB NOT NULL,
  sealed BLOB,
  names TEXT,
  link_before BLOB,
  body TEXT NOT NULL
) STRICT;
${SUBJECTS}`,
  insertEntry: "INSERT INTO entries (seq, previous, subject, kind, state, hash, sealed, names, link_before, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  valuesOf: ({ entry, previous, names }) => [
    entry.seq,
    previous,
    entry.subject,
    entry.kind,
    entry.state,
    fromHex(entry.hash),
    entry.sealed ?? null,
    names.length === 0 ? null : JSON.stringify(names),
    entry.before === undefined ? null : fromHex(entry.before),
    entry.body,
  ],
};

const LAYOUTS: readonly Layout[] = [BEFORE_THE_FIRST, FIRST, CURRENT];

/** The schema of this release. */
export const CURRENT_LAYOUT = CURRENT;

/** Schemas that `yikatong journal migrate` reads and writes, for the manifest of a release. */
export const JOURNAL_SCHEMAS: readonly number[] = LAYOUTS.map(({ schema }) => schema);

export function layoutOf(schema: number): Layout | undefined {
  return LAYOUTS.find((layout) => layout.schema === schema);
}

/** What makes an empty file one of this layout. Everything in it stands before the first table or cannot be changed any more. */
export function creationOf({ pageBytes, shrinks, tables, schema }: Layout): { readonly pragmas: string; readonly tables: string } {
  return {
    pragmas: `PRAGMA page_size = ${pageBytes}; PRAGMA auto_vacuum = ${shrinks ? "INCREMENTAL" : "NONE"}`,
    tables: `${tables}\nPRAGMA user_version = ${schema};`,
  };
}

/** Reads an entry of any layout. */
export function toEntry(row: Row): StoredEntry {
  const { sealed, hash, link_before: before } = row;
  return {
    seq: Number(row["seq"]),
    subject: String(row["subject"]),
    kind: String(row["kind"]),
    state: String(row["state"]),
    body: String(row["body"]),
    ...(sealed instanceof Uint8Array ? { sealed } : {}),
    hash: hash instanceof Uint8Array ? toHex(hash) : String(hash),
    ...(before instanceof Uint8Array ? { before: toHex(before) } : {}),
  };
}

/** Names of marks that stand in a row; none where the layout or the row has none. */
export function namesIn(row: Row | undefined): readonly string[] {
  const names = row?.["names"];
  if (typeof names !== "string") return [];
  const list: unknown = JSON.parse(names);
  return Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
}
