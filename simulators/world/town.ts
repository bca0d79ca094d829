/*
 * Everything around the terminal that outlives its power: cards and their holders' numbers, security module, disk, broker, settlement
 * host, insurer, and the checkers that look at all of them.
 */
import { fromHex } from "../../device/base/bytes.ts";
import { SILENT } from "../../device/base/log.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { TerminalGate } from "../../device/gate/terminal-gates.ts";
import type { SyncKeys } from "../../device/sync/sync.ts";
import type { ServicePlaces } from "../../device/terminal-parts.ts";
import type { AcquirerProfile } from "../../device/txn/acquiring/profile.ts";
import type { FareBook } from "../../device/txn/fares/fares.ts";
import type { GatePolicy, LaneSettings } from "../../device/txn/gate/lane.ts";
import type { GatePurse } from "../../device/txn/gate/tap.ts";
import { DEFAULT_REGION, type RegionSwitches } from "../../device/txn/medical-host/profile.ts";
import { SimulatedBroker } from "../broker/in-process.ts";
import type { SimulatedCard } from "../card/card.ts";
import { makeTestCard } from "../card/make.ts";
import { socialNumbers, socialSecurityNumber } from "../card/numbers.ts";
import type { CardDebit } from "../card/state.ts";
import { SimulatedJournalDisk } from "../disk/journal-store.ts";
import { SimulatedStorageDisk } from "../disk/storage.ts";
import { type Acquirer, openAcquirer } from "../host/acquirer/acquirer.ts";
import { AcquirerLedger } from "../host/acquirer/ledger.ts";
import type { AcquirerVariants, TerminalContract } from "../host/acquirer/request.ts";
import { TEST_BANK_PIN } from "../host/acquirer/test-customers.ts";
import { type Agency, openAgency } from "../host/agency/agency.ts";
import { AgencyLedger } from "../host/agency/ledger.ts";
import { holderOfCard } from "../host/agency/persons.ts";
import { ChargeDesk } from "../host/debts.ts";
import type { Service } from "../host/head-end.ts";
import { Ledger } from "../host/ledger.ts";
import { type Insurer, openInsurer } from "../host/medical/insurer.ts";
import { InsurerLedger } from "../host/medical/insurer-ledger.ts";
import { type InsuredPerson, insuredPerson } from "../host/medical/persons.ts";
import { hostKeys, openSettlementHost, type SettlementHost } from "../host/settlement.ts";
import { testDebitOracle } from "../host/tac-oracle.ts";
import { makeTestPsam } from "../psam/make.ts";
import type { SimulatedPsam } from "../psam/psam.ts";
import type { DurableEntry } from "./checks/durable-entry.ts";
import { HoldCheck } from "./checks/hold-check.ts";
import { type ExposureLimits, JournalCheck } from "./checks/journal-check.ts";
import { MedicalCheck } from "./checks/medical-check.ts";
import { MoneyCheck } from "./checks/money-check.ts";
import { OrderCheck } from "./checks/order-check.ts";
import { RefundCheck } from "./checks/refund-check.ts";
import { RideCheck } from "./checks/ride-check.ts";
import { SecrecyCheck } from "./checks/secrecy-check.ts";
import { promised, Violation } from "./checks/violation.ts";
import { drawFaultPlan, type FaultKind, type FaultPlan } from "./fault-plan.ts";
import { writtenTrip } from "./gate/card-trip.ts";
import { chargedAtLane, gateCheckOf, rodeFromLane } from "./gate/charged.ts";
import { noFlowCounts } from "./gate/flows.ts";
import type { GateCheck } from "./gate/gate-check.ts";
import type { LaneSpot } from "./gate/lane-spot.ts";
import { accountOf, ListOffice } from "./gate/office.ts";
import { HOLDS, riderOptions } from "./gate/riders.ts";
import { type HoldChange, WatchedCard } from "./observed.ts";
import { noPurseCounts, type PurseCounts, worldPurse } from "./purses.ts";
import { SeededRandomness } from "./seeded-randomness.ts";
import type { Spot } from "./spot.ts";
import { Tears } from "./tears.ts";
import { Trace } from "./trace.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** 2026-01-05 12:00:00 in China. */
const START_WALL_MS = 1_767_585_600_000;
export const TERMINAL_ID = "gate-1";
const KID = "data-1";
const DATA_KEY_HEX = "0123456789abcdeffedcba9876543210";
const HOST_SCALAR_HEX = "11".repeat(32);
const TERMINAL_SCALAR_HEX = "22".repeat(32);
const CARDS = 6;
const GATE_CARDS = 24;
/** On each purse of each card; more than a seed's taps can spend. */
export const BALANCE_FEN = 5_000_000;
/** Whoever buys in a town without a gate. */
const TOWN_RIDER = { card: { purse: { transit: "t-union" } }, cash: {} } as const;
/** Of a card without the record that it has just changed. */
const NO_TRIP = { terminalNumber: undefined, date: undefined, time: undefined };

