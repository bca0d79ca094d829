/* Frames between the reader handler and this side: u32 big-endian length, then the body. */
import { type Bytes, concat, readUint, u32be } from "../../device/base/bytes.ts";

const BODY_MAX = 70_000;

export function frame(body: Bytes): Bytes {
  return concat(u32be(body.length), body);
}

/** Cuts a byte stream into frames. */
export class FrameCutter {
  #held: Bytes = new Uint8Array(0);

  /** Whole frames that are there now, or undefined when the stream is none of ours. */
  push(chunk: Bytes): readonly Bytes[] | undefined {
    this.#held = concat(this.#held, chunk);
    const bodies: Bytes[] = [];
    while (this.#held.length >= 4) {
      const length = readUint(this.#held, 0, 4);
      if (length === 0 || length > BODY_MAX) return undefined;
      if (this.#held.length < 4 + length) break;
      bodies.push(this.#held.slice(4, 4 + length));
      this.#held = this.#held.slice(4 + length);
    }
    return bodies;
  }
}
