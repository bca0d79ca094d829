/*
 * The journal's database, synchronous: it runs inside the worker, and alone in benchmarks and in the power-cut proof.
 * Goal: what was acknowledged is on the disk. Method: write-ahead log, a flush at every commit (read back, not assumed), one
 * transaction for everything that waits, and silence for ever after the first write whose outcome is not known.
 */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { assert } from "../../../base/assert.ts";
import { fromHex } from "../../../base/bytes.ts";
import { Fault } from "../../../base/fault.ts";
import type { JournalStore, StoredBatch, StoredEntry, StoredSubject, StorePrune, StoreUsage, StoreWrite } from "../../../base/ports.ts";
import { OPEN_STATES } from "../types.ts";
import { DATABASE_FILE, SQLITE_FULL, sqliteCode, sqliteFault } from "./files.ts";
import { CURRENT_LAYOUT, creationOf, namesIn, OPEN_CONDITION, type Row, toEntry } from "./layouts.ts";
import type { Failure, ReadName } from "./messages.ts";
import { CHECKPOINT_PAGES, SCHEMA_VERSION, UPSERT_BATCH, UPSERT_MARK, UPSERT_SUBJECT, VACUUM_PAGES } from "./schema.ts";

export { DATABASE_FILE };

export interface EngineSettings {
  readonly folder: string;
  readonly limitBytes: number;
}

/** Faults: "store-in-use", "store-corrupt", "store-broken", "store-full", "store-schema" (migrate.ts brings an older one up). */
export function openEngine(settings: EngineSettings): SqliteEngine {
  try {
    return new SqliteEngine(settings);
  } catch (error) {
    throw error instanceof Fault ? error : sqliteFault(error);
  }
}

export class SqliteEngine {
  readonly #database: DatabaseSync;
  readonly #limitBytes: number;
  readonly #statements = new Map<string, StatementSync>();
  #lastSeq: number;
  /** Set by the first write whose outcome is unknown; from then on nothing is written until the store is opened again. */
  #broken: Failure | undefined;
  /** Set by a refusal for want of space: entries that were chained behind the refused one must not be written either. */
  #refusedFrom: number | undefined;

