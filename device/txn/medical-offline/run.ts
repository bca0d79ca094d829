/*
 * Goal: the machine's decisions, carried out on card, PIN entry, counter, tenders and journal, within bounds.
 * Method: one command at a time; each ends as one event. The runner decides nothing: it keeps what the commands gave, for the next one
 * and for the record. The insurer is not asked.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import { type Fault, isFault } from "../../base/fault.ts";
import { subtractFen } from "../../base/fen.ts";
import { CARD_PIN_TEMPLATE, readSocialIdentity } from "../../card/social/read-identity.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { awaitCard } from "../await-card.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { CardTrouble } from "../card-trouble.ts";
import { DEFAULT_INITIAL_PIN_RULE, initialPinReason } from "../initial-pin.ts";
import type { EntryDraft, Journal } from "../journal/types.ts";
import type { CounterDesk, OfflineChoice, ProvisionalFigures, TenderKind } from "../medical-desk/desk.ts";
import { pinRefusal } from "../pin-refusal.ts";
import { decide, FIRST_STEP, OFFLINE_RULES } from "./machine.ts";
import { offlineRefusal } from "./permission.ts";
import type { OfflineLimits, OfflineOutcome, OfflinePorts, OfflineSaleRequest, OfflineView } from "./ports.ts";
import {
  cardAsRead,
  findOffline,
  giveBackDraft,
  intentDraft,
  missingPieces,
  paidDraft,
  readOffline,
  refundReference,
  tenderReference,
  voidDraft,
} from "./record.ts";
import { countTenders, firstFreeTender } from "./tally.ts";
import type { ChosenTender, Command, Event, KnownOfflineSale, OfflineRules, Step, Tally } from "./types.ts";

/** More events than any sale can have: cards, tenders and questions are bounded. */
const EVENTS_MAX = 500;
/** More questions than a counter answers for one sale; then the sale rests. */
const QUESTIONS_MAX = 60;

/** Sells without the insurer, once for each reference. Never rejects for what the world does. */
export async function runOfflineSale(
  ports: OfflinePorts,
  request: OfflineSaleRequest,
  { desk, limits, rules = OFFLINE_RULES }: { readonly desk: CounterDesk; readonly limits: OfflineLimits; readonly rules?: OfflineRules },
): Promise<OfflineOutcome> {
  assert(/^[\w.-]{1,61}$/.test(request.reference), "the reference was checked where it came in, and leaves room for its refund's");
  const giveBackReference = ports.sales.take(request.reference);
  if (giveBackReference === undefined) return { kind: "refused", reason: "in-progress" };
  try {
    return await new OfflineRun(ports, { request, desk, limits, rules }).run();
  } finally {
    giveBackReference();
  }
}

interface RunOptions {
  readonly request: OfflineSaleRequest;
  readonly desk: CounterDesk;
  readonly limits: OfflineLimits;
  readonly rules: OfflineRules;
}

class OfflineRun {
  readonly #ports: OfflinePorts;
  readonly #request: OfflineSaleRequest;
  readonly #desk: CounterDesk;
  readonly #limits: OfflineLimits;
  readonly #rules: OfflineRules;
  readonly #journal: Journal;
  readonly #journalFaults = new WeakSet<Fault>();
  readonly #deadlineMs: number;
  readonly #trouble: CardTrouble;
  #giveBackLane: (() => void) | undefined;
  #channel: CardChannel | undefined;
  #card: SocialIdentity | undefined;
  #figures: ProvisionalFigures | undefined;
  #questions = 0;
  /** How many of the request's own tenders were tried in this run. */
  #tried = 0;

  constructor(ports: OfflinePorts, options: RunOptions) {
    this.#request = options.request;
    this.#desk = options.desk;
    this.#limits = options.limits;
    this.#rules = options.rules;
    this.#journal = boundedJournal(ports, { timeoutMs: options.limits.journalTimeoutMs, noteFault: (fault) => this.#journalFaults.add(fault) });
    this.#ports = { ...ports, journal: this.#journal };
    this.#trouble = new CardTrouble(ports.reader);
    this.#deadlineMs = ports.clock.monotonicMs() + options.limits.timeoutMs;
  }

  async run(): Promise<OfflineOutcome> {
    try {
      let step: Step = FIRST_STEP;
      for (let events = 0; events < EVENTS_MAX; events += 1) {
        if (step.state.at === "ended") return this.#told(step.state.outcome);
        const [command] = step.commands;
        assert(command !== undefined && step.commands.length === 1, "a sale does one thing after the other");
        step = decide(this.#rules, step.state, await this.#guarded(command));
      }
      throw new AssertionFailure("a sale has few events");
    } finally {
      await this.#leaveCard();
    }
  }

  #told(outcome: OfflineOutcome): OfflineOutcome {
    return outcome.kind === "no-card" ? { ...outcome, ...this.#trouble.reason } : outcome;
  }

  /** Card and lane are free for the tenders. */
  async #leaveCard(): Promise<void> {
    const channel = this.#channel;
    this.#channel = undefined;
    await channel?.close();
    this.#giveBackLane?.();
    this.#giveBackLane = undefined;
  }

