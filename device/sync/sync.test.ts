/* The whole of sync over the simulated broker under virtual time, against a receiver written from docs/protocol.md. */
import { describe, expect, it } from "vitest";
import { randomFaults } from "../../simulators/broker/faults.ts";
import { SimulatedBroker } from "../../simulators/broker/in-process.ts";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { utf8 } from "../base/bytes.ts";
import { isFault } from "../base/fault.ts";
import { openInlineSealer } from "./batch/seal-inline.ts";
import { openSync, type Sync, type SyncOptions } from "./sync.ts";
import { appendSales, KEYS, listeningLog, MemoryJournal, ModelHost, saleDraft, serveHost, suite, TID } from "./testing.ts";

const HOST_TIME_MS = 1_790_000_000_000;

function makeWorld(seed: string, options: Partial<SyncOptions> = {}) {
  const clock = new VirtualClock(1_000);
  const broker = new SimulatedBroker(clock, new SeededRandomness(`${seed}/broker`));
  const model = new ModelHost();
  const host = serveHost(broker.link("host"), () => HOST_TIME_MS + clock.monotonicMs(), model);
  const { log, events, reasons } = listeningLog();
  const open = (journal: MemoryJournal): Sync =>
    openSync({
      journal,
      link: broker.link(TID),
      clock,
      randomness: new SeededRandomness(`${seed}/sync`),
      suite,
      keys: KEYS,
      sealer: openInlineSealer(suite, KEYS),
      log,
      options,
    });
  return { clock, broker, model, host, open, events, reasons };
}

const within = (timeoutMs: number) => ({ timeoutMs, signal: new AbortController().signal });

/** Every durable entry is at the host, once, in order. */
function expectAllAt(model: ModelHost, journal: MemoryJournal): void {
  expect(model.records.map((record) => record["seq"])).toEqual(journal.all.map(({ seq }) => seq));
  expect(model.problems).toEqual([]);
  expect(model.quarantined).toBe(false);
  expect(journal.receiptedThrough).toBe(journal.lastSeq);
}

