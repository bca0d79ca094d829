/* A whole selling place in one process: simulated card, module, reader and disk under virtual time, with power that can be cut. */

import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { makeTestCard, type TestCardOptions } from "../../../simulators/card/make.ts";
import type { CardDebit, TearPoint } from "../../../simulators/card/state.ts";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { SimulatedPinVerifier } from "../../../simulators/pinpad/pin-verifier.ts";
import { makeTestPsam } from "../../../simulators/psam/make.ts";
import { makeSamReader, SimulatedReader, type TransmitVerdict } from "../../../simulators/reader/in-process.ts";
import { testPursePorts } from "../../../simulators/terminal/purses.ts";
import { Power, poweredClock } from "../../../simulators/world/power.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { fen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import { openPsam } from "../../card/psam/open.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../../card/purse/commands.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import type { CardChannel, CardReader, RecordPsam, SocialPsam, TransitPsam } from "../../drivers/ports.ts";
import { openJournal, type TerminalJournal } from "../journal/journal.ts";
import type { JournalEntry } from "../journal/types.ts";
import { createLane, createSalesInFlight, type SalesInFlight } from "../lane.ts";
import type { PurseChoice, PurseKind } from "../sale-request.ts";
import { openSaleTimes, type SaleTimes } from "../sale-time.ts";
import type { QuickPaymentLimits, QuickPaymentPorts } from "./ports.ts";

/** 2026-01-05 12:00:00 in China. */
export const NOON_MS = Date.UTC(2026, 0, 5, 4);

const SUITE = opensslSuite();
const STORAGE_KEY = SUITE.secretKey(new Uint8Array(16).fill(7));

export const TEST_LIMITS: QuickPaymentLimits = {
  timeoutMs: 10_000,
  returnTimeoutMs: 30_000,
  commandTimeoutMs: 1000,
  journalTimeoutMs: 5000,
  signal: new AbortController().signal,
  risk: { amountPerSaleFen: fen(100_000), unreceiptedCount: 1000, unreceiptedSumFen: fen(10_000_000), unverifiedAmountFen: fen(100_000) },
};

/** What a fault plan is told about each command: whether card or module gets it, and which it is. */
export interface CommandInfo {
  readonly to: "card" | "module";
  /** Instruction byte: 0x54 is the debit, 0x72 the check of MAC2. */
  readonly instruction: number;
  readonly command: Uint8Array;
  /** Counts the commands to card and module together. */
  readonly index: number;
}

export type CommandFate = TransmitVerdict | { readonly kind: "power-cut"; readonly when: "before" | "after" };

/** Every purse with a request for it; the trip record differs from what new cards hold. */
export const EVERY_PURSE: readonly PurseChoice[] = [
  { kind: "e-purse" },
  { kind: "compound", record: { file: 0x1e, by: "identifier", record: 0x00, data: new Uint8Array(48).fill(0x31) } },
  { kind: "medical-purse", selfPay: fen(120), pooled: fen(2300) },
  { kind: "electronic-cash" },
];

/** Whether a command is the one of its purse that cannot be taken back; of electronic cash it reads the last record (file 5 of test cards). */
export function commits(purse: PurseKind, command: Uint8Array): boolean {
  const [, instruction, , p2] = command;
  if (purse === "electronic-cash") return instruction === 0xb2 && p2 === ((5 << 3) | 4);
  return instruction === (purse === "medical-purse" ? 0x2c : 0x54);
}

/** What is on a purse of a card, by the card's own memory. */
export function balanceOf(card: SimulatedCard, purse: PurseKind): number {
  const { memory } = card.toSnapshot();
  if (purse === "medical-purse") return memory.medicalPurse?.accountFen ?? 0;
  return purse === "electronic-cash" ? (memory.electronicCash?.balanceFen ?? 0) : card.balanceFen;
}

/** What names a debit for ever, on the card and in the record: electronic cash knows no terminal, the others no random number. */
export function debitName(debit: Readonly<Record<string, unknown>> | CardDebit): string {
  const { unpredictableNumber, date, time, terminalNumber } = debit as Readonly<Record<string, unknown>>;
  return unpredictableNumber === undefined ? `${String(terminalNumber)}/${String(date)}/${String(time)}` : `${String(unpredictableNumber)}/${String(date)}`;
}

