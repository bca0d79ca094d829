/*
 * Goal: the journal of a terminal in service keeps its size. Method: now and then, and only while the host vouches for the time, what the rules
 * allow leaves the journal. Whoever reads the journal from a place on, or finds single records again, holds them here; books that count from the
 * whole journal carry over by themselves.
 */
import type { Log } from "./base/log.ts";
import type { Clock } from "./base/ports.ts";
import { openBatchBook } from "./txn/acquiring/batch-book.ts";
import type { ClockTrust } from "./txn/clock-trust/clock-trust.ts";
import type { TerminalJournal } from "./txn/journal/journal.ts";
import { Rounds } from "./txn/rounds.ts";

const DAY_MS = 86_400_000;
const FIRST_REST_MS = 600_000;
const REST_MS = 3_600_000;
/** More than one pass may take is left. */
const SHORT_REST_MS = 5_000;

export interface RetentionSettings {
  readonly keepDays: number;
  readonly erasePersonalDays: number;
  /** How often it is looked; left out: every hour. */
  readonly everyMs?: number;
  /** Removes whole copies of the journal that were kept before this time; left out: there are none. Never throws. */
  readonly dropCopies?: (beforeMs: number) => readonly string[];
}

export interface RetentionPlace {
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: TerminalJournal;
  readonly trust: Pick<ClockTrust, "bounds">;
  readonly settings: RetentionSettings;
  /** Whether an acquirer is configured. */
  readonly hasBank: boolean;
}

/** Call once; the rounds are started and stopped with the terminal. */
export function keepJournal({ clock, log, journal, trust, settings, hasBank }: RetentionPlace): Rounds {
  holdPlaces(journal, hasBank);
  const rules = { keepMs: settings.keepDays * DAY_MS, erasePersonalMs: settings.erasePersonalDays * DAY_MS };
  const { everyMs = REST_MS, dropCopies = () => [] } = settings;
  let heldBy: string | undefined;
  const round = async (signal: AbortSignal): Promise<number> => {
    const bounds = trust.bounds();
    // A clock that nobody vouches for makes nothing old.
    if (bounds === undefined) return everyMs;
    const copies = dropCopies(bounds.earliestMs - Math.min(rules.keepMs, rules.erasePersonalMs));
    if (copies.length > 0) log.info("journal-copies-dropped", { count: copies.length });
    const report = await journal.retention.pass(rules, { earliestMs: bounds.earliestMs, signal });
    if (report.heldBy !== undefined && report.heldBy !== heldBy) log.warn("journal-retention-held", { by: report.heldBy, firstSeq: journal.firstSeq });
    heldBy = report.heldBy;
    return report.isDone ? everyMs : Math.min(everyMs, SHORT_REST_MS);
  };
  return new Rounds({ clock, log, round, failedAs: "journal-retention-failed", restAfterFaultMs: everyMs, firstRestMs: Math.min(everyMs, FIRST_REST_MS) });
}

function holdPlaces(journal: TerminalJournal, hasBank: boolean): void {
  const { retention } = journal;
  // A shop that has never ended a shift counts from what is held.
  retention.needs("shift", async () => behind((await journal.mark("shift/last"))?.split(" ")[1]));
  retention.needs("reconciliation", async () => placeOf((await journal.mark("reconciliation/start"))?.split(" ")[1]));
  if (!hasBank) return;
  retention.needs("bank-uploads", async () => behind((await journal.mark("bank/told-through")) ?? "0"));
  retention.keeps(async () => {
    const book = await openBatchBook(journal);
    return book.rows(book.batch);
  });
}

function placeOf(text: string | undefined): number | undefined {
  const seq = Number(text);
  return text !== undefined && Number.isSafeInteger(seq) ? seq : undefined;
}

/** The first entry that was not read yet. */
function behind(text: string | undefined): number | undefined {
  const through = placeOf(text);
  return through === undefined ? undefined : through + 1;
}
