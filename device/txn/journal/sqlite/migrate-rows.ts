/* The rows of a migration: how they pass from one layout to the other, and the proof that all of them have arrived and nothing else has. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { equalBytes } from "../../../base/bytes.ts";
import { Fault } from "../../../base/fault.ts";
import type { StoredEntry } from "../../../base/ports.ts";
import type { CipherSuite } from "../../../crypto/face.ts";
import { leftProblem, MARK_ANCHOR, parseAnchor } from "../anchor.ts";
import { firstLink, linkProblem } from "../chain.ts";
import { MARK_JOURNAL_ID, MARK_TERMINAL } from "../opening.ts";
import { isFinal } from "../transitions.ts";
import type { RecordState } from "../types.ts";
import { type Layout, namesIn, type Row, toEntry } from "./layouts.ts";

const PAGE = 500;
/** In a schema without a place for it, the chain value before an entry that stayed is a mark of this name and its sequence. */
const BEFORE_MARK = "journal/before/";
/** Layouts below this number have no place for names and chain values beside an entry. */
const WITH_NAMES = 2;

/** Everything but entries is kept alike in all layouts; in this order a table is read. */
const PLAIN_TABLES = [
  { name: "subjects", columns: ["first_seq", "last_seq", "subject", "kind", "state", "amount_fen", "card_key"], key: "first_seq" },
  { name: "batches", columns: ["batch_seq", "first_seq", "last_seq", "hash", "receipted", "detail"], key: "batch_seq" },
  { name: "marks", columns: ["name", "value"], key: "name" },
] as const;

type PlainTable = (typeof PLAIN_TABLES)[number];

interface Layouts {
  readonly source: Layout;
  readonly target: Layout;
}

/** Copies everything that `old` holds into the empty tables of `made`. */
export function copyRows(old: DatabaseSync, made: DatabaseSync, layouts: Layouts): void {
  copyEntries(old, made, layouts);
  for (const table of PLAIN_TABLES) copyPlain(old, made, table);
  // A place of its own in the one schema, a mark in the other.
  if (layouts.target.schema >= WITH_NAMES) made.prepare("DELETE FROM marks WHERE name >= ? AND name < ?").run(BEFORE_MARK, `${BEFORE_MARK}:`);
  else
    for (const [seq, before] of keptLinks(old, layouts.source))
      made.prepare("INSERT INTO marks (name, value) VALUES (?, ?)").run(`${BEFORE_MARK}${seq}`, before);
}

function copyEntries(old: DatabaseSync, made: DatabaseSync, { source, target }: Layouts): void {
  const insert = made.prepare(target.insertEntry);
  const names = source.schema >= WITH_NAMES ? undefined : namesOfSubjects(old);
  const links = keptLinks(old, source);
  const previousOf = new Map<string, number>();
  for (const row of rowsOf(old, "SELECT * FROM entries WHERE seq > ? ORDER BY seq LIMIT ?", "seq", 0)) {
    const entry = toEntry(row);
    const before = links.get(entry.seq);
    const previous = previousOf.get(entry.subject) ?? 0;
    // Only names that a schema has no place for are found again, with the first entry of their subject.
    const named = names === undefined ? namesIn(row) : previous === 0 ? (names.get(entry.subject) ?? []) : [];
    insert.run(...target.valuesOf({ entry: before === undefined ? entry : { ...entry, before }, previous, names: named }));
    if (isFinal(entry.state as RecordState)) previousOf.delete(entry.subject);
    else previousOf.set(entry.subject, entry.seq);
  }
}

function copyPlain(old: DatabaseSync, made: DatabaseSync, { name, columns, key }: PlainTable): void {
  const insert = made.prepare(`INSERT INTO ${name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`);
  for (const row of plainRows(old, { name, columns, key } as PlainTable)) insert.run(...columns.map((column) => row[column] as SQLInputValue));
}

function plainRows(database: DatabaseSync, { name, columns, key }: PlainTable): Generator<Row, void, undefined> {
  return rowsOf(database, `SELECT ${columns.join(", ")} FROM ${name} WHERE ${key} > ? ORDER BY ${key} LIMIT ?`, key, key === "name" ? "" : 0);
}

/** All rows of a question that pages by one column, in its order. */
function* rowsOf(database: DatabaseSync, sql: string, key: string, from: string | number): Generator<Row, void, undefined> {
  const statement = database.prepare(sql);
  let after = from;
  for (;;) {
    const page: readonly Row[] = statement.all(after, PAGE);
    yield* page;
    const last = page.at(-1)?.[key];
    if (page.length < PAGE || (typeof last !== "number" && typeof last !== "string")) return;
    after = last;
  }
}

/** Marks that name a subject which is there, by that subject. */
function namesOfSubjects(old: DatabaseSync): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const row of old.prepare("SELECT m.name AS name, m.value AS value FROM marks m JOIN subjects s ON s.subject = m.value ORDER BY m.name").iterate()) {
    const subject = String(row["value"]);
    names.set(subject, [...(names.get(subject) ?? []), String(row["name"])]);
  }
  return names;
}

