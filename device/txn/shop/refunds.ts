/*
 * Goal: money that was taken from a purse goes back once, never more than was taken, and only for a sale that is in the journal.
 * Method: refunds of one sale are numbered under its own reference, so that the journal alone says what is left of it; the caller's number of a
 * refund stands in its record, and asked for again it is the same refund. No purse can be credited here: what goes back goes back in cash where
 * the purse's rule allows that, and otherwise through whoever issued the purse.
 */
import { assert } from "../../base/assert.ts";
import { type FaultCode, isFault } from "../../base/fault.ts";
import { type Fen, subtractFen, sumFen, ZERO_FEN } from "../../base/fen.ts";
import { WorkRow } from "../../base/work-row.ts";
import { textMember } from "../journal/members.ts";
import { type EntryDraft, type Journal, type JournalEntry, OPEN_STATES } from "../journal/types.ts";
import { isHeldSale } from "../quick-payment/held.ts";
import { isDeposit, purseOf, saleMark } from "../quick-payment/record.ts";
import { mergedDetail } from "../recovery/recover.ts";
import type { PurseKind } from "../sale-request.ts";

/** How a purse's money goes back: in cash from the drawer, or not here at all. */
export type RefundRules = { readonly [Kind in PurseKind]: "cash" | "issuer" };

/** The insurer's money and the bank's never leave as cash. */
export const DEFAULT_REFUND_RULES: RefundRules = { "e-purse": "cash", compound: "cash", "medical-purse": "issuer", "electronic-cash": "issuer" };

/** A deposit goes back once, as a whole. */
export interface SaleRefund {
  /** Reference of the sale. */
  readonly sale: string;
  /** The caller's own name of this refund: [A-Za-z0-9._-]{1,64}. */
  readonly request: string;
  /** "void": the whole sale, or what is left of it. */
  readonly amount: Fen | "void";
  readonly operator: string;
  /** Most that this operator may give back at once; left out: anything. What was given back already is told again whatever it was. */
  readonly amountMax?: Fen;
}

export type RefundRefusal =
  | "sale-unknown"
  | "sale-open"
  | "sale-not-paid"
  | "refund-too-large"
  | "nothing-left"
  | "refund-through-issuer"
  | "refund-conflict"
  | "supervisor-needed"
  | "deposit-goes-back-whole"
  | FaultCode;

export type SaleRefundOutcome =
  | { readonly kind: "refunded"; readonly subject: string; readonly amount: Fen; readonly left: Fen }
  /** `left`: what could still go back, where the sale is known and paid. */
  | { readonly kind: "refused"; readonly reason: RefundRefusal; readonly left?: Fen }
  /** Nobody knows whether the refund is on the books: nothing is handed out before the same refund, asked for again, is "refunded". */
  | { readonly kind: "unknown"; readonly reason: FaultCode };

export interface RefundPorts {
  readonly journal: Journal;
  readonly rules: RefundRules;
  /** Up to this amount a debit that only the card vouches for counts as paid. */
  readonly unverifiedAmountFen: Fen;
  /** Told before nothing is left of a sale, so that what it was paid for is not had beside the money. Gives what takes that back: called where it is certain that nothing went back. Neither throws. */
  readonly onReturned?: (sale: string) => (() => void) | undefined;
}

export interface SaleRefunds {
  /** Never rejects for what the disk does. */
  refund(request: SaleRefund): Promise<SaleRefundOutcome>;
}

/** Partial refunds of one sale. */
const REFUNDS_MAX = 50;

interface PaidSale {
  readonly subject: string;
  readonly amount: Fen;
  readonly purse: PurseKind;
  readonly deposit: boolean;
}

export function openSaleRefunds(ports: RefundPorts): SaleRefunds {
  return new JournalledRefunds(ports);
}

class JournalledRefunds implements SaleRefunds {
  readonly #ports: RefundPorts;
  /** One after the other: each sees what is left of its sale, and that nobody else has its name. */
  readonly #row = new WorkRow("refunds");

  constructor(ports: RefundPorts) {
    this.#ports = ports;
  }

  async refund(request: SaleRefund): Promise<SaleRefundOutcome> {
    try {
      return await this.#row.run(() => this.#refund(request));
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return fault.effectUnknown ? { kind: "unknown", reason: fault.code } : { kind: "refused", reason: fault.code };
    }
  }

