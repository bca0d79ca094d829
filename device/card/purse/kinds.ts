/*
 * What the type byte of a transaction says: what was done, in which purse, and with which of the purse's counters it is numbered.
 * Spec: PBOC purse, transaction types.
 */
import type { PurseName } from "./types.ts";

export type TransactionKind =
  | "load"
  | "unload"
  | "cash-withdrawal"
  | "purchase"
  | "overdraft-change"
  | "compound-purchase"
  | "grey-lock"
  | "grey-debit"
  | "grey-unlock";

export interface TransactionType {
  readonly kind: TransactionKind;
  /** Undefined where the type does not say it. */
  readonly purse: PurseName | undefined;
  /** Every purse counts what is done with the host and what is done without it separately, so that their numbers must never be compared. */
  readonly counter: "online" | "offline";
}

const TYPES: Readonly<Record<number, TransactionType>> = {
  1: { kind: "load", purse: "e-passbook", counter: "online" },
  2: { kind: "load", purse: "e-purse", counter: "online" },
  3: { kind: "unload", purse: "e-passbook", counter: "online" },
  4: { kind: "cash-withdrawal", purse: "e-passbook", counter: "offline" },
  5: { kind: "purchase", purse: "e-passbook", counter: "offline" },
  6: { kind: "purchase", purse: "e-purse", counter: "offline" },
  7: { kind: "overdraft-change", purse: "e-passbook", counter: "online" },
  9: { kind: "compound-purchase", purse: undefined, counter: "offline" },
  145: { kind: "grey-lock", purse: "e-passbook", counter: "offline" },
  146: { kind: "grey-lock", purse: "e-purse", counter: "offline" },
  147: { kind: "grey-debit", purse: "e-passbook", counter: "offline" },
  148: { kind: "grey-debit", purse: "e-purse", counter: "offline" },
  149: { kind: "grey-unlock", purse: "e-passbook", counter: "online" },
  150: { kind: "grey-unlock", purse: "e-purse", counter: "online" },
};

/** Meaning of a type byte, or undefined for one that the specification does not name. */
export function transactionType(type: number): TransactionType | undefined {
  return TYPES[type];
}

/** Type bytes of what a terminal does with each purse. */
export const TYPE_OF: Readonly<Record<PurseName, Readonly<Record<"load" | "purchase" | "greyLock" | "greyDebit" | "greyUnlock", number>>>> = {
  "e-passbook": { load: 0x01, purchase: 0x05, greyLock: 0x91, greyDebit: 0x93, greyUnlock: 0x95 },
  "e-purse": { load: 0x02, purchase: 0x06, greyLock: 0x92, greyDebit: 0x94, greyUnlock: 0x96 },
};
