/*
 * Goal: the machine's decisions, carried out on card, bank, agency and journal, within bounds.
 * Method: one command at a time; each ends as one event. The runner decides nothing.
 */
import { AssertionFailure, assert } from "../../base/assert.ts";
import { isFault } from "../../base/fault.ts";
import { neverAborted } from "../../base/never.ts";
import type { Limits } from "../../base/ports.ts";
import type { BankOutcome } from "../acquiring/acts.ts";
import type { AgencyReply } from "../agency/client.ts";
import { type AgencyOutcome, drawAgencyId } from "../agency/open.ts";
import { writeMoment } from "../agency/times.ts";
import { boundedJournal } from "../bounded-journal.ts";
import type { Journal, JournalEntry, JsonObject } from "../journal/types.ts";
import { printSlip } from "../receipts/print.ts";
import { receiptSlip } from "../receipts/receipt.ts";
import type { ContributionOutcome, ContributionRequest } from "./acts.ts";
import { readHolder } from "./holder.ts";
import { CONTRIBUTION_RULES, decideContribution, FIRST_CONTRIBUTION_STEP } from "./machine.ts";
import type { ContributionBounds, ContributionPorts } from "./ports.ts";
import { askBills, cardInput } from "./questions.ts";
import {
  billMark,
  type ContributionCard,
  contributionIntent,
  contributionNote,
  findContribution,
  isOpen,
  movedNothing,
  outcomeOf,
  paymentReference,
  type RecordedContribution,
  readContribution,
  returnReference,
  saysNothingNew,
} from "./record.ts";
import { slipData } from "./slip.ts";
import type { BankAnswer, BillAnswer, ConfirmAnswer, ContributionCommand, ContributionEvent, Known, NoteWish, ReturnAnswer } from "./types.ts";

/** Every message of a run, noted before and after. */
const EVENTS_MAX = 60;
/** Before the agency is told again what it has certainly not heard. */
const RETRY_PAUSE_MS = 2_000;
/** Leaves room for the names of payments and returns in the 64 characters of a reference. */
const REFERENCE = /^[\w.-]{1,48}$/;
const RECEIPT_NUMBER = /^[\w.-]{1,40}$/;

export interface ContributionOptions {
  /** `timeoutMs` bounds the wait for the social security card; the signal gives up until the bank is asked. */
  readonly limits: Limits;
  readonly bounds: ContributionBounds;
}

/** Pays one bill, once. Never rejects for what the world does; an outcome says it. */
export async function runContribution(ports: ContributionPorts, request: ContributionRequest, options: ContributionOptions): Promise<ContributionOutcome> {
  const { reference, billId } = request;
  if (!REFERENCE.test(reference)) return { kind: "refused", reason: "reference-malformed" };
  const outcome = await alone(ports, { reference, billId }, () => new ContributionRun(ports, { request }, options).run());
  return outcome ?? { kind: "refused", reason: "in-progress" };
}

/** Goes on with one open contribution, without its holder; undefined where somebody is at it. Never rejects for what the world does. */
export function resumeContribution(
  ports: ContributionPorts,
  record: RecordedContribution,
  options: ContributionOptions,
): Promise<ContributionOutcome | undefined> {
  const { reference, bill } = record;
  return alone(ports, { reference, billId: bill.billId }, () => new ContributionRun(ports, { subject: record.last.subject }, options).run());
}

/** One run at a time for each reference, and for each bill, whatever it is called. */
async function alone<Value>(
  { sales }: ContributionPorts,
  { reference, billId }: { readonly reference: string; readonly billId: string },
  work: () => Promise<Value>,
): Promise<Value | undefined> {
  const giveReference = sales.take(reference);
  const giveBill = giveReference === undefined ? undefined : sales.take(billMark(billId));
  try {
    return giveBill === undefined ? undefined : await work();
  } finally {
    giveBill?.();
    giveReference?.();
  }
}

