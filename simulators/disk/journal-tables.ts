/* What a journal's disk holds, as plain tables in memory. */
import { assert } from "../../device/base/assert.ts";
import type { JournalStore, StoredBatch, StoredEntry, StoredSubject, StoreWrite } from "../../device/base/ports.ts";

/** Room that one row takes beside its text. */
const ROW_BYTES = 160;

export class JournalTables {
  readonly #entries: StoredEntry[] = [];
  readonly #subjects = new Map<string, StoredSubject>();
  /** Sequences of each subject's entries, in order. */
  readonly #seqsOf = new Map<string, number[]>();
  readonly #batches = new Map<number, StoredBatch>();
  readonly #marks = new Map<string, string>();
  #usedBytes = 0;

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get lastSeq(): number {
    return this.#entries.length;
  }

  apply(write: StoreWrite): void {
    for (const entry of write.entries ?? []) this.#append(entry);
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

  #append(entry: StoredEntry): void {
    assert(entry.seq === this.#entries.length + 1, "entries continue the entry before them");
    this.#entries.push(entry);
    const seqs = this.#seqsOf.get(entry.subject);
    if (seqs === undefined) this.#seqsOf.set(entry.subject, [entry.seq]);
    else seqs.push(entry.seq);
    this.#usedBytes += ROW_BYTES + entry.body.length + (entry.sealed?.length ?? 0);
  }

  entriesFrom(fromSeq: number, limit: number): readonly StoredEntry[] {
    const start = Math.max(0, fromSeq - 1);
    return this.#entries.slice(start, start + limit);
  }

  entriesOf(subject: string, limit: number): readonly StoredEntry[] {
    const seqs = this.#subjects.has(subject) ? (this.#seqsOf.get(subject) ?? []) : [];
    return seqs.slice(0, limit).flatMap((seq) => this.#entries[seq - 1] ?? []);
  }

  lastEntry(): StoredEntry | undefined {
    return this.#entries.at(-1);
  }

  subject(subject: string): StoredSubject | undefined {
    return this.#subjects.get(subject);
  }

  subjectsWhere(query: Parameters<JournalStore["subjects"]>[0]): readonly StoredSubject[] {
    const after = query.afterFirstSeq ?? 0;
    const found: StoredSubject[] = [];
    // Rows stand in the order of their first sequence, because that is when they were put here.
    for (const row of this.#subjects.values()) {
      if (found.length >= query.limit) break;
      if (row.firstSeq > after && query.states.includes(row.state) && (query.cardKey === undefined || query.cardKey === row.cardKey)) found.push(row);
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
    return [...this.#batches.values()]
      .filter((batch) => !batch.receipted)
      .sort((left, right) => left.batchSeq - right.batchSeq)
      .slice(0, limit);
  }

  batch(batchSeq: number): StoredBatch | undefined {
    return this.#batches.get(batchSeq);
  }

  lastBatch(): StoredBatch | undefined {
    let last: StoredBatch | undefined;
    for (const batch of this.#batches.values()) if (last === undefined || batch.batchSeq > last.batchSeq) last = batch;
    return last;
  }

  mark(name: string): string | undefined {
    return this.#marks.get(name);
  }
}
