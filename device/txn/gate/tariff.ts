/*
 * Goal: what a tap at this lane costs and what is written on the card, by what the card itself says, the fare tables and the operator's policy.
 * Method: pure. First what the card did here a moment ago, then where its holder is by the card's newest trip, then the tables.
 * Spec: JT/T 978, EF1E.
 */
import { addFen, type Fen, subtractFen, ZERO_FEN } from "../../base/fen.ts";
import { entryRecord, fareRecord, openEntry, type TripBounds, type TripPlace, tripMeaning, tripType } from "../../card/transit/trips.ts";
import type { TripRecord } from "../../card/transit/types.ts";
import type { CivilMoment, FareBook, RideAnswer, RidePoint, RiderRecordCodec, RiderState } from "../fares/fares.ts";
import type { JsonObject } from "../journal/types.ts";
import type { Charge, Quote, TariffReason, TransitView, TripWrites, WrittenAt } from "../quick-payment/tariff.ts";
import type { GatePolicy, LaneSettings } from "./lane.ts";
import type { Note, TapUse } from "./recent.ts";

/** The operator's own record on cards, where transfers and caps are kept. */
export interface RiderRecord {
  /** Identifier of the record, four hexadecimal digits. */
  readonly id: string;
  readonly codec: RiderRecordCodec;
}

export interface TapTerms {
  readonly settings: LaneSettings;
  readonly policy: GatePolicy;
  readonly fares: FareBook;
  /** Absent: no record of that kind, and so no transfers and no caps. */
  readonly rider?: RiderRecord;
  readonly now: CivilMoment;
  /** The card type as which cards of an issuer ride by a local rule; undefined: as their own. Left out: all do. */
  readonly ridesAs?: RidesAs;
}

export type RidesAs = (card: { readonly issuer: string; readonly day: string }) => number | undefined;

/** What this lane sells with a tap. */
export function useOf({ mode, direction }: Pick<LaneSettings, "mode" | "direction">): TapUse {
  return mode === "single" ? "ride" : direction;
}

/** The price of a tap of a card that did `recent` here a moment ago; undefined: nothing. */
export function quoteTap(terms: TapTerms, shown: TransitView, recent: Note | undefined): Quote {
  const { issuer, cardType } = shown;
  const view = { ...shown, cardType: terms.ridesAs?.({ issuer, day: terms.now.date }) ?? cardType };
  if (recent !== undefined) return refused(recent.is === "used" ? "pass-back" : "paid-already");
  const { trip } = view;
  if (trip !== undefined && tripMeaning(trip.type) === undefined) return refused("trip-unreadable");
  switch (useOf(terms.settings)) {
    case "entry":
      return quoteEntry(terms, view);
    case "exit":
      return quoteExit(terms, view);
    case "ride":
      return quoteRide(terms, view, undefined);
  }
}

function refused(reason: TariffReason): Quote {
  return { kind: "refused", reason };
}

function here({ settings, now }: TapTerms): RidePoint {
  return { place: settings.place, ...now };
}

/** Where the card says that its holder got in. An entry in another city is another city's business: it was never here. */
function openHere({ settings }: TapTerms, { trip }: TransitView): TripRecord | undefined {
  const open = openEntry(trip);
  return open?.city === settings.city ? open : undefined;
}

function quoteEntry(terms: TapTerms, view: TransitView): Quote {
  const { settings, policy, fares } = terms;
  const bounds = fares.entryTerms(here(terms));
  if (bounds === undefined) return refused("no-fare");
  const open = openHere(terms, view);
  if (open !== undefined && policy.entryTwice === "refuse") return refused("entry-twice");
  // The ride that was never ended is paid at its highest price, together with the new entry.
  const owed = open !== undefined && policy.entryTwice === "charge-maximum" ? highestFare(open, bounds.maximumFare) : ZERO_FEN;
  const trip = { maximumFare: bounds.maximumFare, maximumTime: writtenMinutes(bounds.maximumRideMinutes) };
  return {
    kind: "charge",
    amount: owed,
    minimumBalance: addFen(owed, bounds.minimumBalance),
    writes: (at) => ({ trip: written(view, "entry", entryTrip(tripPlace(settings, at), { ...trip, balance: left(at.balance, owed), owed })) }),
    detail: gateDetail(terms, owed > 0 && open !== undefined ? { unended: open.place } : {}),
  };
}

function highestFare(open: TripRecord, byTable: Fen): Fen {
  return open.maximumFare > 0 ? open.maximumFare : byTable;
}

