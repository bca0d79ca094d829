/* A counter that takes contributions: simulated card, module, agency and disk under virtual time, a bank with books of its own, and power that can be cut. */

import { makeTestCard } from "../../../simulators/card/make.ts";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { type Agency, openAgency } from "../../../simulators/host/agency/agency.ts";
import { AgencyLedger } from "../../../simulators/host/agency/ledger.ts";
import { holderOfCard } from "../../../simulators/host/agency/persons.ts";
import { type HolderAct, ScriptedHolder } from "../../../simulators/pinpad/holder.ts";
import { SimulatedPinVerifier } from "../../../simulators/pinpad/pin-verifier.ts";
import { makeTestPsam } from "../../../simulators/psam/make.ts";
import { makeSamReader, SimulatedReader } from "../../../simulators/reader/in-process.ts";
import { Power, poweredClock } from "../../../simulators/world/power.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { assert } from "../../base/assert.ts";
import { withDeadline } from "../../base/deadline.ts";
import { isFault } from "../../base/fault.ts";
import { type Fen, fen } from "../../base/fen.ts";
import { SILENT } from "../../base/log.ts";
import type { Limits } from "../../base/ports.ts";
import { openPsam } from "../../card/psam/open.ts";
import { DEFAULT_CARD_PROFILE } from "../../codec/card-profile.ts";
import { opensslSuite } from "../../crypto/openssl.ts";
import type { Printer, PrintLine } from "../../drivers/peripherals.ts";
import type { CardReader } from "../../drivers/ports.ts";
import type { BankActs, BankOutcome, BankPaymentRequest, BankReturnRequest } from "../acquiring/acts.ts";
import { openAgencyClient } from "../agency/open.ts";
import type { AgencyProfile } from "../agency/profile.ts";
import type { AgencyHost, HostReply } from "../hosts.ts";
import type { TerminalJournal } from "../journal/journal.ts";
import { openTestJournal } from "../journal/testing.ts";
import type { JournalEntry } from "../journal/types.ts";
import { createLane, createSalesInFlight, type Lane } from "../lane.ts";
import type { ContributionRequest } from "./acts.ts";
import { type Contributions, openContributionActs } from "./open.ts";
import { DEFAULT_CONTRIBUTION_BOUNDS } from "./ports.ts";

/** 2026-01-05 12:00:00 in China. */
const NOON_MS = Date.UTC(2026, 0, 5, 4);
const SUITE = opensslSuite();
export const PIN = "123456";
export const BILL = { billId: "B9-2026-M", amount: fen(40_000) } as const;
export const WAIT: Limits = { timeoutMs: 10_000, signal: new AbortController().signal };

export function contribution(more: Partial<ContributionRequest> = {}): ContributionRequest {
  return { reference: "A1", operator: "op1", ...BILL, ...more };
}

/**
 * What becomes of one act of the bank. "-reversed": not decided at first, in the end nothing is booked; "-approved": decided late, and booked.
 * "cut": power goes before the bank hears of it, or after it has booked, which it takes back itself.
 */
export type BankFate = "approve" | "short" | "refuse" | "no-card" | "unknown-reversed" | "unknown-approved" | "cut-before" | "cut-after";

interface BankRow {
  readonly amount: Fen;
  /** +1 for a payment, -1 for a return. */
  readonly sign: 1 | -1;
  /** What it comes to, once it is decided. */
  readonly end: "approved" | "refused";
  readonly decidedAtMs: number;
}

const DECISION_MS = 45_000;
/** Money that a partial approval leaves out. */
const MISSING_FEN = 100;

/** A bank whose books outlive the terminal; what is not decided decides itself after a while. */
export class TestBank {
  readonly rows = new Map<string, BankRow>();
  readonly #fates: BankFate[] = [];
  readonly #clock: VirtualClock;
  readonly #die: () => void;
  standing: BankFate = "approve";
  returns: BankFate = "approve";
  readonly #returnFates: BankFate[] = [];

  constructor(clock: VirtualClock, die: () => void) {
    this.#clock = clock;
    this.#die = die;
  }

  plan(...fates: readonly BankFate[]): void {
    this.#fates.push(...fates);
  }

  planReturns(...fates: readonly BankFate[]): void {
    this.#returnFates.push(...fates);
  }

  /** Money that lies at the bank for payments whose reference starts so. */
  held(prefix: string): number {
    let sum = 0;
    for (const [reference, { amount, sign, end }] of this.rows) if (reference.startsWith(prefix) && end === "approved") sum += sign * amount;
    return sum;
  }

