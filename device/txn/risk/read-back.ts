/*
 * Goal: after a start, all that limits need of the journal and no more: what is not receipted, and the sales within the window of velocity.
 * Method: from the end backwards, page by page. Running time is laid end to end over the lives of the terminal: within a life the entries
 * tell it, between two lives it stands still, so that it never says more than has passed.
 */
import type { Movement, WatchedJournal } from "../journal/types.ts";

/** When a sale was, in all the ways that anybody can tell. */
export interface Timed {
  readonly boot: number;
  /** Running time on one axis through all lives: this life's monotonic time, and below it what was before. */
  readonly runMs: number;
  readonly wallMs: number;
  /** Undefined: nobody knows how wrong `wallMs` is. */
  readonly errorMs: number | undefined;
  /** It was not before this; undefined where nothing proves anything. */
  readonly notBeforeMs: number | undefined;
}

export interface ReadLine {
  readonly movement: Movement;
  readonly runMs: number;
}

export interface ReadBackOptions {
  /** Running time of this life, now. */
  readonly monotonicMs: number;
  readonly windowMs: number;
}

const PAGE = 2048;
/** More entries than a terminal can make within the longest window. */
const WINDOW_ENTRIES_MAX = 500_000;

/** Where on the axis the entry that was looked at last lies. */
interface Place {
  readonly boot: number;
  readonly runMs: number;
  readonly monotonicMs: number;
}

function placeOf({ boot, monotonicMs }: Movement, after: Place): Place {
  const betweenMs = boot === after.boot ? Math.max(0, after.monotonicMs - monotonicMs) : 0;
  return { boot, monotonicMs, runMs: after.runMs - betweenMs };
}

/** The last `PAGE` entries up to `end`, as far as they are held. */
async function pageBefore(journal: Pick<WatchedJournal, "movements">, end: number): Promise<readonly Movement[]> {
  const from = Math.max(1, end - PAGE + 1);
  return (await journal.movements(from, end - from + 1)).filter(({ seq }) => seq <= end);
}

/** Oldest first. Faults: those of the journal. */
export async function readBack(
  journal: Pick<WatchedJournal, "boot" | "lastSeq" | "receiptedThrough" | "movements">,
  { monotonicMs, windowMs }: ReadBackOptions,
): Promise<readonly ReadLine[]> {
  const lines: ReadLine[] = [];
  let place: Place = { boot: journal.boot, runMs: monotonicMs, monotonicMs };
  // The last receipted entry is read too: it may prove that what follows is not older than itself.
  const needed = Math.max(1, journal.receiptedThrough);
  const stop = Math.max(1, journal.lastSeq - WINDOW_ENTRIES_MAX);
  const inWindow = () => monotonicMs - place.runMs < windowMs;
  let ahead: Promise<readonly Movement[]> | undefined;
  for (let end = journal.lastSeq; end >= needed || (end >= stop && inWindow()); end -= PAGE) {
    const page = await (ahead ?? pageBefore(journal, end));
    // What was taken away by rule is older than any window.
    if (page.length === 0) break;
    // The disk's thread reads on while this one understands what it has read.
    ahead = end - PAGE >= needed ? pageBefore(journal, end - PAGE) : undefined;
    for (const movement of page.toReversed()) {
      place = placeOf(movement, place);
      lines.push({ movement, runMs: place.runMs });
    }
  }
  return lines.reverse();
}
