/*
 * A service counter, asked for by its own program over the local API: the card's bank account, contributions, benefits, and services of the card.
 * A reply of the bank is lost, the agency says no to what the bank has paid, a card is reported lost: in each case the money and the card end
 * where they belong, and the books say so.
 */
import { type Basket, CounterClient, type ServiceAct, type ServiceRequest } from "../../device/api/client/index.ts";
import { assert } from "../../device/base/assert.ts";
import { fen, formatYuan } from "../../device/base/fen.ts";
import { systemClock } from "../../device/system/clock.ts";
import { verifyStatement } from "../../device/txn/card-services/statement.ts";
import { socialNumbers } from "../card/numbers.ts";
import { ACQUIRER_FAULTS, planAcquirerFault } from "../host/acquirer/acquirer-faults.ts";
import { AGENCY_FAULTS, planAgencyFault } from "../host/agency/faults.ts";
import { SHOP_COUNTER, type Shop, type ShopCard, shopTerminalKey } from "./shop.ts";

/** How many services of the card were done, and how many ended as they must by being refused. */
export interface ServiceCounts {
  done: number;
  refused: number;
}

const ARRIVE_MS = 40;
const SETTLED_MS = 20_000;
const LOOK_MS = 100;
const NEW_PIN = "864209";
const CHALLENGE = "counter-1";
/** Of the table of services. */
const INPATIENT_ROW = 16;

interface Told {
  readonly kind: string;
  readonly reason?: string;
  readonly says?: { readonly en: string };
}

export class ServiceCounter {
  readonly counts: ServiceCounts = { done: 0, refused: 0 };
  readonly #shop: Shop;
  readonly #say: (line: string) => void;
  readonly #client: CounterClient;

  constructor(shop: Shop, say: (line: string) => void) {
    this.#shop = shop;
    this.#say = say;
    this.#client = new CounterClient({ baseUrl: shop.api.url, token: SHOP_COUNTER.token });
  }

  async run(): Promise<void> {
    await this.#client.signIn(SHOP_COUNTER.operator, SHOP_COUNTER.password);
    await this.#bank();
    await this.#contributions();
    await this.#services();
    await this.#settle();
  }

