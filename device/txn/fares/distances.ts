/*
 * Goal: how far it is from any place to any other, known before the first passenger asks.
 * Method: a matrix is taken as it stands; lines with their stops become a graph, and from each place the shortest ways are found by correcting
 * until nothing gets shorter. Metres are whole numbers, so that no order of adding makes a difference.
 */
import type { Distances } from "./types.ts";

/** No way leads there. */
const NO_WAY = 0xffff_ffff;

/** Metres from place to place, places by their numbers in the table. */
export class DistanceTable {
  readonly #count: number;
  readonly #metres: Uint32Array;

  constructor(places: readonly string[], distances: Distances) {
    this.#count = places.length;
    this.#metres = new Uint32Array(places.length * places.length).fill(NO_WAY);
    const numbers = new Map(places.map((place, number) => [place, number]));
    if (distances.kind === "matrix") this.#takeRows(distances.rows, numbers);
    else this.#findWays(waysOf(distances, numbers));
  }

  /** Undefined: no way leads there. */
  metres(from: number, to: number): number | undefined {
    const metres = this.#metres[from * this.#count + to];
    return metres === NO_WAY ? undefined : metres;
  }

  #takeRows(rows: Extract<Distances, { kind: "matrix" }>["rows"], numbers: ReadonlyMap<string, number>): void {
    for (const { from, metres } of rows) {
      const row = numbers.get(from);
      if (row !== undefined) this.#metres.set(metres.slice(0, this.#count), row * this.#count);
    }
  }

  #findWays(ways: readonly (readonly Way[])[]): void {
    for (let start = 0; start < this.#count; start += 1) {
      const row = this.#metres.subarray(start * this.#count, (start + 1) * this.#count);
      row[start] = 0;
      // First come, first served: no place is looked at more often than there are places. The list grows while it is walked.
      const open = [start];
      for (const at of open) open.push(...shorten(row, at, ways[at] ?? []));
    }
  }
}

interface Way {
  readonly to: number;
  readonly metres: number;
}

/** Which places are nearer by way of this one. */
function shorten(row: Uint32Array, at: number, ways: readonly Way[]): number[] {
  const before = row[at] ?? NO_WAY;
  const nearer: number[] = [];
  for (const { to, metres } of ways) {
    if (before + metres >= (row[to] ?? NO_WAY)) continue;
    row[to] = before + metres;
    nearer.push(to);
  }
  return nearer;
}

function waysOf({ tracks, interchanges }: Extract<Distances, { kind: "lines" }>, numbers: ReadonlyMap<string, number>): readonly (readonly Way[])[] {
  const ways: Way[][] = Array.from({ length: numbers.size }, () => []);
  const join = (from: string, to: string, metres: number): void => {
    const [one, other] = [numbers.get(from), numbers.get(to)];
    if (one === undefined || other === undefined) return;
    ways[one]?.push({ to: other, metres });
    ways[other]?.push({ to: one, metres });
  };
  for (const { from, to, metres } of interchanges) join(from, to, metres);
  for (const { stops, ringMetres } of tracks) {
    for (const [at, stop] of stops.entries()) {
      const next = stops[at + 1];
      if (next !== undefined) join(stop.place, next.place, next.metres - stop.metres);
    }
    const [first, last] = [stops[0], stops.at(-1)];
    if (ringMetres !== undefined && first !== undefined && last !== undefined) join(last.place, first.place, ringMetres - last.metres);
  }
  return ways;
}
