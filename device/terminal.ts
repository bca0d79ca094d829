/*
 * Goal: one terminal out of its parts, whatever the parts are made of: real adapters, or a simulated world.
 * Method: everything that touches the world is a parameter. This file joins journal, card, flows and sync; it imports no adapter.
 */
import { DownloadedAuthorities } from "./bank/downloaded-authorities.ts";
import { lateTender, openTerminalBank, type TerminalBank } from "./bank/terminal-bank.ts";
import type { Limits } from "./base/ports.ts";
import { electronicCashPorts, initialPinRule } from "./card-ports.ts";
import { closeDevices, type Devices } from "./drivers/adapter.ts";
import type { Psam } from "./drivers/ports.ts";
import { type LaneListener, LaneListeners } from "./gate/lane-listeners.ts";
import { openTerminalGates, type TerminalGates } from "./gate/terminal-gates.ts";
import { keepCatalogue } from "./medical/catalogue.ts";
import { DEFAULT_COUNTER_BOUNDS, MedicalCounter, type MedicalCounterParts } from "./medical/counter.ts";
import { bindOffline } from "./medical/offline.ts";
import { type BoundReconciliation, bindReconciliation } from "./medical/reconciliation.ts";
import type { Permission, PermissionView } from "./permission.ts";
import { keepJournal } from "./retention.ts";
import { SaleLane, type SharedSales } from "./sale-lane.ts";
import { NO_MODULE } from "./security-module.ts";
import type { CardRules } from "./services/local-rules.ts";
import { openTerminalServices, type TerminalServices } from "./services/terminal-services.ts";
import { sharedSales } from "./shared-sales.ts";
import type { ShopActs } from "./shop/acts.ts";
import { openTerminalShop, type TerminalShop } from "./shop/terminal-shop.ts";
import type { Sync, SyncStatus } from "./sync/sync.ts";
import { exposureOf, type TerminalExposure } from "./terminal-exposure.ts";
import { type Opened, openParts } from "./terminal-opening.ts";
import type { TerminalParts } from "./terminal-parts.ts";
import type { BankActs } from "./txn/acquiring/acts.ts";
import type { CardServiceActs } from "./txn/card-services/acts.ts";
import { DEFAULT_SERVICE_PROFILE } from "./txn/card-services/profile.ts";
import type { ContributionActs } from "./txn/contributions/acts.ts";
import type { GateService } from "./txn/gate/lane.ts";
import type { TerminalJournal } from "./txn/journal/journal.ts";
import type { ClockQuality, JsonObject } from "./txn/journal/types.ts";
import { createSalesInFlight, type SalesInFlight } from "./txn/lane.ts";
import { createCatalogueBook } from "./txn/medical-host/catalogue.ts";
import type { HostPorts } from "./txn/medical-host/ports.ts";
import { createSignInBook } from "./txn/medical-host/sign-in.ts";
import { openOffline } from "./txn/medical-offline/later.ts";
import type { OfflineView } from "./txn/medical-offline/ports.ts";
import type { OrderActs } from "./txn/medical-order/order.ts";
import { openMedicalBackground } from "./txn/medical-purchase/background.ts";
import type { MedicalPurchaseLimits, MedicalPurchaseRequest } from "./txn/medical-purchase/ports.ts";
import { runMedicalPurchase } from "./txn/medical-purchase/run.ts";
import type { MedicalOutcome } from "./txn/medical-purchase/types.ts";
import type { ReconciliationActs } from "./txn/medical-reconciliation/acts.ts";
import type { ElectronicCashPorts } from "./txn/quick-payment/ports.ts";
import type { QuickPaymentOutcome } from "./txn/quick-payment/types.ts";
import type { OfflineLease } from "./txn/risk/lease.ts";
import type { Rounds } from "./txn/rounds.ts";
import type { SaleRequest } from "./txn/sale-request.ts";
import type { SaleTimes } from "./txn/sale-time.ts";
import type { StockUploads } from "./txn/stock-upload/types.ts";
import { createTapTimelines, type TapTimelines } from "./txn/tap-timeline/timelines.ts";
import type { TapTimesView } from "./txn/tap-timeline/types.ts";

export interface TerminalStatus extends SyncStatus {
  readonly terminalId: string;
  readonly journalId: string;
  readonly boot: number;
  readonly exposure: TerminalExposure;
  /** How far the clock may be relied on. */
  readonly clockQuality: ClockQuality;
  /** What may be sold without the host, and what is known about it; absent where only the terminal's own limits count. */
  readonly permission?: PermissionView;
  /** Session, batch, and what is pending or parked; absent where no acquirer is configured. */
  readonly bank?: JsonObject;
}

