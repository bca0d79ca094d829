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
export function bankRecords(disk: SimulatedJournalDisk): readonly BankRecord[] {
  return recordsWhere(disk, ({ kind, detail }) => KINDS.includes(kind) || isOperation(kind, detail, "offline-upload"));
}

/** What issuers were told of their scripts, in vain or not. It moves no money: whoever compares books must not count it. */
export function scriptResults(disk: SimulatedJournalDisk): readonly BankRecord[] {
  const owed = recordsWhere(disk, ({ kind, detail }) => isOperation(kind, detail, "script-result"));
  // What was never sent has no reason to wait for anybody.
  return owed.filter(({ detail }) => Number(detail["tries"]) > 0);
}

function isOperation(kind: string, detail: BankRecord["detail"], operation: string): boolean {
  return kind === "operation" && detail["operation"] === operation;
}

/** `begins`: whether a record is one of these by its first entry; the later ones need not say it again. */
function recordsWhere({ flushed }: SimulatedJournalDisk, begins: (entry: Pick<BankRecord, "kind" | "detail">) => boolean): readonly BankRecord[] {
  const records = new Map<string, BankRecord>();
  for (const { subject, kind, state, body } of flushed.entriesFrom(1, Number.MAX_SAFE_INTEGER)) {
    const { amountFen, detail = {} } = JSON.parse(body) as { readonly amountFen: number; readonly detail?: BankRecord["detail"] };
    const before = records.get(subject);
    if (before === undefined && !begins({ kind, detail })) continue;
    records.set(subject, { subject, kind, state, amountFen, detail: { ...before?.detail, ...detail } });
  }
  return [...records.values()];
}
