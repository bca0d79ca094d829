/* Bank cards at a gate that believes their signature and has them charged later, with an independently written card and host. */
import { describe, expect, it } from "vitest";
import type { ElectronicCashOptions } from "../../../simulators/card/electronic-cash/make.ts";
import { ChargeDesk } from "../../../simulators/host/debts.ts";
import { fen, ZERO_FEN } from "../../base/fen.ts";
import { fareTariff } from "../quick-payment/purses/testing.ts";
import { runQuickPayment } from "../quick-payment/run.ts";
import type { Tariff } from "../quick-payment/tariff.ts";
import { TEST_LIMITS } from "../quick-payment/testing.ts";
import { recoverAtStart } from "../recovery/recover.ts";
import type { DelayedChargeProfile } from "./settings.ts";
import { OdaGate, panOf, postAll } from "./testing.ts";

const RIDE = { reference: "g1", amount: fen(400), trip: { place: "00010002", direction: "out" } };

async function gate(profile: Partial<DelayedChargeProfile> = {}): Promise<OdaGate> {
  const opened = new OdaGate(profile);
  await opened.switchOn();
  return opened;
}

describe("a bank card", () => {
  it.each<readonly [string, Partial<ElectronicCashOptions>, string]>([
    ["with SM2", { algorithms: "sm" }, "sm"],
    ["with SM2 and the older signature", { algorithms: "sm", signatureVersion: "00" }, "sm"],
    ["with RSA", { algorithms: "rsa" }, "rsa"],
    ["with RSA and its signature in the last record", { algorithms: "rsa", rsaSignatureLength: 144 }, "rsa"],
    ["with electronic cash beside", { applications: ["06"] }, "sm"],
  ])("%s is believed and owes the ride, while nothing moves on it", async (_name, options, authentication) => {
    const at = await gate();
    const card = at.card(options);
    at.place.reader.insert(card);
    expect(await at.tap(RIDE)).toMatchObject({ kind: "accepted", amount: 400, firstUse: true });
    expect([card.debits, card.toSnapshot().memory.electronicCash?.balanceFen]).toEqual([[], 1_000]);
    const [entry, ...more] = await at.entries();
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      kind: "delayed-charge",
      state: "done",
      amount: 400,
      detail: { authentication, firstUse: true, trip: { place: "00010002" }, atc: 1 },
    });
    expect(entry?.personal).toMatchObject({ pan: panOf(card), panSequence: "01", track2: expect.stringContaining(panOf(card)) });
    expect(JSON.stringify(entry?.detail)).not.toContain(panOf(card));
    expect(at.guard.asked).toEqual([{ purse: "electronic-cash", name: panOf(card), issuer: "629999" }]);
    expect(at.guard.states).toEqual(["done"]);
  });

  it("owes a ride once, however often its reference is asked for, also after a power cut", async () => {
    const at = await gate();
    at.place.reader.insert(at.card());
    const first = await at.tap(RIDE);
    const commands = at.place.commands;
    expect(await at.tap(RIDE)).toEqual(first);
    expect(at.place.commands).toBe(commands);
    expect(await at.tap({ ...RIDE, amount: fen(401) })).toEqual({ kind: "refused", reason: "reference-conflict" });
    at.place.cutPower();
    await at.switchOn();
    expect(await at.tap(RIDE)).toEqual(first);
    expect((await at.entries()).length).toBe(1);
  });
});

describe("a tariff", () => {
  const TARIFF = fareTariff(fen(300), { detail: { rows: ["flat"] } });

  it("prices the ride of the card that lies there, once, and its reference tells the same again", async () => {
    const at = await gate();
    at.place.reader.insert(at.card());
    const request = { reference: "g1", amount: ZERO_FEN, trip: { lane: "a" }, tariff: TARIFF };
    const first = await at.tap(request);
    expect(first).toMatchObject({ kind: "accepted", amount: 300, firstUse: true });
    expect((await at.entries())[0]).toMatchObject({ amount: 300, detail: { trip: { lane: "a", rows: ["flat"] } } });
    at.place.cutPower();
    await at.switchOn();
    expect(await at.tap(request)).toEqual(first);
    expect((await at.entries()).length).toBe(1);
  });

  it("refuses before the card signs anything", async () => {
    const at = await gate();
    const card = at.card();
    at.place.reader.insert(card);
    const tariff: Tariff = { quote: () => ({ kind: "refused", reason: "no-fare" }) };
    expect(await at.tap({ reference: "g1", amount: ZERO_FEN, tariff })).toEqual({ kind: "refused", reason: "no-fare" });
    expect([await at.entries(), card.toSnapshot().memory.electronicCash?.atc]).toEqual([[], 0]);
  });

  it("is asked after the lists, and not about a card that they refuse", async () => {
    const at = await gate();
    const card = at.card();
    at.guard.listed.set(panOf(card), "debt-open");
    at.place.reader.insert(card);
    let asked = 0;
    const quote: Tariff["quote"] = (view) => {
      asked += 1;
      return TARIFF.quote(view);
    };
    expect(await at.tap({ reference: "g1", amount: ZERO_FEN, tariff: { quote } })).toEqual({ kind: "refused", reason: "debt-open" });
    expect(asked).toBe(0);
  });
});

