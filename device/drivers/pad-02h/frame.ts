/*
 * Frames of the 02h family of PIN pads, in both codings, and the bare key events that arrive between them.
 *
 *   binary: 02 | LN | code | data … | check     split: 02, then each further byte as two hexadecimal digits, then perhaps 03
 *
 * LN counts code and data; the check byte covers LN, code and data. Digits of split frames look like key events, so only a state machine
 * tells them apart. Spec: pad 02h, frames.
 */
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

function checkByte(coding: PadCoding, bytes: Bytes): number {
  return coding.check === "xor" ? bytes.reduce((total, byte) => total ^ byte, 0) : bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
}

/** Bytes of a frame as they travel. `data` has at most 254 bytes. */
export function encodeFrame(coding: PadCoding, code: number, data: Bytes): Bytes {
  if (data.length > DATA_MAX) throw new RangeError("a pad frame carries at most 254 bytes");
  const body = concat(u8(data.length + 1), u8(code), data);
  const whole = concat(body, u8(checkByte(coding, body)));
  if (coding.coding === "binary") return concat(u8(START), whole);
  const digits = coding.hexCase === "upper" ? toHex(whole).toUpperCase() : toHex(whole);
  return concat(u8(START), new TextEncoder().encode(digits), coding.closes ? u8(END) : new Uint8Array(0));
}

/** What the pad said. "noise": bytes that belong to nothing, counted so that a bad cable can be told. */
export type PadEvent =
  | { readonly is: "frame"; readonly code: number; readonly data: Bytes }
  | { readonly is: "key"; readonly key: number }
  | { readonly is: "noise"; readonly bytes: number };

/** Single bytes with a meaning outside frames. */
const KEYS: ReadonlySet<number> = new Set([0x00, 0x08, 0x0d, 0x1b, 0x22, 0x2a, 0x2e, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39]);

function isKey(byte: number): boolean {
  return KEYS.has(byte) || (byte >= 0x41 && byte <= 0x48);
}

function digitOf(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined;
}

/**
 * Reads what the pad sends, in pieces of any size. It holds one frame at most. A frame whose check byte is wrong, or that is broken off by a
 * new start in split coding, becomes noise, and reading goes on behind its start: so two valid frames later at most it is in step again.
 */
export class PadFrameReader implements WordReader<PadEvent> {
  readonly #coding: PadCoding;
  /** Bytes since the start of the frame that is being read, without the start; undefined between frames. */
  #frame: number[] | undefined;
  #afterFrame = false;

  constructor(coding: PadCoding) {
    this.#coding = coding;
  }

  /** Bytes of a frame that is not whole yet. */
  get held(): number {
    return this.#frame?.length ?? 0;
  }

  /** Forgets a frame that was begun: whoever sends a new command no longer waits for the old answer. */
  reset(): void {
    this.#frame = undefined;
    this.#afterFrame = false;
  }

  feed(bytes: Bytes): readonly PadEvent[] {
    const events: PadEvent[] = [];
    for (const byte of bytes) this.#take(byte, events);
    return events;
  }

  #take(byte: number, events: PadEvent[]): void {
    if (this.#frame === undefined) this.#outside(byte, events);
    else if (this.#coding.coding === "binary") this.#grow(byte, events);
    else this.#split(byte, events);
  }

  #outside(byte: number, events: PadEvent[]): void {
    const closing = this.#afterFrame && byte === END && this.#coding.coding === "split";
    this.#afterFrame = false;
    if (byte === START) this.#frame = [];
    else if (!closing) events.push(isKey(byte) ? { is: "key", key: byte } : { is: "noise", bytes: 1 });
  }

  /** In split coding a start inside a frame can only be a new one, and anything but a digit ends the frame. */
  #split(byte: number, events: PadEvent[]): void {
    const held = this.#frame?.length ?? 0;
    if (byte === START || digitOf(byte) === undefined) {
      events.push({ is: "noise", bytes: held + 1 });
      this.#frame = undefined;
      this.#outside(byte, events);
      return;
    }
    this.#grow(byte, events);
  }

  #grow(byte: number, events: PadEvent[]): void {
    const frame = this.#frame ?? [];
    frame.push(byte);
    const whole = this.#whole(frame);
    if (whole === "more") return;
    this.#frame = undefined;
    if (whole === "broken") this.#readAgain(frame, events);
    else {
      this.#afterFrame = true;
      events.push({ is: "frame", code: whole[1] ?? 0, data: whole.slice(2, -1) });
    }
  }

  /** What stood behind a false start may hold a true one. */
  #readAgain(frame: readonly number[], events: PadEvent[]): void {
    const next = frame.indexOf(START);
    events.push({ is: "noise", bytes: (next < 0 ? frame.length : next) + 1 });
    if (next < 0) return;
    // Each round is shorter than the one before it.
    for (const byte of frame.slice(next)) this.#take(byte, events);
  }

  /** LN, code, data and check byte once all are there and fit. */
  #whole(frame: readonly number[]): Bytes | "more" | "broken" {
    const split = this.#coding.coding === "split";
    const width = split ? 2 : 1;
    if (frame.length < width) return "more";
    const length = split ? (digitOf(frame[0] ?? 0) ?? 0) * 16 + (digitOf(frame[1] ?? 0) ?? 0) : (frame[0] ?? 0);
    if (length === 0) return "broken";
    if (frame.length < width * (length + 2)) return "more";
    const bytes = split ? fromDigits(frame) : Uint8Array.from(frame);
    return bytes.at(-1) === checkByte(this.#coding, bytes.slice(0, -1)) ? bytes : "broken";
  }
}

function fromDigits(digits: readonly number[]): Bytes {
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => (digitOf(digits[2 * at] ?? 0) ?? 0) * 16 + (digitOf(digits[2 * at + 1] ?? 0) ?? 0));
}
