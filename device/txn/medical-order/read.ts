/* How an order stands: what its own entries say, and what became of each thing that was begun for it. */

import { addFen, type Fen, ZERO_FEN } from "../../base/fen.ts";
import { textMember } from "../journal/members.ts";
import type { Journal, JournalEntry } from "../journal/types.ts";
import { OPEN_STATES } from "../journal/types.ts";
import type { TenderKind } from "../medical-desk/desk.ts";
import type { SettledFigures } from "../medical-desk/figures.ts";
import type { OfflineView } from "../medical-offline/ports.ts";
import { figuresOf } from "../medical-purchase/record.ts";
import { findVoid, type RecordedVoid, voidMark } from "../medical-void/record.ts";
import { purseOf } from "../quick-payment/record.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { TenderResult } from "../tender/tender.ts";
import type { OrderFacts, SettlementFact, TenderFact } from "./machine.ts";
import { offlineReference, refundReference, saleMark, settlementReference, tenderReference, voidReference } from "./names.ts";
import type { OrderPorts } from "./ports.ts";
import type { OrderHistory, RecordedTender } from "./record.ts";

/** The settlement of an order, as its own record tells it. */
export interface ReadSettlement {
  readonly fact: SettlementFact;
  readonly subject?: string;
  readonly reason?: string;
  readonly figures?: SettledFigures;
  /** When it was known to be booked. */
  readonly bookedAtMs?: number;
  readonly visitId?: string;
  readonly insuranceType?: string;
  readonly insuranceArea?: string;
  readonly holder?: { readonly personNumber?: string; readonly name?: string; readonly cardNumber?: string; readonly certificateNumber?: string };
}

/** Money that the counter has handed out. */
export interface ReadRefund {
  readonly amount: Fen;
  readonly atMs: number;
  readonly operator: string;
}

export interface ReadTender {
  readonly fact: TenderFact;
  readonly subject?: string;
  readonly reason?: string;
}

/** Everything that is known of an order; read anew before each step. */
export interface OrderTruth {
  readonly history: OrderHistory;
  readonly facts: OrderFacts;
  readonly settlement: ReadSettlement;
  readonly tenders: readonly ReadTender[];
  readonly void?: RecordedVoid;
  readonly offline?: OfflineView;
  /** What was handed out for the sale without the insurer by itself. */
  readonly offlineRefund?: ReadRefund;
}

/** Tenders of one order, those of a sale without the insurer among them. */
const TENDERS_MAX = 999;

type Ports = Pick<OrderPorts, "journal" | "tenders" | "offline">;

/** Faults: those of the journal. */
export async function readTruth(ports: Ports, reference: string, history: OrderHistory): Promise<OrderTruth> {
  const { journal } = ports;
  const offline = history.offline === undefined ? undefined : await ports.offline?.find(offlineReference(reference, history.offline.number));
  // What was sold without the insurer is settled later under a number that was fixed at the sale.
  const attempt = history.offline?.settlement ?? history.attempt;
  const settlement = await readSettlement(journal, reference, attempt);
  const tenders = await readTenders(ports, { reference, history, offline });
  const taken = await readVoid(journal, { reference, history, settlement });
  const refund = await readRefund(journal, reference);
  const offlineRefund = offline === undefined ? undefined : await readRefund(journal, offline.reference);
  const refunded = addFen(refund?.amount ?? ZERO_FEN, offlineRefund?.amount ?? ZERO_FEN);
  const facts: OrderFacts = {
    stage: history.end?.as ?? "open",
    attempt,
    settlement: settlement.fact,
    tenders: tenders.map(({ fact }) => fact),
    givingBack: history.givingBack,
    voids: history.voids,
    void: taken.fact,
    refunded,
    visit: history.basket.visit === "pharmacy" ? "none" : history.visitUndone ? "undone" : "standing",
    offline: history.offline === undefined ? "none" : offlineFact(offline),
  };
  const found = taken.found === undefined ? {} : { void: taken.found };
  const without = { ...(offline === undefined ? {} : { offline }), ...(offlineRefund === undefined ? {} : { offlineRefund }) };
  return { history, facts, settlement, tenders, ...found, ...without };
}

function offlineFact(view: OfflineView | undefined): OrderFacts["offline"] {
  if (view === undefined) return "absent";
  if (view.stage === "paying") return "paying";
  return view.stage === "void" ? "void" : "sold";
}

async function entriesOfSale(journal: Journal, reference: string): Promise<readonly JournalEntry[]> {
  const subject = await journal.mark(saleMark(reference));
  return subject === undefined ? [] : journal.entriesOf(subject);
}

