/*
 * Goal: the machine's decisions, carried out on card, counter, host and journal, within bounds.
 * Method: one command at a time; each ends as one event. The runner decides nothing: it keeps what the commands gave, for the next one
 * and for the record.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import { type Fault, isFault } from "../../base/fault.ts";
import { fsiInputFits } from "../../codec/fsi.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { CardTrouble } from "../card-trouble.ts";
import type { EntryDraft, Journal } from "../journal/types.ts";
import type { ProvisionalFigures } from "../medical-desk/desk.ts";
import type { RegionSwitches } from "../medical-host/profile.ts";
import { CardSide } from "./card-side.ts";
import { CounterSide } from "./counter-side.ts";
import { InsurerSide, type PersonAnswer } from "./insurer-side.ts";
import { decide, FIRST_STEP, MEDICAL_PURCHASE_RULES } from "./machine.ts";
import { basketInput, type Holder, holderAsRead, LINE_PREFIX_SAMPLE, traceInput } from "./messages.ts";
import { isOpenOfCard, isOpenOfPerson } from "./open-purchases.ts";
import { credentialKindOf, medicalTypeOf, refusedHere, visitOf } from "./plan.ts";
import type { MedicalPurchaseLimits, MedicalPurchasePorts, MedicalPurchaseRequest } from "./ports.ts";
import { figuresOf, intentDraft, laterDraft, notedDraft, type PurchaseFacts, visitIdOf } from "./record.ts";
import type { Command, EntryName, EntryWish, Event, KnownMedicalSale, MedicalOutcome, MedicalPurchaseRules, Step } from "./types.ts";

/** More events than any purchase can have: each try is bounded by the machine. */
const EVENTS_MAX = 200;
/** More lines than a counter sells at once, and fewer than fit three digits. */
const ITEMS_MAX = 500;

/**
 * Settles one basket with the medical host for this reference, once. Never rejects for what the world does; an outcome says it. Only a sale
 * at the terminal's own reader or scanner needs the lane: holders of other credentials are served beside it, as many as there are counters.
 */
