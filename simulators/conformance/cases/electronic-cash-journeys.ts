/*
 * Goal: a journey that is paid with electronic cash is written where the profile says, and the card is asked for no record more than it says.
 * Method: the terminal's own sales, in and out, with an industry record of the card; the record and the commands are looked at from the card's side.
 */
import { type Bytes, fromHex } from "../../../device/base/bytes.ts";
import { type Fen, fen, ZERO_FEN } from "../../../device/base/fen.ts";
import type { IndustrySigner } from "../../../device/card/electronic-cash/industry.ts";
import { KnownCashCards } from "../../../device/card/electronic-cash/known-cards.ts";
import { moduleRecordSigner, type RecordKey } from "../../../device/card/electronic-cash/record-signer.ts";
import { openPsam } from "../../../device/card/psam/open.ts";
import { parseTripRecord, TRIP_RECORD_LENGTH } from "../../../device/card/transit/records.ts";
import { entryRecord, fareRecord, openEntry, type TripPlace } from "../../../device/card/transit/trips.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import type { Tariff, WrittenAt } from "../../../device/txn/quick-payment/tariff.ts";
import type { PurseChoice } from "../../../device/txn/sale-request.ts";
import { testIndustryKey } from "../../card/electronic-cash/make.ts";
import { bankMac } from "../../crypto/bank.ts";
import { makeSamReader } from "../../reader/in-process.ts";
import type { ConformanceContext } from "../context.ts";
import { expectEqual, expectMatch, fail } from "../expect.ts";
import { Shop, type ShopCard } from "../shop.ts";
import type { ConformanceCase } from "../types.ts";

const FARE: Fen = fen(300);
const BALANCE_FEN = 10_000;
const PLACE = { sfi: 21, recordId: "2701" } as const;
const STATION = "00010002";
const READ_RECORD = 0xb2;
/** Bytes of the record before its trip. */
const HEADS: Readonly<Record<CardProfile["cashTripRecord"], number>> = { behindIdentifier: 2, behindLengthAndFlag: 4 };

function tripPlace({ date, time, terminalNumber }: WrittenAt): TripPlace {
  return { terminalNumber, industry: 1, place: STATION, date, time, city: "9901", acquirer: "0000000000000001" };
}

/** Lets in for nothing whoever is outside, and takes the fare of whoever is inside. */
const TARIFF: Tariff = {
  quote: ({ trip }) =>
    openEntry(trip) === undefined
      ? {
          kind: "charge",
          amount: ZERO_FEN,
          writes: (at) => ({ trip: entryRecord(tripPlace(at), { balance: at.balance, maximumFare: fen(900), maximumTime: "0000" }) }),
          detail: {},
        }
      : {
          kind: "charge",
          amount: FARE,
          writes: (at) => ({ trip: fareRecord(tripPlace(at), { kind: "exit", amount: FARE, balance: fen(at.balance - FARE) }) }),
          detail: {},
        },
};

const RIDE: PurseChoice = { kind: "electronic-cash", industry: { use: "segment-fare", place: PLACE, tariff: TARIFF } };

interface Gate {
  readonly shop: Shop;
  readonly card: ShopCard;
}

async function openGate(context: ConformanceContext, profile: Partial<CardProfile>, signer?: IndustrySigner): Promise<Gate> {
  const { suite } = context;
  const rules = { suite, algorithm: "sm4", profile: { ...DEFAULT_CARD_PROFILE, ...profile } } as const;
  const shop = new Shop(context, {
    profile,
    cash: {
      knownCards: new KnownCashCards(),
      industrySigner: signer ?? {
        mac: async ({ place, iv, input }) => bankMac(rules, testIndustryKey(suite, "sm4", place.recordId), { iv, data: input }),
      },
    },
  });
  await shop.switchOn();
  const records = [{ sfi: PLACE.sfi, id: PLACE.recordId, contentHex: "00".repeat(TRIP_RECORD_LENGTH) }];
  const card = shop.card({ balanceFen: 0, electronicCash: { balanceFen: BALANCE_FEN, algorithms: "sm", extension: { records } } });
  shop.present(card);
  return { shop, card };
}

function recordOf({ card }: ShopCard): Bytes {
  return fromHex(card.toSnapshot().memory.electronicCash?.industry[0]?.contentHex ?? fail("the card has the record"));
}

