/*
 * One place where cards pay: its reader, its security module, its light and display. The counter is one, and so is each lane of a gate; all of
 * them share the terminal's journal, its sale times and its limits.
 */
import { type FaultCode, isFault } from "./base/fault.ts";
import type { Fen } from "./base/fen.ts";
import type { Log } from "./base/log.ts";
import type { Clock, Limits, Randomness } from "./base/ports.ts";
import { moduleRecordSigner } from "./card/electronic-cash/record-signer.ts";
import { openPsam } from "./card/psam/open.ts";
import type { CardProfile } from "./codec/card-profile.ts";
import type { DayRange } from "./codec/civil-time.ts";
import type { CustomerDisplay, SignalLamp } from "./drivers/peripherals.ts";
import type { CardReader, PinVerifier } from "./drivers/ports.ts";
import { LazyPsam, type ModuleOpening, type PlaceModule } from "./security-module.ts";
import { type ActDoor, goesOn } from "./txn/act-door.ts";
import type { DelayedChargeRequest } from "./txn/delayed-charge/ports.ts";
import { runDelayedCharge } from "./txn/delayed-charge/run.ts";
import type { SeenCards } from "./txn/delayed-charge/seen-cards.ts";
import type { DelayedChargeProfile } from "./txn/delayed-charge/settings.ts";
import type { DelayedChargeOutcome, DelayedChargeRules } from "./txn/delayed-charge/types.ts";
import { HolderFeedback, type SaleEnd } from "./txn/holder-feedback.ts";
import type { InitialPinRule } from "./txn/initial-pin.ts";
import type { TerminalJournal } from "./txn/journal/journal.ts";
import { createLane, type Lane, type SalesInFlight } from "./txn/lane.ts";
import type {
  CardBlocking,
  ElectronicCashPorts,
  MedicalPursePorts,
  PurseProfile,
  QuickPaymentLimits,
  QuickPaymentPorts,
  TransitPorts,
} from "./txn/quick-payment/ports.ts";
import { saleMark } from "./txn/quick-payment/record.ts";
import { type QuickPaymentTables, runQuickPayment } from "./txn/quick-payment/run.ts";
import type { QuickPaymentOutcome } from "./txn/quick-payment/types.ts";
import type { CardLinks } from "./txn/risk/card-links.ts";
import type { RiskGuard } from "./txn/risk/guard.ts";
import type { SaleRequest } from "./txn/sale-request.ts";
import type { SaleTimes } from "./txn/sale-time.ts";
import type { TapTimelines } from "./txn/tap-timeline/timelines.ts";
import { untilCard } from "./txn/until-card.ts";

/** What all lanes of a terminal have in common. */
export interface SharedSales {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly journal: TerminalJournal;
  /** References of the sales under way. */
  readonly inFlight: SalesInFlight;
  readonly saleTimes: SaleTimes;
  readonly purse: PurseProfile;
  readonly cardProfile: CardProfile;
  readonly initialPin: InitialPinRule;
  readonly bounds: Omit<QuickPaymentLimits, "timeoutMs" | "signal">;
  readonly pinTimeoutMs: number;
  readonly electronicCash?: ElectronicCashPorts;
  readonly guard?: RiskGuard;
  /** Whether the account on the card pays by the card alone. */
  readonly offlineMedicalCard: MedicalPursePorts["alone"];
  /** Which social card a purse is on; left out: no purse is asked. */
  readonly cardLinks?: CardLinks;
  /** Rules of the region or city; absent: none look at sales. */
  readonly localRules?: QuickPaymentPorts["localRules"];
  /** Bank cards that this terminal has charged before. */
  readonly chargedCards: SeenCards;
  /** How a card is blocked that a signed order of a list names; absent: none is. */
  readonly blocks?: CardBlocking["duration"];
  /** Days that it may be, by which cards are judged. */
  readonly saleDays: () => DayRange;
  /** Time that the settlement host has proved to be over; left out: none. */
  readonly provedMs?: () => number | undefined;
  /** Where the time of taps goes. */
  readonly taps: TapTimelines;
  readonly rules?: QuickPaymentTables;
  readonly rideRules?: DelayedChargeRules;
  /** Absent: nobody holds this terminal. */
  readonly door?: ActDoor;
  /** Absent: any module will do. */
  readonly moduleOpening?: ModuleOpening;
}

