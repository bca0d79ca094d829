/* Named bits inside a few bytes, as EMV keeps its results: set by name, read as names, and explained to people by the same tables. */
import { assert } from "../base/assert.ts";
import type { Bytes } from "../base/bytes.ts";

/** Where a named bit stands: byte counted from 1, bit from 8 (leftmost) to 1, as the specifications count. */
export type BitPlace = readonly [byte: number, bit: number];
export type BitNames<Name extends string> = Readonly<Record<Name, BitPlace>>;

function maskOf([, bit]: BitPlace): number {
  return 1 << (bit - 1);
}

/** Bytes of the given length in which exactly the named bits are set. */
export function bitsOf<Name extends string>(length: number, names: BitNames<Name>, set: Iterable<Name>): Bytes {
  const bytes = new Uint8Array(length);
  for (const name of set) {
    const place = names[name];
    assert(place[0] >= 1 && place[0] <= length, "the bit lies inside the bytes");
    bytes[place[0] - 1] = (bytes[place[0] - 1] ?? 0) | maskOf(place);
  }
  return bytes;
}

/** Whether a named bit is set; bits beyond the end of the bytes are not. */
export function hasBit<Name extends string>(bytes: Bytes, names: BitNames<Name>, name: Name): boolean {
  const place = names[name];
  return ((bytes[place[0] - 1] ?? 0) & maskOf(place)) !== 0;
}

/** Names of all bits that are set, in the order of the table. Never throws. */
export function namesOfBits<Name extends string>(bytes: Bytes, names: BitNames<Name>): readonly Name[] {
  // The keys of a record by names are those names.
  return (Object.keys(names) as Name[]).filter((name) => hasBit(bytes, names, name));
}
