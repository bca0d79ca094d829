/*
 * The wire between the shared library and the terminal, version 1. A frame is its length (two bytes, most significant first) and so many bytes:
 *   question  version ‖ function ‖ number of parameters ‖ for each: length (2) ‖ bytes; a number travels as four bytes
 *   answer    version ‖ function ‖ result (4, two's complement) ‖ length (2) ‖ output
 * Text is GBK on the wire as it is in the caller's program. Parsers never throw; whatever is not a frame of this form ends the connection.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY, readUint, u8, u16be, u32be } from "../../base/bytes.ts";
import { decodeGbText, encodeGbText } from "../../codec/text.ts";
import {
  FUNCTIONS,
  type FunctionName,
  functionOfCode,
  isNumberParameter,
  type LibraryAnswer,
  type LibraryCall,
  libraryCall,
  type Parameter,
} from "./functions.ts";

export const PROTOCOL_VERSION = 1;
/** Longest frame behind its length; the longest output and the longest file address are below it. */
export const FRAME_BYTES_MAX = 8_192;
/** Longest text of one parameter. */
export const TEXT_BYTES_MAX = 4_096;
const HEAD_LENGTH = 2;
const NUMBER_LENGTH = 4;
const ANSWER_HEAD_LENGTH = 8;
const SIGN_BIT = 0x8000_0000;

/** Puts a frame's length in front of it. */
export function frameOf(body: Bytes): Bytes {
  assert(body.length > 0 && body.length <= FRAME_BYTES_MAX, "a frame of our own fits");
  return concat(u16be(body.length), body);
}

export type Cut = { readonly ok: true; readonly frames: readonly Bytes[] } | { readonly ok: false; readonly reason: "frame-empty" | "frame-too-long" };

/** Cuts frames out of a stream. What it holds back is at most one frame. */
export class FrameCutter {
  #held: Bytes = EMPTY;

  /** Whether a frame has begun and not ended. */
  get inside(): boolean {
    return this.#held.length > 0;
  }

  push(chunk: Bytes): Cut {
    let rest = concat(this.#held, chunk);
    const frames: Bytes[] = [];
    while (rest.length >= HEAD_LENGTH) {
      const length = readUint(rest, 0, HEAD_LENGTH);
      if (length === 0) return { ok: false, reason: "frame-empty" };
      if (length > FRAME_BYTES_MAX) return { ok: false, reason: "frame-too-long" };
      if (rest.length < HEAD_LENGTH + length) break;
      frames.push(rest.slice(HEAD_LENGTH, HEAD_LENGTH + length));
      rest = rest.slice(HEAD_LENGTH + length);
    }
    this.#held = rest;
    return { ok: true, frames };
  }
}

export type CallRefusal =
  | "too-short"
  | "version-unknown"
  | "function-unknown"
  | "other-number-of-parameters"
  | "length-mismatch"
  | "number-malformed"
  | "text-too-long"
  | "not-text";

export type CallParse = { readonly ok: true; readonly call: LibraryCall } | { readonly ok: false; readonly reason: CallRefusal };

/** Reads a question. Never throws. */
export function parseCall(body: Bytes): CallParse {
  if (body.length < 3) return { ok: false, reason: "too-short" };
  const [version = 0, code = 0, count = 0] = body;
  if (version !== PROTOCOL_VERSION) return { ok: false, reason: "version-unknown" };
  const name = functionOfCode(code);
  if (name === undefined) return { ok: false, reason: "function-unknown" };
  const { parameters } = FUNCTIONS[name];
  if (count !== parameters.length) return { ok: false, reason: "other-number-of-parameters" };
  return parseParameters(name, parameters, body.subarray(3));
}

function parseParameters(name: FunctionName, parameters: readonly Parameter[], body: Bytes): CallParse {
  const empty = libraryCall(name);
  const numbers: Record<keyof LibraryCall["numbers"], number> = { ...empty.numbers };
  const texts: Record<keyof LibraryCall["texts"], string> = { ...empty.texts };
  let rest = body;
  for (const parameter of parameters) {
    const end = rest.length < HEAD_LENGTH ? Number.POSITIVE_INFINITY : HEAD_LENGTH + readUint(rest, 0, HEAD_LENGTH);
    if (rest.length < end) return { ok: false, reason: "length-mismatch" };
    const value = rest.subarray(HEAD_LENGTH, end);
    rest = rest.subarray(end);
    const read = isNumberParameter(parameter) ? numberOf(value) : textOf(value);
    if (!read.ok) return read;
    if (isNumberParameter(parameter)) numbers[parameter] = Number(read.value);
    else texts[parameter] = String(read.value);
  }
  return rest.length === 0 ? { ok: true, call: { name, numbers, texts } } : { ok: false, reason: "length-mismatch" };
}

type Read<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: CallRefusal };

