/*
 * Goal: say whether a journal is whole, and if not, where it first is not. Method: walk all entries in pages, follow the chain and
 * every subject's states, then compare with what the store keeps beside the entries: subjects, batches, the receipt mark.
 */
import type { JournalStore, StoredBatch, StoredEntry } from "../../base/ports.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { type Anchor, leftProblem, MARK_ANCHOR, parseAnchor } from "./anchor.ts";
import { firstLink, linkProblem } from "./chain.ts";
import { KINDS } from "./entry.ts";
import { MARK_JOURNAL_ID, MARK_RECEIPTED, MARK_TERMINAL } from "./opening.ts";
import { isFinal, mayFollow, type StateBefore } from "./transitions.ts";
import { OPEN_STATES, type RecordKind, type RecordState } from "./types.ts";

export interface VerifyOptions {
  readonly suite: CipherSuite;
  /** Entries read at a time. */
  readonly pageEntries?: number;
  /** Told now and then how far the walk has come. */
  readonly onProgress?: (seq: number) => void;
}

/** What a walk found. `firstBreak` is absent when the journal is whole. */
export interface VerifyReport {
  readonly terminalId: string | undefined;
  readonly journalId: string | undefined;
  /** Entries that are held and were walked, the sequence of the last one, and the hash of the last good one. */
  readonly entries: number;
  readonly lastSeq: number;
  readonly lastHash: string;
  /** Entries up to this one were taken away by rule; 0 for none. */
  readonly takenThrough: number;
  /** Entries in front of it that stay. Each is held against the chain value that was kept with it. */
  readonly left: number;
  /** Entries whose personal part was erased by rule. */
  readonly erased: number;
  readonly openSubjects: number;
  readonly batches: number;
  readonly openBatches: number;
  readonly receiptedThrough: number;
  readonly firstBreak?: { readonly seq: number; readonly why: string };
}

const PAGE_ENTRIES = 500;

type Break = { readonly seq: number; readonly why: string };

/** Walks the whole journal. Never throws for what it finds; faults of the store itself pass through. */
export async function verifyJournal(store: JournalStore, options: VerifyOptions): Promise<VerifyReport> {
  const terminalId = await store.mark(MARK_TERMINAL);
  const journalId = await store.mark(MARK_JOURNAL_ID);
  const anchored = await store.mark(MARK_ANCHOR);
  const origin: Anchor = { seq: 0, hash: firstLink(options.suite, { terminalId: terminalId ?? "", journalId: journalId ?? "" }) };
  const anchor = anchored === undefined ? origin : parseAnchor(anchored);
  const walk = new ChainWalk(options.suite, anchor ?? origin);
  const chainBreak = anchor === undefined ? { seq: 0, why: "the place where the chain begins is not readable" } : await walkEntries(store, walk, options);
  const batches = await walkBatches(store, walk.seq);
  const receiptedThrough = Number((await store.mark(MARK_RECEIPTED)) ?? "0");
  const firstBreak = chainBreak ?? (await subjectsBreak(store, walk)) ?? batches.firstBreak ?? receiptBreak(batches, receiptedThrough);
  return {
    terminalId,
    journalId,
    entries: walk.entries,
    lastSeq: walk.seq,
    takenThrough: walk.anchor.seq,
    left: walk.left,
    lastHash: walk.hash,
    erased: walk.erased,
    openSubjects: walk.open.size,
    batches: batches.count,
    openBatches: batches.open,
    receiptedThrough,
    ...(firstBreak === undefined ? {} : { firstBreak }),
  };
}

/** The chain and the states of all open subjects, followed entry by entry. */
class ChainWalk {
  readonly #suite: CipherSuite;
  /** Open subjects by name: their state and their last entry. */
  readonly open = new Map<string, { readonly state: RecordState; readonly lastSeq: number }>();
  readonly anchor: Anchor;
  seq: number;
  hash: string;
  entries = 0;
  left = 0;
  erased = 0;

  constructor(suite: CipherSuite, anchor: Anchor) {
    this.#suite = suite;
    this.anchor = anchor;
    this.seq = anchor.seq;
    this.hash = anchor.hash;
  }

