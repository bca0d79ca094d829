/*
 * Goal: the machine's decisions, carried out on card, PIN entry, host and journal, within bounds.
 * Method: one command at a time; each ends as one event. The runner decides nothing: it keeps what the commands gave, for the next one
 * and for the record.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import { type Fault, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { CARD_PIN_TEMPLATE, readSocialIdentity } from "../../card/social/read-identity.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import { civilTime } from "../../codec/civil-time.ts";
import { fsiInputFits } from "../../codec/fsi.ts";
import type { CardChannel, PinOutcome } from "../../drivers/ports.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { CardTrouble } from "../card-trouble.ts";
import { DEFAULT_INITIAL_PIN_RULE, initialPinReason } from "../initial-pin.ts";
import type { EntryDraft, Journal } from "../journal/types.ts";
import { ask, drawMessageId, type NoAnswer, send, signIn } from "../medical-host/ask.ts";
import { decide, FIRST_STEP, MEDICAL_PURCHASE_RULES } from "./machine.ts";
import { basketInput, type InsuredPerson, LINE_PREFIX_SAMPLE, linePrefixOf, personInput, readPerson } from "./messages.ts";
import type { MedicalPurchaseLimits, MedicalPurchasePorts, MedicalPurchaseRequest } from "./ports.ts";
import { figuresOf, intentDraft, laterDraft, type PurchaseFacts, SETTLEMENT_CODE, visitIdOf } from "./record.ts";
import { readSettlement } from "./settlement.ts";
import type { Command, EntryWish, Event, KnownMedicalSale, MedicalOutcome, MedicalPurchaseRules, Refusal, Step } from "./types.ts";

/** More events than any purchase can have: each try is bounded by the machine. */
const EVENTS_MAX = 200;
const READER_PAUSE_MS = 100;
/** What was sent is not given up because the caller is. */
const NEVER: AbortSignal = new AbortController().signal;
/** More lines than a counter sells at once, and fewer than fit three digits. */
const ITEMS_MAX = 500;

/**
 * Settles one basket with the medical host for this reference, once. Never rejects for what the world does; an outcome says it.
 */
export async function runMedicalPurchase(
  ports: MedicalPurchasePorts,
  request: MedicalPurchaseRequest,
  limits: MedicalPurchaseLimits,
  rules: MedicalPurchaseRules = MEDICAL_PURCHASE_RULES,
): Promise<MedicalOutcome> {
  assert(/^[\w.-]{1,64}$/.test(request.reference), "the reference was checked where it came in");
  const refused = refusedBeforehand(request);
  if (refused !== undefined) return refused;
  const giveBackLane = ports.lane.take();
  if (giveBackLane === undefined) return { kind: "refused", reason: "lane-busy" };
  const giveBackReference = ports.sales.take(request.reference);
  try {
    if (giveBackReference === undefined) return { kind: "refused", reason: "in-progress" };
    return await new MedicalPurchaseRun(ports, { request, limits, rules }).run();
  } finally {
    giveBackReference?.();
    giveBackLane();
  }
}

function refusedBeforehand(request: MedicalPurchaseRequest): MedicalOutcome | undefined {
  if (request.amount === 0 || request.items.length === 0) return { kind: "refused", reason: "amount-zero" };
  const longest = { personNumber: "0".repeat(30), insuranceType: "000", insuranceArea: "000000" };
  const input = basketInput({ request, card: { cardNumber: "0".repeat(50) }, person: longest, at: "0000-00-00 00:00:00", linePrefix: LINE_PREFIX_SAMPLE });
  return request.items.length <= ITEMS_MAX && fsiInputFits(input) ? undefined : { kind: "refused", reason: "basket-too-large" };
}

interface RunOptions {
  readonly request: MedicalPurchaseRequest;
  readonly limits: MedicalPurchaseLimits;
  readonly rules: MedicalPurchaseRules;
}

class MedicalPurchaseRun {
  readonly #ports: MedicalPurchasePorts;
  readonly #request: MedicalPurchaseRequest;
  readonly #limits: MedicalPurchaseLimits;
  readonly #rules: MedicalPurchaseRules;
  readonly #journal: Journal;
  readonly #journalFaults = new WeakSet<Fault>();
  readonly #deadlineMs: number;
  readonly #trouble: CardTrouble;
  #channel: CardChannel | undefined;
  #card: SocialIdentity | undefined;
  #person: InsuredPerson | undefined;
  #basket: { readonly at: string; readonly linePrefix: string } | undefined;
  #facts: PurchaseFacts | undefined;

