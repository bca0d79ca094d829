/* A selling place for electronic cash with industry records: cards of the extension, a signer that holds the test keys, and tariffs made by hand. */
import type { SimulatedCard } from "../../../../simulators/card/card.ts";
import { type ElectronicCashOptions, testIndustryKey } from "../../../../simulators/card/electronic-cash/make.ts";
import { bankMac } from "../../../../simulators/crypto/bank.ts";
import { fromHex } from "../../../base/bytes.ts";
import { type Fen, fen, subtractFen, ZERO_FEN } from "../../../base/fen.ts";
import type { IndustrySigner } from "../../../card/electronic-cash/industry.ts";
import { entryRecord, fareRecord, openEntry, type TripPlace } from "../../../card/transit/trips.ts";
import { DEFAULT_CARD_PROFILE } from "../../../codec/card-profile.ts";
import { opensslSuite } from "../../../crypto/openssl.ts";
import type { CashIndustry, PurseChoice } from "../../sale-request.ts";
import type { ElectronicCashPorts, QuickPaymentPorts } from "../ports.ts";
import { runQuickPayment } from "../run.ts";
import type { Charge, Tariff, TransitView, WrittenAt } from "../tariff.ts";
import { SimulatedPlace, type SimulatedPlaceOptions, TEST_LIMITS } from "../testing.ts";
import type { QuickPaymentOutcome } from "../types.ts";

const SUITE = opensslSuite();
export const PLACE = { sfi: 21, recordId: "2701" } as const;
const UNWRITTEN = "00".repeat(48);

/** Makes the MACs that a security module would; `spoil` alters them. */
export function testIndustrySigner(spoil = 0): IndustrySigner {
  return {
    mac: async ({ place, iv, input }) => {
      const rules = { suite: SUITE, algorithm: "sm4", profile: DEFAULT_CARD_PROFILE } as const;
      return bankMac(rules, testIndustryKey(SUITE, "sm4", place.recordId), { iv, data: input }).map((byte) => byte ^ spoil);
    },
  };
}

function tripPlace({ date, time, terminalNumber }: WrittenAt): TripPlace {
  return { terminalNumber, industry: 1, place: "00010002", date, time, city: "9901", acquirer: "0000000000000001" };
}

function charge(amount: Fen, writes: Charge["writes"], more: Partial<Charge> = {}): Charge {
  return { kind: "charge", amount, writes, detail: { rows: ["test/1"] }, ...more };
}

/** Lets in whoever is outside for nothing, and takes `fare` from whoever is inside. */
export function gateTariff(fare: Fen, seen: TransitView[] = []): Tariff {
  const bounds = { maximumFare: fen(900), maximumTime: "0000" };
  return {
    quote: (view) => {
      seen.push(view);
      if (openEntry(view.trip) !== undefined) return fareTariff(fare).quote(view);
      return charge(ZERO_FEN, (at) => ({ trip: entryRecord(tripPlace(at), { balance: at.balance, ...bounds }) }));
    },
  };
}

/** Takes `amount` whatever the card says: a single fare, a hold, its completion. */
export function fareTariff(amount: Fen, more: Partial<Charge> = {}): Tariff {
  return {
    quote: () => charge(amount, (at) => ({ trip: fareRecord(tripPlace(at), { kind: "exit", amount, balance: subtractFen(at.balance, amount) }) }), more),
  };
}

export function industrySale(use: CashIndustry["use"], tariff: Tariff): PurseChoice {
  return { kind: "electronic-cash", industry: { use, place: PLACE, tariff } };
}

/** A card with one opened industry record of the length of a trip. */
export function extendedCard(place: SimulatedPlace, options: Partial<ElectronicCashOptions> = {}): SimulatedCard {
  const extension = { records: [{ sfi: PLACE.sfi, id: PLACE.recordId, contentHex: UNWRITTEN }], ...options.extension };
  return place.card({ electronicCash: { balanceFen: 10_000, algorithms: "sm", ...options, extension } });
}

export interface CashPlaceOptions extends SimulatedPlaceOptions {
  readonly cash?: Partial<ElectronicCashPorts>;
}

/** A place that signs industry records, through any number of lives. */
export class CashPlace {
  readonly place: SimulatedPlace;
  readonly #cash: Partial<ElectronicCashPorts>;
  #ports: QuickPaymentPorts | undefined;

  constructor({ cash = { industrySigner: testIndustrySigner() }, ...options }: CashPlaceOptions = {}) {
    this.place = new SimulatedPlace(options);
    this.#cash = cash;
  }

  get ports(): QuickPaymentPorts {
    if (this.#ports === undefined) throw new Error("the place is switched on first");
    return this.#ports;
  }

  async switchOn(): Promise<QuickPaymentPorts> {
    const ports = await this.place.clock.resolve(this.place.switchOn());
    if (ports.electronicCash === undefined) throw new Error("a test place takes electronic cash");
    this.#ports = { ...ports, electronicCash: { ...ports.electronicCash, ...this.#cash } };
    return this.#ports;
  }

  /** A sale with a card that stays in the field. */
  sell(reference: string, purse: PurseChoice, more: Partial<QuickPaymentPorts> = {}): Promise<QuickPaymentOutcome> {
    return this.place.clock.resolve(runQuickPayment({ ...this.ports, ...more }, { reference, amount: ZERO_FEN, purse }, TEST_LIMITS));
  }
}

/** Content of the industry record on a card, without its identifier. */
export function contentOf(card: SimulatedCard): Uint8Array {
  return fromHex(card.toSnapshot().memory.electronicCash?.industry[0]?.contentHex ?? "").slice(2);
}
