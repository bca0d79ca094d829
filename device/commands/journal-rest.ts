/* What a journal that nobody has open still has to say to its host, before the machine ends or becomes another terminal. */
import type { JournalRest } from "../../provisioning/claim/decommission.ts";
import { Fault } from "../base/fault.ts";
import type { JournalStore } from "../base/ports.ts";
import type { CipherSuite } from "../crypto/face.ts";
import { owedIn } from "../txn/acquiring/upload-gather.ts";
import { verifyJournal } from "../txn/journal/verify.ts";

/** Faults: those of the store; "store-corrupt" where the journal is not whole, because nobody knows then what it would have said. */
export async function restOf(store: JournalStore, { suite, hasBank }: { readonly suite: CipherSuite; readonly hasBank: boolean }): Promise<JournalRest> {
  const report = await verifyJournal(store, { suite });
  if (report.firstBreak !== undefined) throw new Fault("store-corrupt", `the journal is broken at entry ${report.firstBreak.seq}`, { effectUnknown: false });
  // The last number and not the count: entries that were taken away by rule still have theirs.
  const { journalId = "", lastSeq, receiptedThrough, openSubjects } = report;
  return { journalId, lastSeq, receiptedThrough, openSubjects, owedUploads: hasBank ? await owedIn(store) : 0 };
}