type Wanted = { readonly request: ContributionRequest } | { readonly subject: string };

class ContributionRun {
  readonly #ports: ContributionPorts;
  readonly #wanted: Wanted;
  readonly #options: ContributionOptions;
  readonly #journal: Journal;
  #card: ContributionCard | undefined;
  #attempt = 1;
  /** Of the subject under way, oldest first. */
  #entries: readonly JournalEntry[] = [];

  constructor(ports: ContributionPorts, wanted: Wanted, options: ContributionOptions) {
    this.#ports = ports;
    this.#wanted = wanted;
    this.#options = options;
    this.#journal = boundedJournal(ports, { timeoutMs: options.bounds.journalTimeoutMs });
  }

  async run(): Promise<ContributionOutcome> {
    const rules = this.#ports.rules ?? CONTRIBUTION_RULES;
    let step = FIRST_CONTRIBUTION_STEP;
    for (let events = 0; events < EVENTS_MAX; events += 1) {
      if (step.state.at === "ended") return step.state.outcome;
      const [command] = step.commands;
      assert(command !== undefined && step.commands.length === 1, "a contribution does one thing after the other");
      step = decideContribution(rules, step.state, await this.#guarded(command));
    }
    throw new AssertionFailure("a contribution has few events");
  }

  async #guarded(command: ContributionCommand): Promise<ContributionEvent> {
    try {
      return await this.#execute(command);
    } catch (fault) {
      // Nothing else than the journal throws here: what cards, bank and agency do is an answer.
      if (!isFault(fault)) throw fault;
      return { is: "journal-failed", code: fault.code };
    }
  }

