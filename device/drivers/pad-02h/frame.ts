/*
 * Frames of the 02h family of PIN pads, in both codings, and the bare key events that arrive between them.
 *
 *   binary: 02 | LN | code | data … | check     split: 02, then each further byte as two hexadecimal digits, then perhaps 03
 *
 * LN counts code and data; the check byte covers LN, code and data. Digits of split frames look like key events, so only a state machine
 * tells them apart. A digit between frames was typed by somebody, at a pad that sends in the clear: it is told without its value, and nothing
 * here keeps it. Spec: pad 02h, frames.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, toHex, u8 } from "../../base/bytes.ts";
import type { WordReader } from "../framing/line-talk.ts";

export interface PadCoding {
  readonly coding: "split" | "binary";
  readonly hexCase: "upper" | "lower";
  /** Whether a closing 03 is sent in split coding; either is understood. */
  readonly closes: boolean;
  /** How the check byte is made: by XOR, or as the sum. */
  readonly check: "xor" | "sum";
}

export const DEFAULT_PAD_CODING: PadCoding = { coding: "split", hexCase: "upper", closes: true, check: "xor" };

const START = 0x02;
const END = 0x03;
const DATA_MAX = 254;
/** LN of 255, so many bytes of code and data, and the check byte, each as two digits. */
const HELD_MAX = 2 * (1 + 255 + 1);

function checkByte(coding: PadCoding, bytes: Bytes): number {
  return coding.check === "xor" ? bytes.reduce((total, byte) => total ^ byte, 0) : bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
}

/** Bytes of a frame as they travel. `data` has at most 254 bytes. */
export function encodeFrame(coding: PadCoding, code: number, data: Bytes): Bytes {
  assert(data.length <= DATA_MAX, "a pad frame carries at most 254 bytes");
  const body = concat(u8(data.length + 1), u8(code), data);
  const whole = concat(body, u8(checkByte(coding, body)));
  if (coding.coding === "binary") return concat(u8(START), whole);
  const digits = coding.hexCase === "upper" ? toHex(whole).toUpperCase() : toHex(whole);
  return concat(u8(START), new TextEncoder().encode(digits), coding.closes ? u8(END) : new Uint8Array(0));
}

/**
 * What the pad said. "clear-digit": a digit that was typed and sent as it is; which one is not told. "noise": bytes that belong to nothing,
 * counted so that a bad cable can be told.
 */
export type PadEvent =
  | { readonly is: "frame"; readonly code: number; readonly data: Bytes }
  | { readonly is: "key"; readonly key: number }
  | { readonly is: "clear-digit" }
  | { readonly is: "noise"; readonly bytes: number };

/** Single bytes with a meaning outside frames, beside the digits. */
const KEYS: ReadonlySet<number> = new Set([0x00, 0x08, 0x0d, 0x1b, 0x22, 0x2a, 0x2e, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48]);

function outsideFrames(byte: number): PadEvent {
  if (byte >= 0x30 && byte <= 0x39) return { is: "clear-digit" };
  return KEYS.has(byte) ? { is: "key", key: byte } : { is: "noise", bytes: 1 };
}

function digitOf(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined;
}

/**
 * Reads what the pad sends, in pieces of any size. It holds one frame at most. A frame whose check byte is wrong, or that is broken off by a
 * new start in split coding, becomes noise, and reading goes on behind its start: so two valid frames later at most it is in step again.
 * What is given up is overwritten, because behind a false start it may be digits that somebody typed.
 */
export class PadFrameReader implements WordReader<PadEvent> {
  readonly #coding: PadCoding;
  /** Bytes since the start of the frame that is being read, without the start. */
  readonly #frame = new Uint8Array(HELD_MAX);
  /** How many they are; undefined between frames. */
  #length: number | undefined;
  #afterFrame = false;

  constructor(coding: PadCoding) {
    this.#coding = coding;
  }

  /** Bytes of a frame that is not whole yet. */
  get held(): number {
    return this.#length ?? 0;
  }

  /** Forgets a frame that was begun: whoever sends a new command no longer waits for the old answer. */
  reset(): void {
    this.#drop();
    this.#afterFrame = false;
  }

  #drop(): void {
    this.#frame.fill(0, 0, this.held);
    this.#length = undefined;
  }

  feed(bytes: Bytes): readonly PadEvent[] {
    const events: PadEvent[] = [];
    for (const byte of bytes) this.#take(byte, events);
    return events;
  }

  #take(byte: number, events: PadEvent[]): void {
    if (this.#length === undefined) this.#outside(byte, events);
    else if (this.#coding.coding === "binary") this.#grow(byte, this.#length, events);
    else this.#split(byte, this.#length, events);
  }

  #outside(byte: number, events: PadEvent[]): void {
    const closing = this.#afterFrame && byte === END && this.#coding.coding === "split";
    this.#afterFrame = false;
    if (byte === START) this.#length = 0;
    else if (!closing) events.push(outsideFrames(byte));
  }

  /** In split coding a start inside a frame can only be a new one, and anything but a digit ends the frame. */
  #split(byte: number, held: number, events: PadEvent[]): void {
    if (byte === START || digitOf(byte) === undefined) {
      events.push({ is: "noise", bytes: held + 1 });
      this.#drop();
      this.#outside(byte, events);
      return;
    }
    this.#grow(byte, held, events);
  }

  #grow(byte: number, held: number, events: PadEvent[]): void {
    this.#frame[held] = byte;
    this.#length = held + 1;
    const whole = this.#whole(this.#frame.subarray(0, held + 1));
    if (whole === "more") return;
    if (whole === "broken") this.#readAgain(events);
    else {
      this.#drop();
      this.#afterFrame = true;
      events.push({ is: "frame", code: whole[1] ?? 0, data: whole.slice(2, -1) });
    }
  }

  /** What stood behind a false start may hold a true one. */
  #readAgain(events: PadEvent[]): void {
    const frame = this.#frame.slice(0, this.held);
    this.#drop();
    const next = frame.indexOf(START);
    events.push({ is: "noise", bytes: (next < 0 ? frame.length : next) + 1 });
    // Each round is shorter than the one before it.
    if (next >= 0) for (const byte of frame.subarray(next)) this.#take(byte, events);
    frame.fill(0);
  }

  /** LN, code, data and check byte once all are there and fit. */
  #whole(frame: Bytes): Bytes | "more" | "broken" {
    const split = this.#coding.coding === "split";
    const width = split ? 2 : 1;
    if (frame.length < width) return "more";
    const length = split ? (digitOf(frame[0] ?? 0) ?? 0) * 16 + (digitOf(frame[1] ?? 0) ?? 0) : (frame[0] ?? 0);
    if (length === 0) return "broken";
    if (frame.length < width * (length + 2)) return "more";
    const bytes = split ? fromDigits(frame) : frame.slice();
    if (bytes.at(-1) === checkByte(this.#coding, bytes.subarray(0, -1))) return bytes;
    bytes.fill(0);
    return "broken";
  }
}

function fromDigits(digits: Bytes): Bytes {
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => (digitOf(digits[2 * at] ?? 0) ?? 0) * 16 + (digitOf(digits[2 * at + 1] ?? 0) ?? 0));
}
