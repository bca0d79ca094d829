/* A journal that retention has shortened holds fewer entries than its last one's number: what is not uploaded must be seen all the same. */
import { expect, it } from "vitest";
import { SimulatedJournalDisk } from "../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { openCipherSuite } from "../crypto/suite.ts";
import { openTestJournal, step } from "../txn/journal/testing.ts";
import type { JsonObject } from "../txn/journal/types.ts";
import { restOf } from "./journal-rest.ts";

const suite = openCipherSuite();
const DAY_MS = 86_400_000;

it("records that are not uploaded are told by their numbers, not by how many entries are held", async () => {
  const disk = new SimulatedJournalDisk();
  const clock = new VirtualClock(1_790_000_000_000);
  const journal = await openTestJournal({ store: disk.open(), clock, randomness: new SeededRandomness("rest"), suite });
  journal.keepTimeBy({ reading: (notBeforeMs) => ({ wallMs: Math.max(notBeforeMs, clock.wallMs()), clock: { quality: "trusted", errorMs: 0 } }) });
  const sales = async (count: number) => {
    for (let at = 0; at < count; at += 1) {
      const { subject } = await journal.append(step("prepared"));
      await journal.append(step("done", { subject }));
    }
  };
  await sales(100);
  const batch = { batchSeq: 1, firstSeq: 1, lastSeq: 200, hash: "ab".repeat(32), receipted: false, detail: "{}" };
  await journal.commitBatches([batch]);
  await journal.commitReceipted([batch]);
  const at = { earliestMs: clock.wallMs() + 50 * DAY_MS, signal: new AbortController().signal };
  await journal.retention.pass({ keepMs: 40 * DAY_MS, erasePersonalMs: 40 * DAY_MS }, at);
  await sales(3);
  expect(journal.firstSeq).toBeGreaterThan(100);
  await journal.close();
  expect(await restOf(disk.open(), { suite, hasBank: true })).toMatchObject({ lastSeq: 206, receiptedThrough: 200, openSubjects: 0 });
});

it("what is owed to the bank is counted also where nobody has begun to send it, and only where there is a bank", async () => {
  const disk = new SimulatedJournalDisk();
  const clock = new VirtualClock(1_790_000_000_000);
  const journal = await openTestJournal({ store: disk.open(), clock, randomness: new SeededRandomness("owed"), suite });
  const ended = async (state: "done" | "void", detail: JsonObject) => {
    const { subject } = await journal.append(step("prepared", { detail }));
    await journal.append(step(state, { subject, detail }));
    return subject;
  };
  const owing = { purse: "electronic-cash", clearing: "acquirer" };
  const gathered = await ended("done", owing);
  await journal.setMarks([{ name: `bank/offline-upload/${gathered}`, value: "begun" }]);
  await ended("done", owing);
  await ended("void", owing);
  await ended("done", { purse: "e-purse" });
  const batch = { batchSeq: 1, firstSeq: 1, lastSeq: journal.lastSeq, hash: "ab".repeat(32), receipted: false, detail: "{}" };
  await journal.commitBatches([batch]);
  await journal.commitReceipted([batch]);
  await journal.close();
  const told = { lastSeq: 8, receiptedThrough: 8, openSubjects: 0 };
  expect(await restOf(disk.open(), { suite, hasBank: true })).toMatchObject({ ...told, owedUploads: 1 });
  disk.release();
  expect(await restOf(disk.open(), { suite, hasBank: false })).toMatchObject({ ...told, owedUploads: 0 });
});
