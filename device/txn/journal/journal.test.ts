import { describe, expect, it } from "vitest";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { fen } from "../../base/fen.ts";
import type { StoredBatch, StoreWrite } from "../../base/ports.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { TerminalJournal } from "./journal.ts";
import { openTestJournal, step } from "./testing.ts";
import type { JournalEntry, RecordKind } from "./types.ts";
import { verifyJournal } from "./verify.ts";

interface Rig {
  readonly disk: SimulatedJournalDisk;
  readonly clock: VirtualClock;
  readonly journal: TerminalJournal;
  again(parts?: { readonly terminalId?: string; readonly storageKeyByte?: number }): Promise<TerminalJournal>;
}

async function rig(options: { readonly limitBytes?: number; readonly reservedBytes?: number } = {}): Promise<Rig> {
  const clock = new VirtualClock(1_790_000_000_000);
  const disk = new SimulatedJournalDisk(options.limitBytes === undefined ? {} : { limitBytes: options.limitBytes });
  const randomness = new SeededRandomness("journal");
  const again: Rig["again"] = (parts = {}) =>
    openTestJournal({
      store: disk.open(),
      clock,
      randomness,
      ...(options.reservedBytes === undefined ? {} : { reservedBytes: options.reservedBytes }),
      ...parts,
    });
  return { disk, clock, journal: await again(), again };
}

async function sale(journal: TerminalJournal, card = "6212340000000000001"): Promise<JournalEntry> {
  const intent = await journal.append(step("prepared", { card, personal: { cardSerial: "00112233445566778899" } }));
  return journal.append(step("done", { subject: intent.subject }));
}

function batchOf(batchSeq: number, firstSeq: number, lastSeq: number): StoredBatch {
  return { batchSeq, firstSeq, lastSeq, hash: "cd".repeat(32), receipted: false, detail: "{}" };
}

const suite = openCipherSuite();

describe("opening", () => {
  it("is born with an identity and keeps it; each opening is a boot", async () => {
    const { disk, journal, again } = await rig();
    expect(journal.journalId).toMatch(/^[0-9a-f]{32}$/);
    expect([journal.boot, journal.lastSeq, journal.receiptedThrough]).toEqual([1, 0, 0]);
    await sale(journal);
    disk.crash();
    const next = await again();
    expect([next.journalId, next.boot, next.lastSeq]).toEqual([journal.journalId, 2, 2]);
  });

  it("refuses the journal of another terminal", async () => {
    const { disk, again } = await rig();
    disk.crash();
    await expect(again({ terminalId: "T-0002" })).rejects.toMatchObject({ code: "config-invalid" });
  });

  it("refuses another storage key", async () => {
    const { disk, again } = await rig();
    disk.crash();
    await expect(again({ storageKeyByte: 8 })).rejects.toMatchObject({ code: "key-missing" });
  });

  it("refuses a tail that does not follow from the entry before it", async () => {
    const { disk, journal, again } = await rig();
    await sale(journal);
    await journal.close();
    const store = disk.open();
    const last = await store.lastEntry();
    if (last === undefined) throw new Error("there is an entry");
    await store.commit({ entries: [{ ...last, seq: 3 }] });
    await store.close();
    await expect(again()).rejects.toMatchObject({ code: "store-corrupt", message: expect.stringContaining("journal entry 3") });
  });

  it("refuses a journal that ends before what was receipted", async () => {
    const { disk, journal, again } = await rig();
    await journal.close();
    const store = disk.open();
    await store.commit({ marks: [{ name: "journal/receipted", value: "5" }] });
    await store.close();
    await expect(again()).rejects.toMatchObject({ code: "store-corrupt" });
  });
});

