/*
 * Goal: the newest document of each stream reaches its taker, whatever is lost, doubled, swapped or cut off on the way, and nothing that the host has
 * not signed for this terminal changes anything.
 * Method: this file joins the parts. Heads are judged, parts are proved one by one and made durable, wants ask for what is missing, and what is
 * whole is handed over. Messages are looked at one after another, beside those of receipts and replies. Spec: pos/v1, 7.
 */
import { assert } from "../../base/assert.ts";
import type { Bytes } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock, Storage } from "../../base/ports.ts";
import { BoundedQueue } from "../../base/queue.ts";
import { type DocumentPart, parseDocumentMessage, type SignedHead, STREAM_SHAPE, STREAMS_MAX } from "../../codec/downlink.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import type { DocumentTaker, Downlink } from "../../txn/hosts.ts";
import type { Publisher } from "../publisher.ts";
import { Asking, type AskingTimes } from "./asking.ts";
import { Handover } from "./handover.ts";
import { judgeHead, type Mark } from "./judge.ts";
import { DocumentStore, type StoredStream } from "./store.ts";
import { DocumentStream, diskBytesOf, Fetch } from "./stream.ts";
import { type Addressee, type CheckedHead, checkHead, checkPart } from "./verify.ts";

export interface DownlinkOptions extends AskingTimes {
  /** Longest document that is taken. */
  readonly documentBytesMax: number;
  /** What all documents that are being fetched may take on the disk together. */
  readonly diskBytesMax: number;
  /** After a fault of the disk nothing is asked for so long. */
  readonly diskPauseMs: number;
}

export const DOWNLINK_OPTIONS: DownlinkOptions = {
  gapMs: 200,
  againMs: 3_000,
  restMs: 60_000,
  liveHoldMs: 5_000,
  partsAtOnce: 4,
  documentBytesMax: 128 * 1_048_576,
  diskBytesMax: 288 * 1_048_576,
  diskPauseMs: 10_000,
};

/** What integration gives: where parts are kept, and for which region's documents. */
export interface DownlinkPlace {
  /** A folder of its own. */
  readonly storage: Storage;
  /** Region of the terminal, six digits. */
  readonly region: string;
  readonly options?: Partial<DownlinkOptions>;
}

export interface DownlinkParts extends DownlinkPlace {
  readonly addressee: Addressee;
  readonly suite: CipherSuite;
  readonly publisher: Publisher;
  readonly topic: string;
  readonly clock: Clock;
  readonly hostNowMs: () => number | undefined;
  readonly hostPresent: () => boolean;
  /** Somebody waits for a live reply. */
  readonly liveBusy: () => boolean;
  readonly log: Log;
}

/** What is known of one stream, for whoever looks after the terminal. */
export interface StreamStatus {
  readonly stream: string;
  readonly have: number;
  readonly taking: number | undefined;
  /** Parts that are still to come. */
  readonly missing: number;
  readonly refused: { readonly sequence: number; readonly reason: string } | undefined;
}

export interface DownlinkStatus {
  readonly streams: readonly StreamStatus[];
  readonly problems: readonly { readonly reason: string; readonly count: number }[];
}

/** Messages that wait to be looked at; more are dropped, and asked for again. */
const INBOUND_MAX = 32;
const LOAD_AGAIN_MS = 60_000;

export class DocumentDownlink implements Downlink {
  readonly #parts: DownlinkParts;
  readonly #options: DownlinkOptions;
  readonly #store: DocumentStore;
  readonly #streams = new Map<string, DocumentStream>();
  readonly #problems = new Map<string, number>();
  readonly #inbound = new BoundedQueue<Bytes>(INBOUND_MAX);
  readonly #asking: Asking;
  readonly #handover: Handover;
  readonly #stop = new AbortController();
  #working = false;
  #started = false;
  /** What the disk holds is known. */
  #loaded = false;

