/*
 * Goal: the machine's decisions, carried out on card, module and journal, within bounds.
 * Method: one queue of events; each command runs by itself and ends as one event. The runner decides nothing: it knows how things are
 * done and keeps what they gave, for the next command and for the record.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import { type Fen, subtractFen } from "../../base/fen.ts";
import { neverAborted } from "../../base/never.ts";
import type { Limits } from "../../base/ports.ts";
import { civilTime, dayRange } from "../../codec/civil-time.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { awaitCard } from "../await-card.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { CardTrouble } from "../card-trouble.ts";
import { type EntryDraft, type Journal, type JsonObject, OPEN_STATES } from "../journal/types.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { SocialCardName } from "../risk/card-links.ts";
import type { MerchantDiscount, TakenSale } from "../risk/guard.ts";
import { impossibleAmount } from "../risk/limits.ts";
import { allowsZero, type PurseChoice, type SaleRequest, tariffOf } from "../sale-request.ts";
import { type Admitted, admitCard, reviewedCard } from "./admission.ts";
import { decide, FIRST_STEP, QUICK_PAYMENT_RULES } from "./machine.ts";
import { isInFlight } from "./open-sales.ts";
import { placeLimits } from "./place-limits.ts";
import type { QuickPaymentLimits, QuickPaymentPorts } from "./ports.ts";
import { purseDialogue } from "./purses/all.ts";
import type { IdentifiedCard, PurseDialogue, PurseSale, Unusable } from "./purses/dialogue.ts";
import {
  discountOf,
  intentDraft,
  isDeposit,
  isOtherIndustry,
  laterDraft,
  purseOf,
  type RecordedSale,
  readSale,
  type SaleFacts,
  saleDetail,
  saleMark,
} from "./record.ts";
import { type ResolutionRules, resolveCard } from "./resolve.ts";
import { tellWhose } from "./social-card.ts";
import type { Command, EntryWish, Event, Evidence, KnownSale, QuickPaymentOutcome, QuickPaymentRules, Reason, Sale } from "./types.ts";
import { namedUnusable, unusableAtOnce } from "./wrong-card.ts";

/** More events than any sale can have: each try and each attempt is bounded by the machine. */
const EVENTS_MAX = 1000;
const E_PURSE: PurseChoice = { kind: "e-purse" };

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
  const purse = request.purse ?? E_PURSE;
  const impossible = impossibleAmount(request.amount, { zeroAllowed: allowsZero(purse) });
  if (impossible !== undefined) return { kind: "refused", reason: impossible };
  const dialogue = purseDialogue(ports, purse.kind);
  if (dialogue === undefined) return { kind: "refused", reason: "purse-not-offered" };
  const giveBackLane = ports.lane.take();
  if (giveBackLane === undefined) return { kind: "refused", reason: "lane-busy" };
  const giveBackReference = ports.sales.take(request.reference);
  try {
    if (giveBackReference === undefined) return { kind: "refused", reason: "in-progress" };
    return await new QuickPaymentRun(ports, { request, purse, dialogue, limits, tables }).run();
  } finally {
    giveBackReference?.();
    giveBackLane();
  }
}

interface RunOptions {
  readonly request: SaleRequest;
  readonly purse: PurseChoice;
  readonly dialogue: PurseDialogue;
  readonly limits: QuickPaymentLimits;
  readonly tables: QuickPaymentTables;
}

class QuickPaymentRun {
  readonly #ports: QuickPaymentPorts;
  readonly #request: SaleRequest;
  readonly #purse: PurseChoice;
  readonly #dialogue: PurseDialogue;
  readonly #limits: QuickPaymentLimits;
  readonly #tables: QuickPaymentTables;
  /** The journal with a bound on each wait; its faults are remembered, to tell them from the card's. */
  readonly #journal: Journal;
  readonly #journalFaults = new WeakSet<Fault>();
  #deadlineMs: number;
  /** The request's, the tariff's, or that of the sale in the journal. */
  #amount: Fen;
  /** What the tariff and the rules of the place have said about the card that lies there. */
  #admitted: Admitted | undefined;
  /** What the merchant leaves to the holder: the intent's word, here or in the journal. */
  #discount: MerchantDiscount | undefined;
  /** The social card that the purse is on, where that is known. */
  #social: SocialCardName | undefined;
  /** The sale as the limits count it. */
  #taken: TakenSale | undefined;
  readonly #underWay = new Set<Promise<void>>();
  #events: Event[] = [];
  #mistake: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;
  #channel: CardChannel | undefined;
  /** The card that lies there, as its purse has named it. */
  #card: IdentifiedCard | undefined;
  /** The sale that this run has begun last; the module may hold it beyond the tap. */
  #begun: { readonly sale: PurseSale; readonly card: IdentifiedCard } | undefined;
  /** The sale that is being proved, where it comes from the journal; and what its proof adds. */
  #recorded: RecordedSale | undefined;
  #proved: JsonObject = {};
  /** Code of the proof that was read last, for the module. */
  #code: Bytes | undefined;
  #returnDeadlineMs: number | undefined;
  readonly #trouble: CardTrouble;

