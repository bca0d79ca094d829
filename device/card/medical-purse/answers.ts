/* Answers of the medical purse as meaning. Every parser takes any bytes, never throws, and gives undefined for what has not its form. */
import { type Bytes, readUint, toHex } from "../../base/bytes.ts";
import { type Fen, fen, ZERO_FEN } from "../../base/fen.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type {
  MedicalDebitProof,
  MedicalLoadOpening,
  MedicalLoadProof,
  MedicalLogEntry,
  MedicalMode,
  MedicalPurchaseOpening,
  MedicalRefusalReason,
  MedicalTransaction,
} from "./types.ts";

export const FULL_LOG_LENGTH = 28;
export const ACCOUNT_LOG_LENGTH = 20;
export const ACCOUNT_BALANCE_LENGTH = 4;
export const YEARLY_BALANCE_LENGTH = 6;
export const PURCHASE_OPENING_LENGTH = 22;
export const LOAD_OPENING_LENGTH = 16;
export const PROOF_LENGTH = 8;
export const LOAD_PROOF_LENGTH = 4;
export const START_DAY_LENGTH = 2;

/** The length that a log record must have for a mode; "fromRecord" takes either. */
const MODE_OF_LENGTH: Readonly<Record<CardProfile["medicalLogMode"], ReadonlyMap<number, MedicalMode>>> = {
  fromRecord: new Map([
    [FULL_LOG_LENGTH, "full"],
    [ACCOUNT_LOG_LENGTH, "account-only"],
  ]),
  full28: new Map([[FULL_LOG_LENGTH, "full"]]),
  accountOnly20: new Map([[ACCOUNT_LOG_LENGTH, "account-only"]]),
};

/** A record of DF04/08, or "unwritten" for one that holds only its filling. Spec: LD/T 32.5, DF04/08. */
export function parseMedicalLogEntry(data: Bytes, logMode: CardProfile["medicalLogMode"]): MedicalLogEntry | "unwritten" | undefined {
  const mode = MODE_OF_LENGTH[logMode].get(data.length);
  if (mode === undefined) return undefined;
  if (data.every((byte) => byte === 0x00) || data.every((byte) => byte === 0xff)) return "unwritten";
  const typeByte = readUint(data, 2, 1);
  return {
    sequence: readUint(data, 0, 2),
    transaction: transactionOf(typeByte),
    typeByte,
    terminalNumber: toHex(data.subarray(3, 9)),
    date: toHex(data.subarray(9, 13)),
    time: toHex(data.subarray(13, 16)),
    account: amountAt(data, 16),
    selfPay: mode === "full" ? amountAt(data, 20) : ZERO_FEN,
    pooled: mode === "full" ? amountAt(data, 24) : ZERO_FEN,
    mode,
  };
}

/** The log names the type by a character; a number is taken too, because that is how one region's MACs have it. */
function transactionOf(typeByte: number): MedicalTransaction | "other" {
  if (typeByte === 0x31 || typeByte === 0x01) return "load";
  return typeByte === 0x32 || typeByte === 0x02 ? "purchase" : "other";
}

/** GET BALANCE of the account: 4 bytes. */
export function parseAccountBalance(data: Bytes): Fen | undefined {
  return data.length === ACCOUNT_BALANCE_LENGTH ? amountAt(data, 0) : undefined;
}

/** GET BALANCE of a yearly total: the total, then the year. */
export function parseYearlyBalance(data: Bytes): { readonly total: Fen; readonly payYear: string } | undefined {
  return data.length === YEARLY_BALANCE_LENGTH ? { total: amountAt(data, 0), payYear: toHex(data.subarray(4, 6)) } : undefined;
}

/** The answer to INITIALIZE FOR PURCHASE. */
export function parsePurchaseOpening(data: Bytes): MedicalPurchaseOpening | undefined {
  if (data.length !== PURCHASE_OPENING_LENGTH) return undefined;
  return {
    kind: "ok",
    balances: { account: amountAt(data, 0), selfPayTotal: amountAt(data, 4), pooledTotal: amountAt(data, 8), payYear: toHex(data.subarray(12, 14)) },
    cardSequence: readUint(data, 14, 2),
    keyVersion: readUint(data, 16, 1),
    algorithm: readUint(data, 17, 1),
    cardRandom: data.slice(18, 22),
  };
}

/** The answer to INITIALIZE FOR LOAD. */
export function parseLoadOpening(data: Bytes): MedicalLoadOpening | undefined {
  if (data.length !== LOAD_OPENING_LENGTH) return undefined;
  return {
    kind: "ok",
    account: amountAt(data, 0),
    cardSequence: readUint(data, 4, 2),
    keyVersion: readUint(data, 6, 1),
    algorithm: readUint(data, 7, 1),
    cardRandom: data.slice(8, 12),
    mac1: data.slice(12, 16),
  };
}

/** The answer to DEBIT FOR PURCHASE: TAC, then MAC2. */
export function parseMedicalDebit(data: Bytes): MedicalDebitProof | undefined {
  return data.length === PROOF_LENGTH ? { kind: "ok", tac: data.slice(0, 4), mac2: data.slice(4, 8) } : undefined;
}

/** The answer to GET TRANSACTION PROOF: MAC2, then TAC, the other way round than DEBIT. */
export function parseMedicalProof(data: Bytes): MedicalDebitProof | undefined {
  return data.length === PROOF_LENGTH ? { kind: "ok", mac2: data.slice(0, 4), tac: data.slice(4, 8) } : undefined;
}

/** The answer to CREDIT FOR LOAD. */
export function parseMedicalCredit(data: Bytes): MedicalLoadProof | undefined {
  return data.length === LOAD_PROOF_LENGTH ? { kind: "ok", tac: data.slice(0, 4) } : undefined;
}

/** The first day of the benefit year, mmdd. */
export function parseStartDay(data: Bytes): string | undefined {
  return data.length === START_DAY_LENGTH ? toHex(data) : undefined;
}

const REASONS: ReadonlyMap<number, MedicalRefusalReason> = new Map([
  [0x6901, "out-of-order"],
  [0x6982, "pin-needed"],
  [0x9302, "mac-wrong"],
  [0x9303, "blocked"],
  [0x9401, "funds"],
  [0x9402, "counter-full"],
  [0x9403, "key-index"],
]);

/** What a status word of this application means. Spec: LD/T 32.5, 7 (error words). */
export function medicalRefusalReason(statusWord: number): MedicalRefusalReason {
  return REASONS.get(statusWord) ?? "other";
}

function amountAt(data: Bytes, at: number): Fen {
  return fen(readUint(data, at, 4));
}
