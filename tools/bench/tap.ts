/*
 * What our side adds to a tap. Host share: the real flow over the real PC/SC service and binding, with a simulated card that answers at
 * once; the time that the simulator spends on answers is taken away. In-field time: the same flow under virtual time with modelled
 * card, field, module and flush times, as a multiple of the card's and module's own times.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fen } from "../../device/base/fen.ts";
import { SILENT } from "../../device/base/log.ts";
import type { Clock } from "../../device/base/ports.ts";
import { openPsam } from "../../device/card/psam/open.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../../device/card/purse/commands.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { openPcsc } from "../../device/drivers/pcsc/open.ts";
import type { CardReader, Psam } from "../../device/drivers/ports.ts";
import { systemClock } from "../../device/system/clock.ts";
import { moduleBeside } from "../../device/system/modules.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import { openJournal } from "../../device/txn/journal/journal.ts";
import { createLane, createSalesInFlight } from "../../device/txn/lane.ts";
import type { QuickPaymentLimits, QuickPaymentPorts } from "../../device/txn/quick-payment/ports.ts";
import { runQuickPayment } from "../../device/txn/quick-payment/run.ts";
import { openSaleTimes } from "../../device/txn/sale-time.ts";
import { pcscdLaneObstacle } from "../../hw-tests/benches/pcscd.ts";
import { makeTestCard } from "../../simulators/card/make.ts";
import { SimulatedJournalDisk } from "../../simulators/disk/journal-store.ts";
import { makeTestPsam } from "../../simulators/psam/make.ts";
import { makeSamReader, SimulatedReader } from "../../simulators/reader/in-process.ts";
import { PrivatePcscd } from "../../simulators/reader/pcscd.ts";
import { contactlessTiming, contactTiming, type ExchangeTiming } from "../../simulators/reader/timing.ts";
import { VirtualClock } from "../../simulators/world/virtual-clock.ts";
import { type Bench, type BenchContext, type BenchRow, median, percentile, rounded } from "./bench.ts";
import { nowMs, type TapSimulatorAnswer, type TapSimulatorRequest } from "./tap-protocol.ts";

const TAPS = 300;
const WARM_UP_TAPS = 40;
const HOST_SHARE_BUDGET_MS = 2;
const FLOOR_BUDGET = 3;
/** One flush of a good SD card. */
const FLUSH_MS = 8;
const NEVER = new AbortController().signal;
const LIMITS: QuickPaymentLimits = {
  timeoutMs: 5_000,
  returnTimeoutMs: 1_000,
  commandTimeoutMs: 1_000,
  journalTimeoutMs: 1_000,
  signal: NEVER,
  risk: { amountPerSaleFen: fen(100_000), unreceiptedCount: 1_000_000, unreceiptedSumFen: fen(1_000_000_000), unverifiedAmountFen: fen(100_000) },
};

interface Place {
  readonly clock: Clock;
  readonly reader: CardReader;
  readonly psam: Psam;
  /** Without a clock a commit is durable at once. */
  readonly disk: SimulatedJournalDisk;
}

async function portsOf({ clock, reader, psam, disk }: Place): Promise<QuickPaymentPorts> {
  const suite = openCipherSuite();
  const storageKey = suite.secretKey(systemRandomness().bytes(16));
  const journal = await openJournal({ store: disk.open(), clock, randomness: systemRandomness(), suite, storageKey, terminalId: "BENCH", log: SILENT });
  return {
    clock,
    reader,
    psam,
    journal,
    log: SILENT,
    lane: createLane(),
    sales: createSalesInFlight(),
    saleTimes: await openSaleTimes(journal),
    purse: { applications: DEFAULT_PURSE_APPLICATIONS, keyIndex: 1, proveSeqOrder: DEFAULT_CARD_PROFILE.proveSeqOrder },
  };
}

async function sell(ports: QuickPaymentPorts, number: number): Promise<void> {
  const outcome = await runQuickPayment(ports, { reference: `tap-${number}`, amount: fen(1) }, LIMITS);
  if (outcome.kind !== "paid" || !outcome.verified) throw new Error(`a tap ended with ${JSON.stringify(outcome)}: the figure would mean nothing`);
}

interface HostTap {
  /** From the powered card to the durable, proved sale, without the simulator's own time. */
  readonly shareMs: number;
  /** From the card's arrival to its powered dialogue. */
  readonly arrivalMs: number;
}

/** One conversation with the simulated side at a time. */
function ask(simulator: ChildProcess, request: TapSimulatorRequest): Promise<TapSimulatorAnswer> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(new Error("the simulated side of the benchmark ended"));
    simulator.once("exit", lost);
    simulator.once("message", (message) => {
      simulator.off("exit", lost);
      // The other side is tap-simulator.ts.
      resolve(message as TapSimulatorAnswer);
    });
    simulator.send(request);
  });
}

/** Notes when the flow got its card. */
function watched(reader: CardReader, gotCard: () => void): CardReader {
  return {
    name: reader.name,
    interface: reader.interface,
    waitForCard: async (limits) => {
      const channel = await reader.waitForCard(limits);
      gotCard();
      return channel;
    },
    waitForRemoval: (limits) => reader.waitForRemoval(limits),
    close: () => reader.close(),
  };
}