export interface SimulatedPlaceOptions {
  readonly profile?: Partial<CardProfile>;
  readonly flushMs?: number;
  /** Sequence that the terminal reserves, instead of the one that the module will draw. */
  readonly misreserve?: boolean;
}

const GO: CommandFate = { kind: "ok" };

/** One power-on of the terminal. */
interface Life {
  readonly power: Power;
  readonly ports: QuickPaymentPorts;
  readonly journal: TerminalJournal;
  readonly psam: SocialPsam & TransitPsam & RecordPsam;
}

export class SimulatedPlace {
  readonly clock = new VirtualClock(NOON_MS);
  readonly disk: SimulatedJournalDisk;
  readonly reader: SimulatedReader;
  readonly module = makeTestPsam(SUITE);
  /** Digits that holders enter; undefined: they cancel. */
  pin: string | undefined = "123456";
  readonly #samReader: SimulatedReader;
  readonly #options: SimulatedPlaceOptions;
  #life: Life | undefined;
  #power = new Power();
  #commands = 0;
  #fate: (info: CommandInfo) => CommandFate = () => GO;
  #serial = 0;

  constructor(options: SimulatedPlaceOptions = {}) {
    this.#options = options;
    this.disk = new SimulatedJournalDisk({ clock: this.clock, flushMs: options.flushMs ?? 3 });
    this.disk.onCut(() => this.#power.cut());
    this.reader = new SimulatedReader({
      name: "gate",
      interface: "contactless",
      clock: this.clock,
      beforeTransmit: ({ command }) => this.#befall("card", command),
    });
    this.#samReader = makeSamReader(this.module, { name: "module", clock: this.clock, beforeTransmit: ({ command }) => this.#befall("module", command) });
  }

  /** Commands to card and module so far. */
  get commands(): number {
    return this.#commands;
  }

  get on(): boolean {
    return this.#power.on;
  }

  get ports(): QuickPaymentPorts {
    return this.#current.ports;
  }

  /** The place's module as one that can block cards; ports ask for nothing of the kind by themselves. */
  get transitPsam(): TransitPsam {
    return this.#current.psam;
  }

  /** The place's module as one that signs industry records. */
  get recordPsam(): SocialPsam & RecordPsam {
    return this.#current.psam;
  }

  get journal(): TerminalJournal {
    return this.#current.journal;
  }

  get #current(): Life {
    if (this.#life === undefined) throw new Error("the place is switched on first");
    return this.#life;
  }

  card(options: Partial<TestCardOptions> = {}): SimulatedCard {
    this.#serial += 1;
    return makeTestCard(SUITE, {
      serial: this.#serial,
      balanceFen: 10_000,
      algorithm: "3des",
      interface: "contactless",
      purse: { transit: "t-union" },
      medicalPurse: { accountFen: 10_000 },
      electronicCash: { balanceFen: 10_000, algorithms: "sm" },
      ...options,
      profile: { ...this.#options.profile, ...options.profile },
    });
  }

  /** Decides what becomes of each command from now on. */
  plan(fate: (info: CommandInfo) => CommandFate): void {
    this.#fate = fate;
  }

  /** The next debit is torn at this point, once. */
  tearDebit(at: TearPoint, purse: PurseKind = "e-purse"): void {
    let done = false;
    this.plan(({ to, command }) => {
      if (done || to !== "card" || !commits(purse, command)) return GO;
      done = true;
      return { kind: "tear", at };
    });
  }

  /** Switches the terminal on: what was durable is there, nothing else. */
  async switchOn(): Promise<QuickPaymentPorts> {
    const power = new Power();
    this.#power = power;
    const clock = poweredClock(this.clock, power);
    const journal = await openJournal({
      store: this.disk.open(),
      clock,
      randomness: seeded(this.disk.incarnation),
      suite: SUITE,
      storageKey: STORAGE_KEY,
      terminalId: "T1",
      log: SILENT,
    });
    const psam = await openPsam(
      guarded(this.#samReader, power),
      { clock, profile: { ...DEFAULT_CARD_PROFILE, ...this.#options.profile } },
      { timeoutMs: 1000, signal: new AbortController().signal },
    );
    const saleTimes: SaleTimes = await openSaleTimes(journal);
    const sales: SalesInFlight = createSalesInFlight();
    const ports: QuickPaymentPorts = {
      clock,
      journal,
      log: SILENT,
      reader: guarded(this.reader, power),
      lane: createLane(),
      sales,
      saleTimes,
      psam: this.#options.misreserve === true ? misreserving(psam) : psam,
      ...testPursePorts({
        suite: SUITE,
        clock,
        psam,
        randomness: seeded(this.disk.incarnation + 1000),
        profile: { ...DEFAULT_CARD_PROFILE, ...this.#options.profile },
        pin: { timeoutMs: 5000, verifier: { verifyOnCard: (channel, template, limits) => this.#holder(clock).verifyOnCard(channel, template, limits) } },
      }),
      purse: { applications: DEFAULT_PURSE_APPLICATIONS, keyIndex: 1, proveSeqOrder: DEFAULT_CARD_PROFILE.proveSeqOrder },
    };
    this.#life = { power, ports, journal, psam };
    return ports;
  }

  /** Whoever holds the card in the field knows its PIN. */
  #holder(clock: Clock): SimulatedPinVerifier {
    const pin = this.pin;
    return new SimulatedPinVerifier({ clock, holder: new ScriptedHolder([pin === undefined ? { kind: "cancels" } : { kind: "enters", digits: pin }]) });
  }

  cutPower(): void {
    this.#power.cut();
    this.disk.crash();
    this.reader.cutPower();
    this.#samReader.cutPower();
  }

  async entries(): Promise<readonly JournalEntry[]> {
    return this.journal.entries(1, 1000);
  }

  #befall(to: CommandInfo["to"], command: Uint8Array): TransmitVerdict {
    const fate = this.#fate({ to, instruction: command[1] ?? 0, command, index: this.#commands });
    this.#commands += 1;
    if (fate.kind !== "power-cut") return fate;
    const { power } = this.#current;
    // The terminal dies; what card and module do with a command that was already sent is their own business.
    power.cut();
    this.disk.crash();
    return { kind: "hang", at: fate.when };
  }
}

/** Whatever a dead terminal waited for never comes. */
function guarded(reader: CardReader, power: Power): CardReader {
  const guardChannel = (channel: CardChannel): CardChannel => ({
    atr: channel.atr,
    insertion: channel.insertion,
    transmit: (command, limits) => (power.on ? power.guard(channel.transmit(command, limits)) : Power.never()),
    close: () => (power.on ? channel.close() : Power.never()),
  });
  return {
    name: reader.name,
    interface: reader.interface,
    waitForCard: (limits) => (power.on ? power.guard(reader.waitForCard(limits).then(guardChannel)) : Power.never()),
    waitForRemoval: (limits) => (power.on ? power.guard(reader.waitForRemoval(limits)) : Power.never()),
    close: () => reader.close(),
  };
}

function misreserving(psam: SocialPsam): SocialPsam {
  return {
    terminalNumber: psam.terminalNumber,
    expectedSequence: () => psam.expectedSequence() + 5,
    beginPurchase: (purchase, limits) => psam.beginPurchase(purchase, limits),
    beginMedicalPurchase: (purchase, limits) => psam.beginMedicalPurchase(purchase, limits),
    authenticationData: (request, limits) => psam.authenticationData(request, limits),
    blockMac: (use, data, limits) => psam.blockMac(use, data, limits),
    encipher: (use, data, limits) => psam.encipher(use, data, limits),
    close: () => psam.close(),
  };
}

function seeded(seed: number): { bytes(length: number): Uint8Array } {
  let state = seed;
  return {
    bytes: (length) =>
      Uint8Array.from({ length }, () => {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
        return state >>> 16;
      }),
  };
}
