/*
 * Goal: what a passenger pays is what docs/fares.md says, whoever works it out.
 * Method: the oracle below is written from that page alone and from the files themselves: each step anew for each ride, exact fractions, the
 * shortest ways by looking at all of them, and the whole history of a card instead of its record. Journeys of many days come from a seed.
 */
import { describe, expect, test } from "vitest";
import { fen } from "../../base/fen.ts";
import { Draws } from "../medical-split/testing.ts";
import { openFareBook } from "./book.ts";
import type { CivilMoment, RideAnswer, RidePoint, RideQuestion, RiderState } from "./fares.ts";
import { RIDER_RECORD } from "./rider-record.ts";
import type { FareTableFile } from "./table.ts";
import { BASE_KINDS, checkedTables, drawnTable, shippedTable } from "./testing.ts";

const SEED = 20_261_122;
const JOURNEYS = 100_000;
const BOOKS = 20;
const CARDS = 40;
const MINUTE_MS = 60_000;
/** Seconds on an idle machine; others may be at work on it. */
const LONG_MS = 120_000;

interface Trip {
  readonly exit: RidePoint;
  /** Counts towards tiers and caps. */
  readonly counted: number;
  readonly transfers: number;
}

interface Judged {
  readonly fare: number;
  readonly fullFare: number;
  readonly overTime: boolean;
  readonly rows: readonly string[];
  readonly trip: Trip;
}

/** Numerator and denominator. */
type Exact = readonly [bigint, bigint];

function utc({ date, time }: CivilMoment): number {
  const [year, month, day] = [date.slice(0, 4), date.slice(4, 6), date.slice(6)].map(Number);
  return Date.UTC(year ?? 0, (month ?? 0) - 1, day, Number(time.slice(0, 2)), Number(time.slice(2, 4)), Number(time.slice(4)));
}

