/* What the entries of a medical purchase say, written and read back. Spec: pos/v1, 3. */
import { type Fen, fen } from "../../base/fen.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import type { EntryDraft, JournalEntry, JsonObject, JsonValue } from "../journal/types.ts";
import type { SettledFigures } from "../medical-desk/figures.ts";
import type { MessageId } from "../medical-host/message-id.ts";
import type { InsuredPerson } from "./messages.ts";
import type { Settlement } from "./settlement.ts";
import type { EntryWish, MedicalReason } from "./types.ts";

export const SETTLEMENT_CODE = "2102";

export interface PurchaseFacts {
  readonly reference: string;
  readonly amount: Fen;
  readonly card: Pick<SocialIdentity, "cardNumber" | "cardIdentifier">;
  readonly person: InsuredPerson;
  /** The msgid of the settlement: the key by which it can be reversed. */
  readonly id: MessageId;
  /** After this time from the intent on the request no longer reaches the host. */
  readonly settleTimeoutMs: number;
}

function detailOf(facts: PurchaseFacts): JsonObject {
  const { reference, id, person, settleTimeoutMs } = facts;
  return { reference, msgid: id.text, infno: SETTLEMENT_CODE, insuranceType: person.insuranceType, insuranceArea: person.insuranceArea, settleTimeoutMs };
}

function personalOf({ person, card }: PurchaseFacts): JsonObject {
  return { psnNo: person.personNumber, cardNumber: card.cardNumber, cardIdentifier: card.cardIdentifier };
}

/** Durable before the settlement is sent: what can be reversed must be nameable. */
export function intentDraft(facts: PurchaseFacts): EntryDraft {
  return {
    kind: "medical-purchase",
    state: "prepared",
    amount: facts.amount,
    card: facts.card.cardNumber,
    detail: detailOf(facts),
    personal: personalOf(facts),
    marks: [facts.id.mark],
    subjectMark: `sale/${facts.reference}`,
  };
}

function settlementDetail(settlement: Settlement): JsonObject {
  const { clearing } = settlement;
  return {
    setlId: settlement.settlementId,
    mdtrtId: settlement.visitId,
    fundFen: settlement.fund,
    accountFen: settlement.account,
    mutualAidFen: settlement.mutualAid,
    cashFen: settlement.cash,
    flags: settlement.flags,
    clrOptins: clearing.agency,
    clrWay: clearing.way,
    clrType: clearing.type,
  };
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

/** A settlement whose outcome is unknown, as its durable entries tell it. */
export interface RecordedPurchase {
  readonly subject: string;
  readonly last: JournalEntry;
  readonly msgid: string;
  readonly personNumber: string;
  readonly insuranceArea: string;
  readonly settleTimeoutMs: number;
  readonly detail: JsonObject;
  readonly personal: JsonObject;
}

function text(object: JsonObject | undefined, name: string): string {
  const value = object?.[name];
  return typeof value === "string" ? value : "";
}

function count(object: JsonObject, name: string): number {
  const value = object[name];
  return typeof value === "number" ? value : 0;
}

/** Reads a purchase back from its entries, oldest first; undefined when it can no longer be named to the host. */
export function readPurchase(entries: readonly JournalEntry[]): RecordedPurchase | undefined {
  const last = entries.at(-1);
  const first = entries[0];
  const personal = entries.findLast((entry) => entry.personal !== undefined)?.personal;
  if (first === undefined || last === undefined || personal === undefined) return undefined;
  const { detail } = first;
  const [msgid, personNumber] = [text(detail, "msgid"), text(personal, "psnNo")];
  if (msgid === "" || personNumber === "") return undefined;
  return {
    subject: last.subject,
    last,
    msgid,
    personNumber,
    insuranceArea: text(detail, "insuranceArea"),
    settleTimeoutMs: count(detail, "settleTimeoutMs"),
    detail,
    personal,
  };
}

/** The end of a purchase whose booking was taken back, or never came. */
export function reversedDraft(purchase: RecordedPurchase, reason: MedicalReason): EntryDraft {
  const { subject, last, detail, personal, msgid } = purchase;
  return {
    subject,
    kind: "medical-purchase",
    state: "void",
    amount: last.amount,
    resolves: last.seq,
    personal,
    detail: { ...detail, infno: "2601", omsgid: msgid, reason },
  };
}

/** Figures of a purchase that is done. */
export function figuresOf(entry: JournalEntry): SettledFigures {
  const { detail } = entry;
  const flags = detail["flags"];
  return {
    settlementId: text(detail, "setlId"),
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
  return text(detail, "mdtrtId");
}