  constructor(parts: DownlinkParts) {
    const { addressee, clock, suite, hostNowMs, log } = parts;
    this.#parts = parts;
    this.#options = { ...DOWNLINK_OPTIONS, ...parts.options };
    this.#store = new DocumentStore(parts.storage, log);
    this.#asking = new Asking({ ...parts, tid: addressee.tid, streams: this.#streams, problems: this.#problems, times: this.#options });
    this.#handover = new Handover({
      streams: this.#streams,
      store: this.#store,
      suite,
      clock,
      hostNowMs,
      onChanged: () => this.#asking.urge(),
      log,
    });
  }

  register(taker: DocumentTaker): void {
    assert(!this.#started, "takers are registered before the start");
    assert(STREAM_SHAPE.test(taker.stream) && !this.#streams.has(taker.stream), "one taker for each stream");
    assert(this.#streams.size < STREAMS_MAX, "the streams of a terminal are few");
    this.#streams.set(taker.stream, new DocumentStream(taker));
  }

  /** Looks at what the disk holds and begins to ask. A disk that cannot be read is tried again; nothing else waits for it. */
  start(): void {
    assert(!this.#started, "started once");
    this.#started = true;
    void this.#run();
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Takes a message from one of the topics of documents. */
  receive(payload: Bytes): void {
    if (!this.#loaded || this.#stop.signal.aborted) return;
    if (!this.#inbound.push(payload)) this.#problem("dropped");
    else if (!this.#working) void this.#work();
  }

  /** A message that the host has signed arrived. */
  heard(): void {
    this.#asking.heard();
    for (const stream of this.#streams.values()) {
      // Those that waited for the host's time alone.
      if (stream.ready && stream.spoiled === 0 && stream.retryAtMs > 0) {
        stream.retryAtMs = 0;
        this.#handover.bell.ring();
      }
    }
  }

  /** The link is up again: what was sent meanwhile is lost. */
  linkUp(): void {
    this.#asking.urge();
  }

  status(): DownlinkStatus {
    const streams = [...this.#streams.values()].map((stream) => ({
      stream: stream.name,
      have: stream.taker.have(),
      taking: stream.fetch?.checked.head.sequence,
      missing: stream.fetch?.missing ?? 0,
      refused: stream.refused,
    }));
    return { streams, problems: [...this.#problems].map(([reason, count]) => ({ reason, count })) };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!(await this.#load())) {
      try {
        await this.#parts.clock.sleep(LOAD_AGAIN_MS, signal);
      } catch (error) {
        if (!isFault(error, "cancelled")) throw error;
        return;
      }
    }
    this.#loaded = true;
    await Promise.all([this.#asking.run(signal), this.#handover.run(signal)]);
  }

  async #load(): Promise<boolean> {
    try {
      const stored = await this.#store.load([...this.#streams.keys()]);
      for (const [name, file] of stored) {
        const stream = this.#streams.get(name);
        if (stream !== undefined) this.#resume(stream, file);
      }
      return true;
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#parts.log.error("documents-not-readable", { code: error.code });
      return false;
    }
  }

  /** Goes on where the last life stopped; a head that would not be believed today is forgotten. */
  #resume(stream: DocumentStream, { mark, payload, parts }: StoredStream): void {
    const parsed = parseDocumentMessage(payload);
    if (!parsed.ok || parsed.message.kind !== "head") return;
    const check = checkHead(this.#parts.suite, this.#parts.addressee, parsed.message.head);
    if (!check.ok || check.checked.digest !== mark.digest || check.checked.head.stream !== stream.name) return;
    // Taken in the moment in which the power went: its taker knows.
    const taken = mark.outcome.is === "fetching" && stream.taker.have() >= mark.sequence;
    stream.mark = taken ? { ...mark, outcome: { is: "taken" } } : mark;
    if (mark.outcome.is === "refused") stream.refused = { sequence: mark.sequence, reason: mark.outcome.reason };
    stream.wholeWanted = mark.outcome.is === "gap";
    if (mark.outcome.is === "fetching" && !taken) stream.fetch = new Fetch(check.checked, payload, parts);
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let payload = this.#inbound.shift(); payload !== undefined; payload = this.#inbound.shift()) {
      if (this.#stop.signal.aborted) break;
      await this.#look(payload);
    }
    this.#working = false;
  }

  async #look(payload: Bytes): Promise<void> {
    const parsed = parseDocumentMessage(payload);
    if (!parsed.ok) {
      this.#problem("malformed", parsed.reason);
      return;
    }
    try {
      if (parsed.message.kind === "part") await this.#part(parsed.message.part);
      else await this.#head(parsed.message.head, payload);
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#problem(error.code);
      this.#asking.pause(this.#options.diskPauseMs);
    }
  }

  async #part(part: DocumentPart): Promise<void> {
    const stream = this.#streams.get(part.stream);
    const fetch = stream?.fetch;
    // Of a document that nobody fetches (any more), or here already: late or repeated, which is nobody's fault.
    if (stream === undefined || fetch?.checked.head.sequence !== part.sequence || fetch.has(part.index)) return;
    const bytes = checkPart(this.#parts.suite, fetch.checked, part);
    if (bytes === undefined) {
      this.#problem("part-wrong");
      fetch.doubtful = true;
      return;
    }
    await this.#store.savePart(stream.name, { sequence: part.sequence, index: part.index, bytes });
    fetch.add(part.index);
    this.#asking.partCame();
    if (fetch.missing === 0) this.#handover.bell.ring();
  }

  async #head(message: SignedHead, payload: Bytes): Promise<void> {
    const { suite, addressee, hostNowMs, log } = this.#parts;
    const stream = this.#streams.get(message.stream);
    if (stream === undefined) {
      this.#problem("stream-unknown");
      return;
    }
    const check = checkHead(suite, addressee, message);
    if (!check.ok) {
      this.#problem(check.reason);
      return;
    }
    const { checked } = check;
    const { wholeWanted, mark } = stream;
    const handing = stream.handing || stream.ready;
    const known = { have: stream.taker.have(), mark, handing, wholeWanted, hostNowMs: hostNowMs(), sizeMax: this.#options.documentBytesMax };
    const offered = { head: checked.head, digest: checked.digest, diskBytes: diskBytesOf(checked.head) };
    const verdict = judgeHead({ ...known, roomBytes: this.#roomFor(stream) }, offered);
    if (verdict.do === "fetch") await this.#fetch(stream, checked, payload);
    else if (verdict.do === "same") await this.#rekey(stream, checked, payload);
    else if (verdict.do === "refuse") {
      this.#problem(verdict.reason);
      if (verdict.reason === "equivocation") log.error("document-equivocation", { stream: stream.name, sequence: checked.head.sequence });
      stream.refused = { sequence: checked.head.sequence, reason: verdict.reason };
      this.#asking.urge();
    }
  }

  async #fetch(stream: DocumentStream, checked: CheckedHead, payload: Bytes): Promise<void> {
    const before = stream.fetch;
    const mark: Mark = { sequence: checked.head.sequence, digest: checked.digest, outcome: { is: "fetching" } };
    await this.#store.save(stream.name, { mark, payload });
    stream.mark = mark;
    stream.fetch = new Fetch(checked, payload);
    stream.refused = undefined;
    stream.spoiled = 0;
    stream.retryAtMs = 0;
    this.#asking.urge();
    if (before !== undefined) this.#store.drop(stream.name, before.checked.head.sequence, before.parts());
  }

  /** The same document once more: its key may be a new one, which only parts can prove. */
  async #rekey(stream: DocumentStream, checked: CheckedHead, payload: Bytes): Promise<void> {
    const { fetch, mark } = stream;
    if (fetch === undefined || mark === undefined || fetch.checked.head.key === checked.head.key) return;
    await this.#store.save(stream.name, { mark, payload });
    stream.fetch = fetch.rekeyed(checked, payload);
    this.#asking.urge();
  }

  #roomFor(stream: DocumentStream): number {
    let used = 0;
    for (const { fetch, name } of this.#streams.values()) if (fetch !== undefined && name !== stream.name) used += diskBytesOf(fetch.checked.head);
    return this.#options.diskBytesMax - used;
  }

  #problem(reason: string, detail?: string): void {
    this.#problems.set(reason, (this.#problems.get(reason) ?? 0) + 1);
    this.#parts.log.warn("document-message-refused", { reason: detail ?? reason });
  }
}
