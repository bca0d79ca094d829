/*
 * Invalid lists (黑名单) as everybody but their keeper sees them: a question that is answered at once, and what is known of their age.
 * Three levels stand beside each other (national, province, city); a card is listed when any of them names it.
 */

export type ListLevel = "national" | "province" | "city";

/** What a number is; the same digits of another kind are another entry. */
export type ListedNumber = "purse-serial" | "card-identifier" | "card-number" | "account-number";

export interface ListKey {
  readonly number: ListedNumber;
  /** Digits or hexadecimal digits, as the card gives them. */
  readonly value: string;
}

/**
 * "exact": this very number. "range": it lies between two listed ones. "temporary-loss": reported lost (临时挂失), lapses by rule. "debt": owes
 * an earlier journey. `blockOrdered`: an exact entry that came with a signed order to block the card; never set for any other.
 */
export interface ListHit {
  /** "local": this terminal's own list, of losses that were reported here. */
  readonly level: ListLevel | "local";
  readonly how: "exact" | "range" | "temporary-loss" | "debt";
  readonly blockOrdered: boolean;
}

export interface ListState {
  readonly level: ListLevel;
  /** Number of the newest version taken; 0: none. */
  readonly sequence: number;
  readonly entries: number;
  /** Host time at which that version was true; undefined: none. */
  readonly issuedMs: number | undefined;
}

export interface InvalidLists {
  /** The gravest hit of these numbers of one card, or undefined. Takes microseconds and never waits, also while a new version is made. */
  find(keys: readonly ListKey[]): ListHit | undefined;
  states(): readonly ListState[];
}
