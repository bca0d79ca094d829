/* A counter of services in one process: simulated card, module, PIN entry, pad, agency and disks under virtual time; it can be switched off and on. */
import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { makeTestCard, type TestCardOptions } from "../../../simulators/card/make.ts";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SimulatedStorageDisk } from "../../../simulators/disk/storage.ts";
import { type Agency, openAgency } from "../../../simulators/host/agency/agency.ts";
import { AgencyLedger } from "../../../simulators/host/agency/ledger.ts";
import { holderOfCard } from "../../../simulators/host/agency/persons.ts";
import type { AgencyVariants } from "../../../simulators/host/agency/service.ts";
import type { CardStatus } from "../../../simulators/host/agency/words.ts";
import { type HolderAct, ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { type PinChangeAct, SimulatedPinChanger } from "../../../simulators/pinpad/pin-changer.ts";
import { SimulatedPinPad } from "../../../simulators/pinpad/pin-pad.ts";
import { SimulatedPinVerifier } from "../../../simulators/pinpad/pin-verifier.ts";
import { makeTestPsam } from "../../../simulators/psam/make.ts";
import { makeSamReader, SimulatedReader } from "../../../simulators/reader/in-process.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Limits } from "../../base/ports.ts";
import { openPsam } from "../../card/psam/open.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { openAgencyClient } from "../agency/open.ts";
import type { AgencyHost, HostReply } from "../hosts.ts";
import { openJournal, type TerminalJournal } from "../journal/journal.ts";
import { createLane, createSalesInFlight } from "../lane.ts";
import type { ListHit, ListKey } from "../lists/lists.ts";
import { openLocalList } from "../lists/local.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { CardServiceOutcome, CardServiceRequest, PersonClaim } from "./acts.ts";
import { type CardServices, openCardServices } from "./open.ts";
import type { CardServicePorts } from "./ports.ts";
import { DEFAULT_SERVICE_PROFILE, type ServiceProfile } from "./profile.ts";

export const SUITE = openCipherSuite();
/** 2026-01-05 12:00:00 in China, a Monday. */
export const NOON_MS = Date.UTC(2026, 0, 5, 4);
export const PIN = "246813";
export const NEW_PIN = "135790";
export const OPERATOR = "op1";
export const LIMITS = { timeoutMs: 10_000, signal: new AbortController().signal };
const STORAGE_KEY = SUITE.secretKey(new Uint8Array(16).fill(5));
const SIGNING = SUITE.sm2PrivateKey(new Uint8Array(32).fill(9));
export const TERMINAL_KEY = SIGNING.publicKey;

/** Everything that a region can switch on. */
export const EVERYTHING: ServiceProfile = {
  ...DEFAULT_SERVICE_PROFILE,
  activationMode: "host-call",
  pinResetAtTerminal: "authorised-post",
  lossCalls: "temporary-and-formal",
  lossWithdrawal: "host-call",
  detailChange: "host-call",
  libraryHost: "connected",
  contributionHost: "connected",
  examFeeHost: "connected",
  benefitHost: "connected",
  cashWithdrawal: "on",
  purseLoad: "on",
  workInjury: "connected",
  offlineMedicalCard: "card-flags",
};

/** Where cards of the test region keep telephone and address; the simulated card has these records. */
export const CARD_ITEMS: AgencyVariants["cardItems"] = {
  address: { directory: "df01", file: 0x06, tag: 0x20, length: 0x18, controlKey: "uk2-df01", macKey: "stk-df01" },
  telephone: { directory: "df01", file: 0x07, tag: 0x20, length: 0x18, controlKey: "uk3-df01", macKey: "stk-df01" },
};

export interface CounterOptions {
  readonly card?: Partial<TestCardOptions>;
  /** State of the card at the agency. */
  readonly status?: CardStatus;
  readonly variants?: Partial<AgencyVariants>;
  readonly profile?: Partial<ServiceProfile>;
  readonly holder?: readonly HolderAct[];
  readonly changes?: readonly PinChangeAct[];
  readonly pad?: readonly HolderAct[];
  /** False: no agency is connected. */
  readonly agency?: boolean;
  /** What the hosts' lists say of any card. */
  readonly hit?: ListHit;
  readonly more?: Partial<CardServicePorts>;
}

export const SERIAL = 7;

/** The holder of the test card, by the document that the counter's reader gives. */
export function person(serial: number = SERIAL): PersonClaim {
  const { name, identityNumber } = holderOfCard({ serial }).person;
  return { name, identityNumber, documentShown: "identity-card" };
}

export function cardNumbers(serial: number = SERIAL): { readonly cardNumber: string; readonly cardIdentifier: string } {
  const { cardNumber = "", cardIdentifier = "" } = holderOfCard({ serial }).cards[0] ?? {};
  return { cardNumber, cardIdentifier };
}

export class ServiceCounter {
  readonly clock = new VirtualClock(NOON_MS);
  readonly disk = new SimulatedJournalDisk({ clock: this.clock, flushMs: 1 });
  readonly storage = new SimulatedStorageDisk();
  readonly listStorage = new SimulatedStorageDisk();
  readonly agency: Agency;
  readonly card: SimulatedCard;
  readonly reader: SimulatedReader;
  readonly holder: ScriptedHolder;
  readonly changer: SimulatedPinChanger;
  /** Every event of the log with its fields, as text. */
  readonly logged: string[] = [];
  /** Bodies as they reached the agency. */
  readonly bodies: string[] = [];
  readonly #options: CounterOptions;
  readonly #pad: SimulatedPinPad;
  /** 0 while the terminal is off; a dead terminal hears nothing. */
  #life = 0;
  #running: { readonly ports: CardServicePorts; readonly services: CardServices; readonly journal: TerminalJournal } | undefined;

  constructor(options: CounterOptions = {}) {
    const { clock } = this;
    this.#options = options;
    this.card = testCard(options.card);
    this.reader = new SimulatedReader({ name: "counter", interface: this.card.personalization.interface, clock });
    this.reader.insert(this.card);
    this.holder = new ScriptedHolder(options.holder ?? [{ kind: "enters", digits: PIN }]);
    this.changer = new SimulatedPinChanger({ clock, acts: options.changes ?? [{ kind: "changes", old: PIN, next: NEW_PIN }] });
    this.#pad = new SimulatedPinPad({ clock, suite: SUITE, holder: new ScriptedHolder(options.pad ?? [{ kind: "enters", digits: NEW_PIN }]) });
    this.agency = openAgency({
      clock,
      randomness: new SeededRandomness("agency"),
      suite: SUITE,
      ledger: AgencyLedger.open(":memory:"),
      enrolments: [holderOfCard({ serial: SERIAL, status: options.status ?? "active" }), holderOfCard({ serial: SERIAL + 1 })],
      latencyMs: 50,
      variants: { cardItems: CARD_ITEMS, ...options.variants },
    });
  }

  get ports(): CardServicePorts {
    return this.#opened.ports;
  }

  get services(): CardServices {
    return this.#opened.services;
  }

  get journal(): TerminalJournal {
    return this.#opened.journal;
  }

  get #opened() {
    if (this.#running === undefined) throw new Error("the counter is switched on first");
    return this.#running;
  }

  async switchOn(): Promise<this> {
    this.#running = await this.run(this.#open());
    return this;
  }

  /** The terminal dies; card, agency and disks stay. */
  cutPower(): void {
    this.#life += 1;
    this.#running = undefined;
    this.disk.crash();
    this.reader.cutPower();
  }

  run<Value>(work: Promise<Value>): Promise<Value> {
    return this.clock.resolve(work);
  }

  perform(request: CardServiceRequest): Promise<CardServiceOutcome> {
    return this.run(this.services.perform(request, LIMITS));
  }

  takeUp(): Promise<number> {
    return this.run(this.services.takeUpPending({ ...LIMITS, timeoutMs: 60_000 }));
  }

  async pass(durationMs: number): Promise<void> {
    await this.clock.resolve(this.clock.sleep(durationMs), durationMs + 1_000);
  }

  /** Another card comes, or the same one again. */
  present(card: SimulatedCard = this.card): void {
    this.reader.remove();
    this.reader.insert(card);
  }

  /** The first command with this class and instruction is torn; the next ones go on. */
  tearOnce(header: readonly [cla: number, ins: number], at: "before" | "after"): void {
    let done = false;
    this.reader.setFate(({ command }) => {
      if (done || command[0] !== header[0] || command[1] !== header[1]) return { kind: "ok" };
      done = true;
      return { kind: "tear", at };
    });
  }

  /** What the disks hold, as text: for questions whether something stands there in the clear. */
  onDisks(): string {
    const files = [...this.storage.files.values(), ...this.listStorage.files.values()].map((each) => Buffer.from(each).toString("latin1"));
    return files.join("\n");
  }

  async #open() {
    const { clock } = this;
    this.#life += 1;
    const life = this.#life;
    const randomness = new SeededRandomness(`counter ${life}`);
    const note = (event: string, fields = {}) => void this.logged.push(`${event} ${JSON.stringify(fields)}`);
    const log: Log = { info: note, warn: note, error: note };
    const journal = await openJournal({ store: this.disk.open(), clock, randomness, suite: SUITE, storageKey: STORAGE_KEY, terminalId: "T1", log });
    await recoverAtStart({ journal, log });
    const samReader = makeSamReader(makeTestPsam(SUITE), { name: "module", clock });
    const psam = await openPsam(samReader, { clock, profile: DEFAULT_CARD_PROFILE }, LIMITS);
    const localList = await openLocalList({
      storage: this.listStorage.open(),
      suite: SUITE,
      storageKey: STORAGE_KEY,
      log,
      trustedMsOrUndefined: () => clock.wallMs(),
      hostPresent: () => true,
      lapseWhileOffline: false,
    });
    const { agency: connected = true, hit, profile, more } = this.#options;
    const host: AgencyHost = { exchange: (body, limits) => this.#exchange(body, limits, life) };
    const ports: CardServicePorts = {
      clock,
      timekeeper: { reading: () => ({ wallMs: clock.wallMs(), clock: { quality: "trusted", errorMs: 40 } }) },
      log,
      journal,
      history: journal,
      suite: SUITE,
      randomness,
      storage: this.storage.open(),
      storageKey: STORAGE_KEY,
      signing: SIGNING,
      lane: createLane(),
      sales: createSalesInFlight(),
      reader: this.reader,
      psam,
      pin: new SimulatedPinVerifier({ clock, holder: this.holder }),
      pinChanger: this.changer,
      pinPad: this.#pad,
      cardProfile: DEFAULT_CARD_PROFILE,
      social: {},
      lists: {
        find: (keys: readonly ListKey[]) => (keys.length > 0 ? hit : undefined),
        states: () => [{ level: "city", sequence: 3, entries: 1, issuedMs: NOON_MS }],
      },
      localList,
      ...(connected ? { agency: openAgencyClient({ clock, randomness, log, host, terminalId: "T1" }) } : {}),
      profile: { ...EVERYTHING, ...profile },
      place: { kind: "counter", institutionName: "测试服务点", medical: true, bank: true, quickPayment: true },
      isAuthorised: (operator) => operator === OPERATOR,
      ...more,
    };
    return { ports, services: openCardServices(ports), journal };
  }

  async #exchange(body: Uint8Array, limits: Limits, life: number): Promise<HostReply> {
    if (life !== this.#life) return new Promise<never>(() => undefined);
    this.bodies.push(Buffer.from(body).toString());
    const seen = this.agency.exchange(body).then((reply) => (reply === undefined ? new Promise<never>(() => undefined) : reply));
    try {
      const reply = await withDeadline(seen, { ...limits, clock: this.clock, what: "agency", effectUnknown: true });
      return life === this.#life ? { kind: "answered", body: reply } : await new Promise<never>(() => undefined);
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return { kind: "unknown", reason: fault.code };
    }
  }
}

/** A card with PIN, purse, electronic cash and medical purse, by contacts. */
export function testCard(options: Partial<TestCardOptions> = {}): SimulatedCard {
  return makeTestCard(SUITE, { serial: SERIAL, balanceFen: 10_000, algorithm: "sm4", pin: PIN, ...options });
}

export async function counter(options: CounterOptions = {}): Promise<ServiceCounter> {
  return new ServiceCounter(options).switchOn();
}
