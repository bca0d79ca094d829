/*
 * Goal: a journal of one schema becomes the same journal in another, up or down, and at every moment there is exactly one truth.
 * Method: the old file is locked against everybody and left as it is; a new one is filled beside it, read back and compared row by row and
 * link by link, and flushed; the old one gets a second name, and then one rename puts the new one in its place. Before that rename everything
 * is as it was, behind it everything is done: a kill in between leaves a part that the next migration throws away.
 */
import { chmodSync, chownSync, closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Fault } from "../../../base/fault.ts";
import { civilTime } from "../../../codec/civil-time.ts";
import type { CipherSuite } from "../../../crypto/face.ts";
import { DATABASE_FILE, sqliteFault } from "./files.ts";
import { keptFiles } from "./kept.ts";
import { creationOf, type Layout, layoutOf } from "./layouts.ts";
import { compareFiles, copyRows } from "./migrate-rows.ts";

const NEW_FILE = "journal.migrating.sqlite";
/** A new file may be larger by its pages, and something else may grow meanwhile. */
const SPARE_BYTES = 4 * 1024 * 1024;
const KEPT_NAMES_MAX = 100;

export interface MigrationOptions {
  readonly folder: string;
  readonly to: number;
  readonly suite: CipherSuite;
  /** For the name of the file that is kept. */
  readonly wallMs: number;
  /** Free bytes of the folder's file system; asked for where left out. */
  readonly freeBytes?: number;
  /** Called as each step begins; whoever throws here has the migration end as if it were killed. */
  readonly onStep?: (step: MigrationStep) => void;
}

export type MigrationStep = "copy" | "compare" | "flush" | "keep" | "switch" | "done";

export interface MigrationReport {
  readonly from: number;
  readonly to: number;
  /** Entries that are held, and the sequence of the last one. */
  readonly entries: number;
  readonly lastSeq: number;
  /** Name of the file that holds the journal as it was. */
  readonly kept: string;
}

/**
 * Gives the report, or undefined where the journal has this schema already.
 * Faults: "store-in-use", "store-schema" (one of the two is not known here), "store-corrupt" (the old file is not whole: nothing was changed),
 * "store-full", "store-broken".
 */
export function migrateJournal(options: MigrationOptions): MigrationReport | undefined {
  const target = layoutOf(options.to);
  if (target === undefined) throw schemaFault(`this release cannot write journal schema ${options.to}`);
  try {
    const old = openLocked(options.folder);
    try {
      return migrateLocked(old, target, options);
    } finally {
      old.close();
    }
  } catch (error) {
    throw error instanceof Fault ? error : sqliteFault(error);
  }
}

function migrateLocked(old: DatabaseSync, target: Layout, options: MigrationOptions): MigrationReport | undefined {
  const { folder, suite, onStep = () => undefined } = options;
  const source = sourceLayout(old);
  if (source.schema === target.schema) return undefined;
  dropUnfinished(folder);
  demandSpace(options);
  const path = join(folder, NEW_FILE);
  onStep("copy");
  fill(path, { old, source, target });
  onStep("compare");
  const found = compareFiles(old, path, { suite, target });
  onStep("flush");
  giveToOwnerOf(join(folder, DATABASE_FILE), path);
  flush(path);
  flush(folder);
  onStep("keep");
  const kept = keepOld(folder, source.schema, options.wallMs);
  flush(folder);
  onStep("switch");
  renameSync(path, join(folder, DATABASE_FILE));
  flush(folder);
  onStep("done");
  return { from: source.schema, to: target.schema, ...found, kept };
}

/**
 * Nobody else reads or writes this file until it is closed. The log is copied back and gone, so that the file alone is the journal:
 * a log that stayed would be read into the new one.
 */
function openLocked(folder: string): DatabaseSync {
  const path = join(folder, DATABASE_FILE);
  const before = statSync(path).ino;
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Exclusive as long as there is a log, because its index must not be shared; ordinary from then on, so that closing touches no name.
    // By way of the log in any case: one that was copied back and whose removal a power cut has undone is taken up again, and goes.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint(TRUNCATE)");
    database.exec("PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; BEGIN EXCLUSIVE");
    const mode = database.prepare("PRAGMA journal_mode").get()?.["journal_mode"];
    if (mode !== "delete" || statSync(path).ino !== before) throw new Fault("store-in-use", "another process has the journal open", { effectUnknown: false });
    if (existsSync(`${path}-wal`)) throw new Fault("store-broken", "the journal's log could not be copied back", { effectUnknown: false });
    flush(folder);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function sourceLayout(old: DatabaseSync): Layout {
  const schema = Number(old.prepare("PRAGMA user_version").get()?.["user_version"]);
  const layout = layoutOf(schema);
  // An empty file says 0 too.
  const hasTables = old.prepare("SELECT name FROM sqlite_schema WHERE name = 'entries'").get() !== undefined;
  if (layout === undefined) throw schemaFault(`the journal has schema ${schema}, which this release cannot read`);
  if (!hasTables) throw new Fault("store-corrupt", "the journal's file has no entries' table", { effectUnknown: false });
  return layout;
}

function schemaFault(message: string): Fault {
  return new Fault("store-schema", message, { effectUnknown: false });
}

/** What an earlier migration left that was killed: a part of a copy, and a second name of the file that is still in its place. */
function dropUnfinished(folder: string): void {
  for (const name of [NEW_FILE, `${NEW_FILE}-journal`, `${NEW_FILE}-wal`]) rmSync(join(folder, name), { force: true });
  const { ino } = statSync(join(folder, DATABASE_FILE));
  for (const name of keptFiles(folder)) if (statSync(join(folder, name)).ino === ino) rmSync(join(folder, name));
}

function demandSpace({ folder, freeBytes }: MigrationOptions): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = freeBytes ?? bavail * bsize;
  const needed = Math.ceil(statSync(join(folder, DATABASE_FILE)).size * 1.25) + SPARE_BYTES;
  if (free < needed)
    throw new Fault("store-full", `a migration of the journal needs ${needed} free bytes, there are ${free}: nothing was changed`, { effectUnknown: false });
}

/** No flush and no undo: the file counts for nothing until it was compared and flushed as a whole. */
function fill(path: string, { old, source, target }: { readonly old: DatabaseSync; readonly source: Layout; readonly target: Layout }): void {
  const made = new DatabaseSync(path);
  try {
    const { pragmas, tables } = creationOf(target);
    made.exec(`${pragmas}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN`);
    made.exec(tables);
    copyRows(old, made, { source, target });
    made.exec("COMMIT");
  } finally {
    made.close();
  }
}

/** Root may write another's journal anew; who runs the terminal has to be able to open it, and nobody else. */
function giveToOwnerOf(old: string, made: string): void {
  const { uid, gid, mode } = statSync(old);
  if (process.geteuid?.() === 0) chownSync(made, uid, gid);
  chmodSync(made, mode);
}

/** A second name for the old file; the file itself is not touched. */
function keepOld(folder: string, schema: number, wallMs: number): string {
  const { date, time } = civilTime(Math.max(0, wallMs));
  const stem = `journal.schema-${schema}.${date}-${time}`;
  for (let number = 1; number <= KEPT_NAMES_MAX; number += 1) {
    const name = number === 1 ? `${stem}.sqlite` : `${stem}.${number}.sqlite`;
    if (existsSync(join(folder, name))) continue;
    linkSync(join(folder, DATABASE_FILE), join(folder, name));
    return name;
  }
  throw new Fault("store-broken", "there is no name left under which the old journal could be kept", { effectUnknown: false });
}

function flush(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
