/* Drafts, entries and subjects, one out of the other. */
import { assert } from "../../base/assert.ts";
import { fen } from "../../base/fen.ts";
import type { StoredSubject } from "../../base/ports.ts";
import { type EntryFields, kindOf, stateOf } from "./entry.ts";
import { OWN_MARKS } from "./opening.ts";
import type { EntryDraft, JournalEntry, OpenSubject, RecordKind, RecordState } from "./types.ts";

/** A subject as the journal holds it in memory. */
export interface KnownSubject {
  readonly subject: string;
  readonly kind: RecordKind;
  readonly state: RecordState;
  readonly amountFen: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly cardKey: string;
}

/** What the same commit makes durable beside the entry. */
export function marksOf(
  { marks = [], subjectMark, furtherMarks = [] }: EntryDraft,
  subject: string,
): readonly { readonly name: string; readonly value: string }[] {
  const names = subjectMark === undefined ? furtherMarks : [subjectMark, ...furtherMarks];
  return [...marks, ...names.map((name) => ({ name, value: subject }))];
}

export function assertForeign(marks: readonly { readonly name: string }[]): void {
  for (const mark of marks) assert(!mark.name.startsWith(OWN_MARKS), "the journal's own marks are not set from outside");
}

export function toSubject(fields: EntryFields, before: KnownSubject | undefined): KnownSubject {
  const { subject, kind, state, seq, cardKey } = fields;
  return { subject, kind, state, firstSeq: before?.firstSeq ?? seq, lastSeq: seq, amountFen: fields.amount, cardKey };
}

export function entryOf(fields: EntryFields, hash: string): JournalEntry {
  const { cardKey: _, ...entry } = fields;
  return Object.freeze({ ...entry, hash });
}

export function toOpenSubject(row: StoredSubject): OpenSubject {
  return {
    subject: row.subject,
    kind: kindOf(row.kind, row.lastSeq),
    state: stateOf(row.state, row.lastSeq),
    amount: fen(row.amountFen),
    firstSeq: row.firstSeq,
    lastSeq: row.lastSeq,
  };
}
