/*
 * Goal: the machine's decisions, carried out on card, module and journal, within bounds.
 * Method: one queue of events; each command runs by itself and ends as one event. The runner decides nothing: it knows how things are
 * done and keeps what they gave, for the next command and for the record.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import { type Bytes, fromHex, toHex } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import { subtractFen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { initializePurchase, purseFactors, purseValidity } from "../../card/purse/commands.ts";
import { proveSale } from "../../card/purse/prove-sale.ts";
import { PURCHASE_TYPE_PURSE, type PursePublicData } from "../../card/purse/types.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { CardChannel, PsamPurchase } from "../../drivers/ports.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { type EntryDraft, type Journal, type JsonObject, OPEN_STATES } from "../journal/types.ts";
import { impossibleAmount, limitReached } from "../risk/limits.ts";
import type { SaleRequest } from "../sale-request.ts";
import { decide, FIRST_STEP, QUICK_PAYMENT_RULES } from "./machine.ts";
import type { QuickPaymentLimits, QuickPaymentPorts } from "./ports.ts";
import { debitOnce, identifyPurse } from "./purse-steps.ts";
import { type CardFacts, type DebitFacts, debitDetail, intentDraft, laterDraft, type RecordedSale, readSale, saleMark } from "./record.ts";
import { evidenceDetail, isInFlight, lacksKey, learnKey, type ResolutionRules, resolveCard } from "./resolve.ts";
import type { Command, EntryWish, Event, Evidence, KnownSale, QuickPaymentOutcome, QuickPaymentRules, Sale } from "./types.ts";

/** More events than any sale can have: each try and each attempt is bounded by the machine. */
const EVENTS_MAX = 1000;
/** Pause between looks at a reader that is gone, or a card that is mute. */
const READER_PAUSE_MS = 100;
/** What must not be given up half-way runs without the caller's signal, within its own time. */
const NEVER: AbortSignal = new AbortController().signal;

/** The tables that decide; a simulated world may replace single rules of them. */
export interface QuickPaymentTables {
  readonly machine: QuickPaymentRules;
  readonly resolution?: ResolutionRules;
}

/**
 * Sells once for this reference: takes a card, debits it, proves it, and answers when the record is durable. Never rejects for what the
 * world does; an outcome says it.
 */
export async function runQuickPayment(
  ports: QuickPaymentPorts,
  request: SaleRequest,
  limits: QuickPaymentLimits,
  tables: QuickPaymentTables = { machine: QUICK_PAYMENT_RULES },
): Promise<QuickPaymentOutcome> {
  assert(/^[\w.-]{1,64}$/.test(request.reference), "the reference was checked where it came in");
  const impossible = impossibleAmount(request.amount);
  if (impossible !== undefined) return { kind: "refused", reason: impossible };
  const giveBackLane = ports.lane.take();
  if (giveBackLane === undefined) return { kind: "refused", reason: "lane-busy" };
  const giveBackReference = ports.sales.take(request.reference);
  try {
    if (giveBackReference === undefined) return { kind: "refused", reason: "in-progress" };
    return await new QuickPaymentRun(ports, { request, limits, tables }).run();
  } finally {
    giveBackReference?.();
    giveBackLane();
  }
}

interface RunOptions {
  readonly request: SaleRequest;
  readonly limits: QuickPaymentLimits;
  readonly tables: QuickPaymentTables;
}

class QuickPaymentRun {
  readonly #ports: QuickPaymentPorts;
  readonly #request: SaleRequest;
  readonly #limits: QuickPaymentLimits;
  readonly #tables: QuickPaymentTables;
  /** The journal with a bound on each wait; its faults are remembered, to tell them from the card's. */
  readonly #journal: Journal;
  readonly #journalFaults = new WeakSet<Fault>();
  #deadlineMs: number;
  readonly #underWay = new Set<Promise<void>>();
  #events: Event[] = [];
  #mistake: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;
  #channel: CardChannel | undefined;
  #card: CardFacts | undefined;
  #identified: PursePublicData | undefined;
  #facts: DebitFacts | undefined;
  #purchase: PsamPurchase | undefined;
  /** The sale that is being proved, where it comes from the journal; and what its proof adds. */
  #recorded: RecordedSale | undefined;
  #proved: JsonObject = {};
  /** MAC2 of the debit, or of the proof read last. */
  #mac2: Bytes | undefined;
  #returnDeadlineMs: number | undefined;

  constructor(ports: QuickPaymentPorts, options: RunOptions) {
    this.#ports = ports;
    this.#request = options.request;
    this.#limits = options.limits;
    this.#tables = options.tables;
    this.#journal = boundedJournal(ports, { timeoutMs: options.limits.journalTimeoutMs, noteFault: (fault) => this.#journalFaults.add(fault) });
    this.#deadlineMs = ports.clock.monotonicMs() + options.limits.timeoutMs;
  }