  /** The bank as one powered terminal sees it. */
  acts(power: Power, lane: Lane): Pick<BankActs, "pay" | "takeBack" | "known"> {
    return {
      pay: (request) => power.guard(this.#pay(request, lane)),
      takeBack: (request) => power.guard(this.#takeBack(request)),
      known: (reference) => power.guard(this.#known(reference)),
    };
  }

  async #pay({ reference, amount }: BankPaymentRequest, lane: Lane): Promise<BankOutcome> {
    const giveBack = lane.take();
    assert(giveBack !== undefined, "the lane is free for the bank card");
    giveBack();
    return this.#perform(reference, { amount, sign: 1, fate: this.#fates.shift() ?? this.standing });
  }

  async #takeBack({ reference, original }: BankReturnRequest): Promise<BankOutcome> {
    const paid = this.rows.get(original);
    assert(paid?.end === "approved", "only money that was paid is given back");
    return this.#perform(reference, { amount: paid.amount, sign: -1, fate: this.#returnFates.shift() ?? this.returns });
  }

  async #known(reference: string): Promise<BankOutcome | undefined> {
    const row = this.rows.get(reference);
    return row === undefined ? undefined : this.#told(reference, row);
  }

  async #perform(reference: string, act: { readonly amount: Fen; readonly sign: 1 | -1; readonly fate: BankFate }): Promise<BankOutcome> {
    const before = this.rows.get(reference);
    if (before !== undefined) return this.#told(reference, before);
    const { sign, fate } = act;
    const amount = fate === "short" ? fen(act.amount - MISSING_FEN) : act.amount;
    const nowMs = this.#clock.monotonicMs();
    if (fate === "cut-before") return this.#cut();
    if (fate === "no-card") return { kind: "no-card" };
    const end = fate === "refuse" || fate === "unknown-reversed" || fate === "cut-after" ? "refused" : "approved";
    const decidedAtMs = fate.startsWith("unknown") || fate === "cut-after" ? nowMs + DECISION_MS : nowMs;
    const row = { amount, sign, end, decidedAtMs } as const;
    this.rows.set(reference, row);
    return fate === "cut-after" ? this.#cut() : this.#told(reference, row);
  }

  #cut(): Promise<never> {
    this.#die();
    return Power.never();
  }

  #told(reference: string, { amount, end, decidedAtMs }: BankRow): BankOutcome {
    const subject = `bank-${reference}`;
    if (decidedAtMs > this.#clock.monotonicMs()) return { kind: "unknown", subject, reason: "timeout" };
    if (end === "refused") return { kind: "refused", reason: "bank-declined", subject };
    return { kind: "approved", subject, amount, retrievalReference: "123456789012", authorization: "654321" };
  }
}

export type MessageFate = "deliver" | "not-sent" | "cut-before" | "cut-after";

export interface DeskOptions {
  readonly holder?: readonly HolderAct[];
  readonly profile?: AgencyProfile;
  readonly seed?: string;
  /** Left out: the insured holder's, 9. */
  readonly cardSerial?: number;
}

export class ContributionDesk {
  readonly clock = new VirtualClock(NOON_MS);
  readonly disk = new SimulatedJournalDisk({ clock: this.clock, flushMs: 3 });
  readonly reader = new SimulatedReader({ name: "counter", interface: "contact", clock: this.clock });
  readonly agency: Agency;
  readonly bank = new TestBank(this.clock, () => this.cutPower());
  readonly printed: string[] = [];
  /** Every message to the agency, as it left. */
  readonly sent: { readonly service: string; readonly id: string; readonly text: string }[] = [];
  readonly #options: DeskOptions;
  readonly #holder: ScriptedHolder;
  readonly #randomness: SeededRandomness;
  readonly #samReader: SimulatedReader;
  readonly #fates: { readonly service: string; readonly fate: MessageFate }[] = [];
  #power = new Power();
  #journal: TerminalJournal | undefined;
  #opened: Contributions | undefined;

