/* What the entries of a sale without the insurer say, written and read back. */

import { assert } from "../../base/assert.ts";
import { type Fen, fen, subtractFen, ZERO_FEN } from "../../base/fen.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import { isObject } from "../../codec/json.ts";
import { textMember } from "../journal/members.ts";
import { type EntryDraft, type Journal, type JournalEntry, type JsonObject, OPEN_STATES } from "../journal/types.ts";
import type { OfflineChoice, ProvisionalFigures } from "../medical-desk/desk.ts";
import type { SettledFigures } from "../medical-desk/figures.ts";
import type { CardAsRead } from "../medical-purchase/ports.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { LaterSettlementRequest, OfflineSaleRequest, OfflineStage, OfflineView } from "./ports.ts";

export function saleMark(reference: string): string {
  return `sale/${reference}`;
}

export function tenderReference(order: string, number: number): string {
  return `${order}.t${number}`;
}

/** What is handed out for a sale is one refund: either the insurer's part, or everything. */
export function refundReference(reference: string): string {
  return `${reference}.r1`;
}

/** The refund of the order as a whole. */
export function orderRefundReference(order: string): string {
  return `${order}.r1`;
}

export interface IntentFacts {
  readonly request: OfflineSaleRequest;
  readonly choice: OfflineChoice;
  readonly figures: ProvisionalFigures;
  readonly card: CardAsRead;
  readonly firstTender: number;
}

export function cardAsRead({ cardNumber, cardIdentifier, holder }: SocialIdentity): CardAsRead {
  return { cardNumber, cardIdentifier, name: holder.name, certificateNumber: holder.socialSecurityNumber };
}

/** What the later settlement is asked for again. What somebody has bought at a pharmacy is personal. */
function basketText(request: OfflineSaleRequest): string {
  const { items, invoiceNumber, usesAccount, visit, medicalType, disease, insuranceType, prescription, clinic } = request;
  return JSON.stringify({ items, invoiceNumber, usesAccount, visit, medicalType, disease, insuranceType, prescription, clinic });
}

/** Of a basket that is too large for one record of an upload, each entry holds a piece. In code points, so that no character is cut. */
const PIECE_CHARACTERS_MAX = 5000;

function piecesOf(request: OfflineSaleRequest): readonly string[] {
  return basketText(request).match(new RegExp(`[\\s\\S]{1,${PIECE_CHARACTERS_MAX}}`, "gu")) ?? [];
}

type StoredBasket = Omit<LaterSettlementRequest, "reference" | "amount">;

function figuresDetail({ total, fund, account, mutualAid, cash }: ProvisionalFigures): JsonObject {
  return { totalFen: total, fundFen: fund, accountFen: account, mutualAidFen: mutualAid, cashFen: cash };
}

/** Durable before anything is taken: who bought what, on whose word, and the one way to be settled afterwards. */
export function intentDraft({ request, choice, figures, card, firstTender }: IntentFacts): EntryDraft {
  const { reference, order, settlementReference, operator, amount, why } = request;
  const [basket = "", ...more] = piecesOf(request);
  return {
    kind: "offline-medical",
    state: "prepared",
    amount,
    card: card.cardNumber,
    detail: { reference, order, settlementReference, operator, why, choice, firstTender, pieces: 1 + more.length, provisional: figuresDetail(figures) },
    personal: { ...card, basket },
    subjectMark: saleMark(reference),
  };
}

function laterDraft({ subject, amount }: OfflineView, rest: Pick<EntryDraft, "state" | "detail">): EntryDraft {
  return { subject, kind: "offline-medical", amount, ...rest };
}

/** The pieces of the basket that its entries do not hold yet; nothing is taken before all of them are durable. */
export function missingPieces(entries: readonly JournalEntry[], request: OfflineSaleRequest): readonly EntryDraft[] {
  const [first] = entries;
  assert(first !== undefined, "the intent is durable");
  const kept = entries.filter(({ personal }) => personal !== undefined).length;
  const rest = piecesOf(request).slice(kept);
  return rest.map((basket) => ({
    subject: first.subject,
    kind: "offline-medical",
    state: "acting",
    amount: first.amount,
    detail: { stage: "paying" },
    personal: { basket },
  }));
}

/** Paid in full. A slip leaves the rest to its holder, so that the terminal owes nothing. */
export function paidDraft(sale: OfflineView): EntryDraft {
  return sale.choice === "reimbursement-slip"
    ? laterDraft(sale, { state: "done", detail: { stage: "ended" } })
    : laterDraft(sale, { state: "acting", detail: { stage: "settlement-due" } });
}

export interface BookedSettlement {
  readonly subject: string;
  readonly figures: SettledFigures;
  /** Names of figures that the insurer has worked out otherwise than the terminal; information only. */
  readonly differs: readonly string[];
}

/** The insurer has booked: what it pays is due to the holder, who has paid everything. */
export function settledDraft(sale: OfflineView, { subject, figures, differs }: BookedSettlement): EntryDraft {
  const { settlementId, cash } = figures;
  const due = cash < sale.amount ? subtractFen(sale.amount, cash) : ZERO_FEN;
  // Should the insurer leave more to pay than the holder was told, the counter reads it here; nobody is debited without being there.
  const missing = cash > sale.amount ? { missingFen: subtractFen(cash, sale.amount) } : {};
  const detail = { settlement: subject, settlementId, settledCashFen: cash, dueFen: due, differs, ...missing };
  return due === 0
    ? laterDraft(sale, { state: "done", detail: { ...detail, stage: "ended" } })
    : laterDraft(sale, { state: "acting", detail: { ...detail, stage: "refund-due" } });
}

