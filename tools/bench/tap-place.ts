/* One selling place for the tap benchmarks: whatever the reader and the clock are, the flow and its ports are the same. */
import { fen } from "../../device/base/fen.ts";
import { SILENT } from "../../device/base/log.ts";
import type { Clock } from "../../device/base/ports.ts";
import { CertificateCache } from "../../device/card/electronic-cash/authentication.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../../device/card/purse/commands.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import type { CardReader, SocialPsam } from "../../device/drivers/ports.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import { openJournal } from "../../device/txn/journal/journal.ts";
import { createLane, createSalesInFlight } from "../../device/txn/lane.ts";
import type { QuickPaymentLimits, QuickPaymentPorts } from "../../device/txn/quick-payment/ports.ts";
import { runQuickPayment } from "../../device/txn/quick-payment/run.ts";
import { openSaleTimes } from "../../device/txn/sale-time.ts";
import type { SimulatedJournalDisk } from "../../simulators/disk/journal-store.ts";
import { testPursePorts } from "../../simulators/terminal/purses.ts";
import { benchSigner, type TapSeries } from "./tap-flows.ts";

const NEVER = new AbortController().signal;
const LIMITS: QuickPaymentLimits = {
  timeoutMs: 5_000,
  returnTimeoutMs: 1_000,
  commandTimeoutMs: 1_000,
  journalTimeoutMs: 1_000,
  signal: NEVER,
  risk: { amountPerSaleFen: fen(100_000), unreceiptedCount: 1_000_000, unreceiptedSumFen: fen(1_000_000_000), unverifiedAmountFen: fen(100_000) },
};

export interface BenchPlace {
  readonly clock: Clock;
  readonly reader: CardReader;
  readonly psam: SocialPsam;
  /** Without a clock a commit is durable at once. */
  readonly disk: SimulatedJournalDisk;
  /** How long a module takes over the MAC of an industry record. */
  readonly macMs: number;
}

/** Sells in series, each tap under a new number. */
export interface BenchSeller {
  readonly ports: QuickPaymentPorts;
  sell(ports: QuickPaymentPorts, series: TapSeries): Promise<void>;
}

export async function openPlace({ clock, reader, psam, disk, macMs }: BenchPlace): Promise<BenchSeller> {
  const suite = openCipherSuite();
  const randomness = systemRandomness();
  const storageKey = suite.secretKey(randomness.bytes(16));
  const journal = await openJournal({ store: disk.open(), clock, randomness, suite, storageKey, terminalId: "BENCH", log: SILENT });
  const purses = testPursePorts({ suite, clock, randomness, profile: DEFAULT_CARD_PROFILE, psam });
  const { electronicCash } = purses;
  if (electronicCash === undefined) throw new Error("a test place takes electronic cash");
  const cash = { ...electronicCash, industrySigner: benchSigner(suite, { clock, macMs }) };
  const ports: QuickPaymentPorts = {
    clock,
    reader,
    psam,
    journal,
    log: SILENT,
    lane: createLane(),
    sales: createSalesInFlight(),
    saleTimes: await openSaleTimes(journal),
    ...purses,
    purse: { applications: DEFAULT_PURSE_APPLICATIONS, keyIndex: 1, proveSeqOrder: DEFAULT_CARD_PROFILE.proveSeqOrder },
  };
  let number = 0;
  return {
    ports,
    sell: async (watched, { purse, amount }) => {
      number += 1;
      // Each tap of electronic cash is that of a card and an issuer never seen before: nothing verified is remembered.
      const fresh = { ...watched, electronicCash: { ...cash, certificates: new CertificateCache() } };
      const outcome = await runQuickPayment(fresh, { reference: `tap-${number}`, amount, purse }, LIMITS);
      if (outcome.kind === "paid" && outcome.verified) return;
      throw new Error(`a tap ended with ${JSON.stringify(outcome)}: the figure would mean nothing`);
    },
  };
}
