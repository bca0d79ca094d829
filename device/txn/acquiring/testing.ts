/* A counter with a bank: a holder's card, a pad with keys, an acquirer with books of its own, and a disk that may lose its power. */

import type { SimulatedCard } from "../../../simulators/card/card.ts";
import type { ElectronicCashOptions } from "../../../simulators/card/electronic-cash/make.ts";
import { TEST_PIN_KEY_HEX } from "../../../simulators/crypto/test-keys.ts";
import { type Acquirer, openAcquirer } from "../../../simulators/host/acquirer/acquirer.ts";
import { ACQUIRER_FAULTS, type AcquirerFault, type AcquirerFaultName, NO_FAULT, planAcquirerFault } from "../../../simulators/host/acquirer/acquirer-faults.ts";
import { AcquirerLedger } from "../../../simulators/host/acquirer/ledger.ts";
import type { AcquirerVariants } from "../../../simulators/host/acquirer/request.ts";
import { TEST_BANK_MERCHANT, TEST_BANK_PIN, TEST_BANK_TERMINAL } from "../../../simulators/host/acquirer/test-customers.ts";
import type { BankTransaction } from "../../../simulators/host/acquirer/words.ts";
import { ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { SimulatedKeyPad } from "../../../simulators/pinpad/key-pad.ts";
import { SimulatedReader } from "../../../simulators/reader/in-process.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import type { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { assert } from "../../base/assert.ts";
import { withDeadline } from "../../base/deadline.ts";
import { isFault } from "../../base/fault.ts";
import { type Fen, fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import { openPadBankKeys } from "../acquirer-host/pad-keys.ts";
import { TEST_ACQUIRER } from "../acquirer-host/testing.ts";
import type { HostReply } from "../hosts.ts";
import type { JournalEntry } from "../journal/types.ts";
import { SimulatedPlace } from "../quick-payment/testing.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { BankOutcome, BankPaymentRequest, BankReturnRequest } from "./acts.ts";
import { openBank } from "./open.ts";
import type { Bank, BankBounds, BankPorts } from "./ports.ts";
import type { AcquirerProfile } from "./profile.ts";
import type { BankRules } from "./types.ts";

const SUITE = opensslSuite();
export const REPLY_MS = 10_000;
const LATENCY_MS = 40;

export const BANK_LIMITS: Limits = { timeoutMs: 20_000, signal: new AbortController().signal };
export const BANK_BOUNDS: BankBounds = {
  commandTimeoutMs: 1000,
  pinTimeoutMs: 15_000,
  journalTimeoutMs: 5000,
  padTimeoutMs: 2000,
  pauseMinMs: 2000,
  pauseMaxMs: 60_000,
};

export const TEST_PROFILE: AcquirerProfile = {
  ...TEST_ACQUIRER,
  terminalNumber: TEST_BANK_TERMINAL,
  merchantNumber: TEST_BANK_MERCHANT,
  replyTimeoutMs: REPLY_MS,
  pinFreeFen: 30_000,
  reversalTries: 3,
};

/** What the line does with one message: "lost" before it arrives, "unheard" after it. */
export type LineFate = "deliver" | "lost" | "unheard" | "not-sent" | "cut-before" | "cut-after";

/** What a terminal brings to its bank. */
export type TerminalParts = Omit<BankPorts, "host" | "keys" | "profile">;

export interface TestBankOptions {
  readonly profile?: Partial<AcquirerProfile>;
  readonly variants?: Partial<AcquirerVariants>;
}

/** A bank with its pad at a terminal, and the line between; it outlives the terminal. */
export class TestBank {
  readonly ledger = AcquirerLedger.open(":memory:");
  readonly acquirer: Acquirer;
  readonly holder = new ScriptedHolder([{ kind: "enters", digits: TEST_BANK_PIN }]);
  readonly profile: AcquirerProfile;
  /** Bodies that reached the acquirer, oldest first. */
  readonly heard: Uint8Array[] = [];
  /** Decides what becomes of each message, by its number and type. */
  fate: (message: { readonly index: number; readonly type: string }) => LineFate = () => "deliver";
  /** Power goes. */
  onCut: () => void = () => undefined;
  readonly #clock: VirtualClock;
  readonly #pad: SimulatedKeyPad;
  #messages = 0;

  constructor(clock: VirtualClock, { profile, variants }: TestBankOptions = {}) {
    this.#clock = clock;
    this.profile = { ...TEST_PROFILE, ...profile };
    this.acquirer = openAcquirer({
      clock,
      suite: SUITE,
      randomness: new SeededRandomness("bank"),
      ledger: this.ledger,
      latencyMs: LATENCY_MS,
      ...(variants === undefined ? {} : { variants }),
    });
    this.#pad = new SimulatedKeyPad({ clock, suite: SUITE, holder: this.holder, masterKeyHex: TEST_PIN_KEY_HEX, keyingMs: 500 });
  }

  /** Ports of one life of a terminal: whatever it waits for when it is no longer alive never comes. */
  ports(parts: TerminalParts, alive: () => boolean): BankPorts {
    const opened = openPadBankKeys(this.#pad, { pinKey: { master: 0, work: 0 }, pinDigits: this.profile.pinDigits });
    assert(opened.ok, "the pad makes MACs");
    const { keys } = opened;
    const relay = <Value>(work: () => Promise<Value>): Promise<Value> => (alive() ? work().then((value) => (alive() ? value : never())) : never());
    return {
      ...parts,
      profile: this.profile,
      host: { exchange: (body, limits) => relay(() => this.#exchange(body, limits)) },
      keys: {
        load: (working, limits) => relay(() => keys.load(working, limits)),
        pinBlock: (account, limits) => relay(() => keys.pinBlock(account, limits)),
        mac: (data, method, limits) => relay(() => keys.mac(data, method, limits)),
      },
    };
  }

  /** Plans a misbehaviour of the acquirer for its next message of a type. */
  planFault(type: string, name: AcquirerFaultName, more: Partial<AcquirerFault> = {}): void {
    planAcquirerFault(this.acquirer.faults, type, { ...NO_FAULT, ...ACQUIRER_FAULTS[name], ...more });
  }

  /** What the bank has booked and not undone, by its own books. */
  standing(): readonly BankTransaction[] {
    return this.ledger.transactions().filter(({ status }) => status !== "reversed");
  }

  /** What payments less returns are, by the bank's books. */
  sum(): number {
    return this.standing().reduce((sum, { business, amountFen }) => sum + (business === "void" || business === "refund" ? -amountFen : amountFen), 0);
  }

  async #exchange(body: Uint8Array, limits: Limits): Promise<HostReply> {
    const fate = this.fate({ index: this.#messages, type: Buffer.from(body.subarray(11, 13)).toString("hex") });
    this.#messages += 1;
    if (fate === "cut-before") return this.#cut();
    if (fate === "not-sent") return { kind: "not-sent", reason: "link-down" };
    const reply = fate === "lost" ? undefined : this.#deliver(body);
    if (fate === "cut-after") return this.#cut();
    return this.#await(fate === "unheard" ? undefined : reply, limits);
  }

  #deliver(body: Uint8Array): Promise<Uint8Array | undefined> {
    this.heard.push(body);
    return this.acquirer.exchange(body);
  }

  #cut(): Promise<never> {
    this.onCut();
    return never();
  }

  async #await(reply: Promise<Uint8Array | undefined> | undefined, limits: Limits): Promise<HostReply> {
    const answered = (reply ?? Promise.resolve(undefined)).then((body) => body ?? never<Uint8Array>());
    try {
      return { kind: "answered", body: await withDeadline(answered, { ...limits, clock: this.#clock, what: "the acquirer", effectUnknown: true }) };
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return { kind: "unknown", reason: fault.code };
    }
  }
}

export interface BankPlaceOptions extends TestBankOptions {
  readonly interface?: "contact" | "contactless";
  readonly rules?: BankRules;
  /** What else the terminal brings. */
  readonly terminal?: Partial<TerminalParts>;
}

interface Life {
  readonly bank: Bank;
  readonly ports: BankPorts;
}

export class BankPlace {
  readonly place = new SimulatedPlace();
  readonly host: TestBank;
  readonly reader: SimulatedReader;
  readonly #options: BankPlaceOptions;
  #life: Life | undefined;

  constructor(options: BankPlaceOptions = {}) {
    this.#options = options;
    const { clock } = this.place;
    this.host = new TestBank(clock, options);
    this.host.onCut = () => this.place.cutPower();
    this.reader = options.interface === "contact" ? new SimulatedReader({ name: "slot", interface: "contact", clock }) : this.place.reader;
  }

  get bank(): Bank {
    return this.#current.bank;
  }

  get ports(): BankPorts {
    return this.#current.ports;
  }

  get ledger(): AcquirerLedger {
    return this.host.ledger;
  }

  get #current(): Life {
    assert(this.#life !== undefined, "the place is switched on first");
    return this.#life;
  }

  async switchOn(): Promise<Bank> {
    const quick = await this.place.switchOn();
    const { clock, journal, log, lane, sales, saleTimes, electronicCash: cash } = quick;
    assert(cash !== undefined, "a test place knows bank cards");
    const reader = this.#options.interface === "contact" ? this.reader : quick.reader;
    const born = this.place.disk.incarnation;
    const ports = this.host.ports(
      { clock, journal, log, lane, sales, saleTimes, cash, reader, ...this.#options.terminal },
      () => this.place.on && born === this.place.disk.incarnation,
    );
    await recoverAtStart(ports);
    const bank = await openBank(ports, BANK_BOUNDS, this.#options.rules);
    this.#life = { bank, ports };
    return bank;
  }

  start(): Promise<Bank> {
    return this.run(this.switchOn());
  }

  /** Power comes back after a cut; the line carries everything again. */
  nextLife(): Promise<Bank> {
    this.place.cutPower();
    this.host.fate = () => "deliver";
    return this.start();
  }

  /** A card whose account the test bank knows. */
  card(options: Partial<ElectronicCashOptions> = {}): SimulatedCard {
    const card = this.place.card({
      interface: this.reader.interface === "contact" ? "contact" : "contactless",
      electronicCash: { balanceFen: 10_000, algorithms: "sm", applications: ["01"], ...options },
    });
    this.reader.insert(card);
    return card;
  }

  run<Value>(work: Promise<Value>): Promise<Value> {
    return this.place.clock.resolve(work);
  }

  pay(reference: string, amount: number, more: Partial<BankPaymentRequest> = {}): Promise<BankOutcome> {
    return this.run(this.bank.acts.pay({ reference, business: "sale", amount: fen(amount), operator: "op1", ...more }, BANK_LIMITS));
  }

  takeBack(reference: string, original: string, more: Partial<BankReturnRequest> = {}): Promise<BankOutcome> {
    return this.run(this.bank.acts.takeBack({ reference, business: "void", original, operator: "op1", withoutCard: true, ...more }, BANK_LIMITS));
  }

  known(reference: string): Promise<BankOutcome | undefined> {
    return this.run(this.bank.acts.known(reference));
  }

  /** Works until the answer or the cut, and on until whatever was under way has happened. */
  async untilCut<Value>(work: Promise<Value>): Promise<Value | undefined> {
    const { clock } = this.place;
    let value: Value | undefined;
    void work.then((settled) => {
      value = settled;
    });
    await clock.runUntil(clock.monotonicMs() + 600_000, () => value !== undefined || !this.place.on);
    if (!this.place.on) await clock.runUntil(clock.monotonicMs() + 1000);
    return this.place.on ? value : undefined;
  }

  pass(durationMs: number): Promise<void> {
    return this.run(this.place.clock.sleep(durationMs));
  }

  entries(): Promise<readonly JournalEntry[]> {
    return this.run(this.place.entries());
  }

  /** States of each subject, oldest first. */
  async histories(): Promise<readonly string[]> {
    const bySubject = new Map<string, string[]>();
    for (const { subject, state } of await this.entries()) bySubject.set(subject, [...(bySubject.get(subject) ?? []), state]);
    return [...bySubject.values()].map((states) => states.join(" "));
  }

  /** What payments less returns are, by the terminal's journal. */
  async terminalSum(): Promise<number> {
    const last = new Map<string, JournalEntry>();
    for (const entry of await this.entries()) last.set(entry.subject, entry);
    return [...last.values()]
      .filter(({ state }) => state === "done")
      .reduce((sum, { kind, amount }) => (kind === "bank-payment" ? sum + amount : kind === "bank-return" ? sum - amount : sum), 0);
  }
}

function never<Value>(): Promise<Value> {
  return new Promise(() => undefined);
}

/** Digits of the account of a test card. */
export function panOf(card: SimulatedCard): string {
  return card.personalization.electronicCash?.pan ?? "";
}

export function fenOf(amount: number): Fen {
  return fen(amount);
}
