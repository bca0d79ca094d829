/* Lists for tests: a storage that can lose its power, a host's books, and everything in one thread. */

import { SimulatedStorageDisk } from "../../../simulators/disk/storage.ts";
import type { ListIssue } from "../../../simulators/host/lists.ts";
import type { Log, LogValue } from "../../base/log.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import type { DocumentAnswer } from "../hosts.ts";
import { openInlineWorkshop } from "./inline.ts";
import { type InvalidListsParts, type OpenedLists, openInvalidLists } from "./open.ts";

export const SUITE = openCipherSuite();
export const ISSUED_MS = 1_790_000_000_000;

/** A log that tests can read. */
export class NotedLog implements Log {
  readonly events: { readonly event: string; readonly fields: Readonly<Record<string, LogValue>> }[] = [];

  readonly #awaited: { readonly event: string; readonly resolve: () => void }[] = [];

  info(event: string, fields: Readonly<Record<string, LogValue>> = {}): void {
    this.#note(event, fields);
  }

  warn(event: string, fields: Readonly<Record<string, LogValue>> = {}): void {
    this.#note(event, fields);
  }

  error(event: string, fields: Readonly<Record<string, LogValue>> = {}): void {
    this.#note(event, fields);
  }

  /** Resolves when the event is noted, or was before. */
  async when(event: string): Promise<void> {
    if (!this.has(event)) await new Promise<void>((resolve) => this.#awaited.push({ event, resolve }));
  }

  has(event: string): boolean {
    return this.events.some((noted) => noted.event === event);
  }

  #note(event: string, fields: Readonly<Record<string, LogValue>>): void {
    this.events.push({ event, fields });
    for (const waiting of this.#awaited) if (waiting.event === event) waiting.resolve();
  }
}

export interface TestLists extends OpenedLists {
  readonly disk: SimulatedStorageDisk;
  readonly log: NotedLog;
  /** Hands a document to the taker of its stream. */
  take(issue: ListIssue): Promise<DocumentAnswer>;
}

/** Opens lists; `disk` is that of an earlier life. */
export async function openTestLists(options: Partial<InvalidListsParts> & { readonly disk?: SimulatedStorageDisk } = {}): Promise<TestLists> {
  const { disk = new SimulatedStorageDisk(), ...others } = options;
  const log = new NotedLog();
  const opened = await openInvalidLists({
    storage: disk.open(),
    suite: SUITE,
    storageKey: SUITE.secretKey(new Uint8Array(16).fill(7)),
    log,
    openWorkshop: openInlineWorkshop(SUITE),
    rules: { lapseWhileOffline: false },
    trustedTodayOrUndefined: () => undefined,
    hostPresent: () => true,
    ...others,
  });
  const take = async (issue: ListIssue): Promise<DocumentAnswer> => {
    const taker = opened.takers.find(({ stream }) => stream === issue.stream);
    if (taker === undefined) throw new Error(`nobody takes ${issue.stream}`);
    return taker.take({ ...issue, issuedMs: ISSUED_MS + issue.sequence });
  };
  return { ...opened, disk, log, take };
}
