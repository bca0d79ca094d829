/* Switches decide what is done, not only what the table says: with its switch off a flow refuses with the row's word, with it on it serves. */
import { describe, expect, it } from "vitest";
import { fen } from "../base/fen.ts";
import { SILENT } from "../base/log.ts";
import type { BankActs } from "../txn/acquiring/acts.ts";
import { openAgencyClient } from "../txn/agency/open.ts";
import { DEFAULT_SERVICE_PROFILE, type ServiceProfile } from "../txn/card-services/profile.ts";
import { ContributionDesk, contribution, WAIT } from "../txn/contributions/testing.ts";
import { agencyOfBills, bankDoors, contributionDoors, rowDoor } from "./doors.ts";

const PLACE = { kind: "counter", medical: true, bank: true, quickPayment: true, agency: true } as const;
const LIMITS = { timeoutMs: 1_000, signal: new AbortController().signal };
const AMOUNT = fen(100);

const doorOf = (switches: Partial<ServiceProfile>) => rowDoor(PLACE, { ...DEFAULT_SERVICE_PROFILE, ...switches });

/** A bank that says yes to everything; what came through is counted. */
function bank(switches: Partial<ServiceProfile>, begun: readonly string[] = []) {
  const through: string[] = [];
  const acts: Pick<BankActs, "pay" | "load"> = {
    pay: async ({ business, reference, amount }) => {
      through.push(business);
      return { kind: "approved", subject: reference, amount, retrievalReference: "1" };
    },
    load: async ({ reference, amount }) => {
      through.push("load");
      return { kind: "loaded", subject: reference, amount };
    },
  };
  return { through, acts: bankDoors(acts, doorOf(switches), async (reference) => begun.includes(reference)) };
}

const cash = { reference: "c1", business: "withdrawal", amount: AMOUNT, operator: "op1" } as const;
const load = { reference: "l1", purse: "e-purse", amount: AMOUNT, operator: "op1" } as const;

describe("the bank's doors", () => {
  it("are shut where no switch opens them, and a purchase is none of them", async () => {
    const { acts, through } = bank({});
    expect(await acts.pay(cash, LIMITS)).toEqual({ kind: "refused", reason: "withdrawal-not-enabled" });
    expect(await acts.load(load, LIMITS)).toEqual({ kind: "refused", reason: "load-not-offered" });
    expect(await acts.pay({ ...cash, business: "sale" }, LIMITS)).toMatchObject({ kind: "approved" });
    expect(through).toEqual(["sale"]);
  });

  it("open each by its own switch", async () => {
    const withCash = bank({ cashWithdrawal: "on" });
    expect(await withCash.acts.pay(cash, LIMITS)).toMatchObject({ kind: "approved" });
    expect(await withCash.acts.load(load, LIMITS)).toMatchObject({ kind: "refused" });
    const withLoads = bank({ purseLoad: "on" });
    expect(await withLoads.acts.load(load, LIMITS)).toMatchObject({ kind: "loaded" });
    expect(await withLoads.acts.pay(cash, LIMITS)).toMatchObject({ kind: "refused" });
  });

  it("tell what was begun while they were open", async () => {
    const { acts, through } = bank({}, ["c1", "l1"]);
    expect([(await acts.pay(cash, LIMITS)).kind, (await acts.load(load, LIMITS)).kind, through]).toEqual(["approved", "loaded", ["withdrawal", "load"]]);
  });
});

async function counter(switches: Partial<ServiceProfile>) {
  const desk = new ContributionDesk();
  await desk.clock.resolve(desk.switchOn());
  return { desk, acts: contributionDoors(desk.opened.acts, doorOf(switches)) };
}

describe("the agency's doors", () => {
  it("are shut where no switch opens them, and nothing leaves", async () => {
    const { desk, acts } = await counter({});
    const asked = { operator: "op1" };
    const noBills = { kind: "refused", reason: "contribution-host-not-connected", office: "agency" };
    expect(await desk.clock.resolve(acts.bills(asked, WAIT))).toEqual(noBills);
    expect(await desk.clock.resolve(acts.pay(contribution({}), WAIT))).toEqual(noBills);
    expect(await desk.clock.resolve(acts.benefits(asked, WAIT))).toEqual({ kind: "refused", reason: "agency-not-connected", office: "agency" });
    expect(desk.sent).toEqual([]);
  });

  it("open each by its own switch", async () => {
    const benefits = await counter({ benefitHost: "connected" });
    expect(await benefits.desk.clock.resolve(benefits.acts.benefits({ operator: "op1" }, WAIT))).toMatchObject({ kind: "benefits" });
    expect(await benefits.desk.clock.resolve(benefits.acts.bills({ operator: "op1" }, WAIT))).toMatchObject({ kind: "refused" });
    const fees = await counter({ examFeeHost: "connected" });
    expect(await fees.desk.clock.resolve(fees.acts.bills({ operator: "op1" }, WAIT))).toMatchObject({ kind: "bills" });
  });

  it("tell what was begun while they were open", async () => {
    const { desk, acts } = await counter({ contributionHost: "connected" });
    const paid = await desk.clock.resolve(acts.pay(contribution({}), WAIT));
    expect(paid).toMatchObject({ kind: "confirmed" });
    const shut = contributionDoors(desk.opened.acts, doorOf({}));
    expect(await desk.clock.resolve(shut.pay(contribution({}), WAIT))).toEqual(paid);
  });

  it.each([
    [{}, []],
    [{ contributionHost: "connected" }, ["contribution"]],
    [{ examFeeHost: "connected" }, ["examination"]],
    [{ contributionHost: "connected", examFeeHost: "connected" }, ["contribution", "examination"]],
  ] as const)("let bills through of the kinds that are switched on: %j", (switches, kinds) => {
    const { clock } = new ContributionDesk();
    const client = openAgencyClient({
      clock,
      randomness: { bytes: (length) => new Uint8Array(length) },
      log: SILENT,
      host: { exchange: async () => ({ kind: "not-sent", reason: "link-down" }) },
      terminalId: "T1",
    });
    expect(agencyOfBills(client, doorOf(switches)).profile.contributionKinds).toEqual(kinds);
  });
});
