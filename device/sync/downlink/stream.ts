/* One stream of documents: its taker, what was looked at last, and the parts that are here of what is being fetched. */
import { assert } from "../../base/assert.ts";
import { partCount } from "../../codec/downlink.ts";
import type { DocumentTaker } from "../../txn/hosts.ts";
import type { Mark } from "./judge.ts";
import type { CheckedHead } from "./verify.ts";

/** A part as it travels fills a message at most: 48 KiB of base64 and JSON around it. */
const KEPT_PART_BYTES_MAX = 36_864;

/** Bytes that the parts of a document may take on the disk. */
export function diskBytesOf(head: CheckedHead["head"]): number {
  return partCount(head) * KEPT_PART_BYTES_MAX;
}

/** A document that is being fetched: which parts are durable, and which were asked for. */
export class Fetch {
  readonly checked: CheckedHead;
  /** The head as it came. */
  readonly payload: Uint8Array;
  readonly count: number;
  readonly asked = new Set<number>();
  /** A part did not fit: perhaps the head has another key by now. */
  doubtful = false;
  readonly #here: Uint8Array;
  #missing: number;

  constructor(checked: CheckedHead, payload: Uint8Array, parts: readonly number[] = []) {
    this.checked = checked;
    this.payload = payload;
    this.count = partCount(checked.head);
    this.#here = new Uint8Array(this.count);
    this.#missing = this.count;
    for (const index of parts) if (index < this.count) this.add(index);
  }

  get missing(): number {
    return this.#missing;
  }

  has(index: number): boolean {
    return this.#here[index] === 1;
  }

  add(index: number): void {
    assert(index < this.count, "a part lies inside its document");
    this.asked.delete(index);
    if (this.has(index)) return;
    this.#here[index] = 1;
    this.#missing -= 1;
  }

  /** A part turned out to be damaged: it is asked for again. */
  lose(index: number): void {
    if (!this.has(index)) return;
    this.#here[index] = 0;
    this.#missing += 1;
  }

  /** Asks anew for the first `limit` parts that are not here. */
  ask(limit: number): readonly number[] {
    this.asked.clear();
    for (let index = 0; index < this.count && this.asked.size < limit; index += 1) if (!this.has(index)) this.asked.add(index);
    return [...this.asked];
  }

  /** Places of the parts that are here. */
  *parts(): Generator<number> {
    for (let index = 0; index < this.count; index += 1) if (this.has(index)) yield index;
  }

  /** The same document under another key of this terminal. */
  rekeyed(checked: CheckedHead, payload: Uint8Array): Fetch {
    return new Fetch(checked, payload, [...this.parts()]);
  }
}

export class DocumentStream {
  readonly taker: DocumentTaker;
  mark: Mark | undefined;
  fetch: Fetch | undefined;
  /** The taker could not use a continuation. */
  wholeWanted = false;
  /** What was refused last, for the host. */
  refused: { readonly sequence: number; readonly reason: string } | undefined;
  handing = false;
  /** Hand-overs that the disk has spoiled in a row, and when to try again. */
  spoiled = 0;
  retryAtMs = 0;

  constructor(taker: DocumentTaker) {
    this.taker = taker;
  }

  get name(): string {
    return this.taker.stream;
  }

  /** All parts are here and somebody has to take the document. */
  get ready(): boolean {
    return this.fetch !== undefined && this.fetch.missing === 0;
  }
}