  async #bank(): Promise<void> {
    const { bank } = this.#client;
    this.#tell("sign-in", await bank.signIn());
    const keys = await bank.download("ca-keys");
    this.#tell("download", keys, `${keys.entries} keys of authorities`);
    await this.#pay("bank-001", 12_800);
    planAcquirerFault(this.#shop.services.acquirer.faults, "0200", ACQUIRER_FAULTS["reply-lost"]);
    await this.#pay("bank-002", 5_600, "its reply is lost");
    this.#tell("bank-002", await this.#decided("bank-002"), "the bank has taken its reversal");
    await this.#pay("bank-003", 3_300);
    this.#tell("void", await this.#withCard(0, () => bank.takeBack({ returnNumber: "void-1", business: "void", paymentNumber: "bank-003" })), "of bank-003");
    this.#tell(
      "refund",
      await this.#withCard(0, () => bank.takeBack({ returnNumber: "refund-1", business: "refund", paymentNumber: "bank-001", amountFen: 2_800 })),
      "28.00 of bank-001",
    );
    const balance = await this.#withCard(0, () => bank.balance());
    this.#tell("balance", balance, `${formatYuan(fen(balance.availableFen ?? 0))} yuan`);
    await this.#order();
    const load = await this.#withCard(1, () => bank.load({ loadNumber: "load-1", purse: "e-purse", amountFen: 5_000 }));
    this.#tell("load", load, "50.00 into the e-purse");
  }

  async #pay(paymentNumber: string, amountFen: number, what = "sale, PIN at the pad"): Promise<void> {
    const paid = await this.#withCard(0, () => this.#client.bank.pay({ paymentNumber, amountFen }));
    this.#tell(paymentNumber, paid, `${what}, ${formatYuan(fen(amountFen))} yuan`);
  }

  /** How an unknown payment ended. */
  async #decided(paymentNumber: string): Promise<Told> {
    const { clock } = this.#shop;
    const untilMs = clock.monotonicMs() + SETTLED_MS;
    for (;;) {
      const told = await this.#client.bank.payment(paymentNumber);
      if (told.kind !== "unknown" || clock.monotonicMs() > untilMs) return told;
      await clock.sleep(LOOK_MS);
    }
  }

  /** A pharmacy order whose rest is paid by bank card. */
  async #order(): Promise<void> {
    const person = this.#shop.persons[2];
    assert(person !== undefined, "the shop knows its customers");
    const item = { nationalCode: "XTEST0000000000000C1", ownCode: "C1", name: "自费药", quantity: "1", unitPrice: "39.90", amountFen: 3_990 };
    const goods = { batchNumber: "b-1", makerLot: "l-1", madeOn: "2026-01-01" };
    const basket: Basket = {
      credential: { kind: "resident-id", number: person.certificateNumber, name: person.name },
      amountFen: 3_990,
      items: [{ ...item, goods, traceCodes: [{ code: "77777777777777777001" }] }],
      invoiceNumber: "order-bank",
      tenders: ["bank-card"],
      confirms: false,
    };
    const order = await this.#withCard(2, () => this.#client.place("order-bank", basket));
    const tenders = order.tenders.map(({ tender, amountFen, state }) => `${tender} ${formatYuan(fen(amountFen))} ${state}`).join(", ");
    this.#say(`  order-bank  ${order.state}; ${tenders}`);
  }

  async #contributions(): Promise<void> {
    const { services } = this.#client;
    const owed = await this.#withCard(0, () => services.bills());
    const bills = owed.bills ?? [];
    this.#tell("bills", owed, `${bills.length} owed`);
    const [first, second] = bills;
    assert(first !== undefined && second !== undefined, "the agency wants two contributions of its holder");
    await this.#contribute("contribution-1", first);
    planAgencyFault(this.#shop.services.agency.faults, "contribution-confirm", { ...AGENCY_FAULTS.refuse, reason: "bill-withdrawn" });
    await this.#contribute("contribution-2", second);
    const benefits = await this.#withCard(0, () => services.benefits());
    this.#tell("benefits", benefits, `${benefits.entitlements?.length ?? 0} entitlements, ${benefits.payments?.length ?? 0} payments`);
  }

  async #contribute(
    contributionNumber: string,
    { billId, insurance, amountFen }: { readonly billId: string; readonly insurance: string; readonly amountFen: number },
  ) {
    const paying = this.#client.services.payContribution({ contributionNumber, billId, amountFen });
    const paid = await this.#withCard(0, () => paying);
    this.#tell(contributionNumber, paid, `${insurance} ${formatYuan(fen(amountFen))} yuan`);
  }

  async #services(): Promise<void> {
    const identity = await this.#serve(0, { service: "identify", withPin: true, challenge: CHALLENGE });
    this.#tell("identify", identity, `its statement is ${this.#isSigned(identity) ? "the terminal's own" : "NOT TO BE BELIEVED"}`);
    this.#tell("purse-balances", await this.#serve(1, { service: "query", what: "purse-balances" }));
    const card = this.#card(1);
    this.#shop.services.planPinChange({ kind: "changes", old: card.pin, next: NEW_PIN });
    this.#tell("change-pin", await this.#serve(1, { service: "change-pin" }));
    await this.#loss();
  }

  /** As whoever keeps the statement checks it: against the key that he has of this terminal. */
  #isSigned({ output }: ServiceAct): boolean {
    const { suite } = this.#shop;
    const [statement, signature] = [String(output?.["statement"]), String(output?.["signature"])];
    return verifyStatement({ statement, signature }, { suite, terminalKey: shopTerminalKey(suite), challenge: CHALLENGE }).ok;
  }

  async #loss(): Promise<void> {
    const card = this.#card(3);
    const { cardNumber } = socialNumbers(card.card);
    const enrolled = this.#shop.services.agency.ledger.card(cardNumber);
    const person = this.#shop.services.agency.ledger.person(enrolled?.identityNumber ?? "");
    assert(person !== undefined, "the agency knows the holder");
    const { name, identityNumber } = person;
    const claim = {
      service: "report-loss",
      serviceNumber: "loss-1",
      loss: "temporary",
      cardNumber,
      person: { name, identityNumber, documentShown: "none" },
    } as const;
    this.#tell("report-loss", await this.#count(this.#client.services.perform(claim)), "temporary");
    const sale = await this.#withCard(3, () =>
      this.#client.quickPayment({ saleNumber: "lost-card", purse: "medical-purse", amountFen: 100, selfPayFen: 0, pooledFen: 0 }),
    );
    this.#tell("quick payment", sale, "with the lost card");
    this.#tell("row 16", await this.#count(this.#client.services.perform({ service: "other", row: INPATIENT_ROW })), "inpatient settlement");
  }

  async #settle(): Promise<void> {
    const settled = await this.#client.bank.settle();
    const { terminal } = settled;
    const sums =
      terminal === undefined
        ? ""
        : `${terminal.debits} debits ${formatYuan(fen(terminal.debitFen))}, ${terminal.credits} credits ${formatYuan(fen(terminal.creditFen))}`;
    this.#tell("settlement", settled, sums);
    this.#say(`  parked: ${(await this.#client.bank.parked()).items.length}, cases: ${(await this.#client.services.contributionCases()).cases.length}`);
  }

  #serve(at: number, request: ServiceRequest): Promise<ServiceAct> {
    return this.#count(this.#withCard(at, () => this.#client.services.perform(request)));
  }

  async #count(work: Promise<ServiceAct>): Promise<ServiceAct> {
    const act = await work;
    if (act.kind === "done") this.counts.done += 1;
    if (act.kind === "refused") this.counts.refused += 1;
    return act;
  }

  /** The holder brings this card once it is asked for, and takes it away at the end. */
  async #withCard<Value>(at: number, work: () => Promise<Value>): Promise<Value> {
    const working = work();
    await systemClock().sleep(ARRIVE_MS);
    this.#shop.reader.insert(this.#card(at).card);
    try {
      return await working;
    } finally {
      this.#shop.reader.remove();
    }
  }

  #card(at: number): ShopCard {
    const card = this.#shop.cards[at];
    assert(card !== undefined, "the shop has four cards");
    return card;
  }

  #tell(what: string, { kind, reason, says }: Told, more = ""): void {
    const why = reason === undefined ? undefined : (says?.en ?? reason);
    this.#say(`  ${what.padEnd(14)}  ${kind}${more === "" ? "" : `; ${more}`}${why === undefined ? "" : ` (${why})`}`);
  }
}