  constructor(settings: EngineSettings) {
    mkdirSync(settings.folder, { recursive: true, mode: 0o700 });
    this.#limitBytes = settings.limitBytes;
    const path = join(settings.folder, DATABASE_FILE);
    const before = statSync(path, { throwIfNoEntry: false })?.ino;
    this.#database = new DatabaseSync(path, { timeout: 0 });
    try {
      this.#prepare();
      // A migration may have put another file in this one's place between its opening and its lock.
      if (before !== undefined && statSync(path).ino !== before)
        throw new Fault("store-in-use", "the journal was exchanged meanwhile", { effectUnknown: false });
      this.#lastSeq = Number(this.#row("SELECT max(seq) AS seq FROM entries")?.["seq"] ?? 0);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Sequence of the last durable entry. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /**
   * Makes all of `writes` durable in one transaction, in order, or none of them.
   * Returns undefined when they are durable, else why not; "store-full" means that nothing was written.
   */
  commit(writes: readonly StoreWrite[]): Failure | undefined {
    if (this.#broken !== undefined) return this.#broken;
    const behind = this.#behindRefused(writes);
    if (behind !== undefined) return behind;
    const before = this.#lastSeq;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const write of writes) this.#apply(write);
      this.#database.exec("COMMIT");
      this.#refusedFrom = undefined;
      return undefined;
    } catch (error) {
      this.#lastSeq = before;
      return this.#failed(error, writes);
    }
  }

  read(name: ReadName, args: readonly unknown[]): unknown {
    // The arguments were typed on the other side of the port; the table below is the same list of methods.
    return (this[name] as (...args: readonly unknown[]) => unknown).call(this, ...args);
  }

  entries(fromSeq: number, limit: number): readonly StoredEntry[] {
    return this.#rows("SELECT * FROM entries WHERE seq >= ? ORDER BY seq LIMIT ?", fromSeq, limit).map(toEntry);
  }

  /** Walks back from the subject's last entry, so it reads exactly the rows it returns. */
  entriesOf(subject: string, limit: number): readonly StoredEntry[] {
    const found: StoredEntry[] = [];
    let seq = this.subject(subject)?.lastSeq ?? 0;
    while (seq > 0) {
      const row = this.#row("SELECT * FROM entries WHERE seq = ?", seq);
      if (row === undefined) break;
      found.push(toEntry(row));
      const previous = Number(row["previous"]);
      if (previous >= seq) throw new Fault("store-corrupt", `entry ${seq} names a later entry as its previous one`, { effectUnknown: false });
      seq = previous;
    }
    return found.reverse().slice(0, limit);
  }

  lastEntry(): StoredEntry | undefined {
    return this.#rows("SELECT * FROM entries ORDER BY seq DESC LIMIT 1").map(toEntry)[0];
  }

  subject(subject: string): StoredSubject | undefined {
    return this.#rows("SELECT * FROM subjects WHERE subject = ?", subject).map(toSubject)[0];
  }

  subjects(query: Parameters<JournalStore["subjects"]>[0]): readonly StoredSubject[] {
    const states = JSON.stringify(query.states);
    const wanted = query.states.every((state) => (OPEN_STATES as readonly string[]).includes(state)) ? `${OPEN_CONDITION} AND ` : "";
    const where = `${wanted}state IN (SELECT value FROM json_each(?)) AND first_seq > ? AND first_seq < ?`;
    const order = `ORDER BY first_seq${query.newestFirst === true ? " DESC" : ""} LIMIT ?`;
    const range = [states, query.afterFirstSeq ?? 0, query.beforeFirstSeq ?? Number.MAX_SAFE_INTEGER] as const;
    const rows =
      query.cardKey === undefined
        ? this.#rows(`SELECT * FROM subjects WHERE ${where} ${order}`, ...range, query.limit)
        : this.#rows(`SELECT * FROM subjects WHERE ${where} AND card_key = ? ${order}`, ...range, query.cardKey, query.limit);
    return rows.map(toSubject);
  }

  /** A short range is walked by its entries, of which those count that are still their subject's last; an open end is a scan of the subjects. */
  subjectTotals(query: Parameters<JournalStore["subjectTotals"]>[0]): Awaited<ReturnType<JournalStore["subjectTotals"]>> {
    const sums = "SELECT count(*) AS count, coalesce(sum(s.amount_fen), 0) AS sum, min(s.first_seq) AS oldest FROM";
    const wanted = "s.kind = ? AND s.state IN (SELECT value FROM json_each(?))";
    const states = JSON.stringify(query.states);
    const row =
      query.lastSeqThrough === undefined
        ? this.#row(`${sums} subjects s WHERE s.last_seq > ? AND ${wanted}`, query.lastSeqAfter, query.kind, states)
        : this.#row(
            `${sums} entries e CROSS JOIN subjects s ON s.subject = e.subject AND s.last_seq = e.seq WHERE e.seq > ? AND e.seq <= ? AND ${wanted}`,
            query.lastSeqAfter,
            query.lastSeqThrough,
            query.kind,
            states,
          );
    const oldest = row?.["oldest"];
    return { count: Number(row?.["count"]), sumFen: Number(row?.["sum"]), oldestFirstSeq: typeof oldest === "number" ? oldest : undefined };
  }

  openBatches(limit: number): readonly StoredBatch[] {
    return this.#rows("SELECT * FROM batches WHERE receipted = 0 ORDER BY batch_seq LIMIT ?", limit).map(toBatch);
  }

  batch(batchSeq: number): StoredBatch | undefined {
    return this.#rows("SELECT * FROM batches WHERE batch_seq = ?", batchSeq).map(toBatch)[0];
  }

  firstBatch(): StoredBatch | undefined {
    return this.#rows("SELECT * FROM batches ORDER BY batch_seq LIMIT 1").map(toBatch)[0];
  }

  lastBatch(): StoredBatch | undefined {
    return this.#rows("SELECT * FROM batches ORDER BY batch_seq DESC LIMIT 1").map(toBatch)[0];
  }

  mark(name: string): string | undefined {
    const value = this.#row("SELECT value FROM marks WHERE name = ?", name)?.["value"];
    return typeof value === "string" ? value : undefined;
  }

  usage(): StoreUsage {
    const spare = this.#pragma("freelist_count");
    const pageBytes = this.#pragma("page_size");
    return { usedBytes: (this.#pragma("page_count") - spare) * pageBytes, limitBytes: this.#limitBytes, spareBytes: spare * pageBytes };
  }

  /** What the engine's own check of every page finds; empty when all is well. Reads the whole file. */
  integrity(): readonly string[] {
    const found = this.#rows("PRAGMA integrity_check(20)").map((row) => String(row["integrity_check"]));
    return found.length === 1 && found[0] === "ok" ? [] : found;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(): void {
    // Held until close and released by the kernel when the process dies in any way, so a second process cannot write, and no
    // stale lock survives a crash. It must stand before the log is first touched.
    this.#demand("locking_mode", "EXCLUSIVE", "exclusive");
    const creation = creationOf(CURRENT_LAYOUT);
    this.#database.exec(creation.pragmas);
    this.#demand("journal_mode", "WAL", "wal");
    // After journal_mode, because some builds lower it there.
    this.#demand("synchronous", "FULL", 2);
    // What is taken away is overwritten where that costs no further write.
    this.#database.exec(
      `PRAGMA journal_size_limit = -1; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST`,
    );
    this.#database.exec("BEGIN EXCLUSIVE");
    const version = this.#pragma("user_version");
    const empty = this.#row("SELECT name FROM sqlite_schema LIMIT 1") === undefined;
    if (empty) this.#database.exec(creation.tables);
    this.#database.exec("COMMIT");
    if (!empty && version !== SCHEMA_VERSION)
      throw new Fault("store-schema", `the journal has schema ${version}, this release works with ${SCHEMA_VERSION}`, { effectUnknown: false });
    this.#settleRecovered();
    this.#database.exec(`PRAGMA max_page_count = ${Math.floor(this.#limitBytes / this.#pragma("page_size"))}`);
  }

  /**
   * A process that was killed between writing and flushing leaves a commit in the system's cache that we now read as if it were
   * durable. Copying the log back flushes the log and the file, so that whatever we say from here on survives a power cut.
   */
  #settleRecovered(): void {
    const row = this.#row("PRAGMA wal_checkpoint(FULL)");
    if (Number(row?.["busy"]) !== 0) throw new Fault("store-broken", "the recovered log could not be made durable", { effectUnknown: false });
  }

  #demand(pragma: string, value: string, expected: string | number): void {
    this.#database.exec(`PRAGMA ${pragma} = ${value}`);
    const got = this.#row(`PRAGMA ${pragma}`)?.[pragma];
    if (got !== expected)
      throw new Fault("store-broken", `${pragma} is ${String(got)}, not ${String(expected)}: commits would not be durable`, { effectUnknown: false });
  }

  #apply(write: StoreWrite): void {
    if (write.prune !== undefined) this.#prune(write.prune);
    for (const subject of write.erase ?? []) {
      for (const { seq } of this.#placesOf(subject)) this.#run("UPDATE entries SET sealed = NULL WHERE seq = ? AND sealed IS NOT NULL", seq);
    }
    this.#applyEntries(write);
    for (const row of write.subjects ?? []) {
      this.#run(UPSERT_SUBJECT, row.firstSeq, row.lastSeq, row.subject, row.kind, row.state, row.amountFen, row.cardKey);
    }
    for (const row of write.batches ?? []) {
      this.#run(UPSERT_BATCH, row.batchSeq, row.firstSeq, row.lastSeq, row.hash, row.receipted ? 1 : 0, row.detail);
    }
    for (const row of write.marks ?? []) this.#run(UPSERT_MARK, row.name, row.value);
  }

  #applyEntries(write: StoreWrite): void {
    const lastSeqOf = new Map<string, number>();
    for (const row of write.entries ?? []) {
      assert(row.seq === this.#lastSeq + 1, `entry ${row.seq} does not continue entry ${this.#lastSeq}`);
      const beginning = write.subjects?.find((subject) => subject.subject === row.subject)?.firstSeq === row.seq;
      const previous = lastSeqOf.get(row.subject) ?? (beginning ? 0 : (this.subject(row.subject)?.lastSeq ?? 0));
      // A draft's marks come with its one entry.
      const names = (write.marks ?? []).flatMap(({ name, value }) => (value === row.subject ? [name] : []));
      this.#run(CURRENT_LAYOUT.insertEntry, ...CURRENT_LAYOUT.valuesOf({ entry: row, previous, names }));
      lastSeqOf.set(row.subject, row.seq);
      this.#lastSeq = row.seq;
    }
  }

  #prune({ throughSeq, subjects, left, marks = [] }: StorePrune): void {
    for (const name of marks) this.#run("DELETE FROM marks WHERE name = ?", name);
    for (const subject of subjects) {
      for (const { seq, names } of this.#placesOf(subject)) {
        for (const name of names) this.#run("DELETE FROM marks WHERE name = ? AND value = ?", name, subject);
        this.#run("DELETE FROM entries WHERE seq = ?", seq);
      }
      this.#run("DELETE FROM subjects WHERE subject = ?", subject);
    }
    for (const { seq, before } of left) this.#run("UPDATE entries SET link_before = ? WHERE seq = ?", fromHex(before), seq);
    // Receipts name the newest receipted batch, and the next one continues the last.
    this.#run("DELETE FROM batches WHERE last_seq <= ? AND batch_seq < (SELECT max(batch_seq) FROM batches WHERE receipted = 1)", throughSeq);
    this.#database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
  }

