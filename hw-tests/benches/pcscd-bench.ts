/*
 * Whole selling places on the virtual PC/SC stage: nothing is simulated on the terminal's side. The service, the binding in its
 * supervised process, the SQLite journal in a folder of its own and the clock are the real ones; card and module live in the simulators'
 * process behind our reader handler.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../device/base/bytes.ts";
import { Fault, isFault } from "../../device/base/fault.ts";
import { fen } from "../../device/base/fen.ts";
import { SILENT } from "../../device/base/log.ts";
import type { ChildProcess, MessageLink, Processes } from "../../device/base/ports.ts";
import { openPsam } from "../../device/card/psam/open.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../../device/card/purse/commands.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { limits } from "../../device/drivers/contract/bench.ts";
import { openPcsc, type Pcsc } from "../../device/drivers/pcsc/open.ts";
import type { CardChannel, CardInterface, CardReader, Psam } from "../../device/drivers/ports.ts";
import { openInlineSealer } from "../../device/sync/batch/seal-inline.ts";
import { KEYS as SYNC_KEYS } from "../../device/sync/testing.ts";
import { systemClock } from "../../device/system/clock.ts";
import { systemProcesses } from "../../device/system/processes.ts";
import { systemRandomness } from "../../device/system/randomness.ts";
import { openTerminal, type Terminal } from "../../device/terminal.ts";
import type { TerminalRules, TerminalSettings } from "../../device/terminal-settings.ts";
import { openJournal } from "../../device/txn/journal/journal.ts";
import { openSqliteStore } from "../../device/txn/journal/sqlite/store.ts";
import { type VerifyReport, verifyJournal } from "../../device/txn/journal/verify.ts";
import { createLane, createSalesInFlight } from "../../device/txn/lane.ts";
import { DEFAULT_REGION } from "../../device/txn/medical-host/profile.ts";
import type { BenchCard, QuickPaymentBench } from "../../device/txn/quick-payment/contract/suite.ts";
import type { RiskLimits } from "../../device/txn/risk/limits.ts";
import { openSaleTimes } from "../../device/txn/sale-time.ts";
import { CARD_RULE, MODULE_RULE, type PcscdStage } from "./pcscd.ts";

const SUITE = openCipherSuite();
const JOURNAL_BYTES = 16 * 1024 * 1024;
const TERMINAL_ID = "T900001";
const PURSE = { applications: DEFAULT_PURSE_APPLICATIONS, keyIndex: 1, proveSeqOrder: DEFAULT_CARD_PROFILE.proveSeqOrder } as const;
const RISK: RiskLimits = { amountPerSaleFen: fen(100_000), unreceiptedCount: 1_000, unreceiptedSumFen: fen(10_000_000), unverifiedAmountFen: fen(100_000) };

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "ykt-journal-"));
}

/** A key as a terminal draws it at its birth; the bytes live as long as the folder. */
function storageKey() {
  return SUITE.secretKey(systemRandomness().bytes(16));
}

/** A counter whose reader processes stay; each bench on it has a journal of its own and begins with an empty reader. */
export interface PcscdCounter {
  bench(options: { readonly logSeqMode: "pre" | "post" }): Promise<QuickPaymentBench>;
  close(): Promise<void>;
}

export async function openPcscdCounter(stage: PcscdStage): Promise<PcscdCounter> {
  const pcsc = stage.open();
  const reader = pcsc.reader(CARD_RULE);
  const psam = await openPsam(pcsc.reader(MODULE_RULE), { clock: systemClock(), profile: DEFAULT_CARD_PROFILE }, limits(10_000));
  await pcsc.ready(limits(10_000));
  return {
    bench: ({ logSeqMode }) => openBench(stage, { reader, psam, logSeqMode }),
    close: async () => {
      await psam.close();
      await pcsc.close();
    },
  };
}

interface BenchParts {
  readonly reader: CardReader;
  readonly psam: Psam;
  readonly logSeqMode: "pre" | "post";
}

