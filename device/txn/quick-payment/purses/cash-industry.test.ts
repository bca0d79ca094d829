/* Segment fares, held amounts and their completion, as a gate sells them, with an independently written card. */
import { describe, expect, it } from "vitest";
import type { ElectronicCashOptions } from "../../../../simulators/card/electronic-cash/make.ts";
import { Fault } from "../../../base/fault.ts";
import { fen, ZERO_FEN } from "../../../base/fen.ts";
import { KnownCashCards } from "../../../card/electronic-cash/known-cards.ts";
import { parseTripRecord } from "../../../card/transit/records.ts";
import { tripMeaning } from "../../../card/transit/trips.ts";
import type { CardProfile } from "../../../codec/card-profile.ts";
import { runQuickPayment } from "../run.ts";
import type { TransitView } from "../tariff.ts";
import { TEST_LIMITS } from "../testing.ts";
import { CashPlace, type CashPlaceOptions, contentOf, extendedCard, fareTariff, gateTariff, industrySale, testIndustrySigner } from "./testing.ts";

async function scene(options: CashPlaceOptions = {}, card: Partial<ElectronicCashOptions> = {}) {
  const place = new CashPlace(options);
  await place.switchOn();
  const presented = extendedCard(place.place, card);
  place.place.reader.insert(presented);
  const balance = () => presented.toSnapshot().memory.electronicCash?.balanceFen;
  const held = () => presented.toSnapshot().memory.electronicCash?.industry[0]?.reservedFen;
  const states = async () => (await place.place.clock.resolve(place.place.entries())).map(({ state }) => state);
  const details = async () => (await place.place.clock.resolve(place.place.entries())).map(({ detail }) => detail);
  return { place, card: presented, balance, held, states, details };
}

const HOLD = (amount: number) => industrySale("pre-authorization", fareTariff(fen(amount)));
const COMPLETE = (amount: number) => industrySale("completion", fareTariff(fen(amount)));
const RIDE = (fare: number, seen?: TransitView[]) => industrySale("segment-fare", gateTariff(fen(fare), seen));

describe("a journey", () => {
  it.each(["behindIdentifier", "behindLengthAndFlag"] as const)("in and out, with the trip %s", async (cashTripRecord) => {
    const { place, card, balance } = await scene({ profile: { cashTripRecord } });
    const seen: TransitView[] = [];
    expect(await place.sell("in", RIDE(300, seen))).toMatchObject({ kind: "paid", verified: true, proof: "signature", amount: 0, balanceAfter: 10_000 });
    const head = cashTripRecord === "behindIdentifier" ? 0 : 2;
    expect(parseTripRecord(contentOf(card).slice(head, head + 48))).toMatchObject({ type: 0x01, place: "00010002", maximumFare: 900 });
    expect(await place.sell("out", RIDE(300, seen))).toMatchObject({ kind: "paid", verified: true, amount: 300, balanceAfter: 9_700 });
    expect(balance()).toBe(9_700);
    const [first, second] = seen;
    expect(first).toMatchObject({ scheme: "electronic-cash", issuer: "629999", cardType: 0, trip: undefined, riderRecord: undefined });
    // The type says that electronic cash paid, whoever priced the journey.
    expect(tripMeaning(second?.trip?.type ?? 0)).toEqual({ kind: "entry", money: "electronic-cash" });
    expect(card.debits.map(({ amountFen }) => amountFen)).toEqual([0, 300]);
  });

  it("is recorded with what was written, and durable before the card commits", async () => {
    const { place, card, details, states } = await scene();
    await place.sell("in", RIDE(300));
    expect(await states()).toEqual(["prepared", "acting", "done"]);
    const [prepared] = await details();
    expect(prepared).toMatchObject({
      industryUse: "segment-fare",
      industryFile: 21,
      industryBy: "identifier",
      industryRecord: 0x2701,
      fare: { rows: ["test/1"] },
    });
    expect(prepared?.["industryData"]).toBe(`2701${Buffer.from(contentOf(card)).toString("hex")}`);
  });

  it("of a card that wants nothing but industry reads before its decision is sold too", async () => {
    const { place, balance } = await scene({}, { strictOrder: true });
    expect(await place.sell("in", RIDE(300))).toMatchObject({ kind: "paid", verified: true });
    expect(await place.sell("out", RIDE(300))).toMatchObject({ kind: "paid", verified: true });
    expect(balance()).toBe(9_700);
  });

  it("may take what the balance lacks from the deposit", async () => {
    const { place, card, balance } = await scene(
      {},
      { balanceFen: 100, extension: { depositLimitFen: 500, records: [{ sfi: 21, id: "2701", contentHex: "00" }] } },
    );
    const outcome = await place.sell("out", industrySale("segment-fare", fareTariff(fen(300))));
    expect(outcome).toMatchObject({ kind: "paid", amount: 300 });
    expect(outcome).not.toHaveProperty("balanceAfter");
    expect([balance(), card.toSnapshot().memory.electronicCash?.depositUsedFen]).toEqual([0, 200]);
    expect(parseTripRecord(contentOf(card))).toMatchObject({ balance: 0, amount: 300 });
  });
});

