/* Issuer application data (9F10) with the card verification results inside. Spec: JR/T 0025, issuer application data. */
import { type Bytes, toHex } from "../base/bytes.ts";
import { type Fen, fen } from "../base/fen.ts";
import type { BitNames } from "./bit-names.ts";

/** What the card decided: approved offline, wants the host, declined. */
export type CardDecision = "TC" | "ARQC" | "AAC";

export type CardResult =
  | "issuer-authentication-failed"
  | "offline-pin-performed"
  | "offline-pin-failed"
  | "online-impossible"
  | "last-online-incomplete"
  | "pin-tries-exceeded"
  | "velocity-exceeded"
  | "new-card"
  | "last-issuer-authentication-failed"
  | "issuer-authentication-missing"
  | "blocked-for-pin"
  | "last-static-authentication-failed"
  | "script-failed"
  | "last-dynamic-authentication-failed"
  | "dynamic-authentication-performed";

/** Bits of the three bytes of the CVR besides the two decisions. Bits other than those of the decisions and of the velocity check are from memory. */
export const CVR_BITS: BitNames<CardResult> = {
  "issuer-authentication-failed": [1, 4],
  "offline-pin-performed": [1, 3],
  "offline-pin-failed": [1, 2],
  "online-impossible": [1, 1],
  "last-online-incomplete": [2, 8],
  "pin-tries-exceeded": [2, 7],
  "velocity-exceeded": [2, 6],
  "new-card": [2, 5],
  "last-issuer-authentication-failed": [2, 4],
  "issuer-authentication-missing": [2, 3],
  "blocked-for-pin": [2, 2],
  "last-static-authentication-failed": [2, 1],
  "script-failed": [3, 4],
  "last-dynamic-authentication-failed": [3, 3],
  "dynamic-authentication-performed": [3, 2],
};

/** Amounts that some cards add, authenticated by a MAC of their own. Each is 5 bytes of digits. */
export interface IssuerAmounts {
  /** 1 balance, 2 total spent, 3 both, 4 total spent and its limit, 5 available amount. */
  readonly kind: number;
  readonly amounts: readonly Fen[];
  /** 4 bytes. */
  readonly mac: Bytes;
}

export interface IssuerApplicationData {
  /** Index of the key under which the cryptogram was made. */
  readonly keyIndex: number;
  readonly cryptogramVersion: number;
  /** CVR without its length byte, 3 bytes. */
  readonly cardResults: Bytes;
  readonly decision: CardDecision;
  /** The decision of the second GENERATE AC; undefined when there was none. */
  readonly secondDecision?: CardDecision;
  readonly algorithm: number;
  readonly amounts?: IssuerAmounts;
  /** The whole 9F10, as the host wants it. */
  readonly raw: Bytes;
}

const DECISIONS: readonly (CardDecision | undefined)[] = ["AAC", "TC", "ARQC", undefined];
const HEAD_LENGTH = 8;
const CVR_LENGTH = 3;
const AMOUNT_LENGTH = 5;
const MAC_LENGTH = 4;

/** Reads 9F10; undefined for what has not its form. Amounts of an unknown kind are left out, the rest still counts. Never throws. */
export function parseIssuerApplicationData(raw: Bytes): IssuerApplicationData | undefined {
  const [length = 0, keyIndex = 0, cryptogramVersion = 0, resultsLength = 0, results = 0] = raw;
  if (raw.length < HEAD_LENGTH || length !== HEAD_LENGTH - 1 || resultsLength !== CVR_LENGTH) return undefined;
  const decision = DECISIONS[(results >>> 4) & 0x03];
  if (decision === undefined) return undefined;
  const second = results >>> 6;
  const secondDecision = second === 0b10 ? undefined : DECISIONS[second];
  const amounts = parseAmounts(raw.subarray(HEAD_LENGTH));
  return {
    keyIndex,
    cryptogramVersion,
    cardResults: raw.slice(4, 7),
    decision,
    algorithm: raw[7] ?? 0,
    raw: raw.slice(),
    ...(secondDecision === undefined ? {} : { secondDecision }),
    ...(amounts === undefined ? {} : { amounts }),
  };
}

/** Cards write the amounts with and without a length byte in front; the kinds 1 to 5 and the two possible lengths cannot be taken for each other. */
function parseAmounts(bytes: Bytes): IssuerAmounts | undefined {
  const body = bytes[0] === bytes.length - 1 ? bytes.subarray(1) : bytes;
  const kind = body[0] ?? 0;
  const count = kind === 3 || kind === 4 ? 2 : 1;
  if (kind < 1 || kind > 5 || body.length !== 1 + count * AMOUNT_LENGTH + MAC_LENGTH) return undefined;
  const amounts: Fen[] = [];
  for (let index = 0; index < count; index += 1) {
    const digits = toHex(body.subarray(1 + index * AMOUNT_LENGTH, 1 + (index + 1) * AMOUNT_LENGTH));
    if (!/^\d+$/.test(digits)) return undefined;
    amounts.push(fen(Number(digits)));
  }
  return { kind, amounts, mac: body.slice(-MAC_LENGTH) };
}