export interface Terminal {
  readonly journal: TerminalJournal;
  /** What stands around the readers, as far as this terminal has it. */
  readonly devices: Devices;
  /** One sale from a purse of the card. Never rejects for what the world does. */
  quickPayment(request: SaleRequest, limits: Limits): Promise<QuickPaymentOutcome>;
  /** Orders of a counter: settlement, tenders, void, upload and receipt of each as one. */
  readonly orders: OrderActs;
  /** The lanes of its gates; absent where it has none. */
  readonly gates: GateService | undefined;
  /** Calls `listener`, which never throws, for what happens at each lane, until the returned function is called. */
  onLaneEvent(listener: LaneListener): () => void;
  /** Refunds of sales from a purse, shifts, and their slips. */
  readonly shop: ShopActs;
  /** Bank cards; absent where no acquirer is configured. */
  readonly bank: BankActs | undefined;
  /** Contributions and benefits; absent where no agency is connected. */
  readonly contributions: ContributionActs | undefined;
  /** Services of the card; absent where they have no place to keep what they know. */
  readonly services: CardServiceActs | undefined;
  /** What the reader library is served from; absent where there are no services. */
  readonly readerPlace: TerminalServices["readerPlace"] | undefined;
  /** The daily comparison with the insurer's books; absent where nothing keeps its results. */
  readonly reconciliation: ReconciliationActs | undefined;
  /** What the insurer has refused to take of sales and returns, for people. */
  readonly uploads: StockUploads;
  /** Sales without the insurer for which something is still to be done, oldest first. Faults: those of the journal. */
  openOffline(limit: number): Promise<readonly OfflineView[]>;
  /** One settlement with the medical host. Never rejects for what the world does. */
  medicalPurchase(request: MedicalPurchaseRequest, limits: Limits): Promise<MedicalOutcome>;
  status(): TerminalStatus;
  /** Earliest that the trusted time may be; undefined where nobody knows it. */
  trustedMs(): number | undefined;
  /** Where the time of taps goes, over all places. */
  tapTimes(): TapTimesView;
  /** Whether nothing is left to be told anybody: what is owed to the bank is gathered first. Faults: those of the journal. */
  settled(): Promise<boolean>;
  /** Resolves when every durable entry is receipted. Faults: "timeout", "cancelled". */
  idle(limits: Limits): Promise<void>;
  /** Ends sending, closes the devices and the journal. */
  stop(): Promise<void>;
}

class AssembledTerminal implements Terminal {
  readonly journal: TerminalJournal;
  readonly devices: Devices;
  readonly #parts: TerminalParts;
  readonly #sync: Sync;
  readonly #sales: SalesInFlight = createSalesInFlight();
  /** The place where people are served by somebody. */
  readonly #desk: SaleLane;
  readonly #shared: SharedSales;
  #gates: TerminalGates | undefined;
  readonly #laneListeners = new LaneListeners();
  readonly #shop: TerminalShop;
  readonly #hostPorts: HostPorts;
  readonly #background: Rounds;
  readonly #counter: MedicalCounter;
  readonly #lease: OfflineLease;
  readonly #permission: Permission;
  readonly #cardRules: CardRules;
  readonly #taps: TapTimelines;
  readonly #catalogue = createCatalogueBook();
  readonly #reconciliation: BoundReconciliation | undefined;
  readonly #stopped = new AbortController();
  readonly #catalogueRounds: Rounds;
  readonly #retention: Rounds | undefined;
  readonly #electronicCash: ElectronicCashPorts | undefined;
  readonly #saleTimes: SaleTimes;
  readonly #downloaded: DownloadedAuthorities;
  #bank: TerminalBank | undefined;
  #services: TerminalServices | undefined;

