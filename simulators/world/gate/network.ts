/*
 * A made-up network of one line: its fare table as a file would have it, and what a ride costs by a rule of our own, so that the terminal's
 * table and the world's cannot share a mistake.
 */

import { openFareBook } from "../../../device/txn/fares/book.ts";
import type { FareBook } from "../../../device/txn/fares/fares.ts";
import { type FareTableFile, parseFareTables } from "../../../device/txn/fares/table.ts";
import type { LaneSettings } from "../../../device/txn/gate/lane.ts";
import { promised } from "../checks/violation.ts";

export const CITY = "9901";
const LINE = "0001";
const METRES_BETWEEN_STOPS = 1_500;
export const STOPS = 8;
const MAXIMUM_MINUTES = 240;
const OVER_TIME_FEN = 300;
const WITHOUT_ENTRY_FEN = 500;

/** The place of a stop, counted from 1. */
export function placeOf(stop: number): string {
  return `${LINE}${String(stop).padStart(4, "0")}`;
}

const STOP_NUMBERS = Array.from({ length: STOPS }, (_, at) => at + 1);

const TABLE: FareTableFile = {
  id: "world-2026",
  city: CITY,
  validFrom: "2000-01-01",
  validThrough: "2099-12-31",
  lines: [{ line: LINE, name: "Line 1", industry: 1 }],
  places: STOP_NUMBERS.map((stop) => ({ place: placeOf(stop), name: `Stop ${stop}` })),
  base: {
    kind: "distance",
    bands: [
      { overMetres: 0, throughMetres: 4_000, fareFen: 200 },
      { overMetres: 4_000, throughMetres: 8_000, fareFen: 300 },
      { overMetres: 8_000, fareFen: 400 },
    ],
    distances: {
      kind: "lines",
      tracks: [{ line: LINE, stops: STOP_NUMBERS.map((stop) => ({ place: placeOf(stop), metres: (stop - 1) * METRES_BETWEEN_STOPS })) }],
    },
  },
  timeOf: "entry",
  ride: {
    maximumFareFen: 600,
    maximumMinutes: MAXIMUM_MINUTES,
    overTime: { kind: "surcharge", fareFen: OVER_TIME_FEN },
    minimumBalanceFen: 200,
    withoutEntry: { kind: "fixed", fareFen: WITHOUT_ENTRY_FEN },
  },
  rounding: { mode: "half-up", toFen: 1 },
};

/** On a bus every ride costs the same. */
const BUS_FEN = 200;
const BUS_TABLE: FareTableFile = { ...TABLE, id: "world-bus", base: { kind: "flat", fareFen: BUS_FEN } };

export function networkFares(mode: LaneSettings["mode"]): FareBook {
  const parsed = parseFareTables([mode === "single" ? BUS_TABLE : TABLE]);
  promised(0, parsed.ok, () => "the network's fare table is whole");
  return openFareBook(parsed.tables);
}

/** What a ride may cost. A clock that jumps makes any journey a long one, so that the surcharge may be there. */
export function possibleFares(mode: LaneSettings["mode"]): (entry: string | undefined, exit: string) => readonly number[] {
  return mode === "single" ? () => [BUS_FEN] : possibleJourneyFares;
}

function possibleJourneyFares(entry: string | undefined, exit: string): readonly number[] {
  if (entry === undefined) return [WITHOUT_ENTRY_FEN];
  const kilometres = (Math.abs(Number(exit) - Number(entry)) * METRES_BETWEEN_STOPS) / 1_000;
  const fareFen = kilometres > 8 ? 400 : kilometres > 4 ? 300 : 200;
  return [fareFen, fareFen + OVER_TIME_FEN];
}
