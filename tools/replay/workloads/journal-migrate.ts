/*
 * A journal that goes to an older schema and back while it is written to: sales, down to the schema that the first argument names, up again by
 * the service's own start, sales, and the same once more. Says {"entries":n,…} whenever something has become durable, and "migrated" after each
 * migration: from then on the journal is what it was, whatever happens.
 */
import { fen } from "../../../device/base/fen.ts";
import { SILENT } from "../../../device/base/log.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { systemClock } from "../../../device/system/clock.ts";
import { systemRandomness } from "../../../device/system/randomness.ts";
import { openJournal } from "../../../device/txn/journal/journal.ts";
import { migrateJournal } from "../../../device/txn/journal/sqlite/migrate.ts";
import { openSqliteStore } from "../../../device/txn/journal/sqlite/store.ts";
import { say } from "./say.ts";

const LIMIT_BYTES = 64 * 1024 * 1024;
const ROUNDS = 2;
const SALES = 12;

const suite = openCipherSuite();

async function life(folder: string): Promise<void> {
  const journal = await openJournal({
    store: await openSqliteStore({ folder, limitBytes: LIMIT_BYTES }),
    clock: systemClock(),
    randomness: systemRandomness(),
    suite,
    storageKey: suite.secretKey(new Uint8Array(16).fill(7)),
    terminalId: "T-0001",
    log: SILENT,
  });
  const tell = (entries: number) => say(JSON.stringify({ entries, batches: 0, receipted: 0, boot: journal.boot }));
  tell(journal.lastSeq);
  for (let number = 1; number <= SALES; number += 1) {
    const { subject } = await journal.append({
      kind: "quick-payment",
      state: "prepared",
      amount: fen(number),
      card: `card ${number % 7}`,
      detail: { terminalSeq: number },
      personal: { cardSerial: `${number}` },
      subjectMark: `sale/${journal.boot}-${number}`,
    });
    const { seq } = await journal.append({ kind: "quick-payment", state: "done", subject, amount: fen(number), detail: {} });
    tell(seq);
  }
  await journal.close();
}

async function main(folder: string, schema: number): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    await life(folder);
    migrateJournal({ folder, to: schema, suite, wallMs: systemClock().wallMs() });
  }
  await life(folder);
}

await main(process.argv[2] ?? "", Number(process.argv[3]));
process.exit(0);
