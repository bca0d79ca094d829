/* Reads a journal's folder after a cut with the real engine, and says what is missing. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fen } from "../../device/base/fen.ts";
import { SILENT } from "../../device/base/log.ts";
import type { JournalStore } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { openJournal } from "../../device/txn/journal/journal.ts";
import { DATABASE_FILE, openEngine, type SqliteEngine } from "../../device/txn/journal/sqlite/engine.ts";
import { migrateJournal } from "../../device/txn/journal/sqlite/migrate.ts";
import { SCHEMA_VERSION } from "../../device/txn/journal/sqlite/schema.ts";
import { verifyJournal } from "../../device/txn/journal/verify.ts";
import type { Judge } from "./replay.ts";

const LIMIT_BYTES = 64 * 1024 * 1024;

export interface FoundJournal {
  readonly integrity: readonly string[];
  readonly firstBreak: string | undefined;
  readonly hashes: readonly string[];
  readonly batches: number;
  readonly receipted: number;
  readonly boot: number;
}

/** The engine as a store, without its thread: each disk is read in milliseconds. */
export function storeOf(engine: SqliteEngine): JournalStore {
  return {
    commit: async (write) => {
      const failure = engine.commit([write]);
      if (failure !== undefined) throw new Error(failure.message);
    },
    entries: async (fromSeq, limit) => engine.entries(fromSeq, limit),
    entriesOf: async (subject, limit) => engine.entriesOf(subject, limit),
    lastEntry: async () => engine.lastEntry(),
    subject: async (subject) => engine.subject(subject),
    subjects: async (query) => engine.subjects(query),
    subjectTotals: async (query) => engine.subjectTotals(query),
    openBatches: async (limit) => engine.openBatches(limit),
    batch: async (batchSeq) => engine.batch(batchSeq),
    firstBatch: async () => engine.firstBatch(),
    lastBatch: async () => engine.lastBatch(),
    mark: async (name) => engine.mark(name),
    usage: async () => engine.usage(),
    close: async () => engine.close(),
  };
}

/** `reference` are the hashes of all entries of the undisturbed run, in order. A journal of another schema is brought up first, as the service does. */
export function journalJudge(suite: CipherSuite, reference: readonly string[]): Judge<FoundJournal> {
  return {
    read: async (folder) => {
      if (existsSync(join(folder, DATABASE_FILE)) && !isEmpty(folder)) migrateJournal({ folder, to: SCHEMA_VERSION, suite, wallMs: 0 });
      const engine = openEngine({ folder, limitBytes: LIMIT_BYTES });
      try {
        return await readEngine(engine, suite);
      } finally {
        engine.close();
      }
    },
    problem: (found, said) => {
      const last = said.at(-1);
      return foundProblem(found, reference) ?? (last === undefined ? undefined : missing(found, JSON.parse(last) as Said));
    },
  };
}

/** A file without tables: its making was cut off before its first commit. */
function isEmpty(folder: string): boolean {
  const database = new DatabaseSync(join(folder, DATABASE_FILE));
  const hasTables = database.prepare("SELECT name FROM sqlite_schema WHERE name = 'entries'").get() !== undefined;
  database.close();
  return !hasTables;
}

/** Hashes of all entries in a folder. */
export function hashesIn(folder: string): readonly string[] {
  const engine = openEngine({ folder, limitBytes: LIMIT_BYTES });
  try {
    return allHashes(engine);
  } finally {
    engine.close();
  }
}

interface Said {
  readonly entries: number;
  readonly batches: number;
  readonly receipted: number;
  readonly boot: number;
}

async function readEngine(engine: SqliteEngine, suite: CipherSuite): Promise<FoundJournal> {
  const store = storeOf(engine);
  const report = await verifyJournal(store, { suite });
  const found = {
    integrity: engine.integrity(),
    firstBreak: report.firstBreak === undefined ? undefined : `entry ${report.firstBreak.seq}: ${report.firstBreak.why}`,
    hashes: allHashes(engine),
    batches: report.batches,
    receipted: report.receiptedThrough,
    boot: Number(engine.mark("journal/boot") ?? "0"),
  };
  await goesOn(store, suite);
  return found;
}

/** A journal that opens but takes no entry would be no use. */
async function goesOn(store: JournalStore, suite: CipherSuite): Promise<void> {
  const journal = await openJournal({
    store,
    suite,
    terminalId: "T-0001",
    storageKey: suite.secretKey(new Uint8Array(16).fill(7)),
    log: SILENT,
    clock: { monotonicMs: () => 0, wallMs: () => 0, sleep: () => Promise.resolve() },
    randomness: { bytes: (length) => new Uint8Array(length) },
  });
  await journal.append({ kind: "quick-payment", state: "prepared", amount: fen(1), detail: {} });
}

function allHashes(engine: SqliteEngine): readonly string[] {
  return engine.entries(1, 1_000_000).map((entry) => entry.hash);
}

function foundProblem(found: FoundJournal, reference: readonly string[]): string | undefined {
  if (found.integrity.length > 0) return `the engine's check: ${found.integrity[0]}`;
  if (found.firstBreak !== undefined) return `the chain: ${found.firstBreak}`;
  const differs = found.hashes.findIndex((hash, at) => hash !== reference[at]);
  return differs < 0 ? undefined : `entry ${differs + 1} is another one`;
}

function missing(found: FoundJournal, said: Said): string | undefined {
  if (found.hashes.length < said.entries) return `${said.entries} entries were acknowledged, ${found.hashes.length} are there`;
  if (found.batches < said.batches) return `${said.batches} batches were acknowledged, ${found.batches} are there`;
  if (found.receipted < said.receipted) return `receipted through ${said.receipted}, found ${found.receipted}`;
  return found.boot < said.boot ? `boot ${said.boot} was begun, found ${found.boot}` : undefined;
}
