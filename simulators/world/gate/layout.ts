/*
 * How the lanes of a seed are set up: what they sell, which purses pay and in which order, what a ride costs. Each number of a seed has its own,
 * so that every purse is asked first, and last, at journeys and at single rides.
 */
import { fen } from "../../../device/base/fen.ts";
import type { DelayedChargeProfile } from "../../../device/txn/delayed-charge/settings.ts";
import { DEFAULT_DELAYED_CHARGE } from "../../../device/txn/delayed-charge/settings.ts";
import { DEFAULT_GATE_POLICY, type LaneSettings } from "../../../device/txn/gate/lane.ts";
import type { GatePurse } from "../../../device/txn/gate/tap.ts";
import type { TownGate } from "../town.ts";
import { CITY, networkFares, placeOf, possibleFares, STOPS } from "./network.ts";
import { HOLDS, JOURNEYS } from "./riders.ts";

type Purses = readonly [GatePurse, ...GatePurse[]];

interface Layout {
  readonly mode: LaneSettings["mode"];
  readonly purses: Purses;
  /** Most that the first ride of a bank card may cost. */
  readonly firstRideLimitFen?: number;
}

const TRANSIT = { kind: "compound" } as const;
const BANK = { kind: "delayed-charge" } as const;
const CASH = { kind: "electronic-cash", journeys: JOURNEYS } as const;

const LAYOUTS: readonly [Layout, ...Layout[]] = [
  { mode: "journey", purses: [CASH, TRANSIT] },
  { mode: "journey", purses: [TRANSIT, CASH] },
  { mode: "single", purses: [TRANSIT, BANK], firstRideLimitFen: 600 },
  { mode: "journey", purses: [CASH, TRANSIT] },
  { mode: "single", purses: [TRANSIT, { kind: "electronic-cash" }] },
  { mode: "single", purses: [{ ...CASH, rides: "segment-fare" }, TRANSIT] },
  { mode: "journey", purses: [TRANSIT, CASH] },
  { mode: "single", purses: [TRANSIT, BANK], firstRideLimitFen: 600 },
  { mode: "single", purses: [{ ...CASH, rides: "segment-fare" }, TRANSIT, BANK], firstRideLimitFen: 100 },
];

/** The gate of the seed with this name: a lane in and a lane out, or two doors of a bus, at stops that the name's number decides. */
export function gateOf(seed: string): TownGate {
  const number = Number(/\d+$/.exec(seed)?.[0] ?? "0");
  const { mode, purses, firstRideLimitFen } = LAYOUTS[number % LAYOUTS.length] ?? LAYOUTS[0];
  const delayed: Pick<TownGate, "delayedCharge"> = firstRideLimitFen === undefined ? {} : { delayedCharge: bankCards(firstRideLimitFen) };
  return { policy: DEFAULT_GATE_POLICY, fares: networkFares(mode), lanes: lanesOf(number, mode), possibleFares: possibleFares(mode), purses, ...delayed };
}

function bankCards(firstRideLimitFen: number): DelayedChargeProfile {
  return { ...DEFAULT_DELAYED_CHARGE, odaDelayedCharge: "on", firstUse: "accept", firstRideLimitFen: fen(firstRideLimitFen) };
}

function lanesOf(number: number, mode: LaneSettings["mode"]): readonly LaneSettings[] {
  const common = { mode, industry: mode === "single" ? 2 : 1, city: CITY, acquirer: `${"0".repeat(12)}${CITY}` } as const;
  return [
    { ...common, name: "in", direction: "entry", place: placeOf(1 + (number % STOPS)) },
    { ...common, name: "out", direction: "exit", place: placeOf(1 + (Math.floor(number / STOPS) % STOPS)) },
  ];
}

/** Where the till beside the gate holds amounts: a parking place of another operator, with a record of its own. */
export const PARKING = { record: HOLDS, place: "00090001", industry: 9, city: CITY, acquirer: "0000000000000009" } as const;
