/* Everything that still owes an answer, one after the other, without holding all of it. */
import type { Journal, OpenSubject, RecordKind } from "./types.ts";

const PAGE = 100;

/**
 * Open subjects, oldest first, read a page at a time. Each page starts behind the one before it, so that the walk ends with the journal,
 * whatever becomes of the subjects meanwhile. Faults: those of the journal.
 */
export async function* eachOpenSubject(journal: Pick<Journal, "openSubjects">, kind?: RecordKind): AsyncGenerator<OpenSubject, void, undefined> {
  let afterFirstSeq = 0;
  for (;;) {
    const page = await journal.openSubjects({ afterFirstSeq, limit: PAGE, ...(kind === undefined ? {} : { kind }) });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    afterFirstSeq = last.firstSeq;
  }
}