describe("a clock that nobody trusts to the day", () => {
  it.each([
    ["20260105", "20351231", "accepted"],
    ["20260105", "20360101", "refused"],
    ["19991231", "20260105", "refused"],
  ])("between %s and %s the card is %s", async (earliest, latest, kind) => {
    const at = await gate();
    at.twist = { saleDays: () => ({ earliest, latest }) };
    at.place.reader.insert(at.card({ effectiveDate: "200101", expiryDate: "351231" }));
    expect((await at.tap(RIDE)).kind).toBe(kind);
  });
});

describe("first use", () => {
  it("is sent online first where the profile says so, and nothing is owed", async () => {
    const at = await gate({ firstUse: "refuse" });
    at.place.reader.insert(at.card());
    expect(await at.tap(RIDE)).toEqual({ kind: "refused", reason: "first-use-online" });
    expect(await at.entries()).toEqual([]);
  });

  it("is accepted up to its limit and not one fen beyond; a card that was charged before is not limited so", async () => {
    const at = await gate({ firstRideLimitFen: fen(400) });
    at.place.reader.insert(at.card());
    expect(await at.tap({ reference: "g0", amount: fen(401) })).toEqual({ kind: "refused", reason: "first-use-online" });
    expect(await at.tap(RIDE)).toMatchObject({ kind: "accepted", firstUse: true });
    expect(await at.tap({ reference: "g2", amount: fen(401) })).toMatchObject({ kind: "accepted", firstUse: false });
    at.place.cutPower();
    await at.switchOn();
    expect(await at.tap({ reference: "g3", amount: fen(900) })).toMatchObject({ kind: "accepted", firstUse: false });
    at.place.reader.swap(at.card());
    expect(await at.tap({ reference: "g4", amount: fen(900) })).toEqual({ kind: "refused", reason: "first-use-online" });
  });
});

describe("a bank card is refused and owes nothing", () => {
  it.each<readonly [string, Partial<ElectronicCashOptions>, object]>([
    ["that would rather be debited", { signsOnline: false, balanceFen: 1_000 }, { reason: "authentication-impossible" }],
    ["without a bank application", { applications: [] }, { reason: "no-purse" }],
    ["that proves only what anybody can copy", { authentication: "static" }, { reason: "authentication-impossible" }],
    ["that has expired", { expiryDate: "251231" }, { reason: "expired" }],
    ["of another currency", { currency: "0840" }, { reason: "card-declined" }],
    ["that is blocked", { applicationBlocked: true }, { reason: "application-blocked" }],
  ])("%s", async (_name, options, expected) => {
    const at = await gate();
    const card = at.card(options);
    at.place.reader.insert(card);
    expect(await at.tap(RIDE)).toMatchObject({ kind: "refused", ...expected });
    expect([await at.entries(), card.debits]).toEqual([[], []]);
  });

  it.each(["wrongDynamicSignature", "wrongIssuerCertificate", "wrongCardCertificate", "expiredCertificate"] as const)("with %s", async (fault) => {
    const at = await gate();
    const card = at.card();
    card.setFaults({ [fault]: true });
    at.place.reader.insert(card);
    expect(await at.tap(RIDE)).toEqual({ kind: "refused", reason: "authentication-failed" });
    expect(await at.entries()).toEqual([]);
  });

  it.each(["debt-open", "card-listed", "card-range-listed"] as const)("when the lists say %s, before it signs anything", async (reason) => {
    const at = await gate();
    const card = at.card();
    at.guard.listed.set(panOf(card), reason);
    at.place.reader.insert(card);
    expect(await at.tap(RIDE)).toEqual({ kind: "refused", reason });
    expect([await at.entries(), card.toSnapshot().memory.electronicCash?.atc]).toEqual([[], 0]);
  });

  it("when no card comes", async () => {
    expect(await (await gate()).tap(RIDE)).toEqual({ kind: "no-card" });
  });

  it("where the profile is off, as it is by default", async () => {
    const at = await gate({ odaDelayedCharge: "off" });
    at.place.reader.insert(at.card());
    const before = at.place.commands;
    expect(await at.tap(RIDE)).toEqual({ kind: "refused", reason: "purse-not-offered" });
    expect(at.place.commands).toBe(before);
  });

  it("while another tap is under way in the lane", async () => {
    const at = await gate();
    const [first, second] = await at.place.clock.resolve(Promise.all([at.start(RIDE), at.start({ ...RIDE, reference: "g2" })]));
    expect([first, second]).toEqual([{ kind: "no-card" }, { kind: "refused", reason: "lane-busy" }]);
  });
});

