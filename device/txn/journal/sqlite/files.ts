/* Name of the journal's file, and what SQLite's own failures are in our words. */
import { Fault } from "../../../base/fault.ts";

export const DATABASE_FILE = "journal.sqlite";

/** Result codes of SQLite that we tell apart; the lowest byte of the extended code. */
const SQLITE_BUSY = 5;
export const SQLITE_FULL = 13;
const SQLITE_CORRUPT = 11;
const SQLITE_NOT_A_DATABASE = 26;

export function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

/** What kept a journal from being opened. */
export function sqliteFault(error: unknown): Fault {
  const code = sqliteCode(error);
  const options = { effectUnknown: false, cause: error };
  const noSpace = error instanceof Error && "code" in error && error.code === "ENOSPC";
  if (code === SQLITE_BUSY) return new Fault("store-in-use", "another process has the journal open", options);
  if (code === SQLITE_FULL || noSpace) return new Fault("store-full", "no space left to open the journal", options);
  if (code === SQLITE_CORRUPT || code === SQLITE_NOT_A_DATABASE) return new Fault("store-corrupt", "the journal file is damaged", options);
  return new Fault("store-broken", `the journal cannot be opened: ${error instanceof Error ? error.message : "unknown failure"}`, options);
}