  async #guarded(command: Command): Promise<Event> {
    try {
      return await this.#execute(command);
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      if (this.#journalFaults.has(fault) || !CARD_COMMANDS.has(command.do)) return { is: "journal-failed", code: fault.code };
      this.#trouble.note(fault);
      return { is: "card-lost", code: fault.code };
    }
  }

  #execute(command: Command): Promise<Event> {
    switch (command.do) {
      case "look-up":
        return this.#lookUp();
      case "await-card":
        return this.#awaitCard();
      case "identify":
        return this.#identify();
      case "verify-pin":
        return this.#verifyPin();
      case "ask-choice":
        return this.#askChoice();
      case "append-intent":
        return this.#appendIntent(command.choice);
      case "count-tenders":
        return this.#count(command.sale);
      case "choose-tender":
        return this.#choose(command.sale, command.tally);
      case "take":
        return this.#take(command.number, command.chosen);
      case "append-paid":
        return this.#durable(paidDraft(command.sale));
      case "append-give-back":
        return this.#durable(giveBackDraft(command.sale, command.due));
      case "refund":
        return this.#refund(command.sale);
      case "append-void":
        return this.#durable(voidDraft(command.sale));
    }
  }

  async #lookUp(): Promise<Event> {
    const { reference, amount } = this.#request;
    const known = async (): Promise<KnownOfflineSale> => {
      if ((await this.#journal.mark(`sale/${reference}`)) === undefined) return { kind: "new", ...offlineRefusal(this.#ports, this.#request) };
      const sale = await findOffline(this.#journal, reference);
      return sale === undefined || sale.amount !== amount || sale.order !== this.#request.order ? { kind: "conflict" } : { kind: "known", sale };
    };
    return { is: "looked-up", known: await known() };
  }

  async #awaitCard(): Promise<Event> {
    if (!this.#takesLane()) return { is: "lane-busy" };
    this.#desk.tell({ is: "present-card" });
    await this.#channel?.close();
    this.#channel = undefined;
    return this.#nextCard();
  }

  #takesLane(): boolean {
    if (this.#giveBackLane !== undefined) return true;
    this.#giveBackLane = this.#ports.lane.take();
    return this.#giveBackLane !== undefined;
  }

  async #nextCard(): Promise<Event> {
    this.#channel = await awaitCard(this.#ports, { deadlineMs: this.#deadlineMs, signal: this.#limits.signal, trouble: this.#trouble });
    return { is: this.#channel === undefined ? "time-over" : "card-present" };
  }

  async #identify(): Promise<Event> {
    const { psam, randomness, social, clock, log, region } = this.#ports;
    assert(this.#channel !== undefined, "a card was presented");
    const options = { ...social, randomness, today: civilTime(clock.wallMs()).date };
    const found = await readSocialIdentity(this.#channel, psam, options, { timeoutMs: this.#limits.commandTimeoutMs, signal: this.#limits.signal });
    if (found.kind === "refused") {
      log.info("social-card-refused", { reason: found.reason });
      return { is: "card-unusable" };
    }
    this.#card = found;
    this.#desk.tell({ is: "card-read" });
    const open = await this.#journal.openSubjects({ card: found.cardNumber, kind: "medical-purchase", limit: 1 });
    return { is: "card-identified", earlierOpen: open.length > 0, asksPin: region.password === "card-pin" };
  }

  #knownCard(): SocialIdentity {
    assert(this.#card !== undefined, "the card was identified");
    return this.#card;
  }

  async #verifyPin(): Promise<Event> {
    assert(this.#channel !== undefined, "the card was identified");
    this.#desk.tell({ is: "enter-pin" });
    const outcome = await this.#ports.pin.verifyOnCard(this.#channel, CARD_PIN_TEMPLATE, { timeoutMs: this.#limits.pinTimeoutMs, signal: this.#limits.signal });
    if (outcome.kind !== "verified") return { is: "pin-failed", refusal: pinRefusal(outcome) };
    const { initialPin = DEFAULT_INITIAL_PIN_RULE } = this.#ports;
    const reason = initialPinReason({ pin: "set", cardIdentifier: this.#knownCard().cardIdentifier }, initialPin);
    return reason === undefined ? { is: "pin-verified" } : { is: "pin-failed", refusal: { reason } };
  }

  #answerLimits(): { readonly timeoutMs: number; readonly signal: AbortSignal } {
    return { timeoutMs: this.#limits.answerTimeoutMs, signal: this.#limits.signal };
  }

  async #askChoice(): Promise<Event> {
    await this.#leaveCard();
    const figures: ProvisionalFigures = { ...this.#ports.estimate(this.#request), final: false };
    this.#figures = figures;
    const { choices } = this.#ports.region.offline;
    const answer = await this.#desk.ask({ ask: "offline", figures, choices }, this.#answerLimits());
    if (answer.answer === "cancel") return { is: "counter-cancelled" };
    return answer.answer === "offline" && choices.includes(answer.choice) ? { is: "choice-made", choice: answer.choice } : { is: "no-answer" };
  }

  async #appendIntent(choice: OfflineChoice): Promise<Event> {
    const request = this.#request;
    assert(this.#figures !== undefined, "the figures were shown");
    const firstTender = await firstFreeTender(this.#ports, request.order);
    return this.#durable(intentDraft({ request, choice, figures: this.#figures, card: cardAsRead(this.#knownCard()), firstTender }));
  }

  async #durable(draft: EntryDraft): Promise<Event> {
    const { subject } = await this.#journal.append(draft);
    const sale = readOffline(await this.#journal.entriesOf(subject));
    assert(sale !== undefined, "the entry is this sale's own");
    return { is: "entry-durable", sale: (await findOffline(this.#journal, sale.reference)) ?? sale };
  }

  async #count(sale: OfflineView): Promise<Event> {
    for (const piece of missingPieces(await this.#journal.entriesOf(sale.subject), this.#request)) await this.#journal.append(piece);
    return { is: "tenders-counted", tally: await countTenders(this.#ports, sale) };
  }

  /**
   * The card's own medical purse only where the region lets it stand in for the insurer. No bank card: what the insurer pays later is handed out in
   * cash, and what a bank paid may not become cash.
   */
  #offered(): readonly TenderKind[] {
    const { tenders, region } = this.#ports;
    return tenders.offered().filter((kind) => kind !== "bank-card" && (kind !== "medical-purse" || region.offline.cardDebit));
  }

  async #choose(sale: OfflineView, { paid }: Tally): Promise<Event> {
    const rest = subtractFen(sale.amount, paid);
    const choices = this.#offered();
    for (const tender of this.#request.tenders.slice(this.#tried)) {
      this.#tried += 1;
      if (choices.includes(tender)) return { is: "tender-chosen", chosen: { tender, amount: rest } };
      this.#desk.tell({ is: "tender-failed", tender, reason: "tender-not-offered" });
    }
    this.#questions += 1;
    if (this.#questions > QUESTIONS_MAX) return { is: "no-answer" };
    const answer = await this.#desk.ask({ ask: "tender", rest, choices }, this.#answerLimits());
    if (answer.answer === "cancel") return { is: "counter-cancelled" };
    const fits = answer.answer === "tender" && choices.includes(answer.tender) && answer.amount > 0 && answer.amount <= rest;
    return fits ? { is: "tender-chosen", chosen: { tender: answer.tender, amount: answer.amount } } : { is: "no-answer" };
  }

  async #take(number: number, { tender, amount }: ChosenTender): Promise<Event> {
    const { order, operator } = this.#request;
    this.#desk.tell({ is: "tender-started", tender, amount });
    const request = { reference: tenderReference(order, number), tender, amount, operator, order };
    const result = await this.#ports.tenders.take(request, { timeoutMs: this.#limits.tenderTimeoutMs, signal: this.#limits.signal });
    switch (result.kind) {
      case "paid":
        this.#desk.tell({ is: "tender-paid", tender, amount: result.amount });
        return { is: "tender-paid" };
      case "failed":
        this.#desk.tell({ is: "tender-failed", tender, reason: result.reason });
        return { is: "tender-failed" };
      case "unknown":
        this.#desk.tell({ is: "tender-unknown", tender, reason: result.reason });
        return { is: "tender-undecided", reason: result.reason };
    }
  }

  async #refund(sale: OfflineView): Promise<Event> {
    const { reference, order, refundDue } = sale;
    await this.#ports.tenders.refundCash({
      reference: refundReference(reference),
      amount: refundDue,
      operator: this.#request.operator,
      order,
      why: "order-void",
    });
    return { is: "refunded" };
  }
}

/** Faults of all others are the journal's, whoever passes them on. */
const CARD_COMMANDS: ReadonlySet<Command["do"]> = new Set(["await-card", "identify", "verify-pin"]);
