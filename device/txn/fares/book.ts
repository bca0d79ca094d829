/*
 * Goal: one answer for each ride, the same at every gate, which says by what rows it came about.
 * Method: the table in force on the day on which the ride began, then the steps in the order of docs/fares.md: base, time band, concession,
 * transfer, tier; one rounding; cap; surcharge. Nothing here keeps anything between two questions.
 */
import { assert } from "../../base/assert.ts";
import { addFen, CARD_AMOUNT_MAX, type Fen, fen, subtractFen, ZERO_FEN } from "../../base/fen.ts";
import type { EntryTerms, FareBook, RideAnswer, RidePoint, RideQuestion, RiderState } from "./fares.ts";
import { type KnownRide, momentMs, OpenTable } from "./open-table.ts";
import { changedBy, type Price, percentOf, priceOf, roundedFen } from "./price.ts";
import { EMPTY_RIDER } from "./rider-record.ts";
import { problemsTogether } from "./table.ts";
import type { FareTable, Transfer } from "./types.ts";

/** What two bytes of the rider's record hold. */
const RIDES_MAX = 0xffff;
const MINUTE_MS = 60_000;

/** Opens checked tables (parseFareTables) for questions. */
export function openFareBook(tables: readonly FareTable[]): FareBook {
  assert(problemsTogether(tables).length === 0, "the tables were checked together");
  const opened = tables.map((table) => new OpenTable(table));
  const inForce = (date: string): OpenTable | undefined => opened.find(({ table }) => table.validFrom <= date && date <= table.validThrough);
  return {
    ride: (question) => {
      const table = inForce((question.entry ?? question.exit).date);
      return table === undefined ? { kind: "no-fare", why: "no-table" } : rideBy(table, question);
    },
    entryTerms: (at) => {
      const table = inForce(at.date);
      return table?.placeNumber(at.place) === undefined ? undefined : termsOf(table);
    },
    fareWithoutEntry: (at, cardType) => {
      const table = inForce(at.date);
      return table === undefined ? undefined : withoutEntry(table, at, cardType);
    },
  };
}

function termsOf({ table: { ride } }: OpenTable): EntryTerms {
  return { minimumBalance: ride.minimumBalanceFen, maximumFare: ride.maximumFareFen, maximumRideMinutes: ride.maximumMinutes };
}

function withoutEntry(open: OpenTable, at: RidePoint, cardType: number): Fen | undefined {
  const { withoutEntry: policy, maximumFareFen } = open.table.ride;
  const ms = momentMs(at);
  if (policy.kind === "staff" || ms === undefined || open.placeNumber(at.place) === undefined) return undefined;
  const price = priceOf(policy.kind === "fixed" ? policy.fareFen : maximumFareFen, "without-entry");
  return roundedFen(open.withConcession(price, { cardType, decided: { date: at.date, ms } }), open.table.rounding);
}

function rideBy(open: OpenTable, question: RideQuestion): RideAnswer {
  const known = knownRide(open, question);
  if (typeof known === "string") return { kind: "no-fare", why: known };
  const full = open.fullPrice(known);
  return full === undefined ? { kind: "no-fare", why: "place-unknown" } : answer(open, { question, known, full });
}

function knownRide(open: OpenTable, { entry, exit, cardType }: RideQuestion): KnownRide | "place-unknown" | "runs-back" {
  const { timeOf, ride } = open.table;
  const begin = entry ?? exit;
  const [from, to] = [open.placeNumber(begin.place), open.placeNumber(exit.place)];
  if (from === undefined || to === undefined) return "place-unknown";
  const [beginMs, endMs] = [momentMs(begin), momentMs(exit)];
  if (beginMs === undefined || endMs === undefined || endMs < beginMs) return "runs-back";
  const decided = timeOf === "entry" ? { date: begin.date, ms: beginMs } : { date: exit.date, ms: endMs };
  const overTime = endMs - beginMs > ride.maximumMinutes * MINUTE_MS;
  return { ...(entry === undefined ? {} : { from }), to, line: begin.place.slice(0, 4).toLowerCase(), beginMs, decided, cardType, overTime };
}

interface Priced {
  readonly question: RideQuestion;
  readonly known: KnownRide;
  readonly full: Price;
}

function answer(open: OpenTable, { question, known, full }: Priced): RideAnswer {
  const { rounding, ride } = open.table;
  const rider = onDay(question.rider ?? EMPTY_RIDER, question.exit.date);
  const transfer = open.transferRow(known, rider.last);
  const price = open.inTier(continued(open.withConcession(full, known), transfer), rider);
  const capped = underCaps(open.table.caps, roundedFen(price, rounding), question.rider === undefined ? undefined : rider);
  const surcharge = known.overTime && ride.overTime.kind === "surcharge" ? ride.overTime.fareFen : undefined;
  const fare = addFen(capped.fare, surcharge ?? ZERO_FEN);
  const transfers = transfer === undefined ? 0 : (rider.last?.transfers ?? 0) + 1;
  return {
    kind: "fare",
    fare,
    fullFare: addFen(roundedFen(full, rounding), surcharge ?? ZERO_FEN),
    overTime: known.overTime,
    rows: [...price.rows, ...capped.rows, ...(surcharge === undefined ? [] : ["over-time"])],
    rider: { ...travelled(rider, capped.fare), last: { ...question.exit, place: question.exit.place.toLowerCase(), fare, transfers } },
  };
}

function continued(price: Price, transfer: Transfer | undefined): Price {
  if (transfer === undefined) return price;
  const name = `transfer/${transfer.name}`;
  return transfer.percent === undefined ? changedBy(price, 0 - (transfer.discountFen ?? 0), name) : percentOf(price, transfer.percent, name);
}

/** Figures of another day or month are not of this ride's. */
function onDay(rider: RiderState, day: string): RiderState {
  const month = day.slice(0, 6);
  const ofDay = rider.day === day ? {} : { day, daySpent: ZERO_FEN, dayRides: 0 };
  const ofMonth = rider.month === month ? {} : { month, monthSpent: ZERO_FEN, monthRides: 0 };
  return { ...rider, ...ofDay, ...ofMonth };
}

/** What was paid and counted; a card that claims more than its record holds stays at the most. */
function travelled(rider: RiderState, paid: Fen): RiderState {
  const sum = (spent: Fen): Fen => fen(Math.min(spent + paid, CARD_AMOUNT_MAX));
  const count = (rides: number): number => Math.min(rides + 1, RIDES_MAX);
  return {
    ...rider,
    daySpent: sum(rider.daySpent),
    dayRides: count(rider.dayRides),
    monthSpent: sum(rider.monthSpent),
    monthRides: count(rider.monthRides),
  };
}

/** At most what is left of the day's and the month's cap. */
function underCaps(caps: FareTable["caps"], fare: Fen, rider: RiderState | undefined): { readonly fare: Fen; readonly rows: readonly string[] } {
  if (rider === undefined) return { fare, rows: [] };
  const leftOfDay = left(caps.dayFen, rider.daySpent);
  const leftOfMonth = left(caps.monthFen, rider.monthSpent);
  if (leftOfDay !== undefined && leftOfDay < fare && leftOfDay <= (leftOfMonth ?? leftOfDay)) return { fare: leftOfDay, rows: ["cap/day"] };
  return leftOfMonth !== undefined && leftOfMonth < fare ? { fare: leftOfMonth, rows: ["cap/month"] } : { fare, rows: [] };
}

function left(cap: Fen | undefined, spent: Fen): Fen | undefined {
  if (cap === undefined) return undefined;
  return spent >= cap ? ZERO_FEN : subtractFen(cap, spent);
}
