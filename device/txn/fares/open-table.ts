/*
 * Goal: what a table says of one ride, found in constant time.
 * Method: places, distances, zones and the hours of the week are indexed when the table is opened; each question below is one step of the order
 * that docs/fares.md gives.
 */
import { parseCivilTime } from "../../codec/civil-time.ts";
import { zonePair, zonePairs } from "./base-checks.ts";
import { DistanceTable } from "./distances.ts";
import type { CivilMoment, RiderState } from "./fares.ts";
import { atMost, changedBy, type Price, percentOf, priceOf } from "./price.ts";
import { linesOf } from "./table-checks.ts";
import { DAY_KINDS, type DayKind, type FareTable, type TierRow, type Transfer } from "./types.ts";
import { ALWAYS, WeekSheet } from "./week.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** 1970 began on a Thursday, and weeks here begin on Mondays. */
const FIRST_WEEKDAY = 3;

/** Milliseconds of a civil moment on a time line without offset; undefined: it is none of the calendar. */
export function momentMs({ date, time }: CivilMoment): number | undefined {
  return parseCivilTime(date + time, 0);
}

interface Decided {
  /** YYYYMMDD. */
  readonly date: string;
  readonly ms: number;
}

/** A ride whose places are known, with its moments on the time line. */
export interface KnownRide {
  /** Absent for a single fare. */
  readonly from?: number;
  readonly to: number;
  /** Line on which it began. */
  readonly line: string;
  readonly beginMs: number;
  /** The moment that decides on time bands and concessions. */
  readonly decided: Decided;
  readonly cardType: number;
  readonly overTime: boolean;
}

interface OpenTransfer {
  readonly row: Transfer;
  readonly from: ReadonlySet<string> | undefined;
  readonly to: ReadonlySet<string> | undefined;
}

/** One table with its indexes. */
export class OpenTable {
  readonly table: FareTable;
  readonly #places: ReadonlyMap<string, number>;
  readonly #distances: DistanceTable | undefined;
  readonly #zoneRows = new Map<string, number>();
  readonly #days: ReadonlyMap<string, DayKind>;
  readonly #bands = new WeekSheet();
  readonly #concessions = new Map<number, WeekSheet>();
  readonly #transfers: readonly OpenTransfer[];

  constructor(table: FareTable) {
    this.table = table;
    const { base, places, holidays, movedDays } = table;
    const names = places.map(({ place }) => place);
    this.#places = new Map(names.map((place, number) => [place, number]));
    this.#distances = base.kind === "distance" ? new DistanceTable(names, base.distances) : undefined;
    if (base.kind === "zones") for (const [row, fare] of base.rows.entries()) for (const pair of zonePairs(fare, base.bothWays)) this.#zoneRows.set(pair, row);
    this.#days = new Map([...holidays.map((date) => [date, "holiday"] as const), ...movedDays.map(({ date, as }) => [date, as] as const)]);
    for (const [row, band] of table.timeBands.entries()) this.#bands.enter(row, band);
    for (const [row, { cardTypes, when }] of table.concessions.entries()) for (const cardType of cardTypes) this.#sheetOf(cardType).enter(row, when ?? ALWAYS);
    this.#transfers = table.transfers.map((row) => ({ row, from: linesOf(row.from, table), to: linesOf(row.to, table) }));
  }