describe("appending", () => {
  it("numbers entries in the order of the calls, across subjects, without waiting", async () => {
    const { journal } = await rig();
    const entries = await Promise.all(Array.from({ length: 20 }, () => journal.append(step("prepared"))));
    expect(entries.map((entry) => entry.seq)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(new Set(entries.map((entry) => entry.subject)).size).toBe(20);
  });

  it("keeps the order of the calls when an earlier one must be looked up", async () => {
    const { disk, journal, again } = await rig();
    const intent = await journal.append(step("prepared"));
    disk.crash();
    const next = await again();
    const [resolved, fresh] = await Promise.all([next.append(step("unknown", { subject: intent.subject })), next.append(step("prepared"))]);
    expect([resolved.seq, fresh.seq]).toEqual([2, 3]);
  });

  it("gives back the entry as every later reader sees it", async () => {
    const { journal } = await rig();
    const entry = await journal.append(step("prepared", { card: "6212", personal: { name: "某人" }, detail: { b: 2, a: [1, null, "x"] } }));
    expect((await journal.entries(1, 10))[0]).toEqual(entry);
    expect(await journal.entriesOf(entry.subject)).toEqual([entry]);
  });

  it("keeps personal fields and card numbers out of everything that is stored in the clear", async () => {
    const { disk, journal } = await rig();
    await journal.append(step("prepared", { card: "6212340000000000001", personal: { cardNumber: "6212340000000000001" } }));
    const rows = JSON.stringify([disk.flushed.entriesFrom(1, 10), disk.flushed.subjectsWhere({ states: ["prepared"], limit: 10 })]);
    expect(rows).not.toContain("6212340000000000001");
    const sealed = disk.flushed.lastEntry()?.sealed ?? new Uint8Array(0);
    expect(Buffer.from(sealed).toString("latin1")).not.toContain("6212340000000000001");
  });

  it("sets marks in the same commit as the entry", async () => {
    const { disk, journal } = await rig();
    disk.onCommit((write) => (write.entries === undefined ? { kind: "go" } : { kind: "broken", written: false }));
    await expect(journal.append(step("prepared", { marks: [{ name: "fsi-serial", value: "7" }] }))).rejects.toMatchObject({ code: "store-broken" });
    expect(disk.flushed.mark("fsi-serial")).toBeUndefined();
  });

  it.each([
    ["a step that may not follow", async (journal: TerminalJournal) => journal.append(step("done"))],
    ["a step after the end", async (journal: TerminalJournal) => journal.append(step("unknown", { subject: (await sale(journal)).subject }))],
    [
      "another kind in one subject",
      async (journal: TerminalJournal) => journal.append(step("done", { kind: "medical-purchase", subject: (await journal.append(step("prepared"))).subject })),
    ],
    ["a subject that is not there", async (journal: TerminalJournal) => journal.append(step("done", { subject: "nobody-1" }))],
    ["an own mark from outside", async (journal: TerminalJournal) => journal.append(step("prepared", { marks: [{ name: "journal/boot", value: "1" }] }))],
    ["an entry that resolves a later one", async (journal: TerminalJournal) => journal.append(step("prepared", { resolves: 1 }))],
  ])("asserts against %s and goes on unharmed", async (_, wrong) => {
    const { disk, journal } = await rig();
    await expect(wrong(journal)).rejects.toMatchObject({ name: "AssertionFailure" });
    await sale(journal);
    await journal.close();
    expect((await verifyJournal(disk.open(), { suite })).firstBreak).toBeUndefined();
  });

  it("tells listeners after entries have become durable", async () => {
    const { journal } = await rig();
    const seen: number[] = [];
    journal.onAppended(() => seen.push(journal.lastSeq));
    await sale(journal);
    expect(seen).toEqual([1, 2]);
  });
});

describe("finding open subjects", () => {
  it("lists them by card, kind and age", async () => {
    const { journal } = await rig();
    const first = await journal.append(step("prepared", { card: "A" }));
    await sale(journal, "A");
    const medical = await journal.append(step("prepared", { kind: "medical-purchase", card: "A" }));
    const other = await journal.append(step("prepared", { card: "B" }));
    const seqs = async (query: Parameters<TerminalJournal["openSubjects"]>[0]) => (await journal.openSubjects(query)).map((open) => open.firstSeq);
    expect(await seqs({ limit: 10 })).toEqual([first.seq, medical.seq, other.seq]);
    expect(await seqs({ card: "A", limit: 10 })).toEqual([first.seq, medical.seq]);
    expect(await seqs({ kind: "quick-payment", limit: 10 })).toEqual([first.seq, other.seq]);
    expect(await seqs({ limit: 1 })).toEqual([first.seq]);
    expect(await seqs({ afterFirstSeq: first.seq, limit: 10 })).toEqual([medical.seq, other.seq]);
  });

  it("finds a card's subject again when its later entries do not name the card", async () => {
    const { disk, journal, again } = await rig();
    const intent = await journal.append(step("prepared", { card: "A" }));
    await journal.append(step("unknown", { subject: intent.subject }));
    disk.crash();
    expect((await (await again()).openSubjects({ card: "A", limit: 10 }))[0]).toMatchObject({
      subject: intent.subject,
      state: "unknown",
      amount: fen(450),
      lastSeq: 2,
    });
  });

  it("filters kinds across pages", async () => {
    const { journal } = await rig();
    await Promise.all(Array.from({ length: 300 }, () => journal.append(step("prepared"))));
    const last = await journal.append(step("prepared", { kind: "medical-purchase" }));
    expect(await journal.openSubjects({ kind: "medical-purchase", limit: 5 })).toMatchObject([{ firstSeq: last.seq }]);
  });
});

describe("exposure", () => {
  it.each([
    ["prepared", ["prepared"], 1],
    ["acting", ["prepared", "acting"], 1],
    ["unknown", ["prepared", "unknown"], 1],
    ["resolving", ["prepared", "unknown", "resolving"], 1],
    ["done", ["prepared", "done"], 1],
    ["refused", ["prepared", "refused"], 0],
    ["void", ["prepared", "unknown", "void"], 0],
  ] as const)("%s counts as it should, now and after a restart", async (_, states, count) => {
    const { disk, journal, again } = await rig();
    let subject: string | undefined;
    for (const state of states) subject = (await journal.append(step(state, subject === undefined ? {} : { subject }))).subject;
    expect(journal.unreceipted("quick-payment")).toEqual({ count, sumFen: count * 450 });
    expect(journal.unreceipted("medical-purchase")).toEqual({ count: 0, sumFen: 0 });
    disk.crash();
    expect((await again()).unreceipted("quick-payment")).toEqual({ count, sumFen: count * 450 });
  });

  it("counts an intent from the moment of the call, before it is durable", async () => {
    const { journal } = await rig();
    const appended = journal.append(step("prepared"));
    expect(journal.unreceipted("quick-payment").count).toBe(1);
    await appended;
  });

  it("counts an intent that waits behind the entry of another life: two lanes are never told the same room", async () => {
    const { disk, journal, again } = await rig();
    const open = await journal.append(step("prepared"));
    disk.crash();
    const next = await again();
    const resolved = next.append(step("void", { subject: open.subject }));
    const intent = next.append(step("prepared"));
    // The old one until it is looked up, and the new one from now on.
    expect(next.unreceipted("quick-payment")).toEqual({ count: 2, sumFen: 900 });
    await Promise.all([resolved, intent]);
    expect(next.unreceipted("quick-payment")).toEqual({ count: 1, sumFen: 450 });
  });

  it("follows the amount of the last entry", async () => {
    const { journal } = await rig();
    const intent = await journal.append(step("prepared"));
    await journal.append(step("done", { subject: intent.subject, amount: fen(40) }));
    expect(journal.unreceipted("quick-payment")).toEqual({ count: 1, sumFen: 40 });
  });

  it("falls with receipts and stays exact while appends go on", async () => {
    const { disk, journal, again } = await rig();
    await sale(journal);
    const open = await journal.append(step("prepared"));
    await sale(journal);
    await journal.commitBatches([batchOf(1, 1, 3)]);
    const receipted = journal.commitReceipted([batchOf(1, 1, 3)]);
    const meanwhile = [journal.append(step("prepared")), journal.append(step("unknown", { subject: open.subject }))];
    await Promise.all([receipted, ...meanwhile]);
    // Left: the second sale, the intent made meanwhile, and the old intent, which got an entry that is not receipted.
    expect(journal.unreceipted("quick-payment")).toEqual({ count: 3, sumFen: 1350 });
    expect(journal.receiptedThrough).toBe(3);
    disk.crash();
    const next = await again();
    expect([next.unreceipted("quick-payment").count, next.receiptedThrough]).toEqual([3, 3]);
  });
});

describe("batches", () => {
  it("takes boundaries that continue each other, and only those", async () => {
    const { journal } = await rig();
    await sale(journal);
    await sale(journal);
    await journal.commitBatches([batchOf(1, 1, 2)]);
    await expect(journal.commitBatches([batchOf(2, 4, 4)])).rejects.toMatchObject({ name: "AssertionFailure" });
    await expect(journal.commitBatches([batchOf(3, 3, 4)])).rejects.toMatchObject({ name: "AssertionFailure" });
    await expect(journal.commitBatches([batchOf(2, 3, 5)])).rejects.toMatchObject({ name: "AssertionFailure" });
    await journal.commitBatches([batchOf(2, 3, 4)]);
    expect((await journal.openBatches(10)).map((batch) => batch.batchSeq)).toEqual([1, 2]);
    await journal.commitReceipted([batchOf(1, 1, 2)]);
    expect((await journal.openBatches(10)).map((batch) => batch.batchSeq)).toEqual([2]);
    await expect(journal.commitReceipted([batchOf(1, 1, 2)])).rejects.toMatchObject({ name: "AssertionFailure" });
  });
});

describe("a disk that fails", () => {
  const failing = (disk: SimulatedJournalDisk, seq: number, fate: "full" | "broken") =>
    disk.onCommit((write: StoreWrite) => {
      if (write.entries?.[0]?.seq !== seq) return { kind: "go" };
      return fate === "full" ? { kind: "full" } : { kind: "broken", written: false };
    });

  it("writes nothing more after a write whose effect is unknown", async () => {
    const { disk, journal, again } = await rig();
    await sale(journal);
    failing(disk, 3, "broken");
    const outcomes = await Promise.allSettled([journal.append(step("prepared")), journal.append(step("prepared"))]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: "rejected", reason: { code: "store-broken", effectUnknown: true } });
    await expect(journal.append(step("prepared"))).rejects.toMatchObject({ code: "store-broken" });
    await expect(journal.setMarks([{ name: "m", value: "1" }])).rejects.toMatchObject({ code: "store-broken" });
    disk.crash();
    expect((await again()).lastSeq).toBe(2);
  });

  it("goes on after a clean refusal, with no hole in the chain and exposure put right", async () => {
    const { disk, journal } = await rig();
    const intent = await journal.append(step("prepared"));
    failing(disk, 2, "full");
    const outcomes = await Promise.allSettled([
      journal.append(step("unknown", { subject: intent.subject })),
      journal.append(step("prepared")),
      journal.append(step("prepared")),
    ]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: "rejected", reason: { code: "store-full", effectUnknown: false } });
    expect(journal.unreceipted("quick-payment")).toEqual({ count: 1, sumFen: 450 });
    await expect(journal.append(step("prepared"))).rejects.toMatchObject({ code: "store-full" });
    expect(journal.lastSeq).toBe(1);
  });

  it("appends again when there is room again", async () => {
    const { disk, journal } = await rig();
    const intent = await journal.append(step("prepared"));
    disk.setFull(true);
    await expect(journal.append(step("done", { subject: intent.subject }))).rejects.toMatchObject({ code: "store-full" });
    disk.setFull(false);
    expect((await journal.append(step("done", { subject: intent.subject }))).seq).toBe(2);
    await journal.close();
    expect((await verifyJournal(disk.open(), { suite })).firstBreak).toBeUndefined();
  });

  it("refuses new sales at the margin and lets those under way end", async () => {
    const { journal } = await rig({ limitBytes: 400_000, reservedBytes: 200_000 });
    const open: string[] = [];
    let refused: unknown;
    for (let count = 0; count < 500 && refused === undefined; count += 1) {
      try {
        open.push((await journal.append(step("prepared", { detail: { note: "x".repeat(2000) } }))).subject);
      } catch (error) {
        refused = error;
      }
    }
    expect(refused).toMatchObject({ code: "store-full", effectUnknown: false });
    expect(open.length).toBeGreaterThan(30);
    for (const subject of open) await journal.append(step("done", { subject }));
    await journal.append(step("done", { kind: "operation" }));
  });
});

describe("kinds", () => {
  it.each<RecordKind>(["quick-payment", "medical-purchase", "operation"])("keeps %s apart", async (kind) => {
    const { journal } = await rig();
    await journal.append(step("prepared", { kind }));
    expect(journal.unreceipted(kind).count).toBe(1);
  });
});
