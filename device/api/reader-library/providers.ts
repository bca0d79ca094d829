/*
 * What differs between the reader libraries that programs were written for, as one table. A program keeps the strings and numbers of the provider
 * it was written for; a new provider is one more row. Spec: LD/T 33; LD/T 6001.
 */
import { CARD_BAS_ORDERS, type CardBasField } from "../../codec/read-card-bas.ts";
import type { ReaderLibraryConfig } from "../../config/reader-library.ts";

export interface LibraryProvider {
  /** Positions of the fields of iReadCardBas. */
  readonly basOrder: readonly CardBasField[];
  /** Letters of hexadecimal fields. */
  readonly hexadecimal: "upper" | "lower";
  /** Whether the first host step tells the number of the device behind the fields of the specification. */
  readonly stepDeviceNumber: boolean;
  /**
   * A PIN that was wrong or is locked: as the card's status word with its sign turned, which has the tries left in its last digit, or as the
   * library's own number. Both occur; the tries also stand in the output. Spec: LD/T 33, error codes.
   */
  readonly pinNumbers: "status-word" | "own";
  /** What the first host step says where the terminal's own module would do: that no host is needed, or the step all the same. */
  readonly stepsWhileModuleServes: "host-not-needed" | "serve";
  /** Figures in the output of iDoDebit: all three of the settlement, as its TAC has them, or the account's alone. */
  readonly debitFigures: "all" | "account";
}

const STANDARD: LibraryProvider = {
  basOrder: CARD_BAS_ORDERS.standard,
  hexadecimal: "upper",
  stepDeviceNumber: true,
  pinNumbers: "status-word",
  stepsWhileModuleServes: "host-not-needed",
  debitFigures: "all",
};

export type ProviderName = ReaderLibraryConfig["provider"];

export const PROVIDERS: Readonly<Record<ProviderName, LibraryProvider>> = {
  standard: STANDARD,
  "number-first": { ...STANDARD, basOrder: CARD_BAS_ORDERS.numberFirst },
  "own-pin-numbers": { ...STANDARD, pinNumbers: "own", stepsWhileModuleServes: "serve" },
};
