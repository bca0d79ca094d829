/* Makes a document ready to travel: cut, deflated, sealed, hashed in a tree, and headed. Written from the page alone. Spec: pos/v1, 7. */
import { deflateRawSync } from "node:zlib";
import { type Bytes, concat, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import type { Randomness } from "../../device/base/ports.ts";
import type { CipherSuite } from "../../device/crypto/face.ts";
import { canonicalText, type Json } from "./canonical.ts";
import { type HostKeys, type Sealer, toBase64 } from "./sealing.ts";

/** One terminal, or every terminal of a region. */
export type Addressee = { readonly tid: string } | { readonly region: string };

export interface DocumentDraft {
  readonly to: Addressee;
  readonly stream: string;
  readonly sequence: number;
  readonly base: number;
  readonly issuedMs: number;
  readonly notAfterMs: number;
  readonly sealed: boolean;
  readonly partBytes: number;
  readonly body: Bytes;
}

interface Part {
  /** Absent where nothing is sealed. */
  readonly iv: string | undefined;
  readonly data: string;
}

export interface MadeDocument extends Omit<DocumentDraft, "body"> {
  readonly size: number;
  readonly root: string;
  readonly parts: readonly Part[];
  /** Hashes of the tree, leaves first. */
  readonly levels: readonly (readonly Bytes[])[];
  /** The key of its parts. */
  readonly contentKey: Bytes;
}

export interface Workshop {
  readonly suite: CipherSuite;
  readonly randomness: Randomness;
  readonly keys: HostKeys;
  readonly sealer: Sealer;
}

const BLOCK = 16;
const PART_BYTES_LEAST = 1_024;
/** Base64 that leaves room for a part's other members in 48 KiB. */
const DATA_LENGTH_MAX = 47_104;

function pad(plain: Bytes): Bytes {
  const fill = BLOCK - (plain.length % BLOCK);
  return concat(plain, new Uint8Array(fill).fill(fill));
}

function treeOf(suite: CipherSuite, leaves: readonly Bytes[]): readonly (readonly Bytes[])[] {
  const levels: (readonly Bytes[])[] = [leaves];
  for (let level = leaves; level.length > 1; ) {
    const above: Bytes[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const pair = level.slice(at, at + 2);
      above.push(pair.length === 1 ? concat(...pair) : suite.sm3(fromHex("01"), ...pair));
    }
    levels.push(above);
    level = above;
  }
  return levels;
}

/** What does not deflate well travels in smaller parts. */
export function makeDocument(workshop: Workshop, draft: DocumentDraft): MadeDocument {
  for (let { partBytes } = draft; ; partBytes = Math.max(PART_BYTES_LEAST, Math.floor(partBytes / 2))) {
    const made = cut(workshop, { ...draft, partBytes });
    if (partBytes === PART_BYTES_LEAST || made.parts.every(({ data }) => data.length <= DATA_LENGTH_MAX)) return made;
  }
}

/** Cuts, deflates, seals and hashes. */
function cut({ suite, randomness }: Workshop, draft: DocumentDraft): MadeDocument {
  const { body, ...head } = draft;
  const contentKey = randomness.bytes(BLOCK);
  const handle = suite.secretKey(contentKey);
  const leaves: Bytes[] = [];
  const parts: Part[] = [];
  for (let at = 0; at < body.length; at += draft.partBytes) {
    const plain = body.subarray(at, at + draft.partBytes);
    leaves.push(suite.sm3(fromHex("00"), plain));
    const deflated = new Uint8Array(deflateRawSync(plain));
    if (!draft.sealed) parts.push({ iv: undefined, data: toBase64(deflated) });
    else {
      const iv = randomness.bytes(BLOCK);
      parts.push({ iv: toHex(iv), data: toBase64(suite.sm4CbcEncrypt(handle, iv, pad(deflated))) });
    }
  }
  const levels = treeOf(suite, leaves);
  return { ...head, size: body.length, root: toHex(concat(...(levels.at(-1) ?? []))), parts, levels, contentKey };
}

/** The hashes beside the way from a part to the root, lowest first, in one text. */
function pathOf(levels: MadeDocument["levels"], index: number): string {
  let at = index;
  const path: string[] = [];
  for (const level of levels) {
    const beside = level[at % 2 === 0 ? at + 1 : at - 1];
    if (beside !== undefined) path.push(toHex(beside));
    at = Math.floor(at / 2);
  }
  return path.join("");
}

/** Members of a part. */
export function partMembers(
  { stream, sequence, parts, levels }: MadeDocument,
  index: number,
): ({ readonly [name: string]: Json | undefined } & { readonly data: string }) | undefined {
  const part = parts[index];
  return part === undefined ? undefined : { v: 1, stream, sequence, index, path: pathOf(levels, index), iv: part.iv, data: part.data };
}

/** Members of the head as the terminal with the data key `kid` gets it, without the signature; undefined where the host has no such key. */
export function headMembers({ suite, keys }: Workshop, made: MadeDocument, kid: string): { readonly [name: string]: Json | undefined } | undefined {
  const { to, stream, sequence, base, issuedMs, notAfterMs, size, partBytes, root, sealed, contentKey } = made;
  const open = { v: 1, ...to, stream, sequence, base, issuedMs, notAfterMs, size, partBytes, root, sealed };
  if (!sealed) return open;
  const dataKey = keys.dataKeys.get(kid);
  // What the terminal encrypts under its data key to get the document's own.
  return dataKey === undefined ? undefined : { ...open, kid, key: toHex(suite.sm4Decrypt(dataKey, contentKey)) };
}

/** A message for the terminal `to` with its signature over all other members. */
export function signedPayload(
  sealer: Sealer,
  members: { readonly [name: string]: Json | undefined },
  { to, spoil = (signature) => signature }: { readonly to: string; readonly spoil?: (signature: string) => string },
): Bytes {
  return utf8(canonicalText({ ...members, sig: spoil(sealer.sign(members, to)) }));
}