/** What one lane has for itself. */
export interface SaleLaneParts {
  readonly reader: CardReader;
  readonly samReader: CardReader;
  /** Absent where nobody can type a PIN. */
  readonly pinVerifier?: PinVerifier;
  /** Absent where no journey is priced. */
  readonly transit?: TransitPorts;
  readonly lamp?: SignalLamp;
  readonly display?: CustomerDisplay;
}

type NotBegun = { readonly kind: "refused"; readonly reason: FaultCode };

export class SaleLane {
  readonly lane: Lane = createLane();
  readonly feedback: HolderFeedback;
  readonly #shared: SharedSales;
  readonly #parts: SaleLaneParts;
  readonly #psam: LazyPsam;
  #isQuiet = false;

  constructor(shared: SharedSales, parts: SaleLaneParts) {
    const { clock, cardProfile, log, moduleOpening: opened = (_reader, open) => open() } = shared;
    const { lamp, display, samReader } = parts;
    this.#shared = shared;
    this.#parts = parts;
    this.feedback = new HolderFeedback({ log, ...(lamp === undefined ? {} : { lamp }), ...(display === undefined ? {} : { display }) });
    this.#psam = new LazyPsam((limits) => opened(samReader, () => openPsam(samReader, { clock, profile: cardProfile }, limits), limits));
  }

  /** One sale from a purse of the card; `givenUp` ends it while nobody has presented one. Never rejects for what the world does. */
  quickPayment(request: SaleRequest, limits: Limits, givenUp?: AbortSignal): Promise<QuickPaymentOutcome> {
    const { bounds, rules } = this.#shared;
    return this.sale(request, limits, (psam) => {
      const ports = this.#ports(psam);
      const reader = givenUp === undefined ? ports.reader : untilCard(ports.reader, givenUp);
      return runQuickPayment({ ...ports, reader }, request, { ...bounds, ...limits }, rules);
    });
  }

  /** As {@link quickPayment}, begun by the place itself: while the terminal is held it begins none, and goes on with what it had begun. */
  begin(request: SaleRequest, limits: Limits, givenUp?: AbortSignal): Promise<QuickPaymentOutcome> {
    return this.#behindDoor(request, () => this.quickPayment(request, limits, givenUp));
  }

