/*
 * What open subjects name: a reversal its payment, an upload its sale. As long as the one is open the other must be found. Method: names of
 * subjects are looked for in the text of their entries, and in those of what they name, wherever they stand; marks of references are followed.
 */
import type { JournalStore } from "../../base/ports.ts";
import { readBody } from "./chain.ts";
import { OPEN_STATES } from "./types.ts";

const PAGE = 64;
const ENTRIES_MAX = 200;
/** Subjects that are read for one answer; what so many open ones name is not looked at more closely. */
const READ_MAX = 20_000;
/** Members of a record that hold a reference under which another sale was made. */
const REFERENCE_MEMBER = /reference$/i;

/** Names of all subjects that something open names, directly or through another. Faults: those of the store. */
export async function namedSubjects(store: JournalStore, journalId: string): Promise<Set<string>> {
  const name = new RegExp(`${journalId}-\\d+`, "g");
  const named = new Set<string>();
  const waiting: string[] = [];
  const look = async (subject: string) => {
    for (const { body } of await store.entriesOf(subject, ENTRIES_MAX)) {
      for (const found of await mentioned(store, body, name)) {
        if (found === subject || named.has(found)) continue;
        named.add(found);
        waiting.push(found);
      }
    }
  };
  for (let after = 0, isLast = false; !isLast; ) {
    const page = await store.subjects({ states: OPEN_STATES, afterFirstSeq: after, limit: PAGE });
    for (const { subject } of page) await look(subject);
    after = page.at(-1)?.firstSeq ?? after;
    isLast = page.length < PAGE;
  }
  for (let read = 0; read < READ_MAX; read += 1) {
    const next = waiting.pop();
    if (next === undefined) break;
    await look(next);
  }
  return named;
}

/** Refunds of what stays stay with it: without them the same money would go back once more. Faults: those of the store. */
export async function addRefunds(store: Pick<JournalStore, "mark">, named: Set<string>): Promise<void> {
  for (const subject of [...named]) {
    for (let number = 1; number <= ENTRIES_MAX; number += 1) {
      const refund = await store.mark(`refund/${subject}/${number}`);
      if (refund === undefined) break;
      named.add(refund);
    }
    for (const reference of (await store.mark(`bank/returns/${subject}`))?.split(",") ?? []) {
      const returned = await store.mark(`sale/${reference}`);
      if (returned !== undefined) named.add(returned);
    }
  }
}

async function mentioned(store: JournalStore, body: string, name: RegExp): Promise<readonly string[]> {
  const found = body.match(name) ?? [];
  const byReference: string[] = [];
  for (const reference of referencesIn(readBody(body)?.["detail"])) {
    const subject = await store.mark(`sale/${reference}`);
    if (subject !== undefined) byReference.push(subject);
  }
  return [...found, ...byReference];
}

function referencesIn(detail: unknown): readonly string[] {
  if (typeof detail !== "object" || detail === null) return [];
  return Object.entries(detail).flatMap(([member, value]) => (REFERENCE_MEMBER.test(member) && typeof value === "string" ? [value] : []));
}