  async run(): Promise<QuickPaymentOutcome> {
    const sale: Sale = { amount: this.#request.amount, unverifiedLimit: this.#limits.risk.unverifiedAmountFen };
    try {
      let step = FIRST_STEP;
      for (let events = 0; events < EVENTS_MAX; events += 1) {
        for (const command of step.commands) this.#start(command);
        if (step.state.at === "ended") return this.#withBalance(step.state.outcome);
        step = decide(this.#tables.machine, sale, step.state, await this.#nextEvent());
      }
      throw new AssertionFailure("a sale has few events");
    } finally {
      await this.#leave();
    }
  }

  #withBalance(outcome: QuickPaymentOutcome): QuickPaymentOutcome {
    const opening = this.#facts?.opening;
    if (outcome.kind !== "paid" || opening === undefined || outcome.amount > opening.balance) return outcome;
    return { ...outcome, balanceAfter: subtractFen(opening.balance, outcome.amount) };
  }

  /** Whatever is still under way ends first, so that the next sale finds reader and module free. */
  async #leave(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    this.#purchase?.release();
    await this.#channel?.close();
  }

  async #nextEvent(): Promise<Event> {
    for (;;) {
      if (this.#mistake !== undefined) throw this.#mistake.error;
      const event = this.#events.shift();
      if (event !== undefined) return event;
      assert(this.#underWay.size > 0, "something is under way that will end as an event");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #start(command: Command): void {
    const done = this.#execute(command)
      .then(
        (event) => {
          if (event !== undefined) this.#events.push(event);
        },
        (error: unknown) => {
          this.#mistake ??= { error };
        },
      )
      .then(() => {
        this.#underWay.delete(done);
        this.#wake();
      });
    this.#underWay.add(done);
  }

  #execute(command: Command): Promise<Event | undefined> {
    switch (command.do) {
      case "look-up":
        return this.#journalStep(() => this.#lookUp());
      case "await-card":
        return this.#awaitCard(command.pauseMs);
      case "identify":
        return this.#cardStep((limits) => this.#identify(limits));
      case "settle-earlier":
        return this.#journalStep(() => this.#cardStep((limits) => this.#settleEarlier(limits)));
      case "append-intent":
        return this.#journalStep(() => this.#appendIntent());
      case "open-on-card":
        return this.#cardStep((limits) => this.#openOnCard(limits));
      case "open-in-module":
        return this.#moduleStep(() => this.#openInModule());
      case "debit":
        return this.#debit();
      case "check-mac2":
        return this.#moduleStep(() => this.#checkMac2());
      case "prove":
        return this.#journalStep(() => this.#cardStep((limits) => this.#prove(command.subject, limits)));
      case "append":
        return this.#journalStep(() => this.#append(command.entry));
      case "release-module":
        return this.#release();
    }
  }

  async #cardStep(work: (limits: () => Limits) => Promise<Event>): Promise<Event> {
    try {
      return await work(() => this.#commandLimits());
    } catch (fault) {
      if (!isFault(fault) || this.#journalFaults.has(fault)) throw fault;
      return { is: "card-lost", code: fault.code, effectUnknown: fault.effectUnknown };
    }
  }

  async #moduleStep(work: () => Promise<Event>): Promise<Event> {
    try {
      return await work();
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return { is: "module-failed", code: fault.code };
    }
  }

  async #journalStep(work: () => Promise<Event>): Promise<Event> {
    try {
      return await work();
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return { is: "journal-failed", code: fault.code, effectUnknown: fault.effectUnknown };
    }
  }

  /** Bounds of one command: never beyond the time of what is under way. Faults: "timeout" (no effect: nothing is sent). */
  #commandLimits(): Limits {
    const { commandTimeoutMs, signal } = this.#limits;
    const timeoutMs = Math.min(commandTimeoutMs, this.#remainingMs());
    if (timeoutMs <= 0) throw new Fault("timeout", "the time for this sale has passed", { effectUnknown: false });
    return { timeoutMs, signal };
  }

  #remainingMs(): number {
    return (this.#returnDeadlineMs ?? this.#deadlineMs) - this.#ports.clock.monotonicMs();
  }

  async #lookUp(): Promise<Event> {
    return { is: "looked-up", known: await this.#known() };
  }

