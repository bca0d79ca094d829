/*
 * Goal: the machine's decisions, carried out on card and journal, within bounds.
 * Method: one command at a time, each of which ends as one event. The runner decides nothing. One durable record tells the whole: before
 * it nothing is owed and nobody has passed, so that a power cut leaves nothing to be taken up again.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { KnownCashCards } from "../../card/electronic-cash/known-cards.ts";
import { dayRange } from "../../codec/civil-time.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { awaitCard } from "../await-card.ts";
import { boundedJournal } from "../bounded-journal.ts";
import { CardTrouble } from "../card-trouble.ts";
import type { EntryDraft, Journal, JsonObject } from "../journal/types.ts";
import { cashView } from "../quick-payment/purses/cash-industry.ts";
import type { CardAccess, Unusable } from "../quick-payment/purses/dialogue.ts";
import { electronicCash } from "../quick-payment/purses/electronic-cash.ts";
import { saleMark } from "../quick-payment/record.ts";
import { resolveCard } from "../quick-payment/resolve.ts";
import type { Reason } from "../quick-payment/types.ts";
import { unusableAtOnce } from "../quick-payment/wrong-card.ts";
import type { ReviewedCard } from "../risk/guard.ts";
import { impossibleAmount, limitReached, paymentsOut } from "../risk/limits.ts";
import type { SaleTime } from "../sale-time.ts";
import { DELAYED_CHARGE_RULES, decide, FIRST_STEP } from "./machine.ts";
import type { DelayedChargeLimits, DelayedChargePorts, DelayedChargeRequest } from "./ports.ts";
import { type BankCard, identifyBankCard, type SignedRide, signRide, type TapParts } from "./tap.ts";
import type { Command, DelayedChargeOutcome, DelayedChargeRules, Event, KnownCharge } from "./types.ts";

const KIND = "delayed-charge";
/** More events than any tap can have: each try is bounded by the machine. */
const EVENTS_MAX = 100;

/**
 * Takes one ride of a bank card on its signature alone, to be charged later. Never rejects for what the world does; only "accepted" lets
 * anybody pass.
 */
export async function runDelayedCharge(
  ports: DelayedChargePorts,
  request: DelayedChargeRequest,
  limits: DelayedChargeLimits,
  rules: DelayedChargeRules = DELAYED_CHARGE_RULES,
): Promise<DelayedChargeOutcome> {
  assert(/^[\w.-]{1,64}$/.test(request.reference), "the reference was checked where it came in");
  if (ports.profile.odaDelayedCharge === "off") return { kind: "refused", reason: "purse-not-offered" };
  const impossible = impossibleAmount(request.amount, { zeroAllowed: true });
  if (impossible !== undefined) return { kind: "refused", reason: impossible };
  const giveBackLane = ports.lane.take();
  if (giveBackLane === undefined) return { kind: "refused", reason: "lane-busy" };
  const giveBackReference = ports.sales.take(request.reference);
  try {
    if (giveBackReference === undefined) return { kind: "refused", reason: "in-progress" };
    return await new DelayedChargeRun(ports, request, limits).run(rules);
  } finally {
    giveBackReference?.();
    giveBackLane();
  }
}

class DelayedChargeRun {
  readonly #ports: DelayedChargePorts;
  readonly #request: DelayedChargeRequest;
  readonly #limits: DelayedChargeLimits;
  readonly #journal: Journal;
  readonly #journalFaults = new WeakSet<Fault>();
  readonly #deadlineMs: number;
  readonly #trouble: CardTrouble;
  readonly #parts: TapParts;
  #channel: CardChannel | undefined;
  #card: BankCard | undefined;
  /** What the ride of this card costs, and how that came about. */
  #fare: { readonly amount: Fen; readonly trip?: JsonObject } | undefined;
  #signed: { readonly ride: SignedRide; readonly saleTime: SaleTime } | undefined;

