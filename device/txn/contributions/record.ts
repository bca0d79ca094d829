/* What the entries of a contribution say, written and read back. The record alone takes it up again. Spec: pos/v1, 3. */
import { assert } from "../../base/assert.ts";
import { fen } from "../../base/fen.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { EntryDraft, Journal, JournalEntry, JsonObject } from "../journal/types.ts";
import { OPEN_STATES } from "../journal/types.ts";
import { saleMark } from "../quick-payment/record.ts";
import { mergedDetail, mergedPersonal } from "../recovery/recover.ts";
import type { ContributionBill, ContributionOutcome } from "./acts.ts";
import type { BankProof, Leg, NoteWish } from "./types.ts";

const KIND = "contribution";

/** The holder's social security card, as the agency is told of it. Personal. */
export interface ContributionCard {
  readonly cardIdentifier: string;
  readonly cardNumber: string;
  readonly name: string;
}

/** What never changes from the intent on. */
export interface ContributionFacts {
  readonly reference: string;
  /** 1, 2, …: a reference whose payment was refused may be tried again. */
  readonly attempt: number;
  readonly operator: string;
  readonly bill: ContributionBill;
  readonly card: ContributionCard;
}

/** A contribution as its durable entries tell it. */
export interface RecordedContribution extends ContributionFacts {
  readonly first: JournalEntry;
  readonly last: JournalEntry;
  readonly leg: Leg;
  /** Id under which the agency was told last; "" before. */
  readonly confirmId: string;
  readonly reason: string;
  /** A person's last word on it; "" before any. */
  readonly said: string;
}

/** Names the contribution that was begun last for a bill, so that there are never two of them under way. */
export function billMark(billId: string): string {
  return `contribution-bill/${billId}`;
}

/** The bank payment of one attempt. */
export function paymentReference({ reference, attempt }: Pick<ContributionFacts, "reference" | "attempt">): string {
  return `${reference}.b${attempt}`;
}

/** One message that asks for the money back. */
export function returnReference(facts: Pick<ContributionFacts, "reference" | "attempt">, tries: number): string {
  return `${paymentReference(facts)}.t${tries}`;
}

function personalOf({ card }: ContributionFacts): JsonObject {
  return { cardIdentifier: card.cardIdentifier, cardNumber: card.cardNumber, name: card.name };
}

/** Durable before the bank is asked: from here on the bill and its amount stand. */
export function contributionIntent(facts: ContributionFacts): EntryDraft {
  const { reference, attempt, operator, bill, card } = facts;
  const { billId, insurance, period, amount } = bill;
  return {
    kind: KIND,
    state: "prepared",
    amount,
    card: card.cardNumber,
    detail: { reference, attempt, operator, billId, insurance, period, leg: "payment" },
    personal: personalOf(facts),
    marks: [{ name: billMark(billId), value: reference }],
    subjectMark: saleMark(reference),
  };
}

function proofDetail({ subject, amount, retrievalReference, authorization, paidAtMs }: BankProof): JsonObject {
  return { payment: subject, paidFen: amount, retrievalReference, paidAtMs, ...(authorization === undefined ? {} : { authorization }) };
}

function legDetail(leg: Leg): JsonObject {
  switch (leg.leg) {
    case "payment":
      return { leg: leg.leg };
    case "confirm":
      return { leg: leg.leg, ...proofDetail(leg.payment), confirmTries: leg.tries };
    case "return":
      return { leg: leg.leg, ...proofDetail(leg.payment), returnTries: leg.tries, why: leg.why };
    case "parked":
      return { leg: leg.leg, ...proofDetail(leg.payment), returnTries: leg.tries, why: leg.why };
  }
}

interface LaterEntry {
  readonly state: EntryDraft["state"];
  readonly detail: JsonObject;
}

/** `confirmId`: of the try that the note begins. */
function laterEntry(wish: NoteWish, last: JournalEntry, confirmId: string | undefined): LaterEntry {
  switch (wish.kind) {
    case "leg": {
      const { leg } = wish;
      if (leg.leg === "parked") return { state: "unknown", detail: { ...legDetail(leg), reason: leg.reason } };
      // What was unknown once is being resolved from then on.
      const state = leg.leg === "confirm" && (last.state === "prepared" || last.state === "acting") ? "acting" : "resolving";
      // Why an earlier step had no answer says nothing of this one.
      return { state, detail: { ...legDetail(leg), reason: "", ...(confirmId === undefined ? {} : { confirmId }) } };
    }
    case "unanswered":
      return { state: "unknown", detail: { ...legDetail(wish.leg), reason: wish.reason } };
    case "confirmed":
      return { state: "done", detail: { ...proofDetail(wish.payment), receiptNumber: wish.receiptNumber } };
    case "not-paid":
      return { state: wish.state, detail: { reason: wish.reason } };
    case "returned":
      return { state: "void", detail: { ...proofDetail(wish.payment), returned: true, reason: wish.reason } };
  }
}

