/* The purses that the people of the town pay from, and what is counted of each. */
import { fen } from "../../device/base/fen.ts";
import type { PurseChoice } from "../../device/txn/sale-request.ts";
import type { SimulatedCard } from "../card/card.ts";
import type { SeededRandomness } from "./seeded-randomness.ts";

export const WORLD_PURSES = ["e-purse", "compound", "medical-purse", "electronic-cash"] as const;

export type WorldPurse = (typeof WORLD_PURSES)[number];

/** Names are fixed; see docs/json.md. */
export interface PurseCount {
  /** Cards that were presented for a sale of this purse. */
  taps: number;
  tears: number;
  /** Debits that the cards committed. */
  debits: number;
  /** Sales that the settlement host lists as unknown in the end. */
  unknown: number;
  /** Open sales of cards that the scenario took away for good. */
  scriptedGone: number;
}

export type PurseCounts = { readonly [Purse in WorldPurse]: PurseCount };

export function noPurseCounts(): PurseCounts {
  const none = (): PurseCount => ({ taps: 0, tears: 0, debits: 0, unknown: 0, scriptedGone: 0 });
  return { "e-purse": none(), compound: none(), "medical-purse": none(), "electronic-cash": none() };
}

/** The purse by the word that a card or a record uses for it. */
export function worldPurse(name: string): WorldPurse {
  return WORLD_PURSES.find((purse) => purse === name) ?? "e-purse";
}

/** Bytes of a trip record. Spec: JT/T 978, EF1E. */
const TRIP_LENGTH = 48;

/** What a sale of this purse is asked with; one compound sale in four is an entry, which moves no money. */
/** Every other price is one of goods, of which the town's merchant leaves a tenth to holders; the same price is the same again for the same sale. */
export function paysGoods(amountFen: number): { readonly pays?: "goods" } {
  return amountFen % 20 === 0 ? { pays: "goods" } : {};
}

export function drawSale(draw: SeededRandomness, purse: WorldPurse, amountFen: number): { readonly purse: PurseChoice; readonly amountFen: number } {
  switch (purse) {
    case "compound": {
      const record = { file: 0x1e, by: "identifier", record: 0x00, data: draw.bytes(TRIP_LENGTH) } as const;
      return { purse: { kind: "compound", record }, amountFen: draw.chance(0.25) ? 0 : amountFen };
    }
    case "medical-purse":
      return { purse: { kind: "medical-purse", selfPay: fen(draw.between(0, 5_000)), pooled: fen(draw.between(0, 50_000)) }, amountFen };
    case "e-purse":
    case "electronic-cash":
      return { purse: { kind: purse }, amountFen };
  }
}

/** What each store of a card holds, by the card's own memory; e-purse and compound share one. */
export function balancesOf(card: SimulatedCard): { readonly [Store in "e-purse" | "medical-purse" | "electronic-cash"]: number } {
  const { memory } = card.toSnapshot();
  return { "e-purse": card.balanceFen, "medical-purse": memory.medicalPurse?.accountFen ?? 0, "electronic-cash": memory.electronicCash?.balanceFen ?? 0 };
}
