/* Answers of the e-purse as meaning. Every parser takes any bytes, never throws, and gives undefined for what has not its form. */
import { type Bytes, readUint, toHex } from "../../base/bytes.ts";
import { type Fen, fen } from "../../base/fen.ts";
import type { DebitProof, PurchaseOpening, PurseLogEntry, PursePublicData } from "./types.ts";

export const PUBLIC_DATA_LENGTH = 30;
export const LOG_ENTRY_LENGTH = 23;
export const BALANCE_LENGTH = 4;
export const OPENING_LENGTH = 15;
export const PROOF_LENGTH = 8;

/** EF15. Spec: PBOC purse, EF15. */
export function parsePublicData(data: Bytes): PursePublicData | undefined {
  if (data.length !== PUBLIC_DATA_LENGTH) return undefined;
  return {
    issuer: toHex(data.subarray(0, 8)),
    applicationType: readUint(data, 8, 1),
    applicationVersion: readUint(data, 9, 1),
    serial: toHex(data.subarray(10, 20)),
    startDate: toHex(data.subarray(20, 24)),
    endDate: toHex(data.subarray(24, 28)),
  };
}

/** A record of EF18, or "unwritten" for one that holds only its filling. Spec: PBOC purse, EF18. */
export function parseLogEntry(data: Bytes): PurseLogEntry | "unwritten" | undefined {
  if (data.length !== LOG_ENTRY_LENGTH) return undefined;
  if (data.every((byte) => byte === 0x00) || data.every((byte) => byte === 0xff)) return "unwritten";
  return {
    sequence: readUint(data, 0, 2),
    overdraftLimit: fen(readUint(data, 2, 3)),
    amount: fen(readUint(data, 5, 4)),
    type: readUint(data, 9, 1),
    terminalNumber: toHex(data.subarray(10, 16)),
    date: toHex(data.subarray(16, 20)),
    time: toHex(data.subarray(20, 23)),
  };
}

export function parseBalance(data: Bytes): Fen | undefined {
  return data.length === BALANCE_LENGTH ? fen(readUint(data, 0, 4)) : undefined;
}

/** The answer to INITIALIZE FOR PURCHASE. */
export function parseOpening(data: Bytes): PurchaseOpening | undefined {
  if (data.length !== OPENING_LENGTH) return undefined;
  return {
    kind: "ok",
    balance: fen(readUint(data, 0, 4)),
    cardSequence: readUint(data, 4, 2),
    overdraftLimit: fen(readUint(data, 6, 3)),
    keyVersion: readUint(data, 9, 1),
    algorithm: readUint(data, 10, 1),
    cardRandom: data.slice(11, 15),
  };
}

/** The answer to DEBIT FOR PURCHASE: TAC, then MAC2. */
export function parseDebit(data: Bytes): DebitProof | undefined {
  return data.length === PROOF_LENGTH ? { kind: "ok", tac: data.slice(0, 4), mac2: data.slice(4, 8) } : undefined;
}

/** The answer to GET TRANSACTION PROVE: MAC2, then TAC, the other way round than DEBIT. */
export function parseProve(data: Bytes): DebitProof | undefined {
  return data.length === PROOF_LENGTH ? { kind: "ok", mac2: data.slice(0, 4), tac: data.slice(4, 8) } : undefined;
}