  async #execute(command: ContributionCommand): Promise<ContributionEvent> {
    switch (command.do) {
      case "look-up":
        return { is: "looked-up", known: await this.#known() };
      case "read-card":
        return this.#readCard();
      case "ask-bill":
        return { is: "bill-answered", bill: await this.#askBill() };
      case "append-intent":
        return this.#begin(command.bill);
      case "note":
        return this.#note(command.wish);
      case "pay":
      case "look-at-payment":
        return { is: "bank-answered", bank: await this.#bank(command.do) };
      case "confirm":
      case "ask-outcome":
        return { is: "agency-answered", agency: await this.#confirm(command.do) };
      case "take-back":
      case "look-at-return":
        return { is: "return-answered", answer: await this.#return(command) };
      case "print":
        return this.#print(command.outcome);
    }
  }

  async #known(): Promise<Known> {
    const record = await this.#find();
    if (record === undefined) return { kind: "new" };
    const request = "request" in this.#wanted ? this.#wanted.request : undefined;
    const another = request !== undefined && (request.billId !== record.bill.billId || request.amount !== record.bill.amount);
    if (another) return { kind: "told", outcome: { kind: "refused", reason: "reference-used" } };
    if (isOpen(record)) {
      this.#entries = await this.#journal.entriesOf(record.last.subject);
      return { kind: "open", subject: record.last.subject, at: record.leg };
    }
    if (request === undefined || !movedNothing(record)) return { kind: "told", outcome: outcomeOf(record) };
    this.#attempt = record.attempt + 1;
    return { kind: "new" };
  }

  async #find(): Promise<RecordedContribution | undefined> {
    if ("request" in this.#wanted) return findContribution(this.#journal, this.#wanted.request.reference);
    return readContribution(await this.#journal.entriesOf(this.#wanted.subject));
  }

  get #request(): ContributionRequest {
    assert("request" in this.#wanted, "only somebody at the counter begins one");
    return this.#wanted.request;
  }

  get #record(): RecordedContribution {
    const record = readContribution(this.#entries);
    assert(record !== undefined, "a contribution is under way");
    return record;
  }

  async #readCard(): Promise<ContributionEvent> {
    const { bounds, limits } = this.#options;
    // A bill is paid with the bank's own PIN.
    const reading = await readHolder(this.#ports, { withPin: false, bounds }, limits);
    if (reading.kind === "known") this.#card = reading.card;
    return { is: "card-answered", card: reading.kind === "known" ? { kind: "known" } : reading };
  }

  get #holder(): ContributionCard {
    assert(this.#card !== undefined, "a card was read");
    return this.#card;
  }

  async #askBill(): Promise<BillAnswer> {
    const { billId, amount, operator, reference } = this.#request;
    const before = await this.#journal.mark(billMark(billId));
    const other = before === undefined || before === reference ? undefined : await findContribution(this.#journal, before);
    if (other !== undefined && isOpen(other)) return { kind: "refused", reason: "bill-in-progress" };
    const { bounds, limits } = this.#options;
    const told = await askBills(this.#ports, { card: this.#holder, operator }, { signal: limits.signal, timeoutMs: bounds.agencyTimeoutMs });
    if (told.kind === "refused") return told;
    const bill = told.bills.find((each) => each.billId === billId);
    if (bill === undefined) return { kind: "refused", reason: "bill-unknown" };
    return bill.amount === amount ? { kind: "owed", bill } : { kind: "refused", reason: "amount-changed" };
  }

  async #begin(bill: Extract<BillAnswer, { readonly kind: "owed" }>["bill"]): Promise<ContributionEvent> {
    const { reference, operator } = this.#request;
    const entry = await this.#journal.append(contributionIntent({ reference, operator, bill, attempt: this.#attempt, card: this.#holder }));
    this.#entries = [entry];
    return { is: "entry-durable", subject: entry.subject };
  }

  async #note(wish: NoteWish): Promise<ContributionEvent> {
    const record = this.#record;
    const { subject } = record.last;
    if (saysNothingNew(record, wish)) return { is: "entry-durable", subject };
    const confirms = wish.kind === "leg" && wish.leg.leg === "confirm";
    const entry = await this.#journal.append(contributionNote(record, wish, confirms ? drawAgencyId(this.#ports.randomness) : undefined));
    this.#entries = [...this.#entries, entry];
    return { is: "entry-durable", subject };
  }

  async #bank(how: "pay" | "look-at-payment"): Promise<BankAnswer> {
    const { bank, clock } = this.#ports;
    const { bounds, limits } = this.#options;
    const { bill, operator, reference: order, attempt } = this.#record;
    const reference = paymentReference({ reference: order, attempt });
    const outcome =
      how === "pay"
        ? await bank.pay({ reference, business: "sale", amount: bill.amount, operator, order }, { timeoutMs: bounds.bankTimeoutMs, signal: limits.signal })
        : await bank.known(reference);
    return bankAnswer(outcome, { amount: bill.amount, nowMs: clock.wallMs() });
  }

  /** Of a message that may have reached the agency before, only what became of it is asked. */
  async #confirm(how: "confirm" | "ask-outcome"): Promise<ConfirmAnswer> {
    const { agency, clock } = this.#ports;
    const { confirmId: id, operator, bill, card, leg } = this.#record;
    assert(leg.leg === "confirm" && id !== "", "what is told is durable before");
    const limits = { timeoutMs: this.#options.bounds.agencyTimeoutMs, signal: neverAborted() };
    if (how === "ask-outcome") return confirmAnswer(await agency.outcomeOf({ id, operator }, limits), bill.amount);
    if (leg.tries > 1) await clock.sleep(RETRY_PAUSE_MS);
    const { subject, retrievalReference, authorization, paidAtMs } = leg.payment;
    const payment: JsonObject = {
      reference: subject,
      retrievalReference,
      paidAt: writeMoment(paidAtMs),
      ...(authorization === undefined ? {} : { authorization }),
    };
    const input = { ...cardInput(card), billId: bill.billId, amountFen: bill.amount, payment };
    return confirmAnswer(await agency.ask({ service: "contribution-confirm", id, operator, input }, limits), bill.amount);
  }

  /** The first message is a void, which the bank takes within the batch of the payment; those behind it are refunds without the card. */
  async #return({ do: how, tries }: Extract<ContributionCommand, { readonly do: "take-back" | "look-at-return" }>): Promise<ReturnAnswer> {
    const { bank } = this.#ports;
    const record = this.#record;
    assert(record.leg.leg === "return", "what is asked for is durable before");
    const reference = returnReference(record, tries);
    const original = paymentReference(record);
    const { operator } = record;
    const business = tries === 1 ? "void" : "refund";
    const outcome =
      how === "take-back"
        ? await bank.takeBack(
            { reference, business, original, operator, withoutCard: true },
            { timeoutMs: this.#options.bounds.bankTimeoutMs, signal: neverAborted() },
          )
        : await bank.known(reference);
    return returnAnswer(outcome, record.leg.payment.amount);
  }

  /** A slip is for whoever stands there; what ends in the background is printed on request. */
  async #print(outcome: ContributionOutcome): Promise<ContributionEvent> {
    const { printer, place, log } = this.#ports;
    const slip = slipData(this.#record, outcome, place);
    if (printer === undefined || slip === undefined || !("request" in this.#wanted)) return { is: "printed" };
    const limits = { timeoutMs: this.#options.bounds.printTimeoutMs, signal: neverAborted() };
    const printed = await printSlip(printer, receiptSlip(slip, { copy: false }), limits);
    if (printed !== "printed") log.warn("contribution-slip-not-printed", { reason: printed });
    return { is: "printed" };
  }
}

function bankAnswer(outcome: BankOutcome | undefined, { amount, nowMs }: { readonly amount: number; readonly nowMs: number }): BankAnswer {
  if (outcome === undefined) return { kind: "never" };
  if (outcome.kind !== "approved") return withReason(outcome);
  const { subject, retrievalReference, authorization } = outcome;
  const payment = {
    subject,
    amount: outcome.amount,
    retrievalReference,
    ...(authorization === undefined ? {} : { authorization }),
    paidAtMs: nowMs,
  };
  return { kind: outcome.amount < amount ? "short" : "paid", payment };
}

function withReason(outcome: Exclude<BankOutcome, { readonly kind: "approved" }>): BankAnswer {
  const { kind, reason } = outcome;
  if (kind === "no-card") return { kind, ...(reason === undefined ? {} : { reason }) };
  return { kind, reason };
}

function returnAnswer(outcome: BankOutcome | undefined, amount: number): ReturnAnswer {
  switch (outcome?.kind) {
    case undefined:
      return { kind: "never" };
    case "approved":
      // Part of the money is neither here nor there: a person looks.
      return outcome.amount === amount ? { kind: "returned" } : { kind: "unknown", reason: "return-amount-differs" };
    case "no-card":
      return { kind: "refused", reason: outcome.reason ?? "no-card" };
    case "refused":
    case "unknown":
      return { kind: outcome.kind, reason: outcome.reason };
  }
}

/** A "yes" without a receipt, or about another amount, is none: it is asked for again, and listed. */
function confirmAnswer(reply: AgencyReply | AgencyOutcome, amount: number): ConfirmAnswer {
  switch (reply.kind) {
    case "ok": {
      const { receiptNumber, amountFen } = reply.output;
      const sound = typeof receiptNumber === "string" && RECEIPT_NUMBER.test(receiptNumber) && amountFen === amount;
      return sound ? { kind: "confirmed", receiptNumber } : { kind: "unknown", reason: "agency-reply-malformed" };
    }
    case "refused":
      return { kind: "refused", reason: reply.reason };
    case "not-sent":
    case "never":
      return { kind: "never", reason: "agency-unreachable" };
    case "unknown":
    case "open":
      return { kind: "unknown", reason: `agency-${reply.reason}` };
  }
}
