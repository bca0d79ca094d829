/*
 * Goal: a card number as 64 bits under a key of this terminal, in well under a microsecond, also when ten million are to be made.
 * Method: SipHash-2-4, a keyed hash made for tables, on halves of 32 bits. The key is this terminal's own, so that an honest card that meets a
 * listed number here does so nowhere else, and nobody can make numbers that meet. Why 64 bits are enough: docs/decisions/0017-invalid-lists.md.
 * Spec: SipHash, 2.
 */
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import { VALUE_LENGTH_MAX, writeValue } from "./values.ts";

export const FINGERPRINT_KEY_BYTES = 16;
const WORD_BYTES = 8;
/** Kind, value and the length byte of the last word. */
const SCRATCH_BYTES = Math.ceil((2 + VALUE_LENGTH_MAX) / WORD_BYTES) * WORD_BYTES;
const FINAL_ROUNDS = 4;
const WORD_ROUNDS = 2;

/** "somepseudorandomlygeneratedbytes", v0 to v3, each as low and high half. */
const CONSTANTS = Int32Array.of(0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462);
const STATE_WORDS = CONSTANTS.length;
const V0 = 0;
const V2 = 4;
const V3 = 6;

export class Fingerprinter {
  /** Halves of the last fingerprint, 0 to 2^32 - 1: read at once, because the next one takes their place. */
  high = 0;
  low = 0;
  readonly #start: Int32Array;
  readonly #state = new Int32Array(STATE_WORDS);
  readonly #bytes = new Uint8Array(SCRATCH_BYTES);
  readonly #words = new Uint32Array(this.#bytes.buffer);

  constructor(key: Bytes) {
    assert(key.length === FINGERPRINT_KEY_BYTES, "a fingerprint key has 16 bytes");
    const words = new Int32Array(key.slice().buffer);
    this.#start = CONSTANTS.map((constant, at) => constant ^ (words[at % words.length] ?? 0));
  }

  /** False where the text is no number that a list could hold. */
  ofText(code: number, text: string): boolean {
    const length = writeValue(text, this.#bytes, 1);
    if (length === 0) return false;
    this.#finish(code, length);
    return true;
  }

  /** Of the first `length` characters, which are known to be those of a number. */
  ofCharacters(code: number, characters: Bytes, length: number): void {
    for (let at = 0; at < length; at += 1) this.#bytes[at + 1] = characters[at] ?? 0;
    this.#finish(code, length);
  }

  #finish(code: number, length: number): void {
    const used = length + 1;
    const words = Math.floor(used / WORD_BYTES) + 1;
    this.#bytes[0] = code;
    this.#bytes.fill(0, used, words * WORD_BYTES);
    this.#bytes[words * WORD_BYTES - 1] = used;
    this.#hash(words);
  }

  #hash(words: number): void {
    const state = this.#state;
    state.set(this.#start);
    for (let word = 0; word < words; word += 1) {
      const low = this.#words[2 * word] ?? 0;
      const high = this.#words[2 * word + 1] ?? 0;
      state[V3] = (state[V3] ?? 0) ^ low;
      state[V3 + 1] = (state[V3 + 1] ?? 0) ^ high;
      mix(state, WORD_ROUNDS);
      state[V0] = (state[V0] ?? 0) ^ low;
      state[V0 + 1] = (state[V0 + 1] ?? 0) ^ high;
    }
    state[V2] = (state[V2] ?? 0) ^ 0xff;
    mix(state, FINAL_ROUNDS);
    const [v0l = 0, v0h = 0, v1l = 0, v1h = 0, v2l = 0, v2h = 0, v3l = 0, v3h = 0] = state;
    this.low = (v0l ^ v1l ^ v2l ^ v3l) >>> 0;
    this.high = (v0h ^ v1h ^ v2h ^ v3h) >>> 0;
  }
}

/** 1 where the sum of two halves has gone over their 32 bits. */
function carry(left: number, right: number, sum: number): number {
  return ((left & right) | ((left | right) & ~sum)) >>> 31;
}

/** Rounds of SipHash over v0 to v3, each as low and high half; the names are those of the paper. */
function mix(state: Int32Array, rounds: number): void {
  let v0l = state[0] ?? 0;
  let v0h = state[1] ?? 0;
  let v1l = state[2] ?? 0;
  let v1h = state[3] ?? 0;
  let v2l = state[4] ?? 0;
  let v2h = state[5] ?? 0;
  let v3l = state[6] ?? 0;
  let v3h = state[7] ?? 0;
  for (let round = 0; round < rounds; round += 1) {
    // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
    let low = (v0l + v1l) | 0;
    let high = (v0h + v1h + carry(v0l, v1l, low)) | 0;
    let turned = (v1h << 13) | (v1l >>> 19);
    v1l = ((v1l << 13) | (v1h >>> 19)) ^ low;
    v1h = turned ^ high;
    v0l = high;
    v0h = low;
    // v2 += v3; v3 <<<= 16; v3 ^= v2
    low = (v2l + v3l) | 0;
    v2h = (v2h + v3h + carry(v2l, v3l, low)) | 0;
    v2l = low;
    turned = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
    v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
    v3h = turned;
    // v0 += v3; v3 <<<= 21; v3 ^= v0
    low = (v0l + v3l) | 0;
    v0h = (v0h + v3h + carry(v0l, v3l, low)) | 0;
    v0l = low;
    turned = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
    v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
    v3h = turned;
    // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
    low = (v2l + v1l) | 0;
    high = (v2h + v1h + carry(v2l, v1l, low)) | 0;
    turned = (v1h << 17) | (v1l >>> 15);
    v1l = ((v1l << 17) | (v1h >>> 15)) ^ low;
    v1h = turned ^ high;
    v2l = high;
    v2h = low;
  }
  state[0] = v0l;
  state[1] = v0h;
  state[2] = v1l;
  state[3] = v1h;
  state[4] = v2l;
  state[5] = v2h;
  state[6] = v3l;
  state[7] = v3h;
}