  #sheetOf(cardType: number): WeekSheet {
    const sheet = this.#concessions.get(cardType) ?? new WeekSheet();
    this.#concessions.set(cardType, sheet);
    return sheet;
  }

  /** Number of a place in this table. */
  placeNumber(place: string): number | undefined {
    return this.#places.get(place.toLowerCase());
  }

  /** Before concessions, transfers, tiers and caps; undefined: the base has no fare for a ride whose entry is not known. */
  fullPrice(ride: KnownRide): Price | undefined {
    const { maximumFareFen, overTime } = this.table.ride;
    if (ride.overTime && overTime.kind === "maximum-fare") return priceOf(maximumFareFen, "over-time");
    const base = this.#basePrice(ride);
    return base === undefined ? undefined : atMost(this.#inTimeBand(base, ride.decided), maximumFareFen, "maximum-fare");
  }

  #basePrice({ from, to }: KnownRide): Price | undefined {
    const { base } = this.table;
    if (base.kind === "flat") return priceOf(base.fareFen, "flat");
    if (from === undefined) return undefined;
    const row = base.kind === "distance" ? this.#distanceRow(from, to) : this.#zoneRow(from, to);
    const fare = row === undefined ? undefined : (base.kind === "distance" ? base.bands : base.rows)[row];
    return row === undefined || fare === undefined ? undefined : priceOf(fare.fareFen, `${base.kind}/${row + 1}`);
  }

  #distanceRow(from: number, to: number): number | undefined {
    const metres = this.#distances?.metres(from, to);
    if (metres === undefined || this.table.base.kind !== "distance") return undefined;
    return this.table.base.bands.findIndex(({ throughMetres }) => throughMetres === undefined || metres <= throughMetres);
  }

  #zoneRow(from: number, to: number): number | undefined {
    const [one, other] = [this.table.places[from]?.zone, this.table.places[to]?.zone];
    return one === undefined || other === undefined ? undefined : this.#zoneRows.get(zonePair(one, other));
  }

  #dayAndMinute({ date, ms }: Decided): readonly [DayKind, number] {
    const days = Math.floor(ms / DAY_MS);
    const minute = Math.floor((ms - days * DAY_MS) / MINUTE_MS);
    return [this.#days.get(date) ?? DAY_KINDS[(((days + FIRST_WEEKDAY) % 7) + 7) % 7] ?? "mon", minute];
  }

  #inTimeBand(price: Price, at: Decided): Price {
    const row = this.#bands.rowAt(...this.#dayAndMinute(at));
    const band = row === undefined ? undefined : this.table.timeBands[row];
    if (band === undefined) return price;
    const name = `time-band/${band.name}`;
    return band.percent === undefined ? changedBy(price, band.differenceFen ?? 0, name) : percentOf(price, band.percent, name);
  }

  withConcession(price: Price, { cardType, decided }: Pick<KnownRide, "cardType" | "decided">): Price {
    const row = this.#concessions.get(cardType)?.rowAt(...this.#dayAndMinute(decided));
    const concession = row === undefined ? undefined : this.table.concessions[row];
    return concession === undefined ? price : percentOf(price, concession.percent, `concession/${concession.name}`);
  }

  /** The row by which this ride goes on from the last one. */
  transferRow({ line, beginMs }: KnownRide, last: RiderState["last"]): Transfer | undefined {
    if (last === undefined || this.#transfers.length === 0) return undefined;
    const endedMs = momentMs(last);
    if (endedMs === undefined || beginMs < endedMs) return undefined;
    const lastLine = last.place.slice(0, 4).toLowerCase();
    const holds = ({ row, from, to }: OpenTransfer): boolean =>
      beginMs - endedMs <= row.withinMinutes * MINUTE_MS &&
      last.transfers < row.inARow &&
      (row.sameLine || lastLine !== line) &&
      from?.has(lastLine) !== false &&
      to?.has(line) !== false;
    return this.#transfers.find(holds)?.row;
  }

  /** The tier with the lower percentage; the month's where both are equal. */
  inTier(price: Price, rider: RiderState): Price {
    const day = tierOf(this.table.tiers.day, { spent: rider.daySpent, rides: rider.dayRides });
    const month = tierOf(this.table.tiers.month, { spent: rider.monthSpent, rides: rider.monthRides });
    const best = day !== undefined && (month === undefined || day.percent < month.percent) ? { ...day, period: "day" } : month && { ...month, period: "month" };
    return best === undefined ? price : percentOf(price, best.percent, `tier/${best.period}/${best.row}`);
  }
}

function tierOf(
  tiers: FareTable["tiers"]["day"],
  used: { readonly spent: number; readonly rides: number },
): { readonly row: number; readonly percent: number } | undefined {
  if (tiers === undefined) return undefined;
  const reached = tiers.by === "rides" ? used.rides : used.spent;
  const row = tiers.rows.findLastIndex(({ from }: TierRow) => from <= reached);
  const tier = tiers.rows[row];
  return tier === undefined ? undefined : { row: row + 1, percent: tier.percent };
}
