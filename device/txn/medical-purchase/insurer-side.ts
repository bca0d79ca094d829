/*
 * Goal: the insurer's side of one purchase: each step is one question, and each answer one event.
 * Method: nothing is decided here. What an answer gives is kept for the next question and for the record.
 */
import { assert } from "../../base/assert.ts";
import { neverAborted } from "../../base/never.ts";
import type { Limits } from "../../base/ports.ts";
import { civilTime } from "../../codec/civil-time.ts";
import type { FsiRequest } from "../../codec/fsi.ts";
import type { ProvisionalFigures } from "../medical-desk/desk.ts";
import { ask, drawMessageId, type NoAnswer, send, signIn } from "../medical-host/ask.ts";
import { distanceOf } from "../medical-host/distance.ts";
import type { MessageId } from "../medical-host/message-id.ts";
import { findPerson, type Insured, type Person, type Served } from "../medical-host/person-services.ts";
import { askCheck, type CheckContext } from "./checks.ts";
import { type Basket, basketInput, type Holder, insuredOf, linePrefixOf, personCredential, traceInput } from "./messages.ts";
import {
  readTrialFigures,
  readVisitId,
  STAGE_CODES,
  stageInput,
  type TrialFigures,
  undoVisit,
  type VisitBasket,
  type VisitFacts,
  visitSettlementInput,
} from "./outpatient.ts";
import { insuranceTypeOf, type Route, routeOf } from "./plan.ts";
import type { MedicalPurchaseLimits, MedicalPurchasePorts, MedicalPurchaseRequest } from "./ports.ts";
import { SETTLEMENT_CODE, VISIT_SETTLEMENT_CODE } from "./record.ts";
import { type Clearing, readClearing, readProvisional, readSettlement } from "./settlement.ts";
import type { Check, Event, Refusal, VisitStage } from "./types.ts";

/** How 1101 was answered. */
export type PersonAnswer =
  | { readonly kind: "person"; readonly person: Insured; readonly route: Route }
  | { readonly kind: "choices"; readonly choices: readonly string[] }
  | { readonly kind: "event"; readonly event: Event };

export interface InsurerSideOptions {
  readonly request: MedicalPurchaseRequest;
  readonly limits: MedicalPurchaseLimits;
}

export class InsurerSide {
  /** With whoever serves as the sender. */
  readonly #ports: MedicalPurchasePorts;
  /** The day's sign-in belongs to the terminal, whoever serves. */
  readonly #terminal: MedicalPurchasePorts;
  readonly #request: MedicalPurchaseRequest;
  readonly #limits: MedicalPurchaseLimits;
  #holder: Holder | undefined;
  #found: Person | undefined;
  #person: Insured | undefined;
  #route: Route | undefined;
  #basket: { readonly at: string; readonly linePrefix: string } | undefined;
  #visit: VisitFacts | undefined;
  #trial: TrialFigures | undefined;
  #clearing: Clearing | undefined;

  constructor(ports: MedicalPurchasePorts, { request, limits }: InsurerSideOptions) {
    const { operator } = request;
    const { medical } = ports;
    const sender = operator === undefined ? medical.sender : { ...medical.sender, operator, operatorName: operator };
    this.#ports = { ...ports, medical: { ...medical, sender } };
    this.#terminal = ports;
    this.#request = request;
    this.#limits = limits;
  }

