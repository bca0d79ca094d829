/*
 * Goal: a tender is taken once, whoever asks how often, and what the journal says of it is all that anybody says.
 * Method: cash is a record on the operator's word; a purse is a quick payment and a bank card a bank payment, which are idempotent by their
 * reference. A purse cannot be credited here, so that what it paid goes back in cash, as a record of its own; what a bank paid goes back to it.
 */
import { assert } from "../../base/assert.ts";
import { isFault } from "../../base/fault.ts";
import { type Fen, ZERO_FEN } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import type { BankOutcome } from "../acquiring/acts.ts";
import type { BankTenderPort } from "../acquiring/ports.ts";
import { outcomeOf, readBankAct } from "../acquiring/record.ts";
import { returnsOf } from "../acquiring/takeback.ts";
import { textMember } from "../journal/members.ts";
import { type EntryDraft, type Journal, type JournalEntry, OPEN_STATES } from "../journal/types.ts";
import type { TenderKind } from "../medical-desk/desk.ts";
import { isHeldSale } from "../quick-payment/held.ts";
import { saleMark } from "../quick-payment/record.ts";
import type { QuickPaymentOutcome } from "../quick-payment/types.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { PurseChoice, SaleRequest } from "../sale-request.ts";
import type { GiveBackRequest, RefundRequest, Returned, TenderRequest, TenderResult, Tenders } from "./tender.ts";

/** Kinds of tender that are quick payments from the card. */
export type PurseTender = Extract<TenderKind, "e-purse" | "electronic-cash" | "medical-purse">;

export interface TenderPorts {
  readonly journal: Journal;
  /** The quick payment of this place, bound to its reader; idempotent by the reference of its request. */
  readonly quickPayment: (request: SaleRequest, limits: Limits) => Promise<QuickPaymentOutcome>;
  /** Purses that this place takes. */
  readonly purses: readonly PurseTender[];
  /** The same policy that quick payments follow: up to this amount a debit that only the card vouches for counts as paid. */
  readonly unverifiedAmountFen: Fen;
  /** Left out: no bank card is taken here. */
  readonly bank?: Pick<BankTenderPort, "pay" | "giveBack">;
}

type Refund = Awaited<ReturnType<Tenders["refundCash"]>>;

export function openTenders(ports: TenderPorts): Tenders {
  return new JournalledTenders(ports);
}

class JournalledTenders implements Tenders {
  readonly #ports: TenderPorts;
  /** What is being taken or given now: nobody else begins the same between its look-up and its record. */
  readonly #taking = new Map<string, Promise<TenderResult>>();
  readonly #refunding = new Map<string, Promise<Refund>>();

  constructor(ports: TenderPorts) {
    this.#ports = ports;
  }