  /** Takes the next entry, or says why it cannot follow. */
  take(entry: StoredEntry): string | undefined {
    const isLeft = entry.seq <= this.anchor.seq;
    const problem = (isLeft ? leftProblem(this.#suite, entry) : linkProblem(this.#suite, this, entry)) ?? this.#stepProblem(entry);
    if (problem !== undefined) return problem;
    this.entries += 1;
    if (isLeft) this.left += 1;
    else {
      this.seq = entry.seq;
      this.hash = entry.hash;
    }
    if (entry.sealed === undefined && entry.body.includes('"sealedHash":')) this.erased += 1;
    const state = entry.state as RecordState;
    if (isFinal(state)) this.open.delete(entry.subject);
    else this.open.set(entry.subject, { state, lastSeq: entry.seq });
    return undefined;
  }

  #stepProblem(entry: StoredEntry): string | undefined {
    if (!(KINDS as readonly string[]).includes(entry.kind)) return `unknown kind ${entry.kind}`;
    const begins = entry.subject.endsWith(`-${entry.seq}`);
    const known = this.open.get(entry.subject)?.state;
    if (!begins && known === undefined) return "it continues a subject that is not open";
    const from: StateBefore = begins ? "new" : (known ?? "new");
    return mayFollow(entry.kind as RecordKind, from, entry.state as RecordState) ? undefined : `${entry.state} does not follow ${from}`;
  }
}

async function walkEntries(store: JournalStore, walk: ChainWalk, options: VerifyOptions): Promise<Break | undefined> {
  const pageEntries = options.pageEntries ?? PAGE_ENTRIES;
  let next = 1;
  for (;;) {
    const page = await store.entries(next, pageEntries);
    for (const entry of page) {
      const why = walk.take(entry);
      if (why !== undefined) return { seq: entry.seq, why };
      next = entry.seq + 1;
    }
    options.onProgress?.(walk.seq);
    if (page.length < pageEntries) return undefined;
  }
}

/** Compares the subjects that the store lists as open with those that the entries leave open. */
async function subjectsBreak(store: JournalStore, walk: ChainWalk): Promise<Break | undefined> {
  let listed = 0;
  let after = 0;
  for (;;) {
    const page = await store.subjects({ states: OPEN_STATES, afterFirstSeq: after, limit: PAGE_ENTRIES });
    for (const row of page) {
      const walked = walk.open.get(row.subject);
      if (walked === undefined || walked.state !== row.state || walked.lastSeq !== row.lastSeq)
        return { seq: row.lastSeq, why: "the subject's row differs from its entries" };
      after = row.firstSeq;
    }
    listed += page.length;
    if (page.length < PAGE_ENTRIES) break;
  }
  return listed === walk.open.size ? undefined : { seq: walk.seq, why: `${walk.open.size} subjects are open by their entries, ${listed} by their rows` };
}

interface BatchWalk {
  readonly count: number;
  readonly open: number;
  readonly receiptedThrough: number;
  readonly firstBreak: Break | undefined;
}

async function walkBatches(store: JournalStore, lastSeq: number): Promise<BatchWalk> {
  const first = (await store.firstBatch())?.batchSeq ?? 1;
  const last = (await store.lastBatch())?.batchSeq ?? 0;
  let before: StoredBatch | undefined;
  let open = 0;
  let receiptedThrough = 0;
  for (let batchSeq = first; batchSeq <= last; batchSeq += 1) {
    const batch = await store.batch(batchSeq);
    const why = batchProblem(before, batch, lastSeq);
    if (batch === undefined || why !== undefined)
      return {
        count: batchSeq - first,
        open,
        receiptedThrough,
        firstBreak: { seq: batch?.firstSeq ?? lastSeq, why: `batch ${batchSeq}: ${why ?? "is missing"}` },
      };
    if (batch.receipted) receiptedThrough = batch.lastSeq;
    else open += 1;
    before = batch;
  }
  return { count: last - first + 1, open, receiptedThrough, firstBreak: undefined };
}

function batchProblem(before: StoredBatch | undefined, batch: StoredBatch | undefined, lastSeq: number): string | undefined {
  if (batch === undefined) return "is missing";
  // Those in front of the first one that is held were taken away with their entries.
  if (batch.firstSeq !== (before === undefined && batch.batchSeq > 1 ? batch.firstSeq : (before?.lastSeq ?? 0) + 1))
    return "does not continue the batch before it";
  if (batch.lastSeq < batch.firstSeq || batch.lastSeq > lastSeq) return "ends outside the journal";
  if (batch.receipted && before !== undefined && !before.receipted) return "is receipted before the batch in front of it";
  return undefined;
}

function receiptBreak(batches: BatchWalk, receiptedThrough: number): Break | undefined {
  return batches.receiptedThrough === receiptedThrough ? undefined : { seq: receiptedThrough, why: "the receipt mark differs from the batches" };
}
