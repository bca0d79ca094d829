/* What every store below the journal must do. The same suite runs over the simulated disk and over the real engine. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JournalStore, StoredBatch, StoredEntry, StoredSubject, StoreWrite } from "../ports.ts";

/** One disk under test. */
export interface JournalStoreBench {
  /** Opens the disk anew. At most one store is open at a time. */
  open(): Promise<JournalStore>;
  /** Removes the disk. */
  dispose(): Promise<void>;
}

const HASH = "ab".repeat(32);

export function contractEntry(seq: number, subject: string, state: string): StoredEntry {
  return {
    seq,
    subject,
    kind: "quick-payment",
    state,
    body: `{"seq":${seq}}`,
    hash: seq.toString(16).padStart(64, "0"),
    sealed: Uint8Array.of(seq & 0xff, 1, 2),
  };
}

export function contractSubject(
  subject: string,
  state: string,
  seqs: { readonly first: number; readonly last: number; readonly cardKey?: string; readonly amountFen?: number },
): StoredSubject {
  return { subject, kind: "quick-payment", state, firstSeq: seqs.first, lastSeq: seqs.last, amountFen: seqs.amountFen ?? 100, cardKey: seqs.cardKey ?? "" };
}

/** The first entry of a subject named `s{seq}`. */
export function beginning(seq: number, state = "prepared"): StoreWrite {
  return { entries: [contractEntry(seq, `s${seq}`, state)], subjects: [contractSubject(`s${seq}`, state, { first: seq, last: seq })] };
}

function batch(batchSeq: number, firstSeq: number, lastSeq: number, receipted = false): StoredBatch {
  return { batchSeq, firstSeq, lastSeq, hash: HASH, receipted, detail: `{"n":${batchSeq}}` };
}

