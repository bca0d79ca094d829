/* What a journal's disk holds, as plain tables in memory. */
import { assert } from "../../device/base/assert.ts";
import type { JournalStore, StoredBatch, StoredEntry, StoredSubject, StorePrune, StoreWrite } from "../../device/base/ports.ts";

/** Room that one row takes beside its text. */
const ROW_BYTES = 160;

export class JournalTables {
  /** By sequence, in its order. */
  readonly #entries = new Map<number, StoredEntry>();
  /** Sequences of the entries that are held, in order. */
  #held: number[] = [];
  #lastSeq = 0;
  readonly #subjects = new Map<string, StoredSubject>();
  /** Sequences of each subject's entries, in order. */
  readonly #seqsOf = new Map<string, number[]>();
  readonly #batches = new Map<number, StoredBatch>();
  readonly #marks = new Map<string, string>();
  /** Marks that were set to a subject together with an entry of it. */
  readonly #namesOf = new Map<string, string[]>();
  #usedBytes = 0;

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Entries that are held. */
  get count(): number {
    return this.#entries.size;
  }

  apply(write: StoreWrite): void {
    if (write.prune !== undefined) this.#prune(write.prune);
    for (const subject of write.erase ?? []) this.#erase(subject);
    for (const entry of write.entries ?? []) this.#append(entry, write);
    for (const row of write.subjects ?? []) {
      if (!this.#subjects.has(row.subject)) this.#usedBytes += ROW_BYTES;
      this.#subjects.set(row.subject, row);
    }
    for (const batch of write.batches ?? []) {
      if (!this.#batches.has(batch.batchSeq)) this.#usedBytes += ROW_BYTES + batch.detail.length;
      this.#batches.set(batch.batchSeq, batch);
    }
    for (const mark of write.marks ?? []) this.#marks.set(mark.name, mark.value);
  }

  #append(entry: StoredEntry, { marks = [] }: StoreWrite): void {
    assert(entry.seq === this.#lastSeq + 1, "entries continue the entry before them");
    this.#lastSeq = entry.seq;
    this.#entries.set(entry.seq, entry);
    this.#held.push(entry.seq);
    const seqs = this.#seqsOf.get(entry.subject);
    if (seqs === undefined) this.#seqsOf.set(entry.subject, [entry.seq]);
    else seqs.push(entry.seq);
    for (const { name, value } of marks) if (value === entry.subject) this.#namesOf.set(value, [...(this.#namesOf.get(value) ?? []), name]);
    this.#usedBytes += bytesOf(entry);
  }

  #prune({ throughSeq, subjects, left, marks = [] }: StorePrune): void {
    for (const name of marks) this.#marks.delete(name);
    for (const subject of subjects) this.#remove(subject);
    for (const { seq, before } of left) {
      const entry = this.#entries.get(seq);
      if (entry !== undefined) this.#entries.set(seq, { ...entry, before });
    }
    this.#held = this.#held.filter((seq) => this.#entries.has(seq));
    const newest = Math.max(0, ...[...this.#batches.values()].filter(({ receipted }) => receipted).map(({ batchSeq }) => batchSeq));
    for (const { batchSeq, lastSeq, detail } of [...this.#batches.values()]) {
      if (lastSeq > throughSeq || batchSeq >= newest) continue;
      this.#batches.delete(batchSeq);
      this.#usedBytes -= ROW_BYTES + detail.length;
    }
  }

  #remove(subject: string): void {
    for (const seq of this.#seqsOf.get(subject) ?? []) {
      const entry = this.#entries.get(seq);
      if (entry !== undefined) this.#usedBytes -= bytesOf(entry);
      this.#entries.delete(seq);
    }
    for (const name of this.#namesOf.get(subject) ?? []) if (this.#marks.get(name) === subject) this.#marks.delete(name);
    if (this.#subjects.delete(subject)) this.#usedBytes -= ROW_BYTES;
    this.#seqsOf.delete(subject);
    this.#namesOf.delete(subject);
  }

  #erase(subject: string): void {
    for (const seq of this.#seqsOf.get(subject) ?? []) {
      const entry = this.#entries.get(seq);
      if (entry?.sealed === undefined) continue;
      const { sealed, ...rest } = entry;
      this.#entries.set(seq, rest);
      this.#usedBytes -= sealed.length;
    }
  }

  entriesFrom(fromSeq: number, limit: number): readonly StoredEntry[] {
    const start = firstAtLeast(this.#held, fromSeq);
    return this.#held.slice(start, start + limit).flatMap((seq) => this.#entries.get(seq) ?? []);
  }

  entriesOf(subject: string, limit: number): readonly StoredEntry[] {
    const seqs = this.#subjects.has(subject) ? (this.#seqsOf.get(subject) ?? []) : [];
    return seqs.slice(0, limit).flatMap((seq) => this.#entries.get(seq) ?? []);
  }

  lastEntry(): StoredEntry | undefined {
    return this.#entries.get(this.#lastSeq);
  }

  subject(subject: string): StoredSubject | undefined {
    return this.#subjects.get(subject);
  }

  subjectsWhere(query: Parameters<JournalStore["subjects"]>[0]): readonly StoredSubject[] {
    const { afterFirstSeq = 0, beforeFirstSeq = Number.MAX_SAFE_INTEGER } = query;
    const found: StoredSubject[] = [];
    // Rows stand in the order of their first sequence, because that is when they were put here.
    const rows = query.newestFirst === true ? [...this.#subjects.values()].reverse() : this.#subjects.values();
    for (const row of rows) {
      if (found.length >= query.limit) break;
      if (
        row.firstSeq > afterFirstSeq &&
        row.firstSeq < beforeFirstSeq &&
        query.states.includes(row.state) &&
        (query.cardKey === undefined || query.cardKey === row.cardKey)
      )
        found.push(row);
    }
    return found;
  }

  subjectTotals(query: Parameters<JournalStore["subjectTotals"]>[0]): Awaited<ReturnType<JournalStore["subjectTotals"]>> {
    const through = query.lastSeqThrough ?? Number.MAX_SAFE_INTEGER;
    let count = 0;
    let sumFen = 0;
    let oldestFirstSeq: number | undefined;
    for (const row of this.#subjects.values()) {
      if (row.kind !== query.kind || row.lastSeq <= query.lastSeqAfter || row.lastSeq > through || !query.states.includes(row.state)) continue;
      count += 1;
      sumFen += row.amountFen;
      oldestFirstSeq = Math.min(oldestFirstSeq ?? row.firstSeq, row.firstSeq);
    }
    return { count, sumFen, oldestFirstSeq };
  }

  openBatches(limit: number): readonly StoredBatch[] {
    return this.#inOrder()
      .filter((batch) => !batch.receipted)
      .slice(0, limit);
  }

  batch(batchSeq: number): StoredBatch | undefined {
    return this.#batches.get(batchSeq);
  }

  firstBatch(): StoredBatch | undefined {
    return this.#inOrder()[0];
  }

  lastBatch(): StoredBatch | undefined {
    let last: StoredBatch | undefined;
    for (const batch of this.#batches.values()) if (last === undefined || batch.batchSeq > last.batchSeq) last = batch;
    return last;
  }

  get markNames(): readonly string[] {
    return [...this.#marks.keys()];
  }

  mark(name: string): string | undefined {
    return this.#marks.get(name);
  }

  #inOrder(): readonly StoredBatch[] {
    return [...this.#batches.values()].sort((left, right) => left.batchSeq - right.batchSeq);
  }
}

function bytesOf(entry: StoredEntry): number {
  return ROW_BYTES + entry.body.length + (entry.sealed?.length ?? 0);
}

/** Index of the first number that is not below `least`; the numbers stand in order. */
function firstAtLeast(numbers: readonly number[], least: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
