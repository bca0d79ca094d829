/*
 * Goal: every byte of a bundle counts, those between its members too; and any tar program can list and unpack it.
 * Method: one possible block before a member of a given name and size: no times, no owners, one mode. Whatever differs from it is refused.
 */

import { assert } from "../../device/base/assert.ts";
import { type Bytes, equalBytes, utf8 } from "../../device/base/bytes.ts";

export const TAR_BLOCK = 512;
/** What stands behind the last member. */
export const TAR_END_BYTES = 2 * TAR_BLOCK;
const NAME_BYTES = 100;
const SIZE_AT = 124;
const SIZE_DIGITS = 11;
const CHECKSUM_AT = 148;
const SIZE_MAX = 8 ** SIZE_DIGITS - 1;

export interface TarMember {
  readonly name: string;
  readonly size: number;
}

/** Mode 644, owner 0, time 0, a plain file, form "ustar". Each field: where it stands, and its text. */
const FIXED: readonly (readonly [at: number, text: string])[] = [
  [100, "0000644\0"],
  [108, "0000000\0"],
  [116, "0000000\0"],
  [136, "00000000000\0"],
  [148, "        "],
  [156, "0"],
  [257, "ustar\0"],
  [263, "00"],
  [329, "0000000\0"],
  [337, "0000000\0"],
];

/** The block before a member. */
export function tarBlock({ name, size }: TarMember): Bytes {
  assert(name.length > 0 && name.length < NAME_BYTES && size <= SIZE_MAX, "names of members are short, and sizes fit their field");
  const block = new Uint8Array(TAR_BLOCK);
  block.set(utf8(name), 0);
  for (const [at, text] of FIXED) block.set(utf8(text), at);
  block.set(utf8(`${size.toString(8).padStart(SIZE_DIGITS, "0")}\0`), SIZE_AT);
  // Counted with blanks in its own place.
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(utf8(`${sum.toString(8).padStart(6, "0")}\0 `), CHECKSUM_AT);
  return block;
}

/** Size of the member of that name, if `block` is the block before it. Never throws. */
export function memberSize(block: Bytes, name: string): number | undefined {
  const digits = new TextDecoder("latin1").decode(block.subarray(SIZE_AT, SIZE_AT + SIZE_DIGITS));
  if (!/^[0-7]{11}$/.test(digits)) return undefined;
  const size = Number.parseInt(digits, 8);
  return equalBytes(block, tarBlock({ name, size })) ? size : undefined;
}

/** Bytes of zeros between a member of `size` bytes and the next block. */
export function paddingAfter(size: number): number {
  return Math.ceil(size / TAR_BLOCK) * TAR_BLOCK - size;
}
