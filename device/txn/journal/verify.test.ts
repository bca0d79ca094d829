import { describe, expect, it } from "vitest";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import type { JournalStore, StoredEntry } from "../../base/ports.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { openTestJournal, step } from "./testing.ts";
import { verifyJournal } from "./verify.ts";

const suite = openCipherSuite();

/** A whole journal: a sale, an open intent, a receipted and an open batch. */
async function wholeJournal(): Promise<JournalStore> {
  const disk = new SimulatedJournalDisk();
  const journal = await openTestJournal({ store: disk.open(), clock: new VirtualClock(1_790_000_000_000), randomness: new SeededRandomness("verify") });
  const intent = await journal.append(step("prepared", { card: "A", personal: { cardSerial: "01" } }));
  await journal.append(step("done", { subject: intent.subject }));
  await journal.append(step("prepared", { personal: { cardSerial: "02" } }));
  await journal.commitBatches([{ batchSeq: 1, firstSeq: 1, lastSeq: 2, hash: "00".repeat(32), receipted: false, detail: "{}" }]);
  await journal.commitReceipted([{ batchSeq: 1, firstSeq: 1, lastSeq: 2, hash: "00".repeat(32), receipted: false, detail: "{}" }]);
  await journal.commitBatches([{ batchSeq: 2, firstSeq: 3, lastSeq: 3, hash: "00".repeat(32), receipted: false, detail: "{}" }]);
  await journal.close();
  return disk.open();
}

/** The same store with its rows altered on the way out. */
function altered(
  store: JournalStore,
  alter: { readonly entry?: (entry: StoredEntry) => StoredEntry; readonly drop?: number } & Partial<JournalStore>,
): JournalStore {
  const { entry: change = (entry: StoredEntry) => entry, drop, ...overrides } = alter;
  return {
    commit: (write) => store.commit(write),
    entriesOf: (subject, limit) => store.entriesOf(subject, limit),
    lastEntry: () => store.lastEntry(),
    subject: (subject) => store.subject(subject),
    subjects: (query) => store.subjects(query),
    subjectTotals: (query) => store.subjectTotals(query),
    openBatches: (limit) => store.openBatches(limit),
    batch: (seq) => store.batch(seq),
    firstBatch: () => store.firstBatch(),
    lastBatch: () => store.lastBatch(),
    mark: (name) => store.mark(name),
    usage: () => store.usage(),
    close: () => store.close(),
    entries: async (fromSeq, limit) => (await store.entries(fromSeq, limit)).filter((entry) => entry.seq !== drop).map(change),
    ...overrides,
  };
}

const at = (seq: number, change: (entry: StoredEntry) => StoredEntry) => ({ entry: (entry: StoredEntry) => (entry.seq === seq ? change(entry) : entry) });

describe("verifyJournal", () => {
  it("finds a whole journal whole", async () => {
    expect(await verifyJournal(await wholeJournal(), { suite, pageEntries: 2 })).toMatchObject({
      terminalId: "T-0001",
      entries: 3,
      openSubjects: 1,
      batches: 2,
      openBatches: 1,
      receiptedThrough: 2,
      erased: 0,
    });
  });

  it("reports no break for it", async () => {
    expect((await verifyJournal(await wholeJournal(), { suite })).firstBreak).toBeUndefined();
  });

  it("accepts an erased personal part and counts it", async () => {
    const store = altered(
      await wholeJournal(),
      at(1, ({ sealed: _, ...entry }) => entry),
    );
    const report = await verifyJournal(store, { suite });
    expect([report.firstBreak, report.erased]).toEqual([undefined, 1]);
  });

  it.each([
    ["an altered amount", at(2, (entry) => ({ ...entry, body: entry.body.replace('"amountFen":450', '"amountFen":451') })), 2, "its hash"],
    ["an altered personal part", at(1, (entry) => ({ ...entry, sealed: Uint8Array.of(1, 2, 3) })), 1, "personal part was changed"],
    ["a personal part where none was", at(2, (entry) => ({ ...entry, sealed: Uint8Array.of(1) })), 2, "personal part was changed"],
    ["an altered hash", at(3, (entry) => ({ ...entry, hash: "00".repeat(32) })), 3, "its hash"],
    ["a missing entry", { drop: 2 }, 3, "entry 2 is missing"],
    ["an altered state column", at(2, (entry) => ({ ...entry, state: "refused" })), 2, "columns differ"],
    ["an altered subject column", at(2, (entry) => ({ ...entry, subject: "x-2" })), 2, "columns differ"],
    ["a body that is no JSON", at(1, (entry) => ({ ...entry, body: "{" })), 1, "not readable"],
    ["a subject row that differs", { subjects: async () => [] }, 3, "subjects are open"],
    ["a missing batch", { batch: async () => undefined }, 3, "batch 1"],
  ])("finds %s", async (_, alter, seq, why) => {
    const { firstBreak } = await verifyJournal(altered(await wholeJournal(), alter), { suite });
    expect(firstBreak).toEqual({ seq, why: expect.stringContaining(why) });
  });

  it("finds a receipt mark that differs from the batches", async () => {
    const store = await wholeJournal();
    await store.commit({ marks: [{ name: "journal/receipted", value: "3" }] });
    expect((await verifyJournal(store, { suite })).firstBreak?.why).toContain("receipt mark");
  });

  it("finds a chain that was written with another journal's identity", async () => {
    const store = await wholeJournal();
    await store.commit({ marks: [{ name: "journal/id", value: "00".repeat(16) }] });
    expect((await verifyJournal(store, { suite })).firstBreak).toMatchObject({ seq: 1 });
  });
});
