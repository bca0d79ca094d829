/*
 * Goal: endless bad input that is near enough to good input to get past the first check of a parser, and the same for the same seed.
 * Method: take one sample of a corpus and damage it a few times, in the ways in which lines, cards and peers damage bytes.
 */
import { assert } from "../../device/base/assert.ts";
import { type Bytes, concat } from "../../device/base/bytes.ts";

const DAMAGES_MAX = 4;
const INSERT_MAX = 8;
const RESULT_BYTES_MAX = 262_144;
/** Bytes that mean something in lengths, tags, padding, status words, JSON and GBK. */
const TELLING = [
  0x00, 0x01, 0x1f, 0x20, 0x22, 0x2c, 0x30, 0x39, 0x5c, 0x5d, 0x60, 0x61, 0x6c, 0x7b, 0x7d, 0x7f, 0x80, 0x81, 0x82, 0x83, 0x84, 0x90, 0x9f, 0xfe, 0xff,
];

/** Pseudo-random numbers of 32 bits from a seed (mulberry32): the same sequence everywhere. */
export class FuzzRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to `bound` - 1; 0 when `bound` is 0. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    const word = (mixed ^ (mixed >>> 14)) >>> 0;
    return bound <= 0 ? 0 : Math.floor((word / 0x1_0000_0000) * bound);
  }

  bytes(length: number): Bytes {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

type Damage = (bytes: Bytes, random: FuzzRandom, corpus: readonly Bytes[]) => Bytes;

function replaceAt(bytes: Bytes, at: number, value: number): Bytes {
  const changed = Uint8Array.from(bytes);
  if (at < changed.length) changed[at] = value;
  return changed;
}

/** Start and end of a random stretch inside `bytes`. */
function stretch(bytes: Bytes, random: FuzzRandom): readonly [start: number, end: number] {
  const start = random.below(bytes.length + 1);
  return [start, start + random.below(bytes.length - start + 1)];
}

const DAMAGES: readonly Damage[] = [
  // One bit.
  (bytes, random) => {
    const at = random.below(bytes.length);
    return replaceAt(bytes, at, (bytes[at] ?? 0) ^ (1 << random.below(8)));
  },
  // One byte, by a telling or any other value.
  (bytes, random) => replaceAt(bytes, random.below(bytes.length), TELLING[random.below(TELLING.length)] ?? 0),
  (bytes, random) => replaceAt(bytes, random.below(bytes.length), random.below(256)),
  // A count that is a little off.
  (bytes, random) => {
    const at = random.below(bytes.length);
    return replaceAt(bytes, at, (bytes[at] ?? 0) + random.below(9) - 4);
  },
  // Cut off, in front or behind.
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => bytes.slice(random.below(bytes.length + 1)),
  // A stretch that is missing, doubled, or put elsewhere.
  (bytes, random) => {
    const [start, end] = stretch(bytes, random);
    return concat(bytes.subarray(0, start), bytes.subarray(end));
  },
  (bytes, random) => {
    const [start, end] = stretch(bytes, random);
    return concat(bytes.subarray(0, end), bytes.subarray(start));
  },
  (bytes, random) => {
    const [start, end] = stretch(bytes, random);
    const at = random.below(start + 1);
    return concat(bytes.subarray(0, at), bytes.subarray(start, end), bytes.subarray(at, start), bytes.subarray(end));
  },
  // Bytes that were never there.
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    return concat(bytes.subarray(0, at), random.bytes(1 + random.below(INSERT_MAX)), bytes.subarray(at));
  },
  // The head of one message and the tail of another.
  (bytes, random, corpus) => {
    const other = corpus[random.below(corpus.length)] ?? bytes;
    return concat(bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1)));
  },
  // Nothing of it.
  (bytes, random) => random.bytes(random.below(bytes.length + 2)),
];

/** Damaged samples without end: take as many as the run can afford. The same seed and corpus give the same sequence. */
export function* mutations(seed: number, corpus: readonly Bytes[]): Generator<Bytes, never, undefined> {
  assert(corpus.length > 0, "a corpus has at least one sample");
  const random = new FuzzRandom(seed);
  for (;;) {
    let bytes = corpus[random.below(corpus.length)] ?? new Uint8Array(0);
    const damages = 1 + random.below(DAMAGES_MAX);
    for (let count = 0; count < damages; count += 1) bytes = DAMAGES[random.below(DAMAGES.length)]?.(bytes, random, corpus) ?? bytes;
    yield bytes.length > RESULT_BYTES_MAX ? bytes.slice(0, RESULT_BYTES_MAX) : bytes;
  }
}
