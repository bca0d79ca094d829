/* The purse application as plain data: what its maker put in, and what it keeps. */
import type { KeyAlgorithm } from "../../crypto/blocks.ts";

/** The two stores of money of one purse application. Spec: PBOC purse, commands. */
export type BookName = "e-purse" | "e-passbook";

/** The proof that GET TRANSACTION PROVE gives out. */
export interface StoredProof {
  readonly type: number;
  /** Already in the card's sequence mode. */
  readonly seq: number;
  readonly mac: string;
  readonly tac: string;
}

/** The e-passbook beside the e-purse. */
export interface PassbookData {
  readonly initialBalanceFen: number;
  readonly overdraftLimitFen: number;
}

/** A transit account: the compound purchase, and files of the industry. */
export interface TransitData {
  /** Whose card it is: the transport ministry's (T-Union) or the housing ministry's. */
  readonly scheme: "t-union" | "housing";
  /** The 9-byte code that 80 CA 00 00 09 gives. */
  readonly authenticationCodeHex: string;
  /** Balances come with bit 32 set, as on some cards; it says nothing. */
  readonly balanceFlag?: boolean;
  /** Compound purchases of nothing leave no line in the log, as cards are free to do. */
  readonly entriesUnlogged?: true;
}

/** The keys of PIN and maintenance commands. */
export interface MaintenanceData {
  /** Identifier of the unlock key and of the reload key in PIN UNBLOCK and RELOAD PIN. */
  readonly keyId: number;
  readonly unlockHex: string;
  readonly reloadHex: string;
  /** MACs of blocks and of file updates. */
  readonly applicationHex: string;
}

export interface GreyLockData {
  readonly lockHex: string;
  readonly unlockHex: string;
}

/** Who may write a file: nobody, anybody with a MAC, or a compound purchase as well. */
export type PurseFileUpdate = "never" | "mac" | "compound";

/** A file of the purse application beside EF15 and EF18. */
export type PurseFileData =
  | { readonly kind: "transparent"; readonly id: number; readonly read: "free" | "pin"; readonly update: PurseFileUpdate; readonly contentHex: string }
  /** Records with an identifier (their first byte) or a number; all of one length. Cyclic: the newest is number 1, and identifier 00 adds one. */
  | {
      readonly kind: "records" | "cyclic";
      readonly id: number;
      readonly read: "free" | "pin";
      readonly update: PurseFileUpdate;
      readonly recordBytes: number;
      readonly recordsMax: number;
      readonly recordsHex: readonly string[];
    };

export interface PurseData {
  readonly aidHex: string;
  /** Further names of the same application. */
  readonly aliasAidsHex?: readonly string[];
  readonly algorithm: KeyAlgorithm;
  readonly issuerHex: string;
  readonly applicationType: number;
  /** Version of a purse; of a transit account, whether it is in use (01) or not yet (00). */
  readonly applicationVersion: number;
  readonly serialHex: string;
  readonly startDate: string;
  readonly endDate: string;
  readonly keyIndex: number;
  readonly keyVersion: number;
  readonly dpkHex: string;
  readonly dtkHex: string;
  readonly dlkHex: string;
  /** How far the e-purse may go below zero; absent: not at all. */
  readonly overdraftLimitFen?: number;
  readonly passbook?: PassbookData;
  readonly transit?: TransitData;
  readonly maintenance?: MaintenanceData;
  readonly greyLock?: GreyLockData;
  readonly files?: readonly PurseFileData[];
}

export interface PassbookMemory {
  /** Below zero by as much as is overdrawn. */
  readonly balanceFen: number;
  readonly onlineSeq: number;
  readonly offlineSeq: number;
}

/** Where a proof is kept: one for each counter. The e-purse's offline counter has its own place in the card's memory. */
export type ProofSlot = "purseLoad" | "passbookLoad" | "passbookDebit";

/** A lock that is not resolved yet; it outlives power. */
export interface GreyLock {
  readonly book: BookName;
  /** Session key of the lock, for the GMAC. */
  readonly sessionKeyHex: string;
  readonly balanceFen: number;
  /** Sequence of the lock, before its increment. */
  readonly seq: number;
  readonly terminalNumber: string;
  readonly terminalSeq: number;
  readonly date: string;
  readonly time: string;
  readonly mac2: string;
  readonly tac: string;
}

/** What the purse application keeps beside balance, sequences, log and proof of the e-purse. */
export interface PurseMemory {
  readonly passbook?: PassbookMemory;
  readonly proofs?: { readonly [Slot in ProofSlot]?: StoredProof };
  /** The PIN as VERIFY carries it, in hexadecimal; absent when none is set. */
  readonly pinHex?: string;
  readonly pinTriesLeft: number;
  readonly reloadTriesLeft: number;
  readonly unlockTriesLeft: number;
  readonly unblockTriesLeft: number;
  readonly block?: "temporary" | "permanent" | undefined;
  readonly greyLock?: GreyLock | undefined;
  /** What became of the grey lock that was resolved last, as long as nobody has confirmed it (GET LOCK PROOF). */
  readonly greyUnread?: GreyLock | undefined;
  /** Contents that were written since the card was made, by file identifier in hexadecimal: one text for a transparent file, one for each record. */
  readonly written?: Readonly<Record<string, readonly string[]>>;
}
