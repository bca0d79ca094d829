/* A terminal that no longer has what its host has lost, beside the simulated host: it says so, is not deaf meanwhile, and goes on when people have given it up. */
import { expect, it } from "vitest";
import { SimulatedBroker } from "../../simulators/broker/in-process.ts";
import { Ledger } from "../../simulators/host/ledger.ts";
import { openSettlementHost } from "../../simulators/host/settlement.ts";
import { testDebitOracle } from "../../simulators/host/tac-oracle.ts";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { DEFAULT_CARD_PROFILE } from "../codec/card-profile.ts";
import { openInlineSealer } from "./batch/seal-inline.ts";
import { openSync } from "./sync.ts";
import { appendSales, dataKey, hostKey, KEYS, KID, listeningLog, MemoryJournal, suite, TID, terminalKey } from "./testing.ts";

const SALES = 30;
const PER_BATCH = 10;

function makeWorld() {
  const clock = new VirtualClock(1_790_000_000_000);
  const broker = new SimulatedBroker(clock, new SeededRandomness("given-up/broker"));
  const ledger = Ledger.open(":memory:");
  const host = openSettlementHost({
    ...{ clock, ledger, suite, link: broker.link("host"), randomness: new SeededRandomness("given-up/host") },
    keys: { signing: hostKey, dataKeys: new Map([[KID, dataKey]]) },
    terminals: [{ tid: TID, publicKey: terminalKey.publicKey, kids: [KID] }],
    debitOracle: testDebitOracle(suite, DEFAULT_CARD_PROFILE),
  });
  const { log, events } = listeningLog();
  const journal = new MemoryJournal();
  const sync = openSync({
    ...{ journal, clock, suite, log, keys: KEYS, link: broker.link(TID), randomness: new SeededRandomness("given-up/sync") },
    sealer: openInlineSealer(suite, KEYS),
    options: { batch: { recordsMax: PER_BATCH, plainBytesMax: 1_000_000 } },
  });
  const run = (ms: number) => clock.resolve(clock.sleep(ms));
  /** Numbers of the records that the host has, booked or parked. */
  const atHost = () => ledger.recordCount() + ledger.rejects().length;
  return { clock, host, ledger, journal, sync, events, run, atHost };
}

/** The journal without its first batches, as its cleaning leaves it. */
function takeAway(journal: MemoryJournal, batches: number): void {
  const { batches: all } = journal;
  const first = all[batches];
  if (first === undefined) throw new Error("one batch stays");
  journal.firstSeq = first.firstSeq;
  journal.firstBatch = () => Promise.resolve(first);
  journal.batch = (batchSeq) => Promise.resolve(batchSeq <= batches ? undefined : all.find((each) => each.batchSeq === batchSeq));
}

it("what was given up stays lacking, and everything else is at the host once", async () => {
  const { clock, host, ledger, journal, sync, events, run, atHost } = makeWorld();
  const limits = { timeoutMs: 120_000, signal: new AbortController().signal };
  await appendSales(journal, SALES);
  ledger.takeBackup();
  await clock.resolve(sync.start());
  await clock.resolve(sync.idle(limits));
  const before = journal.lastSeq;
  expect([atHost(), journal.receiptedThrough]).toEqual([before, before]);

  host.restoreBackup();
  takeAway(journal, 2);
  await run(120_000);
  expect(events).toContain("host-wants-what-is-gone");
  expect(atHost()).toBe(0);
  expect(host.givenUp.waiting()).toMatchObject([{ tid: TID, batch: 3, seq: journal.firstSeq }]);
  expect(journal.firstSeq).toBeGreaterThan(PER_BATCH);
  // It goes on selling and sending meanwhile; nothing of that is receipted, and nothing lost.
  await appendSales(journal, 5);
  await run(60_000);
  expect(journal.receiptedThrough).toBe(before);

  expect(host.giveUp(TID, 3)).toMatchObject({ ok: true, given: { records: { from: 1, through: journal.firstSeq - 1 } } });
  await clock.resolve(sync.idle(limits));
  expect(journal.lastSeq).toBeGreaterThanOrEqual(before + 5);
  expect(journal.receiptedThrough).toBe(journal.lastSeq);
  // Once each, from the first that was held.
  expect(atHost()).toBe(journal.lastSeq - journal.firstSeq + 1);
  expect(ledger.head(TID, journal.journalId)).toMatchObject({ lastSeq: journal.lastSeq });
  expect(ledger.givenUp()).toMatchObject([{ tid: TID, firstSeq: 1, lastSeq: journal.firstSeq - 1 }]);
  expect(ledger.quarantines()).toEqual([]);
  expect(host.givenUp.waiting()).toEqual([]);
  sync.stop();
});