async function readSettlement(journal: Journal, order: string, attempt: number): Promise<ReadSettlement> {
  if (attempt === 0) return { fact: { at: "none" } };
  const entries = await entriesOfSale(journal, settlementReference(order, attempt));
  const last = entries.at(-1);
  if (last === undefined) return { fact: { at: "absent" } };
  const detail = mergedDetail(entries);
  const personal = entries.findLast((entry) => entry.personal !== undefined)?.personal;
  const told = {
    subject: last.subject,
    reason: textMember(detail, "reason"),
    visitId: textMember(detail, "mdtrtId"),
    insuranceType: textMember(detail, "insuranceType"),
    insuranceArea: textMember(detail, "insuranceArea"),
    holder: holderOf(personal),
  };
  if (OPEN_STATES.includes(last.state)) return { ...told, fact: { at: "undecided" } };
  if (last.state !== "done") return { ...told, fact: { at: "over" } };
  const figures = figuresOf(last);
  return { ...told, fact: { at: "settled", cash: figures.cash }, figures, bookedAtMs: last.wallMs };
}

function holderOf(personal: JournalEntry["personal"]): NonNullable<ReadSettlement["holder"]> {
  const [personNumber, name, cardNumber, certificateNumber] = ["psnNo", "name", "cardNumber", "certificateNumber"].map((key) => textMember(personal, key));
  return {
    ...(personNumber ? { personNumber } : {}),
    ...(name ? { name } : {}),
    ...(cardNumber ? { cardNumber } : {}),
    ...(certificateNumber ? { certificateNumber } : {}),
  };
}

interface TendersOf {
  readonly reference: string;
  readonly history: OrderHistory;
  readonly offline: OfflineView | undefined;
}

async function readTenders(ports: Ports, { reference, history, offline }: TendersOf): Promise<readonly ReadTender[]> {
  const tenders: ReadTender[] = [];
  for (const tender of history.tenders) tenders.push(await readTender(ports, tenderReference(reference, tender.number), tender));
  if (offline === undefined) return tenders;
  // A sale without the insurer numbers its tenders itself, without a gap.
  for (let number = offline.firstTender; number <= TENDERS_MAX; number += 1) {
    const known = await ports.tenders.known(tenderReference(reference, number));
    if (known === undefined) break;
    const [entry] = await entriesOfSale(ports.journal, tenderReference(reference, number));
    if (entry !== undefined) tenders.push(tenderOf({ number, tender: kindOf(entry), amount: entry.amount }, known));
  }
  return tenders;
}

async function readTender({ tenders }: Ports, reference: string, tender: RecordedTender): Promise<ReadTender> {
  const read = tenderOf(tender, await tenders.known(reference));
  const returned = read.fact.at === "paid" && tender.tender === "bank-card" ? await tenders.returned(reference) : undefined;
  return returned === undefined ? read : { ...read, fact: { ...read.fact, returned } };
}

/** A record of its own says more than a note that there is none. A bank may have approved less than it was asked for. */
function tenderOf({ number, tender, amount: asked, failed }: RecordedTender, known: TenderResult | undefined): ReadTender {
  const amount = known?.kind === "paid" ? known.amount : asked;
  const fact = (at: TenderFact["at"]): TenderFact => ({ number, tender, amount, at });
  if (known === undefined) return failed === undefined ? { fact: fact("absent") } : { fact: fact("failed"), reason: failed };
  const subject = known.subject === undefined ? {} : { subject: known.subject };
  if (known.kind === "paid") return { fact: fact("paid"), ...subject };
  if (known.kind === "failed") return { fact: fact("failed"), reason: known.reason, ...subject };
  return { fact: fact(known.held === true ? "held" : "unknown"), reason: known.reason, ...subject };
}

function kindOf({ kind, detail }: JournalEntry): TenderKind {
  if (kind === "cash-tender") return "cash";
  const purse = purseOf(detail);
  return purse === "compound" ? "e-purse" : purse;
}

interface VoidOf {
  readonly reference: string;
  readonly history: OrderHistory;
  readonly settlement: ReadSettlement;
}

/** The void that the order has begun, or one that came from elsewhere: what the insurer has taken back is taken back, whoever asked for it. */
async function readVoid(journal: Journal, of: VoidOf): Promise<{ readonly fact: OrderFacts["void"]; readonly found?: RecordedVoid }> {
  const { reference, history, settlement } = of;
  if (settlement.subject === undefined) return { fact: "none" };
  const elsewhere = await journal.mark(voidMark(settlement.subject));
  const named = elsewhere === undefined ? undefined : await findVoid(journal, elsewhere);
  if (named?.state === "done" || named?.state === "open") return { fact: named.state === "done" ? "done" : "undecided", found: named };
  if (history.voids === history.voidsBefore) return { fact: "none" };
  const own = await findVoid(journal, voidReference(reference, history.voids));
  if (own === undefined) return { fact: "absent" };
  return { fact: own.state === "open" ? "undecided" : own.state, found: own };
}

/** The refund of an order, or of its sale without the insurer. */
async function readRefund(journal: Journal, reference: string): Promise<ReadRefund | undefined> {
  const [refund] = await entriesOfSale(journal, refundReference(reference));
  return refund === undefined ? undefined : { amount: refund.amount, atMs: refund.wallMs, operator: textMember(refund.detail, "operator") };
}