  /** One ride on a bank card's signature, to be charged later. Never rejects for what the world does. */
  delayedCharge(request: DelayedChargeRequest, profile: DelayedChargeProfile, limits: Limits): Promise<DelayedChargeOutcome> {
    const { bounds, chargedCards: seen, electronicCash: cash, rideRules } = this.#shared;
    // Without keys of authorities no card could prove itself.
    if (cash === undefined) return Promise.resolve({ kind: "refused", reason: "purse-not-offered" });
    const charge = () =>
      this.sale(request, limits, (psam) =>
        runDelayedCharge({ ...this.#ports(psam), cash, seen, profile, terminalNumber: psam.terminalNumber }, request, { ...bounds, ...limits }, rideRules),
      );
    return this.#behindDoor(request, charge);
  }

  /** A sale as its holder sees and hears it, with the lane's module. Only the opening of the module is answered here, before anything has begun. */
  async sale<Outcome extends { readonly kind: string }>(
    request: Pick<SaleRequest, "amount">,
    limits: Limits,
    work: (psam: PlaceModule) => Promise<Outcome>,
  ): Promise<Outcome | NotBegun> {
    this.feedback.begin(request.amount);
    const outcome = await this.#withModule(limits, work);
    this.feedback.end(saleEnd(outcome.kind));
    return outcome;
  }

  /** An act with its holder that needs no module of its own: the holder sees and hears it like a sale. Left out: no amount is shown. */
  async served<Outcome extends { readonly kind: string }>(amount: Fen | undefined, work: () => Promise<Outcome>): Promise<Outcome> {
    if (this.#isQuiet) return work();
    if (amount !== undefined) this.feedback.begin(amount);
    const outcome = await work();
    this.feedback.end(saleEnd(outcome.kind));
    return outcome;
  }

  /**
   * Begins an act that is a part of another one: the holder sees the end of the whole, and hears no "paid" before it is one. Only what the act asks of
   * this place before it first waits is quiet, so that nobody else's act is.
   */
  quietly<Outcome>(begin: () => Promise<Outcome>): Promise<Outcome> {
    this.#isQuiet = true;
    try {
      return begin();
    } finally {
      this.#isQuiet = false;
    }
  }

  /** The lane's module, opened when it is first needed. Faults: whatever keeps it from being opened. */
  module(limits: Limits): Promise<PlaceModule> {
    return this.#psam.get({ ...limits, timeoutMs: this.#shared.bounds.commandTimeoutMs });
  }

  /** Opens the module before the first card comes, so that no holder waits for it. A module that is not there is opened by the first sale. */
  async warmUp(signal: AbortSignal): Promise<void> {
    await this.#withModule({ timeoutMs: this.#shared.bounds.commandTimeoutMs, signal }, async () => ({ kind: "open" }));
  }

  async close(): Promise<void> {
    await this.feedback.close();
    await this.#psam.close();
    const { reader, samReader } = this.#parts;
    await Promise.all([reader.close(), samReader.close()]);
  }

  #behindDoor<Outcome>({ reference }: Pick<SaleRequest, "reference">, work: () => Promise<Outcome>): Promise<Outcome | NotBegun> {
    const { door, journal } = this.#shared;
    const isBegun = () => goesOn(journal, saleMark(reference));
    return door === undefined ? work() : door.begin<Outcome | NotBegun>({ isBegun, work, refused: () => ({ kind: "refused", reason: "held" }) });
  }

  async #withModule<Outcome>(limits: Limits, work: (psam: PlaceModule) => Promise<Outcome>): Promise<Outcome | NotBegun> {
    let psam: PlaceModule;
    try {
      psam = await this.#psam.get({ ...limits, timeoutMs: this.#shared.bounds.commandTimeoutMs });
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#shared.log.warn("module-not-opened", { code: error.code });
      return { kind: "refused", reason: error.code };
    }
    return work(psam);
  }

  #ports(psam: PlaceModule): QuickPaymentPorts {
    const {
      clock,
      journal,
      purse,
      log,
      inFlight,
      saleTimes,
      cardProfile,
      electronicCash,
      guard,
      localRules,
      cardLinks: links,
      offlineMedicalCard,
      randomness,
      pinTimeoutMs,
      initialPin,
      saleDays,
      taps,
      blocks,
    } = this.#shared;
    const { reader, pinVerifier: verifier, transit } = this.#parts;
    const pin = verifier === undefined ? {} : { pin: { verifier, timeoutMs: pinTimeoutMs } };
    return taps.watch({
      clock,
      journal,
      purse,
      log,
      psam,
      reader: this.feedback.over(reader),
      lane: this.lane,
      sales: inFlight,
      saleTimes,
      saleDays,
      cardProfile,
      ...(guard === undefined ? {} : { guard }),
      ...(localRules === undefined ? {} : { localRules }),
      // Where journeys are priced a tap is short: purses that the till has asked are known there too, and none is asked.
      ...(links === undefined ? {} : { socialCard: { links, asks: transit === undefined, profile: cardProfile } }),
      ...(blocks === undefined ? {} : { blocksListedCards: { psam, duration: blocks } }),
      ...(electronicCash === undefined ? {} : { electronicCash: signedBy(psam, electronicCash) }),
      ...(transit === undefined ? {} : { transit }),
      medicalPurse: { psam, randomness, keyIndex: purse.keyIndex, alone: offlineMedicalCard, ...pin, initialPin },
    });
  }
}

/** Electronic cash with the records that this place's module signs; a signer that was given stays. */
function signedBy(psam: PlaceModule, cash: ElectronicCashPorts): ElectronicCashPorts {
  if (cash.recordKey === undefined || cash.industrySigner !== undefined) return cash;
  return { ...cash, industrySigner: moduleRecordSigner(psam, cash.recordKey, cash.profile) };
}

/** How acts end that have done what their holder wanted. */
const DONE: ReadonlySet<string> = new Set(["accepted", "approved", "loaded", "confirmed", "done", "bills", "benefits", "balance"]);

/** A sale that is not decided, or that only the card vouches for, releases nothing: for its holder that is a refusal. */
function saleEnd(kind: string): SaleEnd {
  if (DONE.has(kind)) return "paid";
  return kind === "paid" || kind === "no-card" ? kind : "refused";
}