  offered(): readonly TenderKind[] {
    return ["cash", ...this.#ports.purses, ...(this.#ports.bank === undefined ? [] : ["bank-card" as const])];
  }

  take(request: TenderRequest, limits: Limits): Promise<TenderResult> {
    assert(request.amount > 0, "a tender pays something");
    return once(this.#taking, request.reference, () => this.#take(request, limits));
  }

  async known(reference: string): Promise<TenderResult | undefined> {
    const entries = await this.#entriesOf(reference);
    return entries === undefined ? undefined : this.#resultOf(entries);
  }

  refundCash(request: RefundRequest): Promise<Refund> {
    assert(request.amount > 0, "a refund gives something back");
    return once(this.#refunding, request.reference, () => this.#refund(request));
  }

  async returned(reference: string): Promise<Returned | undefined> {
    const entries = await this.#entriesOf(reference);
    const paid = entries === undefined ? undefined : readBankAct(entries);
    if (paid?.kind !== "bank-payment") return undefined;
    const { done, undecided } = await returnsOf(this.#ports.journal, paid.subject);
    return { amount: done, open: undecided > 0 };
  }

  async giveBack(request: GiveBackRequest, limits: Limits): Promise<TenderResult> {
    const { bank } = this.#ports;
    if (bank === undefined) return { kind: "failed", reason: "tender-not-offered" };
    return resultOfBank(await bank.giveBack(request, limits));
  }

  async #take(request: TenderRequest, limits: Limits): Promise<TenderResult> {
    const { tender, amount, reference, operator, order } = request;
    const { bank } = this.#ports;
    if (tender === "bank-card" && bank !== undefined) {
      return resultOfBank(await bank.pay({ reference, business: "sale", amount, operator, order }, limits));
    }
    try {
      if (tender === "cash") return await this.#takeCash(request);
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return fault.effectUnknown ? { kind: "unknown", reason: fault.code } : { kind: "failed", reason: fault.code };
    }
    const purse = this.#ports.purses.find((offered) => offered === tender);
    if (purse === undefined) return { kind: "failed", reason: "tender-not-offered" };
    return resultOfOutcome(await this.#ports.quickPayment({ reference, amount, operator, purse: choiceOf(purse) }, limits));
  }

  async #takeCash({ reference, amount, operator, order }: TenderRequest): Promise<TenderResult> {
    const entries = await this.#entriesOf(reference);
    if (entries !== undefined) {
      const last = lastOf(entries);
      const isSame = last.kind === "cash-tender" && last.amount === amount;
      return isSame ? { kind: "paid", subject: last.subject, amount } : { kind: "failed", reason: "reference-conflict", subject: last.subject };
    }
    const { subject } = await this.#ports.journal.append(cashDraft("cash-tender", { reference, amount, detail: { order, operator, reference } }));
    return { kind: "paid", subject, amount };
  }

  async #refund({ reference, amount, operator, order, why }: RefundRequest): Promise<Refund> {
    const entries = await this.#entriesOf(reference);
    if (entries !== undefined) {
      const last = lastOf(entries);
      assert(last.kind === "cash-refund", "a refund's reference names a refund");
      return { subject: last.subject, amount: last.amount };
    }
    const { subject } = await this.#ports.journal.append(cashDraft("cash-refund", { reference, amount, detail: { order, operator, reference, why } }));
    return { subject, amount };
  }

  async #entriesOf(reference: string): Promise<readonly JournalEntry[] | undefined> {
    const subject = await this.#ports.journal.mark(saleMark(reference));
    return subject === undefined ? undefined : this.#ports.journal.entriesOf(subject);
  }

  #resultOf(entries: readonly JournalEntry[]): TenderResult {
    const last = lastOf(entries);
    const { subject, kind, state, amount } = last;
    if (kind === "cash-tender") return { kind: "paid", subject, amount };
    const bank = kind === "bank-payment" ? readBankAct(entries) : undefined;
    if (bank !== undefined) return resultOfBank(outcomeOf(bank));
    if (kind !== "quick-payment") return { kind: "failed", reason: "reference-conflict", subject };
    const detail = mergedDetail(entries);
    const reason = textMember(detail, "reason");
    if (OPEN_STATES.includes(state)) return { kind: "unknown", subject, reason: reason || "restart" };
    if (state !== "done") return { kind: "failed", subject, reason: reason || "card-refused" };
    return isHeldSale(last, this.#ports.unverifiedAmountFen)
      ? { kind: "unknown", subject, reason: reason || "unverified", held: true }
      : { kind: "paid", subject, amount };
  }
}

/** Whoever asks for what is under way gets the same answer. */
function once<Value>(underWay: Map<string, Promise<Value>>, reference: string, work: () => Promise<Value>): Promise<Value> {
  const known = underWay.get(reference);
  if (known !== undefined) return known;
  const begun = work().finally(() => underWay.delete(reference));
  underWay.set(reference, begun);
  return begun;
}

function lastOf(entries: readonly JournalEntry[]): JournalEntry {
  const last = entries.at(-1);
  assert(last !== undefined, "a mark names a subject of this journal");
  return last;
}

interface CashFacts {
  readonly reference: string;
  readonly amount: Fen;
  readonly detail: EntryDraft["detail"];
}

function cashDraft(kind: "cash-tender" | "cash-refund", { reference, amount, detail }: CashFacts): EntryDraft {
  return { kind, state: "done", amount, detail, subjectMark: saleMark(reference) };
}

/** The card's medical purse pays the amount of the request; what the insurer bears is in its own ledger. */
function choiceOf(purse: PurseTender): PurseChoice {
  return purse === "medical-purse" ? { kind: purse, selfPay: ZERO_FEN, pooled: ZERO_FEN } : { kind: purse };
}

function resultOfBank(outcome: BankOutcome): TenderResult {
  switch (outcome.kind) {
    case "approved":
      return { kind: "paid", subject: outcome.subject, amount: outcome.amount };
    case "unknown":
      return { kind: "unknown", reason: outcome.reason, ...(outcome.subject === undefined ? {} : { subject: outcome.subject }) };
    case "no-card":
      return { kind: "failed", reason: outcome.reason ?? "no-card" };
    case "refused":
      return { kind: "failed", reason: outcome.reason, ...(outcome.subject === undefined ? {} : { subject: outcome.subject }) };
  }
}

function resultOfOutcome(outcome: QuickPaymentOutcome): TenderResult {
  switch (outcome.kind) {
    case "paid":
      return { kind: "paid", subject: outcome.subject, amount: outcome.amount };
    case "unverified":
      return { kind: "unknown", subject: outcome.subject, reason: outcome.reason, held: true };
    case "unknown":
      return { kind: "unknown", subject: outcome.subject, reason: outcome.reason };
    case "no-card":
      return { kind: "failed", reason: outcome.reason ?? "no-card" };
    case "refused":
      // Somebody is at it, or was and could not write what became of it: nothing is certain.
      if (outcome.reason === "in-progress") return { kind: "unknown", reason: outcome.reason };
      return { kind: "failed", reason: outcome.reason, ...(outcome.subject === undefined ? {} : { subject: outcome.subject }) };
  }
}
