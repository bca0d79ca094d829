/* The SQLite file below a host's books: synchronous, durable at every commit. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";

export type Row = Record<string, unknown>;

export class SqlStore {
  readonly #database: DatabaseSync;
  #depth = 0;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** A file, or ":memory:". `prepare` makes the tables, and brings those of an earlier version to this one. */
  static open(path: string, prepare: (database: DatabaseSync) => void): SqlStore {
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    prepare(database);
    return new SqlStore(database);
  }

  close(): void {
    this.#database.close();
  }

  /** Answers how many rows were changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#database.prepare(sql).run(...values).changes);
  }

  all(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#database.prepare(sql).all(...values) as Row[];
  }

  one(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#database.prepare(sql).get(...values) as Row | undefined;
  }

  /** All of the work or none of it; work within work belongs to the outer one. */
  atomically<Result>(work: () => Result): Result {
    if (this.#depth > 0) return work();
    this.#database.exec("BEGIN IMMEDIATE");
    this.#depth = 1;
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    } finally {
      this.#depth = 0;
    }
  }

  /** The next number of a named series, starting with 1. The tables have one called counters, with name and value. */
  next(name: string): number {
    this.run("INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1", name);
    return Number(this.one("SELECT value FROM counters WHERE name = ?", name)?.["value"]);
  }
}
