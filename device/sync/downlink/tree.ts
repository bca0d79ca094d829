/*
 * Goal: any part of a document proves by itself that it belongs to the signed head, in whatever order parts come, without a list of all hashes.
 * Method: a binary tree over the hashes of the parts; leaves and knots are hashed with different first bytes, and who has no neighbour moves up
 * as it is. Spec: pos/v1, 7.
 */
import { type Bytes, fromHex, toHex } from "../../base/bytes.ts";
import type { CipherSuite } from "../../crypto/face.ts";

type Hasher = Pick<CipherSuite, "sm3">;

const LEAF = Uint8Array.of(0x00);
const KNOT = Uint8Array.of(0x01);

/** Hash of the bytes of one part. */
export function leafOf(suite: Hasher, plain: Bytes): Bytes {
  return suite.sm3(LEAF, plain);
}

/** Root of all leaves in order; there is at least one. */
export function rootOf(suite: Hasher, leaves: readonly Bytes[]): string {
  let level = leaves;
  while (level.length > 1) {
    const above: Bytes[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]];
      if (left !== undefined) above.push(right === undefined ? left : suite.sm3(KNOT, left, right));
    }
    level = above;
  }
  return toHex(level[0] ?? new Uint8Array(0));
}

/** The root to which a leaf leads, or undefined when the way has not the length that its place asks for. */
export function rootAbove(
  suite: Hasher,
  leaf: Bytes,
  way: { readonly index: number; readonly count: number; readonly path: readonly string[] },
): string | undefined {
  let { index, count } = way;
  let hash = leaf;
  let used = 0;
  for (; count > 1; index >>= 1, count = (count + 1) >> 1) {
    const left = (index & 1) === 1;
    if (!left && index === count - 1) continue;
    const beside = way.path[used];
    if (beside === undefined) return undefined;
    used += 1;
    hash = left ? suite.sm3(KNOT, fromHex(beside), hash) : suite.sm3(KNOT, hash, fromHex(beside));
  }
  return used === way.path.length ? toHex(hash) : undefined;
}
