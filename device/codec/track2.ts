/* Track 2 equivalent data (57) and the account number in it. Spec: JR/T 0025, data element dictionary. */
import { type Bytes, toHex } from "../base/bytes.ts";

export interface Track2 {
  /** 8 to 19 digits; personal. */
  readonly accountNumber: string;
  /** YYMM. */
  readonly expiry: string;
  /** Three digits. */
  readonly serviceCode: string;
  /** Digits that the issuer alone understands. */
  readonly discretionary: string;
}

const SHAPE = /^(\d{8,19})d(\d{4})(\d{3})(\d*)f?$/;

/** Reads track 2; undefined for what has not its form. Never throws. */
export function parseTrack2(bytes: Bytes): Track2 | undefined {
  const shape = SHAPE.exec(toHex(bytes));
  if (shape === null) return undefined;
  const [, accountNumber = "", expiry = "", serviceCode = "", discretionary = ""] = shape;
  return { accountNumber, expiry, serviceCode, discretionary };
}

/** Digits of an account number (5A), 8 to 19 of them, padded with F; undefined for what has not that form. Never throws. */
export function parseAccountNumber(bytes: Bytes): string | undefined {
  const shape = /^(\d{8,19})f*$/.exec(toHex(bytes));
  return shape?.[1];
}
