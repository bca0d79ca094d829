/* Answers of the security module as meaning. Every parser takes any bytes, never throws, and gives undefined for what has not its form. */
import { type Bytes, readUint } from "../../base/bytes.ts";
import { bcdToDigits } from "../../codec/bcd.ts";

export const TERMINAL_NUMBER_LENGTH = 6;
export const SEQUENCE_LENGTH = 4;
export const PURCHASE_ANSWER_LENGTH = 8;

export interface PurchaseAnswer {
  readonly terminalSequence: number;
  readonly mac1: Bytes;
}

/** EF0016: 12 decimal digits. Spec: LD/T 32.9, EF0016. */
export function parseTerminalNumber(data: Bytes): Bytes | undefined {
  if (data.length !== TERMINAL_NUMBER_LENGTH) return undefined;
  const digits = bcdToDigits(data);
  return digits.ok && digits.digits.length === 2 * TERMINAL_NUMBER_LENGTH ? data.slice() : undefined;
}

/** EF0019: the terminal's transaction sequence. Spec: LD/T 32.9, EF0019. */
export function parseTerminalSequence(data: Bytes): number | undefined {
  return data.length === SEQUENCE_LENGTH ? readUint(data, 0, SEQUENCE_LENGTH) : undefined;
}

/** The answer to INIT SAM FOR PURCHASE. */
export function parsePurchaseAnswer(data: Bytes): PurchaseAnswer | undefined {
  return data.length === PURCHASE_ANSWER_LENGTH ? { terminalSequence: readUint(data, 0, 4), mac1: data.slice(4, 8) } : undefined;
}