  async #refund(request: SaleRefund): Promise<SaleRefundOutcome> {
    const sale = await this.#paidSale(request.sale);
    return typeof sale === "string" ? { kind: "refused", reason: sale } : this.#refundOf(sale, request);
  }

  async #refundOf(sale: PaidSale, request: SaleRefund): Promise<SaleRefundOutcome> {
    const { journal, rules } = this.#ports;
    const earlier = await refundsOf(journal, sale.subject);
    const left = subtractFen(sale.amount, sumFen(earlier.map(({ amount }) => amount)));
    const same = earlier.find(({ detail }) => textMember(detail, "reference") === request.request);
    if (same !== undefined) return sameRefund(same, request, left);
    const asked = requestMark(request.request);
    if ((await journal.mark(asked)) !== undefined) return { kind: "refused", reason: "refund-conflict", left };
    const amount = request.amount === "void" ? left : request.amount;
    if (left === ZERO_FEN) return { kind: "refused", reason: "nothing-left", left };
    if (sale.deposit && amount !== sale.amount) return { kind: "refused", reason: "deposit-goes-back-whole", left };
    if (amount > left || earlier.length >= REFUNDS_MAX) return { kind: "refused", reason: "refund-too-large", left };
    if (rules[sale.purse] === "issuer") return { kind: "refused", reason: "refund-through-issuer", left };
    if (amount > (request.amountMax ?? amount)) return { kind: "refused", reason: "supervisor-needed", left };
    const takeBack = amount === left ? this.#ports.onReturned?.(sale.subject) : undefined;
    const draft: EntryDraft = {
      kind: "cash-refund",
      state: "done",
      amount,
      detail: {
        reference: request.request,
        sale: request.sale,
        original: sale.subject,
        operator: request.operator,
        why: request.amount === "void" ? "sale-void" : "sale-refund",
      },
      subjectMark: refundMark(sale.subject, earlier.length + 1),
      furtherMarks: [asked],
    };
    const { subject } = await this.#written(draft, takeBack);
    return { kind: "refunded", subject, amount, left: subtractFen(left, amount) };
  }

  /** Where nobody knows whether it is on the books, the sale stays without its use: the next start reads what is there. */
  async #written(draft: EntryDraft, takeBack: (() => void) | undefined): Promise<JournalEntry> {
    try {
      return await this.#ports.journal.append(draft);
    } catch (fault) {
      if (isFault(fault) && !fault.effectUnknown) takeBack?.();
      throw fault;
    }
  }

  async #paidSale(reference: string): Promise<PaidSale | RefundRefusal> {
    const { journal } = this.#ports;
    const subject = await journal.mark(saleMark(reference));
    const entries = subject === undefined ? [] : await journal.entriesOf(subject);
    const last = entries.at(-1);
    // Not charged yet, or charged by the bank: nothing of it is in the drawer.
    if (last?.kind === "delayed-charge") return "refund-through-issuer";
    if (last === undefined || last.kind !== "quick-payment") return "sale-unknown";
    if (OPEN_STATES.includes(last.state)) return "sale-open";
    const held = isHeldSale(last, this.#ports.unverifiedAmountFen);
    if (last.state !== "done" || last.amount === ZERO_FEN) return "sale-not-paid";
    // The card says that it paid, the module says otherwise: people decide, with the host's word.
    if (held) return "sale-open";
    const detail = mergedDetail(entries);
    return { subject: last.subject, amount: last.amount, purse: purseOf(detail), deposit: isDeposit(detail) };
  }
}

/** What went back of a sale already, in order. Faults: those of the journal. */
export async function refundsOf(journal: Pick<Journal, "mark" | "entriesOf">, sale: string): Promise<readonly JournalEntry[]> {
  const refunds: JournalEntry[] = [];
  for (let number = 1; number <= REFUNDS_MAX; number += 1) {
    const subject = await journal.mark(refundMark(sale, number));
    if (subject === undefined) break;
    const last = (await journal.entriesOf(subject)).at(-1);
    assert(last?.kind === "cash-refund", "a refund's mark names a refund");
    refunds.push(last);
  }
  return refunds;
}

function refundMark(sale: string, number: number): string {
  return `refund/${sale}/${number}`;
}

/** The refund of this name; in journals of before, the sale that it was for. */
export function requestMark(request: string): string {
  return `refund-request/${request}`;
}

/** The same name with another amount is another refund, which the caller must name otherwise. */
function sameRefund(same: JournalEntry, { amount }: SaleRefund, left: Fen): SaleRefundOutcome {
  const voided = textMember(same.detail, "why") === "sale-void";
  const isSame = amount === "void" ? voided : !voided && same.amount === amount;
  return isSame ? { kind: "refunded", subject: same.subject, amount: same.amount, left } : { kind: "refused", reason: "refund-conflict", left };
}
