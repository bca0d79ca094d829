/* Goes on with contributions that were left open, one after the other, with growing pauses for each; what is parked is left to people. */
import type { Clock } from "../../base/ports.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { eachOpenSubject } from "../journal/open-subjects.ts";
import type { Journal } from "../journal/types.ts";
import { Rounds } from "../rounds.ts";
import type { ContributionBounds, ContributionPorts } from "./ports.ts";
import { type RecordedContribution, readContribution } from "./record.ts";
import { resumeContribution } from "./run.ts";

const DOUBLINGS_MAX = 20;

/** Every open contribution, oldest first. Faults: those of the journal. */
export async function* openContributions(journal: Journal): AsyncGenerator<RecordedContribution, void, undefined> {
  for await (const { subject } of eachOpenSubject(journal, "contribution")) {
    const record = readContribution(await journal.entriesOf(subject));
    if (record !== undefined) yield record;
  }
}

/** Pauses of subjects between two looks; lost at a restart without harm. */
class Pauses {
  readonly #clock: Clock;
  readonly #bounds: ContributionBounds;
  readonly #due = new Map<string, { readonly rounds: number; readonly dueMs: number }>();

  constructor(clock: Clock, bounds: ContributionBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** Milliseconds until the subject is due; 0: now. */
  leftMs(subject: string): number {
    return Math.max(0, (this.#due.get(subject)?.dueMs ?? 0) - this.#clock.monotonicMs());
  }

  rest(subject: string): number {
    const { pauseMinMs, pauseMaxMs } = this.#bounds;
    const rounds = this.#due.get(subject)?.rounds ?? 0;
    const pauseMs = Math.min(pauseMaxMs, pauseMinMs * 2 ** Math.min(rounds, DOUBLINGS_MAX));
    this.#due.set(subject, { rounds: rounds + 1, dueMs: this.#clock.monotonicMs() + pauseMs });
    return pauseMs;
  }

  forget(subject: string): void {
    this.#due.delete(subject);
  }

  forgetAll(): void {
    this.#due.clear();
  }
}

export interface ContributionBackground {
  readonly rounds: Rounds;
  /** Everything that is open is looked at now, whatever its pause. */
  lookNow(): void;
}

/** Started and stopped by whoever opened it. */
export function openContributionBackground(ports: ContributionPorts, bounds: ContributionBounds): ContributionBackground {
  const journal = boundedJournal(ports, { timeoutMs: bounds.journalTimeoutMs });
  const pauses = new Pauses(ports.clock, bounds);
  const round = async (signal: AbortSignal): Promise<number> => {
    let nextMs = bounds.pauseMaxMs;
    for await (const record of openContributions(journal)) {
      if (signal.aborted) break;
      const { subject } = record.last;
      if (record.leg.leg === "parked") continue;
      const leftMs = pauses.leftMs(subject);
      nextMs = Math.min(nextMs, leftMs > 0 ? leftMs : await look(record, signal));
    }
    return Math.max(bounds.pauseMinMs, nextMs);
  };
  const look = async (record: RecordedContribution, signal: AbortSignal): Promise<number> => {
    const { subject } = record.last;
    const outcome = await resumeContribution(ports, record, { bounds, limits: { timeoutMs: bounds.bankTimeoutMs, signal } });
    // Somebody at the counter is at it: soon it is over, or due.
    if (outcome === undefined) return bounds.pauseMinMs;
    if (outcome.kind === "open-case") return pauses.rest(subject);
    pauses.forget(subject);
    ports.log.info("contribution-decided", { outcome: outcome.kind });
    return bounds.pauseMaxMs;
  };
  const { clock, log } = ports;
  const rounds = new Rounds({ clock, log, round, failedAs: "contributions-not-resumed", restAfterFaultMs: bounds.pauseMaxMs });
  return {
    rounds,
    lookNow: () => {
      pauses.forgetAll();
      rounds.wake();
    },
  };
}
