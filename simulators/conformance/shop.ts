/* A selling place in one process: the real quick payment over a simulated disk, reader and module, with power that can be cut. */
import { fen } from "../../device/base/fen.ts";
import { SILENT } from "../../device/base/log.ts";
import type { Clock } from "../../device/base/ports.ts";
import { openPsam } from "../../device/card/psam/open.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../../device/card/purse/commands.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { CardChannel, CardReader } from "../../device/drivers/ports.ts";
import { openJournal, type TerminalJournal } from "../../device/txn/journal/journal.ts";
import type { JournalEntry } from "../../device/txn/journal/types.ts";
import { createLane, createSalesInFlight } from "../../device/txn/lane.ts";
import type { ElectronicCashPorts, QuickPaymentLimits, QuickPaymentPorts } from "../../device/txn/quick-payment/ports.ts";
import { runQuickPayment } from "../../device/txn/quick-payment/run.ts";
import type { QuickPaymentOutcome } from "../../device/txn/quick-payment/types.ts";
import { recoverAtStart } from "../../device/txn/recovery/recover.ts";
import { openCardLinks } from "../../device/txn/risk/card-links.ts";
import type { PurseChoice } from "../../device/txn/sale-request.ts";
import { openSaleTimes } from "../../device/txn/sale-time.ts";
import type { CardModule, SimulatedCard } from "../card/card.ts";
import type { TestCardOptions } from "../card/make.ts";
import type { TearPoint } from "../card/state.ts";
import { SimulatedJournalDisk } from "../disk/journal-store.ts";
import { debitFacts, judgeDebit } from "../host/debits.ts";
import type { TerminalRecord } from "../host/records.ts";
import { testDebitOracle } from "../host/tac-oracle.ts";
import { ScriptedHolder } from "../pinpad/holder.ts";
import { SimulatedPinVerifier } from "../pinpad/pin-verifier.ts";
import type { TestPsamOptions } from "../psam/make.ts";
import { makeSamReader, SimulatedReader, type TransmitVerdict } from "../reader/in-process.ts";
import { testPursePorts } from "../terminal/purses.ts";
import { Power, poweredClock } from "../world/power.ts";
import { SeededRandomness } from "../world/seeded-randomness.ts";
import type { ConformanceContext } from "./context.ts";
import { expectTrue } from "./expect.ts";

const RETURNS_AFTER_MS = 400;
/** More than any case writes. */
const ENTRIES_MAX = 1_000;

/** One command to card or module, as a plan of faults sees it. */
export interface CommandSeen {
  readonly to: "card" | "module";
  readonly instruction: number;
  /** Counts the commands of one tap from 0. */
  readonly index: number;
  /** Counts the taps from 1. */
  readonly tap: number;
}

/** "power-cut": the terminal dies; card and module have acted or not as `at` says. */
export type Fate = TransmitVerdict | { readonly kind: "power-cut"; readonly at: TearPoint };
export type FatePlan = (seen: CommandSeen) => Fate;

/** The fate of the first command that has this instruction. */
export interface Mishap {
  readonly to: CommandSeen["to"];
  readonly instruction: number;
  readonly fate: Fate;
}

/** A plan with one mishap, or none. */
export function once(mishap: Mishap | undefined): FatePlan {
  let done = false;
  return ({ to, instruction }) => {
    if (done || mishap === undefined || to !== mishap.to || instruction !== mishap.instruction) return { kind: "ok" };
    done = true;
    return mishap.fate;
  };
}

export interface ShopOptions {
  readonly profile?: Partial<CardProfile>;
  readonly psam?: TestPsamOptions;
  /** What electronic cash is given besides. */
  readonly cash?: Partial<ElectronicCashPorts>;
  /** Whether purses are asked for their social card. */
  readonly asksSocialCard?: true;
}

