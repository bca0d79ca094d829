/* A day in the shop: sales of both kinds, a stretch without network, a torn card that heals, the drain, and the books compared. */
import { isFault } from "../../device/base/fault.ts";
import { fen, formatYuan } from "../../device/base/fen.ts";
import { systemClock } from "../../device/system/clock.ts";
import type { MedicalOutcome } from "../../device/txn/medical-purchase/types.ts";
import type { QuickPaymentOutcome } from "../../device/txn/quick-payment/types.ts";
import type { PurseChoice, PurseKind } from "../../device/txn/sale-request.ts";
import type { TransmitVerdict } from "../reader/in-process.ts";
import { GateHour } from "./gate-hour.ts";
import { PharmacyDay, type PharmacyReport } from "./pharmacy.ts";
import { ServiceCounter, type ServiceCounts } from "./service-counter.ts";
import type { Shop, ShopCard } from "./shop.ts";

/** Time for a holder to bring a card, to take it away, and to bring a torn one back. */
const ARRIVE_MS = 40;
const RETURN_MS = 400;
const SALE_LIMIT_MS = 15_000;
const HOST_LIMIT_MS = 15_000;
const DRAIN_LIMIT_MS = 60_000;
const DEBIT_INSTRUCTION = 0x54;
/** A trip record, as a bus writes it: a ride that began and ended with one tap. Spec: JT/T 978, EF1E. */
const SINGLE_RIDE = 0x06;
const TRIP = { file: 0x1e, by: "identifier", record: 0x00, data: Uint8Array.from({ length: 48 }, (_, at) => (at === 0 ? SINGLE_RIDE : 0x31)) } as const;
const OTHER_PURSES: readonly PurseChoice[] = [
  { kind: "compound", record: TRIP },
  { kind: "medical-purse", selfPay: fen(120), pooled: fen(2_300) },
  { kind: "electronic-cash" },
];

export interface Count {
  sales: number;
  unknown: number;
}

export class ShopDay {
  readonly #shop: Shop;
  readonly #say: (line: string) => void;
  readonly #pharmacy: PharmacyDay;
  readonly #gate: GateHour;
  readonly #services: ServiceCounter;
  readonly count: Count = { sales: 0, unknown: 0 };
  #next = 0;

  constructor(shop: Shop, say: (line: string) => void) {
    this.#shop = shop;
    this.#say = say;
    this.#pharmacy = new PharmacyDay(shop, say);
    this.#gate = new GateHour(shop, say);
    this.#services = new ServiceCounter(shop, say);
  }

  /** What the service counter did that moved no money. */
  get services(): ServiceCounts {
    return this.#services.counts;
  }

  async run(): Promise<void> {
    await this.#hostThere();
    await this.#pharmacy.open();
    this.#say("online: purchases of both kinds");
    for (let at = 0; at < 6; at += 1) await this.quickPayment();
    for (let at = 0; at < 4; at += 1) await this.medicalPurchase();
    this.#say("the other purses of the card: a trip with its record, an offline settlement, electronic cash");
    for (const purse of OTHER_PURSES) await this.quickPayment(purse);
    this.#say("the pharmacy's program: orders by card, e-code and identity card, mixed tenders, a lost answer");
    await this.#pharmacy.online();
    this.#say("the network is gone: the purse goes on, the insurer cannot be reached");
    await this.#shop.goOffline();
    for (let at = 0; at < 5; at += 1) await this.quickPayment();
    await this.medicalPurchase();
    const owed = await this.#pharmacy.offline();
    this.#say("a card is torn out of the field after it was debited, and presented again");
    await this.#tornPayment();
    this.#say("the network is back: everything that was kept is sent");
    await this.#shop.goOnline();
    await this.#hostThere();
    for (let at = 0; at < 4; at += 1) await this.quickPayment();
    for (let at = 0; at < 3; at += 1) await this.medicalPurchase();
    await this.#pharmacy.settleLater(owed);
    this.#say("an hour at the gate: two lanes, each with its own reader, module and gate");
    await this.#gate.run();
    this.#say("the service counter: bank account, contributions and benefits, services of the card");
    await this.#services.run();
    await this.drain();
  }

  /** The morning after. */
  reconcile(): Promise<PharmacyReport> {
    return this.#pharmacy.reconcile();
  }