const TRIPS = (Object.keys(HEADS) as readonly CardProfile["cashTripRecord"][]).map(
  (cashTripRecord, at): ConformanceCase => ({
    id: `ECX-07${at}`,
    spec: "JT/T 978, EF1E",
    title: `a journey in and out leaves its trip ${cashTripRecord}`,
    tags: ["electronic-cash", "industry", "flow", `profile:cashTripRecord=${cashTripRecord}`],
    run: async (context) => {
      const { shop, card } = await openGate(context, { cashTripRecord });
      const head = HEADS[cashTripRecord];
      const trip = () => parseTripRecord(recordOf(card).slice(head, head + TRIP_RECORD_LENGTH));
      expectMatch(await shop.sell("in", { amountFen: 0, purse: RIDE }), { kind: "paid", amount: 0, verified: true }, "the entry");
      expectMatch(trip(), { type: 0x01, place: STATION, maximumFare: 900 }, "the entry on the card");
      expectMatch(await shop.sell("out", { amountFen: 0, purse: RIDE }), { kind: "paid", amount: FARE, verified: true }, "the exit");
      expectMatch(trip(), { place: STATION, amount: FARE }, "the exit on the card");
      expectEqual(card.card.toSnapshot().memory.electronicCash?.balanceFen, BALANCE_FEN - FARE, "the balance");
    },
  }),
);

/**
 * Records that are read in the first and in the second tap of a card that is remembered. Its list has six of them; of a new card one is read
 * before, which names it.
 */
const READS: readonly (readonly [CardProfile["cashRecords"], readonly [number, number]])[] = [
  ["all", [7, 6]],
  ["unread", [5, 2]],
];

const RECORDS = READS.map(
  ([cashRecords, expected], at): ConformanceCase => ({
    id: `ECX-08${at}`,
    spec: "JR/T 0025, quick debit and credit",
    title:
      cashRecords === "all" ? "the whole list of records is read in every tap" : "records that the terminal holds are not read again, and the last one always",
    tags: ["electronic-cash", "industry", "flow", `profile:cashRecords=${cashRecords}`],
    run: async (context) => {
      const { shop } = await openGate(context, { cashRecords });
      let reads = 0;
      shop.plan(({ to, instruction }) => {
        if (to === "card" && instruction === READ_RECORD) reads += 1;
        return { kind: "ok" };
      });
      const counts: number[] = [];
      for (const reference of ["in", "out"]) {
        const before = reads;
        expectMatch(await shop.sell(reference, { amountFen: 0, purse: RIDE }), { kind: "paid", verified: true, proof: "signature" }, reference);
        counts.push(reads - before);
      }
      expectEqual(counts, expected, "records read in each tap");
    },
  }),
);

/** Key of the record in test modules. */
const RECORD_KEY: RecordKey = { keyId: 5, algorithm: "sm4" };

const KEYS = (["shared", "account"] as const).map(
  (cashRecordKey, at): ConformanceCase => ({
    id: `ECX-09${at}`,
    spec: "JR/T 0025, extension for small payments",
    title: cashRecordKey === "shared" ? "a record whose key is the same on all cards is signed by the module" : "a record is signed with the account's own key",
    tags: ["electronic-cash", "industry", "flow", `profile:cashRecordKey=${cashRecordKey}`],
    run: async (context) => {
      const { clock } = context;
      const profile = { ...DEFAULT_CARD_PROFILE, cashRecordKey };
      const samReader = makeSamReader(context.inserted(context.psam({ profile: { cashRecordKey } }), "psam"), { name: "lane's module", clock });
      const psam = await openPsam(samReader, { clock, profile }, { timeoutMs: 5_000, signal: new AbortController().signal });
      const industrySigner = moduleRecordSigner(psam, RECORD_KEY, profile);
      const { shop } = await openGate(context, { cashRecordKey }, industrySigner);
      expectMatch(await shop.sell("in", { amountFen: 0, purse: RIDE }), { kind: "paid", amount: 0, verified: true }, "the entry");
      expectMatch(await shop.sell("out", { amountFen: 0, purse: RIDE }), { kind: "paid", amount: FARE, verified: true }, "the exit");
    },
  }),
);

export const ELECTRONIC_CASH_JOURNEY_CASES: readonly ConformanceCase[] = [...TRIPS, ...RECORDS, ...KEYS];
