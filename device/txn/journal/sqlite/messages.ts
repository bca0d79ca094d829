/* What the main thread and the journal's worker say to each other. */
import type { FaultCode } from "../../../base/fault.ts";
import type { JournalStore, StoreWrite } from "../../../base/ports.ts";
import type { MigrationReport } from "./migrate.ts";

/** The questions that the worker answers: the reading half of the store. */
export type ReadName =
  | "entries"
  | "entriesOf"
  | "lastEntry"
  | "subject"
  | "subjects"
  | "subjectTotals"
  | "openBatches"
  | "batch"
  | "firstBatch"
  | "lastBatch"
  | "mark"
  | "usage"
  | "integrity";

export type StoreReads = Pick<JournalStore, Exclude<ReadName, "integrity">>;

export type Request =
  | { readonly is: "commit"; readonly id: number; readonly write: StoreWrite }
  | { readonly is: "read"; readonly id: number; readonly name: ReadName; readonly args: readonly unknown[] }
  | { readonly is: "close"; readonly id: number };

/** Why something failed, in a form that crosses threads. */
export interface Failure {
  readonly code: FaultCode;
  readonly message: string;
  readonly effectUnknown: boolean;
}

export type Answer = { readonly id: number; readonly value?: unknown } | { readonly id: number; readonly failure: Failure };

export type WorkerMessage =
  | { readonly is: "opened"; readonly migrated?: MigrationReport }
  | { readonly is: "not-opened"; readonly failure: Failure }
  | { readonly is: "answers"; readonly answers: readonly Answer[] };

export interface WorkerSettings {
  readonly folder: string;
  readonly limitBytes: number;
  /** Only looks: a journal of an older schema is refused and not brought up. */
  readonly onlyLooks?: true;
}
