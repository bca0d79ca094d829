/*
 * Goal: what a service counter has begun before its terminal ended is known after it has come back: once, with the same words.
 * Method: a real terminal over SQLite and MQTT with a simulated bank and agency; it is closed and opened again over the same journal.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CounterClient } from "../../device/api/client/index.ts";
import { TEST_PASSWORD, testConfig, testToken } from "../../device/api/http/testing.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { systemClock } from "../../device/system/clock.ts";
import { makeTestCard } from "../card/make.ts";
import { socialNumbers } from "../card/numbers.ts";
import { ACQUIRER_FAULTS, planAcquirerFault } from "../host/acquirer/acquirer-faults.ts";
import { AGENCY_FAULTS, planAgencyFault } from "../host/agency/faults.ts";
import { CounterPlace, type CounterTerminal } from "./counter-place.ts";

const suite = openCipherSuite();
const PIN = "135790";
const cards = [1, 2].map((serial) => ({
  serial,
  card: makeTestCard(suite, {
    serial,
    balanceFen: 20_000,
    algorithm: "3des",
    pin: PIN,
    interface: "contactless",
    medicalPurse: { accountFen: 20_000 },
    electronicCash: { balanceFen: 20_000, algorithms: "sm" },
    profile: { acse: "assumed" },
  }),
}));
const ARRIVE_MS = 40;

let folder: string;
let place: CounterPlace;
let open: CounterTerminal;
let client: CounterClient;

async function start(): Promise<void> {
  open = await place.openTerminal({
    api: await testConfig(["pos1"], { voidLimitFen: 100_000, refundLimitFen: 100_000 }),
    pin: PIN,
    sync: { heartbeatMs: 1_000 },
  });
  client = new CounterClient({ baseUrl: open.api.url, token: testToken("pos1") });
  await client.signIn("chief", TEST_PASSWORD);
}

async function restart(): Promise<void> {
  await open.stop();
  await start();
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ykt-services-"));
  place = await CounterPlace.open({ suite, folder, persons: [], served: cards });
  await start();
}, 60_000);
afterAll(async () => {
  await open.stop();
  await place.close();
  rmSync(folder, { recursive: true, force: true });
});

async function withCard<Value>(at: number, work: () => Promise<Value>): Promise<Value> {
  const working = work();
  await systemClock().sleep(ARRIVE_MS);
  const served = cards[at];
  if (served === undefined) throw new Error("there is such a card");
  open.reader.insert(served.card);
  try {
    return await working;
  } finally {
    open.reader.remove();
  }
}

const booked = () => place.services?.acquirer.ledger.transactions().filter(({ status }) => status === "booked").length ?? -1;
const pay = (paymentNumber: string, amountFen: number) => withCard(0, () => client.bank.pay({ paymentNumber, amountFen }));

describe("a service counter", () => {
  it("knows a payment after a restart, and takes it no second time", async () => {
    const paid = await pay("p-1", 10_000);
    expect(paid).toMatchObject({ kind: "approved", amountFen: 10_000 });
    await restart();
    expect(await client.bank.payment("p-1")).toEqual(paid);
    expect(await client.bank.pay({ paymentNumber: "p-1", amountFen: 10_000 })).toEqual(paid);
    expect(booked()).toBe(1);
  }, 60_000);

  it("reverses in its next life what the bank has booked and nobody has heard of", async () => {
    const { services } = place;
    if (services === undefined) throw new Error("a bank stands behind the counter");
    planAcquirerFault(services.acquirer.faults, "0200", ACQUIRER_FAULTS["reply-lost"]);
    planAcquirerFault(services.acquirer.faults, "0400", ACQUIRER_FAULTS["request-lost"]);
    const unheard = await pay("p-2", 5_000);
    expect(["unknown", "refused"]).toContain(unheard.kind);
    await restart();
    // Whatever is asked of the bank next, the reversal goes first.
    expect(await pay("p-3", 2_000)).toMatchObject({ kind: "approved" });
    expect(await client.bank.payment("p-2")).toMatchObject({ kind: "refused" });
    expect(booked()).toBe(2);
    expect(await client.bank.settle()).toMatchObject({ kind: "equal", terminal: { debits: 2, debitFen: 12_000 } });
  }, 60_000);

  it("gives a contribution back that the agency refuses, and says so after a restart", async () => {
    const { services } = place;
    if (services === undefined) throw new Error("an agency stands behind the counter");
    const owed = await withCard(0, () => client.services.bills());
    const [bill] = owed.bills ?? [];
    if (bill === undefined) throw new Error(`a bill is owed: ${owed.kind} ${owed.reason ?? ""}`);
    planAgencyFault(services.agency.faults, "contribution-confirm", { ...AGENCY_FAULTS.refuse, reason: "bill-withdrawn" });
    const contribution = { contributionNumber: "c-1", billId: bill.billId, amountFen: bill.amountFen };
    expect(await withCard(0, () => client.services.payContribution(contribution))).toMatchObject({ kind: "refunded", reason: "bill-withdrawn" });
    await restart();
    expect(await client.services.contribution("c-1")).toMatchObject({ kind: "refunded" });
    expect(await client.services.contributionCases()).toEqual({ cases: [] });
    expect(services.agency.ledger.totals().paid).toBe(0);
  }, 60_000);

  it("has a card with certificates sign, and refuses one with another card's", async () => {
    const identify = () => withCard(0, () => client.services.perform({ service: "identify", challenge: "c-1" }));
    expect(await identify()).toMatchObject({ kind: "done", output: { methods: expect.arrayContaining(["internal-authentication", "sm2-card-signature"]) } });
    cards[0]?.card.setFaults({ socialCertificate: "other-card" });
    expect(await identify()).toMatchObject({ kind: "refused", reason: "not-genuine" });
    cards[0]?.card.setFaults({ socialCertificate: undefined });
  }, 60_000);

  it("refuses a card whose loss was reported here, also after a restart", async () => {
    const { services } = place;
    const { cardNumber } = socialNumbers(cards[1]?.card ?? cards[0]?.card ?? makeTestCard(suite, { balanceFen: 0, algorithm: "3des" }));
    const person = services?.agency.ledger.person(services.agency.ledger.card(cardNumber)?.identityNumber ?? "");
    if (person === undefined) throw new Error("the agency knows the holder");
    const { name, identityNumber } = person;
    const act = {
      service: "report-loss",
      serviceNumber: "s-1",
      loss: "temporary",
      cardNumber,
      person: { name, identityNumber, documentShown: "none" },
    } as const;
    expect(await client.services.perform(act)).toMatchObject({ kind: "done" });
    await restart();
    const sale = { saleNumber: "q-1", purse: "medical-purse", amountFen: 100, selfPayFen: 0, pooledFen: 0 } as const;
    expect(await withCard(1, () => client.quickPayment(sale))).toMatchObject({ kind: "refused", reason: "card-reported-lost" });
    expect(await withCard(1, () => client.services.perform({ service: "identify" }))).toMatchObject({ kind: "refused" });
  }, 60_000);
});