async function hostTaps(folder: string, taps: number): Promise<readonly HostTap[]> {
  const card = { name: "BENCH Card", socketPath: join(folder, "card.sock"), slots: 1 };
  const module = { name: "BENCH Module", socketPath: join(folder, "module.sock"), slots: 1 };
  const simulator = fork(moduleBeside(import.meta.url, "./tap-simulator"), {
    serialization: "advanced",
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const service = new PrivatePcscd({ folder, readers: [card, module] });
  const clock = systemClock();
  await ask(simulator, { do: "open", cardSocket: card.socketPath, moduleSocket: module.socketPath });
  await service.start();
  const pcsc = openPcsc({ processes: systemProcesses(), clock, log: SILENT, env: service.environment });
  try {
    const psam = await openPsam(
      pcsc.reader({ interface: "sam", nameIncludes: ["module"] }),
      { clock, profile: DEFAULT_CARD_PROFILE },
      { timeoutMs: 10_000, signal: NEVER },
    );
    const cards = pcsc.reader({ interface: "contactless", nameIncludes: ["card"] });
    let poweredMs = 0;
    const ports = await portsOf({
      clock,
      psam,
      disk: new SimulatedJournalDisk(),
      reader: watched(cards, () => {
        poweredMs = nowMs();
      }),
    });
    const measured: HostTap[] = [];
    for (let number = 0; number < WARM_UP_TAPS + taps; number += 1) {
      const inserted = await ask(simulator, { do: "insert" });
      await sell(ports, number);
      const endedMs = nowMs();
      const { busyMs } = await ask(simulator, { do: "remove" });
      await cards.waitForRemoval({ timeoutMs: 2_000, signal: NEVER });
      if (number >= WARM_UP_TAPS) measured.push({ shareMs: endedMs - poweredMs - busyMs, arrivalMs: poweredMs - inserted.atMs });
    }
    return measured;
  } finally {
    await pcsc.close();
    await service.kill();
    simulator.kill("SIGKILL");
  }
}

async function hostShareRow({ scale, say }: BenchContext): Promise<BenchRow> {
  const row = { name: "tap-host-share", unit: "ms", baseline: HOST_SHARE_BUDGET_MS, budget: `p99 <= ${HOST_SHARE_BUDGET_MS} ms` };
  const obstacle = pcscdLaneObstacle();
  if (obstacle !== undefined) return { ...row, value: null, ratio: null, met: null, note: obstacle };
  // Socket paths must be short, so that the folder of the runner does not serve.
  const folder = mkdtempSync(join(tmpdir(), "ykt-tap-"));
  mkdirSync(folder, { recursive: true });
  try {
    const taps = await hostTaps(folder, TAPS * scale);
    const shares = taps.map((tap) => tap.shareMs);
    const arrivals = taps.map((tap) => tap.arrivalMs);
    say(`tap: ${taps.length} taps through the PC/SC service`);
    const value = percentile(shares, 0.99);
    return {
      ...row,
      value: rounded(value),
      ratio: rounded(value / HOST_SHARE_BUDGET_MS),
      met: value <= HOST_SHARE_BUDGET_MS,
      note: `${taps.length} taps of the whole flow, journal in memory; p50 ${rounded(median(shares))} ms; arrival to powered dialogue p50 ${rounded(median(arrivals))} ms, p99 ${rounded(percentile(arrivals, 0.99))} ms is not in it; the simulator's own time is taken away`,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Adds up what card and module themselves need for the commands that they were given. */
function counted(timing: ExchangeTiming, add: (ms: number) => void): ExchangeTiming {
  return (command, response) => {
    const ms = timing(command, response);
    // The reader asks twice, first without the response; only the second time counts.
    if (response.length > 0) add(ms);
    return ms;
  };
}

async function floorRow(hostShareMs: number | null): Promise<BenchRow> {
  const suite = openCipherSuite();
  const clock = new VirtualClock(Date.UTC(2026, 10, 21, 4));
  let floorMs = 0;
  const add = (ms: number) => {
    floorMs += ms;
  };
  const cards = new SimulatedReader({ name: "card", interface: "contactless", clock, timing: counted(contactlessTiming, add) });
  const modules = makeSamReader(makeTestPsam(suite), { name: "module", clock, timing: counted(contactTiming, add) });
  const disk = new SimulatedJournalDisk({ clock, flushMs: FLUSH_MS });
  const card = makeTestCard(suite, { balanceFen: 100_000, algorithm: "sm4" });
  const ports = await clock.resolve(
    (async () => {
      const psam = await openPsam(modules, { clock, profile: DEFAULT_CARD_PROFILE }, { timeoutMs: 10_000, signal: NEVER });
      return portsOf({ clock, psam, disk, reader: cards });
    })(),
  );
  const tap = async (number: number): Promise<number> => {
    floorMs = 0;
    cards.insert(card);
    const startedMs = clock.monotonicMs();
    await clock.resolve(sell(ports, number));
    cards.remove();
    return clock.monotonicMs() - startedMs;
  };
  // The first tap also learns which keys the module has.
  await tap(1);
  const virtualMs = await tap(2);
  const valueMs = virtualMs + (hostShareMs ?? 0);
  return {
    name: "tap-in-field-vs-floor",
    value: rounded(valueMs),
    unit: "ms",
    baseline: rounded(floorMs),
    ratio: rounded(valueMs / floorMs),
    budget: `ratio <= ${FLOOR_BUDGET}`,
    met: hostShareMs === null ? null : valueMs / floorMs <= FLOOR_BUDGET,
    note: `modelled card, field and module; flush ${FLUSH_MS} ms; ${hostShareMs === null ? "without the host share, which could not be measured here" : "with the p99 host share added"}`,
  };
}

async function run(context: BenchContext): Promise<readonly BenchRow[]> {
  const share = await hostShareRow(context);
  return [share, await floorRow(share.value)];
}

export const bench: Bench = { name: "tap", run };