function entryTrip(place: TripPlace, entry: { readonly balance: Fen; readonly owed: Fen } & TripBounds): TripRecord {
  return { ...entryRecord(place, entry), amount: entry.owed };
}

function quoteExit(terms: TapTerms, view: TransitView): Quote {
  const { policy, fares } = terms;
  const open = openHere(terms, view);
  if (open !== undefined) return quoteRide(terms, view, { place: open.place, date: open.date, time: open.time });
  if (policy.exitWithoutEntry === "refuse") return refused("exit-without-entry");
  const amount = fares.fareWithoutEntry(here(terms), view.cardType);
  if (amount === undefined) return refused("exit-without-entry");
  return fareCharge(terms, view, { amount, detail: { withoutEntry: true } });
}

function quoteRide(terms: TapTerms, view: TransitView, entry: RidePoint | undefined): Quote {
  const { fares, policy, rider } = terms;
  const state = view.riderRecord === undefined ? undefined : rider?.codec.parse(view.riderRecord);
  const answer = fares.ride({
    exit: notBefore(here(terms), entry),
    cardType: view.cardType,
    ...(entry === undefined ? {} : { entry }),
    ...(state === undefined ? {} : { rider: state }),
  });
  if (answer.kind === "no-fare") return refused("no-fare");
  if (answer.overTime && policy.overTime === "refuse") return refused("over-time");
  // A record that is not of our form belongs to somebody else: it is not written over.
  const after = state === undefined ? {} : { rider: answer.rider };
  return fareCharge(terms, view, { amount: answer.fare, ...after, detail: rideDetail(answer, entry) });
}

/** Clocks of two gates differ, and a lane's times of sale run ahead of its clock: nobody is kept inside because the entry seems to come later. */
function notBefore(exit: RidePoint, entry: RidePoint | undefined): RidePoint {
  if (entry === undefined || entry.date + entry.time <= exit.date + exit.time) return exit;
  return { ...exit, date: entry.date, time: entry.time };
}

function rideDetail(answer: Extract<RideAnswer, { readonly kind: "fare" }>, entry: RidePoint | undefined): JsonObject {
  return {
    rows: answer.rows,
    ...(answer.fullFare === answer.fare ? {} : { fullFareFen: answer.fullFare }),
    ...(answer.overTime ? { overTime: true } : {}),
    ...(entry === undefined ? {} : { from: entry.place, since: entry.date + entry.time }),
  };
}

function fareCharge(terms: TapTerms, view: TransitView, fare: { readonly amount: Fen; readonly rider?: RiderState; readonly detail: JsonObject }): Charge {
  const { amount, rider } = fare;
  const kind = terms.settings.mode === "single" ? "single" : "exit";
  // Whoever stands at an exit is inside.
  const owed = kind === "exit" ? ({ isOwed: true } as const) : {};
  return {
    kind: "charge",
    amount,
    writes: (at) => ({
      trip: written(view, kind, fareRecord(tripPlace(terms.settings, at), { kind, amount, balance: left(at.balance, amount) })),
      ...riderWrites(terms, view, rider),
    }),
    detail: gateDetail(terms, { ...fare.detail, ...(kind === "exit" ? { owed: true } : {}) }),
    ...owed,
  };
}

function riderWrites(terms: TapTerms, view: TransitView, state: RiderState | undefined): Pick<TripWrites, "riderRecord"> {
  if (state === undefined || terms.rider === undefined || view.riderRecord === undefined) return {};
  return { riderRecord: terms.rider.codec.encode(state, view.riderRecord.length) };
}

/** What a card may overdraw does not stand in its record. */
function left(balance: Fen, amount: Fen): Fen {
  return amount <= balance ? subtractFen(balance, amount) : ZERO_FEN;
}

/** The record says from which of the card's purses its money came. */
function written({ scheme }: TransitView, kind: "entry" | "exit" | "single", trip: TripRecord): TripRecord {
  return scheme === "electronic-cash" ? { ...trip, type: tripType({ kind, money: "electronic-cash" }) } : trip;
}

function tripPlace({ industry, place, city, acquirer }: LaneSettings, { terminalNumber, date, time }: WrittenAt): TripPlace {
  return { terminalNumber, industry, place, date, time, city, acquirer };
}

function gateDetail({ settings }: TapTerms, more: JsonObject): JsonObject {
  return { lane: settings.name, use: useOf(settings), place: settings.place, ...more };
}

/** The texts do not name the unit of the longest ride: minutes in decimal digits, as cards in use have them. No decision here reads it. */
function writtenMinutes(minutes: number): string {
  return String(Math.min(9999, Math.ceil(minutes))).padStart(4, "0");
}
