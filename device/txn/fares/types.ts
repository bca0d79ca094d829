/*
 * A fare table as it is worked with: checked, in fen, metres and minutes. docs/fares.md says what each member means to an operator, and in
 * which order the members are applied.
 */
import type { Fen } from "../../base/fen.ts";

/** A holiday is not its weekday. */
export const DAY_KINDS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"] as const;
export type DayKind = (typeof DAY_KINDS)[number];

/** Minutes of the day; `from` belongs to the range, `to` does not. */
export interface MinuteRange {
  readonly from: number;
  readonly to: number;
}

/** Hours of some days. */
export interface WeekHours {
  readonly days: readonly DayKind[];
  readonly hours: readonly MinuteRange[];
}

export interface Place {
  /** Line and station, 8 hexadecimal digits in lower case. */
  readonly place: string;
  readonly name: string;
  readonly zone?: string | undefined;
}

export interface Line {
  /** 4 hexadecimal digits in lower case. */
  readonly line: string;
  readonly name: string;
  /** 1 metro, 2 bus, as in the trip records of the city. */
  readonly industry: number;
}

/** Above `overMetres` (the first row from 0 itself) through `throughMetres`; the last row has no end. */
export interface DistanceBand {
  readonly overMetres: number;
  readonly throughMetres?: number | undefined;
  readonly fareFen: Fen;
}

export interface MatrixRow {
  readonly from: string;
  /** To each place, in the order of the table's places. */
  readonly metres: readonly number[];
}

export interface TrackStop {
  readonly place: string;
  /** From the line's first stop. */
  readonly metres: number;
}

/** One line with its stops; a ring closes from its last stop to its first. */
export interface Track {
  readonly line: string;
  readonly ringMetres?: number | undefined;
  readonly stops: readonly TrackStop[];
}

export interface Interchange {
  readonly from: string;
  readonly to: string;
  readonly metres: number;
}

export type Distances =
  | { readonly kind: "matrix"; readonly bothWays: boolean; readonly rows: readonly MatrixRow[] }
  | { readonly kind: "lines"; readonly tracks: readonly Track[]; readonly interchanges: readonly Interchange[] };

export interface ZoneFare {
  readonly from: string;
  readonly to: string;
  readonly fareFen: Fen;
}

export type BaseFare =
  | { readonly kind: "flat"; readonly fareFen: Fen }
  | { readonly kind: "distance"; readonly bands: readonly DistanceBand[]; readonly distances: Distances }
  | { readonly kind: "zones"; readonly bothWays: boolean; readonly rows: readonly ZoneFare[] };

/** Exactly one of `percent` and `differenceFen`. */
export interface TimeBand extends WeekHours {
  readonly name: string;
  /** Of the base fare. */
  readonly percent?: number | undefined;
  /** Added to the base fare; below zero it is taken off. */
  readonly differenceFen?: number | undefined;
}

export interface Concession {
  readonly name: string;
  readonly cardTypes: readonly number[];
  /** What is left to pay; 0 is free. */
  readonly percent: number;
  /** Absent: at any time. */
  readonly when?: WeekHours | undefined;
}

/** Lines by number or by industry; both absent is any line. */
export interface LineChoice {
  readonly lines?: readonly string[] | undefined;
  readonly industries?: readonly number[] | undefined;
}

/** Exactly one of `percent` and `discountFen`. */
export interface Transfer {
  readonly name: string;
  readonly from: LineChoice;
  readonly to: LineChoice;
  /** Whether going on with the line that one came with is a transfer too. */
  readonly sameLine: boolean;
  readonly withinMinutes: number;
  /** How many in a row are cheaper. */
  readonly inARow: number;
  /** What is left to pay. */
  readonly percent?: number | undefined;
  readonly discountFen?: Fen | undefined;
}

/** Holds from `from` (fen spent, or rides made) to the next row. */
export interface TierRow {
  readonly from: number;
  readonly percent: number;
}

export interface Tiers {
  readonly by: "spent-fen" | "rides";
  readonly rows: readonly TierRow[];
}

export interface RideRules {
  /** Most that one ride costs before a surcharge. */
  readonly maximumFareFen: Fen;
  readonly maximumMinutes: number;
  readonly overTime: { readonly kind: "maximum-fare" } | { readonly kind: "surcharge"; readonly fareFen: Fen };
  readonly minimumBalanceFen: Fen;
  readonly withoutEntry: { readonly kind: "staff" } | { readonly kind: "maximum-fare" } | { readonly kind: "fixed"; readonly fareFen: Fen };
}

export interface FareTable {
  readonly id: string;
  /** 4 hexadecimal digits in lower case. */
  readonly city: string;
  /** YYYYMMDD, both included. */
  readonly validFrom: string;
  readonly validThrough: string;
  readonly notes: readonly string[];
  readonly lines: readonly Line[];
  readonly places: readonly Place[];
  readonly base: BaseFare;
  /** Which end of a ride says what time band and what concession it has. */
  readonly timeOf: "entry" | "exit";
  readonly holidays: readonly string[];
  /** Days that are worked like another weekday, because a holiday was moved. */
  readonly movedDays: readonly { readonly date: string; readonly as: DayKind }[];
  readonly timeBands: readonly TimeBand[];
  readonly concessions: readonly Concession[];
  readonly transfers: readonly Transfer[];
  readonly tiers: { readonly day?: Tiers | undefined; readonly month?: Tiers | undefined };
  readonly caps: { readonly dayFen?: Fen | undefined; readonly monthFen?: Fen | undefined };
  readonly ride: RideRules;
  readonly rounding: { readonly mode: "half-up" | "down" | "up"; readonly toFen: number };
}

/** One thing that is wrong: the row, and which rule it breaks. */
export interface FareProblem {
  /** For example "distance/3", rows counted from 1, or "time-band/peak"; "table" for the whole. */
  readonly at: string;
  readonly rule: string;
}
