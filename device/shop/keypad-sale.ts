/*
 * Goal: a shop without a program of its own sells: an amount at the keypad, a card, a slip; and where nothing was paid, a slip that says why.
 * Method: one sale after another, each under a reference that no other start of this terminal can draw. While it is typed, the amount stands on
 * the customer's display. A sale that was torn waits for its card as every sale does; when the card stays away the sale stays open, and the card's
 * next payment settles it first.
 */
import { isFault } from "../base/fault.ts";
import { type Fen, ZERO_FEN } from "../base/fen.ts";
import type { Log } from "../base/log.ts";
import type { Clock, Limits } from "../base/ports.ts";
import type { AmountKeypad, CustomerDisplay, TypedAmount } from "../drivers/peripherals.ts";
import type { QuickPaymentOutcome } from "../txn/quick-payment/types.ts";
import type { NotPaid, SaidInBoth } from "../txn/receipts/not-paid.ts";
import type { SlipOutcome } from "../txn/receipts/print.ts";
import { Rounds } from "../txn/rounds.ts";
import type { SaleRequest } from "../txn/sale-request.ts";
import { Teller } from "../txn/teller.ts";
import type { ShopActs } from "./acts.ts";

/** Purses that need nothing but an amount. */
export type KeypadPurse = "e-purse" | "electronic-cash";

export interface KeypadSaleSettings {
  /** Tried in this order: the first that the card has pays. */
  readonly purses: readonly KeypadPurse[];
  readonly typed: "yuan" | "fen";
  readonly amountMax: Fen;
  readonly keyTimeoutMs: number;
  readonly cardTimeoutMs: number;
  readonly prints: boolean;
}

export interface KeypadSaleParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly boot: number;
  readonly keypad: AmountKeypad;
  readonly display?: CustomerDisplay;
  readonly settings: KeypadSaleSettings;
  /** `givenUp` ends it while nobody has presented a card. Never rejects for what the world does. */
  readonly quickPayment: (request: SaleRequest, limits: Limits, givenUp: AbortSignal) => Promise<QuickPaymentOutcome>;
  readonly shop: Pick<ShopActs, "printSale">;
  /** Says on paper why a sale did not end in payment. Left out: the lamp alone says that it did not. Never rejects for what the world does. */
  readonly tellNotPaid?: (told: NotPaid, limits: Limits) => Promise<SlipOutcome>;
  /** What people are told of a reason; left out: the reason alone. */
  readonly words?: (reason: string) => SaidInBoth | undefined;
}

type Sale = Pick<SaleRequest, "reference" | "amount">;

const SHOW_MS = 2_000;
const PRINT_MS = 30_000;
const REST_AFTER_FAULT_MS = 5_000;
/** The card has no such purse, or this terminal does not take it: nothing was begun. */
const ANOTHER_PURSE: readonly string[] = ["no-purse", "purse-not-offered"];

export interface KeypadSales {
  start(): void;
  /** Resolves when the sale under way has ended. */
  stop(): Promise<void>;
}

export function openKeypadSales(parts: KeypadSaleParts): KeypadSales {
  return new SalesAtKeypad(parts);
}

class SalesAtKeypad implements KeypadSales {
  readonly #parts: KeypadSaleParts;
  readonly #rounds: Rounds;
  readonly #teller: Teller;
  #serial = 0;
  /** What stands on the display because it was typed; a sale of a program has the display to itself. */
  #shown: Fen = ZERO_FEN;