function numberOf(value: Bytes): Read<number> {
  return value.length === NUMBER_LENGTH ? { ok: true, value: signed(readUint(value, 0, NUMBER_LENGTH)) } : { ok: false, reason: "number-malformed" };
}

function textOf(value: Bytes): Read<string> {
  if (value.length > TEXT_BYTES_MAX) return { ok: false, reason: "text-too-long" };
  const text = decodeGbText(value);
  return text.ok ? { ok: true, value: text.text } : { ok: false, reason: "not-text" };
}

/** The bytes of a question, as the shared library makes them. */
export function buildCall({ name, numbers, texts }: LibraryCall): Bytes {
  const { code, parameters } = FUNCTIONS[name];
  const values = parameters.map((parameter) => {
    const value = isNumberParameter(parameter) ? u32be(numbers[parameter] >>> 0) : textBytes(texts[parameter]);
    return concat(u16be(value.length), value);
  });
  return concat(u8(PROTOCOL_VERSION), u8(code), u8(parameters.length), ...values);
}

function textBytes(text: string): Bytes {
  const built = encodeGbText(text);
  assert(built.ok && built.bytes.length <= TEXT_BYTES_MAX, "a parameter of our own is text that fits");
  return built.bytes;
}

export type AnswerParse =
  | { readonly ok: true; readonly name: FunctionName; readonly answer: LibraryAnswer }
  | { readonly ok: false; readonly reason: "too-short" | "version-unknown" | "function-unknown" | "length-mismatch" | "not-text" };

/** Reads an answer, as the shared library does. Never throws. */
export function parseAnswer(body: Bytes): AnswerParse {
  if (body.length < ANSWER_HEAD_LENGTH) return { ok: false, reason: "too-short" };
  const [version = 0, code = 0] = body;
  if (version !== PROTOCOL_VERSION) return { ok: false, reason: "version-unknown" };
  const name = functionOfCode(code);
  if (name === undefined) return { ok: false, reason: "function-unknown" };
  const output = body.subarray(ANSWER_HEAD_LENGTH);
  if (output.length !== readUint(body, 6, 2)) return { ok: false, reason: "length-mismatch" };
  const text = decodeGbText(output);
  if (!text.ok) return { ok: false, reason: "not-text" };
  return { ok: true, name, answer: { result: signed(readUint(body, 2, NUMBER_LENGTH)), output: text.text } };
}

export type AnswerBuild = { readonly ok: true; readonly bytes: Bytes } | { readonly ok: false; readonly reason: "not-encodable" | "too-long" };

/** The bytes of an answer. "too-long": with its zero it would not fit the caller's buffer. Never throws for any text. */
export function buildAnswer(name: FunctionName, { result, output }: LibraryAnswer): AnswerBuild {
  const { code, outputBytes } = FUNCTIONS[name];
  const built = encodeGbText(output);
  if (!built.ok || output.includes("\0")) return { ok: false, reason: "not-encodable" };
  if (built.bytes.length >= outputBytes) return { ok: false, reason: "too-long" };
  return { ok: true, bytes: concat(u8(PROTOCOL_VERSION), u8(code), u32be(result >>> 0), u16be(built.bytes.length), built.bytes) };
}

function signed(value: number): number {
  return value >= SIGN_BIT ? value - 2 * SIGN_BIT : value;
}
