/*
 * Goal: a document that is whole reaches its taker once; a disk that fails meanwhile costs time and nothing else.
 * Method: one document at a time is put together from its durable parts, each proved again, and handed over. Only the taker's answer, or the end
 * of the document's time, lets its parts go; what the taker says it has decides after a power cut.
 */
import type { Bytes } from "../../base/bytes.ts";
import { isFault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Clock } from "../../base/ports.ts";
import { reasonWord } from "../../codec/downlink.ts";
import type { CipherSuite } from "../../crypto/face.ts";
import type { DocumentAnswer } from "../../txn/hosts.ts";
import { Bell } from "./bell.ts";
import type { Outcome } from "./judge.ts";
import type { DocumentStore } from "./store.ts";
import type { DocumentStream, Fetch } from "./stream.ts";
import { leafOf, rootOf } from "./tree.ts";
import { openPart } from "./verify.ts";

/** Pauses after a disk fault: doubled from the first to the last. */
const RETRY_MS = { first: 1_000, last: 60_000 } as const;
/** A loop that found nothing looks again after this long, whatever was or was not rung. */
const LOOK_AGAIN_MS = 60_000;

export interface HandoverParts {
  readonly streams: ReadonlyMap<string, DocumentStream>;
  readonly store: DocumentStore;
  readonly suite: CipherSuite;
  readonly clock: Clock;
  readonly hostNowMs: () => number | undefined;
  /** A stream has nothing under way any more, or lacks parts again. */
  readonly onChanged: () => void;
  readonly log: Log;
}

export class Handover {
  readonly bell: Bell;
  readonly #parts: HandoverParts;

  constructor(parts: HandoverParts) {
    this.#parts = parts;
    this.bell = new Bell(parts.clock);
  }

  /** Works until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const nowMs = this.#parts.clock.monotonicMs();
      const ready = [...this.#parts.streams.values()].filter((stream) => stream.ready || this.#expired(stream));
      const next = ready.find(({ retryAtMs }) => retryAtMs <= nowMs);
      if (next === undefined) await this.bell.wait(Math.min(LOOK_AGAIN_MS, ...ready.map(({ retryAtMs }) => retryAtMs - nowMs)), signal);
      else await this.#handOver(next);
    }
  }

  /** Its time is over: what is missing need not come any more. */
  #expired({ fetch }: DocumentStream): boolean {
    const nowMs = this.#parts.hostNowMs();
    return fetch !== undefined && nowMs !== undefined && nowMs > fetch.checked.head.notAfterMs;
  }

  async #handOver(stream: DocumentStream): Promise<void> {
    const { clock, log } = this.#parts;
    stream.handing = true;
    try {
      await this.#attempt(stream);
      stream.spoiled = 0;
    } catch (error) {
      if (!isFault(error)) throw error;
      const pauseMs = Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** Math.min(stream.spoiled, 10));
      stream.spoiled += 1;
      stream.retryAtMs = clock.monotonicMs() + pauseMs;
      log.warn("document-not-taken", { stream: stream.name, code: error.code, pauseMs });
    } finally {
      stream.handing = false;
    }
    this.#parts.onChanged();
  }

  async #attempt(stream: DocumentStream): Promise<void> {
    const { hostNowMs, clock } = this.#parts;
    const { fetch } = stream;
    if (fetch === undefined) return;
    const { head } = fetch.checked;
    const nowMs = hostNowMs();
    if (nowMs === undefined) {
      // Its age cannot be told before the host is heard, which rings.
      stream.retryAtMs = clock.monotonicMs() + RETRY_MS.last;
      return;
    }
    if (this.#expired(stream)) return this.#settle(stream, fetch, { is: "refused", reason: "expired" });
    const body = await this.#assemble(stream, fetch);
    if (body === undefined) return;
    const { sequence, base, issuedMs } = head;
    const answer = await stream.taker.take({ stream: stream.name, sequence, base, issuedMs, body });
    stream.wholeWanted = answer.kind === "gap" && base !== 0;
    await this.#settle(stream, fetch, outcomeOf(answer, base));
  }

  /** The whole document, or undefined when a part on the disk was not what it had been. */
  async #assemble(stream: DocumentStream, fetch: Fetch): Promise<Bytes | undefined> {
    const { store, suite, log } = this.#parts;
    const { head } = fetch.checked;
    const body = new Uint8Array(head.size);
    const leaves: Bytes[] = [];
    for (let index = 0; index < fetch.count; index += 1) {
      const bytes = await store.readPart(stream.name, head.sequence, index);
      const plain = bytes === undefined ? undefined : openPart(suite, fetch.checked, { index, bytes });
      if (plain === undefined) {
        fetch.lose(index);
        continue;
      }
      body.set(plain, index * head.partBytes);
      leaves.push(leafOf(suite, plain));
    }
    if (fetch.missing === 0 && rootOf(suite, leaves) === head.root) return body;
    // A part that opens and is another one cannot be told from the rest: all of them are fetched again.
    if (fetch.missing === 0) for (const index of [...fetch.parts()]) fetch.lose(index);
    log.warn("document-damaged", { stream: stream.name, sequence: head.sequence, missing: fetch.missing });
    return undefined;
  }

  /** What became of it is noted first, its parts go afterwards; a power cut between the two leaves parts that the next start removes. */
  async #settle(stream: DocumentStream, fetch: Fetch, outcome: Outcome): Promise<void> {
    const { store, log } = this.#parts;
    const { checked, payload } = fetch;
    const { sequence } = checked.head;
    stream.mark = { sequence, digest: checked.digest, outcome };
    stream.fetch = undefined;
    stream.refused = outcome.is === "refused" ? { sequence, reason: outcome.reason } : undefined;
    if (outcome.is === "taken") log.info("document-taken", { stream: stream.name, sequence });
    else log.warn("document-not-used", { stream: stream.name, sequence, why: outcome.is === "refused" ? outcome.reason : outcome.is });
    try {
      await store.save(stream.name, { mark: stream.mark, payload });
      store.drop(stream.name, sequence, fetch.parts());
    } catch (error) {
      if (!isFault(error)) throw error;
      // The taker's own word stands; what is left here is looked at again after the next start.
      log.warn("document-mark-not-saved", { stream: stream.name, code: error.code });
    }
  }
}

function outcomeOf(answer: DocumentAnswer, base: number): Outcome {
  if (answer.kind === "taken") return { is: "taken" };
  if (answer.kind === "refused") return { is: "refused", reason: reasonWord(answer.reason) };
  // What stands alone has nothing to be missed: to ask for the whole would bring the same again.
  return base === 0 ? { is: "refused", reason: "gap" } : { is: "gap" };
}