  get person(): Insured {
    assert(this.#person !== undefined, "the host has named the person");
    return this.#person;
  }

  get receiver(): string | undefined {
    return this.#route?.receiverSystem;
  }

  /** Of an outpatient visit, as far as it is known. */
  get visit(): VisitFacts | undefined {
    return this.#visit;
  }

  /** Who will clear the settlement, as the trial has said it. */
  get clearing(): Clearing | undefined {
    return this.#clearing;
  }

  #queryLimits(): Limits {
    return { timeoutMs: this.#limits.queryTimeoutMs, signal: this.#limits.signal };
  }

  #now(): string {
    return civilTime(this.#ports.clock.wallMs()).iso;
  }

  #known(): Holder {
    assert(this.#holder !== undefined, "somebody has said who the holder is");
    return this.#holder;
  }

  /** 1101, after a sign-in where one is missing. Faults: those of the journal. */
  async askPerson(holder: Holder): Promise<PersonAnswer> {
    this.#holder = holder;
    const signedIn = await signIn(this.#terminal, this.#queryLimits());
    if (signedIn !== undefined) return { kind: "event", event: unanswered(signedIn) };
    const found = await this.#askWho(holder);
    if (found.kind !== "done") return { kind: "event", event: unanswered(found) };
    this.#found = found.value;
    return this.choose(undefined);
  }

  /** The card's own record goes along where its holder is insured in another province; that the card shows it is only likely. */
  async #askWho(holder: Holder): Promise<Served<Person>> {
    const ask = (withRaw: boolean) => findPerson(this.#ports, { credential: personCredential(holder, withRaw), at: this.#now() }, this.#queryLimits());
    if (holder.kind !== "card" || holder.raw === undefined) return ask(false);
    if (this.#isFar(holder.card.cardIdentifier.slice(0, 6))) return ask(true);
    const found = await ask(false);
    return found.kind === "done" && found.value.insurances.some(({ area }) => this.#isFar(area)) ? ask(true) : found;
  }

  #isFar(area: string): boolean {
    const { sender, region } = this.#ports.medical;
    return distanceOf(sender.treatmentArea, area, region.municipalities) === "cross-province";
  }

  /** The insurance that pays, out of what 1101 has said, and what follows from it. */
  choose(answered: string | undefined): PersonAnswer {
    assert(this.#found !== undefined, "the host has named the person");
    const parsed = insuredOf(this.#found, answered ?? insuranceTypeOf(this.#request));
    if (!parsed.ok) return this.#notChosen(parsed.refusal);
    const routed = routeOf(this.#request, parsed.person, this.#ports.medical);
    if (!routed.ok) return stopped(routed.refusal);
    if (this.#lacksCardRecord(routed.route)) return stopped({ reason: "card-data-missing" });
    this.#person = parsed.person;
    this.#route = routed.route;
    return { kind: "person", person: parsed.person, route: routed.route };
  }

  #notChosen(refusal: Refusal): PersonAnswer {
    return refusal.choices === undefined ? stopped(refusal) : { kind: "choices", choices: refusal.choices };
  }

  #lacksCardRecord({ distance }: Route): boolean {
    const { crossProvinceCard = "raw-read" } = this.#ports.medical.region;
    const holder = this.#known();
    return crossProvinceCard === "raw-read" && distance === "cross-province" && holder.kind === "card" && holder.raw === undefined;
  }

  /** 2001, 5301 or 2501. Faults: those of the journal. */
  async check(check: Check): Promise<Event> {
    const context: CheckContext = { request: this.#request, person: this.person, receiver: this.receiver, now: this.#now() };
    const result = await askCheck(this.#ports, check, context, this.#queryLimits());
    switch (result.kind) {
      case "passed":
        return { is: "check-passed" };
      case "stopped":
        return { is: "stopped", refusal: result.refusal };
      case "refused":
      case "not-sent":
      case "undecided":
        return unanswered(result);
    }
  }

  #way(): { readonly insuranceArea: string; readonly receiver?: string } {
    const { receiver } = this;
    return { insuranceArea: this.person.insuranceArea, ...(receiver === undefined ? {} : { receiver }) };
  }

  #basketOf(): Basket {
    assert(this.#basket !== undefined, "the basket has its names");
    return { request: this.#request, holder: this.#known(), person: this.person, region: this.#ports.medical.region, ...this.#basket };
  }

  #visitBasket(): VisitBasket {
    assert(this.#visit !== undefined, "the visit was begun");
    return { ...this.#basketOf(), visit: this.#visit };
  }

  /** The names that a visit keeps: all of them follow from the msgid of its settlement. */
  beginVisit(id: MessageId): void {
    const number = linePrefixOf(id.text);
    this.#basket = { at: id.sentAt, linePrefix: number };
    this.#visit = { number, visitId: "", feeBatch: number, stage: "register" };
  }

  /** The next message may leave something that recovery has to know. */
  noteStage(stage: VisitFacts["stage"]): void {
    assert(this.#visit !== undefined, "the visit was begun");
    this.#visit = { ...this.#visit, stage };
  }

  /** 2201, 2203 or 2204. Faults: those of the journal. */
  async stage(stage: VisitStage): Promise<Event> {
    const basket = this.#visitBasket();
    const question = { infno: STAGE_CODES[stage], input: stageInput(stage, basket), ...this.#way() };
    const answer = await ask(this.#ports, question, { timeoutMs: this.#limits.queryTimeoutMs, signal: neverAborted() });
    if (answer.kind !== "done") return this.#unserved(answer);
    if (stage !== "register") return { is: "stage-done" };
    const visitId = readVisitId(answer.output);
    if (visitId === "") return { is: "host-undecided", reason: "reply-incomplete" };
    this.#visit = { ...basket.visit, visitId };
    return { is: "stage-done" };
  }

  /** The split as it would be booked now; undefined figures where the host does not say them. Faults: those of the journal. */
  async preSettle(): Promise<{ readonly event: Event; readonly figures?: ProvisionalFigures }> {
    const id = await drawMessageId(this.#ports);
    this.#basket ??= { at: id.sentAt, linePrefix: linePrefixOf(id.text) };
    const answer = await send(this.#ports, { id, ...this.#settlement("trial"), ...this.#way() }, this.#queryLimits());
    if (answer.kind !== "done") return { event: this.#unserved(answer) };
    this.#clearing = readClearing(answer.output);
    if (this.#visit !== undefined) this.#trial = readTrialFigures(answer.output);
    const figures = readProvisional(answer.output);
    return figures === undefined ? { event: { is: "pre-settled" } } : { event: { is: "pre-settled" }, figures };
  }

  /** A refusal may mean that the day's sign-in is over; a new one costs one question. */
  #unserved(answer: NoAnswer): Event {
    this.#ports.signIns.forget();
    return unanswered(answer);
  }

  #settlement(kind: "trial" | "booking"): Pick<FsiRequest, "infno" | "input"> {
    const traces = kind === "trial" ? {} : traceInput(this.#basketOf());
    if (this.#visit === undefined) return { infno: kind === "trial" ? "2101" : SETTLEMENT_CODE, input: { ...basketInput(this.#basketOf()), ...traces } };
    const input = visitSettlementInput(this.#visitBasket(), kind === "trial" ? undefined : this.#trial);
    return { infno: kind === "trial" ? "2206" : VISIT_SETTLEMENT_CODE, input: { ...input, ...traces } };
  }

  /** Books. Never rejects. */
  async settle(id: MessageId): Promise<Event> {
    // A visit has drawn its msgid before its registration; the message itself is of now.
    const message = { id: this.#visit === undefined ? id : { ...id, sentAt: this.#now() }, ...this.#settlement("booking"), ...this.#way() };
    const answer = await send(this.#ports, message, { timeoutMs: this.#limits.settleTimeoutMs, signal: neverAborted() });
    if (answer.kind === "refused") return this.#unserved(answer);
    if (answer.kind !== "done") return unanswered(answer);
    const parsed = readSettlement(answer.output, { total: this.#request.amount, msgid: id.text });
    if (parsed.ok) return { is: "settled", settlement: { ...parsed.settlement, visitId: parsed.settlement.visitId || (this.#visit?.visitId ?? "") } };
    this.#ports.log.warn("settlement-reply-incomplete", { reason: parsed.reason });
    return { is: "host-undecided", reason: "reply-incomplete" };
  }

  /** Takes the visit back. Faults: those of the journal. */
  async undo(): Promise<Event> {
    const { visit } = this.#visitBasket();
    const { personNumber } = this.person;
    const limits = { timeoutMs: this.#limits.queryTimeoutMs, signal: neverAborted() };
    // What made the visit come to nothing may have ended the sign-in too.
    const signedIn = await signIn(this.#terminal, limits);
    if (signedIn !== undefined) return { is: "visit-standing", reason: signedIn.kind === "undecided" ? signedIn.reason : "host-unreachable" };
    const result = await undoVisit(this.#ports, { ...visit, personNumber, ...this.#way() }, limits);
    switch (result.kind) {
      case "undone":
        return { is: "visit-undone" };
      case "refused":
        return { is: "visit-standing", reason: "host-refused" };
      case "silent":
        return { is: "visit-standing", reason: result.reason };
    }
  }
}

function stopped(refusal: Refusal): PersonAnswer {
  return { kind: "event", event: { is: "stopped", refusal } };
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
