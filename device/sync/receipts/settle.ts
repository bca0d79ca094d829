/*
 * Goal: a receipt becomes durable in our journal, after what the host parked was noted there.
 * Method: the note comes first, so that a power cut between the two repeats the note and loses nothing.
 */
import { assert } from "../../base/assert.ts";
import { fen } from "../../base/fen.ts";
import type { StoredBatch } from "../../base/ports.ts";
import type { Reject } from "../../codec/upload.ts";
import type { UploadJournal } from "../../txn/journal/types.ts";

/** Batches made durable as receipted in one commit; more are taken in turns. */
const BATCHES_PER_COMMIT = 64;
const REJECTS_PER_NOTE = 100;

/** Faults: those of the journal; "store-broken" ends the outbox. */
export async function settleReceipt(journal: UploadJournal, upTo: number, rejects: readonly Reject[]): Promise<void> {
  const last = await journal.batch(upTo);
  if (last === undefined || last.receipted) return;
  await noteRejects(
    journal,
    rejects.filter(({ seq }) => seq > journal.receiptedThrough && seq <= last.lastSeq),
  );
  for (let doneThrough = 0; ; ) {
    const open = await journal.openBatches(BATCHES_PER_COMMIT);
    const batches = open.filter(({ batchSeq }) => batchSeq <= upTo).map((batch): StoredBatch => ({ ...batch, receipted: true }));
    const [first] = batches;
    if (first === undefined) return;
    assert(first.batchSeq > doneThrough, "what was made durable as receipted is open no more");
    await journal.commitReceipted(batches);
    doneThrough = first.batchSeq + batches.length - 1;
  }
}

async function noteRejects(journal: UploadJournal, rejects: readonly Reject[]): Promise<void> {
  for (let at = 0; at < rejects.length; at += REJECTS_PER_NOTE) {
    const some = rejects.slice(at, at + REJECTS_PER_NOTE).map(({ seq, reason }) => ({ seq, reason }));
    await journal.append({ kind: "operation", state: "done", amount: fen(0), detail: { operation: "records-parked", rejects: some } });
  }
}
