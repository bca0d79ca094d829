/*
 * The card's other functions at one counter, joined: contributions and benefits with the agency, and every service of the card. They share reader,
 * module and lane with its sales: one holder at a time.
 */
import type { Log } from "../base/log.ts";
import type { Clock, Limits, Randomness, Storage } from "../base/ports.ts";
import type { InitialPinEvidence } from "../card/social/initial-pin.ts";
import type { CardProfile } from "../codec/card-profile.ts";
import type { CipherSuite, SecretKey, Sm2PrivateKey } from "../crypto/face.ts";
import type { Devices } from "../drivers/adapter.ts";
import type { CardReader, PinChanger, PinVerifier } from "../drivers/ports.ts";
import type { Permission } from "../permission.ts";
import type { SaleLane } from "../sale-lane.ts";
import { lazyModule } from "../security-module.ts";
import type { BankActs } from "../txn/acquiring/acts.ts";
import { openAgencyClient } from "../txn/agency/open.ts";
import type { AgencyProfile } from "../txn/agency/profile.ts";
import type { CardServiceActs, CardServiceOutcome, CardServiceRequest } from "../txn/card-services/acts.ts";
import { type CardServices, openCardServices } from "../txn/card-services/open.ts";
import { DEFAULT_SERVICE_BOUNDS, type ServicePlace } from "../txn/card-services/ports.ts";
import type { ServiceProfile } from "../txn/card-services/profile.ts";
import type { ContributionActs } from "../txn/contributions/acts.ts";
import { type Contributions, openContributionActs } from "../txn/contributions/open.ts";
import type { ContributionRules } from "../txn/contributions/types.ts";
import type { AgencyHost } from "../txn/hosts.ts";
import type { InitialPinRule } from "../txn/initial-pin.ts";
import type { TerminalJournal } from "../txn/journal/journal.ts";
import type { SalesInFlight } from "../txn/lane.ts";
import type { LocalRule } from "../txn/local-rules/types.ts";
import type { HostPorts } from "../txn/medical-host/ports.ts";
import { saleMark } from "../txn/quick-payment/record.ts";
import { Rounds } from "../txn/rounds.ts";
import type { SaleRequest } from "../txn/sale-request.ts";
import { openCardSignatures, type SocialAuthority } from "./card-authorities.ts";
import { agencyOfBills, bankDoors, contributionDoors, rowDoor } from "./doors.ts";
import type { CardRules } from "./local-rules.ts";

/** What is decided by configuration. */
export interface ServiceSettings {
  readonly profile: ServiceProfile;
  /** How the region's agency is spoken to; absent: none is connected. */
  readonly agency?: AgencyProfile;
  /** Rules of the region or city; left out: none. */
  readonly localRules?: readonly LocalRule[];
  /** Whether this operator may activate, reset and unlock; left out: nobody may. */
  readonly isAuthorised?: (operator: string) => boolean;
  /** Whose certificates of cards are believed; left out: nobody's. */
  readonly cardAuthorities?: readonly SocialAuthority[];
}

export interface TerminalServicesParts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly suite: CipherSuite;
  readonly storageKey: SecretKey;
  readonly signing: Sm2PrivateKey;
  readonly journal: TerminalJournal;
  /** Last known values, in a folder of its own. */
  readonly storage: Storage;
  readonly settings: ServiceSettings;
  readonly desk: SaleLane;
  readonly sales: SalesInFlight;
  readonly reader: CardReader;
  readonly pinVerifier: PinVerifier;
  readonly pinChanger?: PinChanger;
  readonly devices: Devices;
  readonly initialPin: InitialPinRule;
  readonly cardProfile: CardProfile;
  readonly permission: Permission;
  readonly agencyHost: AgencyHost;
  readonly medical: HostPorts;
  /** Absent: no bank is behind this terminal. */
  readonly bank?: BankActs;
  readonly institution: string;
  readonly cardRules: CardRules;
  /** Left out: the real ones. */
  readonly contributionRules?: { readonly rules: ContributionRules };
}

