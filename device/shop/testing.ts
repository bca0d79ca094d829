/* A shop that is simulated down to its card, its paper and its keypad, under one virtual clock. */
import { SimulatedHidKeypad } from "../../simulators/keypad/hid-keypad.ts";
import { InProcessLine } from "../../simulators/line/in-process.ts";
import { SimulatedPrinter } from "../../simulators/printer/escpos-printer.ts";
import { type Fen, fen } from "../base/fen.ts";
import { SILENT } from "../base/log.ts";
import type { Limits } from "../base/ports.ts";
import { openHidKeypad } from "../drivers/keypad-hid/keypad.ts";
import type { AmountKeypad, CustomerDisplay, Printer } from "../drivers/peripherals.ts";
import { openEscPosPrinter } from "../drivers/printer-escpos/printer.ts";
import { runQuickPayment } from "../txn/quick-payment/run.ts";
import { SimulatedPlace, TEST_LIMITS } from "../txn/quick-payment/testing.ts";
import type { QuickPaymentOutcome } from "../txn/quick-payment/types.ts";
import { notPaidSlip } from "../txn/receipts/not-paid.ts";
import { printSlip } from "../txn/receipts/print.ts";
import { recoverAtStart } from "../txn/recovery/recover.ts";
import type { SaleRequest } from "../txn/sale-request.ts";
import { DEFAULT_REFUND_RULES } from "../txn/shop/refunds.ts";
import { untilCard } from "../txn/until-card.ts";
import { openShop, type ShopActs } from "./acts.ts";
import { type KeypadSaleSettings, type KeypadSales, openKeypadSales } from "./keypad-sale.ts";

export const TILL: KeypadSaleSettings = {
  purses: ["e-purse"],
  typed: "yuan",
  amountMax: fen(99_999),
  keyTimeoutMs: 60_000,
  cardTimeoutMs: 10_000,
  prints: true,
};

export class SimulatedShop {
  readonly place = new SimulatedPlace();
  readonly card = this.place.card();
  readonly keys = new SimulatedHidKeypad(this.place.clock);
  readonly paper: SimulatedPrinter;
  /** What the customer has read, in its order; "" is nothing. */
  readonly shown: string[] = [];
  readonly printer: Printer;
  readonly keypad: AmountKeypad;
  readonly rules = DEFAULT_REFUND_RULES;
  #shop: ShopActs | undefined;
  #sales: KeypadSales | undefined;

  constructor() {
    const { clock } = this.place;
    const printerLine = new InProcessLine(clock, { name: "printer" });
    this.paper = new SimulatedPrinter({ clock });
    this.paper.attach(printerLine.device(() => undefined));
    this.printer = openEscPosPrinter(printerLine, { clock });
    const keypadLine = new InProcessLine(clock, { name: "keypad" });
    const end = keypadLine.device(() => undefined);
    this.keys.attach((report) => end.write(report));
    this.keypad = openHidKeypad(keypadLine, { clock, reportId: 0 });
  }

  get shop(): ShopActs {
    if (this.#shop === undefined) throw new Error("the shop is open");
    return this.#shop;
  }

  /** Everything on the paper as one text. */
  get printed(): string {
    return this.paper.paper.lines.join("\n");
  }

  async switchOn({ printer = true, unverifiedAmountFen = 100_000 }: { readonly printer?: boolean; readonly unverifiedAmountFen?: number } = {}): Promise<void> {
    const ports = await this.run(this.place.switchOn());
    await this.run(recoverAtStart(ports));
    this.#shop = openShop({
      journal: this.place.journal,
      devices: printer ? { printer: this.printer } : {},
      rules: this.rules,
      unverifiedAmountFen: fen(unverifiedAmountFen),
      place: { institution: "测试商店", terminal: "T1" },
      log: SILENT,
    });
  }

  /** Sales at the keypad begin. */
  openTill(more: { readonly settings?: Partial<KeypadSaleSettings>; readonly pay?: (request: SaleRequest) => Promise<QuickPaymentOutcome> } = {}): void {
    this.#sales = openKeypadSales({
      clock: this.place.clock,
      log: SILENT,
      boot: this.place.journal.boot,
      keypad: this.keypad,
      display: this.#display(),
      settings: { ...TILL, ...more.settings },
      quickPayment: more.pay ?? ((request, limits, givenUp) => this.pay(request, limits, givenUp)),
      shop: this.shop,
      tellNotPaid: (told, limits) => printSlip(this.printer, notPaidSlip(told), limits),
      words: (reason) => (reason === "insufficient-funds" ? { en: "Too little on the card.", zh: "余额不足" } : undefined),
    });
    this.#sales.start();
  }

  closeTill(): Promise<void> {
    return this.run(this.#sales?.stop() ?? Promise.resolve());
  }

  pay(request: SaleRequest, limits: Limits = TEST_LIMITS, givenUp: AbortSignal = limits.signal): Promise<QuickPaymentOutcome> {
    const { ports } = this.place;
    return runQuickPayment({ ...ports, reader: untilCard(ports.reader, givenUp) }, request, { ...TEST_LIMITS, ...limits });
  }

  async sell(reference: string, amountFen: number): Promise<QuickPaymentOutcome> {
    this.place.reader.insert(this.card);
    const outcome = await this.run(this.pay({ reference, amount: fen(amountFen), operator: "li" }));
    this.place.reader.remove();
    return outcome;
  }

  run<Value>(work: Promise<Value>): Promise<Value> {
    return this.place.clock.resolve(work);
  }

  rest(durationMs: number): Promise<void> {
    return this.run(this.place.clock.sleep(durationMs));
  }

  #display(): CustomerDisplay {
    return {
      name: "display",
      health: () => Promise.resolve({ kind: "well" }),
      close: () => Promise.resolve(),
      show: (what, amount: Fen) => {
        this.shown.push(`${what} ${amount}`);
        return Promise.resolve();
      },
      clear: () => {
        this.shown.push("");
        return Promise.resolve();
      },
    };
  }
}
