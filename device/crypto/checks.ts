/* Strict checks in front of every provider: libraries answer wrong lengths with silence, each in its own way. */
import { type Bytes, concat } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";

export const SM4_BLOCK = 16;
export const DES_BLOCK = 8;

/** Faults: "crypto-input" when `blocks` is not a whole number of blocks, or `iv` (where there is one) not one block. */
export function checkBlocks(blockLength: number, blocks: Bytes, iv?: Bytes): void {
  if (blocks.length % blockLength !== 0) throw new Fault("crypto-input", `data is not whole blocks of ${blockLength} bytes`, { effectUnknown: false });
  if (iv !== undefined && iv.length !== blockLength)
    throw new Fault("crypto-input", `the initial vector is not one block of ${blockLength} bytes`, { effectUnknown: false });
}

/** One array from parts, without copying when there is only one. */
export function joined(parts: readonly Bytes[]): Bytes {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : concat(...parts);
}
