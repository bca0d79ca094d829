/*
 * What the settlement host has not receipted yet, per kind, exact at any moment without a list of it: the store counts once at
 * start, and after each receipt what it covers; between two counts each append adds its own difference.
 */
import type { JournalStore } from "../../base/ports.ts";
import { KINDS } from "./entry.ts";
import { EXPOSED_STATES, isExposed } from "./transitions.ts";
import type { RecordKind, RecordState } from "./types.ts";

export interface Exposure {
  readonly count: number;
  readonly sumFen: number;
}

/** A subject at one of its entries, as far as exposure cares. */
export interface SubjectAt {
  readonly kind: RecordKind;
  readonly state: RecordState;
  readonly amountFen: number;
  readonly lastSeq: number;
}

const NONE: Exposure = { count: 0, sumFen: 0 };

export class ExposureBook {
  readonly #store: JournalStore;
  #totals = new Map<RecordKind, Exposure>();
  /** Differences since a count was asked for, while its answer is on the way. */
  #since: Map<RecordKind, Exposure> | undefined;
  #receiptedThrough = 0;
  #counting: Promise<void> = Promise.resolve();

  constructor(store: JournalStore) {
    this.#store = store;
  }

  of(kind: RecordKind): Exposure {
    return this.#totals.get(kind) ?? NONE;
  }

  /** Notes that a subject went from one entry to the next. */
  moved(before: SubjectAt | undefined, after: SubjectAt): void {
    this.#add(after.kind, this.#weight(after), 1);
    if (before !== undefined) this.#add(before.kind, this.#weight(before), -1);
  }

  /**
   * Counts everything after `receiptedThrough`, at start and when memory was put back. The store answers in the order of the calls, so
   * its count holds exactly the appends made before this call, and the differences noted meanwhile are exactly the rest.
   */
  recount(receiptedThrough: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#receiptedThrough = receiptedThrough;
      const since = new Map<RecordKind, Exposure>();
      this.#since = since;
      try {
        const counted = await this.#ask({ lastSeqAfter: receiptedThrough });
        this.#totals = new Map(KINDS.map((kind, at) => [kind, sum(counted[at] ?? NONE, since.get(kind) ?? NONE, 1)]));
      } finally {
        // Without an answer the old totals stay: too much exposure refuses a sale, too little would allow one.
        this.#since = undefined;
      }
    });
  }

  /** Takes off what a receipt covers: the subjects whose last entry it reaches, as of this call. Only the entries of the receipt are read. */
  receipted(through: number): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.#receiptedThrough;
      this.#receiptedThrough = through;
      const covered = await this.#ask({ lastSeqAfter: before, lastSeqThrough: through });
      for (const [at, kind] of KINDS.entries()) this.#add(kind, covered[at] ?? NONE, -1);
    });
  }

  #ask(range: { readonly lastSeqAfter: number; readonly lastSeqThrough?: number }): Promise<readonly Exposure[]> {
    return Promise.all(KINDS.map((kind) => this.#store.subjectTotals({ kind, states: EXPOSED_STATES, ...range })));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#counting.then(work);
    this.#counting = turn.catch(() => undefined);
    return turn;
  }

  #weight(subject: SubjectAt): Exposure {
    const counts = isExposed(subject.state) && subject.lastSeq > this.#receiptedThrough;
    return counts ? { count: 1, sumFen: subject.amountFen } : NONE;
  }

  #add(kind: RecordKind, weight: Exposure, sign: 1 | -1): void {
    this.#totals.set(kind, sum(this.of(kind), weight, sign));
    this.#since?.set(kind, sum(this.#since.get(kind) ?? NONE, weight, sign));
  }
}

function sum(left: Exposure, right: Exposure, sign: 1 | -1): Exposure {
  return { count: left.count + sign * right.count, sumFen: left.sumFen + sign * right.sumFen };
}
