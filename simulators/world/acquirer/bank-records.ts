/* Records of bank and agency as they stand on the disk: from the stored text, without the journal's own reader. */
import type { SimulatedJournalDisk } from "../../disk/journal-store.ts";

export interface BankRecord {
  readonly subject: string;
  readonly kind: string;
  readonly state: string;
  readonly amountFen: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

export const FINAL_STATES: readonly string[] = ["done", "refused", "void"];

const KINDS: readonly string[] = ["bank-payment", "bank-return", "purse-load", "bank-settlement", "contribution"];

/** The last state of each, with all that its entries say. */
export function bankRecords({ flushed }: SimulatedJournalDisk): readonly BankRecord[] {
  const records = new Map<string, BankRecord>();
  for (const { subject, kind, state, body } of flushed.entriesFrom(1, Number.MAX_SAFE_INTEGER)) {
    const { amountFen, detail } = JSON.parse(body) as { readonly amountFen: number; readonly detail?: Readonly<Record<string, unknown>> };
    const isUpload = kind === "operation" && (detail?.["operation"] === "offline-upload" || records.has(subject));
    if (!KINDS.includes(kind) && !isUpload) continue;
    records.set(subject, { subject, kind, state, amountFen, detail: { ...records.get(subject)?.detail, ...detail } });
  }
  return [...records.values()];
}
