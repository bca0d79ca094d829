/*
 * Frames of the Digicon type of board.
 *
 *   02 | size, low byte | size, high byte | command … | check
 *
 * The size counts command and check byte; the check byte is the XOR of everything before it, the start included. Spec: gate Digicon, frames.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, u8 } from "../../base/bytes.ts";
import type { WordReader } from "../framing/line-talk.ts";

const START = 0x02;
const HEAD_BYTES = 3;
const SIZE_MIN = 2;
/** The board says nothing longer; with a bound so near a false start swallows no more than one true frame. */
const SIZE_MAX = 5;

function checkByte(bytes: Bytes): number {
  return bytes.reduce((total, byte) => total ^ byte, 0);
}

/** Bytes of a frame as they travel. `command` has one to four bytes. */
export function encodeDigiconFrame(command: Bytes): Bytes {
  assert(command.length + 1 >= SIZE_MIN && command.length + 1 <= SIZE_MAX, "a frame carries one to four bytes");
  const body = concat(u8(START), u8(command.length + 1), u8(0), command);
  return concat(body, u8(checkByte(body)));
}

/** Reads what the board sends, in pieces of any size, as the commands inside its frames. Holds one frame at most; behind a false start the search goes on. */
export class DigiconFrameReader implements WordReader<Bytes> {
  #held: number[] = [];

  /** Bytes that wait for the rest of a frame, seven at most. */
  get held(): number {
    return this.#held.length;
  }

  reset(): void {
    this.#held = [];
  }

  feed(bytes: Bytes): readonly Bytes[] {
    const commands: Bytes[] = [];
    for (const byte of bytes) {
      this.#held.push(byte);
      this.#take(commands);
    }
    return commands;
  }

  #take(commands: Bytes[]): void {
    // Each round drops a byte or ends.
    while (this.#held.length > 0) {
      const whole = this.#whole();
      if (whole === "more") return;
      if (whole === "broken") this.#held.shift();
      else {
        commands.push(whole.slice(HEAD_BYTES, -1));
        this.#held = this.#held.slice(whole.length);
      }
    }
  }

  #whole(): Bytes | "more" | "broken" {
    const [start, size, high] = this.#held;
    if (start !== START) return "broken";
    if (size === undefined) return "more";
    if (size < SIZE_MIN || size > SIZE_MAX || (high !== undefined && high !== 0)) return "broken";
    if (this.#held.length < HEAD_BYTES + size) return "more";
    const bytes = Uint8Array.from(this.#held.slice(0, HEAD_BYTES + size));
    return checkByte(bytes.slice(0, -1)) === bytes.at(-1) ? bytes : "broken";
  }
}
