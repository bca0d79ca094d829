/* Rows of the bank account, the purses, contributions and benefits. */
import { fen } from "../../../device/base/fen.ts";
import { DEFAULT_PURSE_APPLICATIONS } from "../../../device/card/purse/commands.ts";
import { DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import { bankDoors, contributionDoors, rowDoor } from "../../../device/services/doors.ts";
import type { BankActs } from "../../../device/txn/acquiring/acts.ts";
import { openBankLoads } from "../../../device/txn/acquiring/load.ts";
import { BANK_LIMITS, BankPlace, panOf } from "../../../device/txn/acquiring/testing.ts";
import { DEFAULT_SERVICE_PROFILE, type ServiceProfile } from "../../../device/txn/card-services/profile.ts";
import { ContributionDesk, contribution, WAIT } from "../../../device/txn/contributions/testing.ts";
import { runQuickPayment } from "../../../device/txn/quick-payment/run.ts";
import { BALANCE, FARE, gateScene, passage, tapGate, testGate } from "../../../device/txn/quick-payment/testing/gates.ts";
import { balanceOf, SimulatedPlace, TEST_LIMITS } from "../../../device/txn/quick-payment/testing.ts";
import { expectEqual, expectMatch, expectTrue } from "../expect.ts";
import type { ServiceCase } from "./types.ts";

function served(row: number, title: string, run: () => Promise<void>): ServiceCase {
  return { row, title, shows: "served", run };
}

function refused(row: number, title: string, run: () => Promise<void>): ServiceCase {
  return { row, title, shows: "refused", run };
}

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

export const MONEY_CASES: readonly ServiceCase[] = [...BANK, ...PURSES, ...AGENCY];