/** A later entry of the same contribution; it repeats what names it, so that each entry can be read by itself. */
export function contributionNote(record: RecordedContribution, wish: NoteWish, confirmId?: string): EntryDraft {
  const { reference, attempt, operator, bill, last } = record;
  const { state, detail } = laterEntry(wish, last, confirmId);
  return {
    subject: last.subject,
    kind: KIND,
    state,
    amount: bill.amount,
    ...(last.state === "unknown" && !OPEN_STATES.includes(state) ? { resolves: last.seq } : {}),
    detail: { reference, attempt, operator, billId: bill.billId, insurance: bill.insurance, period: bill.period, ...detail },
    personal: personalOf(record),
  };
}

/** Whether a note would say what the record says already: looks that prove nothing again are not worth an entry each. */
export function saysNothingNew({ last }: RecordedContribution, wish: NoteWish): boolean {
  return wish.kind === "unanswered" && last.state === "unknown" && textMember(last.detail, "leg") === wish.leg.leg;
}

function proofOf(detail: JsonObject): BankProof | undefined {
  const paidFen = countMember(detail, "paidFen");
  if (paidFen === undefined) return undefined;
  const authorization = textMember(detail, "authorization");
  return {
    subject: textMember(detail, "payment"),
    amount: fen(paidFen),
    retrievalReference: textMember(detail, "retrievalReference"),
    ...(authorization === "" ? {} : { authorization }),
    paidAtMs: countMember(detail, "paidAtMs") ?? 0,
  };
}

function legOf(detail: JsonObject): Leg {
  const payment = proofOf(detail);
  if (payment === undefined) return { leg: "payment" };
  const why = textMember(detail, "why");
  switch (textMember(detail, "leg")) {
    case "return":
      return { leg: "return", payment, tries: countMember(detail, "returnTries") ?? 1, why };
    case "parked":
      return { leg: "parked", payment, tries: countMember(detail, "returnTries") ?? 1, why, reason: textMember(detail, "reason") };
    default:
      return { leg: "confirm", payment, tries: countMember(detail, "confirmTries") ?? 1 };
  }
}

/** Reads a contribution back from its entries, oldest first; undefined for whatever is none. */
export function readContribution(entries: readonly JournalEntry[]): RecordedContribution | undefined {
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined || last.kind !== KIND) return undefined;
  const detail = mergedDetail(entries);
  const text = (name: string) => textMember(detail, name);
  const personal = mergedPersonal(entries);
  return {
    first,
    last,
    reference: text("reference"),
    attempt: countMember(detail, "attempt") ?? 1,
    operator: text("operator"),
    bill: { billId: text("billId"), insurance: text("insurance"), period: text("period"), amount: last.amount },
    card: { cardIdentifier: textMember(personal, "cardIdentifier"), cardNumber: textMember(personal, "cardNumber"), name: textMember(personal, "name") },
    leg: legOf(detail),
    confirmId: text("confirmId"),
    reason: text("reason"),
    said: text("how"),
  };
}

/** The contribution of this reference; undefined where it was never begun. Faults: those of the journal. */
export async function findContribution(journal: Journal, reference: string): Promise<RecordedContribution | undefined> {
  const subject = await journal.mark(saleMark(reference));
  return subject === undefined ? undefined : readContribution(await journal.entriesOf(subject));
}

export function isOpen({ last }: RecordedContribution): boolean {
  return OPEN_STATES.includes(last.state);
}

/** Whether an attempt has ended without any money having moved, so that the same reference may be tried again. */
export function movedNothing({ last }: RecordedContribution): boolean {
  return last.state === "refused" || (last.state === "void" && last.detail["returned"] !== true);
}

/** What is told of a contribution by its record alone. */
export function outcomeOf(record: RecordedContribution): ContributionOutcome {
  const { last, bill, reason } = record;
  const { subject } = last;
  if (isOpen(record)) return { kind: "open-case", subject, reason: reason === "" ? `${record.leg.leg}-open` : reason };
  if (last.state === "done") return { kind: "confirmed", subject, amount: bill.amount, receiptNumber: textMember(last.detail, "receiptNumber") };
  if (movedNothing(record)) return { kind: "refused", subject, reason };
  const returned = countMember(last.detail, "paidFen");
  assert(returned !== undefined, "money that went back was noted with its payment");
  return { kind: "refunded", subject, amount: fen(returned), reason };
}
