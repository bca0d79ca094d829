/*
 * Goal: a host that lost batches which a terminal no longer has goes on with those that it has, when people have said so, and knows for ever what it lacks.
 * Method: what terminals say they hold is kept from their heartbeats; people name the terminal and the batch, and one row stands for all batches before it.
 * Spec: pos/v1, 4 and 6.
 */
import { canonicalText } from "./canonical.ts";
import type { Ledger } from "./ledger.ts";
import type { HeldFrom, TerminalHeartbeat } from "./messages.ts";

/** Batches that are no more, and the records in them: money that people have to look for elsewhere. */
export interface GivenUp {
  readonly tid: string;
  readonly journalId: string;
  readonly batches: { readonly from: number; readonly through: number };
  readonly records: { readonly from: number; readonly through: number };
  readonly atMs: number;
}

export type GivingUp = { readonly ok: true; readonly given: GivenUp } | { readonly ok: false; readonly reason: string };

type Held = HeldFrom & { readonly journalId: string };

const TERMINALS_MAX = 10_000;

export class GivenUpDesk {
  readonly #ledger: Ledger;
  readonly #nowMs: () => number;
  readonly #held = new Map<string, Held>();

  constructor(ledger: Ledger, nowMs: () => number) {
    this.#ledger = ledger;
    this.#nowMs = nowMs;
  }

  /** What a terminal says it still has; one that has everything again says nothing. */
  hear({ tid, journalId, held }: TerminalHeartbeat): void {
    if (held === undefined) this.#held.delete(tid);
    else if (this.#held.size < TERMINALS_MAX || this.#held.has(tid)) this.#held.set(tid, { ...held, journalId });
  }

  /** Terminals that can never be asked for what this ledger lacks: people have to decide. */
  waiting(): readonly (Held & { readonly tid: string; readonly upTo: number; readonly lastSeq: number })[] {
    return [...this.#held].flatMap(([tid, held]) => {
      const { upTo, lastSeq } = this.#ledger.head(tid, held.journalId);
      return upTo + 1 < held.batch ? [{ tid, ...held, upTo, lastSeq }] : [];
    });
  }

  /** People give up every batch before `batch`, which must be the first that the terminal holds: a number that is out of date gives up nothing. */
  giveUp(tid: string, batch: number): GivingUp {
    const row = this.waiting().find((each) => each.tid === tid);
    if (row === undefined) return { ok: false, reason: "this terminal holds what is lacking, or has not said what it holds" };
    if (row.batch !== batch) return { ok: false, reason: `the first batch that it holds is ${row.batch}` };
    const { journalId, upTo, lastSeq, seq, prevHash } = row;
    // A sequence that the ledger has already, or that leaves no record to each batch, is no word to act on.
    if (seq - 1 - lastSeq < batch - 1 - upTo) return { ok: false, reason: "what it says of its records contradicts the ledger" };
    const batches = { from: upTo + 1, through: batch - 1 };
    const records = { from: lastSeq + 1, through: seq - 1 };
    const given: GivenUp = { tid, journalId, batches, records, atMs: this.#nowMs() };
    const { hash } = this.#ledger.head(tid, journalId);
    this.#ledger.inTransaction(() =>
      this.#ledger.addBatch({
        ...{ tid, journalId, batchSeq: batches.through, hash: prevHash, prevHash: hash, firstSeq: records.from, lastSeq: records.through },
        receivedMs: given.atMs,
        sealed: canonicalText({ givenUp: { batches, records } }),
      }),
    );
    return { ok: true, given };
  }
}
