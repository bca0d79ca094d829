/*
 * Goal: ten million fingerprints in six bytes each, found in a microsecond, readable by two threads at once.
 * Method: sorted columns. A large set is cut into buckets by its first 16 to 20 bits; the directory says where each begins, so that only the last
 * 48 bits of each fingerprint are kept. A small set has one bucket and keeps all 64 bits. Nothing in a published set is ever changed.
 */

/** Columns of one set, as views into a layer. */
export interface FingerprintSet {
  /** First bits that choose the bucket: 0, or 16 to 20. */
  readonly bits: number;
  readonly count: number;
  /** Where each bucket begins, and behind the last one where it ends. */
  readonly directory: Uint32Array;
  /** Bits 32 to 47 where there are buckets, bits 32 to 63 where there is one. */
  readonly high: Uint16Array | Uint32Array;
  readonly low: Uint32Array;
  /** Day of each entry, where the set has days. */
  readonly days: Uint16Array | undefined;
}

/** The same before it is published. */
export interface OpenSet {
  readonly bits: number;
  readonly directory: Uint32Array;
  readonly high: Uint16Array | Uint32Array;
  readonly low: Uint32Array;
  readonly days: Uint16Array | undefined;
}

export const BUCKET_BITS_MIN = 16;
export const BUCKET_BITS_MAX = 20;
/** About eight in a bucket. */
const BUCKET_AIM_BITS = 3;
const HALF_BITS = 32;
const KEPT_BITS = 16;
const KEPT_MASK = 0xffff;

/** How many first bits cut a set of this size best, whether or not they are many enough to save room. */
export function sortBits(count: number): number {
  return Math.min(BUCKET_BITS_MAX, Math.max(0, Math.floor(Math.log2(Math.max(1, count))) - BUCKET_AIM_BITS));
}

export function bucketBits(count: number): number {
  const bits = sortBits(count);
  return bits < BUCKET_BITS_MIN ? 0 : bits;
}

/** A shift by 32 is none in this language. */
export function bucketOf(high: number, bits: number): number {
  return bits === 0 ? 0 : high >>> (HALF_BITS - bits);
}

/** Where a fingerprint stands in its set; -1 where it does not. */
export function indexOf(set: FingerprintSet, high: number, low: number): number {
  if (set.count === 0) return -1;
  const bucket = bucketOf(high, set.bits);
  const kept = set.bits === 0 ? high : high & KEPT_MASK;
  let from = set.directory[bucket] ?? 0;
  let to = set.directory[bucket + 1] ?? 0;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const foundHigh = set.high[middle] ?? 0;
    const foundLow = set.low[middle] ?? 0;
    if (foundHigh === kept && foundLow === low) return middle;
    if (foundHigh < kept || (foundHigh === kept && foundLow < low)) from = middle + 1;
    else to = middle;
  }
  return -1;
}

/** Walks a set in ascending order. */
export class Cursor {
  readonly #set: FingerprintSet;
  #index = -1;
  #bucket = 0;
  high = 0;
  low = 0;
  day = 0;
  /** False when the set is through. */
  there = true;

  constructor(set: FingerprintSet) {
    this.#set = set;
    this.next();
  }

  next(): void {
    const set = this.#set;
    this.#index += 1;
    this.there = this.#index < set.count;
    if (!this.there) return;
    while ((set.directory[this.#bucket + 1] ?? set.count) <= this.#index) this.#bucket += 1;
    const kept = set.high[this.#index] ?? 0;
    this.high = set.bits === 0 ? kept : (((this.#bucket >>> (set.bits - KEPT_BITS)) << KEPT_BITS) | kept) >>> 0;
    this.low = set.low[this.#index] ?? 0;
    this.day = set.days?.[this.#index] ?? 0;
  }

  /** Below 0: this one stands before the other one. */
  compare(other: Cursor): number {
    return this.high === other.high ? this.low - other.low : this.high - other.high;
  }
}

/** Writes a set in ascending order. */
export class SetWriter {
  readonly #set: OpenSet;
  #count = 0;
  #bucket = 0;

  constructor(set: OpenSet) {
    this.#set = set;
  }

  add(from: Cursor): void {
    const { bits, directory, high, low, days } = this.#set;
    const bucket = bucketOf(from.high, bits);
    while (this.#bucket < bucket) directory[++this.#bucket] = this.#count;
    high[this.#count] = bits === 0 ? from.high : from.high & KEPT_MASK;
    low[this.#count] = from.low;
    if (days !== undefined) days[this.#count] = from.day;
    this.#count += 1;
  }

  /** How many were written. */
  end(): number {
    const { bits, directory } = this.#set;
    while (this.#bucket < 1 << bits) directory[++this.#bucket] = this.#count;
    return this.#count;
  }
}

/** (base without removed) with added, where an added one takes the day of one that is there. All three may hold the same fingerprint. */
export function mergeSets(parts: { readonly base: FingerprintSet; readonly removed: FingerprintSet; readonly added: FingerprintSet }, into: OpenSet): number {
  const base = new Cursor(parts.base);
  const removed = new Cursor(parts.removed);
  const added = new Cursor(parts.added);
  const writer = new SetWriter(into);
  while (base.there) {
    while (removed.there && removed.compare(base) < 0) removed.next();
    const gone = removed.there && removed.compare(base) === 0;
    while (added.there && added.compare(base) < 0) {
      writer.add(added);
      added.next();
    }
    const replaced = added.there && added.compare(base) === 0;
    if (!gone && !replaced) writer.add(base);
    base.next();
  }
  for (; added.there; added.next()) writer.add(added);
  return writer.end();
}
