/* A process that opens a journal and says when it is ready, and how much memory it has then. Started by the benchmark with a folder. */
import { SILENT } from "../../device/base/log.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import { openJournal } from "../../device/txn/journal/journal.ts";
import { openSqliteStore } from "../../device/txn/journal/sqlite/store.ts";

/** What the child prints, as one line of JSON. */
export interface StartReport {
  readonly lastSeq: number;
  readonly unreceipted: number;
  readonly rssBytes: number;
}

async function main(folder: string): Promise<void> {
  const suite = openCipherSuite();
  const journal = await openJournal({
    store: await openSqliteStore({ folder, limitBytes: 4 * 1024 * 1024 * 1024 }),
    clock: systemClock(),
    randomness: systemRandomness(),
    suite,
    storageKey: suite.secretKey(new Uint8Array(16).fill(7)),
    terminalId: "T-0001",
    log: SILENT,
  });
  // What a start does before it serves: looks for open sales, and reads the first page of what must be uploaded.
  await Promise.all([journal.openSubjects({ limit: 100 }), journal.entries(journal.receiptedThrough + 1, 100)]);
  const report: StartReport = { lastSeq: journal.lastSeq, unreceipted: journal.unreceipted("quick-payment").count, rssBytes: process.memoryUsage.rss() };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  await journal.close();
}

await main(process.argv[2] ?? "");