describe("wherever it is torn", () => {
  it.each(["before", "during", "after"] as const)("%s any of its commands, the card that comes back owes the ride once", async (when) => {
    const counted = await gate();
    counted.place.reader.insert(counted.card());
    const first = counted.place.commands;
    await counted.tap(RIDE);
    expect(counted.place.commands - first).toBeGreaterThan(8);
    for (let index = first; index < counted.place.commands; index += 1) {
      const at = await gate();
      const card = at.card();
      at.place.reader.insert(card);
      at.place.plan((info) => (info.index === index ? { kind: "tear", at: when } : { kind: "ok" }));
      const going = at.start(RIDE);
      await at.place.clock.runUntil(at.place.clock.monotonicMs() + 1_500, () => at.place.reader.card === undefined);
      at.place.reader.insert(card);
      expect(await at.place.clock.resolve(going)).toMatchObject({ kind: "accepted", firstUse: true });
      expect([(await at.entries()).length, card.debits]).toEqual([1, []]);
    }
  });

  it.each(["before", "during", "after"] as const)("with power that fails %s its record is durable, the same reference tells", async (when) => {
    const at = await gate();
    at.place.reader.insert(at.card());
    let commits = 0;
    at.place.disk.onCommit(() => {
      commits += 1;
      return commits === 1 ? { kind: "cut", when } : { kind: "go" };
    });
    let told: unknown;
    void at.start(RIDE).then((outcome) => {
      told = outcome;
    });
    await at.place.clock.runUntil(at.place.clock.monotonicMs() + 8_000, () => told !== undefined || !at.place.on);
    await at.place.clock.runUntil(at.place.clock.monotonicMs() + 500);
    at.place.cutPower();
    await at.switchOn();
    expect(await at.tap(RIDE)).toMatchObject({ kind: "accepted", firstUse: true });
    expect((await at.entries()).length).toBe(1);
  });

  it("shares the terminal's limits with what is paid from purses: what one has taken, the other has not", async () => {
    const at = await gate();
    const { clock, journal, reader } = at.place;
    const full = { kind: "quick-payment", state: "prepared", amount: fen(TEST_LIMITS.risk.unreceiptedSumFen - 399), detail: {} } as const;
    await clock.resolve(journal.append(full));
    reader.insert(at.card());
    expect(await at.tap(RIDE)).toEqual({ kind: "refused", reason: "unreceipted-sum-limit" });
    expect(await at.tap({ reference: "g2", amount: fen(300) })).toMatchObject({ kind: "accepted" });
    reader.swap(at.place.card());
    const sale = { reference: "s1", amount: fen(100) };
    expect(await clock.resolve(runQuickPayment(at.place.ports, sale, TEST_LIMITS))).toMatchObject({ kind: "refused", reason: "unreceipted-sum-limit" });
  });

  it("a full disk refuses, and the limits get back what was counted", async () => {
    const at = await gate();
    at.place.reader.insert(at.card());
    at.place.disk.onCommit(() => ({ kind: "full" }));
    expect(await at.tap(RIDE)).toMatchObject({ kind: "refused", reason: "store-full" });
    expect(at.guard.states).toEqual(["void"]);
  });

  it("a disk that breaks while it writes leaves the matter open: nobody passes", async () => {
    const at = await gate();
    at.place.reader.insert(at.card());
    at.place.disk.onCommit(() => ({ kind: "broken", written: true }));
    expect(await at.tap(RIDE)).toEqual({ kind: "unknown", reason: "store-broken" });
  });
});

