/*
 * Goal: an amount is held on a card at the beginning of a service whose price is not known yet, and what it has cost is taken from it at the end, both
 * without the bank; the card keeps what is held, and says so itself.
 * Method: the industry record of the place says who holds and how much; only the same operator ends it, and never for more. Ending it for nothing
 * lets the amount go. Pure. Spec: JR/T 0025, extension for small payments; JT/T 978, EF1E.
 */
import { type Fen, subtractFen, ZERO_FEN } from "../../base/fen.ts";
import type { IndustryPlace } from "../../card/electronic-cash/industry.ts";
import { entryRecord, fareRecord, openEntry, type TripPlace, tripMeaning } from "../../card/transit/trips.ts";
import type { Quote, Tariff, TransitView, WrittenAt } from "../quick-payment/tariff.ts";
import type { PurseChoice } from "../sale-request.ts";

/** Where amounts are held: which record of the card, and how it names this place. */
export interface HoldPlace {
  readonly record: IndustryPlace;
  /** Line 4 and station 4, eight hexadecimal digits. */
  readonly place: string;
  readonly industry: number;
  /** 4 digits. */
  readonly city: string;
  /** 16 hexadecimal digits: who takes the money. */
  readonly acquirer: string;
}

export type HoldUse = "pre-authorization" | "completion";

/** The sale that holds `amount`, or takes it of what is held. */
export function holdChoice(place: HoldPlace, use: HoldUse, amount: Fen): PurseChoice {
  const tariff: Tariff = { quote: (view) => (use === "pre-authorization" ? quoteHold(place, amount, view) : quoteCompletion(place, amount, view)) };
  return { kind: "electronic-cash", industry: { use, place: place.record, tariff, amount } };
}

function quoteHold(place: HoldPlace, amount: Fen, { trip }: TransitView): Quote {
  // Nobody here knows what it says: it is not written over.
  if (trip !== undefined && tripMeaning(trip.type) === undefined) return { kind: "refused", reason: "trip-unreadable" };
  // Somebody else's beginning would be lost with it.
  if (openEntry(trip) !== undefined) return { kind: "refused", reason: "held-already" };
  return {
    kind: "charge",
    amount,
    writes: (at) => ({ trip: entryRecord(placeAt(place, at), { balance: at.balance, maximumFare: amount, maximumTime: "0000" }) }),
    detail: { place: place.place },
  };
}

function quoteCompletion(place: HoldPlace, amount: Fen, { trip }: TransitView): Quote {
  if (trip !== undefined && tripMeaning(trip.type) === undefined) return { kind: "refused", reason: "trip-unreadable" };
  const held = openEntry(trip);
  // A journey that the same operator has let somebody begin is no held amount: its exit ends it.
  const isOurs = held?.city === place.city && held.acquirer === place.acquirer && held.industry === place.industry;
  if (held === undefined || !isOurs) return { kind: "refused", reason: "nothing-held" };
  if (amount > held.maximumFare) return { kind: "refused", reason: "above-hold" };
  return {
    kind: "charge",
    amount,
    writes: (at) => ({
      trip: fareRecord(placeAt(place, at), { kind: "exit", amount, balance: amount <= at.balance ? subtractFen(at.balance, amount) : ZERO_FEN }),
    }),
    detail: { place: place.place, heldSince: held.date + held.time, owed: true },
    isOwed: true,
  };
}

function placeAt({ place, industry, city, acquirer }: HoldPlace, { terminalNumber, date, time }: WrittenAt): TripPlace {
  return { terminalNumber, industry, place, date, time, city, acquirer };
}
