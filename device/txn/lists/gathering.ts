/*
 * Goal: fingerprints in any order become a sorted set, ten million of them in a few seconds and without a second copy of the columns.
 * Method: they are kept in blocks, counted by their first bits, written straight to their bucket in the set, and put in order inside it.
 */
import { bucketOf, type OpenSet, sortBits } from "./fingerprints.ts";

const BLOCK = 262_144;
const KEPT_MASK = 0xffff;

interface Block {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly days: Uint16Array | undefined;
}

export class Gathering {
  readonly dated: boolean;
  readonly #blocks: Block[] = [];
  #count = 0;

  constructor(dated: boolean) {
    this.dated = dated;
  }

  get count(): number {
    return this.#count;
  }

  add(fingerprint: { readonly high: number; readonly low: number }, day: number): void {
    const at = this.#count % BLOCK;
    if (at === 0) {
      this.#blocks.push({ high: new Uint32Array(BLOCK), low: new Uint32Array(BLOCK), days: this.dated ? new Uint16Array(BLOCK) : undefined });
    }
    const block = this.#blocks.at(-1);
    if (block === undefined) return;
    block.high[at] = fingerprint.high;
    block.low[at] = fingerprint.low;
    if (block.days !== undefined) block.days[at] = day;
    this.#count += 1;
  }

  /** Writes them in order, each once (of several days the latest), and says how many they are. */
  writeTo(set: OpenSet): number {
    const bits = sortBits(this.#count);
    const starts = this.#starts(bits);
    this.#scatter(set, starts, bits);
    // Scattering has moved each start to its bucket's end, which is the next one's start.
    let from = 0;
    for (let bucket = 0; bucket < starts.length - 1; bucket += 1) {
      const to = starts[bucket] ?? 0;
      sortBucket(set, from, to);
      from = to;
    }
    return keepEachOnce(set, starts, this.#count);
  }

  #starts(bits: number): Uint32Array {
    const starts = new Uint32Array((1 << bits) + 1);
    this.#each((block, at) => {
      const bucket = bucketOf(block.high[at] ?? 0, bits) + 1;
      starts[bucket] = (starts[bucket] ?? 0) + 1;
    });
    for (let bucket = 1; bucket < starts.length; bucket += 1) starts[bucket] = (starts[bucket] ?? 0) + (starts[bucket - 1] ?? 0);
    return starts;
  }

  #scatter(set: OpenSet, starts: Uint32Array, bits: number): void {
    const days = set.days ?? NO_DAYS;
    this.#each((block, at) => {
      const high = block.high[at] ?? 0;
      const bucket = bucketOf(high, bits);
      const place = starts[bucket] ?? 0;
      starts[bucket] = place + 1;
      set.high[place] = set.bits === 0 ? high : high & KEPT_MASK;
      set.low[place] = block.low[at] ?? 0;
      days[place] = block.days?.[at] ?? 0;
    });
  }

  #each(visit: (block: Block, at: number) => void): void {
    this.#blocks.forEach((block, index) => {
      const count = Math.min(BLOCK, this.#count - index * BLOCK);
      for (let at = 0; at < count; at += 1) visit(block, at);
    });
  }
}

/** Stands for the days of a set without days: reading gives none, writing does nothing. */
const NO_DAYS = new Uint16Array(0);

/** By insertion: a bucket holds about eight. */
function sortBucket(set: OpenSet, from: number, to: number): void {
  for (let next = from + 1; next < to; next += 1) {
    if (!precedes(set, next - 1, next)) insert(set, from, next);
  }
}

function precedes({ high, low }: OpenSet, left: number, right: number): boolean {
  const leftHigh = high[left] ?? 0;
  const rightHigh = high[right] ?? 0;
  return leftHigh < rightHigh || (leftHigh === rightHigh && (low[left] ?? 0) <= (low[right] ?? 0));
}

/** Moves the one at `moved` to its place among the sorted ones from `from` on. */
function insert(set: OpenSet, from: number, moved: number): void {
  const { high, low } = set;
  const days = set.days ?? NO_DAYS;
  const movedHigh = high[moved] ?? 0;
  const movedLow = low[moved] ?? 0;
  const movedDay = days[moved] ?? 0;
  let at = moved;
  for (; at > from; at -= 1) {
    const before = high[at - 1] ?? 0;
    if (before < movedHigh || (before === movedHigh && (low[at - 1] ?? 0) <= movedLow)) break;
    high[at] = before;
    low[at] = low[at - 1] ?? 0;
    days[at] = days[at - 1] ?? 0;
  }
  high[at] = movedHigh;
  low[at] = movedLow;
  days[at] = movedDay;
}

/** Closes the gaps that repeated fingerprints leave, and writes the directory of the set. `ends` are those of the buckets of sorting. */
function keepEachOnce(set: OpenSet, ends: Uint32Array, count: number): number {
  const { high, low, directory } = set;
  const days = set.days ?? NO_DAYS;
  const buckets = set.bits === 0 ? Uint32Array.of(count) : ends.subarray(0, -1);
  let kept = 0;
  let at = 0;
  buckets.forEach((end, bucket) => {
    directory[bucket] = kept;
    for (const first = kept; at < end; at += 1) {
      if (kept > first && high[kept - 1] === high[at] && low[kept - 1] === low[at]) {
        days[kept - 1] = Math.max(days[kept - 1] ?? 0, days[at] ?? 0);
        continue;
      }
      high[kept] = high[at] ?? 0;
      low[kept] = low[at] ?? 0;
      days[kept] = days[at] ?? 0;
      kept += 1;
    }
  });
  directory[buckets.length] = kept;
  return kept;
}