const LIMITS: QuickPaymentLimits = {
  timeoutMs: 10_000,
  returnTimeoutMs: 8_000,
  commandTimeoutMs: 1_000,
  journalTimeoutMs: 5_000,
  signal: new AbortController().signal,
  risk: { amountPerSaleFen: fen(100_000), unreceiptedCount: 1_000, unreceiptedSumFen: fen(10_000_000), unverifiedAmountFen: fen(100_000) },
};

export interface SellOptions {
  readonly amountFen?: number;
  /** The e-purse unless said otherwise. */
  readonly purse?: PurseChoice;
  readonly limits?: Partial<QuickPaymentLimits>;
}

/** A card as the shop's reader gets it. */
export interface ShopCard {
  readonly card: SimulatedCard;
  readonly inserted: CardModule;
}

export class Shop {
  readonly context: ConformanceContext;
  readonly profile: CardProfile;
  readonly reader: SimulatedReader;
  readonly samReader: SimulatedReader;
  readonly disk: SimulatedJournalDisk;
  readonly #options: ShopOptions;
  #power = new Power();
  #ports: QuickPaymentPorts | undefined;
  #journal: TerminalJournal | undefined;
  #plan: FatePlan = () => ({ kind: "ok" });
  #serial = 0;
  #taps = 0;
  #lastInsertion = 0;
  /** What lies in the reader, or has just fallen out of it. */
  #presented: ShopCard | undefined;
  #returns = true;