async function openBench(stage: PcscdStage, { reader, psam, logSeqMode }: BenchParts): Promise<QuickPaymentBench> {
  const clock = systemClock();
  const folder = temporaryFolder();
  const store = await openSqliteStore({ folder: join(folder, "journal"), limitBytes: JOURNAL_BYTES });
  const journal = await openJournal({
    store,
    clock,
    randomness: systemRandomness(),
    suite: SUITE,
    storageKey: storageKey(),
    terminalId: TERMINAL_ID,
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
      purse: PURSE,
    },
    limits: { timeoutMs: 8_000, returnTimeoutMs: 8_000, commandTimeoutMs: 2_000, journalTimeoutMs: 2_000, signal: new AbortController().signal, risk: RISK },
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
      await stage.clear();
      await stage.takeOut();
      const { firstBreak } = await verifyJournal(store, { suite: SUITE });
      await journal.close();
      rmSync(folder, { recursive: true });
      if (firstBreak !== undefined) throw new Error(`the journal is broken at ${firstBreak.seq}: ${firstBreak.why}`);
    },
  };
}

/** How a command of the terminal ended without an answer. */
export interface LostCommand {
  readonly command: string;
  readonly code: string;
  readonly effectUnknown: boolean;
  readonly afterMs: number;
}

/** Sees the commands that a terminal sends; it changes nothing. */
export class CommandWatch {
  readonly #lost: LostCommand[] = [];
  readonly #sent = { contact: 0, contactless: 0, sam: 0 };
  readonly #waiting = new Map<() => void, string>();
  readonly #counting = new Map<(command: string) => void, number>();

  /** Resolves when the next command that starts with these hexadecimal digits is being sent. */
  whenSent(prefix: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(resolve, prefix);
    });
  }

  /** Resolves with the start of the command, in hexadecimal, when this many more have been sent to cards and modules, the last of them just now. */
  whenSentMore(count: number): Promise<string> {
    return new Promise((resolve) => {
      this.#counting.set(resolve, count);
    });
  }

  /** Commands so far, to cards or to the module. */
  sentTo(place: CardInterface): number {
    return this.#sent[place];
  }

  /** Commands lost since the last call. */
  takeLost(): readonly LostCommand[] {
    return this.#lost.splice(0);
  }

  over(reader: CardReader): CardReader {
    return {
      name: reader.name,
      interface: reader.interface,
      waitForCard: async (bounds) => this.#channel(reader.interface, await reader.waitForCard(bounds)),
      waitForRemoval: (bounds) => reader.waitForRemoval(bounds),
      close: () => reader.close(),
    };
  }

  #tellWhoWaits(hex: string): void {
    for (const [tell, prefix] of this.#waiting) {
      if (!hex.startsWith(prefix)) continue;
      this.#waiting.delete(tell);
      tell();
    }
    for (const [tell, count] of this.#counting) {
      this.#counting.set(tell, count - 1);
      if (count > 1) continue;
      this.#counting.delete(tell);
      tell(hex.slice(0, 4));
    }
  }

  #channel(place: CardInterface, channel: CardChannel): CardChannel {
    const clock = systemClock();
    return {
      atr: channel.atr,
      insertion: channel.insertion,
      close: () => channel.close(),
      transmit: async (command, bounds) => {
        const sentMs = clock.monotonicMs();
        const hex = toHex(command);
        this.#sent[place] += 1;
        this.#tellWhoWaits(hex);
        try {
          return await channel.transmit(command, bounds);
        } catch (error) {
          if (isFault(error))
            this.#lost.push({ command: hex.slice(0, 4), code: error.code, effectUnknown: error.effectUnknown, afterMs: clock.monotonicMs() - sentMs });
          throw error;
        }
      },
    };
  }
}

/** One life of a reader process. */
export interface StartedProcess {
  readonly pid: number;
  alive: boolean;
}

