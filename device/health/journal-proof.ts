/*
 * Goal: somebody knows that the journal still reaches its disk, also in an hour in which nobody pays; and the disk is not worn out by the question.
 * Method: what was appended and is durable is a proof for nothing. Only after a rest without one a mark of a few bytes is committed through the same
 * queue, the same worker and the same flush as a sale: one page once in that rest, some 1,400 of them on a day without a sale. A journal that is full
 * and says so has answered: it is full, it does not hang.
 */
import { withDeadline } from "../base/deadline.ts";
import { isFault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/ports.ts";
import type { TerminalJournal } from "../txn/journal/journal.ts";
import { Rounds } from "../txn/rounds.ts";

export interface JournalProofBounds {
  /** No mark is committed while something of the terminal's own became durable within this time. */
  readonly restMs: number;
  /** How long one commit may take. */
  readonly answerMs: number;
}

export const DEFAULT_PROOF_BOUNDS: JournalProofBounds = { restMs: 60_000, answerMs: 10_000 };

const MARK = "health/flush";
const LOOK_MS = 1_000;
const REST_AFTER_FAULT_MS = 10_000;
/** Between two questions for the facts. */
const FACTS_MS = 10_000;
/** Open subjects that are counted; a terminal with more has been told to sell no more long ago. */
const OPEN_MAX = 1_000;

type ProvedJournal = Pick<TerminalJournal, "setMarks" | "lastSeq" | "receiptedThrough" | "usage" | "openSubjects">;

/** What is asked of the journal beside its proof. */
export interface JournalFacts {
  readonly usedBytes: number;
  readonly limitBytes: number;
  /** Sales whose end nobody knows, and of which the host does not know that. What it has receipted is listed there, whether its card ever returns or not. */
  readonly unknown: number;
}

export interface JournalProofParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: ProvedJournal;
  readonly bounds?: JournalProofBounds;
}

export class JournalProof {
  readonly #parts: JournalProofParts;
  readonly #bounds: JournalProofBounds;
  readonly #rounds: Rounds;
  #provedAtMs: number;
  #lastSeq: number;
  #marks = 0;
  #facts: JournalFacts = { usedBytes: 0, limitBytes: 0, unknown: 0 };
  #factsAtMs = Number.NEGATIVE_INFINITY;
  /** The answer that is waited for, beyond its bound too: a journal that hangs is asked once. */
  #asked: Promise<void> | undefined;

  constructor(parts: JournalProofParts) {
    this.#parts = parts;
    this.#bounds = parts.bounds ?? DEFAULT_PROOF_BOUNDS;
    this.#provedAtMs = parts.clock.monotonicMs();
    this.#lastSeq = parts.journal.lastSeq;
    this.#rounds = new Rounds({ ...parts, failedAs: "journal-not-proved", restAfterFaultMs: REST_AFTER_FAULT_MS, round: (signal) => this.#round(signal) });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** How long ago the journal was last known to be written. */
  get silentMs(): number {
    return this.#parts.clock.monotonicMs() - this.#provedAtMs;
  }

  /** Longest silence of a journal that is well: a rest, a commit, and a look. */
  get silentMaxMs(): number {
    return this.#bounds.restMs + 2 * this.#bounds.answerMs + LOOK_MS;
  }

  /** As last told. */
  get facts(): JournalFacts {
    return this.#facts;
  }

  async #round(signal: AbortSignal): Promise<number> {
    const { journal, clock } = this.#parts;
    if (journal.lastSeq !== this.#lastSeq) this.#proved();
    this.#lastSeq = journal.lastSeq;
    this.#asked ??= this.#ask();
    const { answerMs: timeoutMs } = this.#bounds;
    if (this.#asked !== undefined) await withDeadline(this.#asked, { timeoutMs, signal, clock, what: "the journal's proof", effectUnknown: true });
    return LOOK_MS;
  }

  /** What is due now, if anything is. */
  #ask(): Promise<void> | undefined {
    const proves = this.#marks === 0 || this.silentMs >= this.#bounds.restMs;
    if (!proves && this.#parts.clock.monotonicMs() - this.#factsAtMs < FACTS_MS) return undefined;
    return this.#answer(proves).finally(() => {
      this.#asked = undefined;
    });
  }

  async #answer(proves: boolean): Promise<void> {
    const { journal, clock } = this.#parts;
    if (proves) await this.#commit();
    const open = await journal.openSubjects({ lastSeqAfter: journal.receiptedThrough, limit: OPEN_MAX });
    this.#facts = { ...(await journal.usage()), unknown: open.filter(({ state }) => state === "unknown" || state === "resolving").length };
    this.#factsAtMs = clock.monotonicMs();
  }

  async #commit(): Promise<void> {
    this.#marks += 1;
    try {
      await this.#parts.journal.setMarks([{ name: MARK, value: String(this.#marks) }]);
    } catch (error) {
      if (!isFault(error, "store-full")) throw error;
    }
    this.#proved();
  }

  #proved(): void {
    this.#provedAtMs = this.#parts.clock.monotonicMs();
  }
}
