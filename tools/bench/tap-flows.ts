/*
 * What the tap benchmarks sell, and with which cards: one list for the real reader service and for virtual time. Fares and records are fixed,
 * because the time of a tap is measured here and not its price.
 */
import { type Fen, fen, subtractFen, ZERO_FEN } from "../../device/base/fen.ts";
import type { Clock } from "../../device/base/ports.ts";
import type { IndustrySigner } from "../../device/card/electronic-cash/industry.ts";
import { entryRecord, fareRecord, openEntry, type TripPlace } from "../../device/card/transit/trips.ts";
import type { TripRecord } from "../../device/card/transit/types.ts";
import { DEFAULT_CARD_PROFILE } from "../../device/codec/card-profile.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import type { Charge, Tariff, WrittenAt } from "../../device/txn/quick-payment/tariff.ts";
import type { PurseChoice } from "../../device/txn/sale-request.ts";
import type { SimulatedCard } from "../../simulators/card/card.ts";
import { testIndustryKey } from "../../simulators/card/electronic-cash/make.ts";
import { makeTestCard } from "../../simulators/card/make.ts";
import { bankMac } from "../../simulators/crypto/bank.ts";

/** Flows with rows of their own. */
export const TAP_FLOWS = ["e-purse", "compound-entry", "compound-exit", "cash", "segment-fare"] as const;
export type TapFlow = (typeof TAP_FLOWS)[number];

/** Cards of the benchmark. */
export type BenchCard = "purse" | "transit" | "cash" | "segment";

/** One card that is tapped again and again; what a tap was is named in turns. */
export interface TapSeries {
  readonly card: BenchCard;
  readonly purse: PurseChoice;
  readonly amount: Fen;
  /** Undefined: the tap makes the next one possible and is not measured. */
  readonly flows: readonly (TapFlow | undefined)[];
}

const FARE = fen(300);
const BALANCE_FEN = 900_000_000;
const INDUSTRY_PLACE = { sfi: 21, recordId: "2701" } as const;
const TRIP_BYTES = 48;

function tripPlace({ terminalNumber, date, time }: WrittenAt): TripPlace {
  return { terminalNumber, date, time, industry: 0x01, place: "00001102", city: "9901", acquirer: "9901215840ffffff" };
}

function charge(amount: Fen, trip: (at: WrittenAt) => TripRecord): Charge {
  return { kind: "charge", amount, writes: (at) => ({ trip: trip(at) }), detail: {} };
}

/** In, then out for the same fare, then in again. */
const TARIFF: Tariff = {
  quote: ({ trip }) =>
    openEntry(trip) === undefined
      ? charge(ZERO_FEN, (at) => entryRecord(tripPlace(at), { balance: at.balance, maximumFare: fen(900), maximumTime: "0000" }))
      : charge(FARE, (at) => fareRecord(tripPlace(at), { kind: "exit", amount: FARE, balance: subtractFen(at.balance, FARE) })),
};

export const TAP_SERIES: readonly TapSeries[] = [
  { card: "purse", purse: { kind: "e-purse" }, amount: fen(1), flows: ["e-purse"] },
  { card: "transit", purse: { kind: "compound", tariff: TARIFF }, amount: ZERO_FEN, flows: ["compound-entry", "compound-exit"] },
  { card: "cash", purse: { kind: "electronic-cash" }, amount: fen(1), flows: ["cash"] },
  {
    card: "segment",
    purse: { kind: "electronic-cash", industry: { use: "segment-fare", place: INDUSTRY_PLACE, tariff: TARIFF } },
    amount: ZERO_FEN,
    flows: [undefined, "segment-fare"],
  },
];

/** A card with enough money for every tap. */
export function benchCard(suite: CipherSuite, card: BenchCard): SimulatedCard {
  const made = { algorithm: "sm4", interface: "contactless" } as const;
  const extension = { records: [{ sfi: INDUSTRY_PLACE.sfi, id: INDUSTRY_PLACE.recordId, contentHex: "00".repeat(TRIP_BYTES) }] };
  switch (card) {
    case "purse":
      return makeTestCard(suite, { ...made, balanceFen: BALANCE_FEN });
    case "transit":
      return makeTestCard(suite, { ...made, balanceFen: BALANCE_FEN, purse: { transit: "t-union" } });
    case "cash":
      return makeTestCard(suite, { ...made, balanceFen: 0, electronicCash: { balanceFen: BALANCE_FEN, algorithms: "sm" } });
    case "segment":
      return makeTestCard(suite, { ...made, balanceFen: 0, electronicCash: { balanceFen: BALANCE_FEN, algorithms: "sm", extension } });
  }
}

/** Makes the MACs of industry records as a security module would, with the published test key, after so many milliseconds. */
export function benchSigner(suite: CipherSuite, { clock, macMs }: { readonly clock: Clock; readonly macMs: number }): IndustrySigner {
  return {
    mac: async ({ place, iv, input }) => {
      if (macMs > 0) await clock.sleep(macMs);
      return bankMac({ suite, algorithm: "sm4", profile: DEFAULT_CARD_PROFILE }, testIndustryKey(suite, "sm4", place.recordId), { iv, data: input });
    },
  };
}
