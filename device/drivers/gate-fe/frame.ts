/*
 * Frames of tripod boards of the FE family: seven bytes without a check byte.
 *
 *   FE | operation | side | value | 00 | 00 | AB
 *
 * With no check byte, shape is all there is to tell a frame from noise: whatever must be zero has to be. Spec: gate FE, frames.
 */
import { type Bytes, concat, u8 } from "../../base/bytes.ts";
import type { WordReader } from "../framing/line-talk.ts";

const START = 0xfe;
const END = 0xab;
const FRAME_BYTES = 7;

export interface FeFrame {
  readonly operation: number;
  readonly side: number;
  /** 0 in all but the answer to a status query. */
  readonly value: number;
}

/** Bytes of a command, which has no value. */
export function encodeFeFrame(operation: number, side: number): Bytes {
  return concat(u8(START), u8(operation), u8(side), new Uint8Array(3), u8(END));
}

/** Reads what the board sends, in pieces of any size. Holds six bytes at most; behind a false start the search goes on at its second byte. */
export class FeFrameReader implements WordReader<FeFrame> {
  #held: number[] = [];

  /** Bytes that wait for the rest of a frame, six at most. */
  get held(): number {
    return this.#held.length;
  }

  reset(): void {
    this.#held = [];
  }

  feed(bytes: Bytes): readonly FeFrame[] {
    const frames: FeFrame[] = [];
    for (const byte of bytes) {
      this.#held.push(byte);
      const frame = this.#take();
      if (frame !== undefined) frames.push(frame);
    }
    return frames;
  }

  #take(): FeFrame | undefined {
    const held = this.#held;
    while (held.length > 0 && held[0] !== START) held.shift();
    if (held.length < FRAME_BYTES) return undefined;
    const [, operation = 0, side = 0, value = 0, fifth, sixth, last] = held;
    if (fifth === 0 && sixth === 0 && last === END) {
      this.#held = [];
      return { operation, side, value };
    }
    held.shift();
    return undefined;
  }
}
