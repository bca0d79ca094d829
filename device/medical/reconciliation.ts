/* The daily comparison with the insurer's books, bound to one terminal: by itself every day where it is asked to, and on request. */
import type { Storage } from "../base/ports.ts";
import type { TerminalJournal } from "../txn/journal/journal.ts";
import type { HostPorts } from "../txn/medical-host/ports.ts";
import type { GroupName, ReconciliationActs } from "../txn/medical-reconciliation/acts.ts";
import { openReconciliationBackground } from "../txn/medical-reconciliation/background.ts";
import { Reconciliation } from "../txn/medical-reconciliation/reconcile.ts";

export interface ReconciliationSettings {
  /** Whether this terminal compares by itself. One terminal of an institution does. */
  readonly daily: boolean;
  /** How long after midnight a day is closed. */
  readonly graceMs: number;
  /** How far missed days reach back. */
  readonly daysBack: number;
  /** Groups that are asked about before any settlement has told of one. */
  readonly groups?: readonly GroupName[];
}

export interface ReconciliationParts {
  readonly host: HostPorts;
  readonly journal: TerminalJournal;
  /** Where views and reports are kept. */
  readonly storage: Storage;
  readonly settings: ReconciliationSettings;
  readonly serialLane: string;
  readonly queryTimeoutMs: number;
  readonly journalTimeoutMs: number;
  /** The insurer's books have decided something that an order waits for. */
  readonly onDecided: () => void;
}

export interface BoundReconciliation {
  readonly acts: ReconciliationActs;
  start(): void;
  stop(): Promise<void>;
}

/** Beside the journal: what the comparisons with the insurer's books have found. */
export const REPORTS_FOLDER = "reconciliation";
/** Who compares where nobody has asked; stands in records and reports. */
const BY_ITSELF = "terminal";
const LOOK_EVERY_MS = 600_000;
const PAUSE_MAX_MS = 3_600_000;
const DAY_TIMEOUT_MS = 1_800_000;

export function bindReconciliation(parts: ReconciliationParts): BoundReconciliation {
  const { host, journal, storage, settings, serialLane, queryTimeoutMs, journalTimeoutMs } = parts;
  const { institution, institutionName } = host.medical.sender;
  const acts = new Reconciliation(
    { ...host, entries: journal, storage },
    {
      scope: { institution, serialLane },
      institutionName,
      queryTimeoutMs,
      journalTimeoutMs,
      graceMs: settings.graceMs,
      groups: settings.groups ?? [],
      onImported: parts.onDecided,
    },
  );
  const background = openReconciliationBackground(host, acts, {
    lookEveryMs: LOOK_EVERY_MS,
    pauseMaxMs: PAUSE_MAX_MS,
    dayTimeoutMs: DAY_TIMEOUT_MS,
    daysBackMax: settings.daysBack,
    operator: BY_ITSELF,
  });
  return {
    acts,
    start: () => {
      if (settings.daily) background.start();
    },
    stop: () => background.stop(),
  };
}