export interface TownOptions {
  readonly seed: string;
  readonly suite: CipherSuite;
  readonly limits: ExposureLimits;
  /** Of all taps, how many are torn; a tap is one presentation of a card. */
  readonly tearPercent: number;
  /** Limits the faults to these, at full weight; tears then befall commands, not taps. */
  readonly onlyFaults?: readonly FaultKind[];
  /** How the region of this town speaks to its insurer; left out: as most do. */
  readonly region?: RegionSwitches;
  /** The town has gates. */
  readonly gate?: TownGate;
  /** The town's cards have accounts, and the terminal an acquirer. */
  readonly bank?: TownBank;
}

export interface TownBank {
  readonly profile: AcquirerProfile;
  readonly contract: TerminalContract;
  /** "relay": through broker and head-end. "direct": over a line of its own. */
  readonly line: "relay" | "direct";
  /** How cards reach the counter: over contacts the issuer's script loads electronic cash. */
  readonly reader: "contact" | "contactless";
  /** How this acquirer takes reversals of what it has settled. */
  readonly variants: Pick<AcquirerVariants, "reversesSettled" | "settledRefusal">;
  /** What stands between the head-end and the acquirer; left out: nothing. */
  readonly between?: (acquirer: Acquirer) => Service;
}

export interface TownGate extends Pick<TerminalGate, "delayedCharge"> {
  readonly policy: GatePolicy;
  readonly fares: FareBook;
  /** In the order of asking. */
  readonly purses: readonly [GatePurse, ...GatePurse[]];
  readonly lanes: readonly LaneSettings[];
  readonly possibleFares: (entry: string | undefined, exit: string) => readonly number[];
}

export class Town {
  readonly suite: CipherSuite;
  readonly random: SeededRandomness;
  readonly plan: FaultPlan;
  readonly purseCounts: PurseCounts;
  readonly clock = new VirtualClock(START_WALL_MS);
  readonly trace: Trace;
  readonly broker: SimulatedBroker;
  readonly disk: SimulatedJournalDisk;
  readonly psam: SimulatedPsam;
  readonly cards: readonly WatchedCard[];
  readonly ledger: Ledger;
  readonly host: SettlementHost;
  readonly insurer: Insurer;
  readonly persons: readonly InsuredPerson[];
  readonly journalCheck: JournalCheck;
  readonly moneyCheck: MoneyCheck;
  readonly medicalCheck: MedicalCheck;
  readonly orderCheck: OrderCheck;
  readonly region: RegionSwitches;
  readonly secrecyCheck: SecrecyCheck;
  readonly syncKeys: SyncKeys;
  /** The counter's reader and what lies in it. */
  readonly desk: Spot;
  readonly gate: TownGate | undefined;
  readonly bank: TownBank | undefined;
  readonly #serviceDisks: Readonly<Record<keyof ServicePlaces, SimulatedStorageDisk>>;
  readonly acquirer: Acquirer | undefined;
  /** Who wants contributions; there where the terminal has a bank. */
  readonly agency: Agency | undefined;
  readonly lanes: readonly LaneSpot[];
  readonly gateCheck: GateCheck;
  readonly holdCheck = new HoldCheck();
  readonly refundCheck: RefundCheck;
  readonly rideCheck: RideCheck;
  /** What was lived at lanes and till; nothing is counted where there is no gate. */
  readonly flows = noFlowCounts();
  /** Charges what was ridden on a signature. */
  readonly charges = ChargeDesk.open(":memory:");
  /** The first promise that was seen broken while the terminal worked. */
  broken: Violation | undefined;
  /** Lists cards; absent where nobody does. */
  readonly office: ListOffice | undefined;

