/*
 * Command and response APDUs of the short form, in both directions: the terminal builds commands and reads responses, simulators the reverse.
 * Spec: ISO/IEC 7816-4, 5.1 (clause number from memory).
 */
import { assert } from "../base/assert.ts";
import { type Bytes, concat, EMPTY, fromHex, readUint } from "../base/bytes.ts";

const DATA_MAX = 255;
const LE_MAX = 256;
const RESPONSE_DATA_MAX = 256;

/** A command of the short form. Four cases, by the presence of data and of `le`. */
export interface CommandApdu {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  /** 0 to 255 bytes. */
  readonly data: Bytes;
  /** Bytes wanted in the response, 1 to 256; undefined when none are. */
  readonly le?: number | undefined;
}

/** The answer of a card to one command. Every status word is an answer, a refusal too; none of them is a fault. */
export interface ResponseApdu {
  /** 0 to 256 bytes; longer only where several responses were joined. */
  readonly data: Bytes;
  /** Status word SW1 SW2 as one number, for example 0x9000. */
  readonly sw: number;
}

/** What may follow the four header bytes: 0 to 255 bytes of data, and how many bytes (1 to 256) are wanted back. */
export interface CommandBody {
  readonly data?: Bytes;
  readonly le?: number;
}

/** Makes a command from its four header bytes in hexadecimal (`"80 50 01 02"`) and what follows them. */
export function command(headerHex: string, body: CommandBody = {}): CommandApdu {
  const header = fromHex(headerHex);
  assert(header.length === 4, "a command header has four bytes");
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = header;
  return { cla, ins, p1, p2, data: body.data ?? EMPTY, le: body.le };
}

/** Bytes of a command as they travel. Le = 256 travels as zero. */
export function encodeCommand({ cla, ins, p1, p2, data, le }: CommandApdu): Bytes {
  assert(
    [cla, ins, p1, p2].every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 0xff),
    "each header field is one byte",
  );
  assert(data.length <= DATA_MAX, "a short command carries at most 255 bytes");
  assert(le === undefined || (Number.isInteger(le) && le >= 1 && le <= LE_MAX), "a short command asks for 1 to 256 bytes");
  const length = data.length === 0 ? EMPTY : Uint8Array.of(data.length);
  const expected = le === undefined ? EMPTY : Uint8Array.of(le & 0xff);
  return concat(Uint8Array.of(cla, ins, p1, p2), length, data, expected);
}

/** A command as a card reads it. "extended-length" is a form that no card of ours takes; the other reasons mean damaged bytes. */
export type CommandParse =
  | { readonly ok: true; readonly command: CommandApdu }
  | { readonly ok: false; readonly reason: "too-short" | "extended-length" | "length-mismatch" };

/** Reads a command, as a card does. Never throws. */
export function parseCommand(bytes: Bytes): CommandParse {
  if (bytes.length < 4) return { ok: false, reason: "too-short" };
  const [cla = 0, ins = 0, p1 = 0, p2 = 0, length] = bytes;
  const header = { cla, ins, p1, p2 };
  if (length === undefined) return { ok: true, command: { ...header, data: EMPTY } };
  if (bytes.length === 5) return { ok: true, command: { ...header, data: EMPTY, le: leOf(length) } };
  if (length === 0) return { ok: false, reason: bytes.length >= 7 ? "extended-length" : "length-mismatch" };
  const data = bytes.slice(5, 5 + length);
  if (bytes.length === 5 + length) return { ok: true, command: { ...header, data } };
  if (bytes.length !== 6 + length) return { ok: false, reason: "length-mismatch" };
  return { ok: true, command: { ...header, data, le: leOf(bytes[5 + length] ?? 0) } };
}

function leOf(byte: number): number {
  return byte === 0 ? LE_MAX : byte;
}

/** Bytes of a response as they travel. */
export function encodeResponse({ data, sw }: ResponseApdu): Bytes {
  assert(data.length <= RESPONSE_DATA_MAX, "a short response carries at most 256 bytes");
  assert(isStatusWord(sw), "SW1 is 61 to 6F or 90 to 9F");
  return concat(data, Uint8Array.of(sw >>> 8, sw & 0xff));
}

/** A response as the terminal reads it. A reason means that the card gave no answer, so the effect of the command stays open. */
export type ResponseParse =
  | { readonly ok: true; readonly response: ResponseApdu }
  | { readonly ok: false; readonly reason: "too-short" | "too-long" | "status-word-invalid" };

/**
 * Reads a response. Never throws. A status word outside 6xxx and 9xxx (and the null byte 60) is no answer of a card: taking it for a
 * refusal would call a command failed that may have worked. Spec: ISO/IEC 7816-4, 5.1 (clause number from memory).
 */
export function parseResponse(bytes: Bytes): ResponseParse {
  if (bytes.length < 2) return { ok: false, reason: "too-short" };
  if (bytes.length > RESPONSE_DATA_MAX + 2) return { ok: false, reason: "too-long" };
  const sw = readUint(bytes, bytes.length - 2, 2);
  if (!isStatusWord(sw)) return { ok: false, reason: "status-word-invalid" };
  return { ok: true, response: { data: bytes.slice(0, -2), sw } };
}

function isStatusWord(sw: number): boolean {
  return Number.isInteger(sw) && ((sw >= 0x6100 && sw <= 0x6fff) || (sw >= 0x9000 && sw <= 0x9fff));
}

/** First byte of a status word. */
export function sw1Of(sw: number): number {
  return sw >>> 8;
}

/** Second byte of a status word. */
export function sw2Of(sw: number): number {
  return sw & 0xff;
}

/** Whether the card says that all went well: 9000 alone. */
export function isOk(sw: number): boolean {
  return sw === 0x9000;
}

/** Tries that are left according to 63Cx; undefined for any other status word. */
export function triesLeft(sw: number): number | undefined {
  return (sw & 0xfff0) === 0x63c0 ? sw & 0x0f : undefined;
}

/** A status word for people and logs: four upper-case hexadecimal digits. */
export function formatStatusWord(sw: number): string {
  return sw.toString(16).toUpperCase().padStart(4, "0");
}
