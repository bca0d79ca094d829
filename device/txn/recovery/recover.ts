/*
 * Goal: after any power cut every sale that was begun is either ended or listed as unknown, and nothing is tried again by itself.
 * Method: at start, before any lane opens, each open sale of an earlier life meets a table. A sale that was only prepared may have been
 * debited or booked: between the intent and the irreversible command there is no durable trace.
 */

import { assert } from "../../base/assert.ts";
import type { Log } from "../../base/log.ts";
import { eachOpenSubject } from "../journal/open-subjects.ts";
import type { Journal, JournalEntry, JsonObject, JsonValue, RecordKind, RecordState } from "../journal/types.ts";

/** What becomes of an open sale of an earlier life; "leave" keeps it as it is. */
export type RecoveryRule =
  | "leave"
  | {
      readonly state: RecordState;
      readonly reason: string;
      /** What the new entry says besides. */
      readonly detail?: JsonObject;
    };

type OpenState = "prepared" | "acting" | "unknown" | "resolving";

export type RecoveryRules = { readonly [Kind in RecordKind]: { readonly [State in OpenState]: RecoveryRule } };

const LOST_TRACE: RecoveryRule = { state: "unknown", reason: "restart" };

/** Nobody will ever know who went through: the opening ends, and says so. */
const WHO_PASSED_IS_UNKNOWN: RecoveryRule = { state: "void", reason: "restart", detail: { passage: "unknown" } };

const LEAVE = { prepared: "leave", acting: "leave", unknown: "leave", resolving: "leave" } as const;

export const RECOVERY_RULES: RecoveryRules = {
  "quick-payment": { prepared: LOST_TRACE, acting: LOST_TRACE, unknown: "leave", resolving: "leave" },
  "medical-purchase": { prepared: LOST_TRACE, acting: LOST_TRACE, unknown: "leave", resolving: "leave" },
  // What happened to an order is said by its settlement and its tenders; it is taken up again from them.
  "medical-order": LEAVE,
  "medical-void": { prepared: LOST_TRACE, acting: LOST_TRACE, unknown: "leave", resolving: "leave" },
  "cash-tender": LEAVE,
  "cash-refund": LEAVE,
  "offline-medical": LEAVE,
  // A message about goods may be sent again: the insurer knows it by its own number.
  "stock-upload": LEAVE,
  // The gate opened, or did not, and nobody knows who went through.
  passage: {
    prepared: WHO_PASSED_IS_UNKNOWN,
    acting: WHO_PASSED_IS_UNKNOWN,
    unknown: WHO_PASSED_IS_UNKNOWN,
    resolving: WHO_PASSED_IS_UNKNOWN,
  },
  // One record tells the whole: there is nothing to take up again.
  "delayed-charge": LEAVE,
  // The bank may have booked it: it is reversed, or its card tells.
  "bank-payment": { prepared: LOST_TRACE, acting: LOST_TRACE, unknown: "leave", resolving: "leave" },
  "bank-return": { prepared: LOST_TRACE, acting: LOST_TRACE, unknown: "leave", resolving: "leave" },
  "purse-load": { prepared: LOST_TRACE, acting: LOST_TRACE, unknown: "leave", resolving: "leave" },
  // Both are taken up again from their last step.
  "bank-settlement": LEAVE,
  contribution: LEAVE,
  operation: { prepared: LOST_TRACE, acting: LOST_TRACE, unknown: "leave", resolving: "leave" },
};

export interface RecoveryPorts {
  readonly journal: Journal;
  readonly log: Log;
}

export interface Recovered {
  /** Sales that were given a new state by this start. */
  readonly changed: number;
  /** Sales that are still open. */
  readonly open: number;
}

/** Runs once per start, before any lane opens. Faults: those of the journal. */
export async function recoverAtStart(ports: RecoveryPorts, rules: RecoveryRules = RECOVERY_RULES): Promise<Recovered> {
  const { journal, log } = ports;
  const counts = { changed: 0, open: 0 };
  for await (const { subject, kind, state } of eachOpenSubject(journal)) {
    const outcome = await recoverOne(journal, subject, rules[kind][openState(state)]);
    if (outcome !== undefined) counts.changed += 1;
    if (outcome === undefined || outcome === "unknown" || outcome === "resolving") counts.open += 1;
  }
  log.info("recovered-at-start", counts);
  return counts;
}

function openState(state: RecordState): OpenState {
  assert(state === "prepared" || state === "acting" || state === "unknown" || state === "resolving", "an open subject is in an open state");
  return state;
}

/** The new state, or undefined when nothing was changed. */
async function recoverOne(journal: Journal, subject: string, rule: RecoveryRule): Promise<RecordState | undefined> {
  if (rule === "leave") return undefined;
  const entries = await journal.entriesOf(subject);
  const last = entries.at(-1);
  assert(last !== undefined, "an open subject has entries");
  // A sale of this life is under way, not left behind.
  if (last.boot === journal.boot) return undefined;
  const personal = entries.findLast((entry) => entry.personal !== undefined)?.personal;
  await journal.append({
    subject,
    kind: last.kind,
    state: rule.state,
    amount: last.amount,
    detail: { ...mergedDetail(entries), ...rule.detail, reason: rule.reason },
    ...(personal === undefined ? {} : { personal }),
  });
  return rule.state;
}

/** Later entries repeat what is known and add to it. */
export function mergedDetail(entries: readonly JournalEntry[]): JsonObject {
  const merged: { [name: string]: JsonValue } = {};
  for (const { detail } of entries) Object.assign(merged, detail);
  return merged;
}

/** The same of what is sealed; empty where it was erased by rule. */
export function mergedPersonal(entries: readonly JournalEntry[]): JsonObject {
  const merged: { [name: string]: JsonValue } = {};
  for (const { personal } of entries) Object.assign(merged, personal);
  return merged;
}