/** Chain values before entries that stayed, wherever the layout keeps them. */
function keptLinks(old: DatabaseSync, { schema }: Layout): ReadonlyMap<number, string> {
  if (schema >= WITH_NAMES) {
    const rows = old.prepare("SELECT seq, lower(hex(link_before)) AS before FROM entries WHERE link_before IS NOT NULL").all();
    return new Map(rows.map(({ seq, before }) => [Number(seq), String(before)]));
  }
  const rows = old.prepare("SELECT name, value FROM marks WHERE name >= ? AND name < ?").all(BEFORE_MARK, `${BEFORE_MARK}:`);
  return new Map(rows.map(({ name, value }) => [Number(String(name).slice(BEFORE_MARK.length)), String(value)]));
}

/**
 * Reads the new file back from the disk and holds it against the old one: every row, every link of the chain, and the engine's own check of its pages.
 * Faults: "store-corrupt" where the old journal's chain is not whole, "store-broken" where the new file is not the same.
 */
export function compareFiles(
  old: DatabaseSync,
  path: string,
  { suite, target }: { readonly suite: CipherSuite; readonly target: Layout },
): {
  readonly entries: number;
  readonly lastSeq: number;
} {
  const made = new DatabaseSync(path, { readOnly: true });
  try {
    const version = made.prepare("PRAGMA user_version").get()?.["user_version"];
    const pages = made.prepare("PRAGMA integrity_check(1)").get()?.["integrity_check"];
    if (version !== target.schema || pages !== "ok") throw different("its pages are not sound");
    const found = compareEntries(old, made, suite);
    for (const table of PLAIN_TABLES) comparePlain(old, made, table);
    return found;
  } finally {
    made.close();
  }
}

function compareEntries(old: DatabaseSync, made: DatabaseSync, suite: CipherSuite): { readonly entries: number; readonly lastSeq: number } {
  const all = "SELECT * FROM entries WHERE seq > ? ORDER BY seq LIMIT ?";
  const copies = rowsOf(made, all, "seq", 0);
  const chain = new Chain(suite, made);
  let entries = 0;
  for (const row of rowsOf(old, all, "seq", 0)) {
    const entry = toEntry(row);
    const copy = copies.next();
    if (copy.done === true || !sameEntry(entry, toEntry(copy.value))) throw different(`entry ${entry.seq} is another one`);
    chain.take(toEntry(copy.value));
    entries += 1;
  }
  if (copies.next().done !== true) throw different("it has more entries");
  return { entries, lastSeq: chain.seq };
}

/** Every link, from the anchor on. */
class Chain {
  readonly #suite: CipherSuite;
  seq: number;
  #hash: string;

  constructor(suite: CipherSuite, database: DatabaseSync) {
    const mark = (name: string) => {
      const value = database.prepare("SELECT value FROM marks WHERE name = ?").get(name)?.["value"];
      return typeof value === "string" ? value : undefined;
    };
    const anchored = mark(MARK_ANCHOR);
    const origin = { seq: 0, hash: firstLink(suite, { terminalId: mark(MARK_TERMINAL) ?? "", journalId: mark(MARK_JOURNAL_ID) ?? "" }) };
    const anchor = anchored === undefined ? origin : parseAnchor(anchored);
    if (anchor === undefined) throw new Fault("store-corrupt", "the place where the journal begins is not readable", { effectUnknown: false });
    this.#suite = suite;
    this.seq = anchor.seq;
    this.#hash = anchor.hash;
  }

  take(entry: StoredEntry): void {
    const isLeft = entry.seq <= this.seq && entry.seq !== 0;
    const why = isLeft ? leftProblem(this.#suite, entry) : linkProblem(this.#suite, { seq: this.seq, hash: this.#hash }, entry);
    if (why !== undefined) throw new Fault("store-corrupt", `journal entry ${entry.seq}: ${why}; nothing was migrated`, { effectUnknown: false });
    if (isLeft) return;
    this.seq = entry.seq;
    this.#hash = entry.hash;
  }
}

function sameEntry(left: StoredEntry, right: StoredEntry): boolean {
  const sealed = left.sealed === undefined ? right.sealed === undefined : right.sealed !== undefined && equalBytes(left.sealed, right.sealed);
  const { seq, subject, kind, state, body, hash } = left;
  return sealed && seq === right.seq && subject === right.subject && kind === right.kind && state === right.state && body === right.body && hash === right.hash;
}

function comparePlain(old: DatabaseSync, made: DatabaseSync, table: PlainTable): void {
  const meant = ({ name }: Row) => typeof name !== "string" || !name.startsWith(BEFORE_MARK);
  const copies = filtered(plainRows(made, table), meant);
  for (const row of filtered(plainRows(old, table), meant)) {
    const copy = copies.next();
    if (copy.done === true || table.columns.some((column) => row[column] !== copy.value[column])) throw different(`a row of its ${table.name} is another one`);
  }
  if (copies.next().done !== true) throw different(`it has more ${table.name}`);
}

function* filtered(rows: Iterable<Row>, meant: (row: Row) => boolean): Generator<Row, void, undefined> {
  for (const row of rows) if (meant(row)) yield row;
}

function different(why: string): Fault {
  return new Fault("store-broken", `the new journal is not the old one: ${why}; nothing was migrated`, { effectUnknown: false });
}
