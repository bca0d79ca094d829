/*
 * What must fail: the journal's own tables on an engine that is told not to flush. It opens the database by itself, because the product
 * has no such switch. Says the same lines as the journal's workload; the modes are "NORMAL", "OFF", and "look" (reads what a killed
 * process left and relies on it at once).
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SCHEMA } from "../../../device/txn/journal/sqlite/schema.ts";
import { say } from "./say.ts";

function open(folder: string, synchronous: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, "journal.sqlite"));
  database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 1024; PRAGMA journal_mode = WAL");
  database.exec(`PRAGMA synchronous = ${synchronous}`);
  return database;
}

function tell(entries: number): void {
  say(JSON.stringify({ entries, batches: 0, receipted: 0, boot: 0 }));
}

function main(folder: string, mode: string): void {
  const database = open(folder, mode === "look" ? "FULL" : mode);
  if (mode === "look") {
    tell(Number(database.prepare("SELECT count(*) AS n FROM entries").get()?.["n"]));
    return;
  }
  database.exec(SCHEMA);
  const insert = database.prepare("INSERT INTO entries (seq, previous, subject, kind, state, hash, sealed, body) VALUES (?, 0, ?, 'k', 'done', ?, NULL, ?)");
  for (let seq = 1; seq <= 60; seq += 1) {
    insert.run(seq, `s${seq}`, new Uint8Array(32).fill(seq), `{"seq":${seq}}`);
    tell(seq);
  }
}

main(process.argv[2] ?? "", process.argv[3] ?? "NORMAL");
process.exit(0);