  constructor(options: TownOptions) {
    const { seed, suite } = options;
    this.suite = suite;
    this.random = new SeededRandomness(seed);
    this.plan = drawFaultPlan(this.random.stream("faults"), options.onlyFaults);
    const tears = options.onlyFaults === undefined ? new Tears(this.random.stream("tears"), options.tearPercent) : undefined;
    this.desk = { name: "gate", tears, card: undefined, lastCard: undefined };
    this.gate = options.gate;
    this.bank = options.bank;
    this.lanes = (options.gate?.lanes ?? []).map((settings, at) => this.#makeLane(settings, at, options));
    this.purseCounts = noPurseCounts();
    this.trace = new Trace(this.clock, suite, seed);
    this.journalCheck = new JournalCheck(suite, options.limits);
    this.moneyCheck = new MoneyCheck();
    this.refundCheck = new RefundCheck(this.moneyCheck);
    this.rideCheck = new RideCheck(options.gate?.delayedCharge?.firstRideLimitFen ?? 0);
    this.gateCheck = gateCheckOf(this);
    const cards = this.#makeCards();
    this.secrecyCheck = new SecrecyCheck(cards.flatMap(personalNumbers));
    this.cards = cards.map(
      (card) =>
        new WatchedCard(card, {
          debited: (watched, debit) => this.watch(() => this.#debited(watched, debit)),
          held: (watched, change) => this.watch(() => this.#held(watched, change)),
        }),
    );
    const purseLevel = this.random.stream("psam").pick([1, 2, 3] as const);
    this.psam = makeTestPsam(suite, { purseLevel, ...(options.gate === undefined ? {} : { industryRecord: HOLDS.recordId }) });
    this.disk = this.#makeDisk();
    const storage = () => new SimulatedStorageDisk({ clock: this.clock });
    this.#serviceDisks = { known: storage(), losses: storage(), bank: storage() };
    this.broker = this.#makeBroker();
    this.ledger = Ledger.open(":memory:");
    this.persons = this.#makePersons(cards);
    this.insurer = this.#openInsurer();
    this.acquirer = this.#openAcquirer(cards);
    this.agency = this.#openAgency(cards);
    this.medicalCheck = new MedicalCheck(this.insurer.ledger);
    this.orderCheck = new OrderCheck(this.insurer.ledger, this.moneyCheck);
    this.region = options.region ?? DEFAULT_REGION;
    this.host = this.#openHost();
    const keys = { signing: suite.sm2PrivateKey(fromHex(TERMINAL_SCALAR_HEX)), hostKey: suite.sm2PrivateKey(fromHex(HOST_SCALAR_HEX)).publicKey };
    this.syncKeys = { ...keys, dataKey: suite.secretKey(fromHex(DATA_KEY_HEX)), kid: KID };
    this.office = options.gate === undefined ? undefined : this.#openOffice();
    this.host.terminals.register({ tid: TERMINAL_ID, publicKey: keys.signing.publicKey, kids: [KID] });
  }

  /** Ends what stands around the terminal: whoever is asleep there would keep the whole town in memory. */
  close(): void {
    this.host.stop();
    this.insurer.stop();
    this.acquirer?.stop();
    this.agency?.stop();
    this.ledger.close();
    this.charges.close();
    this.insurer.ledger.close();
    this.acquirer?.ledger.close();
    this.agency?.ledger.close();
  }

  /** Runs a check in the middle of the terminal's own work: a broken promise is kept for the world, and is no fault of a card or a gate. */
  watch(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.broken ??= error;
    }
  }

  /** Shows the checkers what has become durable since they last looked. */
  observe(): void {
    const { flushed } = this.disk;
    for (const stored of flushed.entriesFrom(this.journalCheck.lastSeq + 1, Number.MAX_SAFE_INTEGER)) {
      const entry = this.journalCheck.durable(stored);
      this.trace.note(`entry ${entry.seq} ${entry.kind} ${entry.state} ${entry.amountFen} ${stored.hash.slice(0, 16)}`);
      const { lastCard } = this.#spotOf(entry);
      this.moneyCheck.durable(entry, lastCard?.card.serial);
      this.holdCheck.durable(entry);
      this.refundCheck.durable(entry);
      if (entry.kind === "delayed-charge" && entry.state === "done") this.#rode(entry, lastCard);
      this.medicalCheck.durable(entry);
      this.orderCheck.durable(entry);
      this.gateCheck.durable(entry);
      this.secrecyCheck.text("the journal", stored.body);
      if (stored.sealed !== undefined) this.secrecyCheck.bytes("the journal's sealed part", stored.sealed);
      this.secrecyCheck.text("the journal's index", JSON.stringify([flushed.subject(entry.subject), flushed.lastBatch()]));
    }
    this.#observeReceipts();
    this.#observeAnchor();
  }

  #debited(watched: WatchedCard, debit: CardDebit): void {
    const { card } = watched;
    this.observe();
    this.trace.note(`card ${card.serial.slice(-4)} debited ${debit.amountFen} of its ${debit.purse ?? "e-purse"}`);
    this.purseCounts[worldPurse(debit.purse ?? "e-purse")].debits += 1;
    const sale = this.moneyCheck.debited(card.serial, debit);
    const lane = this.laneOf(watched);
    if (lane !== undefined) chargedAtLane(this, lane, { card, debit, sale });
  }

  #held(watched: WatchedCard, { recordId, afterFen, debitFen }: HoldChange): void {
    const { card } = watched;
    this.observe();
    this.trace.note(`card ${card.serial.slice(-4)} ${afterFen === undefined ? "lets go what it held" : `holds ${afterFen}`}`);
    if (afterFen === undefined) this.holdCheck.letGo(card.serial, debitFen);
    else this.holdCheck.held(card.serial, writtenTrip(card, recordId) ?? NO_TRIP, afterFen);
  }