/** First and longest rest between two looks at what waits: what does not even leave is noted each time. */
const PENDING_REST_MS = 60_000;
const PENDING_REST_MAX_MS = 600_000;
const PENDING_LIMIT_MS = 60_000;

/** Contributions are paid by the bank card: without a bank they are asked for and not paid. */
const NO_BANK: Pick<BankActs, "pay" | "takeBack" | "known"> = {
  pay: async () => ({ kind: "refused", reason: "bank-not-offered" }),
  takeBack: async () => ({ kind: "refused", reason: "bank-not-offered" }),
  known: async () => undefined,
};

/** Opens what the settings name; undefined where losses have no place, without which no card could be refused. */
export function openTerminalServices(parts: TerminalServicesParts): TerminalServices | undefined {
  const { localList } = parts.permission;
  return localList === undefined ? undefined : new TerminalServices(parts, localList);
}

export class TerminalServices {
  readonly acts: CardServiceActs;
  /** Absent where no agency is connected. */
  readonly contributions: ContributionActs | undefined;
  /** The bank with the doors that the switches shut; absent where no bank is behind this terminal. */
  readonly bank: BankActs | undefined;
  readonly #parts: TerminalServicesParts;
  readonly #services: CardServices;
  readonly #opened: Contributions | undefined;
  /** What the agency still has to be told. */
  readonly #telling: Rounds;

