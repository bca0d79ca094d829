/*
 * Goal: a card that comes back is asked for as little as it can be.
 * Method: what stays the same from tap to tap is kept by account number: the records that a verified signature has vouched for, and the
 * place where cards of this town keep their number. In memory only, bounded, the least recently seen card forgotten first. What is kept
 * decides nothing by itself: each tap still ends with a signature over its own number, under the key in these records.
 */
import type { RecordName } from "../../codec/afl.ts";
import type { HeldRecords } from "./commands.ts";

/** Cards that are kept: with six records of 250 bytes each, a little over a megabyte. */
export const KNOWN_CARDS_MAX = 1_024;
/** Records of one card that are kept; cards in the field have four to eight before the last one. */
const RECORDS_MAX = 16;
const NONE: HeldRecords = new Map();

type Place = Pick<RecordName, "sfi" | "number">;

export class KnownCashCards {
  readonly #cards = new Map<string, HeldRecords>();
  #identityPlace: Place | undefined;

  /** Where the last card kept its account number; tried first with the next one. */
  get identityPlace(): Place | undefined {
    return this.#identityPlace;
  }

  foundIdentityAt({ sfi, number }: Place): void {
    this.#identityPlace = { sfi, number };
  }

  /** Records of this account; empty for one that is not known. */
  recordsOf(accountNumber: string): HeldRecords {
    const known = this.#cards.get(accountNumber);
    if (known === undefined) return NONE;
    this.#cards.delete(accountNumber);
    this.#cards.set(accountNumber, known);
    return known;
  }

  /** Keeps records of a card that has just been proved genuine, in the place of those that were known. */
  keep(accountNumber: string, records: HeldRecords): void {
    this.#cards.delete(accountNumber);
    if (records.size > RECORDS_MAX) return;
    if (this.#cards.size >= KNOWN_CARDS_MAX) {
      const [oldest] = this.#cards.keys();
      if (oldest !== undefined) this.#cards.delete(oldest);
    }
    this.#cards.set(accountNumber, new Map(records));
  }

  /** The next tap of this card reads everything anew: the card did not go along with what was kept, or has changed. */
  forget(accountNumber: string): void {
    this.#cards.delete(accountNumber);
  }
}
