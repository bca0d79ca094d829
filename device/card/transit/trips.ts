/* What trip records mean, and the records that a gate or a bus writes. Spec: JT/T 978, EF1E. */
import { type Fen, ZERO_FEN } from "../../base/fen.ts";
import type { TripRecord } from "./types.ts";

export type TripKind = "entry" | "exit" | "single" | "fare-adjustment" | "recharge";

export interface TripMeaning {
  readonly kind: TripKind;
  readonly money: "electronic-cash" | "purse";
}

/**
 * Types 01 to 0A in their order: in and out, first for electronic cash, then for the purse. The later ones come in pairs, electronic cash
 * first (inferred).
 */
const MEANINGS: readonly TripMeaning[] = [
  { kind: "entry", money: "electronic-cash" },
  { kind: "exit", money: "electronic-cash" },
  { kind: "entry", money: "purse" },
  { kind: "exit", money: "purse" },
  { kind: "single", money: "electronic-cash" },
  { kind: "single", money: "purse" },
  { kind: "fare-adjustment", money: "electronic-cash" },
  { kind: "fare-adjustment", money: "purse" },
  { kind: "recharge", money: "electronic-cash" },
  { kind: "recharge", money: "purse" },
];

/** Meaning of a trip record's type byte, or undefined for one that the specification does not name. */
export function tripMeaning(type: number): TripMeaning | undefined {
  return MEANINGS[type - 1];
}

/** The type byte of a meaning. */
export function tripType({ kind, money }: TripMeaning): number {
  return MEANINGS.findIndex((meaning) => meaning.kind === kind && meaning.money === money) + 1;
}

/** Industries of trip records. */
export const INDUSTRY = { metro: 0x01, bus: 0x02 } as const;

/** Where and when a record is written. */
export interface TripPlace {
  /** 12 hexadecimal digits: the module's terminal number. */
  readonly terminalNumber: string;
  readonly industry: number;
  /** 8 hexadecimal digits: line and station. */
  readonly place: string;
  /** 6 hexadecimal digits; left out: zeros. */
  readonly placeExtension?: string;
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
  /** 4 hexadecimal digits. */
  readonly city: string;
  /** 16 hexadecimal digits. */
  readonly acquirer: string;
}

/** Bounds that the next gate reads: what a ride costs at most, and how long it may take. */
export interface TripBounds {
  readonly maximumFare: Fen;
  /** 4 hexadecimal digits. */
  readonly maximumTime: string;
}

function tripAt(place: TripPlace): Pick<TripRecord, "terminalNumber" | "industry" | "place" | "placeExtension" | "date" | "time" | "city" | "acquirer"> {
  const { terminalNumber, industry, placeExtension = "000000", date, time, city, acquirer } = place;
  // The record has room for 8 bytes; terminal numbers have 6 and stand on the right.
  return { terminalNumber: terminalNumber.padStart(16, "0"), industry, place: place.place, placeExtension, date, time, city, acquirer };
}

/** The record of an entry: no money yet, the balance as it is. */
export function entryRecord(place: TripPlace, card: { readonly balance: Fen } & TripBounds): TripRecord {
  const { balance, maximumFare, maximumTime } = card;
  return { type: tripType({ kind: "entry", money: "purse" }), ...tripAt(place), amount: ZERO_FEN, balance, maximumFare, maximumTime };
}

/** The record of money taken: an exit, a single ride, a fare adjustment. `balance` is the one after it. */
export function fareRecord(
  place: TripPlace,
  fare: { readonly kind: Exclude<TripKind, "entry">; readonly amount: Fen; readonly balance: Fen } & Partial<TripBounds>,
): TripRecord {
  const { kind, amount, balance, maximumFare = ZERO_FEN, maximumTime = "0000" } = fare;
  return { type: tripType({ kind, money: "purse" }), ...tripAt(place), amount, balance, maximumFare, maximumTime };
}

/** Whether the newest record of a card says that its holder is inside: an entry that nothing has ended. */
export function openEntry(newest: TripRecord | undefined): TripRecord | undefined {
  return newest !== undefined && tripMeaning(newest.type)?.kind === "entry" ? newest : undefined;
}
