/* The journal as a flow waits for it: every wait has an end, and its faults can be told from those of cards and hosts. */
import { withDeadline } from "../base/deadline.ts";
import { type Fault, isFault } from "../base/fault.ts";
import { neverAborted } from "../base/never.ts";
import type { Clock } from "../base/ports.ts";
import type { Journal } from "./journal/types.ts";

export interface BoundedJournalOptions {
  readonly timeoutMs: number;
  /** Told each fault before it is thrown. */
  readonly noteFault?: (fault: Fault) => void;
}

/** Faults: those of the journal; "store-broken" with unknown effect where it gives no answer in time. */
export function boundedJournal(ports: { readonly clock: Clock; readonly journal: Journal }, options: BoundedJournalOptions): Journal {
  const { clock, journal } = ports;
  const { timeoutMs, noteFault } = options;
  const bounded = async <Value>(work: Promise<Value>): Promise<Value> => {
    try {
      return await withDeadline(work, { clock, timeoutMs, signal: neverAborted(), what: "journal", effectUnknown: true, code: "store-broken" });
    } catch (fault) {
      if (isFault(fault)) noteFault?.(fault);
      throw fault;
    }
  };
  return {
    terminalId: journal.terminalId,
    journalId: journal.journalId,
    boot: journal.boot,
    append: (draft) => bounded(journal.append(draft)),
    entriesOf: (subject) => bounded(journal.entriesOf(subject)),
    openSubjects: (query) => bounded(journal.openSubjects(query)),
    mark: (name) => bounded(journal.mark(name)),
    setMarks: (marks) => bounded(journal.setMarks(marks)),
    unreceipted: (kind) => journal.unreceipted(kind),
    usage: () => bounded(journal.usage()),
  };
}
