/* What a journal says of itself when it is opened: whose it is, where it ends, how far it was receipted. */
import { toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { JournalStore, Randomness } from "../../base/ports.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import { type Anchor, MARK_ANCHOR, MARK_ERASED, parseAnchor } from "./anchor.ts";
import { firstLink, linkProblem } from "./chain.ts";
import { readMovement } from "./entry.ts";
import type { Sealing } from "./sealing.ts";

/** Marks with this prefix are the journal's own. */
export const OWN_MARKS = "journal/";
export const MARK_JOURNAL_ID = `${OWN_MARKS}id`;
export const MARK_TERMINAL = `${OWN_MARKS}terminal`;
export const MARK_RECEIPTED = `${OWN_MARKS}receipted`;
export const MARK_KEY_CHECK = `${OWN_MARKS}key-check`;
export const MARK_BOOT = `${OWN_MARKS}boot`;

export interface OpeningParts {
  readonly store: JournalStore;
  readonly randomness: Randomness;
  readonly terminalId: string;
}

/** Who the journal is, and how often it was opened. Faults: "store-corrupt", "config-invalid", "key-missing". */
export async function readIdentity(options: OpeningParts, sealing: Sealing): Promise<{ readonly journalId: string; readonly boot: number }> {
  const { store, terminalId } = options;
  const journalId = await store.mark(MARK_JOURNAL_ID);
  if (journalId === undefined) {
    if ((await store.lastEntry()) !== undefined) throw new Fault("store-corrupt", "the journal has entries but no identity", { effectUnknown: false });
    return { journalId: toHex(options.randomness.bytes(16)), boot: 0 };
  }
  const owner = await store.mark(MARK_TERMINAL);
  if (owner !== terminalId)
    throw new Fault("config-invalid", `the journal belongs to terminal ${owner ?? "(none)"}, not ${terminalId}`, { effectUnknown: false });
  if ((await store.mark(MARK_KEY_CHECK)) !== sealing.keyCheck)
    throw new Fault("key-missing", "the storage key is not the one that this journal was begun with", { effectUnknown: false });
  const boot = Number(await store.mark(MARK_BOOT));
  if (!Number.isSafeInteger(boot) || boot < 1) throw new Fault("store-corrupt", "the boot number is malformed", { effectUnknown: false });
  return { journalId, boot };
}

/** Where the held part begins, and how far personal parts are gone. Faults: "store-corrupt". */
export async function readHeld(
  store: JournalStore,
  suite: CipherSuite,
  start: { readonly terminalId: string; readonly journalId: string },
): Promise<{ readonly anchor: Anchor; readonly erasedThrough: number }> {
  const text = await store.mark(MARK_ANCHOR);
  const anchor = text === undefined ? { seq: 0, hash: firstLink(suite, start) } : parseAnchor(text);
  const erasedThrough = Number((await store.mark(MARK_ERASED)) ?? "0");
  if (anchor === undefined || !Number.isSafeInteger(erasedThrough))
    throw new Fault("store-corrupt", "the place where the journal begins is malformed", { effectUnknown: false });
  return { anchor, erasedThrough };
}

/** The end of the chain. */
export interface Tail {
  readonly seq: number;
  readonly hash: string;
  /** Time of the last entry; undefined where there is none. */
  readonly wallMs?: number;
}

/** The end of the chain, its last link checked. Faults: "store-corrupt". */
export async function checkedTail(store: JournalStore, suite: CipherSuite, start: { readonly terminalId: string; readonly journalId: string }): Promise<Tail> {
  const origin = { seq: 0, hash: firstLink(suite, start) };
  const last = await store.lastEntry();
  if (last === undefined) return origin;
  const before = last.seq === 1 ? origin : (await store.entries(last.seq - 1, 1))[0];
  const problem = before === undefined ? "the entry before it is missing" : linkProblem(suite, before, last);
  if (problem !== undefined) throw new Fault("store-corrupt", `journal entry ${last.seq}: ${problem}`, { effectUnknown: false });
  return { seq: last.seq, hash: last.hash, wallMs: readMovement(last).wallMs };
}

/** A journal that ends before what the host has receipted was put back in time; going on would fork it. Faults: "store-corrupt". */
export async function checkedReceipts(store: JournalStore, lastSeq: number): Promise<number> {
  const receipted = Number((await store.mark(MARK_RECEIPTED)) ?? "0");
  const batch = await store.lastBatch();
  if (!Number.isSafeInteger(receipted) || receipted > lastSeq || (batch !== undefined && batch.lastSeq > lastSeq)) {
    throw new Fault("store-corrupt", `the journal ends at entry ${lastSeq}, before entries that were already batched or receipted`, { effectUnknown: false });
  }
  return receipted;
}