  constructor(parts: KeypadSaleParts) {
    this.#parts = parts;
    this.#teller = new Teller("display", parts.log);
    this.#rounds = new Rounds({
      clock: parts.clock,
      log: parts.log,
      failedAs: "keypad-sale-failed",
      restAfterFaultMs: REST_AFTER_FAULT_MS,
      round: (signal) => this.#round(signal),
    });
  }

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
    await this.#teller.rest();
  }

  async #round(signal: AbortSignal): Promise<number> {
    const typed = await this.#typed(signal);
    if (typed.kind === "entered") await this.#sell(typed.amount, signal);
    else this.#show(ZERO_FEN);
    return 0;
  }

  /** Faults: those of the keypad, but for a time in which nobody typed. */
  async #typed(signal: AbortSignal): Promise<TypedAmount> {
    const { keypad, settings } = this.#parts;
    const { typed, amountMax, keyTimeoutMs: timeoutMs } = settings;
    try {
      return await keypad.readAmount({ typed, amountMax, onTyped: (amount) => this.#show(amount) }, { timeoutMs, signal });
    } catch (fault) {
      if (isFault(fault, "timeout") || isFault(fault, "cancelled")) return { kind: "cancelled" };
      throw fault;
    }
  }

  async #sell(amount: Fen, signal: AbortSignal): Promise<void> {
    const { boot, log, settings, shop } = this.#parts;
    this.#serial += 1;
    const reference = `till.${boot}.${this.#serial}`;
    // From here on the sale shows its own amount.
    this.#shown = ZERO_FEN;
    const outcome = await this.#paidUnlessGivenUp({ reference, amount }, signal);
    log.info("keypad-sale", { reference, outcome: outcome.kind, ...("reason" in outcome ? { reason: outcome.reason } : {}) });
    if (!settings.prints) return;
    const limits = { timeoutMs: PRINT_MS, signal };
    const slip =
      outcome.kind === "paid" ? await shop.printSale(reference, { as: "original" }, limits) : await this.#tell({ reference, amount }, outcome, limits);
    if (slip !== "printed") log.warn("slip-not-printed", { reference, reason: slip });
  }

  /** Where nobody presented a card, nobody has to be told anything. */
  async #tell({ reference, amount }: Sale, outcome: Exclude<QuickPaymentOutcome, { readonly kind: "paid" }>, limits: Limits): Promise<SlipOutcome> {
    const { tellNotPaid, words } = this.#parts;
    if (outcome.kind === "no-card" || tellNotPaid === undefined) return "printed";
    const { kind, reason } = outcome;
    return tellNotPaid({ saleNumber: reference, amount, stands: kind === "refused" ? "refused" : "open", reason, says: words?.(reason) }, limits);
  }

  /** Until a card is there, Esc gives the sale up. Amounts that are typed meanwhile are nobody's. */
  async #paidUnlessGivenUp(sale: Sale, signal: AbortSignal): Promise<QuickPaymentOutcome> {
    const [givenUp, over] = [new AbortController(), new AbortController()];
    const watching = this.#watchForEsc(givenUp, AbortSignal.any([signal, over.signal]));
    try {
      return await this.#paid(sale, signal, givenUp.signal);
    } finally {
      over.abort();
      await watching;
    }
  }

  async #watchForEsc(givenUp: AbortController, signal: AbortSignal): Promise<void> {
    const { keypad, settings } = this.#parts;
    const { typed, amountMax, keyTimeoutMs: timeoutMs } = settings;
    while (!signal.aborted && !givenUp.signal.aborted) {
      try {
        if ((await keypad.readAmount({ typed, amountMax }, { timeoutMs, signal })).kind === "cancelled") givenUp.abort();
      } catch (fault) {
        if (!isFault(fault)) throw fault;
        // Of a keypad that is closed nobody hears anything any more.
        if (fault.code !== "timeout") return;
      }
    }
  }

  async #paid(sale: Sale, signal: AbortSignal, givenUp: AbortSignal): Promise<QuickPaymentOutcome> {
    const { quickPayment, settings } = this.#parts;
    const limits = { timeoutMs: settings.cardTimeoutMs, signal };
    let outcome: QuickPaymentOutcome = { kind: "no-card" };
    for (const kind of settings.purses) {
      outcome = await quickPayment({ ...sale, purse: { kind }, pays: "goods" }, limits, givenUp);
      if (outcome.kind !== "refused" || outcome.subject !== undefined || !ANOTHER_PURSE.includes(outcome.reason)) break;
    }
    return outcome;
  }

  /** Nothing typed is nothing shown. */
  #show(amount: Fen): void {
    const { display } = this.#parts;
    if (display === undefined || amount === this.#shown) return;
    this.#shown = amount;
    const limits = { timeoutMs: SHOW_MS, signal: new AbortController().signal };
    this.#teller.tell(() => (amount === ZERO_FEN ? display.clear(limits) : display.show("price", amount, limits)));
  }
}
