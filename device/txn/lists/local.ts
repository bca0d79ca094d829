/*
 * Goal: a card that was reported lost at this terminal is refused here from that moment on, also after a restart and while no host is reached.
 * Method: a short list of keyed fingerprints beside the three lists of the hosts, sealed in one small file; each entry carries its report time,
 * its rule and its end. An end counts only by a time that is trusted, and where the place wants it, only while the host is heard.
 */
import type { InvalidLists, ListHit, ListKey } from "./lists.ts";

export interface LocalListEntry {
  readonly keys: readonly ListKey[];
  readonly loss: "temporary" | "formal";
  readonly reportedMs: number;
  /** A temporary loss counts until then; absent: until it is withdrawn. */
  readonly lapsesMs?: number;
}

export interface LocalInvalidList {
  /** Durable when it resolves. A later entry for the same card replaces the earlier one. Faults: those of the disk. */
  put(entry: LocalListEntry): Promise<void>;
  /** Durable when it resolves; a card that is not listed is no fault. */
  remove(keys: readonly ListKey[]): Promise<void>;
  find(keys: readonly ListKey[]): ListHit | undefined;
  /** How many cards stand on it. */
  readonly size: number;
}

/** The hosts' lists with the local one beside them: one question, the gravest answer. */
export function withLocalList(lists: InvalidLists, local: Pick<LocalInvalidList, "find">): InvalidLists {
  return {
    find: (keys) => {
      const hit = lists.find(keys);
      return hit?.blockOrdered === true ? hit : (local.find(keys) ?? hit);
    },
    states: () => lists.states(),
  };
}
