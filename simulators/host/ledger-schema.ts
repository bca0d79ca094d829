/* Tables of the settlement ledger. Uniqueness that money depends on is a constraint of the database and not only a check of the code. */

/** Hash before the first batch. Spec: pos/v1, 3. */
export const GENESIS_HASH = "0".repeat(64);

const TABLES: readonly (readonly [name: string, columns: string])[] = [
  [
    "terminals",
    `tid TEXT NOT NULL, journal_id TEXT NOT NULL UNIQUE, up_to INTEGER NOT NULL, hash TEXT NOT NULL, last_seq INTEGER NOT NULL, PRIMARY KEY (tid, journal_id)`,
  ],
  [
    "batches",
    `tid TEXT NOT NULL, journal_id TEXT NOT NULL, batch_seq INTEGER NOT NULL, hash TEXT NOT NULL, prev_hash TEXT NOT NULL, first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL, received_ms INTEGER NOT NULL, sealed TEXT NOT NULL, PRIMARY KEY (tid, journal_id, batch_seq)`,
  ],
  [
    "records",
    `tid TEXT NOT NULL, journal_id TEXT NOT NULL, seq INTEGER NOT NULL, batch_seq INTEGER NOT NULL, subject TEXT NOT NULL, kind TEXT NOT NULL,
    state TEXT NOT NULL, amount_fen INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (tid, journal_id, seq)`,
  ],
  [
    "subjects",
    `subject TEXT PRIMARY KEY, tid TEXT NOT NULL, journal_id TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, intent_fen INTEGER NOT NULL,
    first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL`,
  ],
  [
    "bookings",
    `subject TEXT PRIMARY KEY, tid TEXT NOT NULL, journal_id TEXT NOT NULL, kind TEXT NOT NULL, amount_fen INTEGER NOT NULL CHECK (amount_fen >= 0),
    booked_seq INTEGER NOT NULL, proof TEXT NOT NULL, evidence TEXT UNIQUE, flags TEXT NOT NULL`,
  ],
  [
    "unknowns",
    `subject TEXT PRIMARY KEY, tid TEXT NOT NULL, journal_id TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, amount_fen INTEGER NOT NULL, last_seq INTEGER NOT NULL`,
  ],
  [
    "rejects",
    `tid TEXT NOT NULL, journal_id TEXT NOT NULL, batch_seq INTEGER NOT NULL, seq INTEGER NOT NULL, reason TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (tid, journal_id, seq)`,
  ],
  [
    "quarantine",
    `tid TEXT NOT NULL, journal_id TEXT NOT NULL, batch_seq INTEGER NOT NULL, reason TEXT NOT NULL, expected_hash TEXT NOT NULL, received_hash TEXT NOT NULL,
    since_ms INTEGER NOT NULL, PRIMARY KEY (tid, journal_id, batch_seq, received_hash)`,
  ],
];

function createTables(schema: "main" | "backup"): string {
  return TABLES.map(([name, columns]) => `CREATE TABLE IF NOT EXISTS ${schema}.${name} (${columns}) WITHOUT ROWID;`).join("\n");
}

/** What a restored backup must not take away stands outside the list above. */
const REQUESTS = `CREATE TABLE IF NOT EXISTS main.requests (tid TEXT NOT NULL, req_id TEXT NOT NULL, hash TEXT NOT NULL, outcome TEXT NOT NULL, reply TEXT NOT NULL, PRIMARY KEY (tid, req_id)) WITHOUT ROWID;`;

export const LEDGER_SCHEMA = [createTables("main"), createTables("backup"), REQUESTS].join("\n");

/** Replaces every table of `to` by its twin of `from`. */
export function copyTables(execute: (sql: string) => void, way: { readonly from: "main" | "backup"; readonly to: "main" | "backup" }): void {
  for (const [name] of TABLES) execute(`DELETE FROM ${way.to}.${name}; INSERT INTO ${way.to}.${name} SELECT * FROM ${way.from}.${name};`);
}
