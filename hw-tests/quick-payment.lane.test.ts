/* The quick payment's own suite, unchanged, over the real PC/SC service and binding. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { fen } from "../device/base/fen.ts";
import { SILENT } from "../device/base/log.ts";
import { openPsam } from "../device/card/psam/open.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../device/card/purse/commands.ts";
import { DEFAULT_CARD_PROFILE } from "../device/codec/card-profile.ts";
import { openCipherSuite } from "../device/crypto/suite.ts";
import { limits } from "../device/drivers/contract/bench.ts";
import { systemClock } from "../device/system/clock.ts";
import { systemRandomness } from "../device/system/randomness.ts";
import { openJournal } from "../device/txn/journal/journal.ts";
import { createLane, createSalesInFlight } from "../device/txn/lane.ts";
import { type BenchCard, type QuickPaymentBench, quickPaymentSuite } from "../device/txn/quick-payment/contract/suite.ts";
import { runQuickPayment } from "../device/txn/quick-payment/run.ts";
import { openSaleTimes } from "../device/txn/sale-time.ts";
import { SimulatedJournalDisk } from "../simulators/disk/journal-store.ts";
import { CARD_RULE, MODULE_RULE, PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";

const obstacle = pcscdLaneObstacle();
const SUITE = openCipherSuite();
/** From the return of the hardware to the end of the sale. */
const SERVING_AGAIN_MS = 2_000;

vi.setConfig({ testTimeout: 30_000, hookTimeout: 20_000 });

async function makeBench(stage: PcscdStage, logSeqMode: "pre" | "post"): Promise<QuickPaymentBench> {
  const clock = systemClock();
  const pcsc = stage.open();
  const reader = pcsc.reader(CARD_RULE);
  const psam = await openPsam(pcsc.reader(MODULE_RULE), { clock, profile: DEFAULT_CARD_PROFILE }, limits(10_000));
  await pcsc.ready(limits(10_000));
  const randomness = systemRandomness();
  const journal = await openJournal({
    store: new SimulatedJournalDisk().open(),
    clock,
    randomness,
    suite: SUITE,
    storageKey: SUITE.secretKey(randomness.bytes(16)),
    terminalId: "LANE",
    log: SILENT,
  });
  const names = new Map<BenchCard, string>();
  return {
    ports: {
      clock,
      journal,
      psam,
      reader,
      log: SILENT,
      lane: createLane(),
      sales: createSalesInFlight(),
      saleTimes: await openSaleTimes(journal),
      purse: { applications: DEFAULT_PURSE_APPLICATIONS, keyIndex: 1, proveSeqOrder: DEFAULT_CARD_PROFILE.proveSeqOrder },
    },
    limits: {
      timeoutMs: 8_000,
      returnTimeoutMs: 8_000,
      commandTimeoutMs: 2_000,
      journalTimeoutMs: 2_000,
      signal: new AbortController().signal,
      risk: { amountPerSaleFen: fen(100_000), unreceiptedCount: 1_000, unreceiptedSumFen: fen(10_000_000), unverifiedAmountFen: fen(100_000) },
    },
    newCard: async ({ balanceFen }) => {
      const name = await stage.makeCard({ balanceFen, profile: { logSeqMode } });
      const card: BenchCard = {
        balanceFen: async () => (await stage.simulator.truth(name)).balanceFen,
        debits: async () => (await stage.simulator.truth(name)).debits.length,
      };
      names.set(card, name);
      return card;
    },
    present: async (card) => void (await stage.insert(names.get(card) ?? "")),
    takeAway: () => stage.takeOut(),
    tearNextDebit: async (at) => void (await stage.simulator.request({ do: "plan", plan: { fate: "tear", at, commandPrefix: "8054" }, reader: "counter" })),
    whenTorn: () => stage.whenTorn(),
    settle: (work) => work,
    entries: () => journal.entries(1, 1_000),
    close: async () => {
      await psam.close();
      await pcsc.close();
      await stage.clear();
    },
  };
}

describe.skipIf(obstacle !== undefined)(`quick payment through the PC/SC service${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`, () => {
  let stage: PcscdStage;
  beforeAll(async () => {
    stage = await PcscdStage.start();
  });
  afterAll(() => stage.stop());
  quickPaymentSuite("the real PC/SC service", ({ logSeqMode }) => makeBench(stage, logSeqMode));

  describe("a sale in whose middle the hardware fails", () => {
    let bench: QuickPaymentBench;
    beforeEach(async () => {
      bench = await makeBench(stage, "post");
    });
    afterEach(() => bench.close());
    const clock = systemClock();
    const planDebit = (plan: { readonly fate: "slow"; readonly extraMs: number } | { readonly fate: "hang"; readonly at: "before" | "after" }) =>
      stage.simulator.request({ do: "plan", plan: { ...plan, commandPrefix: "8054" }, reader: "counter" });

    it("ends paid once when the PC/SC service was killed under the debit, soon after it came back", async () => {
      const card = await bench.newCard({ balanceFen: 10_000 });
      await planDebit({ fate: "slow", extraMs: 1_000 });
      await bench.present(card);
      const sale = runQuickPayment(bench.ports, { reference: "r1", amount: fen(450) }, bench.limits);
      await clock.sleep(600);
      await stage.service.kill();
      await stage.whenTorn();
      await stage.service.start();
      await bench.present(card);
      const backMs = clock.monotonicMs();
      expect(await sale).toMatchObject({ kind: "paid", verified: true });
      expect(clock.monotonicMs() - backMs).toBeLessThan(SERVING_AGAIN_MS);
      expect([await card.balanceFen(), await card.debits()]).toEqual([9_550, 1]);
    });

    it.each(["before", "after"] as const)("ends paid once when the card hung for ever %s its commit, soon after it came back", async (at) => {
      const card = await bench.newCard({ balanceFen: 10_000 });
      await planDebit({ fate: "hang", at });
      await bench.present(card);
      const sale = runQuickPayment(bench.ports, { reference: "r1", amount: fen(450) }, { ...bench.limits, commandTimeoutMs: 500 });
      await clock.sleep(1_500);
      await stage.takeOut();
      await bench.present(card);
      const backMs = clock.monotonicMs();
      expect(await sale).toMatchObject({ kind: "paid", verified: true, proof: "psam" });
      expect(clock.monotonicMs() - backMs).toBeLessThan(SERVING_AGAIN_MS);
      expect([await card.balanceFen(), await card.debits()]).toEqual([9_550, 1]);
    });
  });
});
