/*
 * Goal: any slip of the shop can be printed again at any time, and says the same.
 * Method: what stands on it is read from the journal alone; nothing is remembered beside it.
 */
import { assert } from "../../base/assert.ts";
import { type Fen, fen, subtractFen, sumFen, ZERO_FEN } from "../../base/fen.ts";
import { countMember, textMember } from "../journal/members.ts";
import { type Journal, type JournalEntry, OPEN_STATES } from "../journal/types.ts";
import { isHeldSale } from "../quick-payment/held.ts";
import { discountOf, isDeposit, purseOf, readSale, saleMark } from "../quick-payment/record.ts";
import type { ReceiptData, ReceiptHead, ReceiptLine } from "../receipts/types.ts";
import { mergedDetail } from "../recovery/recover.ts";
import { refundsOf, requestMark } from "./refunds.ts";
import type { EndedShift, ShiftLine } from "./shift.ts";

/** Where it was sold. */
export type SlipPlace = Pick<ReceiptHead, "institution" | "terminal">;

type Of<Slip extends ReceiptData["slip"]> = Extract<ReceiptData, { readonly slip: Slip }>;
type Reading = Pick<Journal, "mark" | "entriesOf">;

/** Why there is no slip of a sale. */
export type NoSlip = "sale-unknown" | "sale-open" | "sale-not-paid";

export interface SaleSlipPlace extends SlipPlace {
  /** Up to this amount a debit that only the card vouches for counts as paid. */
  readonly unverifiedAmountFen: Fen;
}

/** Faults: those of the journal. */
export async function saleSlipOf(journal: Reading, reference: string, { unverifiedAmountFen, ...place }: SaleSlipPlace): Promise<Of<"purse-sale"> | NoSlip> {
  const entries = await entriesOfSale(journal, reference);
  const last = entries.at(-1);
  if (last === undefined) return "sale-unknown";
  if (OPEN_STATES.includes(last.state)) return "sale-open";
  if (last.state !== "done" || last.amount === ZERO_FEN) return "sale-not-paid";
  // The card says that it paid, the module says otherwise: no paper may say that it is paid.
  if (isHeldSale(last, unverifiedAmountFen)) return "sale-open";
  const balanceAfter = balanceBehind(entries, last.amount);
  const detail = mergedDetail(entries);
  const discount = discountOf(detail);
  return {
    ...saleHead(entries, reference, place),
    slip: "purse-sale",
    amount: last.amount,
    ...(balanceAfter === undefined ? {} : { balanceAfter }),
    ...(discount === undefined ? {} : { discount }),
    ...(isDeposit(detail) ? { deposit: true } : {}),
  };
}

/** The slip of a refund by its caller's name; undefined where there is none. Faults: those of the journal. */
export async function refundSlipOf(journal: Reading, request: string, place: SlipPlace): Promise<Of<"purse-refund"> | undefined> {
  const named = await journal.mark(requestMark(request));
  const marked = named === undefined ? undefined : (await journal.entriesOf(named)).at(-1);
  if (marked === undefined) return undefined;
  const subject = marked.kind === "cash-refund" ? textMember(marked.detail, "original") : marked.subject;
  const refunds = await refundsOf(journal, subject);
  const at = refunds.findIndex(({ detail }) => textMember(detail, "reference") === request);
  const refund = refunds[at];
  if (refund === undefined) return undefined;
  const entries = await journal.entriesOf(subject);
  const sold = entries.at(-1);
  assert(sold !== undefined, "a refund names a sale of this journal");
  return {
    ...saleHead(entries, textMember(refund.detail, "sale"), place),
    slip: "purse-refund",
    refundNumber: ownNumberOf(request),
    operator: textMember(refund.detail, "operator"),
    atMs: refund.wallMs,
    amount: refund.amount,
    left: subtractFen(sold.amount, sumFen(refunds.slice(0, at + 1).map(({ amount }) => amount))),
  };
}

export function shiftSlipOf({ totals, operator, atMs }: EndedShift, place: SlipPlace): Of<"shift"> {
  const { shift, taken, given, drawerFen, open } = totals;
  const head = { ...place, operator, atMs, slip: "shift" as const, shift, drawerFen };
  return { ...head, taken: taken.map(lineOf), given: given.map(lineOf), open: { count: open.count, sum: fen(open.sumFen) } };
}

function lineOf({ what, count, sumFen: sum }: ShiftLine): ReceiptLine {
  return { what, count, sum: fen(sum) };
}

async function entriesOfSale(journal: Reading, reference: string): Promise<readonly JournalEntry[]> {
  const subject = await journal.mark(saleMark(reference));
  const entries = subject === undefined ? [] : await journal.entriesOf(subject);
  return entries.at(-1)?.kind === "quick-payment" ? entries : [];
}

/** What every slip of a sale says: the moment is that of the sale, also where it was decided later. */
function saleHead(entries: readonly JournalEntry[], reference: string, place: SlipPlace) {
  const detail = mergedDetail(entries);
  const cardNumber = readSale(entries)?.card.name;
  return {
    ...place,
    operator: textMember(detail, "operator"),
    atMs: entries[0]?.wallMs ?? 0,
    saleNumber: saleNumberOf(reference),
    purse: purseOf(detail),
    ...(cardNumber === undefined ? {} : { holder: { cardNumber } }),
  };
}

/** What was left on the purse. What a fare takes may come from elsewhere: then the card's balance before tells nothing of the one after. */
function balanceBehind(entries: readonly JournalEntry[], amount: Fen): Fen | undefined {
  const detail = mergedDetail(entries);
  const before = countMember(detail, "balanceBeforeFen");
  if (before === undefined || amount > before || textMember(detail, "industryUse") !== "") return undefined;
  return subtractFen(fen(before), amount);
}

/** A counter's own number of a sale: what it calls `Q-1` is `<client>.Q-1.q1` here. Any other reference is its own number. */
function saleNumberOf(reference: string): string {
  return /^[A-Za-z0-9-]{1,16}\.([A-Za-z0-9_-]{1,40})\.q1$/.exec(reference)?.[1] ?? reference;
}

/** The name of a refund behind the one of its client. */
function ownNumberOf(request: string): string {
  return request.slice(request.indexOf(".") + 1);
}