describe("sync: the way up", () => {
  it("brings everything to the host and makes the receipts durable", async () => {
    const { clock, model, open } = makeWorld("plain");
    const journal = new MemoryJournal();
    await appendSales(journal, 1_000);
    const sync = open(journal);
    await clock.resolve(sync.start());
    await clock.resolve(sync.idle(within(60_000)));
    expectAllAt(model, journal);
    expect(model.batches.length).toBe(3);
    expect(sync.status()).toMatchObject({ outbox: "draining", hostPresent: true, lastSeq: 1_000, receiptedThrough: 1_000, inFlight: 0 });
    sync.stop();
  });

  it("entries that arrive together go up together, later ones by themselves", async () => {
    const { clock, model, open } = makeWorld("linger");
    const journal = new MemoryJournal();
    const sync = open(journal);
    await clock.resolve(sync.start());
    await clock.resolve(clock.sleep(15_000));
    await appendSales(journal, 3);
    await clock.resolve(sync.idle(within(5_000)));
    await appendSales(journal, 2);
    await clock.resolve(clock.sleep(3_000));
    expect(model.batches.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq])).toEqual([
      [1, 3],
      [4, 5],
    ]);
    expectAllAt(model, journal);
    sync.stop();
  });

  it.each([
    ["receipts lost", { loseDelivery: { "dn/rcpt": 0.4 } }],
    ["acknowledged and lost", { loseAcknowledged: 0.3 }],
    ["lost unacknowledged", { lose: 0.2 }],
    ["duplicated", { duplicate: 0.5 }],
    ["overtaken", { delay: 0.6, delayMsMax: 3_000 }],
    ["everything at once", { loseDelivery: { "dn/rcpt": 0.3 }, loseAcknowledged: 0.15, lose: 0.1, duplicate: 0.3, delay: 0.3, delayMsMax: 2_000 }],
  ])("%s: nothing is lost, nothing is doubled", async (name, rates) => {
    const { clock, broker, model, open } = makeWorld(name, { batch: { recordsMax: 10, plainBytesMax: 1_000_000 } });
    broker.setFaults(randomFaults(new SeededRandomness(`${name}/faults`), rates));
    const journal = new MemoryJournal();
    await appendSales(journal, 300);
    const sync = open(journal);
    await clock.resolve(sync.start());
    await clock.resolve(sync.idle(within(1_200_000)));
    expectAllAt(model, journal);
    expect(model.batches.length).toBe(30);
    sync.stop();
  });

  it("a power cut after the boundaries and before the receipt: the same batches come again", async () => {
    const { clock, broker, host, model, open } = makeWorld("cut", { batch: { recordsMax: 10, plainBytesMax: 1_000_000 } });
    broker.setFaults(randomFaults(new SeededRandomness("cut/faults"), { loseDelivery: { "dn/rcpt": 1 } }));
    const journal = new MemoryJournal();
    await appendSales(journal, 45);
    const first = open(journal);
    await clock.resolve(first.start());
    await clock.resolve(clock.sleep(8_000));
    first.stop();
    expect(journal.receiptedThrough).toBe(0);
    expect(model.batches.length).toBeGreaterThan(0);
    const later = journal.rebooted();
    await appendSales(later, 5);
    host.present = true;
    broker.setFaults(randomFaults(new SeededRandomness("cut/calm"), {}));
    const second = open(later);
    await clock.resolve(second.start());
    await clock.resolve(second.idle(within(60_000)));
    expectAllAt(model, later);
    expect(model.intakes).toContain("repeated");
    second.stop();
  });

  it("drains only while the host is heard; a broker alone gets one probe a minute", async () => {
    const { clock, host, model, open } = makeWorld("silent", { batch: { recordsMax: 5, plainBytesMax: 1_000_000 } });
    host.present = false;
    let batchesSeen = 0;
    const journal = new MemoryJournal();
    await appendSales(journal, 50);
    const sync = open(journal);
    const watch = model.take.bind(model);
    model.take = (payload) => {
      batchesSeen += 1;
      return watch(payload);
    };
    await clock.resolve(sync.start());
    await clock.resolve(clock.sleep(290_000));
    expect(sync.status()).toMatchObject({ linkUp: true, hostPresent: false, outbox: "unheard" });
    expect(journal.batches.length).toBe(1);
    expect(batchesSeen).toBe(0);
    host.present = true;
    await clock.resolve(sync.idle(within(60_000)));
    expectAllAt(model, journal);
    sync.stop();
  });

  it("a probe alone can bring the first batch up, and its receipt opens the drain", async () => {
    const { clock, broker, model, open } = makeWorld("probe", { batch: { recordsMax: 5, plainBytesMax: 1_000_000 } });
    broker.setFaults(randomFaults(new SeededRandomness("probe/faults"), { loseDelivery: { "dn/hb": 1 } }));
    const journal = new MemoryJournal();
    await appendSales(journal, 20);
    const sync = open(journal);
    await clock.resolve(sync.start());
    await clock.resolve(clock.sleep(58_000));
    expect(model.batches.length).toBe(0);
    await clock.resolve(sync.idle(within(30_000)));
    expectAllAt(model, journal);
    sync.stop();
  });

  it("stops draining when the host asks for it, and goes on when it says so", async () => {
    const { clock, host, model, open } = makeWorld("held");
    host.drain = false;
    const journal = new MemoryJournal();
    await appendSales(journal, 5);
    const sync = open(journal);
    await clock.resolve(sync.start());
    await clock.resolve(clock.sleep(120_000));
    expect(sync.status().outbox).toBe("held");
    expect(model.batches.length).toBe(0);
    host.drain = true;
    await clock.resolve(sync.idle(within(30_000)));
    expectAllAt(model, journal);
    sync.stop();
  });

  it("a host restored from a backup gets again what was receipted", async () => {
    const { clock, model, open } = makeWorld("backup", { batch: { recordsMax: 5, plainBytesMax: 1_000_000 } });
    const journal = new MemoryJournal();
    await appendSales(journal, 50);
    const sync = open(journal);
    await clock.resolve(sync.start());
    await clock.resolve(sync.idle(within(30_000)));
    model.forgetLast(6);
    await appendSales(journal, 1);
    await clock.resolve(sync.idle(within(30_000)));
    await clock.resolve(clock.sleep(10_000));
    expectAllAt(model, journal);
    sync.stop();
  });

  it("obeys the pause that the host asks for between batches", async () => {
    const { clock, host, model, open } = makeWorld("slow", { batch: { recordsMax: 1, plainBytesMax: 1_000_000 } });
    host.slowMs = 2_000;
    const journal = new MemoryJournal();
    await appendSales(journal, 40);
    const sync = open(journal);
    await clock.resolve(sync.start());
    await clock.resolve(clock.sleep(30_000));
    expect(model.batches.length).toBeLessThan(20);
    expect(model.batches.length).toBeGreaterThan(10);
    sync.stop();
  });

  it("sends no more than 20 messages in any second", async () => {
    const { clock, broker, open } = makeWorld("pace", { batch: { recordsMax: 1, plainBytesMax: 1_000_000 } });
    const times: number[] = [];
    broker.setFaults({
      onPublish: ({ from }) => {
        if (from === TID) times.push(clock.monotonicMs());
        return "deliver";
      },
      onDelivery: () => [0],
    });
    const journal = new MemoryJournal();
    await appendSales(journal, 200);
    const sync = open(journal);
    await clock.resolve(sync.start());
    await clock.resolve(sync.idle(within(60_000)));
    const most = Math.max(...times.map((fromMs) => times.filter((timeMs) => timeMs >= fromMs && timeMs < fromMs + 1_000).length));
    expect(most).toBeLessThanOrEqual(20);
    expect(times.length).toBeGreaterThan(200);
    sync.stop();
  });

  it("notes what the host parked, once, before the receipt is durable", async () => {
    const { clock, model, open } = makeWorld("parked");
    const plain = model.receipt.bind(model);
    model.receipt = (intake, timeMs, extra) => plain(intake, timeMs, { ...extra, rejects: [{ seq: 2, reason: "tac-wrong" }] });
    const journal = new MemoryJournal();
    await appendSales(journal, 3);
    const sync = open(journal);
    await clock.resolve(sync.start());
    await clock.resolve(sync.idle(within(30_000)));
    await clock.resolve(clock.sleep(5_000));
    expect(journal.all.filter(({ kind }) => kind === "operation").map(({ detail }) => detail)).toEqual([
      { operation: "records-parked", rejects: [{ seq: 2, reason: "tac-wrong" }] },
    ]);
    expectAllAt(model, journal);
    sync.stop();
  });

  it("a broken journal halts the outbox and says so", async () => {
    const { clock, open, events } = makeWorld("broken");
    const journal = new MemoryJournal();
    await appendSales(journal, 3);
    const sync = open(journal);
    await clock.resolve(sync.start());
    journal.broken = true;
    await clock.resolve(clock.sleep(10_000));
    expect(sync.status()).toMatchObject({ outbox: "halted", haltReason: "journal-failed" });
    expect(events).toContain("outbox-halted");
    sync.stop();
  });

  it("a record changed behind our back is never sent as the same batch", async () => {
    const { clock, broker, model, open } = makeWorld("changed");
    broker.setFaults(randomFaults(new SeededRandomness("changed/faults"), { loseAcknowledged: 1 }));
    const journal = new MemoryJournal();
    await appendSales(journal, 3);
    const first = open(journal);
    await clock.resolve(first.start());
    await clock.resolve(clock.sleep(90_000));
    first.stop();
    expect(journal.batches.length).toBe(1);
    const later = journal.rebooted();
    const [entry] = later.all;
    if (entry !== undefined) later.all[0] = { ...entry, amount: saleDraft(7).amount };
    broker.setFaults(randomFaults(new SeededRandomness("changed/calm"), {}));
    const second = open(later);
    await clock.resolve(second.start());
    await clock.resolve(clock.sleep(90_000));
    expect(second.status()).toMatchObject({ outbox: "halted", haltReason: "batch-differs" });
    expect(model.batches).toEqual([]);
    second.stop();
  });

  it("idle gives up at its deadline", async () => {
    const { clock, host, open } = makeWorld("deadline");
    host.present = false;
    const journal = new MemoryJournal();
    await appendSales(journal, 1);
    const sync = open(journal);
    await clock.resolve(sync.start());
    const outcome = await clock.resolve(
      sync.idle(within(1_000)).then(
        () => "idle",
        (error: unknown) => (isFault(error) ? error.code : "other"),
      ),
    );
    expect(outcome).toBe("timeout");
    sync.stop();
  });
});

