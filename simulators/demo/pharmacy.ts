/*
 * A pharmacy's day, asked for by its own program over the local API: every credential, every tender, an order sent twice, a void, an answer
 * of the insurer that is lost, a sale without the insurer that is settled later. The next morning the day is compared with the insurer's books;
 * then one entry is planted on each side, and the comparison has to name both.
 */

import {
  type Basket,
  CounterClient,
  type Credential,
  type Given,
  type Order,
  type OrderItem,
  type Question,
  type ReconciledDay,
} from "../../device/api/client/index.ts";
import { assert } from "../../device/base/assert.ts";
import { fen, formatYuan } from "../../device/base/fen.ts";
import { civilTime } from "../../device/codec/civil-time.ts";
import { systemClock } from "../../device/system/clock.ts";
import { INSURER_FAULTS, planInsurerFault } from "../host/medical/insurer-faults.ts";
import { personNumberOf, SHOP_COUNTER, type Shop, type ShopCard } from "./shop.ts";

export interface PharmacyReport {
  readonly day: string;
  readonly orders: number;
  /** How the day compares with the insurer's books. */
  readonly state: ReconciledDay["state"];
  readonly differences: number;
  /** What the comparison said after one entry was planted on each side. */
  readonly planted: readonly string[];
}

type Tender = NonNullable<Basket["tenders"]>[number];

interface Sale {
  readonly credential: Credential;
  readonly card?: ShopCard;
  readonly items: readonly OrderItem[];
  readonly tenders: readonly Tender[];
  /** Whether somebody looks at the split first; left out: yes. */
  readonly confirms?: boolean;
}

const ARRIVE_MS = 40;
const DAY_MS = 86_400_000;
/** Longest wait for an order whose settlement is reversed: its time, its margin, and the rounds of the background. */
const DECIDED_MS = 60_000;
const LOOK_MS = 500;
const GOODS = { batchNumber: "b-1", makerLot: "l-1", madeOn: "2026-01-01" };
const FOREIGN_FEN = 4_200n;

export class PharmacyDay {
  readonly #shop: Shop;
  readonly #say: (line: string) => void;
  readonly #client: CounterClient;
  #next = 0;
  #packs = 0;

  constructor(shop: Shop, say: (line: string) => void) {
    this.#shop = shop;
    this.#say = say;
    this.#client = new CounterClient({ baseUrl: shop.api.url, token: SHOP_COUNTER.token });
  }

  async open(): Promise<void> {
    const { role } = await this.#client.signIn(SHOP_COUNTER.operator, SHOP_COUNTER.password);
    this.#say(`the pharmacy's program signs ${SHOP_COUNTER.operator} in (${role}) at ${this.#shop.api.url}`);
  }

  /** Orders while the network is there. */
  async online(): Promise<void> {
    const card = this.#card(0);
    await this.#sell({ credential: { kind: "card" }, card, items: [this.#item("A1", 2), this.#item("C1", 1)], tenders: ["cash"] });
    const code = this.#shop.insurer.issueECode(personNumberOf(1));
    assert(code !== undefined, "the insurer knows its persons");
    await this.#sell({ credential: { kind: "e-code", code }, items: [this.#item("B1", 1)], tenders: ["cash"] });
    await this.#sell({ credential: { kind: "card" }, card: this.#card(2), items: [this.#item("C1", 1)], tenders: ["e-purse", "cash"] });
    await this.#sentTwice();
    await this.#voided();
    await this.#answerLost();
  }