export function journalStoreContract(name: string, makeBench: () => Promise<JournalStoreBench>): void {
  describe(`JournalStore: ${name}`, () => {
    let bench: JournalStoreBench;
    let store: JournalStore;
    beforeEach(async () => {
      bench = await makeBench();
      store = await bench.open();
    });
    afterEach(async () => {
      await store.close();
      await bench.dispose();
    });
    const reopen = async () => {
      await store.close();
      store = await bench.open();
    };

    it("is empty at first", async () => {
      expect(await store.lastEntry()).toBeUndefined();
      expect(await store.entries(1, 10)).toEqual([]);
      expect(await store.entriesOf("s1", 10)).toEqual([]);
      expect(await store.subject("s1")).toBeUndefined();
      expect(await store.lastBatch()).toBeUndefined();
      expect(await store.openBatches(10)).toEqual([]);
      expect(await store.mark("m")).toBeUndefined();
      expect(await store.subjectTotals({ kind: "quick-payment", states: ["prepared"], lastSeqAfter: 0 })).toEqual({
        count: 0,
        sumFen: 0,
        oldestFirstSeq: undefined,
      });
    });

    it("gives back exactly what was committed, also after opening again", async () => {
      const write: StoreWrite = { ...beginning(1), batches: [batch(1, 1, 1)], marks: [{ name: "m", value: "v" }] };
      await store.commit(write);
      await reopen();
      expect(await store.lastEntry()).toEqual(write.entries?.[0]);
      expect(await store.entries(1, 10)).toEqual(write.entries);
      expect(await store.subject("s1")).toEqual(write.subjects?.[0]);
      expect(await store.batch(1)).toEqual(batch(1, 1, 1));
      expect(await store.mark("m")).toBe("v");
    });

    it("keeps an entry without a sealed part without one", async () => {
      const { sealed: _, ...entry } = contractEntry(1, "s1", "prepared");
      await store.commit({ entries: [entry], subjects: [contractSubject("s1", "prepared", { first: 1, last: 1 })] });
      expect(await store.lastEntry()).toEqual(entry);
    });

    it("pages through entries in order", async () => {
      for (let seq = 1; seq <= 7; seq += 1) await store.commit(beginning(seq));
      expect((await store.entries(3, 3)).map((entry) => entry.seq)).toEqual([3, 4, 5]);
      expect((await store.entries(6, 3)).map((entry) => entry.seq)).toEqual([6, 7]);
      expect(await store.entries(8, 3)).toEqual([]);
    });

    it("finds all entries of one subject, in order, between those of others", async () => {
      await store.commit(beginning(1));
      await store.commit(beginning(2));
      await store.commit({ entries: [contractEntry(3, "s1", "unknown")], subjects: [contractSubject("s1", "unknown", { first: 1, last: 3 })] });
      await store.commit(beginning(4));
      await store.commit({ entries: [contractEntry(5, "s1", "done")], subjects: [contractSubject("s1", "done", { first: 1, last: 5 })] });
      expect((await store.entriesOf("s1", 10)).map((entry) => entry.seq)).toEqual([1, 3, 5]);
      expect((await store.entriesOf("s1", 2)).map((entry) => entry.seq)).toEqual([1, 3]);
      expect((await store.entriesOf("s4", 10)).map((entry) => entry.seq)).toEqual([4]);
    });

    it("finds several entries of one subject that came in one commit", async () => {
      await store.commit({
        entries: [contractEntry(1, "s1", "prepared"), contractEntry(2, "s1", "unknown"), contractEntry(3, "s1", "done")],
        subjects: [contractSubject("s1", "done", { first: 1, last: 3 })],
      });
      expect((await store.entriesOf("s1", 10)).map((entry) => entry.state)).toEqual(["prepared", "unknown", "done"]);
    });

    it("lists subjects by state, card and first sequence", async () => {
      const rows = [
        contractSubject("s1", "prepared", { first: 1, last: 1, cardKey: "k1" }),
        contractSubject("s2", "unknown", { first: 2, last: 2, cardKey: "k2" }),
        contractSubject("s3", "done", { first: 3, last: 3, cardKey: "k1" }),
        contractSubject("s4", "unknown", { first: 4, last: 4, cardKey: "k1" }),
      ];
      for (const row of rows) await store.commit({ entries: [contractEntry(row.firstSeq, row.subject, row.state)], subjects: [row] });
      const names = async (query: Parameters<JournalStore["subjects"]>[0]) => (await store.subjects(query)).map((row) => row.subject);
      expect(await names({ states: ["prepared", "unknown"], limit: 10 })).toEqual(["s1", "s2", "s4"]);
      expect(await names({ states: ["prepared", "unknown"], limit: 2 })).toEqual(["s1", "s2"]);
      expect(await names({ states: ["prepared", "unknown"], afterFirstSeq: 1, limit: 10 })).toEqual(["s2", "s4"]);
      expect(await names({ states: ["prepared", "unknown"], newestFirst: true, limit: 2 })).toEqual(["s4", "s2"]);
      expect(await names({ states: ["prepared", "unknown"], newestFirst: true, beforeFirstSeq: 4, limit: 9 })).toEqual(["s2", "s1"]);
      expect(await names({ states: ["prepared", "unknown"], newestFirst: true, afterFirstSeq: 1, cardKey: "k1", limit: 9 })).toEqual(["s4"]);
      expect(await names({ states: ["prepared", "unknown"], cardKey: "k1", limit: 10 })).toEqual(["s1", "s4"]);
      expect(await names({ states: ["prepared", "unknown"], cardKey: "k1", afterFirstSeq: 1, limit: 10 })).toEqual(["s4"]);
      expect(await names({ states: ["done", "unknown"], limit: 10 })).toEqual(["s2", "s3", "s4"]);
      expect(await names({ states: ["done"], cardKey: "k1", limit: 10 })).toEqual(["s3"]);
    });

    it("takes subjects away with their entries and with the marks that still name them, and keeps what stands between", async () => {
      await store.commit({ ...beginning(1), marks: [{ name: "sale/a", value: "s1" }] });
      await store.commit({ ...beginning(2), marks: [{ name: "sale/b", value: "s2" }] });
      await store.commit({ entries: [contractEntry(3, "s1", "done")], subjects: [contractSubject("s1", "done", { first: 1, last: 3 })] });
      await store.commit({ ...beginning(4), marks: [{ name: "sale/c", value: "s1" }] });
      const before = "cd".repeat(32);
      await store.commit({
        prune: { throughSeq: 3, subjects: ["s1"], left: [{ seq: 2, before }] },
        marks: [{ name: "taken", value: "3" }],
      });
      await reopen();
      expect((await store.entries(1, 10)).map(({ seq }) => seq)).toEqual([2, 4]);
      expect((await store.entries(2, 1))[0]).toEqual({ ...contractEntry(2, "s2", "prepared"), before });
      expect(await store.subject("s1")).toBeUndefined();
      expect(await store.entriesOf("s1", 10)).toEqual([]);
      expect(await store.mark("sale/a")).toBeUndefined();
      expect(await store.mark("sale/b")).toBe("s2");
      expect(await store.mark("sale/c")).toBe("s1");
      expect(await store.mark("taken")).toBe("3");
      expect((await store.subjects({ states: ["prepared", "done"], limit: 10 })).map(({ subject }) => subject)).toEqual(["s2", "s4"]);
      await store.commit({ entries: [contractEntry(5, "s2", "done")], subjects: [contractSubject("s2", "done", { first: 2, last: 5 })] });
      expect((await store.entriesOf("s2", 10)).map(({ seq }) => seq)).toEqual([2, 5]);
    });

    it("keeps a mark that names another subject by now", async () => {
      await store.commit({ ...beginning(1, "done"), marks: [{ name: "last", value: "s1" }] });
      await store.commit({ ...beginning(2), marks: [{ name: "last", value: "s2" }] });
      await store.commit({ prune: { throughSeq: 1, subjects: ["s1"], left: [] } });
      expect(await store.mark("last")).toBe("s2");
    });

    it("takes marks away by name, and sets what the same commit sets", async () => {
      await store.commit({ ...beginning(1, "done"), marks: ["a", "b", "c"].map((name) => ({ name, value: "v" })) });
      await store.commit({ prune: { throughSeq: 0, subjects: [], left: [], marks: ["a", "b", "nobody"] }, marks: [{ name: "b", value: "w" }] });
      await reopen();
      expect([await store.mark("a"), await store.mark("b"), await store.mark("c")]).toEqual([undefined, "w", "v"]);
      expect((await store.entries(1, 10)).map(({ seq }) => seq)).toEqual([1]);
    });

    it("takes receipted batches away, but not the newest of them", async () => {
      for (let seq = 1; seq <= 4; seq += 1) await store.commit(beginning(seq, "done"));
      await store.commit({ batches: [batch(1, 1, 1, true), batch(2, 2, 2, true), batch(3, 3, 3, true), batch(4, 4, 4)] });
      expect((await store.firstBatch())?.batchSeq).toBe(1);
      await store.commit({ prune: { throughSeq: 2, subjects: ["s1", "s2"], left: [] } });
      expect((await store.firstBatch())?.batchSeq).toBe(3);
      await store.commit({ prune: { throughSeq: 4, subjects: ["s3", "s4"], left: [] } });
      expect((await store.firstBatch())?.batchSeq).toBe(3);
      expect((await store.lastBatch())?.batchSeq).toBe(4);
      expect(await store.lastEntry()).toBeUndefined();
    });

    it("erases the sealed parts of a subject and nothing else", async () => {
      await store.commit(beginning(1));
      await store.commit(beginning(2));
      await store.commit({ entries: [contractEntry(3, "s1", "done")], subjects: [contractSubject("s1", "done", { first: 1, last: 3 })] });
      await store.commit({ erase: ["s1"] });
      const { sealed: _1, ...first } = contractEntry(1, "s1", "prepared");
      const { sealed: _3, ...third } = contractEntry(3, "s1", "done");
      expect(await store.entries(1, 10)).toEqual([first, contractEntry(2, "s2", "prepared"), third]);
    });

    it("takes away and appends in one commit, or does neither", async () => {
      await store.commit(beginning(1, "done"));
      await store.commit({ prune: { throughSeq: 1, subjects: ["s1"], left: [] }, ...beginning(2) });
      expect((await store.entries(1, 10)).map(({ seq }) => seq)).toEqual([2]);
      expect((await store.usage()).usedBytes).toBeGreaterThan(0);
    });

    it("sums subjects by kind and state after a sequence", async () => {
      await store.commit({ entries: [contractEntry(1, "s1", "prepared")], subjects: [contractSubject("s1", "prepared", { first: 1, last: 1, amountFen: 5 })] });
      await store.commit({ entries: [contractEntry(2, "s2", "done")], subjects: [contractSubject("s2", "done", { first: 2, last: 2, amountFen: 7 })] });
      await store.commit({ entries: [contractEntry(3, "s1", "done")], subjects: [contractSubject("s1", "done", { first: 1, last: 3, amountFen: 6 })] });
      const totals = (states: readonly string[], lastSeqAfter: number, lastSeqThrough?: number) =>
        store.subjectTotals({ kind: "quick-payment", states, lastSeqAfter, ...(lastSeqThrough === undefined ? {} : { lastSeqThrough }) });
      expect(await totals(["done"], 0)).toEqual({ count: 2, sumFen: 13, oldestFirstSeq: 1 });
      expect(await totals(["done"], 2)).toEqual({ count: 1, sumFen: 6, oldestFirstSeq: 1 });
      expect(await totals(["done"], 3)).toEqual({ count: 0, sumFen: 0, oldestFirstSeq: undefined });
      expect(await totals(["done"], 0, 2)).toEqual({ count: 1, sumFen: 7, oldestFirstSeq: 2 });
      expect(await totals(["done"], 2, 3)).toEqual({ count: 1, sumFen: 6, oldestFirstSeq: 1 });
      expect(await totals(["done"], 0, 1)).toEqual({ count: 0, sumFen: 0, oldestFirstSeq: undefined });
      expect(await totals(["prepared"], 0)).toEqual({ count: 0, sumFen: 0, oldestFirstSeq: undefined });
      expect(await store.subjectTotals({ kind: "operation", states: ["done"], lastSeqAfter: 0 })).toEqual({ count: 0, sumFen: 0, oldestFirstSeq: undefined });
    });

    it("lists batches that have no receipt, oldest first", async () => {
      await store.commit({ batches: [batch(1, 1, 2), batch(2, 3, 4), batch(3, 5, 6)] });
      await store.commit({ batches: [batch(1, 1, 2, true)] });
      expect((await store.openBatches(10)).map((row) => row.batchSeq)).toEqual([2, 3]);
      expect((await store.openBatches(1)).map((row) => row.batchSeq)).toEqual([2]);
      expect(await store.batch(1)).toEqual(batch(1, 1, 2, true));
      expect(await store.lastBatch()).toEqual(batch(3, 5, 6));
    });

    it("replaces marks", async () => {
      await store.commit({
        marks: [
          { name: "m", value: "1" },
          { name: "n", value: "1" },
        ],
      });
      await store.commit({ marks: [{ name: "m", value: "2" }] });
      expect([await store.mark("m"), await store.mark("n")]).toEqual(["2", "1"]);
    });

    it("makes commits durable in the order of the calls without being waited for one by one", async () => {
      const order: number[] = [];
      await Promise.all(Array.from({ length: 50 }, (_, at) => store.commit(beginning(at + 1)).then(() => order.push(at + 1))));
      expect(order).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
      await reopen();
      expect((await store.lastEntry())?.seq).toBe(50);
    });

    it("answers a question with exactly the commits called before it", async () => {
      const first = store.commit(beginning(1));
      const between = store.lastEntry();
      const second = store.commit(beginning(2));
      expect((await between)?.seq).toBe(1);
      await Promise.all([first, second]);
    });

    it("does not mind what becomes of a write after the call", async () => {
      const sealed = Uint8Array.of(1, 2, 3);
      const committed = store.commit({
        entries: [{ ...contractEntry(1, "s1", "prepared"), sealed }],
        subjects: [contractSubject("s1", "prepared", { first: 1, last: 1 })],
      });
      sealed.fill(0);
      await committed;
      expect((await store.lastEntry())?.sealed).toEqual(Uint8Array.of(1, 2, 3));
    });

    it("says how full it is, and more after a large commit", async () => {
      const before = await store.usage();
      await store.commit({
        entries: [{ ...contractEntry(1, "s1", "prepared"), body: "x".repeat(50_000) }],
        subjects: [contractSubject("s1", "prepared", { first: 1, last: 1 })],
      });
      const after = await store.usage();
      expect(after.limitBytes).toBe(before.limitBytes);
      expect(after.usedBytes - before.usedBytes).toBeGreaterThanOrEqual(50_000);
    });

    it("is open once at a time", async () => {
      await expect(bench.open()).rejects.toMatchObject({ code: "store-in-use", effectUnknown: false });
    });

    it("finishes what was called before it is closed, and takes nothing afterwards", async () => {
      const committed = store.commit(beginning(1));
      await store.close();
      await committed;
      await expect(store.commit(beginning(2))).rejects.toMatchObject({ code: "closed" });
      store = await bench.open();
      expect((await store.lastEntry())?.seq).toBe(1);
    });
  });
}