  constructor(ports: DelayedChargePorts, request: DelayedChargeRequest, limits: DelayedChargeLimits) {
    const { clock, cash, profile, terminalNumber } = ports;
    this.#ports = ports;
    this.#request = request;
    this.#limits = limits;
    this.#journal = boundedJournal(ports, { timeoutMs: limits.journalTimeoutMs, noteFault: (fault) => this.#journalFaults.add(fault) });
    this.#deadlineMs = clock.monotonicMs() + limits.timeoutMs;
    this.#trouble = new CardTrouble(ports.reader);
    this.#parts = {
      cash,
      applicationIds: profile.applicationIds,
      known: cash.knownCards ?? new KnownCashCards(),
      terminalNumber: toHex(terminalNumber),
    };
  }

  async run(rules: DelayedChargeRules): Promise<DelayedChargeOutcome> {
    const { firstUse, firstRideLimitFen } = this.#ports.profile;
    const ride = { firstUse, firstRideLimitFen };
    try {
      let step = FIRST_STEP;
      for (let events = 0; events < EVENTS_MAX; events += 1) {
        if (step.state.at === "ended") return this.#told(step.state.outcome);
        assert(step.command !== undefined, "a tap that has not ended has something to do");
        step = decide(rules, ride, step.state, await this.#execute(step.command));
      }
      throw new AssertionFailure("a tap has few events");
    } finally {
      await this.#channel?.close();
    }
  }

  #told(outcome: DelayedChargeOutcome): DelayedChargeOutcome {
    return outcome.kind === "no-card" ? { ...outcome, ...this.#trouble.reason } : outcome;
  }

  #execute(command: Command): Promise<Event> {
    switch (command.do) {
      case "look-up":
        return journalStep(async () => ({ is: "looked-up", known: await this.#known() }));
      case "await-card":
        return this.#awaitCard(command.pauseMs);
      case "identify":
        return journalStep(() => this.#cardStep((access) => this.#identify(access)));
      case "review":
        return journalStep(() => this.#review());
      case "authenticate":
        return this.#cardStep((access) => this.#authenticate(access));
      case "append":
        return journalStep(() => this.#append(command.firstUse));
    }
  }

  async #known(): Promise<KnownCharge> {
    const subject = await this.#journal.mark(saleMark(this.#request.reference));
    if (subject === undefined) return { kind: "new" };
    const last = (await this.#journal.entriesOf(subject)).at(-1);
    const { amount, tariff } = this.#request;
    const isSame = last?.kind === KIND && (tariff !== undefined || last.amount === amount);
    return isSame ? { kind: "accepted", subject, amount: last.amount, firstUse: last.detail["firstUse"] === true } : { kind: "conflict" };
  }

  async #awaitCard(pauseMs: number): Promise<Event> {
    await this.#channel?.close();
    this.#channel = undefined;
    this.#channel = await awaitCard(this.#ports, { deadlineMs: this.#deadlineMs, signal: this.#limits.signal, trouble: this.#trouble, pauseMs });
    return { is: this.#channel === undefined ? "time-over" : "card-present" };
  }

  #remainingMs(): number {
    return this.#deadlineMs - this.#ports.clock.monotonicMs();
  }

  async #cardStep(work: (access: CardAccess) => Promise<Event>): Promise<Event> {
    const channel = this.#channel;
    assert(channel !== undefined, "a card was presented");
    try {
      return await work({ channel, limits: () => this.#commandLimits() });
    } catch (fault) {
      if (!isFault(fault) || this.#journalFaults.has(fault)) throw fault;
      this.#trouble.note(fault);
      return { is: "card-lost", code: fault.code };
    }
  }

  /** Faults: "timeout" (no effect: nothing is sent). */
  #commandLimits(): Limits {
    const timeoutMs = Math.min(this.#limits.commandTimeoutMs, this.#remainingMs());
    if (timeoutMs <= 0) throw new Fault("timeout", "the time for this tap has passed", { effectUnknown: false });
    return { timeoutMs, signal: this.#limits.signal };
  }

  async #identify(access: CardAccess): Promise<Event> {
    const found = unusableAtOnce(access.channel) ?? (await this.#settleEarlier(access)) ?? (await identifyBankCard(access, this.#parts));
    if (found.kind === "unusable") return { ...found, is: "card-unusable" };
    this.#card = found;
    return { is: "card-identified" };
  }

  /** What a card knows of a sale that is not decided would be lost behind this ride, because its counter goes on. Faults: those of the journal too. */
  async #settleEarlier(access: CardAccess): Promise<Unusable | undefined> {
    const { cash, terminalNumber, log } = this.#ports;
    const dialogue = electronicCash({ terminalNumber, ...cash });
    const open = (await dialogue.recall?.(this.#journal)) ?? [];
    if (open.length === 0) return undefined;
    const found = await dialogue.identify(access, open);
    // A card that cannot be named for a sale says why by itself, or is no card of that sale.
    if (found.kind === "unusable") return undefined;
    const resolved = await resolveCard({ log, journal: this.#journal }, found.card);
    return resolved.open > 0 ? { kind: "unusable", reason: "earlier-sale-open" } : undefined;
  }

  #presentCard(): BankCard {
    assert(this.#card !== undefined, "the card was identified");
    return this.#card;
  }

  #reviewed(): ReviewedCard {
    const { accountNumber, issuer } = this.#presentCard();
    return { purse: "electronic-cash", name: accountNumber, issuer };
  }

  /** An open debt is an entry of the lists, so that the guard's word covers it. */
  async #review(): Promise<Event> {
    const review = this.#ports.guard?.review(this.#reviewed());
    if (review?.kind === "refused") return { is: "not-admitted", reason: review.reason };
    const seen = await this.#ports.seen.hasSeen(this.#presentCard().accountNumber);
    // Last of all: whoever keeps the tariff notes that the card is being charged.
    const fare = this.#priced();
    if ("refused" in fare) return { is: "not-admitted", reason: fare.refused };
    this.#fare = fare;
    return { is: "reviewed", seen, amount: fare.amount };
  }

  #priced(): { readonly amount: Fen; readonly trip?: JsonObject } | { readonly refused: Reason } {
    const { amount, tariff, trip } = this.#request;
    if (tariff === undefined) return { amount, ...(trip === undefined ? {} : { trip }) };
    const quote = tariff.quote(cashView(this.#presentCard(), undefined));
    if (quote.kind === "refused") return { refused: quote.reason };
    const impossible = impossibleAmount(quote.amount, { zeroAllowed: true });
    return impossible === undefined ? { amount: quote.amount, trip: { ...trip, ...quote.detail } } : { refused: impossible };
  }

  #owed(): { readonly amount: Fen; readonly trip?: JsonObject } {
    assert(this.#fare !== undefined, "the ride was priced");
    return this.#fare;
  }

  async #authenticate(access: CardAccess): Promise<Event> {
    const { saleTimes, clock, saleDays } = this.#ports;
    const saleTime = saleTimes.next(clock.wallMs());
    const terms = { amount: this.#owed().amount, saleTime, days: saleDays?.() ?? dayRange(saleTime.date) };
    const signed = await signRide(access, this.#parts, { card: this.#presentCard(), terms });
    if (signed.kind === "unusable") return { ...signed, is: "card-unusable" };
    this.#signed = { ride: signed, saleTime };
    return { is: "authenticated" };
  }

  /** The limits are looked at in the same turn as the record is appended, so that no other lane can come between. */
  async #append(firstUse: boolean): Promise<Event> {
    const { amount } = this.#owed();
    const limit = limitReached(this.#limits.risk, paymentsOut(this.#journal), { amount, zeroAllowed: true });
    if (limit !== undefined) return { is: "not-admitted", reason: limit };
    const taken = this.#ports.guard?.take(this.#reviewed(), amount);
    if (taken?.kind === "refused") return { is: "not-admitted", reason: taken.reason };
    try {
      const { subject } = await this.#journal.append(this.#draft(firstUse));
      taken?.became("done");
      return { is: "entry-durable", subject };
    } catch (fault) {
      if (isFault(fault) && !fault.effectUnknown) taken?.became("void");
      throw fault;
    }
  }

  #draft(firstUse: boolean): EntryDraft {
    const { reference } = this.#request;
    const { amount, trip } = this.#owed();
    assert(this.#signed !== undefined, "the card has signed");
    const { ride, saleTime } = this.#signed;
    const { accountNumber } = this.#presentCard();
    return {
      kind: KIND,
      state: "done",
      amount,
      card: accountNumber,
      detail: { reference, ...ride.detail, ...(firstUse ? { firstUse } : {}), ...(trip === undefined ? {} : { trip }) },
      personal: ride.personal,
      marks: [saleTime.mark, this.#ports.seen.markOf(accountNumber)],
      subjectMark: saleMark(reference),
    };
  }
}

async function journalStep(work: () => Promise<Event>): Promise<Event> {
  try {
    return await work();
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return { is: "journal-failed", code: fault.code, effectUnknown: fault.effectUnknown };
  }
}