  /** One order while the insurer cannot be reached: paid in full, settled later. */
  async offline(): Promise<string> {
    const sale: Sale = { credential: { kind: "card" }, card: this.#card(3), items: [this.#item("A1", 2), this.#item("B1", 1)], tenders: ["cash"] };
    return (await this.#sell(sale)).orderNumber;
  }

  /** The insurer is there again: the sale is settled with the holder's card, and what the insurer pays is handed out. */
  async settleLater(orderNumber: string): Promise<void> {
    const settling = this.#client.settleLater(orderNumber, { kind: "card" });
    await this.#present(this.#card(3));
    const settled = await settling;
    this.#shop.reader.remove();
    const owed = settled.offline?.refundDueFen ?? 0;
    const paid = await this.#client.payRefund(orderNumber);
    this.#say(
      `  ${orderNumber}  settled later; the insurer pays ${formatYuan(fen(owed))}, handed out in cash; still due ${formatYuan(fen(paid.offline?.refundDueFen ?? 0))}`,
    );
  }

  /** The morning after: the day is compared. Then a day on which somebody else was in the insurer's books as well. */
  async reconcile(): Promise<PharmacyReport> {
    const { insurer } = this.#shop;
    const [day, compared] = await this.#compareDay();
    const { settlementId = "" } = await this.#sell({ credential: this.#identity(3), items: [this.#item("B1", 1)], tenders: ["cash"] });
    insurer.bookForeign(settlementId, FOREIGN_FEN);
    insurer.voidAtHost(settlementId);
    this.#say("planted: somebody voids that settlement in the insurer's own client, and books another that no terminal has sent");
    const [, again] = await this.#compareDay();
    return {
      day,
      orders: this.#next,
      state: compared.state,
      differences: compared.differences.length,
      planted: again.differences.map(({ kind, act }) => `${kind} (${act})`),
    };
  }

  /** Lets the day end and compares it. */
  async #compareDay(): Promise<readonly [string, ReconciledDay]> {
    const { clock } = this.#shop;
    const day = civilTime(clock.wallMs()).iso.slice(0, 10);
    clock.letPass(DAY_MS);
    await this.#hostOfToday();
    const compared = await this.#client.reconcile(day);
    this.#tellDay(compared);
    return [day, compared];
  }

