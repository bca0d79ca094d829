/*
 * Prices that only the card decides: where it got in, how long ago, what it has paid today. The flow shows a tariff what the card has said, and
 * is told what to take and what to write; the tariff is pure and knows no card, no module and no disk.
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Fen } from "../../base/fen.ts";
import type { TripRecord } from "../../card/transit/types.ts";
import type { JsonObject } from "../journal/types.ts";

/** What a card says of its holder's journey. */
export interface TransitView {
  readonly scheme: "t-union" | "housing" | "electronic-cash";
  /** The card's own name for the purse: for windows and books, never for a log. */
  readonly cardName: string;
  /** Hexadecimal; "" where the card does not say. */
  readonly issuer: string;
  /** By which concessions are given; 0 where the card does not say. */
  readonly cardType: number;
  /** The newest record of a journey; undefined where the card holds none. */
  readonly trip: TripRecord | undefined;
  /** Content of the operator's own record (transfers, caps); undefined where the card has none, or none was asked for. */
  readonly riderRecord: Bytes | undefined;
}

/** What is known only when the record is written: the sale's own time, and what the card holds before the debit. */
export interface WrittenAt {
  /** YYYYMMDD. */
  readonly date: string;
  /** HHMMSS. */
  readonly time: string;
  /** 12 hexadecimal digits: the module's terminal number. */
  readonly terminalNumber: string;
  /** What the purse holds before the debit. */
  readonly balance: Fen;
}

/** What is written together with the debit, or not at all. */
export interface TripWrites {
  /** Names terminal, date and time of {@link WrittenAt}, as entryRecord and fareRecord do: by them the card's own record is known again after a power cut. */
  readonly trip: TripRecord;
  /** New content of the operator's own record, of the length that was read. */
  readonly riderRecord?: Bytes;
}

/** Take this, and write that. An amount of zero writes only. */
export interface Charge {
  readonly kind: "charge";
  readonly amount: Fen;
  /** The holder's own money that must be on the purse for it: less is refused as "balance-too-low". Left out: the amount alone decides. */
  readonly minimumBalance?: Fen;
  writes(at: WrittenAt): TripWrites;
  /** How the price came about, for the record. No personal data. */
  readonly detail: JsonObject;
  /**
   * What it is taken for was had before: rules and limits of the place, which have judged its beginning, could only keep the holder inside or its money
   * from whom it is owed. They do not stand against it; lists of cards do.
   */
  readonly isOwed?: true;
}

/** Why a journey is not sold. Stable words: they stand in answers and on the gate's display. */
export type TariffReason =
  /** The same card was let in here a moment ago. */
  | "pass-back"
  /** Paid a moment ago, and its passage is still to come: nothing is charged again. */
  | "paid-already"
  | "entry-twice"
  | "exit-without-entry"
  | "over-time"
  | "no-fare"
  | "trip-unreadable"
  /** Less on the purse than a journey needs at its beginning. */
  | "balance-too-low"
  /** This way of paying knows no journeys, only rides that begin and end with one tap. */
  | "journey-not-offered"
  /** Held and completed amounts: somebody holds there already, nothing of this operator is held, or less than is asked for. */
  | "held-already"
  | "nothing-held"
  | "above-hold"
  /** Neither this city's nor open to others. */
  | "not-interoperable"
  /** Not the card that the sale was begun with. */
  | "another-card";

export type Quote = Charge | { readonly kind: "refused"; readonly reason: TariffReason };

export interface Tariff {
  /** Identifier of the operator's own record, four hexadecimal digits; absent: none is read. */
  readonly riderRecord?: string;
  /** Asked once for each presentation of a card, after earlier sales of the card were settled. Never throws. */
  quote(view: TransitView): Quote;
}
