/*
 * Goal: whatever a network, a copied unit or a restored host does to batches, no subject is booked twice and nothing that was receipted is lost.
 * Method: a made journal is cut into batches; chance replays, reorders, drops, truncates and forks what is delivered, and restores backups.
 * Afterwards an obedient terminal sends what the host asks for, and the ledger must equal the journal.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type Bench, type MadeBatch, type Members, openBench } from "./testing.ts";

const suite = openCipherSuite();
const RUNS = { numRuns: 60 };

/** How one made sale ends. */
const ends = fc.constantFrom("done", "refused", "void", "unknown", "prepared");

interface Journal {
  readonly batches: readonly MadeBatch[];
  readonly bookedSubjects: readonly string[];
  readonly openSubjects: readonly string[];
}

function makeJournal(bench: Bench, sales: readonly string[], perBatch: number): Journal {
  const records = sales.flatMap((end) => {
    const sale = bench.sale({ state: end === "prepared" ? "acting" : end });
    return sale;
  });
  const batches: MadeBatch[] = [];
  for (let at = 0; at < records.length; at += perBatch) batches.push(bench.terminal.batch(records.slice(at, at + perBatch)));
  const subjects = (wanted: (end: string) => boolean) => sales.flatMap((end, at) => (wanted(end) ? [bench.terminal.subject(2 * at + 1)] : []));
  return { batches, bookedSubjects: subjects((end) => end === "done"), openSubjects: subjects((end) => end === "unknown" || end === "prepared") };
}

function booked(bench: Bench): string[] {
  return bench.ledger
    .bookings()
    .map(({ subject }) => subject)
    .sort();
}

/** An obedient terminal: begins where the host's receipt says and sends on. */
async function drain(bench: Bench, batches: readonly MadeBatch[]): Promise<number> {
  let upTo = bench.ledger.head("T001", bench.terminal.journalId).upTo;
  for (const batch of batches.slice(upTo)) {
    const receipts = await bench.send(batch);
    upTo = Number(receipts[0]?.["upTo"]);
  }
  return upTo;
}

const journals = { sales: fc.array(ends, { minLength: 1, maxLength: 12 }), perBatch: fc.integer({ min: 1, max: 7 }) };

function head(bench: Bench): number {
  return bench.ledger.head("T001", bench.terminal.journalId).upTo;
}

function picked(journal: Journal, pick: number): MadeBatch {
  const batch = journal.batches[pick % journal.batches.length];
  if (batch === undefined) throw new Error("a journal has at least one batch");
  return batch;
}

/** Delivers one batch and compares the answer with what the host had before. */
async function deliver(bench: Bench, journal: Journal, batch: MadeBatch): Promise<void> {
  const before = head(bench);
  const after = batch.batchSeq === before + 1 ? before + 1 : before;
  const expected = { upTo: after, hash: after === 0 ? "0".repeat(64) : journal.batches[after - 1]?.hash };
  const receipts = await bench.send(batch);
  expect(receipts).toMatchObject([batch.batchSeq > before + 1 ? { ...expected, need: before + 1 } : expected]);
  const received = journal.batches.slice(0, after).reduce((total, { records }) => total + records.length, 0);
  expect(bench.ledger.recordCount()).toBe(received);
}

function expectWhole(bench: Bench, journal: Journal): void {
  const unknown = bench.ledger.unknownSubjects().map(({ subject }) => subject);
  expect(booked(bench)).toEqual([...journal.bookedSubjects].sort());
  expect(unknown.sort()).toEqual([...journal.openSubjects].sort());
  expect(bench.ledger.rejects()).toEqual([]);
  expect(bench.ledger.quarantines()).toEqual([]);
}

test("replays, losses and any order: the ledger is a prefix at every moment, and whole after a drain", async () => {
  await fc.assert(
    fc.asyncProperty(journals.sales, journals.perBatch, fc.array(fc.nat(), { maxLength: 40 }), async (sales, perBatch, order) => {
      const bench = openBench(suite);
      const journal = makeJournal(bench, sales, perBatch);
      for (const pick of order) await deliver(bench, journal, picked(journal, pick));
      expect(await drain(bench, journal.batches)).toBe(journal.batches.length);
      expectWhole(bench, journal);
      bench.ledger.close();
    }),
    RUNS,
  );
});