export async function runMedicalPurchase(
  ports: MedicalPurchasePorts,
  request: MedicalPurchaseRequest,
  limits: MedicalPurchaseLimits,
  rules: MedicalPurchaseRules = MEDICAL_PURCHASE_RULES,
): Promise<MedicalOutcome> {
  assert(/^[\w.-]{1,64}$/.test(request.reference), "the reference was checked where it came in");
  assert(request.asRead === undefined || request.credential === undefined, "whoever asks has decided who the holder is");
  const refused = refusedBeforehand(request, ports.medical.region);
  if (refused !== undefined) return refused;
  const giveBackLane = needsLane(request) ? ports.lane.take() : () => undefined;
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

function needsLane({ credential = { kind: "card" }, asRead }: MedicalPurchaseRequest): boolean {
  if (asRead !== undefined) return false;
  return credential.kind === "card" || (credential.kind === "e-code" && credential.code === undefined);
}

/** The longest holder that a message could have to name. */
const LONGEST_HOLDER: Holder = { kind: "resident-id", number: "0".repeat(50), name: "0".repeat(50) };

function refusedBeforehand(request: MedicalPurchaseRequest, region: RegionSwitches): MedicalOutcome | undefined {
  if (request.amount === 0 || request.items.length === 0) return { kind: "refused", reason: "amount-zero" };
  const here = refusedHere(request, region);
  if (here !== undefined) return { kind: "refused", ...here };
  const person = { personNumber: "0".repeat(30), insuranceType: "000", insuranceArea: "000000" };
  const basket = { request, region, holder: LONGEST_HOLDER, person, at: "0000-00-00 00:00:00", linePrefix: LINE_PREFIX_SAMPLE };
  const fits = request.items.length <= ITEMS_MAX && fsiInputFits({ ...basketInput(basket), ...traceInput(basket) });
  return fits ? undefined : { kind: "refused", reason: "basket-too-large" };
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
  readonly #card: CardSide;
  readonly #counter: CounterSide;
  readonly #insurer: InsurerSide;
  #holder: Holder | undefined;
  #choices: readonly string[] = [];
  #provisional: ProvisionalFigures | undefined;
  #facts: PurchaseFacts | undefined;

  constructor(ports: MedicalPurchasePorts, { request, limits, rules }: RunOptions) {
    this.#request = request;
    this.#limits = limits;
    this.#rules = rules;
    this.#journal = boundedJournal(ports, { timeoutMs: limits.journalTimeoutMs, noteFault: (fault) => this.#journalFaults.add(fault) });
    this.#ports = { ...ports, journal: this.#journal };
    this.#trouble = new CardTrouble(ports.reader);
    this.#deadlineMs = ports.clock.monotonicMs() + limits.timeoutMs;
    this.#card = new CardSide(this.#ports, limits, this.#trouble);
    this.#counter = new CounterSide(this.#ports, request, limits);
    this.#insurer = new InsurerSide(this.#ports, { request, limits });
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
      await this.#card.close();
    }
  }

  #told(outcome: MedicalOutcome): MedicalOutcome {
    if (outcome.kind === "no-card") return { ...outcome, ...this.#trouble.reason };
    // What was paid by an earlier attempt was told by it.
    if (outcome.kind !== "paid" || this.#facts === undefined) return outcome;
    const { kind: _, subject: __, visitId: ___, ...figures } = outcome;
    this.#counter.tell({ is: "settled", figures });
    return this.#provisional === undefined ? outcome : { ...outcome, provisional: this.#provisional };
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
      case "read-code":
        return this.#readCode();
      case "ask-person":
        return this.#askPerson();
      case "ask-insurance":
        return this.#askInsurance();
      case "check":
        return this.#insurer.check(command.check);
      case "append-intent":
        return this.#appendIntent();
      case "visit":
        return this.#insurer.stage(command.stage);
      case "note":
        return this.#note(command.next, command.after);
      case "pre-settle":
        return this.#preSettle();
      case "confirm":
        return this.#counter.confirm(this.#provisional);
      case "verify-pin":
        return this.#verifyPin();
      case "compare-card":
        return this.#compare();
      case "settle":
        return this.#settle();
      case "undo-visit":
        return this.#insurer.undo();
      case "append":
        return this.#append(command.entry);
    }
  }

  async #lookUp(): Promise<Event> {
    return { is: "looked-up", known: await this.#known() };
  }

  async #known(): Promise<KnownMedicalSale> {
    const fresh = { kind: "new", credential: this.#request.asRead === undefined ? credentialKindOf(this.#request) : "as-read" } as const;
    const subject = await this.#journal.mark(`sale/${this.#request.reference}`);
    if (subject === undefined) return fresh;
    const entries = await this.#journal.entriesOf(subject);
    const [first, last] = [entries[0], entries.at(-1)];
    assert(first !== undefined && last !== undefined, "a mark names a subject of this journal");
    if (last.kind !== "medical-purchase" || first.amount !== this.#request.amount) return { kind: "conflict" };
    if (last.state === "done") return { kind: "paid", subject, visitId: visitIdOf(last), figures: figuresOf(last) };
    return last.state === "refused" || last.state === "void" ? fresh : { kind: "open", subject };
  }

  async #awaitCard(): Promise<Event> {
    this.#counter.tell({ is: "present-card" });
    const { clock } = this.#ports;
    // A card that has to come back has the whole time for it: the sale has gone on meanwhile.
    const deadlineMs = this.#holder === undefined ? this.#deadlineMs : clock.monotonicMs() + this.#limits.timeoutMs;
    return (await this.#card.present(deadlineMs)) ? { is: "card-present" } : { is: "time-over" };
  }

  async #identify(): Promise<Event> {
    const found = await this.#card.identify();
    if (!found.ok) return { is: "stopped", refusal: found.refusal };
    const { card, raw } = found;
    const earlierOpen = await isOpenOfCard(this.#journal, card.cardNumber);
    this.#holder = { kind: "card", card, raw };
    this.#counter.tell({ is: "card-read" });
    return { is: "card-identified", earlierOpen };
  }

  async #readCode(): Promise<Event> {
    const code = await this.#counter.readCode();
    if (typeof code !== "string") return code;
    this.#holder = { kind: "e-code", code };
    return { is: "code-read" };
  }

  async #askPerson(): Promise<Event> {
    const { credential, asRead } = this.#request;
    if (asRead !== undefined) this.#holder = holderAsRead(asRead);
    if (credential?.kind === "resident-id") this.#holder = credential;
    assert(this.#holder !== undefined, "somebody has said who the holder is");
    return this.#personEvent(await this.#insurer.askPerson(this.#holder));
  }

  async #personEvent(answer: PersonAnswer): Promise<Event> {
    switch (answer.kind) {
      case "person":
        return { is: "person-found", plan: answer.route.plan, earlierOpen: await isOpenOfPerson(this.#journal, answer.person.personNumber) };
      case "choices":
        this.#choices = answer.choices;
        return this.#counter.present ? { is: "insurance-open" } : { is: "stopped", refusal: choiceNeeded(answer.choices) };
      case "event":
        return answer.event;
    }
  }

  async #askInsurance(): Promise<Event> {
    const chosen = await this.#counter.chooseInsurance(this.#choices);
    if (typeof chosen !== "string") return chosen;
    const answer = this.#insurer.choose(chosen);
    // The same kind of insurance in two places: the counter cannot tell them apart.
    return answer.kind === "choices" ? { is: "stopped", refusal: choiceNeeded(answer.choices) } : this.#personEvent(answer);
  }

  async #preSettle(): Promise<Event> {
    const { event, figures } = await this.#insurer.preSettle();
    this.#provisional = figures;
    if (figures !== undefined) this.#counter.tell({ is: "pre-settled", figures });
    return event;
  }

  async #verifyPin(): Promise<Event> {
    this.#counter.tell({ is: "enter-pin" });
    const refusal = await this.#card.verifyPin();
    return refusal === undefined ? { is: "pin-verified" } : { is: "stopped", refusal };
  }

  async #compare(): Promise<Event> {
    const same = await this.#card.compare();
    if (same) this.#counter.tell({ is: "card-read" });
    return { is: "card-compared", same };
  }

  async #appendIntent(): Promise<Event> {
    const { messageIds, clock } = this.#ports;
    const id = messageIds.next(clock.wallMs());
    if (visitOf(this.#request) === "outpatient") this.#insurer.beginVisit(id);
    const { reference, amount } = this.#request;
    const { person, receiver, visit } = this.#insurer;
    const card = this.#holder?.kind === "card" ? this.#holder.card : undefined;
    const { settleTimeoutMs } = this.#limits;
    this.#facts = {
      reference,
      amount,
      card,
      person,
      receiver,
      visit,
      id,
      settleTimeoutMs,
      medicalType: medicalTypeOf(this.#request),
      clearing: this.#insurer.clearing,
    };
    return this.#durable(intentDraft(this.#facts));
  }

  async #note(next: "inform" | "settle", after: EntryName): Promise<Event> {
    this.#insurer.noteStage(next);
    return this.#durable(notedDraft(after, this.#knownFacts()));
  }

  async #durable(draft: EntryDraft): Promise<Event> {
    const { subject, seq } = await this.#journal.append(draft);
    return { is: "entry-durable", entry: { subject, seq } };
  }

  /** With what the visit has become since. */
  #knownFacts(): PurchaseFacts {
    assert(this.#facts !== undefined, "the intent was begun");
    return { ...this.#facts, visit: this.#insurer.visit, clearing: this.#insurer.clearing };
  }

  #settle(): Promise<Event> {
    this.#counter.tell({ is: "settling" });
    return this.#insurer.settle(this.#knownFacts().id);
  }

  #append(wish: EntryWish): Promise<Event> {
    return this.#durable(laterDraft(wish, this.#knownFacts()));
  }
}

function choiceNeeded(choices: readonly string[]) {
  return { reason: "insurance-choice-needed", choices } as const;
}