describe("sync: forged and foreign words of a host", () => {
  const forged: readonly [string, (model: ModelHost) => Uint8Array][] = [
    ["wrong-member: sig", (model) => utf8(new TextDecoder().decode(model.receipt("committed", HOST_TIME_MS)).replace(/"sig":"../, '"sig":"zz'))],
    ["signature-wrong", (model) => utf8(new TextDecoder().decode(model.receipt("committed", HOST_TIME_MS)).replace('"upTo":0', '"upTo":1'))],
    ["other-terminal", (model) => model.receipt("committed", HOST_TIME_MS, { tid: "T2" }) ?? utf8("")],
    ["other-journal", (model) => model.receipt("committed", HOST_TIME_MS, { journalId: "ff".repeat(16) }) ?? utf8("")],
    ["beyond-our-batches", (model) => model.receipt("committed", HOST_TIME_MS, { upTo: 9 }) ?? utf8("")],
    ["hash-differs", (model) => model.receipt("committed", HOST_TIME_MS, { upTo: 1, hash: "ab".repeat(32) }) ?? utf8("")],
    ["not-json", () => utf8("{")],
    ["wrong-version", (model) => model.receipt("committed", HOST_TIME_MS, { v: 2 }) ?? utf8("")],
  ];
  it.each(forged)("a receipt that is %s settles nothing", async (reason, forge) => {
    const { clock, broker, host, model, open, reasons } = makeWorld(reason);
    host.drain = false;
    const journal = new MemoryJournal();
    await appendSales(journal, 3);
    await journal.commitBatches([{ batchSeq: 1, firstSeq: 1, lastSeq: 3, hash: "cd".repeat(32), receipted: false, detail: "{}" }]);
    const sync = open(journal);
    await clock.resolve(sync.start());
    const liar = broker.link("liar");
    await clock.resolve(clock.sleep(15_000));
    await clock.resolve(liar.publish(`pos/v1/${TID}/dn/rcpt`, forge(model), { ...within(1_000), qos: 1 }));
    await clock.resolve(clock.sleep(1_000));
    expect(reasons).toEqual([reason]);
    expect(journal.receiptedThrough).toBe(0);
    sync.stop();
  });
});