function observedProcesses(started: StartedProcess[]): Processes {
  const processes = systemProcesses();
  const fork: Processes["fork"] = (module, options) => {
    const child: ChildProcess = processes.fork(module, options);
    const entry: StartedProcess = { pid: child.pid, alive: true };
    started.push(entry);
    child.onExit(() => {
      entry.alive = false;
    });
    return child;
  };
  return { fork, run: (program, args, bounds) => processes.run(program, args, bounds) };
}

/** The host is out of reach: everything here happens offline. */
const NO_LINK: MessageLink = {
  state: "down",
  publish: () => Promise.reject(new Fault("link-down", "no host here", { effectUnknown: false })),
  subscribe: () => undefined,
  onState: () => undefined,
  close: () => Promise.resolve(),
};

export interface PcscdTerminalOptions {
  readonly returnTimeoutMs: number;
  readonly commandTimeoutMs: number;
  /** A mistake planted into the flows; left out: the real rules. */
  readonly rules?: TerminalRules;
}

function settings({ returnTimeoutMs, commandTimeoutMs }: PcscdTerminalOptions): TerminalSettings {
  const sender = {
    institution: "P99010000001",
    institutionName: "test pharmacy",
    treatmentArea: "530102",
    receiverSystem: "TEST",
    interfaceVersion: "V1.0",
    operatorType: "1" as const,
    operator: "op-1",
    operatorName: "test operator",
    deviceNumber: TERMINAL_ID,
  };
  return {
    terminalId: TERMINAL_ID,
    purse: PURSE,
    cardProfile: DEFAULT_CARD_PROFILE,
    risk: RISK,
    medical: {
      profile: { sender, signsIn: true, region: DEFAULT_REGION },
      serialLane: "1",
      pinTimeoutMs: 20_000,
      queryTimeoutMs: 6_000,
      settleTimeoutMs: 10_000,
      resolver: { lateMarginMs: 60_000, pauseMinMs: 2_000, pauseMaxMs: 60_000 },
    },
    returnTimeoutMs,
    commandTimeoutMs,
    journalTimeoutMs: 5_000,
  };
}

/** A whole terminal, assembled once; it is never restarted. */
export interface PcscdTerminal {
  readonly terminal: Terminal;
  readonly watch: CommandWatch;
  /** Its reader processes, in the order of their starts. */
  readonly processes: readonly StartedProcess[];
  /** Walks the journal on the disk. */
  verify(): Promise<VerifyReport>;
  close(): Promise<void>;
}

export async function openPcscdTerminal(stage: PcscdStage, options: PcscdTerminalOptions): Promise<PcscdTerminal> {
  const clock = systemClock();
  const processes: StartedProcess[] = [];
  const watch = new CommandWatch();
  const pcsc: Pcsc = openPcsc({ processes: observedProcesses(processes), clock, log: SILENT, env: stage.service.environment });
  const folder = temporaryFolder();
  const store = await openSqliteStore({ folder: join(folder, "journal"), limitBytes: JOURNAL_BYTES });
  const terminal = await openTerminal({
    settings: settings(options),
    clock,
    randomness: systemRandomness(),
    suite: SUITE,
    storageKey: storageKey(),
    syncKeys: SYNC_KEYS,
    store,
    link: NO_LINK,
    sealer: openInlineSealer(SUITE, SYNC_KEYS),
    userReader: watch.over(pcsc.reader(CARD_RULE)),
    samReader: watch.over(pcsc.reader(MODULE_RULE)),
    pinVerifier: pcsc.pinVerifier({ digits: 6 }),
    log: SILENT,
    ...(options.rules === undefined ? {} : { rules: options.rules }),
  });
  return {
    terminal,
    watch,
    processes,
    verify: () => verifyJournal(store, { suite: SUITE }),
    close: async () => {
      await terminal.stop();
      await pcsc.close();
      rmSync(folder, { recursive: true });
    },
  };
}
