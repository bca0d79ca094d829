/* Answers of the grey lock as meaning. Every parser takes any bytes, never throws, and gives undefined for what has not its form. */
import { type Bytes, readUint } from "../../base/bytes.ts";
import { type Fen, fen } from "../../base/fen.ts";

export const GREY_LOCK_LENGTH = 8;
export const GREY_DEBIT_LENGTH = 4;
export const GREY_UNLOCK_OPENING_LENGTH = 18;

/** Answer to GREY LOCK. */
export interface GreyLockProof {
  readonly kind: "ok";
  /** 4 bytes: the TAC of the lock itself (GTAC), for the host. */
  readonly lockTac: Bytes;
  /** 4 bytes, for the module. */
  readonly mac2: Bytes;
}

/** Answer to DEBIT FOR UNLOCK. */
export interface GreyDebitProof {
  readonly kind: "ok";
  /** 4 bytes. */
  readonly tac: Bytes;
}

/** Answer to INITIALIZE FOR GREY UNLOCK: what the host needs to make MAC2. */
export interface GreyUnlockOpening {
  readonly kind: "ok";
  readonly balance: Fen;
  readonly offlineSequence: number;
  readonly onlineSequence: number;
  readonly keyVersion: number;
  readonly algorithm: number;
  /** 4 bytes. */
  readonly cardRandom: Bytes;
  /** 4 bytes, for the host. */
  readonly mac1: Bytes;
}

/** Answer to GREY UNLOCK; the second code is there only where the card gives 8 bytes. */
export interface GreyUnlockProof {
  readonly kind: "ok";
  /** 4 bytes. */
  readonly tac: Bytes;
  /** 4 bytes. */
  readonly mac?: Bytes;
}

/** The answer to GREY LOCK: GTAC, then MAC2. Spec: PBOC purse, grey lock. */
export function parseGreyLock(data: Bytes): GreyLockProof | undefined {
  return data.length === GREY_LOCK_LENGTH ? { kind: "ok", lockTac: data.slice(0, 4), mac2: data.slice(4, 8) } : undefined;
}

/** The answer to DEBIT FOR UNLOCK. Spec: PBOC purse, grey lock. */
export function parseGreyDebit(data: Bytes): GreyDebitProof | undefined {
  return data.length === GREY_DEBIT_LENGTH ? { kind: "ok", tac: data.slice() } : undefined;
}

/** The answer to INITIALIZE FOR GREY UNLOCK. Spec: PBOC purse, grey lock. */
export function parseGreyUnlockOpening(data: Bytes): GreyUnlockOpening | undefined {
  if (data.length !== GREY_UNLOCK_OPENING_LENGTH) return undefined;
  return {
    kind: "ok",
    balance: fen(readUint(data, 0, 4)),
    offlineSequence: readUint(data, 4, 2),
    onlineSequence: readUint(data, 6, 2),
    keyVersion: readUint(data, 8, 1),
    algorithm: readUint(data, 9, 1),
    cardRandom: data.slice(10, 14),
    mac1: data.slice(14, 18),
  };
}

/** The answer to GREY UNLOCK, 4 or 8 bytes as the profile says: the TAC comes first. Spec: PBOC purse, grey lock. */
export function parseGreyUnlock(data: Bytes, length: 4 | 8): GreyUnlockProof | undefined {
  if (data.length !== length) return undefined;
  const tac = data.slice(0, 4);
  return length === 8 ? { kind: "ok", tac, mac: data.slice(4, 8) } : { kind: "ok", tac };
}
