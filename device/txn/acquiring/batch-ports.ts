/* What the work on a whole batch needs: the line to the acquirer, the book of the batch, and the journal as it can be read from a place on. */
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import type { Journal, UploadJournal, WatchedJournal } from "../journal/types.ts";
import type { BankLine, BatchBook } from "./ports.ts";
import type { AcquirerProfile } from "./profile.ts";

/** The journal as this part reads it: also from a place on, and nothing personal opened where only kinds are asked for. */
export type BatchJournal = Journal & Pick<UploadJournal, "entries" | "lastSeq"> & Pick<WatchedJournal, "movements">;

export interface BatchPorts {
  readonly clock: Clock;
  readonly journal: BatchJournal;
  readonly log: Log;
  readonly line: BankLine;
  readonly book: BatchBook;
  readonly profile: AcquirerProfile;
}

export interface BatchBounds {
  /** One durable entry. */
  readonly journalTimeoutMs: number;
}