  constructor(ports: QuickPaymentPorts, options: RunOptions) {
    this.#ports = ports;
    this.#request = options.request;
    this.#amount = options.request.amount;
    this.#purse = options.purse;
    this.#dialogue = options.dialogue;
    this.#limits = options.limits;
    this.#tables = options.tables;
    this.#trouble = new CardTrouble(ports.reader);
    this.#journal = boundedJournal(ports, { timeoutMs: options.limits.journalTimeoutMs, noteFault: (fault) => this.#journalFaults.add(fault) });
    this.#deadlineMs = ports.clock.monotonicMs() + options.limits.timeoutMs;
  }

  async run(): Promise<QuickPaymentOutcome> {
    try {
      let step = FIRST_STEP;
      for (let events = 0; events < EVENTS_MAX; events += 1) {
        for (const command of step.commands) this.#start(command);
        if (step.state.at === "ended") return this.#told(step.state.outcome);
        const event = await this.#nextEvent();
        step = decide(this.#tables.machine, this.#constants(), step.state, event);
      }
      throw new AssertionFailure("a sale has few events");
    } finally {
      await this.#leave();
    }
  }

  #constants(): Sale {
    return { amount: this.#amount, unverifiedLimit: this.#limits.risk.unverifiedAmountFen, confirmation: this.#dialogue.confirmation };
  }

  /** What the holder may want to know besides the decision. */
  #told(outcome: QuickPaymentOutcome): QuickPaymentOutcome {
    if (outcome.kind === "no-card") return { ...outcome, ...this.#trouble.reason };
    if (outcome.kind !== "paid" && outcome.kind !== "unverified") return outcome;
    const ruled = { ...outcome, ...(this.#discount === undefined ? {} : { discount: this.#discount }) };
    if (ruled.kind === "unverified") return ruled;
    const balance = this.#begun?.sale.balanceBefore;
    const salesLeft = this.#admitted?.salesLeft;
    return {
      ...ruled,
      ...(salesLeft === undefined ? {} : { salesLeft }),
      ...(balance === undefined || ruled.amount > balance ? {} : { balanceAfter: subtractFen(balance, ruled.amount) }),
    };
  }

  /** Whatever is still under way ends first, so that the next sale finds reader and module free. */
  async #leave(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    this.#begun?.sale.release();
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

  /** An event in the middle of a command. */
  #tell(event: Event): void {
    this.#events.push(event);
    this.#wake();
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
        return this.#journalStep(() => this.#cardStep(() => this.#identify()));
      case "settle-earlier":
        return this.#journalStep(() => this.#cardStep(() => this.#settleEarlier()));
      case "append-intent":
        return this.#journalStep(() => this.#appendIntent());
      case "open-on-card":
        return this.#cardStep(() => this.#openOnCard());
      case "open-in-module":
        return this.#moduleStep(() => this.#openInModule());
      case "debit":
        return this.#cardStep(() => this.#debit());
      case "confirm":
        return this.#moduleStep(() => this.#confirm());
      case "prove":
        return this.#journalStep(() => this.#cardStep(() => this.#prove(command.subject)));
      case "append":
        return this.#journalStep(() => this.#append(command.entry));
      case "release-module":
        return this.#release();
    }
  }

  async #cardStep(work: () => Promise<Event>): Promise<Event> {
    try {
      return await work();
    } catch (fault) {
      if (!isFault(fault) || this.#journalFaults.has(fault)) throw fault;
      this.#trouble.note(fault);
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
    const detail = mergedDetail(entries);
    const discount = discountOf(detail);
    const priced = tariffOf(this.#purse) !== undefined;
    const asked = discount?.fullAmount ?? last.amount;
    if (last.kind !== "quick-payment" || (!priced && asked !== this.#request.amount)) return { kind: "conflict" };
    if (last.state === "refused" || last.state === "void") return { kind: "new" };
    if (isOtherIndustry(this.#purse, { detail, amount: last.amount })) return { kind: "conflict" };
    if (purseOf(detail) !== this.#purse.kind || isDeposit(detail) !== (this.#request.pays === "library-deposit")) return { kind: "conflict" };
    this.#amount = last.amount;
    this.#discount = discount;
    const sale = readSale(entries);
    if (last.state === "done") return { kind: "paid", subject, proof: sale?.proof ?? "log-only", refused: isRefusal(sale?.reason) };
    // Without its personal fields nobody can tell whose card it was: only the host can still decide it.
    if (sale === undefined || isInFlight(this.#journal, last)) return { kind: "in-progress" };
    this.#returnDeadlineMs = this.#ports.clock.monotonicMs() + this.#limits.returnTimeoutMs;
    return {
      kind: "open",
      open: { entry: { subject, seq: last.seq }, cardName: sale.card.name, attempt: 1, reason: sale.reason, moduleMayCheck: false, tries: 0 },
    };
  }

  async #awaitCard(pauseMs: number): Promise<Event> {
    await this.#channel?.close();
    this.#channel = undefined;
    const deadlineMs = this.#returnDeadlineMs ?? this.#deadlineMs;
    this.#channel = await awaitCard(this.#ports, { deadlineMs, signal: this.#limits.signal, trouble: this.#trouble, pauseMs });
    return { is: this.#channel === undefined ? "time-over" : "card-present" };
  }

  #openChannel(): CardChannel {
    assert(this.#channel !== undefined, "a card was presented");
    return this.#channel;
  }

  async #identify(): Promise<Event> {
    const { kind } = this.#purse;
    const channel = this.#openChannel();
    const atOnce = unusableAtOnce(channel);
    if (atOnce !== undefined) return cardUnusable(atOnce);
    const limits = () => this.#commandLimits();
    const open = (await this.#dialogue.recall?.(this.#journal)) ?? [];
    const found = await this.#dialogue.identify({ channel, limits }, open);
    if (found.kind === "unusable") return cardUnusable(await namedUnusable(channel, { found, purse: kind, ports: this.#ports }, limits));
    this.#card = found.card;
    return { is: "card-identified", card: { name: found.card.name } };
  }

  #presentCard(): IdentifiedCard {
    assert(this.#card !== undefined, "the card was identified");
    return this.#card;
  }

  async #settleEarlier(): Promise<Event> {
    const { log, clock, saleDays } = this.#ports;
    const resolved = await resolveCard({ log, journal: this.#journal }, this.#presentCard(), this.#tables.resolution);
    if (resolved.open > 0) return { is: "earlier-unsettled" };
    const access = { channel: this.#openChannel(), limits: () => this.#commandLimits() };
    const whose = await tellWhose(access, { dialogue: this.#dialogue, card: this.#presentCard(), ports: this.#ports.socialCard });
    if (whose.kind === "unusable") return cardUnusable(whose);
    this.#card = whose.card;
    this.#social = whose.social;
    const { amount, pays } = this.#request;
    const days = saleDays?.() ?? dayRange(civilTime(clock.wallMs()).date);
    const candidate = { card: this.#presentCard(), social: this.#social, purse: this.#purse, days, amount, pays };
    const admission = await admitCard({ ...this.#ports, journal: this.#journal }, candidate);
    if (admission.kind === "unusable") return cardUnusable(admission);
    this.#admitted = admission;
    this.#amount = admission.amount;
    this.#discount = admission.discount;
    return { is: "earlier-settled" };
  }

  /** The limits are looked at in the same turn as the intent is appended, so that no other lane can come between. */
  async #appendIntent(): Promise<Event> {
    const { saleTimes, clock } = this.#ports;
    const { reference } = this.#request;
    const amount = this.#amount;
    const card = this.#presentCard();
    const saleTime = saleTimes.next(clock.wallMs());
    this.#begun?.sale.release();
    const { charge } = this.#admitted ?? {};
    this.#begun = { card, sale: card.begin({ amount, purse: this.#purse, saleTime, ...(charge === undefined ? {} : { charge }) }) };
    this.#recorded = undefined;
    this.#proved = {};
    this.#code = undefined;
    const sale = { card: reviewedCard(card, this.#purse.kind, this.#social), purse: this.#purse, amount, charge };
    const place = placeLimits({ guard: this.#ports.guard, journal: this.#journal, risk: this.#limits.risk }, sale);
    if (place.kind === "refused") return { is: "limit-reached", limit: place.reason };
    this.#taken = place.taken;
    try {
      return await this.#durable(intentDraft({ ...this.#facts(), reference }, saleTime));
    } catch (fault) {
      // What was certainly not written counts against nobody.
      if (isFault(fault) && !fault.effectUnknown) this.#taken?.became("void");
      throw fault;
    }
  }

  async #durable(draft: EntryDraft): Promise<Event> {
    const { subject, seq } = await this.#journal.append(draft);
    return { is: "entry-durable", entry: { subject, seq } };
  }

  #sale(): PurseSale {
    assert(this.#begun !== undefined, "the intent was begun");
    return this.#begun.sale;
  }

  async #openOnCard(): Promise<Event> {
    const opening = await this.#sale().openOnCard(() => this.#tell({ is: "card-decided" }));
    switch (opening.kind) {
      case "ok":
        return { is: "card-initialized" };
      case "refused":
        return { is: "card-refused", statusWord: opening.statusWord };
      case "declined":
        return { is: "card-declined", reason: opening.reason };
    }
  }

  async #openInModule(): Promise<Event> {
    const answer = await this.#sale().openInModule(this.#commandLimits());
    return answer.kind === "ok" ? { is: "module-opened", asReserved: answer.asReserved } : { is: "module-failed", code: answer.reason };
  }

  /** The one command that cannot be taken back: not begun when the time is over, never given up once begun. */
  async #debit(): Promise<Event> {
    if (this.#remainingMs() <= 0) return { is: "card-lost", code: "timeout", effectUnknown: false };
    if (this.#limits.signal.aborted) return { is: "card-lost", code: "cancelled", effectUnknown: false };
    const answer = await this.#sale().debit(this.#finishingLimits());
    return answer.kind === "ok" ? { is: "debited" } : { is: "card-refused", statusWord: answer.statusWord };
  }

  #finishingLimits(): Limits {
    return { timeoutMs: this.#limits.commandTimeoutMs, signal: neverAborted() };
  }

  async #confirm(): Promise<Event> {
    return { is: "confirmed", answer: await this.#sale().confirm(this.#code, this.#finishingLimits()) };
  }

  async #prove(subject: string): Promise<Event> {
    const sale = readSale(await this.#journal.entriesOf(subject));
    assert(sale !== undefined, "an open sale names its card");
    this.#recorded = sale;
    if (!OPEN_STATES.includes(sale.last.state)) return evidenceRead({ kind: "closed-as", state: sale.last.state, proof: sale.proof });
    const card = this.#presentCard();
    const { evidence, detail, code } = await card.prove(sale);
    if (evidence.kind !== "debited") return evidenceRead(evidence);
    const key = card.lacksKey(sale.detail) ? await card.learnKey(sale) : {};
    this.#proved = { ...key, ...detail };
    this.#code = code;
    return evidenceRead(evidence);
  }

  /** What is known of the sale that the next entry speaks of: the one of the journal while it is proved, else the one begun here. */
  #facts(): SaleFacts {
    const { reference, operator, pays } = this.#request;
    const amount = this.#amount;
    const recorded = this.#recorded;
    if (recorded !== undefined) return { amount, card: recorded.card, detail: { ...recorded.detail, ...this.#proved } };
    assert(this.#begun !== undefined, "the intent was begun");
    const { card, sale } = this.#begun;
    return { amount, card, detail: saleDetail({ reference, operator, purse: this.#purse.kind, discount: this.#discount, pays }, sale.detail()) };
  }

  async #append(wish: EntryWish): Promise<Event> {
    const nowMs = this.#ports.clock.monotonicMs();
    const event = await this.#durable(laterDraft(wish, this.#facts()));
    this.#taken?.became(wish.state);
    if (wish.state === "unknown") this.#returnDeadlineMs = nowMs + this.#limits.returnTimeoutMs;
    if (wish.state === "void" && wish.resolution === true) {
      // The card was away and came back: what follows has its own time.
      this.#returnDeadlineMs = undefined;
      this.#deadlineMs = nowMs + this.#limits.timeoutMs;
    }
    return event;
  }

  async #release(): Promise<undefined> {
    this.#begun?.sale.release();
  }
}

function cardUnusable({ reason, statusWord }: Unusable): Event {
  return { is: "card-unusable", reason, ...(statusWord === undefined ? {} : { statusWord }) };
}

function isRefusal(reason: Reason | undefined): boolean {
  return reason === "mac2-refused" || reason === "signature-refused";
}

function evidenceRead(evidence: Evidence): Event {
  return { is: "evidence-read", evidence };
}