  /** Where the entries of a subject stand, newest first, and the marks that were set with them. */
  #placesOf(subject: string): readonly { readonly seq: number; readonly names: readonly string[] }[] {
    const places: { readonly seq: number; readonly names: readonly string[] }[] = [];
    for (let seq = this.subject(subject)?.lastSeq ?? 0; seq > 0; ) {
      const row = this.#row("SELECT previous, names FROM entries WHERE seq = ?", seq);
      if (row === undefined) break;
      places.push({ seq, names: namesIn(row) });
      const previous = Number(row["previous"]);
      assert(previous < seq, "an entry names an earlier one as its previous one");
      seq = previous;
    }
    return places;
  }

  /** Entries were given their sequence before the one in front of them was refused: they must fail as well, or the chain would have a hole. */
  #behindRefused(writes: readonly StoreWrite[]): Failure | undefined {
    if (this.#refusedFrom === undefined) return undefined;
    const first = writes.find((write) => (write.entries?.length ?? 0) > 0)?.entries?.[0];
    if (first === undefined || first.seq === this.#lastSeq + 1) return undefined;
    return { code: "store-full", message: `behind entry ${this.#refusedFrom}, which was refused for want of space`, effectUnknown: false };
  }

  #failed(error: unknown, writes: readonly StoreWrite[]): Failure {
    const code = sqliteCode(error);
    const message = error instanceof Error ? error.message : "unknown failure";
    const undone = this.#undo();
    if (code === SQLITE_FULL && undone) {
      this.#refusedFrom = writes.find((write) => (write.entries?.length ?? 0) > 0)?.entries?.[0]?.seq ?? this.#refusedFrom;
      return { code: "store-full", message: "no space left for the journal", effectUnknown: false };
    }
    this.#broken = { code: "store-broken", message: `a write failed, its effect is not known: ${message}`, effectUnknown: true };
    return this.#broken;
  }

  #undo(): boolean {
    try {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      return true;
    } catch {
      // Not even undone: the caller calls the store broken, which is all that can be said.
      return false;
    }
  }

  #pragma(name: string): number {
    return Number(this.#row(`PRAGMA ${name}`)?.[name]);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }

  #row(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    // A pragma's statement must not be kept: its answer is computed when it is prepared.
    return (sql.startsWith("PRAGMA") ? this.#database.prepare(sql) : this.#statement(sql)).get(...values);
  }

  #rows(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#statement(sql).all(...values);
  }
}

function toSubject(row: Row): StoredSubject {
  return {
    subject: String(row["subject"]),
    kind: String(row["kind"]),
    state: String(row["state"]),
    firstSeq: Number(row["first_seq"]),
    lastSeq: Number(row["last_seq"]),
    amountFen: Number(row["amount_fen"]),
    cardKey: String(row["card_key"]),
  };
}

function toBatch(row: Row): StoredBatch {
  return {
    batchSeq: Number(row["batch_seq"]),
    firstSeq: Number(row["first_seq"]),
    lastSeq: Number(row["last_seq"]),
    hash: String(row["hash"]),
    receipted: row["receipted"] === 1,
    detail: String(row["detail"]),
  };
}
