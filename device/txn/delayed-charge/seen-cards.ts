/*
 * Goal: this terminal knows which cards it has charged before, in bounded room and without their numbers.
 * Method: durable marks, one for each slot of a table; a card's keyed hash picks its slot and stands in it. Another card of the same slot takes
 * its place, and the first one counts as new again: that refuses or limits a ride too many, and never one too few.
 */
import { toHex, utf8 } from "../../base/bytes.ts";
import type { CipherSuite, SecretKey } from "../../crypto/face.ts";
import type { Journal } from "../journal/types.ts";

/** Four hexadecimal digits of the hash. */
const SLOT_DIGITS = 4;
const HASH_BYTES = 16;

export interface SeenCards {
  /** Faults: those of the journal. */
  hasSeen(accountNumber: string): Promise<boolean>;
  /** To be made durable together with the record that charges the card. */
  markOf(accountNumber: string): { readonly name: string; readonly value: string };
}

export interface SeenCardsParts {
  readonly journal: Pick<Journal, "mark">;
  readonly suite: Pick<CipherSuite, "hmacSm3">;
  /** Hashes of account numbers are worth nothing without it. */
  readonly key: SecretKey;
}

export function openSeenCards({ journal, suite, key }: SeenCardsParts): SeenCards {
  const markOf: SeenCards["markOf"] = (accountNumber) => {
    const hash = toHex(suite.hmacSm3(key, utf8(`charged card ${accountNumber}`)).slice(0, HASH_BYTES));
    return { name: `charged-card/${hash.slice(0, SLOT_DIGITS)}`, value: hash.slice(SLOT_DIGITS) };
  };
  return {
    markOf,
    hasSeen: async (accountNumber) => {
      const { name, value } = markOf(accountNumber);
      return (await journal.mark(name)) === value;
    },
  };
}
