/* Chance that can be repeated: every stream is drawn from the seed and a name, so one more draw here moves nothing there. */
import { assert } from "../../device/base/assert.ts";
import type { Bytes } from "../../device/base/bytes.ts";
import type { Randomness } from "../../device/base/ports.ts";

/** Mixes text into four 32-bit words (FNV-1a, one lane per word); good enough to separate streams, no secrecy is claimed. */
function mix(text: string): [number, number, number, number] {
  const lane = (start: number) => {
    let hash = start;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193) >>> 0;
    return hash;
  };
  return [lane(0x811c_9dc5), lane(0x9e37_79b9), lane(0x85eb_ca6b), lane(0xc2b2_ae35)];
}

export class SeededRandomness implements Randomness {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: string) {
    this.#seed = seed;
    [this.#a, this.#b, this.#c, this.#d] = mix(seed);
    for (let round = 0; round < 12; round += 1) this.word();
  }

  /** An independent stream of the same seed. */
  stream(name: string): SeededRandomness {
    return new SeededRandomness(`${this.#seed}/${name}`);
  }

  /** The next 32 bits (sfc32, a small fast counting generator by Chris Doty-Humphrey). */
  word(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  bytes(length: number): Bytes {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 1) bytes[at] = this.word() >>> 24;
    return bytes;
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.word() / 0x1_0000_0000;
  }

  /** True in `share` of the draws. */
  chance(share: number): boolean {
    return this.fraction() < share;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    assert(low <= high, "the range is not empty");
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.between(0, items.length - 1)];
    assert(item !== undefined, "there is something to pick from");
    return item;
  }
}