export function giveBackDraft(sale: OfflineView, due: Fen): EntryDraft {
  return laterDraft(sale, { state: "acting", detail: { stage: "give-back-due", dueFen: due } });
}

export function endedDraft(sale: OfflineView): EntryDraft {
  return laterDraft(sale, { state: "done", detail: { stage: "ended" } });
}

export function voidDraft(sale: OfflineView): EntryDraft {
  return laterDraft(sale, { state: "void", detail: { stage: "void", reason: "cancelled" } });
}

function amount(detail: JsonObject, name: string): Fen {
  const value = detail[name];
  return typeof value === "number" ? fen(value) : ZERO_FEN;
}

function figuresOf(detail: JsonObject): ProvisionalFigures {
  const kept = detail["provisional"];
  const told = isObject(kept) ? kept : {};
  const [total, fund, account] = [amount(told, "totalFen"), amount(told, "fundFen"), amount(told, "accountFen")];
  return { final: false, total, fund, account, mutualAid: amount(told, "mutualAidFen"), cash: amount(told, "cashFen") };
}

const STAGES = ["paying", "settlement-due", "refund-due", "give-back-due"] as const;

function stageOf(last: JournalEntry): OfflineStage {
  switch (last.state) {
    case "prepared":
      return "paying";
    case "done":
      return "ended";
    case "refused":
    case "void":
      return "void";
    case "acting":
    case "unknown":
    case "resolving": {
      const stage = STAGES.find((known) => known === last.detail["stage"]);
      assert(stage !== undefined, "an open sale says what it owes");
      return stage;
    }
  }
}

/** How an offline sale stands by its own entries alone, oldest first; undefined where they tell of none. */
export function readOffline(entries: readonly JournalEntry[]): OfflineView | undefined {
  const last = entries.at(-1);
  if (last?.kind !== "offline-medical") return undefined;
  const detail = mergedDetail(entries);
  const stage = stageOf(last);
  const settlement = textMember(detail, "settlement");
  const due = stage === "refund-due" || stage === "give-back-due";
  const firstTender = detail["firstTender"];
  return {
    subject: last.subject,
    reference: textMember(detail, "reference"),
    order: textMember(detail, "order"),
    amount: last.amount,
    stage,
    choice: detail["choice"] === "settle-later" ? "settle-later" : "reimbursement-slip",
    figures: figuresOf(detail),
    settlementReference: textMember(detail, "settlementReference"),
    firstTender: typeof firstTender === "number" ? firstTender : 1,
    ...(settlement === ""
      ? {}
      : { settlement: { subject: settlement, settlementId: textMember(detail, "settlementId"), cash: amount(detail, "settledCashFen") } }),
    refundDue: due ? amount(detail, "dueFen") : ZERO_FEN,
    refunded: ZERO_FEN,
    open: OPEN_STATES.includes(last.state),
  };
}

/** What has been handed out under a reference. Faults: those of the journal. */
async function handedOut(journal: Journal, reference: string): Promise<Fen> {
  const subject = await journal.mark(saleMark(reference));
  const last = subject === undefined ? undefined : (await journal.entriesOf(subject)).at(-1);
  return last?.kind === "cash-refund" ? last.amount : ZERO_FEN;
}

/** How an offline sale stands, with what was handed out for it. Faults: those of the journal. */
export async function findOffline(journal: Journal, reference: string): Promise<OfflineView | undefined> {
  const subject = await journal.mark(saleMark(reference));
  const sale = subject === undefined ? undefined : readOffline(await journal.entriesOf(subject));
  if (sale === undefined) return undefined;
  const refunded = await handedOut(journal, refundReference(reference));
  const withOrder = await handedOut(journal, orderRefundReference(sale.order));
  if (withOrder > 0) return { ...sale, refunded, refundDue: ZERO_FEN, stage: "void" };
  // The insurer's part ends the sale; everything takes it back.
  return refunded === 0 ? sale : { ...sale, refunded, refundDue: ZERO_FEN, stage: sale.settlement === undefined ? "void" : "ended" };
}

/** The request of the later settlement, from the intent; undefined where personal fields were erased. */
export function laterRequestOf(entries: readonly JournalEntry[]): (LaterSettlementRequest & { readonly asRead: CardAsRead }) | undefined {
  const [first] = entries;
  const personal = first?.personal;
  if (first === undefined || personal === undefined) return undefined;
  const pieces = entries.flatMap((entry) => (entry.personal === undefined ? [] : [textMember(entry.personal, "basket")]));
  if (pieces.length !== first.detail["pieces"]) return undefined;
  // Written by basketText and hashed into the journal's chain since: what is read is what was written.
  const stored = JSON.parse(pieces.join("")) as StoredBasket;
  const [cardNumber, cardIdentifier] = [textMember(personal, "cardNumber"), textMember(personal, "cardIdentifier")];
  return {
    ...stored,
    reference: textMember(first.detail, "settlementReference"),
    amount: first.amount,
    asRead: { cardNumber, cardIdentifier, name: textMember(personal, "name"), certificateNumber: textMember(personal, "certificateNumber") },
  };
}