  /** A bank card has signed for a ride, and its record is durable: nothing has moved on the card. */
  #rode(entry: DurableEntry, watched: WatchedCard | undefined): void {
    const lane = this.lanes.find(({ spot }) => spot === this.#spotOf(entry));
    promised(3, lane !== undefined && watched !== undefined, () => `${entry.subject} is a ride that was made at no lane`);
    this.rideCheck.rode(entry, accountOf(watched.card));
    rodeFromLane(this, lane, { card: watched.card, amountFen: entry.amountFen, sale: entry.subject });
  }

  /** The lane where a card lies, or lay when it left. */
  laneOf({ spot }: WatchedCard): LaneSpot | undefined {
    return this.lanes.find((lane) => lane.spot === spot);
  }

  #observeAnchor(): void {
    const { flushed } = this.disk;
    const anchor = JSON.parse(flushed.mark("journal/anchor") ?? '{"seq":0,"hash":""}') as { readonly seq: number; readonly hash: string };
    if (anchor.seq === this.journalCheck.takenThrough) return;
    this.journalCheck.taken(anchor, (subject) => flushed.subject(subject) !== undefined);
    this.trace.note(`taken away through ${anchor.seq}`);
  }

  /** Where a sale is made: a gate's own sales are called by their lane. */
  #spotOf({ reference }: DurableEntry): Spot {
    const [place, lane] = reference?.split(".") ?? [];
    return (place === "gate" ? this.lanes.find(({ settings }) => settings.name === lane)?.spot : undefined) ?? this.desk;
  }

  #makeLane(settings: LaneSettings, at: number, { tearPercent, onlyFaults, suite }: TownOptions): LaneSpot {
    const { name } = settings;
    const tears = onlyFaults === undefined ? new Tears(this.random.stream(`tears/${name}`), tearPercent) : undefined;
    // Modules of different lanes have different numbers, as their makers see to.
    const terminalNumber = `99010000010${at + 2}`;
    const psam = makeTestPsam(suite, { purseLevel: 2, terminalNumber });
    return { settings, spot: { name, tears, card: undefined, lastCard: undefined }, psam, terminalNumber, walker: { walk: "passes", afterMs: 1_500 } };
  }

  #observeReceipts(): void {
    const { flushed } = this.disk;
    const through = Number(flushed.mark("journal/receipted") ?? "0");
    if (through === this.journalCheck.receiptedThrough) return;
    this.journalCheck.receipted(through);
    const journalId = flushed.mark("journal/id") ?? "";
    const held = this.ledger.receiptedThrough(TERMINAL_ID, journalId);
    promised(4, through <= held, () => `the terminal counts ${through} entries as receipted, the host holds ${held}`);
    this.trace.note(`receipted through ${through}`);
  }

  #makeCards(): readonly SimulatedCard[] {
    const draw = this.random.stream("cards");
    const cash = { balanceFen: BALANCE_FEN, balanceLimitFen: 2 * BALANCE_FEN, algorithms: "sm" } as const;
    return Array.from({ length: this.gate === undefined ? CARDS : GATE_CARDS }, (_, at) => {
      const rider = this.gate === undefined ? TOWN_RIDER : riderOptions(at);
      return makeTestCard(this.suite, {
        serial: draw.between(1_000_000, 9_999_999) * 10 + at,
        balanceFen: BALANCE_FEN,
        ...rider.card,
        medicalPurse: { accountFen: BALANCE_FEN },
        electronicCash: { ...cash, signatureVersion: draw.pick(["00", "01"] as const), ...rider.cash },
        algorithm: draw.pick(["3des", "sm4"] as const),
        profile: { logSeqMode: draw.pick(["pre", "post"] as const) },
        pin: `${draw.between(100_000, 999_999)}${draw.between(100_000, 999_999)}`,
        interface: this.bank?.reader ?? "contactless",
        lengthRule: draw.pick(["direct", "t0"] as const),
      });
    });
  }

  #makeDisk(): SimulatedJournalDisk {
    const disk = new SimulatedJournalDisk({ clock: this.clock, flushMs: 4 });
    disk.onCommit(() => {
      if (this.plan.strikes("power-cut-before-commit")) return { kind: "cut", when: "before" };
      if (this.plan.strikes("power-cut-during-commit")) return { kind: "cut", when: "during" };
      if (this.plan.strikes("power-cut-after-commit")) return { kind: "cut", when: "after" };
      return { kind: "go" };
    });
    return disk;
  }

  #makeBroker(): SimulatedBroker {
    const broker = new SimulatedBroker(this.clock, this.random.stream("broker"));
    const draw = this.random.stream("delivery");
    broker.setFaults({
      onPublish: () => "deliver",
      onDelivery: ({ topic }) => {
        if (topic.endsWith("/dn/rcpt") && this.plan.strikes("receipt-lost")) return [];
        const lateMs = this.plan.strikes("message-delayed") ? draw.between(50, 4_000) : 0;
        return this.plan.strikes("message-duplicated") ? [lateMs, draw.between(0, 2_000)] : [lateMs];
      },
    });
    return broker;
  }

  /** The insured person to whom a card belongs. */
  personOf({ card }: WatchedCard): InsuredPerson {
    const { cardNumber } = socialNumbers(card);
    const person = this.persons.find(({ cards }) => cards.some((each) => each.cardNumber === cardNumber));
    promised(0, person !== undefined, () => "every card of the town has its person");
    return person;
  }

  #makePersons(cards: readonly SimulatedCard[]): readonly InsuredPerson[] {
    return cards.map((card, at) =>
      insuredPerson({
        personNumber: `9901${String(at).padStart(2, "0")}${card.serial.slice(-14)}`,
        cards: [socialNumbers(card)],
        accountFen: 50_000_000n,
      }),
    );
  }

  #openOffice(): ListOffice {
    const { suite, cards, host, trace, charges } = this;
    return new ListOffice({ suite, draw: this.random.stream("office"), cards, host, trace, charges, terminalId: TERMINAL_ID });
  }

  #openInsurer(): Insurer {
    const { persons } = this;
    return openInsurer({ clock: this.#hostClock(), randomness: this.random.stream("insurer"), ledger: InsurerLedger.open(":memory:"), persons });
  }

  #openAcquirer(cards: readonly SimulatedCard[]): Acquirer | undefined {
    if (this.bank === undefined) return undefined;
    const accounts = cards.map((card) => ({ pan: card.personalization.electronicCash?.pan ?? "", balanceFen: BALANCE_FEN, pin: TEST_BANK_PIN }));
    return openAcquirer({
      clock: this.#hostClock(),
      suite: this.suite,
      randomness: this.random.stream("acquirer"),
      ledger: AcquirerLedger.open(":memory:"),
      contracts: [this.bank.contract],
      variants: this.bank.variants,
      accounts,
    });
  }

  #openAgency(cards: readonly SimulatedCard[]): Agency | undefined {
    if (this.bank === undefined) return undefined;
    const enrolments = cards.map((card) => holderOfCard({ serial: Number(card.serial.slice(-8)), bills: [] }));
    const { suite } = this;
    return openAgency({ clock: this.#hostClock(), suite, randomness: this.random.stream("agency"), ledger: AgencyLedger.open(":memory:"), enrolments });
  }

  /** The terminal's folders of its services, for one life of it. */
  servicePlaces(): ServicePlaces {
    const { known, losses, bank } = this.#serviceDisks;
    return { known: known.open(), losses: losses.open(), bank: bank.open() };
  }

  /** The power of the terminal has failed: whatever was not flushed may be lost. */
  crashDisks(some: SeededRandomness): void {
    this.disk.crash({ some });
    for (const disk of Object.values(this.#serviceDisks)) disk.crash({ some });
  }

  /** The acquirer as it is reached, whichever way leads there. */
  get bankService(): Service | undefined {
    const { acquirer, bank } = this;
    return acquirer === undefined ? undefined : (bank?.between?.(acquirer) ?? acquirer.exchange);
  }

  /** What the head-end serves. */
  #services(): ReadonlyMap<string, Service> {
    const { bankService, agency } = this;
    return new Map([
      ["fsi", this.insurer.exchange] as const,
      ...(bankService === undefined ? [] : [["acquirer", bankService] as const]),
      ...(agency === undefined ? [] : [["agency", agency.exchange] as const]),
    ]);
  }

  #openHost(): SettlementHost {
    return openSettlementHost({
      clock: this.#hostClock(),
      randomness: this.random.stream("host"),
      suite: this.suite,
      keys: hostKeys(this.suite, { signingScalarHex: HOST_SCALAR_HEX, dataKeysHex: { [KID]: DATA_KEY_HEX } }),
      ledger: this.ledger,
      terminals: [],
      link: this.broker.link("settlement-host"),
      debitOracle: testDebitOracle(this.suite, DEFAULT_CARD_PROFILE),
      charges: this.charges,
      services: this.#services(),
      log: SILENT,
    });
  }

  /** The host's own clock: nobody sets it while the world runs. */
  #hostClock() {
    const { clock } = this;
    return { monotonicMs: () => clock.monotonicMs(), wallMs: () => START_WALL_MS + Math.floor(clock.monotonicMs()), sleep: clock.sleep.bind(clock) };
  }
}

/** Everything about a card's holder that must never be seen in the clear. */
function personalNumbers(card: SimulatedCard): readonly string[] {
  const { cardNumber, cardIdentifier } = socialNumbers(card);
  const { social, electronicCash } = card.personalization;
  const secrets = [card.serial, cardNumber, cardIdentifier, socialSecurityNumber(card), social.pin ?? "", electronicCash?.pan ?? ""];
  return secrets.filter((secret) => secret !== "");
}

/** Names a journal entry's subject by its sequence only: for traces. */
export function shortSubject(subject: string): string {
  return subject.slice(subject.lastIndexOf("-") + 1);
}