describe("a journey is refused, and nothing moves", () => {
  it.each<readonly [string, CashPlaceOptions, Partial<ElectronicCashOptions>, object]>([
    ["without a signer", { cash: {} }, {}, { reason: "industry-signer-missing" }],
    ["with a card that keeps no such record", {}, { extension: { records: [] } }, { reason: "industry-record-missing", statusWord: 0x6a83 }],
    ["with a card without such a file", {}, { extension: { files: [], records: [] } }, { reason: "industry-record-missing", statusWord: 0x6a82 }],
    ["with a record of another form", {}, { extension: { records: [{ sfi: 21, id: "2701", contentHex: "07".repeat(20) }] } }, { reason: "trip-unreadable" }],
    ["with a wrong MAC", { cash: { industrySigner: testIndustrySigner(1) } }, {}, { reason: "card-refused", statusWord: 0x6988 }],
    [
      "above balance and deposit",
      {},
      { balanceFen: 100, extension: { depositLimitFen: 100, records: [{ sfi: 21, id: "2701", contentHex: "00" }] } },
      { reason: "insufficient-funds" },
    ],
  ])("%s", async (_name, options, card, expected) => {
    const bench = await scene(options, card);
    const before = bench.balance();
    expect(await bench.place.sell("r", industrySale("segment-fare", fareTariff(fen(300))))).toMatchObject({ kind: "refused", ...expected });
    expect([bench.balance(), bench.card.debits]).toEqual([before, []]);
  });

  it("when the tariff says no, in the tariff's words", async () => {
    const { place, states } = await scene();
    const tariff = { quote: () => ({ kind: "refused", reason: "pass-back" }) as const };
    expect(await place.sell("r", industrySale("segment-fare", tariff))).toEqual({ kind: "refused", reason: "pass-back" });
    expect(await states()).toEqual([]);
  });

  it("when less is on the balance than the journey needs at its beginning", async () => {
    const { place, card } = await scene({}, { balanceFen: 499 });
    expect(await place.sell("r", industrySale("segment-fare", fareTariff(ZERO_FEN, { minimumBalance: fen(500) })))).toMatchObject({
      reason: "balance-too-low",
    });
    expect(card.debits).toEqual([]);
  });

  it("when the signer fails, which no holder can heal", async () => {
    const industrySigner = { mac: () => Promise.reject(new Fault("timeout", "the module is silent", { effectUnknown: false })) };
    const { place, card } = await scene({ cash: { industrySigner } });
    expect(await place.sell("r", RIDE(300))).toMatchObject({ kind: "refused", reason: "module-failed" });
    expect(card.debits).toEqual([]);
  });
});

