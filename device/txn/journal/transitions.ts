/* Which state may follow which. A wrong step is our own mistake, never the world's: the journal asserts. */
import type { RecordKind, RecordState } from "./types.ts";

/** What may be the state before: nothing, for the first entry of a subject. */
export type StateBefore = RecordState | "new";

/**
 * The whole table. "unknown" and "resolving" may repeat, because each further look at the world that proves nothing is worth an entry.
 * Nothing leads away from an end; money that must come back after an end is a subject of its own.
 */
const SALE_STEPS: { readonly [Before in StateBefore]: readonly RecordState[] } = {
  // "refused" may stand alone: a sale that was refused before anything was prepared still tells why.
  new: ["prepared", "refused"],
  prepared: ["acting", "done", "refused", "unknown", "resolving", "void"],
  acting: ["acting", "done", "refused", "unknown", "resolving", "void"],
  unknown: ["unknown", "resolving", "done", "refused", "void"],
  resolving: ["unknown", "resolving", "done", "refused", "void"],
  done: [],
  refused: [],
  void: [],
};

/** An operation (an operator's act, what a host parked) moves no money and may be told when it is over. */
const OPERATION_STEPS: typeof SALE_STEPS = { ...SALE_STEPS, new: ["prepared", "done", "refused", "void", "unknown"] };

/** Kinds that may be over as they begin: the act is the record. Cash lies in the drawer when its operator says so; a signed ride moves nothing on its card. */
const TOLD_AT_THE_END: readonly RecordKind[] = ["operation", "cash-tender", "cash-refund", "delayed-charge"];

export function mayFollow(kind: RecordKind, before: StateBefore, after: RecordState): boolean {
  return (TOLD_AT_THE_END.includes(kind) ? OPERATION_STEPS : SALE_STEPS)[before].includes(after);
}

/** States that are an end. */
export function isFinal(state: RecordState): boolean {
  return SALE_STEPS[state].length === 0;
}

/** States that count as exposure until the settlement host has receipted them: money that has moved or may have. */
export const EXPOSED_STATES: readonly RecordState[] = ["prepared", "acting", "done", "unknown", "resolving"];

export function isExposed(state: RecordState): boolean {
  return EXPOSED_STATES.includes(state);
}
