/*
 * Promises 1 to 3 for orders: an order that is done has one settlement standing at the insurer and exactly its rest paid; an order that is
 * refused or void has neither; what stands at the insurer belongs to an order. Cash is the journal's word, a purse the card's.
 */
import type { InsurerLedger, Settlement } from "../../host/medical/insurer-ledger.ts";
import type { DurableEntry } from "./durable-entry.ts";
import type { MoneyCheck } from "./money-check.ts";
import { promised } from "./violation.ts";

/** How an order says it stands, as far as its money is concerned. */
export interface ToldOrder {
  readonly state: string;
  readonly settlementId?: string | undefined;
  readonly amountFen: number;
  /** Of an order that was sold without the insurer: whether it has been settled since. */
  readonly settledLater: boolean;
}

interface Cash {
  readonly order: string;
  readonly kind: string;
  readonly amountFen: number;
}

/** What customers give; the other kinds go back to them. */
const GIVEN: readonly string[] = ["cash-tender", "bank-payment"];

export class OrderCheck {
  readonly #ledger: InsurerLedger;
  readonly #money: MoneyCheck;
  readonly #cash = new Map<string, Cash>();
  readonly #msgidsByReference = new Map<string, string[]>();
  readonly #purseSubjects = new Map<string, string>();
  /** What bank cards paid, and what went back to them. */
  readonly #bank = new Map<string, Cash>();

  constructor(ledger: InsurerLedger, money: MoneyCheck) {
    this.#ledger = ledger;
    this.#money = money;
  }

  durable(entry: DurableEntry): void {
    const { kind, state, reference, msgid, subject, amountFen } = entry;
    if (reference === undefined) return;
    if (kind === "medical-purchase" && state === "prepared" && msgid !== undefined) {
      const known = this.#msgidsByReference.get(reference) ?? [];
      this.#msgidsByReference.set(reference, known.includes(msgid) ? known : [...known, msgid]);
    }
    if ((kind === "bank-payment" || kind === "bank-return") && state === "done") this.#bank.set(subject, { order: orderOf(reference), kind, amountFen });
    if (kind === "quick-payment") this.#purseSubjects.set(subject, reference);
    if ((kind === "cash-tender" || kind === "cash-refund") && state === "done") {
      promised(2, !this.#cash.has(subject), () => `the cash of ${reference} was recorded twice`);
      this.#cash.set(subject, { order: orderOf(reference), kind, amountFen });
    }
  }

  /** The terminal has told its counter how an order ended. */
  told(order: string, view: ToldOrder): void {
    if (view.state === "done") this.#agreed(order, view, this.#standing(order), 3);
  }

  /** The end: every order, and everything that stands at the insurer. */
  settled(orders: ReadonlyMap<string, ToldOrder>): void {
    const explained = new Set<string>();
    for (const [order, view] of orders) {
      const standing = this.#standing(order);
      for (const { settlementId } of standing) explained.add(settlementId);
      this.#agreed(order, view, standing, 1);
    }
    for (const { settlementId, status, msgid } of this.#ledger.settlements()) {
      promised(1, status !== "booked" || explained.has(settlementId), () => `the insurer booked ${msgid.slice(12)} for no order`);
    }
  }

  #agreed(order: string, view: ToldOrder, standing: readonly Settlement[], promise: 1 | 3): void {
    promised(2, standing.length <= 1, () => `${order} is settled ${standing.length} times at the insurer`);
    const [settlement] = standing;
    const paidFen = this.#paidFen(order);
    const settled = view.state === "done" || (view.state === "offline" && view.settledLater);
    promised(promise, settled === (settlement !== undefined), () => `${order} is ${view.state}, the insurer has ${standing.length} settlements of it`);
    const dueFen = this.#dueFen(view, settlement);
    promised(promise, paidFen === dueFen, () => `${order} is ${view.state}: ${paidFen} fen were taken, ${dueFen} were due`);
  }

  #dueFen(view: ToldOrder, settlement: Settlement | undefined): number {
    if (settlement !== undefined) return Number(settlement.cashFen);
    return view.state === "offline" ? view.amountFen : 0;
  }

  #standing(order: string): readonly Settlement[] {
    const msgids = [...this.#msgidsByReference].filter(([reference]) => orderOf(reference) === order).flatMap(([, names]) => names);
    return msgids.flatMap((msgid) => this.#ledger.byMsgid(msgid)).filter(({ status }) => status === "booked");
  }

  #paidFen(order: string): number {
    let totalFen = 0;
    for (const { kind, amountFen } of [...this.#cash.values(), ...this.#bank.values()].filter((each) => each.order === order))
      totalFen += GIVEN.includes(kind) ? amountFen : -amountFen;
    for (const [subject, { amountFen }] of this.#money.debitsBySubject) {
      const reference = this.#purseSubjects.get(subject);
      if (reference !== undefined && orderOf(reference) === order) totalFen += amountFen;
    }
    return totalFen;
  }
}

/** Client and order number stand before the part that names the settlement, tender or refund. */
function orderOf(reference: string): string {
  return reference.split(".").slice(0, 2).join(".");
}
