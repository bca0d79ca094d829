/* A counter in one process: simulated card, module, PIN entry, insurer and disk under virtual time, with power that can be cut. */

import type { SimulatedCard } from "../../../simulators/card/card.ts";
import { makeTestCard } from "../../../simulators/card/make.ts";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { type Insurer, openInsurer } from "../../../simulators/host/medical/insurer.ts";
import { InsurerLedger, type Settlement } from "../../../simulators/host/medical/insurer-ledger.ts";
import { insuredPerson } from "../../../simulators/host/medical/persons.ts";
import type { InsurerVariants } from "../../../simulators/host/medical/service.ts";
import { type HolderAct, ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { SimulatedPinVerifier } from "../../../simulators/pinpad/pin-verifier.ts";
import { makeTestPsam } from "../../../simulators/psam/make.ts";
import { makeSamReader, SimulatedReader } from "../../../simulators/reader/in-process.ts";
import { Power, poweredClock } from "../../../simulators/world/power.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { isFault } from "../../base/fault.ts";
import { fen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { openPsam } from "../../card/psam/open.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import type { Scanner } from "../../drivers/peripherals.ts";
import type { CardReader } from "../../drivers/ports.ts";
import type { HostReply, MedicalHost } from "../hosts.ts";
import { openJournal, type TerminalJournal } from "../journal/journal.ts";
import type { JournalEntry } from "../journal/types.ts";
import { createLane, createSalesInFlight } from "../lane.ts";
import type { CounterDesk, OrderAnswer, OrderEvent, OrderQuestion } from "../medical-desk/desk.ts";
import { openMessageIds } from "../medical-host/message-id.ts";
import { DEFAULT_REGION, type RegionSwitches } from "../medical-host/profile.ts";
import { createSignInBook } from "../medical-host/sign-in.ts";
import type { Clinic, MedicalPurchaseLimits, MedicalPurchasePorts, MedicalPurchaseRequest, RawCardRead } from "./ports.ts";
import { createResolverMemory, type ResolverMemory, type ResolverOptions, type ResolverRound, resolveMedical } from "./resolver.ts";

/** 2026-01-05 12:00:00 in China. */
const NOON_MS = Date.UTC(2026, 0, 5, 4);
const SUITE = opensslSuite();
const STORAGE_KEY = SUITE.secretKey(new Uint8Array(16).fill(7));
const CARD_NUMBER_TAG = 0x07;
const CARD_IDENTIFIER_TAG = 0x01;
export const PIN = "123456";
export const PERSON = "53010000000000000009";

export const MEDICAL_LIMITS: MedicalPurchaseLimits = {
  timeoutMs: 10_000,
  commandTimeoutMs: 1000,
  pinTimeoutMs: 20_000,
  queryTimeoutMs: 5000,
  settleTimeoutMs: 10_000,
  journalTimeoutMs: 5000,
  signal: new AbortController().signal,
};

export const RESOLVER_OPTIONS: ResolverOptions = {
  queryTimeoutMs: 5000,
  journalTimeoutMs: 5000,
  lateMarginMs: 60_000,
  pauseMinMs: 1000,
  pauseMaxMs: 20_000,
  signal: new AbortController().signal,
};

/** The basket of the worked example: 57.00 + 68.00 + 39.90. */
export function basket(reference: string): MedicalPurchaseRequest {
  const line = (nationalCode: string, quantity: string, unitPrice: string, amount: number) => ({
    nationalCode,
    ownCode: `O${nationalCode}`,
    quantity,
    unitPrice,
    amount: fen(amount),
  });
  return {
    reference,
    amount: fen(16_490),
    invoiceNumber: `I${reference}`,
    usesAccount: true,
    items: [
      line("XTEST0000000000000A1", "2", "28.50", 5700),
      line("XTEST0000000000000B1", "1", "68.00", 6800),
      line("XTEST0000000000000C1", "1", "39.90", 3990),
    ],
  };
}

/** What becomes of one message on its way. */
export type MessageFate = "deliver" | "not-sent" | "lost-before" | "lost-after" | "power-cut-before" | "power-cut-after";

export interface CounterOptions {
  readonly variants?: Partial<InsurerVariants>;
  readonly holder?: readonly HolderAct[];
  readonly insurances?: Parameters<typeof insuredPerson>[0]["insurances"];
  /** What else the insurer knows of the holder. */
  readonly person?: Partial<Parameters<typeof insuredPerson>[0]>;
  /** Left out: by contacts. */
  readonly interface?: "contact" | "contactless";
  /** Issue area of the holder's card, six digits; left out: that of test cards, in another province. */
  readonly cardRegion?: string;
  readonly region?: Partial<RegionSwitches>;
  /** Codes that the scanner gives, one after the other; left out: no scanner. */
  readonly scans?: readonly string[];
  /** Hardware that gives a card's own record. */
  readonly rawRead?: RawCardRead;
}

/** A national number as the certified reader of a counter gives it, of nobody. */
export const RESIDENT = { kind: "resident-id", number: "530102198001010019", name: "测试人员" } as const;

export const CLINIC: Clinic = { doctorCode: "D001", doctorName: "测试医师", departmentCode: "A02", departmentName: "全科" };

/** The same goods at a clinic. */
export function visitBasket(reference: string): MedicalPurchaseRequest {
  return { ...basket(reference), visit: "outpatient", clinic: CLINIC, disease: { code: "J00", name: "急性鼻咽炎" } };
}

/** A counter that answers by a script, and remembers what it was told and asked. */
export class ScriptedDesk implements CounterDesk {
  readonly told: OrderEvent[] = [];
  readonly asked: OrderQuestion[] = [];
  readonly #answers: OrderAnswer[];
  readonly #before: (question: OrderQuestion) => void;

  /** `before` happens while the question is open. */
  constructor(answers: readonly OrderAnswer[] = [], before: (question: OrderQuestion) => void = () => undefined) {
    this.#answers = [...answers];
    this.#before = before;
  }

  get steps(): readonly string[] {
    return this.told.map(({ is }) => is);
  }

  tell(event: OrderEvent): void {
    this.told.push(event);
  }

  ask(question: OrderQuestion): Promise<OrderAnswer> {
    this.asked.push(question);
    this.#before(question);
    return Promise.resolve(this.#answers.shift() ?? { answer: "none" });
  }
}

/** A scanner under whose light lie these codes; afterwards nothing comes. */
function scannerOf(codes: readonly string[], clock: Clock): Scanner {
  const left = [...codes];
  return {
    name: "scanner",
    health: () => Promise.resolve({ kind: "well" }),
    close: () => Promise.resolve(),
    openSession: () => ({
      next: async (limits) => {
        const code = left.shift();
        if (code !== undefined) return { data: new TextEncoder().encode(code) };
        return withDeadline(new Promise<never>(() => undefined), { ...limits, clock, what: "code", effectUnknown: false });
      },
      close: () => undefined,
    }),
  };
}

export class SimulatedCounter {
  readonly clock = new VirtualClock(NOON_MS);
  readonly disk: SimulatedJournalDisk;
  readonly reader: SimulatedReader;
  readonly ledger = InsurerLedger.open(":memory:");
  readonly insurer: Insurer;
  readonly card: SimulatedCard;
  readonly sent: string[] = [];
  /** The whole messages, as they reached the insurer. */
  readonly bodies: string[] = [];
  #fate: (infno: string) => MessageFate = () => "deliver";
  #power = new Power();
  #ports: MedicalPurchasePorts | undefined;
  #memory: ResolverMemory | undefined;
  #journal: TerminalJournal | undefined;
  readonly #samReader: SimulatedReader;
  readonly #holder: ScriptedHolder;
  readonly #options: CounterOptions;

  constructor(options: CounterOptions = {}) {
    this.disk = new SimulatedJournalDisk({ clock: this.clock, flushMs: 3 });
    this.disk.onCut(() => this.#power.cut());
    const { interface: by = "contact" } = options;
    this.#options = options;
    this.reader = new SimulatedReader({ name: "counter", interface: by, clock: this.clock });
    this.#samReader = makeSamReader(makeTestPsam(SUITE), { name: "module", clock: this.clock });
    this.#holder = new ScriptedHolder(options.holder ?? [{ kind: "enters", digits: PIN }]);
    this.card = testCard({ serial: 9, interface: by, ...(options.cardRegion === undefined ? {} : { regionCode: options.cardRegion }) });
    const person = insuredPerson({
      personNumber: PERSON,
      cards: [{ cardNumber: textOf(this.card, CARD_NUMBER_TAG), cardIdentifier: hexOf(this.card, CARD_IDENTIFIER_TAG) }],
      certificateNumber: RESIDENT.number,
      name: RESIDENT.name,
      ...(options.insurances === undefined ? {} : { insurances: options.insurances }),
      ...options.person,
    });
    this.insurer = openInsurer({
      clock: this.clock,
      randomness: { bytes: (length) => new Uint8Array(length) },
      ledger: this.ledger,
      persons: [person],
      latencyMs: 200,
      variants: options.variants ?? {},
    });
    this.reader.insert(this.card);
  }

  get on(): boolean {
    return this.#power.on;
  }

  get ports(): MedicalPurchasePorts {
    if (this.#ports === undefined) throw new Error("the counter is switched on first");
    return this.#ports;
  }

  /** The journal as a reader of all its entries sees it. */
  get journal(): TerminalJournal {
    if (this.#journal === undefined) throw new Error("the counter is switched on first");
    return this.#journal;
  }

  /** Decides what becomes of each message from now on, by its code. */
  plan(fate: (infno: string) => MessageFate): void {
    this.#fate = fate;
  }

  /** The first message of this code meets this fate, all others arrive. */
  planOnce(infno: string, fate: MessageFate): void {
    let done = false;
    this.plan((code) => {
      if (done || code !== infno) return "deliver";
      done = true;
      return fate;
    });
  }

  async switchOn(): Promise<void> {
    const power = new Power();
    this.#power = power;
    const clock = poweredClock(this.clock, power);
    let drawn = this.disk.incarnation;
    const randomness = {
      bytes: (length: number) =>
        Uint8Array.from({ length }, () => {
          drawn += 1;
          return (drawn * 37) & 0xff;
        }),
    };
    const journal = await openJournal({ store: this.disk.open(), clock, randomness, suite: SUITE, storageKey: STORAGE_KEY, terminalId: "T1", log: SILENT });
    const psam = await openPsam(this.#samReader, { clock, profile: DEFAULT_CARD_PROFILE }, { timeoutMs: 1000, signal: new AbortController().signal });
    this.#journal = journal;
    this.#ports = {
      clock,
      journal,
      log: SILENT,
      psam,
      randomness,
      reader: this.#guarded(this.reader, power),
      pin: new SimulatedPinVerifier({ clock, holder: this.#holder }),
      social: { profile: DEFAULT_CARD_PROFILE },
      lane: createLane(),
      sales: createSalesInFlight(),
      signIns: createSignInBook(),
      messageIds: await openMessageIds(journal, { institution: "P53010000001", serialLane: "1" }),
      host: this.#host(power),
      ...(this.#options.rawRead === undefined ? {} : { rawRead: this.#options.rawRead }),
      ...(this.#options.scans === undefined ? {} : { scanner: scannerOf(this.#options.scans, clock) }),
      medical: {
        region: { ...DEFAULT_REGION, ...this.#options.region },
        signsIn: true,
        sender: {
          institution: "P53010000001",
          institutionName: "Test Pharmacy",
          treatmentArea: "530102",
          receiverSystem: "FSI",
          interfaceVersion: "V1.0",
          operatorType: "1",
          operator: "op1",
          operatorName: "Operator One",
          deviceNumber: "T1",
        },
      },
    };
    this.#memory = createResolverMemory(this.#ports);
  }

  cutPower(): void {
    this.#power.cut();
    this.disk.crash();
    this.reader.cutPower();
    this.#samReader.cutPower();
  }

  /** Begins a round; somebody else lets time pass. */
  startRound(options: Partial<ResolverOptions> = {}): Promise<ResolverRound> {
    if (this.#memory === undefined) throw new Error("the counter is switched on first");
    return resolveMedical(this.ports, { ...RESOLVER_OPTIONS, ...options }, this.#memory);
  }

  resolve(options: Partial<ResolverOptions> = {}): Promise<ResolverRound> {
    return this.clock.resolve(this.startRound(options));
  }

  /** Rounds with their pauses until nothing is open. */
  async resolveAll(): Promise<number> {
    for (let rounds = 1; rounds <= 100; rounds += 1) {
      const { open, nextInMs } = await this.resolve();
      if (open === 0) return rounds;
      await this.pass(nextInMs ?? 0);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Lets time pass. */
  async pass(durationMs: number): Promise<void> {
    await this.clock.resolve(this.clock.sleep(durationMs));
  }

  async entries(): Promise<readonly JournalEntry[]> {
    return this.clock.resolve(this.#journal?.entries(1, 1000) ?? Promise.resolve([]));
  }

  async states(): Promise<readonly string[]> {
    return (await this.entries()).map(({ state }) => state);
  }

  /** What the insurer has booked and not taken back. */
  standing(): readonly Settlement[] {
    return this.ledger.settlements().filter(({ status }) => status === "booked");
  }

  #guarded(reader: CardReader, power: Power): CardReader {
    return {
      name: reader.name,
      interface: reader.interface,
      waitForCard: (limits) => power.guard(reader.waitForCard(limits)),
      waitForRemoval: (limits) => power.guard(reader.waitForRemoval(limits)),
      close: () => reader.close(),
    };
  }

  #host(power: Power): MedicalHost {
    return {
      exchange: async (body, limits) => {
        if (!power.on) return Power.never();
        const fate = this.#fate(codeOf(body));
        if (fate === "not-sent") return { kind: "not-sent", reason: "expired" };
        if (fate === "power-cut-before") return this.#die();
        const seen = this.#carry(body, fate);
        return fate === "power-cut-after" ? this.#die() : power.guard(this.#inTime(seen, limits));
      },
    };
  }

  /** The insurer's answer, as far as it finds its way back. */
  #carry(body: Uint8Array, fate: MessageFate): Promise<HostReply> {
    const silence = new Promise<never>(() => undefined);
    if (fate === "lost-before") return silence;
    this.sent.push(codeOf(body));
    this.bodies.push(Buffer.from(body).toString());
    return this.insurer.exchange(body).then((reply) => (reply === undefined || fate === "lost-after" ? silence : { kind: "answered", body: reply }));
  }

  async #inTime(seen: Promise<HostReply>, limits: Limits): Promise<HostReply> {
    try {
      return await withDeadline(seen, { ...limits, clock: this.clock, what: "reply", effectUnknown: true });
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return { kind: "unknown", reason: fault.code };
    }
  }

  #die(): Promise<never> {
    this.#power.cut();
    this.disk.crash();
    return Power.never();
  }
}

/** Serial 9 is the insured holder's; any other is a card that the insurer does not know. */
export function testCard(card: { readonly serial: number; readonly interface: "contact" | "contactless"; readonly regionCode?: string }): SimulatedCard {
  return makeTestCard(SUITE, { ...card, balanceFen: 0, algorithm: "3des", pin: PIN });
}

function hexOf(card: SimulatedCard, tag: number): string {
  return card.personalization.social.environment.flatMap(({ records }) => records).find((record) => record.tag === tag)?.valueHex ?? "";
}

function textOf(card: SimulatedCard, tag: number): string {
  return Buffer.from(hexOf(card, tag), "hex").toString();
}

function codeOf(body: Uint8Array): string {
  return String((JSON.parse(Buffer.from(body).toString()) as { infno: unknown }).infno);
}