  async quickPayment(purse: PurseChoice = { kind: "e-purse" }): Promise<void> {
    const amountFen = 120 + 35 * (this.#next % 9);
    const { reference, card } = this.#begin();
    const sale = this.#shop.terminal.quickPayment({ reference, amount: fen(amountFen), purse }, this.#limits(SALE_LIMIT_MS));
    await this.#present(card);
    this.#sayQuick(reference, await sale, purse.kind);
    await this.#takeAway();
  }

  async medicalPurchase(): Promise<void> {
    const { reference, card } = this.#begin();
    const items = [
      { nationalCode: "XTEST0000000000000A1", ownCode: "A1", quantity: "2", unitPrice: "28.50", amount: fen(5_700) },
      { nationalCode: "XTEST0000000000000B1", ownCode: "B1", quantity: "1", unitPrice: "68.00", amount: fen(6_800) },
    ];
    const request = { reference, amount: fen(12_500), items, invoiceNumber: reference, usesAccount: true };
    const purchase = this.#shop.terminal.medicalPurchase(request, this.#limits(SALE_LIMIT_MS));
    await this.#present(card);
    this.#sayMedical(reference, await purchase);
    await this.#takeAway();
  }

  /** Waits until every record is receipted by the settlement host. */
  async drain(): Promise<void> {
    await this.#shop.terminal.idle(this.#limits(DRAIN_LIMIT_MS));
    const { lastSeq, receiptedThrough } = this.#shop.terminal.status();
    this.#say(`drained: ${receiptedThrough} of ${lastSeq} records receipted by the settlement host`);
  }

  async #tornPayment(): Promise<void> {
    const { reference, card } = this.#begin();
    const { reader, terminal } = this.#shop;
    let torn: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      torn = resolve;
    });
    reader.setFate(({ command }): TransmitVerdict => {
      if (command[1] !== DEBIT_INSTRUCTION) return { kind: "ok" };
      torn();
      return { kind: "tear", at: "after" };
    });
    const sale = terminal.quickPayment({ reference, amount: fen(460) }, this.#limits(SALE_LIMIT_MS));
    await this.#present(card);
    await left;
    reader.setFate(() => ({ kind: "ok" }));
    this.#say(`  ${reference}  the card left during the debit; the terminal asks for it again`);
    await systemClock().sleep(RETURN_MS);
    await this.#present(card);
    this.#sayQuick(reference, await sale);
    await this.#takeAway();
  }

  #begin(): { readonly reference: string; readonly card: ShopCard } {
    this.#next += 1;
    const card = this.#shop.cards[this.#next % this.#shop.cards.length];
    if (card === undefined) throw new Error("the shop has cards");
    return { reference: `sale-${String(this.#next).padStart(3, "0")}`, card };
  }

  #limits(timeoutMs: number) {
    return { timeoutMs, signal: new AbortController().signal };
  }

  async #present({ card }: ShopCard): Promise<void> {
    await systemClock().sleep(ARRIVE_MS);
    this.#shop.reader.insert(card);
  }

  async #takeAway(): Promise<void> {
    await systemClock().sleep(ARRIVE_MS);
    this.#shop.reader.remove();
  }

  async #hostThere(): Promise<void> {
    const clock = systemClock();
    const limitMs = clock.monotonicMs() + HOST_LIMIT_MS;
    while (!this.#shop.terminal.status().hostPresent && clock.monotonicMs() < limitMs) await clock.sleep(50);
    if (!this.#shop.terminal.status().hostPresent) this.#say("the settlement host has not answered; sales go on without it");
  }

  #sayQuick(reference: string, outcome: QuickPaymentOutcome, purse: PurseKind = "e-purse"): void {
    const what = purse === "e-purse" ? "quick payment" : purse;
    if (outcome.kind === "paid") {
      this.count.sales += 1;
      const balance = outcome.balanceAfter === undefined ? "" : `, balance ${formatYuan(outcome.balanceAfter)}`;
      this.#say(`  ${reference}  ${what.padEnd(17)} ${formatYuan(outcome.amount).padStart(8)} yuan  paid, proved by ${outcome.proof}${balance}`);
      return;
    }
    if (outcome.kind === "unknown") this.count.unknown += 1;
    this.#say(`  ${reference}  ${what.padEnd(26)} ${outcome.kind}${"reason" in outcome ? ` (${outcome.reason})` : ""}`);
  }

  #sayMedical(reference: string, outcome: MedicalOutcome): void {
    if (outcome.kind === "paid") {
      this.count.sales += 1;
      const { total, fund, account, cash } = outcome;
      this.#say(
        `  ${reference}  medical purchase  ${formatYuan(total).padStart(8)} yuan  settled: fund ${formatYuan(fund)}, account ${formatYuan(account)}, cash ${formatYuan(cash)}`,
      );
      return;
    }
    if (outcome.kind === "unknown") this.count.unknown += 1;
    this.#say(`  ${reference}  medical purchase           ${outcome.kind}${"reason" in outcome ? ` (${outcome.reason})` : ""}`);
  }
}

/** Runs `work`; what the world did to it is said instead of thrown. */
export async function orSay(work: Promise<void>, say: (line: string) => void): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!isFault(error)) throw error;
    say(`${error.code}: ${error.message}`);
    return false;
  }
}