function dashed(date: string): string {
  return `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
}

const times = ([over, under]: Exact, percent: number): Exact => [over * BigInt(percent), under * 100n];
const plus = ([over, under]: Exact, amount: number): Exact => {
  const sum = over + BigInt(amount) * under;
  return sum < 0n ? [0n, 1n] : [sum, under];
};

function rounded([over, under]: Exact, { mode, toFen }: FareTableFile["rounding"]): number {
  const unit = under * BigInt(toFen);
  const below = over / unit;
  const rest = over - below * unit;
  const up = mode === "up" ? rest > 0n : mode === "half-up" && rest + rest >= unit && rest > 0n;
  return Number(up ? below + 1n : below) * toFen;
}

/** Whether this minute is in the hours of a row, letter by letter. */
function holds(table: FareTableFile, { days, hours }: { readonly days: readonly string[]; readonly hours: readonly string[] }, at: CivilMoment): boolean {
  const clock = `${at.time.slice(0, 2)}:${at.time.slice(2, 4)}`;
  if (!hours.some((range) => range.slice(0, 5) <= clock && clock < range.slice(6))) return false;
  const day = dashed(at.date);
  if ((table.holidays ?? []).includes(day)) return days.includes("holiday");
  const moved = (table.movedDays ?? []).find(({ date }) => date === day);
  return days.includes(moved?.as ?? ["sun", "mon", "tue", "wed", "thu", "fri", "sat"][new Date(utc(at)).getUTCDay()] ?? "");
}

/** Shortest ways, by trying each place as a stop between each two. */
function allWays(table: FareTableFile): ReadonlyMap<string, number> {
  const ways = new Map<string, number>();
  if (table.base.kind !== "distance") return ways;
  const { distances } = table.base;
  const names = table.places.map(({ place }) => place);
  const shorter = (from: string, to: string, metres: number) => {
    if (metres < (ways.get(from + to) ?? Number.POSITIVE_INFINITY)) ways.set(from + to, metres);
  };
  for (const name of names) shorter(name, name, 0);
  if (distances.kind === "matrix") {
    for (const { from, metres } of distances.rows) for (const [at, length] of metres.entries()) shorter(from, names[at] ?? "", length);
    return ways;
  }
  const both = (one: string, other: string, metres: number) => {
    shorter(one, other, metres);
    shorter(other, one, metres);
  };
  for (const { from, to, metres } of distances.interchanges ?? []) both(from, to, metres);
  for (const { stops, ringMetres } of distances.tracks)
    for (const one of stops)
      for (const other of stops) {
        const along = Math.abs(one.metres - other.metres);
        both(one.place, other.place, ringMetres === undefined ? along : Math.min(along, ringMetres - along));
      }
  for (const by of names)
    for (const from of names) for (const to of names) shorter(from, to, (ways.get(from + by) ?? Infinity) + (ways.get(by + to) ?? Infinity));
  return ways;
}

class Oracle {
  readonly #tables: readonly FareTableFile[];
  readonly #ways: ReadonlyMap<FareTableFile, ReadonlyMap<string, number>>;

  constructor(tables: readonly FareTableFile[]) {
    this.#tables = tables;
    this.#ways = new Map(tables.map((table) => [table, allWays(table)]));
  }

  table(day: string): FareTableFile | undefined {
    return this.#tables.find(({ validFrom, validThrough }) => validFrom <= dashed(day) && dashed(day) <= validThrough);
  }

  /** `history` is undefined for a card without a record. */
  ride({ entry, exit, cardType }: RideQuestion, history: readonly Trip[] | undefined): Judged | string {
    const begin = entry ?? exit;
    const table = this.table(begin.date);
    if (table === undefined) return "no-table";
    for (const { place } of [begin, exit]) if (!table.places.some((known) => known.place === place)) return "place-unknown";
    if (entry === undefined && table.base.kind !== "flat") return "place-unknown";
    if (utc(exit) < utc(begin)) return "runs-back";
    const decided = table.timeOf === "entry" ? begin : exit;
    const overTime = utc(exit) - utc(begin) > table.ride.maximumMinutes * MINUTE_MS;
    const rows: string[] = [];
    const full = this.#full(table, { begin, exit, decided, overTime, rows });
    const concession = (table.concessions ?? []).find((row) => row.cardTypes.includes(cardType) && (row.when === undefined || holds(table, row.when, decided)));
    let price = full;
    if (concession !== undefined) {
      price = times(price, concession.percent);
      rows.push(`concession/${concession.name}`);
    }
    const last = history?.at(-1);
    const transfer = last === undefined ? undefined : this.#transfer(table, last, begin);
    if (transfer !== undefined) {
      price = transfer.percent === undefined ? plus(price, -(transfer.discountFen ?? 0)) : times(price, transfer.percent);
      rows.push(`transfer/${transfer.name}`);
    }
    price = this.#tier(table, price, { history: history ?? [], exit, rows });
    const fare = this.#capped(table, rounded(price, table.rounding), { history, exit, rows });
    const surcharge = overTime && table.ride.overTime.kind === "surcharge" ? table.ride.overTime.fareFen : 0;
    if (overTime && table.ride.overTime.kind === "surcharge") rows.push("over-time");
    const trip = { exit, counted: fare, transfers: transfer === undefined ? 0 : (last?.transfers ?? 0) + 1 };
    return { fare: fare + surcharge, fullFare: rounded(full, table.rounding) + surcharge, overTime, rows, trip };
  }

  #full(table: FareTableFile, ride: { begin: RidePoint; exit: RidePoint; decided: RidePoint; overTime: boolean; rows: string[] }): Exact {
    const { maximumFareFen, overTime } = table.ride;
    if (ride.overTime && overTime.kind === "maximum-fare") {
      ride.rows.push("over-time");
      return [BigInt(maximumFareFen), 1n];
    }
    let price: Exact = [BigInt(this.#base(table, ride)), 1n];
    for (const band of table.timeBands ?? []) {
      if (!holds(table, band, ride.decided)) continue;
      price = band.percent === undefined ? plus(price, band.differenceFen ?? 0) : times(price, band.percent);
      ride.rows.push(`time-band/${band.name}`);
    }
    if (price[0] <= BigInt(maximumFareFen) * price[1]) return price;
    ride.rows.push("maximum-fare");
    return [BigInt(maximumFareFen), 1n];
  }

  #base(table: FareTableFile, { begin, exit, rows }: { begin: RidePoint; exit: RidePoint; rows: string[] }): number {
    const { base } = table;
    if (base.kind === "flat") {
      rows.push("flat");
      return base.fareFen;
    }
    if (base.kind === "zones") {
      const zone = (place: string) => table.places.find((known) => known.place === place)?.zone;
      const [from, to] = [zone(begin.place), zone(exit.place)];
      const at = base.rows.findIndex((row) => (row.from === from && row.to === to) || (base.bothWays && row.from === to && row.to === from));
      rows.push(`zones/${at + 1}`);
      return base.rows[at]?.fareFen ?? Number.NaN;
    }
    const metres = this.#ways.get(table)?.get(begin.place + exit.place) ?? Number.NaN;
    const at = base.bands.findIndex(
      ({ overMetres, throughMetres }, index) => (metres > overMetres || (index === 0 && metres === 0)) && metres <= (throughMetres ?? Infinity),
    );
    rows.push(`distance/${at + 1}`);
    return base.bands[at]?.fareFen ?? Number.NaN;
  }

  #transfer(table: FareTableFile, last: Trip, begin: RidePoint) {
    const waited = utc(begin) - utc(last.exit);
    const [came, goes] = [last.exit.place.slice(0, 4), begin.place.slice(0, 4)];
    const industry = (line: string) => table.lines.find((known) => known.line === line)?.industry ?? -1;
    const chosen = ({ lines, industries }: { lines?: string[] | undefined; industries?: number[] | undefined }, line: string) =>
      (lines === undefined && industries === undefined) || lines?.includes(line) === true || industries?.includes(industry(line)) === true;
    return (table.transfers ?? []).find(
      (row) =>
        chosen(row.from, came) &&
        chosen(row.to, goes) &&
        (came !== goes || row.sameLine === true) &&
        waited >= 0 &&
        waited <= row.withinMinutes * MINUTE_MS &&
        last.transfers < row.inARow,
    );
  }

  #tier(table: FareTableFile, price: Exact, { history, exit, rows }: { history: readonly Trip[]; exit: RidePoint; rows: string[] }): Exact {
    let best: { percent: number; row: string } | undefined;
    for (const period of ["month", "day"] as const) {
      const trips = history.filter((trip) => trip.exit.date.startsWith(period === "day" ? exit.date : exit.date.slice(0, 6)));
      const tiers = table.tiers?.[period];
      const reached = tiers?.by === "rides" ? trips.length : trips.reduce((sum, { counted }) => sum + counted, 0);
      for (const [at, { from, percent }] of (tiers?.rows ?? []).entries()) {
        const next = tiers?.rows[at + 1]?.from ?? Infinity;
        if (from <= reached && reached < next && (best === undefined || percent < best.percent)) best = { percent, row: `tier/${period}/${at + 1}` };
      }
    }
    if (best === undefined) return price;
    rows.push(best.row);
    return times(price, best.percent);
  }

  #capped(table: FareTableFile, fare: number, { history, exit, rows }: { history: readonly Trip[] | undefined; exit: RidePoint; rows: string[] }): number {
    if (history === undefined) return fare;
    const paid = (prefix: string) => history.filter((trip) => trip.exit.date.startsWith(prefix)).reduce((sum, { counted }) => sum + counted, 0);
    const ofDay = Math.max(0, (table.caps?.dayFen ?? Infinity) - paid(exit.date));
    const ofMonth = Math.max(0, (table.caps?.monthFen ?? Infinity) - paid(exit.date.slice(0, 6)));
    const due = Math.min(fare, ofDay, ofMonth);
    if (due < fare) rows.push(due === ofDay ? "cap/day" : "cap/month");
    return due;
  }

  withoutEntry(at: RidePoint, cardType: number): number | undefined {
    const table = this.table(at.date);
    if (table === undefined || !table.places.some(({ place }) => place === at.place)) return undefined;
    const { withoutEntry, maximumFareFen } = table.ride;
    if (withoutEntry.kind === "staff") return undefined;
    const whole: Exact = [BigInt(withoutEntry.kind === "fixed" ? withoutEntry.fareFen : maximumFareFen), 1n];
    const concession = (table.concessions ?? []).find((row) => row.cardTypes.includes(cardType) && (row.when === undefined || holds(table, row.when, at)));
    return rounded(concession === undefined ? whole : times(whole, concession.percent), table.rounding);
  }
}

interface Card {
  readonly type: number;
  readonly keepsRecord: boolean;
  nowMs: number;
  rider: RiderState | undefined;
  readonly history: Trip[];
}

function moment(ms: number): CivilMoment {
  const digits = new Date(ms).toISOString().replaceAll(/\D/g, "");
  return { date: digits.slice(0, 8), time: digits.slice(8, 14) };
}

const FIRST_MS = Date.UTC(2026, 0, 1);

function newCard(draws: Draws): Card {
  return {
    type: draws.below(5),
    keepsRecord: draws.chance(90),
    nowMs: FIRST_MS + draws.below(1_000_000) * 1000,
    // A card that nobody has written to yet.
    rider: RIDER_RECORD.parse(new Uint8Array(48)),
    history: [],
  };
}

function drawnQuestion(draws: Draws, card: Card, tables: readonly FareTableFile[]): RideQuestion {
  // Most journeys follow soon after the last one, some a day or a week later, and some begin at the very end of a limit.
  const pauseS = draws.one([draws.below(5400), draws.below(5400), 60 * (10 + draws.below(110)), draws.below(86_400), draws.below(400_000)]);
  const beginMs = card.nowMs + pauseS * 1000;
  const table = tables.find(({ validThrough }) => validThrough >= dashed(moment(beginMs).date)) ?? tables[0];
  const { places, ride } = table ?? { places: [], ride: { maximumMinutes: 1 } };
  const lasts = draws.one([draws.below(5400), draws.below(12_000), ride.maximumMinutes * 60, ride.maximumMinutes * 60 + 1, 0]);
  card.nowMs = beginMs + lasts * 1000;
  const somewhere = () => (draws.chance(1) ? "ffff0001" : (places[draws.below(places.length)]?.place ?? ""));
  const single = draws.chance(table?.base.kind === "flat" ? 50 : 2);
  const entry = { place: somewhere(), ...moment(beginMs) };
  const exit = { place: somewhere(), ...moment(draws.chance(1) ? beginMs - 1000 : card.nowMs) };
  const rider = card.keepsRecord ? card.rider : undefined;
  return { ...(single ? {} : { entry }), exit, cardType: card.type, ...(rider === undefined ? {} : { rider }) };
}

function comparable(answer: RideAnswer): Omit<Judged, "trip"> | string {
  if (answer.kind === "no-fare") return answer.why;
  const { fare, fullFare, overTime, rows } = answer;
  return { fare, fullFare, overTime, rows };
}

function judgedAlike(judged: Judged | string): Omit<Judged, "trip"> | string {
  if (typeof judged === "string") return judged;
  const { trip: _trip, ...rest } = judged;
  return rest;
}

const DAYS = [
  { id: "first", validFrom: "2026-01-01", validThrough: "2026-01-30" },
  // One day without a table, and none after the second.
  { id: "second", validFrom: "2026-02-01", validThrough: "2026-02-28" },
];

/** Two tables of one kind of base, the second with the places that it draws itself. */
function drawnTables(draws: Draws, book: number): readonly FareTableFile[] {
  const kind = BASE_KINDS[book % BASE_KINDS.length] ?? "flat";
  return DAYS.map((days) => drawnTable(draws, kind, days));
}

function rowKind(row: string): string {
  const words = row.split("/");
  return words.slice(0, /^(?:tier|cap)$/.test(words[0] ?? "") ? 2 : 1).join("/");
}

/** What differs on the journeys of one book; a word for each kind of row that was met. */
function travel(draws: Draws, tables: readonly FareTableFile[], met: Set<string>): readonly unknown[] {
  const book = openFareBook(checkedTables(...tables));
  const oracle = new Oracle(tables);
  const cards = Array.from({ length: CARDS }, () => newCard(draws));
  const differences: unknown[] = [];
  for (let journey = 0; journey < JOURNEYS / BOOKS; journey += 1) {
    const card = cards[draws.below(CARDS)] ?? newCard(draws);
    const question = drawnQuestion(draws, card, tables);
    const answer = book.ride(question);
    const judged = oracle.ride(question, card.keepsRecord ? card.history : undefined);
    const without = [book.fareWithoutEntry(question.exit, card.type), oracle.withoutEntry(question.exit, card.type)];
    if (JSON.stringify(comparable(answer)) !== JSON.stringify(judgedAlike(judged)) || without[0] !== without[1])
      differences.push({ journey, question, answer, judged, without });
    if (typeof judged === "string") met.add(judged);
    else for (const row of judged.rows) met.add(rowKind(row));
    if (typeof judged !== "string" && question.entry !== undefined && question.entry.date !== question.exit.date) met.add("midnight");
    if (answer.kind !== "fare" || typeof judged === "string") continue;
    card.rider = RIDER_RECORD.parse(RIDER_RECORD.encode(answer.rider, 46));
    card.history.push(judged.trip);
  }
  return differences;
}

describe("an independent oracle", () => {
  test(
    `agrees on ${JOURNEYS} journeys over ${BOOKS} books of seed ${SEED}`,
    () => {
      const draws = new Draws(SEED);
      const met = new Set<string>();
      for (let book = 0; book < BOOKS; book += 1) {
        const tables = drawnTables(draws, book);
        const [first] = travel(draws, tables, met);
        if (first !== undefined) expect({ book, first, tables }).toBe("as the oracle has it");
      }
      // A walk that never met a rule would prove nothing of it.
      const rows = [
        "flat",
        "distance",
        "zones",
        "time-band",
        "maximum-fare",
        "over-time",
        "concession",
        "transfer",
        "tier/day",
        "tier/month",
        "cap/day",
        "cap/month",
      ];
      expect([...met].sort()).toEqual([...rows, "midnight", "no-table", "place-unknown", "runs-back"].sort());
    },
    LONG_MS,
  );

  test(
    "and on the shipped tables",
    () => {
      for (const name of ["example-metro", "example-bus"] as const) expect(travel(new Draws(SEED), [shippedTable(name)], new Set())).toEqual([]);
    },
    LONG_MS,
  );

  test("it would see a fen too much, and a row that is not named", () => {
    const table = shippedTable("example-bus");
    const question: RideQuestion = { exit: { place: "03010000", date: "20260302", time: "080000" }, cardType: 0 };
    const judged = judgedAlike(new Oracle([table]).ride(question, []));
    const answer = openFareBook(checkedTables({ ...table, base: { kind: "flat", fareFen: 199 } })).ride(question);
    expect(judged).toEqual({ fare: 200, fullFare: 200, overTime: false, rows: ["flat"] });
    expect(comparable(answer)).toEqual({ fare: fen(199), fullFare: fen(199), overTime: false, rows: ["flat"] });
  });
});