  constructor(given: TerminalParts, opened: Opened) {
    // A PIN that was changed or reset here counts for payments too, where nobody else says what it is.
    const parts: TerminalParts = { initialPinEvidence: (card) => this.#services?.pinEvidence(card) ?? "unknown", ...given };
    const { clock, settings, log } = parts;
    const { journal, sync, messageIds } = opened;
    const { devices = {} } = parts;
    this.journal = journal;
    this.devices = devices;
    this.#parts = parts;
    this.#downloaded = new DownloadedAuthorities(parts.suite);
    this.#electronicCash = electronicCashPorts(parts, this.#downloaded);
    this.#sync = sync;
    this.#permission = opened.permission;
    this.#cardRules = opened.cardRules;
    this.#taps = createTapTimelines({ clock });
    this.#saleTimes = opened.saleTimes;
    this.#shared = sharedSales(parts, { ...opened, inFlight: this.#sales, taps: this.#taps, electronicCash: this.#electronicCash });
    this.#desk = this.#openDesk();
    this.#lease = opened.lease;
    this.#hostPorts = {
      clock,
      journal,
      host: parts.medicalHost ?? sync.medicalHost,
      messageIds,
      medical: settings.medical.profile,
      signIns: createSignInBook(),
      log,
    };
    const { resolver, queryTimeoutMs } = settings.medical;
    const { trust } = opened.permission;
    this.#retention =
      settings.retention === undefined
        ? undefined
        : keepJournal({ clock, log, journal, trust, settings: settings.retention, hasBank: settings.bank !== undefined });
    this.#catalogueRounds = keepCatalogue(this.#hostPorts, this.#catalogue, queryTimeoutMs);
    this.#counter = this.#openCounter();
    this.#shop = openTerminalShop({
      ...{ clock, log, journal, devices, settings: settings.shop, unverifiedAmountFen: settings.risk.unverifiedAmountFen },
      institution: settings.medical.profile.sender.institutionName,
      quickPayment: (request, limits, givenUp) => this.#desk.begin(request, limits, givenUp),
      onReturned: (sale) => this.#gates?.service.giveBack(sale),
    });
    this.#reconciliation = this.#openReconciliation();
    this.#background = openMedicalBackground(this.#hostPorts, {
      ...resolver,
      queryTimeoutMs,
      journalTimeoutMs: settings.journalTimeoutMs,
      onResolved: () => this.#counter.wake(),
    });
  }

  get orders(): OrderActs {
    return this.#counter.orders;
  }

  get gates(): GateService | undefined {
    return this.#gates?.service;
  }

  get shop(): ShopActs {
    return this.#shop.acts;
  }

  onLaneEvent(listener: LaneListener): () => void {
    return this.#laneListeners.add(listener);
  }

  get bank(): BankActs | undefined {
    return this.#services?.bank;
  }

  /** Whether the acquirer refuses this account everywhere. */
  isListed(account: string): boolean {
    return this.#bank?.isListed(account) ?? false;
  }

  get contributions(): ContributionActs | undefined {
    return this.#services?.contributions;
  }

  get services(): CardServiceActs | undefined {
    return this.#services?.acts;
  }

  get readerPlace(): Terminal["readerPlace"] {
    return this.#services?.readerPlace;
  }

  get reconciliation(): ReconciliationActs | undefined {
    return this.#reconciliation?.acts;
  }

  get uploads(): StockUploads {
    return this.#counter.uploads;
  }

  openOffline(limit: number): Promise<readonly OfflineView[]> {
    return openOffline(this.journal, limit);
  }

  quickPayment(request: SaleRequest, limits: Limits): Promise<QuickPaymentOutcome> {
    return this.#desk.quickPayment(request, limits);
  }

  async medicalPurchase(request: MedicalPurchaseRequest, limits: Limits): Promise<MedicalOutcome> {
    const { settings, rules, userReader, pinVerifier: pin, randomness } = this.#parts;
    const { commandTimeoutMs, journalTimeoutMs, medical } = settings;
    const { pinTimeoutMs, queryTimeoutMs, settleTimeoutMs } = medical;
    const { scanner } = this.devices;
    const work = (psam: Psam) => {
      const ports = {
        ...this.#hostPorts,
        reader: this.#desk.feedback.over(userReader, { long: true }),
        psam,
        pin,
        randomness,
        social: { profile: settings.cardProfile, isListed: this.#permission.isListed },
        lane: this.#desk.lane,
        sales: this.#sales,
        initialPin: initialPinRule(this.#parts),
        ...(scanner === undefined ? {} : { scanner }),
      };
      const bounds: MedicalPurchaseLimits = { ...limits, commandTimeoutMs, pinTimeoutMs, queryTimeoutMs, settleTimeoutMs, journalTimeoutMs };
      return runMedicalPurchase(ports, request, bounds, rules?.medicalPurchase);
    };
    // Without a card nobody stands at the reader: its module, light and display are somebody else's.
    const byCard = request.asRead === undefined && (request.credential?.kind ?? "card") === "card";
    const outcome = await (byCard ? this.#desk.sale(request, limits, work) : work(NO_MODULE));
    if (outcome.kind === "unknown") this.#background.wake();
    return outcome;
  }

  trustedMs(): number | undefined {
    return this.#permission.trust.bounds()?.earliestMs;
  }

  status(): TerminalStatus {
    const { terminalId, journalId, boot } = this.journal;
    const { trust } = this.#permission;
    const permission = this.#permission.view();
    return {
      ...this.#sync.status(),
      ...{ terminalId, journalId, boot, exposure: exposureOf(this.journal, this.#lease), clockQuality: trust.quality() },
      ...(permission === undefined ? {} : { permission }),
      ...(this.#bank === undefined ? {} : { bank: this.#bank.acts.view() }),
    };
  }

  tapTimes(): TapTimesView {
    return this.#taps.view();
  }

  async settled(): Promise<boolean> {
    const isGathered = (await this.#bank?.gatherOwed()) ?? true;
    const { lastSeq, receiptedThrough } = this.journal;
    return isGathered && lastSeq === receiptedThrough && (await this.journal.openSubjects({ limit: 1 })).length === 0;
  }

  idle(limits: Limits): Promise<void> {
    return this.#sync.idle(limits);
  }

  async start(): Promise<void> {
    const { gate, onLaneEvent } = this.#parts;
    if (onLaneEvent !== undefined) this.onLaneEvent(onLaneEvent);
    const fares = this.#permission.fares ?? gate?.fares;
    if (gate !== undefined && fares !== undefined)
      this.#gates = await openTerminalGates(this.#shared, { ...gate, fares, ...this.#cardRules.concessions }, (lane, event) =>
        this.#laneListeners.tell(lane, event),
      );
    this.#bank = await this.#openBank();
    this.#services = this.#openServices();
    await this.#sync.start();
    this.#background.start();
    this.#bank?.start();
    this.#services?.start();
    this.#counter.start();
    this.#reconciliation?.start();
    void this.#lease.keep(this.#stopped.signal);
    void this.#permission.trust.keep(this.#stopped.signal);
    this.#gates?.start();
    if (this.#parts.moduleOpening !== undefined) void this.#desk.warmUp(this.#stopped.signal);
    this.#shop.start();
    this.#retention?.start();
    if (this.#parts.settings.medical.profile.region.offline.allowed) this.#catalogueRounds.start();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#parts.acquirerHost?.stop?.();
    await this.#gates?.stop();
    await this.#shop.stop();
    // Contributions wait for the bank, so that they end first.
    await this.#services?.stop();
    await this.#bank?.stop();
    await Promise.all([this.#background.stop(), this.#counter.stop(), this.#reconciliation?.stop(), this.#catalogueRounds.stop(), this.#retention?.stop()]);
    this.#sync.stop();
    await this.#desk.close();
    await closeDevices(this.devices);
    await this.#parts.link.close();
    await this.#parts.sealer.close();
    await this.#permission.close();
    await this.journal.close();
  }

  async #openBank(): Promise<TerminalBank | undefined> {
    const { settings, clock, log, suite, acquirerHost, userReader, services, rules } = this.#parts;
    if (settings.bank === undefined || services === undefined) return undefined;
    const { commandTimeoutMs, journalTimeoutMs, returnTimeoutMs, medical, purse } = settings;
    return openTerminalBank({
      ...{ settings: settings.bank, clock, log, journal: this.journal, devices: this.devices, desk: this.#desk },
      host: acquirerHost ?? this.#sync.acquirerHost,
      reader: this.#desk.feedback.over(userReader, { long: true }),
      sales: this.#sales,
      saleTimes: this.#saleTimes,
      cash: this.#electronicCash,
      ...{ suite, storage: services.bank, institution: medical.profile.sender.institutionName },
      saleDays: () => this.#permission.trust.saleDays(),
      onDecided: () => this.#counter.wake(),
      onAuthorities: (authorities) => this.#downloaded.serve(authorities),
      // A line of its own is there or not, whatever the settlement host does.
      hostPresent: () => acquirerHost !== undefined || this.#sync.uplink.hostPresent(),
      bounds: { commandTimeoutMs, journalTimeoutMs, returnTimeoutMs, pinTimeoutMs: medical.pinTimeoutMs },
      purse: { purse, keyIndex: purse.keyIndex },
      ...(rules?.bank === undefined ? {} : { rules: rules.bank }),
    });
  }

  #openServices(): TerminalServices | undefined {
    const { settings, services, clock, randomness, log, suite, storageKey, syncKeys, userReader, pinVerifier, pinChanger, rules } = this.#parts;
    if (services === undefined) return undefined;
    return openTerminalServices({
      ...{ clock, randomness, log, suite, storageKey, signing: syncKeys.signing, journal: this.journal, storage: services.known },
      settings: settings.services ?? { profile: DEFAULT_SERVICE_PROFILE },
      ...{ desk: this.#desk, sales: this.#sales, devices: this.devices, pinVerifier, permission: this.#permission },
      reader: this.#desk.feedback.over(userReader, { long: true }),
      initialPin: initialPinRule(this.#parts),
      cardProfile: settings.cardProfile,
      agencyHost: this.#sync.agencyHost,
      medical: this.#hostPorts,
      institution: settings.medical.profile.sender.institutionName,
      ...(pinChanger === undefined ? {} : { pinChanger }),
      cardRules: this.#cardRules,
      ...(this.#bank === undefined ? {} : { bank: this.#bank.acts }),
      ...(rules?.contribution === undefined ? {} : { contributionRules: { rules: rules.contribution } }),
    });
  }

  #openReconciliation(): BoundReconciliation | undefined {
    const { settings, reports: storage } = this.#parts;
    const { medical, journalTimeoutMs } = settings;
    const { reconciliation, serialLane, queryTimeoutMs } = medical;
    if (storage === undefined || reconciliation === undefined) return undefined;
    const { journal } = this;
    return bindReconciliation({
      host: this.#hostPorts,
      journal,
      storage,
      settings: reconciliation,
      serialLane,
      queryTimeoutMs,
      journalTimeoutMs,
      onDecided: () => this.#counter.wake(),
    });
  }

  #offline(): Pick<MedicalCounterParts, "offline"> {
    const { settings, clock, randomness, userReader, pinVerifier } = this.#parts;
    const { medical, cardProfile, commandTimeoutMs, journalTimeoutMs } = settings;
    const { offline, counter = DEFAULT_COUNTER_BOUNDS, pinTimeoutMs } = medical;
    if (offline === undefined) return {};
    const parts = {
      host: this.#hostPorts,
      settings: offline,
      lease: this.#lease,
      catalogue: this.#catalogue,
      clock,
      randomness,
      cardProfile,
      reader: this.#desk.feedback.over(userReader, { long: true }),
      pin: pinVerifier,
      initialPin: initialPinRule(this.#parts),
      lane: this.#desk.lane,
      sales: this.#sales,
      bounds: { ...counter, commandTimeoutMs, pinTimeoutMs, journalTimeoutMs },
    };
    return {
      offline: (tenders) =>
        bindOffline({
          ...parts,
          tenders,
          settle: (request, limits) => this.medicalPurchase(request, limits),
          withModule: (sale, limits, work) => this.#desk.sale(sale, limits, work),
        }),
    };
  }

  #openCounter(): MedicalCounter {
    const { settings, suite } = this.#parts;
    const { medical, journalTimeoutMs, risk } = settings;
    const { queryTimeoutMs, settleTimeoutMs, counter = DEFAULT_COUNTER_BOUNDS } = medical;
    return new MedicalCounter({
      host: this.#hostPorts,
      suite,
      sales: this.#sales,
      devices: this.devices,
      settle: (request, limits) => this.medicalPurchase(request, limits),
      quickPayment: (request, limits) => this.quickPayment(request, limits),
      onUnknown: () => this.#background.wake(),
      ...(settings.bank === undefined ? {} : { bank: lateTender(() => this.#bank) }),
      purses: this.#electronicCash === undefined ? ["e-purse"] : ["e-purse", "electronic-cash"],
      unverifiedAmountFen: risk.unverifiedAmountFen,
      ...this.#offline(),
      bounds: { ...counter, queryTimeoutMs, settleTimeoutMs, journalTimeoutMs },
    });
  }

  #openDesk(): SaleLane {
    const { userReader: reader, samReader, pinVerifier, lamp } = this.#parts;
    const { display } = this.devices;
    return new SaleLane(this.#shared, {
      reader,
      samReader,
      pinVerifier,
      ...(lamp === undefined ? {} : { lamp }),
      ...(display === undefined ? {} : { display }),
    });
  }
}

/** Opens the journal, settles what the last life left, begins to upload. Faults: those of the journal. */
export async function openTerminal(parts: TerminalParts): Promise<Terminal> {
  let bank: { readonly isListed: (account: string) => boolean } = { isListed: () => false };
  const opened = await openParts(parts, (account) => bank.isListed(account));
  // From here on nobody reads the machine's own wall clock, which anybody may set.
  const terminal = new AssembledTerminal({ ...parts, clock: opened.permission.trust.clock }, opened);
  await terminal.start();
  bank = terminal;
  return terminal;
}
