/* What the entries of a medical purchase say, written and read back. Spec: pos/v1, 3. */

import { type Fen, fen } from "../../base/fen.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import { textMember } from "../journal/members.ts";
import type { EntryDraft, JournalEntry, JsonObject, JsonValue } from "../journal/types.ts";
import type { SettledFigures } from "../medical-desk/figures.ts";
import type { MessageId } from "../medical-host/message-id.ts";
import type { Insured } from "../medical-host/person-services.ts";
import type { VisitFacts } from "./outpatient.ts";
import type { Clearing, Settlement } from "./settlement.ts";
import type { EntryWish } from "./types.ts";

/** Code of the message that books at a pharmacy. */
export const SETTLEMENT_CODE = "2102";
/** Code of the message that books an outpatient visit. */
export const VISIT_SETTLEMENT_CODE = "2207";

export interface PurchaseFacts {
  readonly reference: string;
  readonly amount: Fen;
  /** Only a card leaves a trace of itself: an e-code and the number of an identity card are of no use to recovery. */
  readonly card: Pick<SocialIdentity, "cardNumber" | "cardIdentifier"> | undefined;
  readonly person: Insured;
  /** med_type */
  readonly medicalType: string;
  /** recer_sys_code where it is not the region's usual one. */
  readonly receiver: string | undefined;
  /** The msgid of the settlement: the key by which it can be reversed. */
  readonly id: MessageId;
  /** After this time from the last entry before it the settlement no longer reaches the host. */
  readonly settleTimeoutMs: number;
  /** Of an outpatient visit. */
  readonly visit: VisitFacts | undefined;
  /** As the trial has said it: an unknown outcome is looked for in those books. */
  readonly clearing: Clearing | undefined;
}

/** Name by which an open settlement is found again: the card's number when the card returns, else the person's. */
function nameOf({ card, person }: PurchaseFacts): string {
  return card?.cardNumber ?? person.personNumber;
}

function detailOf(facts: PurchaseFacts): JsonObject {
  const { reference, id, person, settleTimeoutMs, visit, medicalType, receiver, clearing } = facts;
  return {
    reference,
    msgid: id.text,
    infno: visit === undefined ? SETTLEMENT_CODE : VISIT_SETTLEMENT_CODE,
    insuranceType: person.insuranceType,
    insuranceArea: person.insuranceArea,
    settleTimeoutMs,
    medType: medicalType,
    ...(receiver === undefined ? {} : { receiver }),
    ...(visit === undefined ? {} : visitDetail(visit)),
    ...(clearing === undefined ? {} : clearingDetail(clearing)),
  };
}

/** `stage` says what may have been sent: without "settle" nothing can be booked. */
function visitDetail({ number, visitId, feeBatch, stage }: VisitFacts): JsonObject {
  return { stage, iptOtpNo: number, feeBatch, ...(visitId === "" ? {} : { mdtrtId: visitId }) };
}

function personalOf({ person, card }: PurchaseFacts): JsonObject {
  return { psnNo: person.personNumber, ...(card === undefined ? {} : { cardNumber: card.cardNumber, cardIdentifier: card.cardIdentifier }) };
}

/** Durable before the settlement, or the registration of its visit, is sent: what can be taken back must be nameable. */
export function intentDraft(facts: PurchaseFacts): EntryDraft {
  return {
    kind: "medical-purchase",
    state: "prepared",
    amount: facts.amount,
    card: nameOf(facts),
    detail: detailOf(facts),
    personal: personalOf(facts),
    marks: [facts.id.mark],
    subjectMark: `sale/${facts.reference}`,
  };
}

function clearingDetail({ agency, way, type }: Clearing): JsonObject {
  return { clrOptins: agency, clrWay: way, clrType: type };
}

function settlementDetail(settlement: Settlement): JsonObject {
  const { settledAt } = settlement;
  return {
    setlId: settlement.settlementId,
    ...(settlement.visitId === "" ? {} : { mdtrtId: settlement.visitId }),
    fundFen: settlement.fund,
    accountFen: settlement.account,
    mutualAidFen: settlement.mutualAid,
    cashFen: settlement.cash,
    flags: settlement.flags,
    ...(settledAt === undefined ? {} : { setlTime: settledAt }),
    ...clearingDetail(settlement.clearing),
  };
}

/** What is known of a visit, before the next message that leaves something at the insurer. */
export function notedDraft({ subject }: { readonly subject: string }, facts: PurchaseFacts): EntryDraft {
  return { subject, kind: "medical-purchase", state: "acting", amount: facts.amount, personal: personalOf(facts), detail: detailOf(facts) };
}

/** A later entry of the same purchase. The host's total stands where it has booked. */
export function laterDraft(wish: EntryWish, facts: PurchaseFacts): EntryDraft {
  const extra: { [key: string]: JsonValue } = wish.reason === undefined ? {} : { reason: wish.reason };
  const { settlement } = wish;
  return {
    subject: wish.after.subject,
    kind: "medical-purchase",
    state: wish.state,
    amount: settlement?.total ?? facts.amount,
    personal: personalOf(facts),
    detail: { ...detailOf(facts), ...(settlement === undefined ? {} : settlementDetail(settlement)), ...extra },
  };
}

function count(object: JsonObject, name: string): number {
  const value = object[name];
  return typeof value === "number" ? value : 0;
}

/** Figures of a purchase that is done. */
export function figuresOf(entry: JournalEntry): SettledFigures {
  const { detail } = entry;
  const flags = detail["flags"];
  return {
    settlementId: textMember(detail, "setlId"),
    total: entry.amount,
    fund: fen(count(detail, "fundFen")),
    account: fen(count(detail, "accountFen")),
    mutualAid: fen(count(detail, "mutualAidFen")),
    cash: fen(count(detail, "cashFen")),
    flags: Array.isArray(flags) ? flags.filter((flag) => typeof flag === "string") : [],
  };
}

/** mdtrt_id of a purchase that is done. */
export function visitIdOf({ detail }: JournalEntry): string {
  return textMember(detail, "mdtrtId");
}
