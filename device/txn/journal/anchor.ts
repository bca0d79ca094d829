/* Where the held part of the chain begins: the last entry that was taken away, by which the rest still proves itself. */
import type { StoredEntry } from "../../base/ports.ts";
import { isObject, parseJson } from "../../codec/json.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { linkProblem } from "./chain.ts";

/** Mark that every prune sets in its own commit. */
export const MARK_ANCHOR = "journal/anchor";
/** Personal parts of what has ended are gone up to this entry. */
export const MARK_ERASED = "journal/erased";

/** The entry that everything held continues; sequence 0 and the chain's first value where nothing was ever taken away. */
export interface Anchor {
  readonly seq: number;
  readonly hash: string;
}

/** Reads the mark; undefined where it is not what we wrote. */
export function parseAnchor(text: string): Anchor | undefined {
  const parsed = parseJson(text);
  if (!parsed.ok || !isObject(parsed.value)) return undefined;
  const { seq, hash } = parsed.value;
  const sound = typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 1 && typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash);
  return sound ? { seq, hash } : undefined;
}

export function anchorText({ seq, hash }: Anchor): string {
  return JSON.stringify({ hash, seq });
}

/**
 * Why an entry that stayed in front of the anchor is not what was written, or undefined. It is held against the chain value that was kept with it;
 * where a release that knew no such values has held the journal in between, against itself.
 */
export function leftProblem(suite: CipherSuite, entry: StoredEntry): string | undefined {
  const why = linkProblem(suite, { seq: entry.seq - 1, hash: entry.before ?? "00".repeat(32) }, entry);
  return entry.before === undefined && why === CHAIN_BROKEN ? undefined : why;
}

const CHAIN_BROKEN = "its hash does not follow from the entry before it";