  constructor(options: DeskOptions = {}) {
    this.#options = options;
    this.#holder = new ScriptedHolder(options.holder ?? [{ kind: "enters", digits: PIN }]);
    this.#randomness = new SeededRandomness(options.seed ?? "contributions");
    this.disk.onCut(() => this.#power.cut());
    this.#samReader = makeSamReader(makeTestPsam(SUITE), { name: "module", clock: this.clock });
    this.agency = openAgency({
      clock: this.clock,
      randomness: this.#randomness.stream("agency"),
      suite: SUITE,
      ledger: AgencyLedger.open(":memory:"),
      enrolments: [holderOfCard({ serial: 9 })],
      latencyMs: 100,
    });
    this.reader.insert(makeTestCard(SUITE, { serial: options.cardSerial ?? 9, balanceFen: 0, algorithm: "3des", pin: PIN }));
  }

  get on(): boolean {
    return this.#power.on;
  }

  get opened(): Contributions {
    assert(this.#opened !== undefined, "the counter is switched on first");
    return this.#opened;
  }

  /** The next message of this service to the agency meets this fate on its way. */
  planMessage(service: string, fate: MessageFate): void {
    this.#fates.push({ service, fate });
  }

  async switchOn(): Promise<void> {
    const power = new Power();
    this.#power = power;
    const clock = poweredClock(this.clock, power);
    const randomness = this.#randomness.stream(`life-${this.disk.incarnation}`);
    const journal = await openTestJournal({ store: this.disk.open(), clock, randomness, suite: SUITE });
    const psam = await openPsam(this.#samReader, { clock, profile: DEFAULT_CARD_PROFILE }, { timeoutMs: 1000, signal: new AbortController().signal });
    const { profile } = this.#options;
    const lane = createLane();
    this.#journal = journal;
    this.#opened = openContributionActs(
      {
        clock,
        journal,
        log: SILENT,
        randomness,
        agency: openAgencyClient({
          clock,
          randomness,
          log: SILENT,
          host: this.#host(power),
          terminalId: journal.terminalId,
          ...(profile === undefined ? {} : { profile }),
        }),
        bank: this.bank.acts(power, lane),
        reader: this.#guarded(power),
        psam,
        pin: new SimulatedPinVerifier({ clock, holder: this.#holder }),
        social: { profile: DEFAULT_CARD_PROFILE },
        lane,
        sales: createSalesInFlight(),
        printer: this.#printer(),
        place: { institution: "测试经办点", terminal: journal.terminalId },
      },
      DEFAULT_CONTRIBUTION_BOUNDS,
    );
    this.#opened.background.start();
  }

  cutPower(): void {
    this.#power.cut();
    this.disk.crash();
    this.reader.cutPower();
    this.#samReader.cutPower();
  }

  /** Runs until the work ends, or the power does. */
  async untilCut<Value>(work: Promise<Value>): Promise<Value | "cut"> {
    let value: Value | undefined;
    let settled = false;
    const mark = () => {
      settled = true;
    };
    work
      .then((result) => {
        value = result;
      })
      .then(mark, mark);
    await this.clock.runUntil(this.clock.monotonicMs() + 3_600_000, () => settled || !this.on);
    return value ?? "cut";
  }

  async later(durationMs: number): Promise<void> {
    // Without anybody who sleeps no time would pass.
    await this.clock.resolve(this.clock.sleep(durationMs), 2 * durationMs + 1);
  }

  async states(): Promise<readonly string[]> {
    return (await this.entries()).map(({ state, detail }) => `${state} ${String(detail["leg"] ?? "")}`.trim());
  }

  async entries(): Promise<readonly JournalEntry[]> {
    assert(this.#journal !== undefined, "the counter is switched on first");
    return this.clock.resolve(this.#journal.entries(1, 1000));
  }

  #guarded(power: Power): CardReader {
    const { reader } = this;
    return {
      name: reader.name,
      interface: reader.interface,
      waitForCard: (limits) => power.guard(reader.waitForCard(limits)),
      waitForRemoval: (limits) => power.guard(reader.waitForRemoval(limits)),
      close: () => reader.close(),
    };
  }

  #printer(): Printer {
    return {
      name: "printer",
      health: () => Promise.resolve({ kind: "well" }),
      close: () => Promise.resolve(),
      state: () => Promise.resolve("ready"),
      print: (lines) => {
        this.printed.push(lines.map(textOf).join("\n"));
        return Promise.resolve({ kind: "printed" });
      },
    };
  }

  #host(power: Power): AgencyHost {
    return {
      exchange: async (body, limits) => {
        if (!power.on) return Power.never();
        const text = new TextDecoder().decode(body);
        const { service, id } = JSON.parse(text) as { readonly service: string; readonly id: string };
        const at = this.#fates.findIndex((planned) => planned.service === service);
        const fate = at < 0 ? "deliver" : (this.#fates.splice(at, 1)[0]?.fate ?? "deliver");
        if (fate === "not-sent") return { kind: "not-sent", reason: "host-absent" };
        if (fate === "cut-before") return this.#die();
        this.sent.push({ service, id, text });
        const reply = this.agency.exchange(body);
        return fate === "cut-after" ? this.#die() : power.guard(this.#inTime(reply, limits));
      },
    };
  }

  async #inTime(reply: Promise<Uint8Array | undefined>, limits: Limits): Promise<HostReply> {
    const seen = reply.then((body) => body ?? new Promise<never>(() => undefined));
    try {
      return { kind: "answered", body: await withDeadline(seen, { ...limits, clock: this.clock, what: "reply", effectUnknown: true }) };
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return { kind: "unknown", reason: fault.code };
    }
  }

  #die(): Promise<never> {
    this.cutPower();
    return Power.never();
  }
}

function textOf(line: PrintLine): string {
  if (line.kind === "columns") return `${line.left} ${line.right}`;
  return line.kind === "text" ? line.text : "";
}
