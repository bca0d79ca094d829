/*
 * The real journal on the real store: lone sales, groups of concurrent ones, batches, receipts, a close and a second life that ends
 * without one. Says {"entries":n,"batches":n,"receipted":n,"boot":n} whenever something has become durable.
 */
import { fen } from "../../../device/base/fen.ts";
import { SILENT } from "../../../device/base/log.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { systemClock } from "../../../device/system/clock.ts";
import { systemRandomness } from "../../../device/system/randomness.ts";
import { openJournal, type TerminalJournal } from "../../../device/txn/journal/journal.ts";
import { openSqliteStore } from "../../../device/txn/journal/sqlite/store.ts";
import type { JournalEntry } from "../../../device/txn/journal/types.ts";
import { say } from "./say.ts";

const LIMIT_BYTES = 64 * 1024 * 1024;
/** Together they fill the log more than once, so that copying it back happens in the middle. */
const FILLED_GROUPS = 8;
const FILLER_CHARACTERS = 600_000;

const said = { entries: 0, batches: 0, receipted: 0, boot: 0 };

function tell(change: Partial<typeof said>): void {
  Object.assign(said, change);
  say(JSON.stringify(said));
}

async function open(folder: string): Promise<TerminalJournal> {
  const suite = openCipherSuite();
  const journal = await openJournal({
    store: await openSqliteStore({ folder, limitBytes: LIMIT_BYTES }),
    clock: systemClock(),
    randomness: systemRandomness(),
    suite,
    storageKey: suite.secretKey(new Uint8Array(16).fill(7)),
    terminalId: "T-0001",
    log: SILENT,
  });
  // What an opening shows may be relied on from here on, so it counts as said.
  tell({ boot: journal.boot, entries: journal.lastSeq, receipted: journal.receiptedThrough });
  return journal;
}

function noted(entry: JournalEntry): JournalEntry {
  tell({ entries: entry.seq });
  return entry;
}

async function sale(journal: TerminalJournal, number: number): Promise<void> {
  const intent = noted(
    await journal.append({
      kind: "quick-payment",
      state: "prepared",
      amount: fen(number),
      card: `card ${number % 7}`,
      detail: { terminalSeq: number },
      personal: { cardSerial: `${number}` },
      marks: [{ name: "serial", value: String(number) }],
    }),
  );
  noted(
    await journal.append({
      kind: "quick-payment",
      state: number % 5 === 0 ? "unknown" : "done",
      subject: intent.subject,
      amount: fen(number),
      detail: { terminalSeq: number },
    }),
  );
}

async function batchAll(journal: TerminalJournal): Promise<void> {
  const last = await journal.lastBatch();
  const firstSeq = (last?.lastSeq ?? 0) + 1;
  const batch = { batchSeq: (last?.batchSeq ?? 0) + 1, firstSeq, lastSeq: journal.lastSeq, hash: "00".repeat(32), receipted: false, detail: "{}" };
  await journal.commitBatches([batch]);
  tell({ batches: batch.batchSeq });
  await journal.commitReceipted([batch]);
  tell({ receipted: batch.lastSeq });
}

async function main(folder: string, mode: string | undefined): Promise<void> {
  const journal = await open(folder);
  if (mode === "look") return;
  for (let number = 1; number <= 20; number += 1) await sale(journal, number);
  await batchAll(journal);
  for (let group = 0; group < FILLED_GROUPS; group += 1) {
    await journal.setMarks([{ name: "filler", value: String(group).repeat(FILLER_CHARACTERS) }]);
    await Promise.all(Array.from({ length: 8 }, (_, at) => sale(journal, 1000 + group * 8 + at)));
  }
  for (let number = 21; number <= 26; number += 1) await sale(journal, number);
  await journal.close();
  const next = await open(folder);
  for (let number = 31; number <= 36; number += 1) await sale(next, number);
  await batchAll(next);
}

await main(process.argv[2] ?? "", process.argv[3]);
// The second life ends as a power cut would end it: nothing is closed.
process.exit(0);