describe("at the host", () => {
  it("a ride is booked on its ARQC and charged once; its record may come again", async () => {
    const at = await gate();
    const card = at.card();
    at.place.reader.insert(card);
    await at.tap(RIDE);
    await at.tap({ reference: "g2", amount: fen(0) });
    const desk = ChargeDesk.open(":memory:");
    desk.fund(panOf(card), fen(1_000));
    const entries = await at.entries();
    expect(postAll(entries, desk)).toEqual([undefined, undefined]);
    desk.chargeWaiting();
    // A host that was put back to a backup gets everything again.
    expect(postAll(entries, desk)).toEqual([undefined, undefined]);
    desk.chargeWaiting();
    expect([desk.fundsOf(panOf(card)), desk.totals().charged]).toEqual([600, { count: 2, fen: 400 }]);
  });

  it.each([
    ["another amount", { amount: fen(401) }, "tac-wrong"],
    ["another counter", { detail: { atc: 2 } }, "tac-wrong"],
    ["no cryptogram", { detail: { arqc: null } }, "tac-wrong"],
    ["no account", { personal: {} }, "tac-input-malformed"],
  ])("a ride with %s is parked", async (_name, twist: { amount?: ReturnType<typeof fen>; detail?: object; personal?: object }, reason) => {
    const at = await gate();
    at.place.reader.insert(at.card());
    await at.tap(RIDE);
    const [entry] = await at.entries();
    if (entry === undefined) throw new Error("a ride was taken");
    const changed = { ...entry, ...twist, detail: { ...entry.detail, ...twist.detail }, personal: { ...(twist.personal ?? entry.personal) } };
    expect(postAll([changed], ChargeDesk.open(":memory:"))).toEqual([reason]);
  });

  it("a declined ride lists its account, the list refuses the next ride, and its payment lets it ride again", async () => {
    const at = await gate();
    const card = at.card();
    at.place.reader.insert(card);
    await at.tap(RIDE);
    const desk = ChargeDesk.open(":memory:");
    postAll(await at.entries(), desk);
    expect(desk.chargeWaiting()).toEqual({ charged: 0, declined: 1 });
    const publish = () => {
      at.guard.listed.clear();
      for (const { value } of desk.listEntries()) at.guard.listed.set(value, "debt-open");
    };
    publish();
    expect(await at.tap({ reference: "g2", amount: fen(300) })).toEqual({ kind: "refused", reason: "debt-open" });
    desk.pay(panOf(card), fen(400));
    publish();
    expect(await at.tap({ reference: "g2", amount: fen(300) })).toMatchObject({ kind: "accepted", firstUse: false });
  });
});

describe("a card whose sale is not decided", () => {
  const SALE = { reference: "s1", amount: fen(100), purse: { kind: "electronic-cash" } } as const;
  const POINTS = ["before", "after"] as const;

  /** A sale whose power fails at one of its commands, in the next life; undefined where it has fewer. */
  async function cutAt(index: number, when: (typeof POINTS)[number], options: Partial<ElectronicCashOptions>) {
    const at = await gate();
    const card = at.card({ applications: ["06"], ...options });
    at.place.reader.insert(card);
    const first = at.place.commands;
    at.place.plan((info) => (info.index === first + index ? { kind: "power-cut", when } : { kind: "ok" }));
    const sale = runQuickPayment(at.place.ports, SALE, TEST_LIMITS);
    const ended = await at.place.clock.resolve(Promise.race([sale, at.place.clock.sleep(TEST_LIMITS.timeoutMs * 2).then(() => undefined)]));
    if (ended !== undefined) return undefined;
    await at.switchOn();
    await at.place.clock.resolve(recoverAtStart(at.place.ports));
    at.place.plan(() => ({ kind: "ok" }));
    at.place.reader.swap(card);
    return { at, card };
  }

  it.each(POINTS)("tells of it before it signs a ride, because it could not afterwards (power lost %s any command)", async (when) => {
    let decided = 0;
    for (let index = 0; ; index += 1) {
      const cut = await cutAt(index, when, {});
      if (cut === undefined) break;
      const { at, card } = cut;
      expect(await at.tap(RIDE)).toMatchObject({ kind: "accepted" });
      const states = (await at.entries()).filter(({ kind }) => kind === "quick-payment").map(({ state }) => state);
      expect(["done", "void", undefined]).toContain(states.at(-1));
      expect(states.at(-1) === "done" ? 1 : 0).toBe(card.debits.length);
      if (states.length > 0) decided += 1;
    }
    expect(decided).toBeGreaterThan(3);
  });
});
