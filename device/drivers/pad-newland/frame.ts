/*
 * Frames of the Newland NL-PP60 and PP66.
 *
 *   command and good answer: code | length | data … | check     refusal: code without bit 7 | 01 | error | check
 *
 * The check byte is the XOR of everything before it. No byte marks a start, so that the reader has to know what it waits for: the answers to
 * one command have two possible beginnings of two bytes each. Spec: Newland NL-PP60, frames.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, u8 } from "../../base/bytes.ts";
import type { WordReader } from "../framing/line-talk.ts";

const DATA_MAX = 255;
const COMMAND_BIT = 0x80;
const REFUSAL_BYTES = 1;

function checkByte(bytes: Bytes): number {
  return bytes.reduce((total, byte) => total ^ byte, 0);
}

/** Bytes of a command as they travel. `data` has at most 255 bytes. */
export function encodeNewlandFrame(command: number, data: Bytes): Bytes {
  assert(data.length <= DATA_MAX, "a frame of this pad carries at most 255 bytes");
  const body = concat(u8(command), u8(data.length), data);
  return concat(body, u8(checkByte(body)));
}

export type NewlandAnswer = { readonly is: "done"; readonly data: Bytes } | { readonly is: "refused"; readonly error: number };

/**
 * Reads the answer to one command, in pieces of any size. What cannot be such an answer is passed over byte by byte, and what stood behind a
 * false beginning is read again; so it holds one answer at most and is in step again after two valid ones.
 */
export class NewlandAnswerReader implements WordReader<NewlandAnswer> {
  #command: number | undefined;
  #dataBytes = 0;
  #held: number[] = [];

  /** Names the command whose answer is read from now on, and how many bytes of data a good one has. */
  expect(command: number, dataBytes: number): void {
    assert(command >= COMMAND_BIT && command <= 0xff, "the codes of commands have bit 7");
    this.#command = command;
    this.#dataBytes = dataBytes;
    this.reset();
  }

  /** Bytes of an answer that is not whole yet. */
  get held(): number {
    return this.#held.length;
  }

  reset(): void {
    this.#held = [];
  }

  feed(bytes: Bytes): readonly NewlandAnswer[] {
    const answers: NewlandAnswer[] = [];
    for (const byte of bytes) {
      this.#held.push(byte);
      const answer = this.#next();
      if (answer !== undefined) answers.push(answer);
    }
    return answers;
  }

  /** Each round drops a byte, or ends. */
  #next(): NewlandAnswer | undefined {
    while (this.#held.length > 0) {
      const whole = this.#whole();
      if (whole === "more") return undefined;
      if (whole !== "broken") {
        this.#held = [];
        return whole;
      }
      this.#held.shift();
    }
    return undefined;
  }

  #whole(): NewlandAnswer | "more" | "broken" {
    const [first = 0, length] = this.#held;
    if (this.#command === undefined || (first !== this.#command && first !== this.#command - COMMAND_BIT)) return "broken";
    const wanted = first === this.#command ? this.#dataBytes : REFUSAL_BYTES;
    if (length === undefined) return "more";
    if (length !== wanted) return "broken";
    if (this.#held.length < length + 3) return "more";
    const frame = Uint8Array.from(this.#held);
    if (checkByte(frame) !== 0) return "broken";
    return first === this.#command ? { is: "done", data: frame.slice(2, -1) } : { is: "refused", error: frame[2] ?? 0 };
  }
}
