/* What of the batches can still be sent, where the oldest records were taken away by rule. */
import type { StoredBatch } from "../../base/ports.ts";
import type { UploadJournal } from "../../txn/journal/types.ts";

/** The first batch of which every record is held; undefined where nothing was taken away, or no batch is left. Faults: those of the journal. */
export async function firstHeld(journal: Pick<UploadJournal, "firstSeq" | "firstBatch" | "batch">): Promise<StoredBatch | undefined> {
  if (journal.firstSeq <= 1) return undefined;
  const first = await journal.firstBatch();
  // A boundary may outlive its records, and one at most does in part.
  return first === undefined || first.firstSeq >= journal.firstSeq ? first : journal.batch(first.batchSeq + 1);
}
