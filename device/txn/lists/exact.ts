/*
 * Goal: orders to block a card and ranges of numbers are compared in full, digit by digit, never as fingerprints.
 * Method: rows of one kind and length stand together, sorted; a range also carries the furthest end of those up to it, so that one search tells
 * whether any of them, overlapping or not, holds the number. Memory that both threads read, like the columns of fingerprints.
 */
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import { VALUE_LENGTH_MAX, writeValue } from "./values.ts";

/** Rows of all groups together; more is no list of ours. */
export const EXACT_ROWS_MAX = 400_000;
const HEAD_BYTES = 8;
const CLASS_CODES = { block: 1, range: 2 } as const;
/** A block order is a number; a range its two ends and the furthest end so far. */
const VALUES_IN_ROW = { block: 1, range: 3 } as const;

export type ExactClass = keyof typeof CLASS_CODES;

/** A block order (`to` is empty) or a range. */
export interface ExactRow {
  readonly exact: ExactClass;
  readonly code: number;
  readonly from: string;
  readonly to: string;
}

interface Group {
  readonly exact: ExactClass;
  readonly code: number;
  readonly length: number;
  readonly count: number;
  readonly rows: Bytes;
}

export class ExactRows {
  readonly memory: SharedArrayBuffer;
  readonly count: number;
  readonly #groups: readonly Group[];
  readonly #asked = new Uint8Array(VALUE_LENGTH_MAX);

  private constructor(memory: SharedArrayBuffer, groups: readonly Group[]) {
    this.memory = memory;
    this.#groups = groups;
    this.count = groups.reduce((sum, group) => sum + group.count, 0);
  }

  /** The rows in this memory, or undefined where it holds none. */
  static open(memory: SharedArrayBuffer): ExactRows | undefined {
    const bytes = new Uint8Array(memory);
    const view = new DataView(memory);
    const groups: Group[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (at + HEAD_BYTES > bytes.length) return undefined;
      const exact = classOf(bytes[at] ?? 0);
      const length = bytes[at + 2] ?? 0;
      const count = view.getUint32(at + WORD, true);
      if (exact === undefined || length === 0 || length > VALUE_LENGTH_MAX || count > EXACT_ROWS_MAX) return undefined;
      const from = at + HEAD_BYTES;
      at = from + VALUES_IN_ROW[exact] * length * count;
      if (at > bytes.length) return undefined;
      groups.push({ exact, code: bytes[from - HEAD_BYTES + 1] ?? 0, length, count, rows: bytes.subarray(from, at) });
    }
    return new ExactRows(memory, groups);
  }

  /** Rows in any order, each once. */
  static of(rows: readonly ExactRow[]): ExactRows {
    const groups = new Map<string, ExactRow[]>();
    for (const row of rows) {
      const name = `${CLASS_CODES[row.exact]} ${row.code} ${row.from.length}`;
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [row]);
      else group.push(row);
    }
    let length = 0;
    for (const [first, ...others] of groups.values()) if (first !== undefined) length += HEAD_BYTES + (1 + others.length) * rowLength(first);
    const memory = new SharedArrayBuffer(length);
    let at = 0;
    for (const group of groups.values()) at = writeGroup(memory, at, group);
    const made = ExactRows.open(memory);
    assert(made !== undefined, "rows of our own can be read");
    return made;
  }

  has(exact: ExactClass, code: number, text: string): boolean {
    const length = writeValue(text, this.#asked, 0);
    return this.#groups.some((group) => group.exact === exact && group.code === code && group.length === length && this.#holds(group));
  }

  *rows(): Generator<ExactRow> {
    for (const { exact, code, length, count, rows } of this.#groups) {
      const text = Buffer.from(rows).toString("latin1");
      const step = VALUES_IN_ROW[exact] * length;
      for (let at = 0; at < count * step; at += step) {
        yield { exact, code, from: text.slice(at, at + length), to: exact === "range" ? text.slice(at + length, at + 2 * length) : "" };
      }
    }
  }

  #holds({ exact, length, count, rows }: Group): boolean {
    const step = VALUES_IN_ROW[exact] * length;
    let from = 0;
    let to = count;
    // The last row that does not begin behind the number stands before `from` in the end.
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#compare(rows, middle * step, length) > 0) to = middle;
      else from = middle + 1;
    }
    if (from === 0) return false;
    const last = (from - 1) * step;
    return exact === "block" ? this.#compare(rows, last, length) === 0 : this.#compare(rows, last + 2 * length, length) >= 0;
  }

  /** Above 0: what stands there is greater than what was asked. */
  #compare(rows: Bytes, at: number, length: number): number {
    for (let index = 0; index < length; index += 1) {
      const difference = (rows[at + index] ?? 0) - (this.#asked[index] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

const WORD = 4;
export const NO_EXACT_ROWS = ExactRows.of([]);

function classOf(code: number): ExactClass | undefined {
  if (code === CLASS_CODES.block) return "block";
  return code === CLASS_CODES.range ? "range" : undefined;
}

function rowLength(row: ExactRow): number {
  return VALUES_IN_ROW[row.exact] * row.from.length;
}

function byEnds(left: ExactRow, right: ExactRow): number {
  const a = left.from + left.to;
  const b = right.from + right.to;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** All of one class, kind and length. */
function writeGroup(memory: SharedArrayBuffer, at: number, group: readonly ExactRow[]): number {
  const [first] = group;
  if (first === undefined) return at;
  const bytes = Buffer.from(memory);
  bytes[at] = CLASS_CODES[first.exact];
  bytes[at + 1] = first.code;
  bytes[at + 2] = first.from.length;
  bytes.writeUInt32LE(group.length, at + WORD);
  let to = at + HEAD_BYTES;
  let reach = "";
  for (const row of group.toSorted(byEnds)) {
    if (row.to > reach) reach = row.to;
    to += bytes.write(row.exact === "range" ? row.from + row.to + reach : row.from, to, "latin1");
  }
  return to;
}

/** Changes of rows: what is removed goes first. */
export interface ExactChanges {
  readonly removed: readonly ExactRow[];
  readonly added: readonly ExactRow[];
}

function nameOf({ exact, code, from, to }: ExactRow): string {
  return `${exact} ${code} ${from} ${to}`;
}

/** The rows as they are after the changes. Where nothing changes they are the same. */
export function changedRows(before: ExactRows, { removed, added }: ExactChanges): ExactRows {
  if (removed.length === 0 && added.length === 0) return before;
  const rows = new Map<string, ExactRow>();
  for (const row of before.rows()) rows.set(nameOf(row), row);
  for (const row of removed) rows.delete(nameOf(row));
  for (const row of added) rows.set(nameOf(row), row);
  return ExactRows.of([...rows.values()]);
}
