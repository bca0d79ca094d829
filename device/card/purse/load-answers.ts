/* Answers of a load as meaning. Every parser takes any bytes, never throws, and gives undefined for what has not its form. */
import { type Bytes, readUint } from "../../base/bytes.ts";
import { type Fen, fen } from "../../base/fen.ts";

export const LOAD_OPENING_LENGTH = 16;
export const LOAD_CODE_LENGTH = 4;

/** Answer to INITIALIZE FOR LOAD: what the host needs to make MAC2. */
export interface LoadOpening {
  readonly kind: "ok";
  readonly balance: Fen;
  /** Online sequence before the increment, as the TAC and the session key use it. */
  readonly onlineSequence: number;
  readonly keyVersion: number;
  readonly algorithm: number;
  /** 4 bytes. */
  readonly cardRandom: Bytes;
  /** 4 bytes, for the host: only it has the key. */
  readonly mac1: Bytes;
}

/** Answer to CREDIT FOR LOAD. */
export interface LoadProof {
  readonly kind: "ok";
  /** 4 bytes. */
  readonly tac: Bytes;
}

/** The answer to INITIALIZE FOR LOAD. Spec: PBOC purse, INITIALIZE FOR LOAD. */
export function parseLoadOpening(data: Bytes): LoadOpening | undefined {
  if (data.length !== LOAD_OPENING_LENGTH) return undefined;
  return {
    kind: "ok",
    balance: fen(readUint(data, 0, 4)),
    onlineSequence: readUint(data, 4, 2),
    keyVersion: readUint(data, 6, 1),
    algorithm: readUint(data, 7, 1),
    cardRandom: data.slice(8, 12),
    mac1: data.slice(12, 16),
  };
}

/** The answer to CREDIT FOR LOAD. Spec: PBOC purse, CREDIT FOR LOAD. */
export function parseLoadProof(data: Bytes): LoadProof | undefined {
  return data.length === LOAD_CODE_LENGTH ? { kind: "ok", tac: data.slice() } : undefined;
}
