/*
 * Goal: what a shop does beside selling: money that goes back, shifts that end, and a slip for each.
 * Method: refunds and shifts are the journal's; a slip is made from the journal and printed behind the act that it tells, so that one that fails
 * changes nothing and can be printed later. The original comes out of the printer once, however often it is asked for; a copy says so.
 */
import { isFault } from "../base/fault.ts";
import type { Fen } from "../base/fen.ts";
import type { Log } from "../base/log.ts";
import type { Limits } from "../base/ports.ts";
import type { Devices } from "../drivers/adapter.ts";
import type { TerminalJournal } from "../txn/journal/journal.ts";
import { printSlip, type SlipOutcome } from "../txn/receipts/print.ts";
import { receiptSlip } from "../txn/receipts/receipt.ts";
import type { ReceiptData, SlipStyle } from "../txn/receipts/types.ts";
import { openSaleRefunds, type RefundRules, type SaleRefund, type SaleRefundOutcome, type SaleRefunds } from "../txn/shop/refunds.ts";
import { openShifts, type ShiftEnd, type Shifts, type ShiftTotals } from "../txn/shop/shift.ts";
import { type NoSlip, refundSlipOf, type SlipPlace, saleSlipOf, shiftSlipOf } from "../txn/shop/slips.ts";

/** "original": once; asked for again it is there already. "copy": as often as somebody asks, and says who did. */
export type SlipWish = { readonly as: "original" } | { readonly as: "copy"; readonly by: string };

export type ShopSlip = SlipOutcome | NoSlip | "printer-absent" | "receipt-unknown";

export interface ShopActs {
  /** Never rejects for what the disk does. */
  refund(request: SaleRefund): Promise<SaleRefundOutcome>;
  /** Slips never reject for what the world does. */
  printSale(reference: string, wish: SlipWish, limits: Limits): Promise<ShopSlip>;
  printRefund(request: string, wish: SlipWish, limits: Limits): Promise<ShopSlip>;
  printShift(shift: number, wish: SlipWish, limits: Limits): Promise<ShopSlip>;
  /** Faults: those of the journal. */
  currentShift(): Promise<ShiftTotals>;
  endShift(shift: number, act: { readonly operator: string }): Promise<ShiftEnd>;
}

export interface ShopParts {
  readonly journal: TerminalJournal;
  readonly devices: Pick<Devices, "printer">;
  readonly rules: RefundRules;
  /** Up to this amount a debit that only the card vouches for counts as paid. */
  readonly unverifiedAmountFen: Fen;
  readonly place: SlipPlace;
  readonly log: Log;
  /** Told before nothing is left of a sale, and what it gives is called where nothing went back; left out: nobody is told. */
  readonly onReturned?: (sale: string) => (() => void) | undefined;
}

export function openShop(parts: ShopParts): ShopActs {
  return new Shop(parts);
}

type SlipData = ReceiptData | NoSlip | "receipt-unknown";

interface WantedSlip {
  /** Names the slip among all that this terminal has printed. */
  readonly name: string;
  readonly data: () => Promise<SlipData>;
  readonly wish: SlipWish;
}

class Shop implements ShopActs {
  readonly #parts: ShopParts;
  readonly #refunds: SaleRefunds;
  readonly #shifts: Shifts;
  /** Originals under way: whoever asks for one that is being printed waits for it. */
  readonly #printing = new Map<string, Promise<ShopSlip>>();

  constructor(parts: ShopParts) {
    this.#parts = parts;
    this.#refunds = openSaleRefunds(parts);
    this.#shifts = openShifts(parts.journal, parts);
  }

  refund(request: SaleRefund): Promise<SaleRefundOutcome> {
    return this.#refunds.refund(request);
  }

  currentShift(): Promise<ShiftTotals> {
    return this.#shifts.current();
  }

  endShift(shift: number, act: { readonly operator: string }): Promise<ShiftEnd> {
    return this.#shifts.end(shift, act);
  }

  printSale(reference: string, wish: SlipWish, limits: Limits): Promise<ShopSlip> {
    const { journal, place, unverifiedAmountFen } = this.#parts;
    return this.#print({ name: `sale/${reference}`, data: () => saleSlipOf(journal, reference, { ...place, unverifiedAmountFen }), wish }, limits);
  }

  printRefund(request: string, wish: SlipWish, limits: Limits): Promise<ShopSlip> {
    const { journal, place } = this.#parts;
    return this.#print({ name: `refund/${request}`, data: async () => (await refundSlipOf(journal, request, place)) ?? "receipt-unknown", wish }, limits);
  }

  printShift(shift: number, wish: SlipWish, limits: Limits): Promise<ShopSlip> {
    const data = async () => {
      const ended = await this.#shifts.ended(shift);
      return ended === undefined ? "receipt-unknown" : shiftSlipOf(ended, this.#parts.place);
    };
    return this.#print({ name: `shift/${shift}`, data, wish }, limits);
  }

  #print(wanted: WantedSlip, limits: Limits): Promise<ShopSlip> {
    const { name, wish } = wanted;
    if (wish.as === "copy") return this.#printed(wanted, { copy: true, by: wish.by }, limits);
    const underWay = this.#printing.get(name);
    if (underWay !== undefined) return underWay;
    const printing = this.#original(wanted, limits).finally(() => this.#printing.delete(name));
    this.#printing.set(name, printing);
    return printing;
  }

  async #original(wanted: WantedSlip, limits: Limits): Promise<ShopSlip> {
    const { journal, log } = this.#parts;
    const name = `slip/${wanted.name}`;
    let outcome: ShopSlip | undefined;
    try {
      if ((await journal.mark(name)) !== undefined) return "printed";
      outcome = await this.#printed(wanted, { copy: false }, limits);
      if (outcome === "printed") await journal.setMarks([{ name, value: "printed" }]);
      return outcome;
    } catch (fault) {
      // It may come out once more: that is all that a lost mark does.
      if (!isFault(fault)) throw fault;
      log.warn("slip-not-noted", { code: fault.code });
      return outcome ?? fault.code;
    }
  }

  async #printed({ data: read }: WantedSlip, style: SlipStyle, limits: Limits): Promise<ShopSlip> {
    const { printer } = this.#parts.devices;
    if (printer === undefined) return "printer-absent";
    try {
      const data = await read();
      return typeof data === "string" ? data : await printSlip(printer, receiptSlip(data, style), limits);
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return fault.code;
    }
  }
}