describe("an amount held offline", () => {
  it("moves nothing until it is completed, and the completion ends it", async () => {
    const { place, card, balance, held, details } = await scene();
    expect(await place.sell("h", HOLD(2_000))).toMatchObject({ kind: "paid", verified: true, amount: 0 });
    expect([balance(), held(), card.debits.length]).toEqual([10_000, 2_000, 0]);
    const done = (await details()).at(-1);
    expect(done).toMatchObject({ industryUse: "pre-authorization", heldFen: 2_000 });
    expect(done).not.toHaveProperty("tc");
    expect(await place.sell("c", COMPLETE(1_500))).toMatchObject({ kind: "paid", verified: true, amount: 1_500 });
    expect([balance(), held()]).toEqual([8_500, undefined]);
    expect((await details()).at(-1)).toMatchObject({ industryUse: "completion" });
    expect((await details()).at(-1)).not.toHaveProperty("heldFen");
  });

  it("may rest on the deposit, as far as balance and deposit go", async () => {
    const extension = { depositLimitFen: 500, records: [{ sfi: 21, id: "2701", contentHex: "00" }] };
    const { place, balance, card } = await scene({}, { balanceFen: 300, extension });
    expect(await place.sell("h1", HOLD(801))).toMatchObject({ kind: "refused", reason: "insufficient-funds" });
    expect(await place.sell("h2", HOLD(800))).toMatchObject({ kind: "paid" });
    expect(await place.sell("c", COMPLETE(700))).toMatchObject({ kind: "paid", amount: 700 });
    expect([balance(), card.toSnapshot().memory.electronicCash?.depositUsedFen]).toEqual([0, 400]);
  });

  it("leaves to other sales what it does not hold", async () => {
    const { place } = await scene();
    await place.sell("h", HOLD(9_000));
    const plain = { kind: "electronic-cash" } as const;
    const sold = (reference: string, amount: number) =>
      place.place.clock.resolve(runQuickPayment(place.ports, { reference, amount: fen(amount), purse: plain }, TEST_LIMITS));
    expect(await sold("s1", 1_001)).toMatchObject({ kind: "refused", reason: "insufficient-funds" });
    expect(await sold("s2", 1_000)).toMatchObject({ kind: "paid", verified: true });
  });

  const records = [1, 2, 3, 4].map((number) => ({ sfi: 21, id: `270${number}`, contentHex: "00" }));
  it.each<readonly [string, number, "pre-authorization" | "completion", object]>([
    ["a second one of the same record", 1, "pre-authorization", { reason: "held-already", statusWord: 0x6972 }],
    ["a completion of nothing", 0, "completion", { reason: "nothing-held", statusWord: 0x6973 }],
    ["a fourth one", 3, "pre-authorization", { reason: "held-too-often", statusWord: 0x6971 }],
  ])("%s is refused by name", async (_name, before, use, expected) => {
    const { place } = await scene({}, { extension: { records } });
    const at = (recordId: string, kind: typeof use) =>
      ({ kind: "electronic-cash", industry: { use: kind, place: { sfi: 21, recordId }, tariff: fareTariff(fen(100)) } }) as const;
    for (let hold = 1; hold <= before; hold += 1) expect(await place.sell(`h${hold}`, at(`270${hold}`, "pre-authorization"))).toMatchObject({ kind: "paid" });
    const next = before === 3 ? "2704" : "2701";
    expect(await place.sell("next", at(next, use))).toMatchObject({ kind: "refused", ...expected });
  });
});

describe("records that are not read again", () => {
  it("are read anew after a signature that did not verify", async () => {
    const knownCards = new KnownCashCards();
    const { place, card } = await scene({ profile: { cashRecords: "unread" }, cash: { knownCards } });
    const name = card.personalization.electronicCash?.pan ?? "";
    const plain = async (reference: string) =>
      place.place.clock.resolve(runQuickPayment(place.ports, { reference, amount: fen(10), purse: { kind: "electronic-cash" } }, TEST_LIMITS));
    expect(await plain("s1")).toMatchObject({ kind: "paid", verified: true });
    expect(knownCards.recordsOf(name).size).toBe(4);
    card.setFaults({ wrongDynamicSignature: true });
    expect(await plain("s2")).toMatchObject({ kind: "unverified", reason: "signature-refused" });
    expect(knownCards.recordsOf(name).size).toBe(0);
  });

  it.each<readonly [CardProfile["cashRecords"], boolean, readonly number[]]>([
    ["all", true, [13, 12]],
    ["unread", false, [11, 11]],
    ["unread", true, [11, 8]],
  ])("records %s, cards remembered: %s", async (cashRecords, remembered, commands) => {
    const cash = { industrySigner: testIndustrySigner(), ...(remembered ? { knownCards: new KnownCashCards() } : {}) };
    const { place, balance } = await scene({ profile: { cashRecords }, cash });
    const counts: number[] = [];
    for (const reference of ["in", "out"]) {
      const before = place.place.commands;
      expect(await place.sell(reference, RIDE(300))).toMatchObject({ kind: "paid", verified: true });
      counts.push(place.place.commands - before);
    }
    expect([balance(), counts]).toEqual([9_700, commands]);
  });
});