  constructor(parts: TerminalServicesParts, localList: NonNullable<Permission["localList"]>) {
    this.#parts = parts;
    const { settings, clock, randomness, log, agencyHost: host, journal } = parts;
    const { agency: profile } = settings;
    const place = this.#place();
    const door = rowDoor({ ...place, agency: profile !== undefined }, settings.profile);
    const agency = profile === undefined ? undefined : openAgencyClient({ clock, randomness, log, host, terminalId: journal.terminalId, profile });
    const { reader } = parts;
    const psam = lazyModule((limits) => parts.desk.module(limits));
    const { pinPad, printer } = parts.devices;
    const { trust, lists } = parts.permission;
    const { sales: ruled, links } = parts.cardRules;
    const shared = { clock, randomness, log, journal, reader, psam, lane: parts.desk.lane, sales: parts.sales, pin: parts.pinVerifier };
    const { cardAuthorities: authorities = [] } = settings;
    const cardSignature = openCardSignatures({ suite: parts.suite, randomness, log, profile: parts.cardProfile, authorities });
    this.#services = openCardServices({
      ...shared,
      timekeeper: trust,
      history: journal,
      suite: parts.suite,
      storage: parts.storage,
      storageKey: parts.storageKey,
      signing: parts.signing,
      initialPin: parts.initialPin,
      cardProfile: parts.cardProfile,
      social: {},
      lists,
      localList,
      medical: parts.medical,
      profile: settings.profile,
      place,
      bounds: DEFAULT_SERVICE_BOUNDS,
      ...(parts.pinChanger === undefined ? {} : { pinChanger: parts.pinChanger }),
      ...(pinPad === undefined ? {} : { pinPad }),
      ...(cardSignature === undefined ? {} : { cardSignature }),
      ...(agency === undefined ? {} : { agency }),
      cardKeys: (card) => links.keysOf(card),
      ...(ruled === undefined ? {} : { onStatementPrinted: (cardNumber: string) => ruled.statementPrinted(cardNumber) }),
      ...(settings.isAuthorised === undefined ? {} : { isAuthorised: settings.isAuthorised }),
    });
    this.acts = { perform: (request, limits) => this.#perform(request, limits), table: () => this.#services.table() };
    this.#opened =
      agency === undefined
        ? undefined
        : openContributionActs({
            ...shared,
            agency: agencyOfBills(agency, door),
            bank: parts.bank === undefined ? NO_BANK : this.#quietly(parts.bank),
            social: { profile: parts.cardProfile },
            place: { institution: parts.institution, terminal: journal.terminalId },
            ...(printer === undefined ? {} : { printer }),
            ...parts.contributionRules,
          });
    this.contributions = this.#opened === undefined ? undefined : this.#served(contributionDoors(this.#opened.acts, door));
    const isBegun = async (reference: string) => (await journal.mark(saleMark(reference))) !== undefined;
    this.bank = parts.bank === undefined ? undefined : bankDoors(parts.bank, door, isBegun);
    this.#telling = this.#openTelling();
  }

  /** The counter's reader, module and acts, for programs that were written for a reader's library. */
  get readerPlace() {
    const { suite, reader, desk, pinVerifier, initialPin, cardProfile, permission, journal } = this.#parts;
    return {
      ...{ suite, reader, initialPin, cardProfile, journal },
      lane: desk.lane,
      module: (limits: Limits) => desk.module(limits),
      pin: pinVerifier,
      social: { isListed: permission.isListed },
      today: () => permission.trust.saleDays().latest,
      services: this.#services,
      sell: (request: SaleRequest, limits: Limits) => desk.quickPayment(request, limits),
      deviceNumber: journal.terminalId,
    };
  }

  /** What changes and resets at this terminal tell of a card's PIN. */
  pinEvidence(cardIdentifier: string): InitialPinEvidence {
    return this.#services.pinEvidence(cardIdentifier);
  }

  start(): void {
    this.#opened?.background.start();
    this.#telling.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#opened?.background.stop(), this.#telling.stop()]);
  }

  async #perform(request: CardServiceRequest, limits: Limits): Promise<CardServiceOutcome> {
    const outcome = await this.#parts.desk.served(undefined, () => this.#services.perform(request, limits));
    if (outcome.kind === "unknown") this.#telling.wake();
    return outcome;
  }

  /** The holder sees and hears of each act. */
  #served(acts: ContributionActs): ContributionActs {
    const { desk } = this.#parts;
    return {
      bills: (request, limits) => desk.served(undefined, () => acts.bills(request, limits)),
      pay: (request, limits) => desk.served(request.amount, () => acts.pay(request, limits)),
      benefits: (request, limits) => desk.served(undefined, () => acts.benefits(request, limits)),
      known: (reference) => acts.known(reference),
      receipt: (reference) => acts.receipt(reference),
      settleCase: (subject, act) => acts.settleCase(subject, act),
      openCases: (limit) => acts.openCases(limit),
    };
  }

  /** The bank inside a contribution: what the holder is shown is the contribution's own end. */
  #quietly(bank: BankActs): Pick<BankActs, "pay" | "takeBack" | "known"> {
    const { desk } = this.#parts;
    return {
      pay: (request, limits) => desk.quietly(() => bank.pay(request, limits)),
      takeBack: (request, limits) => desk.quietly(() => bank.takeBack(request, limits)),
      known: (reference) => bank.known(reference),
    };
  }

  #place(): ServicePlace {
    const { institution, bank, cardRules } = this.#parts;
    const { merchantAgreement } = cardRules;
    return { kind: "counter", institutionName: institution, medical: true, bank: bank !== undefined, quickPayment: true, merchantAgreement };
  }

  #openTelling(): Rounds {
    const { clock, log } = this.#parts;
    let before = 0;
    let restMs = PENDING_REST_MS;
    return new Rounds({
      clock,
      log,
      failedAs: "services-not-taken-up",
      restAfterFaultMs: PENDING_REST_MS,
      round: async (signal) => {
        const waiting = await this.#services.takeUpPending({ timeoutMs: PENDING_LIMIT_MS, signal });
        restMs = waiting > 0 && waiting >= before ? Math.min(PENDING_REST_MAX_MS, restMs * 2) : PENDING_REST_MS;
        before = waiting;
        return restMs;
      },
    });
  }
}