  constructor(ports: MedicalPurchasePorts, options: RunOptions) {
    this.#request = options.request;
    this.#limits = options.limits;
    this.#rules = options.rules;
    this.#journal = boundedJournal(ports, { timeoutMs: options.limits.journalTimeoutMs, noteFault: (fault) => this.#journalFaults.add(fault) });
    this.#ports = { ...ports, journal: this.#journal };
    this.#trouble = new CardTrouble(ports.reader);
    this.#deadlineMs = ports.clock.monotonicMs() + options.limits.timeoutMs;
  }

  async run(): Promise<MedicalOutcome> {
    try {
      let step: Step = FIRST_STEP;
      for (let events = 0; events < EVENTS_MAX; events += 1) {
        if (step.state.at === "ended") return this.#told(step.state.outcome);
        const [command] = step.commands;
        assert(command !== undefined && step.commands.length === 1, "a purchase does one thing after the other");
        step = decide(this.#rules, step.state, await this.#guarded(command));
      }
      throw new AssertionFailure("a purchase has few events");
    } finally {
      await this.#channel?.close();
    }
  }

  #told(outcome: MedicalOutcome): MedicalOutcome {
    return outcome.kind === "no-card" ? { ...outcome, ...this.#trouble.reason } : outcome;
  }

  async #guarded(command: Command): Promise<Event> {
    try {
      return await this.#execute(command);
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      if (this.#journalFaults.has(fault)) return { is: "journal-failed", code: fault.code };
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
      case "ask-person":
        return this.#askPerson();
      case "pre-settle":
        return this.#preSettle();
      case "append-intent":
        return this.#appendIntent();
      case "settle":
        return this.#settle();
      case "append":
        return this.#append(command.entry);
    }
  }

  async #lookUp(): Promise<Event> {
    return { is: "looked-up", known: await this.#known() };
  }

  async #known(): Promise<KnownMedicalSale> {
    const subject = await this.#journal.mark(`sale/${this.#request.reference}`);
    if (subject === undefined) return { kind: "new" };
    const entries = await this.#journal.entriesOf(subject);
    const [first, last] = [entries[0], entries.at(-1)];
    assert(first !== undefined && last !== undefined, "a mark names a subject of this journal");
    if (last.kind !== "medical-purchase" || first.amount !== this.#request.amount) return { kind: "conflict" };
    if (last.state === "done") return { kind: "paid", subject, visitId: visitIdOf(last), figures: figuresOf(last) };
    return last.state === "refused" || last.state === "void" ? { kind: "new" } : { kind: "open", subject };
  }

  async #awaitCard(): Promise<Event> {
    const { clock, reader, log } = this.#ports;
    const { signal } = this.#limits;
    await this.#channel?.close();
    this.#channel = undefined;
    for (;;) {
      const timeoutMs = this.#deadlineMs - clock.monotonicMs();
      if (timeoutMs <= 0 || signal.aborted) return { is: "time-over" };
      try {
        this.#channel = await reader.waitForCard({ timeoutMs, signal });
        return { is: "card-present" };
      } catch (fault) {
        if (!isFault(fault)) throw fault;
        if (fault.code === "timeout" || fault.code === "cancelled") return { is: "time-over" };
        this.#trouble.note(fault);
        // A reader heals by itself and a mute card may speak at the next try: both within the time of the sale.
        log.warn("card-not-reached", { code: fault.code });
      }
      await pause(this.#ports, signal);
    }
  }

  async #identify(): Promise<Event> {
    const { psam, randomness, social, clock, log } = this.#ports;
    assert(this.#channel !== undefined, "a card was presented");
    const options = { ...social, randomness, today: civilTime(clock.wallMs()).date };
    const found = await readSocialIdentity(this.#channel, psam, options, { timeoutMs: this.#limits.commandTimeoutMs, signal: this.#limits.signal });
    if (found.kind === "refused") {
      log.info("social-card-refused", { reason: found.reason });
      return { is: "card-unusable" };
    }
    this.#card = found;
    const open = await this.#journal.openSubjects({ card: found.cardNumber, kind: "medical-purchase", limit: 1 });
    return { is: "card-identified", earlierOpen: open.length > 0 };
  }

  async #verifyPin(): Promise<Event> {
    assert(this.#channel !== undefined, "the card was identified");
    const outcome = await this.#ports.pin.verifyOnCard(this.#channel, CARD_PIN_TEMPLATE, { timeoutMs: this.#limits.pinTimeoutMs, signal: this.#limits.signal });
    if (outcome.kind !== "verified") return { is: "pin-failed", refusal: pinRefusal(outcome) };
    const { initialPin = DEFAULT_INITIAL_PIN_RULE } = this.#ports;
    const reason = initialPinReason({ pin: "set", cardIdentifier: this.#knownCard().cardIdentifier }, initialPin);
    return reason === undefined ? { is: "pin-verified" } : { is: "pin-failed", refusal: { reason } };
  }

  #queryLimits(): Limits {
    return { timeoutMs: this.#limits.queryTimeoutMs, signal: this.#limits.signal };
  }

  #knownCard(): SocialIdentity {
    assert(this.#card !== undefined, "the card was identified");
    return this.#card;
  }

  async #askPerson(): Promise<Event> {
    const signedIn = await signIn(this.#ports, this.#queryLimits());
    if (signedIn !== undefined) return unanswered(signedIn);
    const today = civilTime(this.#ports.clock.wallMs()).iso;
    const answer = await ask(this.#ports, { infno: "1101", input: personInput(this.#knownCard(), today) }, this.#queryLimits());
    if (answer.kind !== "done") return unanswered(answer);
    const parsed = readPerson(answer.output, this.#request.insuranceType);
    if (!parsed.ok) return { is: "person-unusable", refusal: parsed.refusal };
    this.#person = parsed.person;
    return { is: "person-found" };
  }

  #insured(): InsuredPerson {
    assert(this.#person !== undefined, "the host has named the person");
    return this.#person;
  }

  #basketInput(): ReturnType<typeof basketInput> {
    assert(this.#basket !== undefined, "the basket was pre-settled");
    return basketInput({ request: this.#request, card: this.#knownCard(), person: this.#insured(), ...this.#basket });
  }

  async #preSettle(): Promise<Event> {
    const id = await drawMessageId(this.#ports);
    this.#basket = { at: id.sentAt, linePrefix: linePrefixOf(id.text) };
    const answer = await send(
      this.#ports,
      { id, infno: "2101", input: this.#basketInput(), insuranceArea: this.#insured().insuranceArea },
      this.#queryLimits(),
    );
    if (answer.kind === "done") return { is: "pre-settled" };
    // A refusal may mean that the day's sign-in is over; a new one costs one question.
    this.#ports.signIns.forget();
    return unanswered(answer);
  }

  async #appendIntent(): Promise<Event> {
    const { reference, amount } = this.#request;
    const { messageIds, clock } = this.#ports;
    const { cardNumber, cardIdentifier } = this.#knownCard();
    const facts: PurchaseFacts = {
      reference,
      amount,
      card: { cardNumber, cardIdentifier },
      person: this.#insured(),
      id: messageIds.next(clock.wallMs()),
      settleTimeoutMs: this.#limits.settleTimeoutMs,
    };
    this.#facts = facts;
    return this.#durable(intentDraft(facts));
  }

  async #durable(draft: EntryDraft): Promise<Event> {
    const { subject, seq } = await this.#journal.append(draft);
    return { is: "entry-durable", entry: { subject, seq } };
  }

  #knownFacts(): PurchaseFacts {
    assert(this.#facts !== undefined, "the intent was begun");
    return this.#facts;
  }

  async #settle(): Promise<Event> {
    const { id, person, settleTimeoutMs, amount } = this.#knownFacts();
    const message = { id, infno: SETTLEMENT_CODE, input: this.#basketInput(), insuranceArea: person.insuranceArea };
    const answer = await send(this.#ports, message, { timeoutMs: settleTimeoutMs, signal: NEVER });
    if (answer.kind !== "done") return unanswered(answer);
    const parsed = readSettlement(answer.output, { total: amount, msgid: id.text });
    if (parsed.ok) return { is: "settled", settlement: parsed.settlement };
    this.#ports.log.warn("settlement-reply-incomplete", { reason: parsed.reason });
    return { is: "host-undecided", reason: "reply-incomplete" };
  }

  #append(wish: EntryWish): Promise<Event> {
    return this.#durable(laterDraft(wish, this.#knownFacts()));
  }
}

async function pause({ clock }: Pick<MedicalPurchasePorts, "clock">, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(READER_PAUSE_MS, signal);
  } catch (fault) {
    // The caller gave up: the loop around this looks at the signal itself.
    if (!isFault(fault, "cancelled")) throw fault;
  }
}

function unanswered(answer: NoAnswer): Event {
  switch (answer.kind) {
    case "refused":
      return { is: "host-refused", message: answer.message };
    case "not-sent":
      return { is: "not-sent" };
    case "undecided":
      return { is: "host-undecided", reason: answer.reason };
  }
}

function pinRefusal(outcome: Exclude<PinOutcome, { readonly kind: "verified" }>): Refusal {
  switch (outcome.kind) {
    case "wrong":
      return { reason: "pin-wrong", triesLeft: outcome.triesLeft };
    case "locked":
      return { reason: "pin-locked" };
    case "cancelled":
      return { reason: "pin-cancelled" };
    case "timed-out":
      return { reason: "pin-timed-out" };
    case "refused":
      return { reason: "pin-refused" };
  }
}