test("truncated and damaged payloads change nothing and are never blamed on the terminal", async () => {
  const damage = fc.array(fc.record({ batch: fc.nat(), cut: fc.double({ min: 0, max: 1, noNaN: true }), flip: fc.boolean() }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(journals.sales, journals.perBatch, damage, async (sales, perBatch, damages) => {
      const bench = openBench(suite);
      const journal = makeJournal(bench, sales, perBatch);
      for (const { batch: pick, cut, flip } of damages) {
        const { payload } = picked(journal, pick);
        const at = Math.floor(cut * (payload.length - 1));
        const damaged = flip ? payload.map((byte, index) => (index === at ? byte ^ 0x15 : byte)) : payload.subarray(0, at);
        const before = head(bench);
        bench.link.inject(bench.terminal.topic("txn"), damaged);
        // A flip in the initialisation vector's or boot's digits can leave a batch that is still true: it may only be the wanted one.
        expect(head(bench) - before).toBeLessThanOrEqual(flip ? 1 : 0);
      }
      expect(await drain(bench, journal.batches)).toBe(journal.batches.length);
      expectWhole(bench, journal);
      bench.ledger.close();
    }),
    RUNS,
  );
});

test("a fork of the journal is never receipted, and what was booked before it stays booked once", async () => {
  await fc.assert(
    fc.asyncProperty(journals.sales, journals.perBatch, fc.nat(), fc.nat(), async (sales, perBatch, forkPick, seenPick) => {
      const bench = openBench(suite);
      const journal = makeJournal(bench, sales, perBatch);
      const forkAt = forkPick % journal.batches.length;
      const seen = forkAt + 1 + (seenPick % (journal.batches.length - forkAt));
      for (const batch of journal.batches.slice(0, seen)) await bench.send(batch);
      const before = booked(bench);
      // The copied unit went on from its own memory of batch `forkAt`.
      bench.terminal.batchSeq = forkAt;
      bench.terminal.prevHash = journal.batches[forkAt - 1]?.hash ?? "0".repeat(64);
      bench.terminal.seq = Number(journal.batches[forkAt]?.records[0]?.["seq"]) - 1;
      const fork: Members[] = [bench.terminal.record({ amountFen: 1 })];
      expect(await bench.send(bench.terminal.batch(fork))).toEqual([]);
      expect(bench.ledger.quarantined("T001")).toBe(true);
      expect(booked(bench)).toEqual(before);
      bench.ledger.close();
    }),
    RUNS,
  );
});

/** Sends what the host wants next and gives what it wants after that. */
async function sendWanted(bench: Bench, journal: Journal, wanted: number): Promise<number> {
  const [receipt] = await bench.send(picked(journal, wanted - 1));
  return Number(receipt?.["need"] ?? Number(receipt?.["upTo"]) + 1);
}

test("backups taken and restored at any point: sending again makes the ledger whole, and nothing is there twice", async () => {
  const steps = fc.array(fc.constantFrom("send", "send", "send", "backup", "restore"), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(journals.sales, journals.perBatch, steps, async (sales, perBatch, acts) => {
      const bench = openBench(suite);
      const journal = makeJournal(bench, sales, perBatch);
      let wanted = 1;
      for (const act of acts) {
        if (act === "backup") bench.ledger.takeBackup();
        else if (act === "restore") bench.host.restoreBackup();
        else wanted = await sendWanted(bench, journal, wanted);
      }
      expect(await drain(bench, journal.batches)).toBe(journal.batches.length);
      expectWhole(bench, journal);
      bench.ledger.close();
    }),
    RUNS,
  );
});

test("any bytes on any topic: an answer or silence, never a throw", async () => {
  const bench = openBench(suite);
  const topics = fc.constantFrom("txn", "req", "hb");
  const payloads = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
  );
  await fc.assert(
    fc.asyncProperty(topics, payloads, async (what, payload) => {
      bench.link.inject(`pos/v1/T001/up/${what}`, payload);
      await bench.run();
    }),
    { numRuns: 300 },
  );
  expect(bench.ledger.recordCount()).toBe(0);
});