/** A disk that the test may fill. */
export interface SmallDiskBench extends JournalStoreBench {
  /** Room for about this many bytes of entries; used by the caller to fill it. */
  readonly limitBytes: number;
}

export function fullJournalStoreContract(name: string, makeBench: () => Promise<SmallDiskBench>): void {
  describe(`JournalStore that is full: ${name}`, () => {
    let bench: SmallDiskBench;
    let store: JournalStore;
    beforeEach(async () => {
      bench = await makeBench();
      store = await bench.open();
    });
    afterEach(async () => {
      await store.close();
      await bench.dispose();
    });
    const large = (seq: number): StoreWrite => ({
      ...beginning(seq),
      entries: [{ ...contractEntry(seq, `s${seq}`, "prepared"), body: "x".repeat(bench.limitBytes) }],
    });

    const fill = async () => {
      let seq = 0;
      for (; seq < 3; seq += 1) {
        try {
          await store.commit(large(seq + 1));
        } catch (error) {
          return { stored: seq, error };
        }
      }
      return { stored: seq, error: undefined };
    };

    it("refuses with store-full and has written nothing", async () => {
      const { stored, error } = await fill();
      expect(error).toMatchObject({ code: "store-full", effectUnknown: false });
      await store.close();
      store = await bench.open();
      expect((await store.lastEntry())?.seq ?? 0).toBe(stored);
    });

    it("refuses what was chained behind a refused entry", async () => {
      const { stored } = await fill();
      const outcomes = await Promise.allSettled([store.commit(large(stored + 1)), store.commit(beginning(stored + 2)), store.commit(beginning(stored + 3))]);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ status: "rejected", reason: { code: "store-full" } });
      expect((await store.lastEntry())?.seq ?? 0).toBe(stored);
    });
  });
}
