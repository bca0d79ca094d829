/* Rows of the bank account, the purses, contributions and benefits. */
import { libraryPlace } from "../../../device/api/reader-library/testing.ts";
import { fen } from "../../../device/base/fen.ts";
import { SILENT } from "../../../device/base/log.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../../../device/card/purse/commands.ts";
import { DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { bankDoors, contributionDoors, rowDoor } from "../../../device/services/doors.ts";
import { openRuledSales } from "../../../device/services/local-rules.ts";
import type { BankActs } from "../../../device/txn/acquiring/acts.ts";
import { openBankLoads } from "../../../device/txn/acquiring/load.ts";
import { BANK_LIMITS, BankPlace, panOf } from "../../../device/txn/acquiring/testing.ts";
import { DEFAULT_SERVICE_PROFILE, type ServiceProfile } from "../../../device/txn/card-services/profile.ts";
import { cardNumbers } from "../../../device/txn/card-services/testing.ts";
import { ContributionDesk, contribution, WAIT } from "../../../device/txn/contributions/testing.ts";
import type { LocalRule } from "../../../device/txn/local-rules/types.ts";
import { runQuickPayment } from "../../../device/txn/quick-payment/run.ts";
import { BALANCE, FARE, gateScene, passage, tapGate, testGate } from "../../../device/txn/quick-payment/testing/gates.ts";
import { balanceOf, SimulatedPlace, TEST_LIMITS } from "../../../device/txn/quick-payment/testing.ts";
import { openCardLinks } from "../../../device/txn/risk/card-links.ts";
import type { RuledByPlace } from "../../../device/txn/risk/guard.ts";
import type { PurseChoice, SaleRequest } from "../../../device/txn/sale-request.ts";
import { DEFAULT_REFUND_RULES, openSaleRefunds } from "../../../device/txn/shop/refunds.ts";
import type { TestCardOptions } from "../../card/make.ts";
import { expectEqual, expectMatch, expectTrue } from "../expect.ts";
import type { ServiceCase } from "./types.ts";

function served(row: number, title: string, run: () => Promise<void>): ServiceCase {
  return { row, title, shows: "served", run };
}

function refused(row: number, title: string, run: () => Promise<void>): ServiceCase {
  return { row, title, shows: "refused", run };
}

const SUITE = openCipherSuite();
const TERMINAL_STORAGE_KEY = SUITE.secretKey(new Uint8Array(16).fill(7));
const MERCHANT = "P53010000001";

/** A counter with every host. */
const PLACE = { kind: "counter", medical: true, bank: true, quickPayment: true, agency: true } as const;

async function openPlace(): Promise<BankPlace> {
  const place = new BankPlace({ interface: "contact", profile: { loadCode: "45" } });
  await place.start();
  return place;
}

function openLoads(place: BankPlace) {
  const purse = {
    purse: { applications: DEFAULT_PURSE_APPLICATIONS, proveSeqOrder: DEFAULT_CARD_PROFILE.proveSeqOrder },
    keyIndex: 1,
    terminalNumber: async () => new Uint8Array(6),
  };
  const bounds = { commandTimeoutMs: 1_000, pinTimeoutMs: 15_000, journalTimeoutMs: 5_000, returnTimeoutMs: 20_000 };
  return place.run(openBankLoads({ ...place.ports, line: place.bank.line, book: place.bank.book, purse }, bounds));
}

async function openDesk(): Promise<ContributionDesk> {
  const desk = new ContributionDesk();
  await desk.clock.resolve(desk.switchOn());
  return desk;
}

const BANK: readonly ServiceCase[] = [
  served(8, "the bank tells the balance", async () => {
    const place = await openPlace();
    place.card();
    expectMatch(await place.run(place.bank.acts.balance({ operator: "op1" }, BANK_LIMITS)), { kind: "balance" }, "the balance");
  }),
  served(37, "cash is paid out with the PIN, where the acquirer has confirmed it", async () => {
    const place = await openPlace();
    place.card();
    expectMatch(await place.pay("r1", 100, { business: "withdrawal" }), { kind: "approved" }, "the withdrawal");
    expectEqual([place.host.holder.asked, place.host.sum()], [1, 100], "PIN entries, and what the bank has booked");
  }),
  served(38, "a purchase is approved with its MAC and booked once", async () => {
    const place = await openPlace();
    const card = place.card();
    const before = place.ledger.account(panOf(card))?.balanceFen ?? 0;
    expectMatch(await place.pay("r1", 12_345), { kind: "approved", amount: 12_345 }, "the purchase");
    await place.pay("r1", 12_345);
    expectEqual(place.ledger.account(panOf(card))?.balanceFen, before - 12_345, "the account at the bank");
  }),
  served(39, "a purchase is voided in its batch, and refunded after it", async () => {
    const place = await openPlace();
    place.card();
    await place.pay("r1", 5_000);
    await place.pay("r2", 3_000);
    expectMatch(await place.takeBack("v1", "r1"), { kind: "approved", amount: 5_000 }, "the void");
    expectMatch(await place.takeBack("f1", "r2", { business: "refund" }), { kind: "approved", amount: 3_000 }, "the refund");
    expectEqual(place.host.sum(), 0, "what is left at the bank");
  }),
  served(41, "electronic cash is loaded from the account", async () => {
    const place = await openPlace();
    const card = place.card();
    const before = balanceOf(card, "electronic-cash");
    const loads = await openLoads(place);
    const request = { reference: "l1", amount: fen(5_000), operator: "op1", purse: "electronic-cash" } as const;
    expectMatch(await place.run(loads.load(request, BANK_LIMITS)), { kind: "loaded" }, "the load");
    expectEqual([balanceOf(card, "electronic-cash") - before, place.host.sum()], [5_000, 5_000], "what is on the card, and what the bank has taken");
  }),
];

/** A till whose rules are those of a city, with one card. */
async function ruledTill(rules: readonly LocalRule[]) {
  const place = new SimulatedPlace();
  const { clock } = place;
  const ports = await clock.resolve(place.switchOn());
  const { journal } = place;
  const links = await clock.resolve(openCardLinks({ journal, suite: SUITE, storageKey: TERMINAL_STORAGE_KEY, log: SILENT }));
  const ruled = await clock.resolve(openRuledSales({ journal, clock, rules, merchant: MERCHANT, links }));
  const card = place.card();
  place.reader.insert(card);
  const rulePorts = ruled === undefined ? {} : { localRules: (sale: RuledByPlace) => ruled.rule(sale) };
  const saleOf = { ...ports, ...rulePorts, socialCard: { links, asks: true, profile: DEFAULT_CARD_PROFILE } };
  const sell = (reference: string, amount: number, more: Pick<SaleRequest, "purse" | "pays"> = {}) =>
    clock.resolve(runQuickPayment(saleOf, { reference, amount: fen(amount), ...more }, TEST_LIMITS));
  const refund = (sale: string, request: string, amount: number | "void") => {
    const refunds = openSaleRefunds({ journal, rules: DEFAULT_REFUND_RULES, unverifiedAmountFen: fen(100_000) });
    return clock.resolve(refunds.refund({ sale, request, amount: amount === "void" ? amount : fen(amount), operator: "op1" }));
  };
  const printed = () => clock.resolve(ruled?.statementPrinted(cardNumbers(1).cardNumber) ?? Promise.resolve());
  return { place, card, sell, refund, printed };
}

const TENTH: LocalRule = { kind: "merchant-discount", name: "九折", validFrom: "20200101", merchants: [MERCHANT], numerator: 9, denominator: 10 };
const DEPOSIT: LocalRule = { kind: "library-deposit", name: "押金", validFrom: "20200101", depositFen: 5_000 };
const CASH: PurseChoice = { kind: "electronic-cash" };

const RULED: readonly ServiceCase[] = [
  served(43, "a holder pays less by the merchant's agreement, and gets back what was paid", async () => {
    const at = await ruledTill([TENTH]);
    const discount = { fullAmount: 1_000, discount: 100, rule: "九折" };
    expectMatch(await at.sell("r1", 1_000, { pays: "goods" }), { kind: "paid", amount: 900, discount }, "the sale");
    expectEqual(at.card.balanceFen, 10_000 - 900, "what is left on the card");
    expectMatch(await at.refund("r1", "f1", 901), { kind: "refused", reason: "refund-too-large", left: 900 }, "more than was paid");
    expectMatch(await at.refund("r1", "f2", "void"), { kind: "refunded", amount: 900 }, "the whole");
  }),
  refused(43, "at a merchant without an agreement the price is paid in full", async () => {
    const at = await ruledTill([{ ...TENTH, merchants: ["M-OTHER"] }]);
    expectMatch(await at.sell("r1", 1_000, { pays: "goods" }), { kind: "paid", amount: 1_000 }, "the sale");
    expectEqual(at.card.balanceFen, 9_000, "what is left on the card");
  }),
  served(62, "a library's deposit is taken and goes back once, as a whole", async () => {
    const at = await ruledTill([DEPOSIT, TENTH]);
    expectMatch(await at.sell("d1", 5_000, { pays: "library-deposit" }), { kind: "paid", amount: 5_000 }, "the deposit");
    expectMatch(await at.refund("d1", "f1", 100), { kind: "refused", reason: "deposit-goes-back-whole" }, "a part");
    expectMatch(await at.refund("d1", "f2", "void"), { kind: "refunded", amount: 5_000, left: 0 }, "the whole");
    expectMatch(await at.refund("d1", "f3", "void"), { kind: "refused", reason: "nothing-left" }, "once more");
  }),
  refused(62, "where readers borrow without one, no deposit is taken", async () => {
    const at = await ruledTill([]);
    expectMatch(await at.sell("d1", 5_000, { pays: "library-deposit" }), { kind: "refused", reason: "deposit-not-taken" }, "the deposit");
    expectEqual(at.card.debits.length, 0, "debits");
  }),
  served(11, "a statement that was due stops every purse of the card, and ends the stop of all of them once it is printed", async () => {
    const at = await ruledTill([{ kind: "statement", name: "60笔打印", validFrom: "20200101", limit: 2, warnFrom: 1 }]);
    await at.sell("r1", 100);
    expectMatch(await at.sell("r2", 100, { purse: CASH }), { kind: "paid", salesLeft: 0 }, "the last sale before it");
    expectMatch(await at.sell("r3", 100), { kind: "refused", reason: "statement-due" }, "the e-purse");
    expectMatch(await at.sell("r4", 100, { purse: CASH }), { kind: "refused", reason: "statement-due" }, "electronic cash");
    await at.printed();
    expectMatch(await at.sell("r5", 100), { kind: "paid" }, "the e-purse behind it");
  }),
];

/** The account on the card pays by the card alone: through the terminal's sale, and through the function of the reader library. */
function byCardAlone(row: number): readonly ServiceCase[] {
  const choice: PurseChoice = { kind: "medical-purse", selfPay: fen(0), pooled: fen(0) };
  const pay = async (card: Partial<TestCardOptions>, alone: "off" | "card-flags") => {
    const place = new SimulatedPlace();
    const ports = await place.clock.resolve(place.switchOn());
    const presented = place.card(card);
    place.reader.insert(presented);
    expectTrue(ports.medicalPurse !== undefined, "the place offers the purse");
    const told = { ...ports, medicalPurse: { ...ports.medicalPurse, alone } };
    const outcome = await place.clock.resolve(runQuickPayment(told, { reference: "r1", amount: fen(450), purse: choice }, TEST_LIMITS));
    return { outcome, debits: presented.debits.length };
  };
  const no = { kind: "refused", reason: "offline-medical-not-allowed" };
  const flag = (medicalPurse: TestCardOptions["medicalPurse"], title: string) =>
    refused(row, title, async () => {
      const { outcome, debits } = await pay({ ...(medicalPurse === undefined ? {} : { medicalPurse }) }, "card-flags");
      expectMatch(outcome, no, "the sale");
      const library = await libraryPlace({ card: { ...(medicalPurse === undefined ? {} : { medicalPurse }) } });
      const answer = await library.ask("iDoDebit", { cardInfo: library.cardInfo, payInfo: "4.50|4.50|20260105121500|" });
      expectEqual([debits, answer.result, library.card.debits.length], [0, -13, 0], "debits, the library's number, and its debits");
    });
  return [
    served(row, "a card that allows it pays by itself, as a record for the insurer", async () => {
      const { outcome, debits } = await pay({ pin: "123456" }, "card-flags");
      expectMatch(outcome, { kind: "paid", verified: true, amount: 450 }, "the sale");
      expectEqual(debits, 1, "debits");
    }),
    flag({ accountFen: 10_000, cardUse: "1" }, "a card that is used on the line alone is refused, by the sale and by iDoDebit"),
    flag({ accountFen: 10_000, offlineAllowed: false }, "a card that may not leave the line is refused, by the sale and by iDoDebit"),
    refused(row, "where the region has none of it every card is refused", async () => {
      const { outcome, debits } = await pay({}, "off");
      expectMatch(outcome, no, "the sale");
      expectEqual(debits, 0, "debits");
    }),
  ];
}

const PURSES: readonly ServiceCase[] = [
  served(40, "a purse pays offline, without PIN, and the card proves it", async () => {
    const place = new SimulatedPlace();
    const ports = await place.clock.resolve(place.switchOn());
    place.reader.insert(place.card());
    const outcome = await place.clock.resolve(runQuickPayment(ports, { reference: "r1", amount: fen(450) }, TEST_LIMITS));
    expectMatch(outcome, { kind: "paid", verified: true, amount: 450 }, "the payment");
  }),
  served(61, "a ride is let in for nothing and out for the fare", async () => {
    const scene = await gateScene();
    expectMatch(await tapGate(scene, passage("in", testGate("entry"))), { kind: "paid", amount: 0 }, "the entry");
    expectMatch(await tapGate(scene, passage("out", testGate("exit"))), { kind: "paid", amount: FARE, balanceAfter: BALANCE - FARE }, "the exit");
  }),
];

/** A bill from question to receipt; `which` of the bills that the agency tells. */
function bill(row: number, title: string, which: { readonly insurance: string; readonly billId: string; readonly amountFen: number }): ServiceCase {
  return served(row, title, async () => {
    const desk = await openDesk();
    const told = await desk.clock.resolve(desk.opened.acts.bills({ operator: "op1" }, WAIT));
    expectTrue(told.kind === "bills" && told.bills.some(({ insurance }) => insurance === which.insurance), "the bill is told");
    const paid = desk.opened.acts.pay(contribution({ billId: which.billId, amount: fen(which.amountFen) }), WAIT);
    expectMatch(await desk.clock.resolve(paid), { kind: "confirmed", amount: which.amountFen }, "the payment");
    expectEqual([desk.bank.held("A1"), desk.agency.ledger.bill(which.billId)?.state], [which.amountFen, "paid"], "the bank's money, and the agency's book");
  });
}

/** What the holder is entitled to, through the door of the terminal with its switch on, and refused there with it off. */
function benefit(row: number, name: string, words: readonly string[]): readonly ServiceCase[] {
  const ask = async (switches: Partial<ServiceProfile>) => {
    const desk = await openDesk();
    const acts = contributionDoors(desk.opened.acts, rowDoor(PLACE, { ...DEFAULT_SERVICE_PROFILE, ...switches }));
    return { told: await desk.clock.resolve(acts.benefits({ operator: "op1" }, WAIT)), sent: desk.sent.length };
  };
  return [
    served(row, `${name}: what the agency has granted is told`, async () => {
      const { told } = await ask({ benefitHost: "connected" });
      expectTrue(told.kind === "benefits", "the agency tells");
      for (const word of words)
        expectTrue(
          told.entitlements.some((entitlement) => entitlement["benefit"] === word),
          `${word} is told`,
        );
    }),
    refused(row, `${name}: refused at the door while its switch is off, and nothing is asked`, async () => {
      const { told, sent } = await ask({});
      expectMatch(told, { kind: "refused", reason: "agency-not-connected", office: "agency" }, name);
      expectEqual(sent, 0, "messages to the agency");
    }),
  ];
}

/** Cash and loads over a bank that offers both, with every switch of the services off. */
function shutBank(row: number, title: string, act: (doors: Pick<BankActs, "pay" | "load">) => Promise<unknown>, reason: string): ServiceCase {
  return refused(row, title, async () => {
    const place = await openPlace();
    place.card();
    const loads = await openLoads(place);
    const acts: Pick<BankActs, "pay" | "load"> = {
      pay: (request, limits) => place.bank.acts.pay(request, limits),
      load: (request, limits) => loads.load(request, limits),
    };
    const doors = bankDoors(acts, rowDoor(PLACE, DEFAULT_SERVICE_PROFILE), async () => false);
    expectMatch(await place.run(act(doors)), { kind: "refused", reason }, title);
    expectEqual([place.host.holder.asked, place.host.sum()], [0, 0], "PIN entries, and what the bank has booked");
  });
}

/** Bills with every switch of the services off. */
function shutBills(row: number): ServiceCase {
  return refused(row, "bills are refused at the door while their switches are off, and nothing is asked", async () => {
    const desk = await openDesk();
    const acts = contributionDoors(desk.opened.acts, rowDoor(PLACE, DEFAULT_SERVICE_PROFILE));
    const said = { kind: "refused", reason: "contribution-host-not-connected", office: "agency" };
    expectMatch(await desk.clock.resolve(acts.bills({ operator: "op1" }, WAIT)), said, "the bills");
    expectMatch(await desk.clock.resolve(acts.pay(contribution(), WAIT)), said, "the payment");
    expectEqual(desk.sent.length, 0, "messages to the agency");
  });
}

const AGENCY: readonly ServiceCase[] = [
  bill(30, "a contribution is paid from the account and confirmed to the agency", { insurance: "resident-medical", billId: "B9-2026-M", amountFen: 40_000 }),
  served(30, "what the agency refuses after the bank has paid goes back", async () => {
    const desk = await openDesk();
    desk.agency.ledger.withdrawBill("B9-2026-P");
    const paid = desk.opened.acts.pay(contribution({ billId: "B9-2026-P", amount: fen(100_000) }), WAIT);
    const outcome = await desk.clock.resolve(paid);
    expectTrue(outcome.kind === "refunded" || outcome.kind === "refused", "nobody keeps the money");
    expectEqual(desk.bank.held("A1"), 0, "what the bank holds");
  }),
  bill(32, "an examination fee is paid and confirmed", { insurance: "examination", billId: "B9-2026-E", amountFen: 6_500 }),
  shutBills(30),
  shutBills(32),
  ...benefit(33, "pension", ["pension"]),
  ...benefit(34, "unemployment", ["unemployment"]),
  ...benefit(35, "injury, maternity and reimbursements", ["work-injury", "maternity", "medical-reimbursement", "medical-relief"]),
  ...benefit(36, "subsidies and wages", ["employment-subsidy", "wages", "housing-subsidy"]),
  shutBank(
    37,
    "cash is refused at the door while its switch is off",
    (doors) => doors.pay({ reference: "r1", business: "withdrawal", amount: fen(100), operator: "op1" }, BANK_LIMITS),
    "withdrawal-not-enabled",
  ),
  shutBank(
    41,
    "a load is refused at the door while its switch is off",
    (doors) => doors.load({ reference: "l1", purse: "electronic-cash", amount: fen(100), operator: "op1" }, BANK_LIMITS),
    "load-not-offered",
  ),
];

export const MONEY_CASES: readonly ServiceCase[] = [...BANK, ...PURSES, ...RULED, ...byCardAlone(28), ...AGENCY];