  async #known(): Promise<KnownSale> {
    const subject = await this.#journal.mark(saleMark(this.#request.reference));
    if (subject === undefined) return { kind: "new" };
    const entries = await this.#journal.entriesOf(subject);
    const last = entries.at(-1);
    assert(last !== undefined, "a mark names a subject of this journal");
    if (last.kind !== "quick-payment" || last.amount !== this.#request.amount) return { kind: "conflict" };
    if (last.state === "refused" || last.state === "void") return { kind: "new" };
    const sale = readSale(entries);
    if (last.state === "done") return { kind: "paid", subject, proof: sale?.proof ?? "log-only", refusedByModule: sale?.reason === "mac2-refused" };
    // Without its personal fields nobody can tell whose card it was: only the host can still decide it.
    if (sale === undefined || isInFlight(this.#journal, last)) return { kind: "in-progress" };
    this.#returnDeadlineMs = this.#ports.clock.monotonicMs() + this.#limits.returnTimeoutMs;
    return {
      kind: "open",
      open: { entry: { subject, seq: last.seq }, cardSerial: sale.card.serial, attempt: 1, reason: sale.reason, moduleMayCheck: false, tries: 0 },
    };
  }

  async #awaitCard(pauseMs: number): Promise<Event> {
    const { clock, reader } = this.#ports;
    const { signal } = this.#limits;
    await this.#channel?.close();
    this.#channel = undefined;
    for (let pause = pauseMs; ; pause = READER_PAUSE_MS) {
      try {
        if (pause > 0) await clock.sleep(pause, signal);
        const timeoutMs = this.#remainingMs();
        if (timeoutMs <= 0 || signal.aborted) return { is: "time-over" };
        this.#channel = await reader.waitForCard({ timeoutMs, signal });
        return { is: "card-present" };
      } catch (fault) {
        if (!isFault(fault)) throw fault;
        if (fault.code === "timeout" || fault.code === "cancelled") return { is: "time-over" };
        // A reader heals by itself and a mute card may speak at the next try: both within the time of the sale.
        this.#ports.log.warn("card-not-reached", { code: fault.code });
      }
    }
  }

  #openChannel(): CardChannel {
    assert(this.#channel !== undefined, "a card was presented");
    return this.#channel;
  }

  async #identify(limits: () => Limits): Promise<Event> {
    const found = await identifyPurse(this.#openChannel(), this.#ports.purse, limits());
    if (found.kind === "unusable")
      return { is: "card-unusable", reason: found.reason, ...(found.statusWord === undefined ? {} : { statusWord: found.statusWord }) };
    const { serial, issuer } = found.data;
    this.#card = { serial, issuer, ...(found.logSequence === undefined ? {} : { logSequenceBefore: found.logSequence }) };
    this.#identified = found.data;
    return { is: "card-identified", card: { serial } };
  }

  async #settleEarlier(limits: () => Limits): Promise<Event> {
    assert(this.#card !== undefined && this.#identified !== undefined, "the card was identified");
    const { resolution } = this.#tables;
    const resolved = await resolveCard({ ...this.#ports, journal: this.#journal }, this.#openChannel(), {
      card: this.#card,
      commandLimits: limits,
      ...(resolution === undefined ? {} : { rules: resolution }),
    });
    if (resolved.open > 0) return { is: "earlier-unsettled" };
    // Asked only here: a purse past its last day still settles what it paid before, and pays nothing new. Spec: PBOC purse, EF15.
    const validity = purseValidity(this.#identified, civilTime(this.#ports.clock.wallMs()).date);
    return validity === "valid" ? { is: "earlier-settled" } : { is: "card-unusable", reason: validity };
  }

  /** The limits are looked at in the same turn as the intent is appended, so that no other lane can come between. */
  async #appendIntent(): Promise<Event> {
    const { psam, saleTimes, clock } = this.#ports;
    const { amount, reference } = this.#request;
    assert(this.#card !== undefined, "the card was identified");
    const saleTime = saleTimes.next(clock.wallMs());
    const facts = { reference, amount, card: this.#card, terminalNumber: toHex(psam.terminalNumber), saleTime, terminalSequence: psam.expectedSequence() };
    this.#facts = facts;
    this.#recorded = undefined;
    this.#proved = {};
    const limit = limitReached(this.#limits.risk, this.#journal.unreceipted("quick-payment"), amount);
    if (limit !== undefined) return { is: "limit-reached", limit };
    return this.#durable(intentDraft(facts, saleTime));
  }

  async #durable(draft: EntryDraft): Promise<Event> {
    const { subject, seq } = await this.#journal.append(draft);
    return { is: "entry-durable", entry: { subject, seq } };
  }

  async #openOnCard(limits: () => Limits): Promise<Event> {
    const start = { keyIndex: this.#ports.purse.keyIndex, amount: this.#request.amount, terminalNumber: this.#ports.psam.terminalNumber };
    const opening = await initializePurchase(this.#openChannel(), start, limits());
    if (opening.kind === "refused") return { is: "card-refused", statusWord: opening.statusWord };
    this.#facts = { ...this.#knownFacts(), opening };
    return { is: "card-initialized" };
  }

  #knownFacts(): DebitFacts {
    assert(this.#facts !== undefined, "the intent was begun");
    return this.#facts;
  }

  async #openInModule(): Promise<Event> {
    const facts = this.#knownFacts();
    const { opening, saleTime, amount, terminalSequence } = facts;
    assert(opening !== undefined && this.#identified !== undefined, "the card has opened the purchase");
    this.#purchase?.release();
    const purchase = await this.#ports.psam.beginPurchase(
      {
        cardRandom: opening.cardRandom,
        cardSequence: opening.cardSequence,
        amount,
        type: PURCHASE_TYPE_PURSE,
        date: fromHex(saleTime.date),
        time: fromHex(saleTime.time),
        keyVersion: opening.keyVersion,
        algorithm: opening.algorithm,
        factors: purseFactors(this.#identified),
      },
      this.#commandLimits(),
    );
    this.#purchase = purchase;
    this.#facts = { ...facts, terminalSequence: purchase.terminalSequence, mac1: purchase.mac1 };
    return { is: "module-opened", asReserved: purchase.terminalSequence === terminalSequence };
  }

  /** The one command that cannot be taken back: not begun when the time is over, never given up once begun. */
  async #debit(): Promise<Event> {
    const { saleTime, terminalSequence, mac1 } = this.#knownFacts();
    assert(mac1 !== undefined, "the module has opened the purchase");
    if (this.#remainingMs() <= 0) return { is: "card-lost", code: "timeout", effectUnknown: false };
    if (this.#limits.signal.aborted) return { is: "card-lost", code: "cancelled", effectUnknown: false };
    const command = { terminalSequence, date: fromHex(saleTime.date), time: fromHex(saleTime.time), mac1 };
    const answer = await debitOnce(this.#openChannel(), command, this.#finishingLimits());
    if (answer.kind === "lost") return { is: "card-lost", code: answer.fault.code, effectUnknown: answer.effectUnknown };
    if (answer.kind === "refused") return { is: "card-refused", statusWord: answer.statusWord };
    this.#facts = { ...this.#knownFacts(), mac2: answer.mac2, tac: answer.tac };
    this.#mac2 = answer.mac2;
    return { is: "debited" };
  }

  #finishingLimits(): Limits {
    return { timeoutMs: this.#limits.commandTimeoutMs, signal: NEVER };
  }

  async #checkMac2(): Promise<Event> {
    assert(this.#mac2 !== undefined, "the card has given a MAC2");
    if (this.#purchase === undefined) return { is: "mac2-checked", answer: "no-session" };
    return { is: "mac2-checked", answer: await this.#purchase.credit(this.#mac2, this.#finishingLimits()) };
  }

  async #prove(subject: string, limits: () => Limits): Promise<Event> {
    const sale = readSale(await this.#journal.entriesOf(subject));
    assert(sale !== undefined, "an open sale names its card");
    this.#recorded = sale;
    if (!OPEN_STATES.includes(sale.last.state)) return evidenceRead({ kind: "closed-as", state: sale.last.state, proof: sale.proof });
    const evidence = await proveSale(this.#openChannel(), { intent: sale.intent, proveSeqOrder: this.#ports.purse.proveSeqOrder }, limits());
    if (evidence.kind !== "debited") return evidenceRead(evidence);
    const key = lacksKey(sale.detail) ? await learnKey(this.#ports, this.#openChannel(), { terminalNumber: sale.intent.terminalNumber, limits: limits() }) : {};
    this.#proved = { ...key, ...evidenceDetail(evidence) };
    if (evidence.proof === "log") this.#mac2 = evidence.mac2;
    return evidenceRead({ kind: "debited", proof: evidence.proof });
  }

  async #append(wish: EntryWish): Promise<Event> {
    const nowMs = this.#ports.clock.monotonicMs();
    const described = this.#recorded;
    const detail = { ...(described === undefined ? debitDetail(this.#knownFacts()) : described.detail), ...this.#proved };
    const card = described?.card ?? this.#knownFacts().card;
    const event = await this.#durable(laterDraft(wish, { amount: this.#request.amount, card }, detail));
    if (wish.state === "unknown") this.#returnDeadlineMs = nowMs + this.#limits.returnTimeoutMs;
    if (wish.state === "void" && wish.resolution === true) {
      // The card was away and came back: what follows has its own time.
      this.#returnDeadlineMs = undefined;
      this.#deadlineMs = nowMs + this.#limits.timeoutMs;
    }
    return event;
  }

  async #release(): Promise<undefined> {
    this.#purchase?.release();
    this.#purchase = undefined;
  }
}

function evidenceRead(evidence: Evidence): Event {
  return { is: "evidence-read", evidence };
}
