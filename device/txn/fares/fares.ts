/*
 * Fares as a gate asks for them. Tables are validated data; the computation is pure, in whole fen, and says which rows it used, so that a
 * passenger who asks gets an answer.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";

/** Civil time of the place. */
export interface CivilMoment {
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
}

/** A place of the network at a time: 8 hexadecimal digits, line 4 and station 4, as trip records have them. */
export interface RidePoint extends CivilMoment {
  readonly place: string;
}

/** What a card's earlier rides mean for the next one: caps already used, the ride that may be continued. Fits into one record of the card. */
export interface RiderState {
  /** Day that the day's figures are of, YYYYMMDD. */
  readonly day: string;
  readonly daySpent: Fen;
  readonly dayRides: number;
  /** Month that the month's figures are of, YYYYMM. */
  readonly month: string;
  readonly monthSpent: Fen;
  readonly monthRides: number;
  /** End of the last paid ride; absent where there is none to continue. */
  readonly last?: RidePoint & { readonly fare: Fen; readonly transfers: number };
}

/** One ride that ends here; `entry` is absent for a single fare (a bus, a gate without entry). */
export interface RideQuestion {
  readonly entry?: RidePoint;
  readonly exit: RidePoint;
  /** By which concessions are given. */
  readonly cardType: number;
  /** Absent where the card keeps none: no transfer discount and no cap then. */
  readonly rider?: RiderState;
}

export type RideAnswer =
  | {
      readonly kind: "fare";
      readonly fare: Fen;
      /** Before concessions, transfers and caps. */
      readonly fullFare: Fen;
      readonly overTime: boolean;
      /** Rows of the table that were used, in order, for example "distance/3", "time-band/peak", "cap/day". */
      readonly rows: readonly string[];
      /** What the card's record becomes. */
      readonly rider: RiderState;
    }
  | { readonly kind: "no-fare"; readonly why: "no-table" | "place-unknown" | "runs-back" };

/** What an entry needs to know of a table. */
export interface EntryTerms {
  /** What must be on the purse to be let in. */
  readonly minimumBalance: Fen;
  /** Written into the entry record: what is due where the ride is never ended. */
  readonly maximumFare: Fen;
  readonly maximumRideMinutes: number;
}

/** Tables by their days, the one in force chosen by the ride's own date. */
export interface FareBook {
  ride(question: RideQuestion): RideAnswer;
  /** Undefined: no table is in force, or it does not know the place. */
  entryTerms(at: RidePoint): EntryTerms | undefined;
  /** What is due at an exit without an entry, by the table's policy; undefined: such a holder is sent to the staff. */
  fareWithoutEntry(at: RidePoint, cardType: number): Fen | undefined;
}

/** The rider's record on the card, both ways. Parsing takes any bytes, never throws, and gives undefined for what is not of this form. */
export interface RiderRecordCodec {
  /** An unwritten record (all 00 or all FF) is an empty state. */
  parse(content: Bytes): RiderState | undefined;
  /** As long as `length`; the rest is zeros. */
  encode(state: RiderState, length: number): Bytes;
}
