/* What becomes of rides that were taken on a card's signature: charged once, a debt when declined, and cleared by a later try or a payment. */
import { describe, expect, it } from "vitest";
import { fen } from "../../device/base/fen.ts";
import { ChargeDesk, type OwedRide } from "./debts.ts";
import { actAtChargeDesk } from "./debts-commands.ts";

const PAN = "6299990000000001";
const OTHER = "6299990000000002";

function ride(number: number, more: Partial<OwedRide> = {}): OwedRide {
  return { subject: `journal-${number}`, account: PAN, amountFen: fen(300), ...more };
}

function desk(funds = 1_000): ChargeDesk {
  const opened = ChargeDesk.open(":memory:");
  opened.fund(PAN, fen(funds));
  return opened;
}

describe("a ride", () => {
  it("is charged once, however often its record comes and however often charging runs", () => {
    const host = desk();
    expect([host.take(ride(1)), host.take(ride(1))]).toEqual(["taken", "duplicate"]);
    expect(host.chargeWaiting()).toEqual({ charged: 1, declined: 0 });
    expect(host.take(ride(1))).toBe("duplicate");
    expect([host.chargeWaiting(), host.resubmit()]).toEqual([
      { charged: 0, declined: 0 },
      { charged: 0, declined: 0 },
    ]);
    expect([host.fundsOf(PAN), host.charge("journal-1")]).toMatchObject([700, { state: "charged", tries: 1 }]);
  });

  it.each([{ account: OTHER }, { amountFen: fen(301) }])("that comes again as another one is not taken: %o", (twist) => {
    const host = desk();
    host.take(ride(1));
    expect(host.take(ride(1, twist))).toBe("conflict");
    host.chargeWaiting();
    expect(host.fundsOf(PAN)).toBe(700);
  });

  it("of nothing, as at an entry, is over at once", () => {
    const host = desk();
    expect(host.take(ride(1, { amountFen: fen(0) }))).toBe("taken");
    expect(host.chargeWaiting()).toEqual({ charged: 0, declined: 0 });
    expect(host.totals()).toMatchObject({ charged: { count: 1, fen: 0 }, waiting: { count: 0 } });
  });
});

describe("a declined ride", () => {
  it.each<readonly [string, (host: ChargeDesk) => void]>([
    ["for lack of funds", (host) => host.take(ride(9, { amountFen: fen(900) }))],
    ["by its issuer", (host) => host.faults.declinedAccounts.add(PAN)],
    ["by a switch", (host) => Object.assign(host.faults, { declineNextCharges: 1 })],
  ])("%s is a debt, and its account is listed", (name, decline) => {
    const host = desk(name === "for lack of funds" ? 299 : 1_000);
    decline(host);
    host.take(ride(1));
    host.chargeWaiting();
    expect(host.charge("journal-1")).toMatchObject({ state: "debt", tries: 1 });
    expect(host.listEntries()).toEqual([{ number: "account-number", value: PAN, how: "debt" }]);
  });

  it("is tried again, once in each go, until the account holds enough", () => {
    const host = desk(100);
    host.take(ride(1));
    host.chargeWaiting();
    expect(host.resubmit()).toEqual({ charged: 0, declined: 1 });
    host.fund(PAN, fen(250));
    expect(host.resubmit()).toEqual({ charged: 1, declined: 0 });
    expect([host.fundsOf(PAN), host.charge("journal-1"), host.listEntries()]).toMatchObject([50, { state: "recovered", tries: 3 }, []]);
    expect(host.take(ride(1))).toBe("duplicate");
    expect(host.resubmit()).toEqual({ charged: 0, declined: 0 });
    expect(host.fundsOf(PAN)).toBe(50);
  });

  it("is cleared by a payment that covers it whole, and not by less", () => {
    const host = desk(0);
    for (const number of [1, 2]) host.take(ride(number));
    host.chargeWaiting();
    expect(host.pay(PAN, fen(299))).toBe(0);
    expect(host.pay(PAN, fen(500))).toBe(300);
    expect([host.debts(PAN).length, host.listEntries().length]).toEqual([1, 1]);
    expect(host.pay(PAN, fen(300))).toBe(300);
    expect([host.debts(PAN), host.listEntries(), host.pay(PAN, fen(300))]).toEqual([[], [], 0]);
  });

  it("lists its own account alone", () => {
    const host = desk();
    host.fund(OTHER, fen(0));
    host.take(ride(1));
    host.take(ride(2, { account: OTHER }));
    expect(host.chargeWaiting()).toEqual({ charged: 1, declined: 1 });
    expect(host.listEntries()).toEqual([{ number: "account-number", value: OTHER, how: "debt" }]);
  });
});

it("the books balance: what left the accounts is what was charged and recovered, over more rides than one page", () => {
  const host = desk(200_000);
  const rides = 1_201;
  for (let number = 1; number <= rides; number += 1) host.take(ride(number, { amountFen: fen(100 + (number % 7) * 50) }));
  host.chargeWaiting();
  const before = host.totals();
  expect(before.charged.count + before.debt.count).toBe(rides);
  expect(200_000 - host.fundsOf(PAN)).toBe(before.charged.fen);
  host.fund(PAN, fen(1_000_000));
  host.resubmit();
  const after = host.totals();
  expect([after.debt.count, after.waiting.count]).toEqual([0, 0]);
  expect(1_200_000 - host.fundsOf(PAN)).toBe(after.charged.fen + after.recovered.fen);
});

describe("commands of a running host", () => {
  it.each<readonly [object | undefined, object]>([
    [{ act: "totals" }, { ok: true, totals: { waiting: { count: 1, fen: 300 } } }],
    [{ act: "charge" }, { ok: true, charged: 1, declined: 0 }],
    [{ act: "resubmit" }, { ok: true, charged: 0, declined: 0 }],
    [
      { act: "fund", account: OTHER, fen: 50 },
      { ok: true, funds: 50 },
    ],
    [
      { act: "pay", account: PAN, fen: 300 },
      { ok: true, taken: 0 },
    ],
    [{ act: "debts" }, { ok: true, entries: [] }],
    [
      { act: "pay", account: "1", fen: 300 },
      { ok: false, reason: "account takes 12 to 19 digits" },
    ],
    [
      { act: "fund", account: PAN },
      { ok: false, reason: "fen takes a number of at least 0" },
    ],
    [{ act: "give" }, { ok: false }],
    [undefined, { ok: false, reason: "set takes an object" }],
  ])("%o: %o", (set, reply) => {
    const host = desk();
    host.take(ride(1));
    expect(actAtChargeDesk(host, set)).toMatchObject(reply);
  });

  it.each([
    { act: "decline-next", count: 1 },
    { act: "decline-account", account: PAN },
  ])("decline what they are told to: %o", (set) => {
    const host = desk();
    host.take(ride(1));
    expect(actAtChargeDesk(host, set)).toEqual({ ok: true });
    expect(actAtChargeDesk(host, { act: "charge" })).toMatchObject({ declined: 1 });
    expect(actAtChargeDesk(host, { act: "debts" })).toMatchObject({ entries: [{ value: PAN, how: "debt" }] });
    actAtChargeDesk(host, { act: "allow-account", account: PAN });
    expect(actAtChargeDesk(host, { act: "resubmit" })).toMatchObject({ charged: 1 });
  });
});
