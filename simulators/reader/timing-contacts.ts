/*
 * The line between a slot with contacts and its chip, character by character, protocol T=0: a chip that nobody has asked to speak faster answers
 * at 9,600 baud for ever. Spec: ISO/IEC 7816-3, T=0.
 */
import type { Bytes } from "../../device/base/bytes.ts";
import { parseCommand } from "../../device/codec/apdu.ts";

/** Speeds by their usual names; the last is F=512, D=32 at 4.8 MHz. */
export const CONTACT_SPEEDS = ["9600", "38400", "57600", "115200", "f512d32"] as const;
export type ContactSpeed = (typeof CONTACT_SPEEDS)[number];

export interface ContactLine {
  /** What reader and chip are able to. */
  readonly speed: ContactSpeed;
  /** False: nobody has negotiated, and the line stays as it is after a reset. */
  readonly negotiated: boolean;
}

/** Start bit, eight bits, parity, two units of guard time. */
const CHARACTER_UNITS = 12;
const HEADER_BYTES = 5;
const PROCEDURE_BYTES = 1;
const STATUS_BYTES = 2;

const UNITS_PER_MS: Readonly<Record<ContactSpeed, number>> = {
  "9600": 9.6,
  "38400": 38.4,
  "57600": 57.6,
  "115200": 115.2,
  f512d32: (4_800 * 32) / 512,
};

/** Milliseconds of one character. */
export function characterMs({ speed, negotiated }: ContactLine): number {
  return CHARACTER_UNITS / UNITS_PER_MS[negotiated ? speed : "9600"];
}

/** Characters of one command and its answer; where both carry data, the answer is fetched by GET RESPONSE. */
export function charactersOf(command: Bytes, answer: Bytes): number {
  const parsed = parseCommand(command);
  const sent = parsed.ok ? parsed.command.data.length : 0;
  const received = Math.max(0, answer.length - STATUS_BYTES);
  const exchange = (bytes: number) => HEADER_BYTES + (bytes > 0 ? PROCEDURE_BYTES : 0) + bytes + STATUS_BYTES;
  if (sent > 0 && received > 0) return exchange(sent) + exchange(received);
  return exchange(sent + received);
}

/** Milliseconds on the line of one command and its answer. */
export function contactLineMs(line: ContactLine, command: Bytes, answer: Bytes): number {
  return charactersOf(command, answer) * characterMs(line);
}
