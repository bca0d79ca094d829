/*
 * The flows that days of a gate live, and how often. Which flow a tap is follows from what the world knows itself: what its card was made with,
 * what the lane sells, and in which order the operator has purses asked. The terminal is not asked.
 */

import type { LaneSettings } from "../../../device/txn/gate/lane.ts";
import type { GatePurse } from "../../../device/txn/gate/tap.ts";
import type { SimulatedCard } from "../../card/card.ts";
import type { ElectronicCashData } from "../../card/electronic-cash/state.ts";
import type { WorldPurse } from "../purses.ts";

/** Names are fixed; see docs/json.md. */
export const FLOWS = [
  "t-union-entry",
  "t-union-exit",
  "t-union-ride",
  "housing-entry",
  "housing-exit",
  "housing-ride",
  "cash-entry",
  "cash-exit",
  "cash-segment-ride",
  "cash-purchase-ride",
  "delayed-ride",
  "no-purse",
  "till-e-purse",
  "till-medical-purse",
  "till-electronic-cash",
  "till-hold",
  "till-completion",
  "refund",
  "void",
] as const;

export type Flow = (typeof FLOWS)[number];

/** Names are fixed; see docs/json.md. */
export interface FlowCount {
  /** Cards that were presented for it; of refunds and voids how often they were asked for. */
  taps: number;
  torn: number;
  /** What cards have committed; of delayed rides, refunds and voids what became durable. */
  done: number;
}

export type FlowCounts = { readonly [Name in Flow]: FlowCount };

export function noFlowCounts(): FlowCounts {
  return Object.fromEntries(FLOWS.map((flow) => [flow, { taps: 0, torn: 0, done: 0 }])) as FlowCounts;
}

export function addedFlows(many: readonly FlowCounts[]): FlowCounts {
  const total = noFlowCounts();
  for (const counts of many) {
    for (const flow of FLOWS) {
      total[flow].taps += counts[flow].taps;
      total[flow].torn += counts[flow].torn;
      total[flow].done += counts[flow].done;
    }
  }
  return total;
}

/** What a tap of this card at this lane is: by the first purse of the operator's order that the card has. */
export function laneFlow(card: SimulatedCard, lane: Lane, purses: readonly GatePurse[]): Flow {
  for (const purse of purses) {
    const flow = flowOf(card, lane, purse);
    if (flow !== undefined) return flow;
  }
  return "no-purse";
}

type Lane = Pick<LaneSettings, "mode" | "direction">;

function flowOf({ personalization }: SimulatedCard, lane: Lane, purse: GatePurse): Flow | undefined {
  const { electronicCash, purse: transit } = personalization;
  switch (purse.kind) {
    case "compound":
      return transit.transit === undefined ? undefined : `${transit.transit.scheme}-${useOf(lane)}`;
    case "electronic-cash":
      return electronicCash === undefined ? undefined : cashFlow(electronicCash, lane, purse.rides === "segment-fare");
    case "delayed-charge":
      return lane.mode === "single" && electronicCash?.signsOnline === true ? "delayed-ride" : undefined;
  }
}

function useOf({ mode, direction }: Lane): "entry" | "exit" | "ride" {
  return mode === "single" ? "ride" : direction;
}

/** A purchase leaves nothing of the ride on the card; everything else needs its record. */
function cashFlow({ extension }: ElectronicCashData, lane: Lane, writesRides: boolean): Flow | undefined {
  const use = useOf(lane);
  if (use === "ride" && !writesRides) return "cash-purchase-ride";
  if (extension === undefined) return undefined;
  return use === "ride" ? "cash-segment-ride" : `cash-${use}`;
}

/** The purse that a flow at a lane may debit; undefined: none. */
export function pursePaying(flow: Flow): WorldPurse | undefined {
  if (flow.startsWith("t-union-") || flow.startsWith("housing-")) return "compound";
  return flow.startsWith("cash-") ? "electronic-cash" : undefined;
}

/** Whether a ride of this flow stands in the industry record of its card. */
export function writesJourney(flow: Flow): boolean {
  return flow === "cash-entry" || flow === "cash-exit" || flow === "cash-segment-ride";
}
