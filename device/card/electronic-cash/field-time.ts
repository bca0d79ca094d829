/*
 * How long a card may be kept in the field before it commits. A holder takes the card away after about that time, so a tap that is not
 * ready by then is given up while nothing has been debited, rather than torn at its commit. It is looked at between commands and never
 * cuts one short: to a reader, a command that its caller stops waiting for is a fault. Spec: JR/T 0025, quick debit and credit, times.
 */
import type { Clock } from "../../base/ports.ts";

export interface FieldTime {
  isOver(): boolean;
}

/** Starts counting now. */
export function startFieldTime(clock: Pick<Clock, "monotonicMs">, budgetMs: number): FieldTime {
  const endMs = clock.monotonicMs() + budgetMs;
  return { isOver: () => clock.monotonicMs() >= endMs };
}

/** Where time does not count: contacts, and callers that keep their own time. */
export const ENDLESS_FIELD_TIME: FieldTime = { isOver: () => false };