  constructor(context: ConformanceContext, options: ShopOptions = {}) {
    const { clock } = context;
    this.context = context;
    this.#options = options;
    this.profile = { ...DEFAULT_CARD_PROFILE, ...options.profile };
    this.disk = new SimulatedJournalDisk({ clock, flushMs: 3 });
    this.disk.onCut(() => this.#power.cut());
    this.reader = new SimulatedReader({
      name: "gate",
      interface: "contactless",
      clock,
      beforeTransmit: ({ command, index, insertion }) => {
        if (insertion !== this.#lastInsertion) this.#taps += 1;
        this.#lastInsertion = insertion;
        return this.#befall({ to: "card", instruction: command[1] ?? 0, index, tap: this.#taps });
      },
    });
    const psam = context.psam({ ...options.psam, profile: { ...options.profile, ...options.psam?.profile } });
    this.samReader = makeSamReader(context.inserted(psam, "psam"), {
      name: "module",
      clock,
      beforeTransmit: ({ command, index }) => this.#befall({ to: "module", instruction: command[1] ?? 0, index, tap: this.#taps }),
    });
  }

  get on(): boolean {
    return this.#power.on;
  }

  card(options: Partial<TestCardOptions> = {}): ShopCard {
    this.#serial += 1;
    const card = this.context.card({ serial: this.#serial, ...options, profile: { ...this.#options.profile, ...options.profile } });
    return { card, inserted: this.context.inserted(card, "card") };
  }

  /** Decides what becomes of each command from now on. */
  plan(plan: FatePlan): void {
    this.#plan = plan;
  }

  /** Lays a card into the empty reader. A card that is torn comes back by itself, unless `returns` is false. */
  present(card: ShopCard, returns = true): void {
    this.#presented = card;
    this.#returns = returns;
    this.reader.insert(card.inserted);
  }

  takeAway(): void {
    this.#presented = undefined;
    this.reader.remove();
  }

  /** Switches the terminal on: what was durable is there, nothing else; open sales of earlier lives are looked at. */
  async switchOn(): Promise<void> {
    const power = new Power();
    this.#power = power;
    const { suite } = this.context;
    const clock = poweredClock(this.context.clock, power);
    const journal = await openJournal({
      store: this.disk.open(),
      clock,
      randomness: new SeededRandomness(`journal/${this.disk.incarnation}`),
      suite,
      storageKey: suite.secretKey(new Uint8Array(16).fill(7)),
      terminalId: "T1",
      log: SILENT,
    });
    this.#journal = journal;
    const psam = await openPsam(guarded(this.samReader, power), { clock, profile: this.profile }, { timeoutMs: 1_000, signal: LIMITS.signal });
    const purses = testPursePorts({
      suite,
      clock,
      psam,
      randomness: new SeededRandomness(`purses/${this.disk.incarnation}`),
      profile: this.profile,
      pin: { timeoutMs: 5_000, verifier: { verifyOnCard: (channel, template, limits) => this.#pad(clock).verifyOnCard(channel, template, limits) } },
    });
    const storageKey = suite.secretKey(new Uint8Array(16).fill(7));
    const links = this.#options.asksSocialCard === true ? await openCardLinks({ journal, suite, storageKey, log: SILENT }) : undefined;
    this.#ports = {
      clock,
      journal,
      psam,
      ...(links === undefined ? {} : { socialCard: { links, asks: true, profile: this.profile } }),
      log: SILENT,
      reader: guarded(this.reader, power),
      lane: createLane(),
      sales: createSalesInFlight(),
      saleTimes: await openSaleTimes(journal),
      ...purses,
      ...(purses.electronicCash === undefined ? {} : { electronicCash: { ...purses.electronicCash, ...this.#options.cash } }),
      purse: { applications: DEFAULT_PURSE_APPLICATIONS, keyIndex: 1, proveSeqOrder: this.profile.proveSeqOrder },
    };
    await recoverAtStart({ journal, log: SILENT });
  }

  /** Whoever presents a card knows its PIN. */
  #pad(clock: Clock): SimulatedPinVerifier {
    const digits = this.#presented?.card.personalization.social.pin;
    return new SimulatedPinVerifier({ clock, holder: new ScriptedHolder([digits === undefined ? { kind: "cancels" } : { kind: "enters", digits }]) });
  }

  /** Ends a life that a plan has cut: card and module lose their power as well. */
  afterPowerCut(): void {
    this.reader.cutPower();
    this.samReader.cutPower();
  }

  sell(reference: string, options: SellOptions = {}): Promise<QuickPaymentOutcome> {
    const { amountFen = SALE_FEN, purse = { kind: "e-purse" }, limits } = options;
    return runQuickPayment(this.#running, { reference, amount: fen(amountFen), purse }, { ...LIMITS, ...limits });
  }

  entries(): Promise<readonly JournalEntry[]> {
    expectTrue(this.#journal !== undefined, "the shop is switched on");
    return this.#journal.entries(1, ENTRIES_MAX);
  }

  async states(): Promise<readonly string[]> {
    return (await this.entries()).map(({ state }) => state);
  }

  /** What the settlement host makes of the last record. */
  async hostVerdict(): Promise<string> {
    const entry = (await this.entries()).at(-1);
    expectTrue(entry !== undefined, "the journal has a record");
    const record: TerminalRecord = {
      seq: entry.seq,
      subject: entry.subject,
      firstSeq: entry.seq,
      kind: entry.kind,
      state: entry.state,
      amountFen: entry.amount,
      resolves: entry.resolves,
      detail: entry.detail,
      personal: entry.personal ?? {},
    };
    return judgeDebit(record, debitFacts(record), testDebitOracle(this.context.suite, this.profile));
  }

  get #running(): QuickPaymentPorts {
    expectTrue(this.#ports !== undefined, "the shop is switched on");
    return this.#ports;
  }

  #befall(seen: CommandSeen): TransmitVerdict {
    const fate = this.#plan(seen);
    if (fate.kind === "power-cut") {
      // The terminal dies with what it had not flushed; what card and module do with a command that was already sent is their own business.
      this.#power.cut();
      this.disk.crash();
      return { kind: "hang", at: fate.at };
    }
    if (fate.kind === "tear" && seen.to === "card" && this.#returns) void this.#comeBack();
    return fate;
  }

  async #comeBack(): Promise<void> {
    const card = this.#presented;
    await this.context.clock.sleep(RETURNS_AFTER_MS);
    if (card !== undefined && this.#presented === card && this.reader.card === undefined) this.reader.insert(card.inserted);
  }
}

/** Price of everything here. */
export const SALE_FEN = 450;

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