  /** Until the settlement host was heard of on the new day: what is asked before is asked as of yesterday, and too late. */
  async #hostOfToday(): Promise<void> {
    const { clock, terminal } = this.#shop;
    const untilMs = clock.monotonicMs() + DECIDED_MS;
    while (clock.wallMs() - (terminal.status().hostTimeMs ?? 0) > DAY_MS / 2 && clock.monotonicMs() < untilMs) await clock.sleep(LOOK_MS);
  }

  async #sentTwice(): Promise<void> {
    const { number, basket } = this.#order({ credential: this.#identity(0), items: [this.#item("A1", 1)], tenders: ["cash"], confirms: false });
    const [one, other] = await Promise.all([this.#client.place(number, basket), this.#client.place(number, basket)]);
    const later = await this.#client.place(number, basket);
    const same = one.settlementId === other.settlementId && one.settlementId === later.settlementId;
    this.#say(`  ${number}  sent twice at once and once more: ${same ? "one settlement, the same answer three times" : "SETTLED TWICE"}`);
  }

  async #voided(): Promise<void> {
    const order = await this.#sell({ credential: this.#identity(1), items: [this.#item("B1", 1)], tenders: ["cash"] });
    const given = await this.#client.voidOrder(order.orderNumber);
    this.#say(`  ${order.orderNumber}  given back: ${given.state}`);
  }

  /** The insurer books and its answer is lost: unknown, reversed until its records agree, then settled under a new number. */
  async #answerLost(): Promise<void> {
    planInsurerFault(this.#shop.insurer.faults, "2102", INSURER_FAULTS["no-reply-booked"]);
    const { number, basket } = this.#order({ credential: this.#identity(2), items: [this.#item("B1", 1)], tenders: ["cash"], confirms: false });
    const first = await this.#client.place(number, basket);
    this.#say(`  ${number}  the insurer's answer is lost: ${first.state}, no goods; reversed until its records agree`);
    await this.#decided(number);
    this.#tellOrder(await this.#client.place(number, basket));
  }

  async #decided(number: string): Promise<void> {
    const { clock } = this.#shop;
    const untilMs = clock.monotonicMs() + DECIDED_MS;
    while ((await this.#client.order(number)).state === "unknown" && clock.monotonicMs() < untilMs) await clock.sleep(LOOK_MS);
  }

  async #sell(sale: Sale): Promise<Order> {
    const { number, basket } = this.#order(sale);
    const settling = this.#client.settle(number, basket, { onQuestion: (question) => this.#answer(question) });
    if (sale.card !== undefined) await this.#present(sale.card);
    const order = await settling;
    if (sale.card !== undefined) this.#shop.reader.remove();
    this.#tellOrder(order);
    return order;
  }

  #order({ credential, items, tenders, confirms = true }: Sale): { readonly number: string; readonly basket: Basket } {
    this.#next += 1;
    const number = `order-${String(this.#next).padStart(3, "0")}`;
    const amountFen = items.reduce((sum, item) => sum + item.amountFen, 0);
    return { number, basket: { credential, amountFen, items, invoiceNumber: number, confirms, tenders, usesAccount: this.#next % 2 === 0 } };
  }

  #answer(question: Question): Given {
    switch (question.ask) {
      case "insurance":
        return { answer: "insurance", insuranceType: question.choices[0] ?? "" };
      case "confirm":
        return { answer: "confirm" };
      case "offline":
        return { answer: "offline", choice: "settle-later" };
      case "tender":
        return { answer: "tender", tender: "cash", amountFen: question.restFen };
    }
  }

  #card(at: number): ShopCard {
    const card = this.#shop.cards[at];
    assert(card !== undefined, "the shop has four cards");
    return card;
  }

  /** What the counter's certified reader tells of a resident identity card. */
  #identity(at: number): Credential {
    const person = this.#shop.persons[at];
    assert(person !== undefined, "the shop knows its customers");
    return { kind: "resident-id", number: person.certificateNumber, name: person.name };
  }

  #item(name: "A1" | "B1" | "C1", count: number): OrderItem {
    const priceFen = { A1: 2_850, B1: 6_800, C1: 3_990 }[name];
    return {
      nationalCode: `XTEST0000000000000${name}`,
      ownCode: name,
      name: { A1: "甲类药", B1: "乙类药", C1: "自费药" }[name],
      quantity: String(count),
      unitPrice: formatYuan(fen(priceFen)),
      amountFen: priceFen * count,
      traceCodes: Array.from({ length: count }, () => this.#pack()),
      goods: GOODS,
    };
  }

  #pack(): { readonly code: string; readonly splitPack: boolean } {
    this.#packs += 1;
    return { code: String(this.#packs).padStart(20, "8"), splitPack: false };
  }

  async #present({ card }: ShopCard): Promise<void> {
    await systemClock().sleep(ARRIVE_MS);
    this.#shop.reader.insert(card);
  }

  #tellOrder({ orderNumber, state, amountFen, figures, tenders, says }: Order): void {
    const split = figures === undefined ? "" : `, fund ${formatYuan(fen(figures.fundFen))}, account ${formatYuan(fen(figures.accountFen))}`;
    const paid = tenders.map((each) => `${each.tender} ${formatYuan(fen(each.amountFen))} ${each.state}`).join(", ");
    this.#say(
      `  ${orderNumber}  ${formatYuan(fen(amountFen)).padStart(8)} yuan  ${state}${split}${paid === "" ? "" : `; ${paid}`}${says === undefined ? "" : `; ${says.en}`}`,
    );
  }

  #tellDay({ day, state, groups, differences, reason }: ReconciledDay): void {
    const own = groups.reduce((sum, group) => sum + group.own.totalFen, 0);
    this.#say(
      `compared ${day} with the insurer's books: ${state}${reason === undefined ? "" : ` (${reason})`}, ${groups.length} groups, ${(own / 100).toFixed(2)} yuan, ${differences.length} differences`,
    );
    for (const { kind, act, settlementId, reference } of differences) this.#say(`  ${settlementId}  ${reference ?? "no order here"}: ${kind}, ${act}`);
  }
}
